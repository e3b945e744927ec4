/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/log_internal.h"

#include "crypto/base/mem.h"

static_assert(
    (int)MERKLE_PROOF_MAX <= (int)UINT8_MAX, "a proof's count is one byte");

enum err
batch_check(const struct batch *batch)
{
    if (batch->count == 0 || batch->count > LOG_BATCH_ENTRIES_MAX ||
        batch->proof.count > MERKLE_PROOF_MAX ||
        batch->head.size > LOG_SIZE_MAX || batch->from > batch->head.size ||
        batch->count > batch->head.size - batch->from) {
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

void
log_head_put(struct buf *out, const struct head *head)
{
    buf_put_u64(out, head->size);
    buf_put(out, head->root.bytes, sizeof(head->root.bytes));
    buf_put(out, head->signature.bytes, sizeof(head->signature.bytes));
}

void
log_head_get(struct cursor *cursor, struct head *out)
{
    out->size = cursor_u64(cursor);
    cursor_copy(cursor, out->root.bytes, sizeof(out->root.bytes));
    cursor_copy(cursor, out->signature.bytes, sizeof(out->signature.bytes));
}

void
log_proof_put(struct buf *out, const struct merkle_proof *proof)
{
    buf_put_u8(out, (uint8_t)proof->count);
    for (size_t i = 0; i < proof->count; i++) {
        buf_put_bytes(out, bytes_hash(&proof->hashes[i]));
    }
}

void
log_proof_get(struct cursor *cursor, struct merkle_proof *out)
{
    size_t count = cursor_u8(cursor);

    if (count > MERKLE_PROOF_MAX) {
        cursor_fail(cursor);
        return;
    }
    out->count = count;
    for (size_t i = 0; i < count; i++) {
        cursor_copy(cursor, out->hashes[i].bytes, sizeof(out->hashes[i].bytes));
    }
}

enum err
batch_encode(struct buf *out, const struct batch *batch)
{
    size_t start = out->size;
    uint8_t id[LOG_ID_BYTES];
    enum err rc = batch_check(batch);

    if (rc != ERR_OK) {
        return rc;
    }
    log_id_encode(id, &batch->log);
    buf_put(out, id, sizeof(id));
    buf_put_u64(out, batch->from);
    buf_put_u16(out, (uint16_t)batch->count);
    log_head_put(out, &batch->head);
    log_proof_put(out, &batch->proof);
    for (size_t i = 0; i < batch->count; i++) {
        entry_put(out, &batch->entries[i]);
    }
    rc = buf_err(out);
    if (rc == ERR_OK && out->size - start > LOG_BATCH_BYTES_MAX) {
        buf_truncate(out, start);
        return ERR_TOO_BIG;
    }
    return rc;
}

static void
get_log_id(struct cursor *cursor, struct log_id *out)
{
    uint8_t bytes[LOG_ID_BYTES];

    cursor_copy(cursor, bytes, sizeof(bytes));
    if (log_id_decode(out, bytes) != ERR_OK) {
        cursor_fail(cursor);
    }
}

static enum err
get_entries(struct cursor *cursor, struct batch *batch)
{
    enum err rc = ERR_OK;

    batch->entries = mem_alloc(batch->count * sizeof(*batch->entries));
    if (batch->entries == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < batch->count && rc == ERR_OK; i++) {
        rc = entry_get(&batch->entries[i], cursor);
    }
    return rc == ERR_OK ? cursor_end(cursor) : rc;
}

enum err
batch_decode(struct batch *out, struct bytes encoded)
{
    struct cursor cursor = cursor_init(encoded);
    struct batch batch = {.count = 0};
    enum err rc = ERR_OK;

    if (encoded.size > LOG_BATCH_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    get_log_id(&cursor, &batch.log);
    batch.from = cursor_u64(&cursor);
    batch.count = cursor_u16(&cursor);
    log_head_get(&cursor, &batch.head);
    log_proof_get(&cursor, &batch.proof);
    if (cursor.failed || batch_check(&batch) != ERR_OK) {
        return ERR_MALFORMED;
    }
    rc = get_entries(&cursor, &batch);
    if (rc != ERR_OK) {
        batch_release(&batch);
        return rc;
    }
    *out = batch;
    return ERR_OK;
}

void
batch_release(struct batch *batch)
{
    if (batch == NULL) {
        return;
    }
    mem_free(batch->entries);
    *batch = (struct batch){0};
}
