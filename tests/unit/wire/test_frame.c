/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/wire/frame.h"

#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "tests/lib/mutation.h"
#include "tests/lib/run.h"

static const struct vclock_name heard_name = {{1, 2, 3, 4, 5, 6, 7, 8}};
static const struct vclock_name base_name = {{8, 7, 6, 5, 4, 3, 2, 1}};
/* [2, 5]: the third log of the base grew by five. */
static const uint8_t delta_bytes[] = {0x82, 0x02, 0x05};

static struct bytes
delta(void)
{
    return bytes_of(delta_bytes, sizeof(delta_bytes));
}

static struct log_id
log_of(uint8_t byte, enum log_kind kind)
{
    struct log_id id = {.kind = (uint8_t)kind};

    memset(id.node.bytes, byte, sizeof(id.node.bytes));
    return id;
}

static void
assert_hex(const struct buf *buf, const char *expected)
{
    char text[1024];

    ck_assert_int_eq(buf_err(buf), ERR_OK);
    ck_assert_uint_lt(2 * buf->size, sizeof(text));
    hex_encode(text, buf_bytes(buf));
    ck_assert_str_eq(text, expected);
}

START_TEST(frames_follow_one_another)
{
    struct buf stream = {0};
    struct frame frame = {0};

    frame_put(&stream, FRAME_PING, bytes_of(NULL, 0));
    frame_put(&stream, FRAME_JOIN, bytes_text("cert"));
    assert_hex(&stream, "060000000400000463657274");
    ck_assert_int_eq(frame_next(&frame, buf_bytes(&stream)), ERR_OK);
    ck_assert_uint_eq(frame.type, FRAME_PING);
    ck_assert_uint_eq(frame.payload.size, 0);
    ck_assert_uint_eq(frame.size, 4);
    ck_assert_int_eq(
        frame_next(&frame, bytes_of(stream.data + 4, stream.size - 4)), ERR_OK);
    ck_assert_uint_eq(frame.type, FRAME_JOIN);
    ck_assert(bytes_equal(frame.payload, bytes_text("cert")));
    ck_assert_uint_eq(frame.size, 8);
    buf_release(&stream);
}
END_TEST

START_TEST(a_part_of_a_frame_asks_for_more)
{
    struct buf stream = {0};
    struct frame frame = {0};

    frame_put(&stream, FRAME_JOIN, bytes_text("cert"));
    for (size_t size = 0; size < stream.size; size++) {
        ck_assert_int_eq(
            frame_next(&frame, bytes_of(stream.data, size)), ERR_NOT_FOUND);
    }
    ck_assert_ptr_null(frame.payload.data);
    buf_release(&stream);
}
END_TEST

static const struct limit_row {
    const char *name;
    uint8_t type;
    uint32_t max;
} limit_rows[] = {
    {"clock", FRAME_CLOCK, FRAME_CLOCK_BYTES_MAX},
    {"entries", FRAME_ENTRIES, FRAME_ENTRIES_BYTES_MAX},
    {"want", FRAME_WANT, FRAME_WANT_BYTES_MAX},
    {"join", FRAME_JOIN, FRAME_JOIN_BYTES_MAX},
    {"level", FRAME_LEVEL, FRAME_SMALL_BYTES_MAX},
    {"ping", FRAME_PING, 0},
    {"pong", FRAME_PONG, 0},
    {"bye", FRAME_BYE, FRAME_SMALL_BYTES_MAX},
    {"none", 0, FRAME_OTHER_BYTES_MAX},
    {"head", FRAME_HEAD, 33 + 104},
    {"fork", FRAME_FORK, EVIDENCE_BYTES_MAX},
    {"vouch", FRAME_VOUCH, COSIGNATURE_BYTES},
    {"next", FRAME_VOUCH + 1, FRAME_OTHER_BYTES_MAX},
    {"last", 255, FRAME_OTHER_BYTES_MAX},
};

