/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keystore files, opened as both kinds. A cost within the limits is made the
 * least one, as it only takes time. What opens seals to the same bytes.
 */
#include <assert.h>
#include <string.h>

#include "crypto/base/num.h"
#include "crypto/keystore.h"
#include "tests/fuzz/fuzz.h"

enum { AT_PASSES = 12, AT_KIB = 16, AT_SALT = 20, AT_NONCE = 36, HEADER = 60 };

static void
make_cheap(struct buf *file)
{
    if (file->size < HEADER) {
        return;
    }
    /* The seeds cost 1 pass of 8 KiB or 2 of 16: those stay as they are. */
    if (num_load_u32(file->data + AT_PASSES) <= KEYSTORE_PASSES_MAX &&
        num_load_u32(file->data + AT_PASSES) > 2) {
        num_store_u32(file->data + AT_PASSES, 1);
    }
    if (num_load_u32(file->data + AT_KIB) <= KEYSTORE_KIB_MAX &&
        num_load_u32(file->data + AT_KIB) > 16) {
        num_store_u32(file->data + AT_KIB, 8);
    }
}

static struct keystore_options
options_of(const struct buf *file)
{
    struct keystore_options options = {
        .passes = num_load_u32(file->data + AT_PASSES),
        .kib = num_load_u32(file->data + AT_KIB)};

    memcpy(options.salt, file->data + AT_SALT, sizeof(options.salt));
    memcpy(options.nonce, file->data + AT_NONCE, sizeof(options.nonce));
    return options;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes passphrase = bytes_text("correct horse");
    struct buf file = {0};
    struct buf again = {0};
    struct node_secrets node = {0};
    struct secret_key office = {{0}};
    struct keystore_options options = {0};
    enum err rc = ERR_OK;

    buf_put(&file, data, size);
    make_cheap(&file);
    if (keystore_open_office(&office, buf_bytes(&file), passphrase) == ERR_OK) {
        options = options_of(&file);
        rc = keystore_seal_office(&again, &office, passphrase, &options);
        assert(rc == ERR_OK);
        assert(bytes_equal(buf_bytes(&again), buf_bytes(&file)));
    } else if (keystore_open_node(&node, buf_bytes(&file), passphrase) ==
               ERR_OK) {
        options = options_of(&file);
        rc = keystore_seal_node(&again, &node, passphrase, &options);
        assert(rc == ERR_OK);
        assert(bytes_equal(buf_bytes(&again), buf_bytes(&file)));
    }
    buf_release(&file);
    buf_release(&again);
    return 0;
}
