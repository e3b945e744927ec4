/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of logs: docs/storage.md, "logs". */
#include "crypto/base/cursor.h"
#include "storage/store_internal.h"

enum {
    LOG_HAS_HEAD = 1,
    LOG_HAS_TARGET = 2,
    LOG_IS_FORKED = 4,
    LOG_LACKS_BODIES = 8,
    LOG_HAS_EVIDENCE = 16,
    LOG_FLAGS_ALL = 31
};

enum err
log_state_encode(struct buf *out, const struct log_state *state)
{
    uint8_t id[LOG_ID_BYTES];

    log_id_encode(id, &state->author.id);
    buf_put(out, id, sizeof(id));
    buf_put_u64(out, state->run_next);
    buf_put_u64(out, state->edge.size);
    for (unsigned level = 0; level < MERKLE_LEVELS_MAX; level++) {
        if ((state->edge.size >> level & 1) != 0) {
            buf_put(out, state->edge.hashes[level].bytes, 32);
        }
    }
    buf_put_u8(out, (uint8_t)((state->has_head ? LOG_HAS_HEAD : 0) |
                              (state->has_target ? LOG_HAS_TARGET : 0) |
                              (state->is_forked ? LOG_IS_FORKED : 0) |
                              (state->absent.count > 0 ? LOG_LACKS_BODIES : 0) |
                              (state->has_evidence ? LOG_HAS_EVIDENCE : 0)));
    if (state->absent.count > 0) {
        buf_put_u64(out, state->absent.count);
        buf_put_u64(out, state->absent.from);
        buf_put_u64(out, state->absent.to);
    }
    if (state->has_head) {
        log_head_put(out, &state->head);
    }
    if (state->has_target) {
        log_head_put(out, &state->target);
        log_proof_put(out, &state->beyond);
    }
    buf_put_u8(out, (uint8_t)state->awaited_count);
    for (size_t i = 0; i < state->awaited_count; i++) {
        log_head_put(out, &state->awaited[i]);
    }
    enum err rc = author_encode(out, &state->author);
    return rc != ERR_OK ? rc : buf_err(out);
}

static void
get_edge(struct cursor *cursor, struct merkle_edge *out)
{
    out->size = cursor_u64(cursor);
    for (unsigned level = 0; level < MERKLE_LEVELS_MAX; level++) {
        if ((out->size >> level & 1) != 0) {
            cursor_copy(cursor, out->hashes[level].bytes, 32);
        }
    }
}

/* As many as there is room for, and within what is stored. */
static void
get_absent(struct cursor *cursor, struct log_state *state)
{
    uint64_t count = cursor_u64(cursor);
    uint64_t from = cursor_u64(cursor);
    uint64_t to = cursor_u64(cursor);

    if (count == 0 || from >= to || to > state->edge.size ||
        count > to - from) {
        cursor_fail(cursor);
        return;
    }
    state->absent.count = count;
    state->absent.from = from;
    state->absent.to = to;
}

enum err
log_state_decode(
    struct log_state *out, struct log_table *logs, struct bytes row)
{
    struct cursor cursor = cursor_init(row);
    struct log_state state = {0};
    struct bytes id = cursor_take(&cursor, LOG_ID_BYTES);
    struct log_id log;
    uint8_t flags = 0;

    if (cursor.failed || log_id_decode(&log, id.data) != ERR_OK) {
        return ERR_CORRUPT;
    }
    state.run_next = cursor_u64(&cursor);
    get_edge(&cursor, &state.edge);
    flags = cursor_u8(&cursor);
    state.has_head = (flags & LOG_HAS_HEAD) != 0;
    state.has_target = (flags & LOG_HAS_TARGET) != 0;
    state.is_forked = (flags & LOG_IS_FORKED) != 0;
    state.has_evidence = (flags & LOG_HAS_EVIDENCE) != 0;
    if ((flags & LOG_LACKS_BODIES) != 0) {
        get_absent(&cursor, &state);
    }
    if (state.has_head) {
        log_head_get(&cursor, &state.head);
    }
    if (state.has_target) {
        log_head_get(&cursor, &state.target);
        log_proof_get(&cursor, &state.beyond);
    }
    state.awaited_count = cursor_u8(&cursor);
    if (state.awaited_count > LOG_AWAITED_MAX ||
        (flags & ~(unsigned)LOG_FLAGS_ALL) != 0 ||
        (state.has_evidence && !state.is_forked)) {
        return ERR_CORRUPT;
    }
    for (size_t i = 0; i < state.awaited_count; i++) {
        log_head_get(&cursor, &state.awaited[i]);
    }
    if (cursor.failed) {
        return ERR_CORRUPT;
    }
    enum err rc = author_decode(
        &state.author, logs, cursor_take(&cursor, cursor_left(&cursor)));
    if (rc == ERR_NOMEM) {
        return rc;
    }
    if (rc != ERR_OK) {
        return ERR_CORRUPT;
    }
    if (!log_id_equal(&state.author.id, &log) ||
        state.edge.size > LOG_SIZE_MAX ||
        state.author.applied > state.edge.size) {
        author_release(&state.author);
        return ERR_CORRUPT;
    }
    state.vouches_changed = true;
    *out = state;
    return ERR_OK;
}