START_TEST(each_type_has_its_limit)
{
    const struct limit_row *row = &limit_rows[_i];
    struct buf stream = {0};
    struct frame frame = {0};

    buf_put_u32(&stream, (uint32_t)row->type << 24 | row->max);
    ck_assert_msg(frame_next(&frame, buf_bytes(&stream)) ==
                      (row->max == 0 ? ERR_OK : ERR_NOT_FOUND),
        "%s: at the limit, without its payload", row->name);
    memset(buf_extend(&stream, row->max), 0, row->max);
    ck_assert_msg(frame_next(&frame, buf_bytes(&stream)) == ERR_OK &&
                      frame.payload.size == row->max,
        "%s: at the limit", row->name);
    buf_clear(&stream);
    buf_put_u32(&stream, (uint32_t)row->type << 24 | (row->max + 1));
    ck_assert_msg(frame_next(&frame, buf_bytes(&stream)) == ERR_TOO_BIG,
        "%s: above the limit", row->name);
    buf_release(&stream);
}
END_TEST

/* The clock frame of docs/protocol.md, "Frames". */
static const struct frame_clock worked_clock = {
    .has_heard = true,
    .heard = {{1, 2, 3, 4, 5, 6, 7, 8}},
    .taken = 3,
    .has_base = true,
    .base = {{8, 7, 6, 5, 4, 3, 2, 1}},
    .delta = {delta_bytes, sizeof(delta_bytes)},
    .has_marks = true,
    .marks = {{1, 1, 1, 1, 1, 1, 1, 1}, {2, 2, 2, 2, 2, 2, 2, 2},
        {3, 3, 3, 3, 3, 3, 3, 3}},
};
/* As the last item of a payload. */
#define WORKED_MARKS "5818010101010101010102020202020202020303030303030303"

START_TEST(a_clock_is_written_as_documented)
{
    struct buf payload = {0};
    struct buf stream = {0};

    frame_clock_encode(&payload, &worked_clock);
    frame_put(&stream, FRAME_CLOCK, buf_bytes(&payload));
    assert_hex(&stream, "01000031854801020304050607080348080706050403020182"
                        "0205" WORKED_MARKS);
    buf_release(&payload);
    buf_release(&stream);
}
END_TEST

START_TEST(a_clock_is_read_as_written)
{
    struct buf payload = {0};
    struct frame_clock clock = {0};

    frame_clock_encode(&payload, &worked_clock);
    ck_assert_int_eq(frame_clock_decode(&clock, buf_bytes(&payload)), ERR_OK);
    ck_assert(clock.has_heard && clock.has_base);
    ck_assert_mem_eq(clock.heard.bytes, heard_name.bytes, VCLOCK_NAME_BYTES);
    ck_assert_mem_eq(clock.base.bytes, base_name.bytes, VCLOCK_NAME_BYTES);
    ck_assert_uint_eq(clock.taken, 3);
    ck_assert(bytes_equal(clock.delta, delta()));
    ck_assert(clock.has_marks);
    ck_assert_mem_eq(
        &clock.marks, &worked_clock.marks, sizeof(worked_clock.marks));
    buf_clear(&payload);
    clock = (struct frame_clock){.delta = delta()};
    frame_clock_encode(&payload, &clock);
    ck_assert_int_eq(frame_clock_decode(&clock, buf_bytes(&payload)), ERR_OK);
    ck_assert(!clock.has_heard && !clock.has_base && !clock.has_marks);
    buf_release(&payload);
}
END_TEST

static enum err
recode_clock(struct bytes bytes, struct buf *out)
{
    struct frame_clock clock = {0};
    enum err rc = frame_clock_decode(&clock, bytes);

    if (rc == ERR_OK) {
        frame_clock_encode(out, &clock);
    }
    return rc;
}

START_TEST(mutants_of_a_clock_are_refused_or_come_back)
{
    struct buf payload = {0};

    frame_clock_encode(&payload, &worked_clock);
    ck_assert_uint_gt(mutation_run(buf_bytes(&payload), recode_clock), 50);
    buf_release(&payload);
}
END_TEST

static enum err
recode_want(struct bytes bytes, struct buf *out)
{
    struct frame_want want = {0};
    enum err rc = frame_want_decode(&want, bytes);

    if (rc == ERR_OK) {
        frame_want_encode(out, &want);
    }
    frame_want_release(&want);
    return rc;
}

