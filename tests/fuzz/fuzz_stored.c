/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What our own disk says: each row is refused, or is the one encoding of what
 * it says. The first byte chooses the table.
 */
#include <assert.h>
#include <string.h>

#include "crypto/base/cursor.h"
#include "storage/cosign.h"
#include "storage/fork.h"
#include "tests/fuzz/fuzz.h"

enum { NODES = 3, DOT_BYTES = 12, COSIGN_KEY_BYTES = 36 };

/* Logs 2n and 2n + 1 are the control and changes logs of node nn...n. */
static void
make_logs(struct log_table *logs)
{
    for (uint8_t n = 0; n < 2 * NODES; n++) {
        struct log_id id = {.kind = n % 2};
        uint32_t number = 0;

        memset(id.node.bytes, n / 2, sizeof(id.node.bytes));
        assert(log_table_add(logs, &id, &number) == ERR_OK);
    }
}

static void
try_entry(struct cursor *cursor, struct buf *out, const struct log_table *logs)
{
    uint64_t arrival = cursor_u64(cursor);
    struct bytes row = cursor_take(cursor, cursor_left(cursor));
    struct stored_entry stored;
    struct header header;

    if (entries_decode(&stored, arrival, row) != ERR_OK) {
        return;
    }
    assert(entries_encode(out, &stored) == ERR_OK);
    assert(bytes_equal(buf_bytes(out), row));
    err_ignore(header_decode(&header, stored.entry.header, LOG_CHANGES,
        stored.dot.position)); /* any header may be stored */
    if (stored.checkpoint.size > 0) {
        struct author author;

        if (author_decode(&author, logs, stored.checkpoint) == ERR_OK) {
            author_release(&author);
        }
    }
}

static void
try_log(struct bytes row, struct buf *out, struct log_table *logs)
{
    struct log_state state = {0};

    if (log_state_decode(&state, logs, row) != ERR_OK) {
        return;
    }
    assert(log_state_encode(out, &state) == ERR_OK);
    assert(bytes_equal(buf_bytes(out), row));
    author_release(&state.author);
}

static void
try_member(struct bytes row, struct buf *out, const struct log_table *logs)
{
    struct control control = {0};

    if (members_decode(&control, logs, row) != ERR_OK) {
        return;
    }
    assert(members_encode(out, &control) == ERR_OK);
    assert(bytes_equal(buf_bytes(out), row));
    control_release(&control);
}

static void
try_key(struct cursor *cursor, struct buf *out)
{
    static const struct secret_key zero = {{0}};
    struct bytes dot = cursor_take(cursor, DOT_BYTES);
    struct bytes row = cursor_take(cursor, cursor_left(cursor));
    struct content_cache cache;
    struct content_key key = {.head = 0};

    if (cursor->failed) {
        return;
    }
    content_init(&cache, &zero, &zero, 0);
    if (content_row_decode(&cache, &key, dot, row) == ERR_OK) {
        assert(content_row_encode(&cache, out, &key) == ERR_OK);
        assert(bytes_equal(buf_bytes(out), row));
    }
    key_info_release(&key.info);
    content_release(&cache);
}

static void
try_evidence(struct bytes bytes, struct buf *out)
{
    struct evidence_row row;

    if (evidence_row_decode(&row, bytes) == ERR_OK) {
        assert(evidence_row_encode(out, &row) == ERR_OK);
        assert(bytes_equal(buf_bytes(out), bytes));
    }
}

static void
try_cosignature(struct cursor *cursor)
{
    struct bytes key = cursor_take(cursor, COSIGN_KEY_BYTES);
    struct bytes value = cursor_take(cursor, cursor_left(cursor));
    struct cosign_row row;
    uint8_t again[COSIGN_ROW_BYTES];

    if (cosign_decode(&row, key, value) == ERR_OK) {
        cosign_encode(again, &row);
        assert(bytes_equal(bytes_of(again, sizeof(again)), value));
    }
}

/* A half as if it had been sealed. Two that were never written together need
 * not make a record. */
static void
try_half(const struct stored_half *half, const struct log_table *logs)
{
    struct record record;
    struct record_id id = {{0}};

    record_init(&record, &id, 1);
    if (record_decode(&record, logs, half->sealed) == ERR_OK) {
        assert(record_check(&record, logs));
    }
    record_release(&record);
}

static void
try_halves(struct cursor *cursor, const struct log_table *logs)
{
    struct stored_half half;

    while (
        cursor_left(cursor) > 0 && reader_half_get(cursor, &half) == ERR_OK) {
        try_half(&half, logs);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor cursor = cursor_init(bytes_of(data, size));
    uint8_t table = cursor_u8(&cursor);
    struct bytes rest = bytes_of(data + (size > 0), size - (size > 0));
    struct log_table logs = {0};
    struct buf out = {0};

    make_logs(&logs);
    switch (table) {
    case TABLE_ENTRIES:
        try_entry(&cursor, &out, &logs);
        break;
    case TABLE_LOGS:
        try_log(rest, &out, &logs);
        break;
    case TABLE_MEMBERS:
        try_member(rest, &out, &logs);
        break;
    case TABLE_KEYS:
        try_key(&cursor, &out);
        break;
    case TABLE_RECORDS:
        try_halves(&cursor, &logs);
        break;
    case TABLE_EVIDENCE:
        try_evidence(rest, &out);
        break;
    case TABLE_COSIGNATURES:
        try_cosignature(&cursor);
        break;
    default:
        break;
    }
    buf_release(&out);
    log_table_release(&logs);
    return 0;
}
