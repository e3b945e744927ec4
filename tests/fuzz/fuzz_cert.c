/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates. The first byte chooses: 0, the rest is decoded as it stands;
 * else it is a body that an office and a node of ours sign, so that the
 * checks behind the signatures are reached. What decodes encodes to the same
 * bytes.
 */
#include <assert.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/keys.h"
#include "tests/fuzz/fuzz.h"

/* Where the body has the office's and the node's signing key. */
enum { AT_OFFICE = 60, AT_SIGN = 94, BODY_MIN = AT_SIGN + 32 };

/* The seeds of which the seeds in the corpus are made. */
static struct secret_key
seed_of(uint8_t byte)
{
    struct secret_key seed = {{0}};

    memset(seed.bytes, byte, sizeof(seed.bytes));
    return seed;
}

static void
put_signed(struct buf *out, struct buf *body)
{
    struct secret_key seeds[2] = {seed_of(1), seed_of(2)};
    struct public_key keys[2];

    keys_sign_public(&keys[0], &seeds[0]);
    keys_sign_public(&keys[1], &seeds[1]);
    if (body->size >= BODY_MIN) {
        memcpy(body->data + AT_OFFICE, keys[0].bytes, 32);
        memcpy(body->data + AT_SIGN, keys[1].bytes, 32);
    }
    cbor_put_array(out, 3);
    cbor_put_bytes(out, buf_bytes(body));
    for (size_t i = 0; i < 2; i++) {
        struct signature signature;

        keys_sign(&signature, &seeds[i], buf_bytes(body));
        cbor_put_bytes(out, bytes_of(signature.bytes, 64));
    }
}

/* Only our own can be encoded again: that takes the seeds. */
static void
check_recode(const struct cert *cert, struct bytes encoded)
{
    struct secret_key office = seed_of(1);
    struct secret_key sign = seed_of(2);
    struct buf again = {0};
    enum err rc = cert_encode(&again, cert, &office, &sign);

    assert(rc == ERR_OK || rc == ERR_DENIED);
    assert(rc == ERR_DENIED || bytes_equal(buf_bytes(&again), encoded));
    buf_release(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf body = {0};
    struct buf encoded = {0};
    struct cert cert = {0};

    if (size == 0) {
        return 0;
    }
    if (data[0] == 0) {
        buf_put(&encoded, data + 1, size - 1);
    } else {
        buf_put(&body, data + 1, size - 1);
        put_signed(&encoded, &body);
    }
    if (cert_decode(&cert, buf_bytes(&encoded)) == ERR_OK) {
        check_recode(&cert, buf_bytes(&encoded));
    }
    buf_release(&body);
    buf_release(&encoded);
    return 0;
}