START_TEST(mutants_of_a_want_are_refused_or_come_back)
{
    struct log_id logs[] = {
        log_of(1, LOG_CONTROL), log_of(1, LOG_CHANGES), log_of(2, LOG_CHANGES)};
    struct frame_want want = {.hold = true, .logs = logs, .count = 3};
    struct buf payload = {0};

    frame_want_encode(&payload, &want);
    ck_assert_uint_gt(mutation_run(buf_bytes(&payload), recode_want), 100);
    want.count = 0;
    buf_clear(&payload);
    frame_want_encode(&payload, &want);
    assert_hex(&payload, "81f5");
    ck_assert_uint_gt(mutation_run(buf_bytes(&payload), recode_want), 10);
    buf_release(&payload);
}
END_TEST

START_TEST(a_want_names_each_log_once_and_in_order)
{
    struct log_id twice[] = {log_of(1, LOG_CHANGES), log_of(1, LOG_CHANGES)};
    struct log_id back[] = {log_of(1, LOG_CHANGES), log_of(1, LOG_CONTROL)};
    struct frame_want want = {.logs = twice, .count = 2};
    struct frame_want out = {0};
    struct buf payload = {0};

    frame_want_encode(&payload, &want);
    ck_assert_int_eq(
        frame_want_decode(&out, buf_bytes(&payload)), ERR_MALFORMED);
    buf_clear(&payload);
    want.logs = back;
    frame_want_encode(&payload, &want);
    ck_assert_int_eq(
        frame_want_decode(&out, buf_bytes(&payload)), ERR_MALFORMED);
    ck_assert_ptr_null(out.logs);
    buf_release(&payload);
}
END_TEST

/* A want frame of `count` logs, whose node ids are numbers. */
static void
put_want_of(struct buf *payload, size_t count)
{
    uint8_t id[LOG_ID_BYTES] = {0};

    buf_clear(payload);
    cbor_put_array(payload, 1 + count);
    cbor_put_bool(payload, false);
    for (size_t i = 0; i < count; i++) {
        id[0] = (uint8_t)(i >> 8);
        id[1] = (uint8_t)i;
        cbor_put_bytes(payload, bytes_of(id, sizeof(id)));
    }
    ck_assert_int_eq(buf_err(payload), ERR_OK);
}

START_TEST(a_want_names_at_most_all_logs)
{
    struct frame_want out = {0};
    struct buf payload = {0};

    put_want_of(&payload, LOG_TABLE_MAX);
    ck_assert_uint_le(payload.size, FRAME_WANT_BYTES_MAX);
    ck_assert_int_eq(frame_want_decode(&out, buf_bytes(&payload)), ERR_OK);
    ck_assert_uint_eq(out.count, LOG_TABLE_MAX);
    frame_want_release(&out);
    put_want_of(&payload, LOG_TABLE_MAX + 1);
    ck_assert_int_eq(frame_want_decode(&out, buf_bytes(&payload)), ERR_TOO_BIG);
    mem_fault_after(0);
    put_want_of(&payload, 1);
    mem_fault_after(0);
    ck_assert_int_eq(frame_want_decode(&out, buf_bytes(&payload)), ERR_NOMEM);
    buf_release(&payload);
}
END_TEST

static enum err
recode_number(struct bytes bytes, struct buf *out)
{
    uint64_t number = 0;
    enum err rc = frame_number_decode(&number, bytes);

    if (rc == ERR_OK) {
        frame_number_encode(out, number);
    }
    return rc;
}

START_TEST(mutants_of_a_number_are_refused_or_come_back)
{
    struct buf payload = {0};

    frame_number_encode(&payload, 300);
    assert_hex(&payload, "8119012c");
    ck_assert_uint_gt(mutation_run(buf_bytes(&payload), recode_number), 10);
    buf_release(&payload);
}
END_TEST

/* The fixed part of an encoded batch. */
static void
put_batch(struct buf *out, uint8_t kind, uint16_t count)
{
    buf_clear(out);
    memset(buf_extend(out, 32), 7, 32);
    buf_put_u8(out, kind);
    buf_put_u64(out, 256);
    buf_put_u16(out, count);
    memset(buf_extend(out, 8 + 32 + 64 + 1), 0, 8 + 32 + 64 + 1);
}

