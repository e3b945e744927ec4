/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/wire/frame.h"

#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"

enum {
    ID_ITEM_BYTES = 2 + LOG_ID_BYTES,
    CLOCK_ITEMS = 5,
    HELLO_ITEMS = 6,
    /* Before a batch's entries: docs/protocol.md, "Batches". */
    BATCH_FIXED_BYTES = LOG_ID_BYTES + 8 + 2 + 8 + 32 + 64 + 1
};

static_assert(FRAME_WANT_BYTES_MAX >= 16 + LOG_TABLE_MAX * ID_ITEM_BYTES,
    "a want frame can name every log");
static_assert(sizeof(struct frame_marks) == FRAME_MARKS_BYTES, "no padding");
static_assert(FRAME_ENTRIES_BYTES_MAX < 1 << 24, "lengths fit 24 bits");

/* The limit of each type's payload. */
static size_t
payload_bytes_max(uint8_t type)
{
    switch (type) {
    case FRAME_CLOCK:
        return FRAME_CLOCK_BYTES_MAX;
    case FRAME_ENTRIES:
        return FRAME_ENTRIES_BYTES_MAX;
    case FRAME_WANT:
        return FRAME_WANT_BYTES_MAX;
    case FRAME_JOIN:
        return FRAME_JOIN_BYTES_MAX;
    case FRAME_LEVEL:
    case FRAME_BYE:
        return FRAME_SMALL_BYTES_MAX;
    case FRAME_PING:
    case FRAME_PONG:
        return 0;
    case FRAME_HEAD:
        return FRAME_HEAD_WORD_BYTES;
    case FRAME_FORK:
        return EVIDENCE_BYTES_MAX;
    case FRAME_VOUCH:
        return COSIGNATURE_BYTES;
    default:
        return FRAME_OTHER_BYTES_MAX;
    }
}

void
frame_put(struct buf *out, enum frame_type type, struct bytes payload)
{
    assert(payload.size <= payload_bytes_max((uint8_t)type));
    buf_put_u32(out, (uint32_t)type << 24 | (uint32_t)payload.size);
    buf_put_bytes(out, payload);
}

enum err
frame_next(struct frame *out, struct bytes stream)
{
    struct cursor cursor = cursor_init(stream);
    uint32_t head = cursor_u32(&cursor);
    uint8_t type = (uint8_t)(head >> 24);
    size_t length = head & 0xffffff;

    if (cursor.failed) {
        return ERR_NOT_FOUND;
    }
    if (length > payload_bytes_max(type)) {
        return ERR_TOO_BIG;
    }
    if (cursor_left(&cursor) < length) {
        return ERR_NOT_FOUND;
    }
    *out = (struct frame){
        .type = type,
        .payload = cursor_take(&cursor, length),
        .size = FRAME_HEAD_BYTES + length,
    };
    return ERR_OK;
}

static void
put_name(struct buf *out, bool has_name, const struct vclock_name *name)
{
    if (has_name) {
        cbor_put_bytes(out, bytes_of(name->bytes, sizeof(name->bytes)));
    } else {
        cbor_put_null(out);
    }
}

static bool
get_name(struct cursor *cursor, struct vclock_name *out)
{
    if (cbor_take_null(cursor)) {
        return false;
    }
    cbor_get_fixed(cursor, out->bytes, sizeof(out->bytes));
    return true;
}

static void
get_array_of(struct cursor *cursor, size_t count)
{
    if (cbor_get_array(cursor) != count) {
        cursor_fail(cursor);
    }
}

static void
put_marks(struct buf *out, bool has_marks, const struct frame_marks *marks)
{
    if (has_marks) {
        cbor_put_bytes(out, bytes_of((const uint8_t *)marks, sizeof(*marks)));
    } else {
        cbor_put_null(out);
    }
}

static bool
get_marks(struct cursor *cursor, struct frame_marks *out)
{
    if (cbor_take_null(cursor)) {
        return false;
    }
    cbor_get_fixed(cursor, (uint8_t *)out, sizeof(*out));
    return true;
}

/* A delta is an array; what is in it is for vclock_delta_decode. */
static struct bytes
get_delta(struct cursor *cursor)
{
    if (cbor_peek(cursor) != CBOR_ARRAY) {
        cursor_fail(cursor);
    }
    return cbor_skip(cursor);
}

void
frame_clock_encode(struct buf *out, const struct frame_clock *clock)
{
    cbor_put_array(out, CLOCK_ITEMS);
    put_name(out, clock->has_heard, &clock->heard);
    cbor_put_uint(out, clock->taken);
    put_name(out, clock->has_base, &clock->base);
    buf_put_bytes(out, clock->delta);
    put_marks(out, clock->has_marks, &clock->marks);
}

