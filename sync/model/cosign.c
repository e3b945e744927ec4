/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/cosign.h"

#include <string.h>

#include "crypto/base/num.h"
#include "crypto/note.h"

void
cosignature_encode(struct buf *out, const struct cosignature *cosignature)
{
    uint8_t id[LOG_ID_BYTES];

    log_id_encode(id, &cosignature->log);
    buf_put(out, id, sizeof(id));
    buf_put(out, cosignature->cosigner.bytes, sizeof(struct node_id));
    buf_put_u64(out, cosignature->size);
    buf_put_bytes(out, bytes_hash(&cosignature->root));
    buf_put_u64(out, cosignature->time);
    buf_put(out, cosignature->signature.bytes, sizeof(struct signature));
}

enum err
cosignature_decode(struct cosignature *out, struct bytes encoded)
{
    struct cursor cursor = cursor_init(encoded);
    struct cosignature read;
    struct bytes id = cursor_take(&cursor, LOG_ID_BYTES);

    if (cursor.failed || log_id_decode(&read.log, id.data) != ERR_OK) {
        return ERR_MALFORMED;
    }
    cursor_copy(&cursor, read.cosigner.bytes, sizeof(read.cosigner.bytes));
    read.size = cursor_u64(&cursor);
    cursor_copy(&cursor, read.root.bytes, sizeof(read.root.bytes));
    read.time = cursor_u64(&cursor);
    cursor_copy(&cursor, read.signature.bytes, sizeof(read.signature.bytes));
    if (cursor_end(&cursor) != ERR_OK || read.size == 0 ||
        read.size > LOG_SIZE_MAX || read.time > INT64_MAX) {
        return ERR_MALFORMED;
    }
    *out = read;
    return ERR_OK;
}

/* What is cosigned: the text that the log's author signs. */
static void
put_text(struct buf *out, const struct corridor_id *corridor,
    const struct cosignature *cosignature)
{
    struct head head = {.size = cosignature->size, .root = cosignature->root};

    log_head_text(out, corridor, &cosignature->log, &head);
}

enum { TIME_BYTES = 8, NOTE_BYTES = 72 };

enum err
cosignature_make(struct cosignature *cosignature,
    const struct corridor_id *corridor, const struct secret_key *cosign_seed)
{
    struct buf text = {0};
    uint8_t made[NOTE_BYTES];
    enum err rc = ERR_OK;

    put_text(&text, corridor, cosignature);
    rc = buf_err(&text);
    if (rc == ERR_OK) {
        cosignature_sign(
            made, cosign_seed, cosignature->time, buf_bytes(&text));
        memcpy(cosignature->signature.bytes, made + TIME_BYTES,
            sizeof(cosignature->signature.bytes));
    }
    buf_release(&text);
    return rc;
}

enum err
cosignature_check(const struct cosignature *cosignature,
    const struct corridor_id *corridor, const struct public_key *key)
{
    struct buf text = {0};
    uint8_t noted[NOTE_BYTES];
    enum err rc = ERR_OK;

    num_store_u64(noted, cosignature->time);
    memcpy(noted + TIME_BYTES, cosignature->signature.bytes,
        sizeof(cosignature->signature.bytes));
    put_text(&text, corridor, cosignature);
    rc = buf_err(&text);
    if (rc == ERR_OK) {
        rc = cosignature_verify(key, noted, buf_bytes(&text));
    }
    buf_release(&text);
    return rc;
}