START_TEST(entries_are_looked_at_before_they_are_handed_over)
{
    struct frame_entries out = {0};
    struct buf payload = {0};

    put_batch(&payload, LOG_CHANGES, LOG_BATCH_ENTRIES_MAX);
    ck_assert_int_eq(frame_entries_peek(&out, buf_bytes(&payload)), ERR_OK);
    ck_assert_uint_eq(out.log.kind, LOG_CHANGES);
    ck_assert_uint_eq(out.log.node.bytes[31], 7);
    ck_assert_uint_eq(out.from, 256);
    ck_assert_uint_eq(out.count, LOG_BATCH_ENTRIES_MAX);
    payload.size--;
    ck_assert_int_eq(
        frame_entries_peek(&out, buf_bytes(&payload)), ERR_MALFORMED);
    put_batch(&payload, LOG_CHANGES, LOG_BATCH_ENTRIES_MAX + 1);
    ck_assert_int_eq(
        frame_entries_peek(&out, buf_bytes(&payload)), ERR_MALFORMED);
    put_batch(&payload, LOG_CHANGES, 0);
    ck_assert_int_eq(
        frame_entries_peek(&out, buf_bytes(&payload)), ERR_MALFORMED);
    put_batch(&payload, LOG_CHANGES + 1, 1);
    ck_assert_int_eq(
        frame_entries_peek(&out, buf_bytes(&payload)), ERR_MALFORMED);
    buf_release(&payload);
}
END_TEST

START_TEST(the_head_of_a_batch_is_found)
{
    struct buf payload = {0};
    struct head head = {0};

    put_batch(&payload, LOG_CHANGES, 1);
    payload.data[43 + 7] = 9;  /* its size */
    payload.data[51] = 5;      /* root */
    payload.data[83 + 63] = 7; /* signature */
    frame_entries_head(&head, buf_bytes(&payload));
    ck_assert_uint_eq(head.size, 9);
    ck_assert_uint_eq(head.root.bytes[0], 5);
    ck_assert_uint_eq(head.signature.bytes[63], 7);
    buf_release(&payload);
}
END_TEST

static enum err
recode_head(struct bytes bytes, struct buf *out)
{
    struct log_id log;
    struct head head;
    enum err rc = frame_head_decode(&log, &head, bytes);

    if (rc == ERR_OK) {
        frame_head_encode(out, &log, &head);
    }
    return rc;
}

START_TEST(mutants_of_a_head_are_refused_or_come_back)
{
    struct log_id log = log_of(1, LOG_CHANGES);
    struct head head = {.size = 7, .root = {{2}}, .signature = {{3}}};
    struct log_id log_out = {{{0}}, 0};
    struct head head_out = {0};
    struct buf payload = {0};

    frame_head_encode(&payload, &log, &head);
    ck_assert_uint_eq(payload.size, FRAME_HEAD_WORD_BYTES);
    ck_assert_int_eq(
        frame_head_decode(&log_out, &head_out, buf_bytes(&payload)), ERR_OK);
    ck_assert(log_id_equal(&log, &log_out));
    ck_assert(log_head_equal(&head, &head_out));
    ck_assert_uint_gt(mutation_run(buf_bytes(&payload), recode_head), 100);
    buf_release(&payload);
}
END_TEST

static enum err
recode_first(struct bytes bytes, struct buf *out)
{
    struct hello_first hello = {0};
    enum err rc = hello_first_decode(&hello, bytes);

    if (rc == ERR_OK) {
        hello_first_encode(out, &hello);
    }
    return rc;
}

static enum err
recode_second(struct bytes bytes, struct buf *out)
{
    struct hello_second hello = {0};
    enum err rc = hello_second_decode(&hello, bytes);

    if (rc == ERR_OK) {
        hello_second_encode(out, &hello);
    }
    return rc;
}

START_TEST(the_first_hello_is_written_as_documented)
{
    struct hello_first hello = {.has_base = true,
        .base = base_name,
        .has_delta = true,
        .delta = delta(),
        .has_marks = true,
        .marks = worked_clock.marks};
    struct buf payload = {0};

    hello_first_encode(&payload, &hello);
    assert_hex(&payload, "8601f4f6480807060504030201820205" WORKED_MARKS);
    ck_assert_uint_gt(mutation_run(buf_bytes(&payload), recode_first), 50);
    buf_clear(&payload);
    hello = (struct hello_first){
        .is_join = true, .cert = bytes_text("certificate")};
    hello_first_encode(&payload, &hello);
    assert_hex(&payload, "8601f54b6365727469666963617465f6f6f6");
    ck_assert_uint_gt(mutation_run(buf_bytes(&payload), recode_first), 30);
    buf_release(&payload);
}
END_TEST