enum err
frame_clock_decode(struct frame_clock *out, struct bytes payload)
{
    struct cursor cursor = cursor_init(payload);
    struct frame_clock clock = {0};
    enum err rc = ERR_OK;

    get_array_of(&cursor, CLOCK_ITEMS);
    clock.has_heard = get_name(&cursor, &clock.heard);
    clock.taken = cbor_get_uint(&cursor);
    clock.has_base = get_name(&cursor, &clock.base);
    clock.delta = get_delta(&cursor);
    clock.has_marks = get_marks(&cursor, &clock.marks);
    rc = cursor_end(&cursor);
    if (rc == ERR_OK) {
        *out = clock;
    }
    return rc;
}

void
frame_want_release(struct frame_want *want)
{
    if (want != NULL) {
        mem_free(want->logs);
        *want = (struct frame_want){0};
    }
}

void
frame_want_encode(struct buf *out, const struct frame_want *want)
{
    uint8_t id[LOG_ID_BYTES];

    assert(want->count <= LOG_TABLE_MAX);
    cbor_put_array(out, 1 + want->count);
    cbor_put_bool(out, want->hold);
    for (size_t i = 0; i < want->count; i++) {
        log_id_encode(id, &want->logs[i]);
        cbor_put_bytes(out, bytes_of(id, sizeof(id)));
    }
}

/* Read `count` ids into `logs`, refusing any that is not above the last. */
static void
get_ids(struct cursor *cursor, struct log_id *logs, size_t count)
{
    uint8_t id[LOG_ID_BYTES];

    for (size_t i = 0; i < count && !cursor->failed; i++) {
        cbor_get_fixed(cursor, id, sizeof(id));
        if (cursor->failed || log_id_decode(&logs[i], id) != ERR_OK ||
            (i > 0 && log_id_compare(&logs[i - 1], &logs[i]) >= 0)) {
            cursor_fail(cursor);
        }
    }
}

enum err
frame_want_decode(struct frame_want *out, struct bytes payload)
{
    struct cursor cursor = cursor_init(payload);
    struct frame_want want = {0};
    size_t items = cbor_get_array(&cursor);
    enum err rc = ERR_OK;

    want.hold = cbor_get_bool(&cursor);
    if (cursor.failed || items == 0) {
        return ERR_MALFORMED;
    }
    want.count = items - 1;
    if (want.count > LOG_TABLE_MAX) {
        return ERR_TOO_BIG;
    }
    want.logs = mem_zalloc(want.count, sizeof(*want.logs));
    if (want.logs == NULL) {
        return ERR_NOMEM;
    }
    get_ids(&cursor, want.logs, want.count);
    rc = cursor_end(&cursor);
    if (rc == ERR_OK) {
        *out = want;
        want.logs = NULL;
    }
    frame_want_release(&want);
    return rc;
}

void
frame_number_encode(struct buf *out, uint64_t number)
{
    cbor_put_array(out, 1);
    cbor_put_uint(out, number);
}

enum err
frame_number_decode(uint64_t *out, struct bytes payload)
{
    struct cursor cursor = cursor_init(payload);
    uint64_t number = 0;
    enum err rc = ERR_OK;

    get_array_of(&cursor, 1);
    number = cbor_get_uint(&cursor);
    rc = cursor_end(&cursor);
    if (rc == ERR_OK) {
        *out = number;
    }
    return rc;
}

enum err
frame_entries_peek(struct frame_entries *out, struct bytes payload)
{
    struct cursor cursor = cursor_init(payload);
    struct frame_entries entries = {0};
    uint8_t id[LOG_ID_BYTES];

    if (payload.size < BATCH_FIXED_BYTES) {
        return ERR_MALFORMED;
    }
    cursor_copy(&cursor, id, sizeof(id));
    entries.from = cursor_u64(&cursor);
    entries.count = cursor_u16(&cursor);
    if (log_id_decode(&entries.log, id) != ERR_OK || entries.count == 0 ||
        entries.count > LOG_BATCH_ENTRIES_MAX) {
        return ERR_MALFORMED;
    }
    *out = entries;
    return ERR_OK;
}

void
frame_head_encode(
    struct buf *out, const struct log_id *log, const struct head *head)
{
    uint8_t id[LOG_ID_BYTES];

    log_id_encode(id, log);
    buf_put(out, id, sizeof(id));
    log_head_put(out, head);
}

