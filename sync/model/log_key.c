/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/log_key.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/hex.h"

/* Names made here are names of keys: nothing is left that could fail. */
static void
make(struct note_key *out, const char *name, uint8_t type,
    const struct public_key *key)
{
    enum err rc = note_key_make(out, name, type, key);

    assert(rc == ERR_OK);
    err_ignore(rc);
}

void
log_key(struct note_key *out, const struct corridor_id *corridor,
    const struct log_id *log)
{
    char origin[LOG_ORIGIN_BYTES_MAX + 1];
    struct public_key key;

    log_origin(origin, corridor, log);
    memcpy(key.bytes, log->node.bytes, sizeof(key.bytes));
    make(out, origin, NOTE_ED25519, &key);
}

void
cosigner_key(struct note_key *out, const struct corridor_id *corridor,
    const struct node_id *node, const struct public_key *cosign)
{
    char corridor_hex[2 * sizeof(corridor->bytes) + 1];
    char node_hex[2 * sizeof(node->bytes) + 1];
    char name[LOG_ORIGIN_BYTES_MAX + 1];
    int size = 0;

    hex_encode(corridor_hex, bytes_of(corridor->bytes, sizeof(*corridor)));
    hex_encode(node_hex, bytes_of(node->bytes, sizeof(*node)));
    size = snprintf(name, sizeof(name), "corridor.internal/%s/%s/cosigner",
        corridor_hex, node_hex);
    assert(size > 0 && size <= LOG_ORIGIN_BYTES_MAX);
    make(out, name, NOTE_COSIGNATURE, cosign);
}

void
log_checkpoint(struct buf *out, const struct corridor_id *corridor,
    const struct log_id *log, const struct head *head)
{
    struct note_key key;

    log_key(&key, corridor, log);
    log_head_text(out, corridor, log, head);
    buf_put_u8(out, '\n');
    note_put_signature(out, &key,
        bytes_of(head->signature.bytes, sizeof(head->signature.bytes)));
}