START_TEST(the_second_hello_is_written_as_documented)
{
    struct hello_second hello = {.knows_base = true,
        .has_base = true,
        .base = base_name,
        .has_delta = true,
        .delta = delta(),
        .level = 3,
        .has_marks = true,
        .marks = worked_clock.marks};
    struct buf payload = {0};

    hello_second_encode(&payload, &hello);
    assert_hex(&payload, "8601f548080706050403020182020503" WORKED_MARKS);
    ck_assert_uint_gt(mutation_run(buf_bytes(&payload), recode_second), 50);
    buf_clear(&payload);
    hello = (struct hello_second){.level = 1};
    hello_second_encode(&payload, &hello);
    assert_hex(&payload, "8601f4f6f601f6");
    ck_assert_uint_gt(mutation_run(buf_bytes(&payload), recode_second), 20);
    buf_release(&payload);
}
END_TEST

START_TEST(hellos_of_another_version_are_told_apart)
{
    static const uint8_t second[] = {0x82, 0x02, 0xf5};
    struct hello_first first_out = {0};
    struct hello_second second_out = {0};
    struct bytes bytes = bytes_of(second, sizeof(second));

    ck_assert_int_eq(hello_first_decode(&first_out, bytes), ERR_VERSION);
    ck_assert_int_eq(hello_second_decode(&second_out, bytes), ERR_VERSION);
}
END_TEST

START_TEST(a_certificate_in_a_hello_has_a_limit)
{
    uint8_t cert[CERT_BYTES_MAX + 1] = {0};
    struct hello_first hello = {.cert = {cert, CERT_BYTES_MAX}};
    struct hello_first out = {0};
    struct buf payload = {0};

    hello_first_encode(&payload, &hello);
    ck_assert_int_eq(hello_first_decode(&out, buf_bytes(&payload)), ERR_OK);
    ck_assert_uint_eq(out.cert.size, CERT_BYTES_MAX);
    for (size_t size = 0; size <= sizeof(cert); size += sizeof(cert)) {
        buf_clear(&payload);
        cbor_put_array(&payload, 6);
        cbor_put_uint(&payload, HELLO_VERSION);
        cbor_put_bool(&payload, false);
        cbor_put_bytes(&payload, bytes_of(cert, size));
        cbor_put_null(&payload);
        cbor_put_null(&payload);
        cbor_put_null(&payload);
        ck_assert_int_eq(
            hello_first_decode(&out, buf_bytes(&payload)), ERR_MALFORMED);
    }
    buf_release(&payload);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("frame");
    TCase *tcase = tcase_create("frame");

    tcase_add_test(tcase, frames_follow_one_another);
    tcase_add_test(tcase, a_part_of_a_frame_asks_for_more);
    tcase_add_loop_test(tcase, each_type_has_its_limit, 0,
        (int)(sizeof(limit_rows) / sizeof(limit_rows[0])));
    tcase_add_test(tcase, a_clock_is_written_as_documented);
    tcase_add_test(tcase, a_clock_is_read_as_written);
    tcase_add_test(tcase, mutants_of_a_clock_are_refused_or_come_back);
    tcase_add_test(tcase, mutants_of_a_want_are_refused_or_come_back);
    tcase_add_test(tcase, a_want_names_each_log_once_and_in_order);
    tcase_add_test(tcase, a_want_names_at_most_all_logs);
    tcase_add_test(tcase, mutants_of_a_number_are_refused_or_come_back);
    tcase_add_test(tcase, entries_are_looked_at_before_they_are_handed_over);
    tcase_add_test(tcase, the_head_of_a_batch_is_found);
    tcase_add_test(tcase, mutants_of_a_head_are_refused_or_come_back);
    tcase_add_test(tcase, the_first_hello_is_written_as_documented);
    tcase_add_test(tcase, the_second_hello_is_written_as_documented);
    tcase_add_test(tcase, hellos_of_another_version_are_told_apart);
    tcase_add_test(tcase, a_certificate_in_a_hello_has_a_limit);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