enum err
frame_head_decode(
    struct log_id *out_log, struct head *out_head, struct bytes payload)
{
    struct cursor cursor = cursor_init(payload);
    struct log_id log = {0};
    struct head head = {0};
    uint8_t id[LOG_ID_BYTES];

    cursor_copy(&cursor, id, sizeof(id));
    log_head_get(&cursor, &head);
    if (cursor_end(&cursor) != ERR_OK || log_id_decode(&log, id) != ERR_OK) {
        return ERR_MALFORMED;
    }
    *out_log = log;
    *out_head = head;
    return ERR_OK;
}

void
frame_entries_head(struct head *out, struct bytes payload)
{
    struct cursor cursor = cursor_init(payload);

    (void)cursor_take(&cursor, LOG_ID_BYTES + 8 + 2);
    log_head_get(&cursor, out);
    assert(!cursor.failed);
}

/* "delta or null" of a handshake payload. */
static void
put_delta(struct buf *out, bool has_delta, struct bytes delta)
{
    if (has_delta) {
        buf_put_bytes(out, delta);
    } else {
        cbor_put_null(out);
    }
}

/* A version that is not ours is told apart before its items are counted. */
static enum err
get_hello(struct cursor *cursor, size_t items)
{
    size_t count = cbor_get_array(cursor);
    uint64_t version = cbor_get_uint(cursor);

    if (cursor->failed) {
        return ERR_MALFORMED;
    }
    if (version != HELLO_VERSION) {
        return ERR_VERSION;
    }
    return count == items ? ERR_OK : ERR_MALFORMED;
}

void
hello_first_encode(struct buf *out, const struct hello_first *hello)
{
    assert(hello->cert.size <= CERT_BYTES_MAX);
    cbor_put_array(out, HELLO_ITEMS);
    cbor_put_uint(out, HELLO_VERSION);
    cbor_put_bool(out, hello->is_join);
    if (hello->cert.size > 0) {
        cbor_put_bytes(out, hello->cert);
    } else {
        cbor_put_null(out);
    }
    put_name(out, hello->has_base, &hello->base);
    put_delta(out, hello->has_delta, hello->delta);
    put_marks(out, hello->has_marks, &hello->marks);
}

enum err
hello_first_decode(struct hello_first *out, struct bytes payload)
{
    struct cursor cursor = cursor_init(payload);
    struct hello_first hello = {0};
    enum err rc = get_hello(&cursor, HELLO_ITEMS);

    if (rc != ERR_OK) {
        return rc;
    }
    hello.is_join = cbor_get_bool(&cursor);
    if (!cbor_take_null(&cursor)) {
        hello.cert = cbor_get_bytes(&cursor);
        if (hello.cert.size == 0 || hello.cert.size > CERT_BYTES_MAX) {
            return ERR_MALFORMED;
        }
    }
    hello.has_base = get_name(&cursor, &hello.base);
    hello.has_delta = !cbor_take_null(&cursor);
    if (hello.has_delta) {
        hello.delta = get_delta(&cursor);
    }
    hello.has_marks = get_marks(&cursor, &hello.marks);
    rc = cursor_end(&cursor);
    if (rc == ERR_OK) {
        *out = hello;
    }
    return rc;
}

void
hello_second_encode(struct buf *out, const struct hello_second *hello)
{
    cbor_put_array(out, HELLO_ITEMS);
    cbor_put_uint(out, HELLO_VERSION);
    cbor_put_bool(out, hello->knows_base);
    put_name(out, hello->has_base, &hello->base);
    put_delta(out, hello->has_delta, hello->delta);
    cbor_put_uint(out, hello->level);
    put_marks(out, hello->has_marks, &hello->marks);
}

enum err
hello_second_decode(struct hello_second *out, struct bytes payload)
{
    struct cursor cursor = cursor_init(payload);
    struct hello_second hello = {0};
    enum err rc = get_hello(&cursor, HELLO_ITEMS);

    if (rc != ERR_OK) {
        return rc;
    }
    hello.knows_base = cbor_get_bool(&cursor);
    hello.has_base = get_name(&cursor, &hello.base);
    hello.has_delta = !cbor_take_null(&cursor);
    if (hello.has_delta) {
        hello.delta = get_delta(&cursor);
    }
    hello.level = cbor_get_uint(&cursor);
    hello.has_marks = get_marks(&cursor, &hello.marks);
    rc = cursor_end(&cursor);
    if (rc == ERR_OK) {
        *out = hello;
    }
    return rc;
}
