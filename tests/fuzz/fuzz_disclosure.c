/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disclosures: what is read is written again as the same bytes, and never
 * verifies under a key that signed nothing.
 */
#include <assert.h>
#include <string.h>

#include "crypto/keys.h"
#include "sync/model/disclosure.h"
#include "sync/model/log_key.h"
#include "tests/fuzz/fuzz.h"

static void
try_verify(const struct disclosure *disclosure)
{
    struct corridor_id corridor;
    struct log_id log = {.kind = LOG_CHANGES};
    const struct disclosure_place place = {&corridor, &log};
    struct secret_key seed;
    struct public_key public;
    struct note_key key;
    const struct checkpoint_keys keys = {&key, NULL, 0};
    enum err rc = ERR_OK;

    memset(corridor.bytes, 0xc0, sizeof(corridor.bytes));
    memset(seed.bytes, 0x5f, sizeof(seed.bytes));
    keys_sign_public(&public, &seed);
    memcpy(log.node.bytes, public.bytes, sizeof(log.node.bytes));
    log_key(&key, &corridor, &log);
    rc = disclosure_verify(disclosure, &place, &keys, NULL);
    assert(rc != ERR_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes bytes = bytes_of(data, size);
    struct disclosure disclosure = {.proof = {.index = 0}};
    struct buf out = {0};

    if (disclosure_read(&disclosure, bytes) == ERR_OK) {
        const enum err rc = disclosure_write(&out, &disclosure);

        assert(rc == ERR_OK);
        assert(bytes_equal(buf_bytes(&out), bytes));
        try_verify(&disclosure);
    }
    disclosure_release(&disclosure);
    buf_release(&out);
    return 0;
}
