/* SPDX-License-Identifier: Apache-2.0 */
/* The halves of records and their encoding, and what they may hold. */
#include <stdlib.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "sync/model/arena.h"
#include "tests/lib/mutation.h"
#include "tests/lib/record_fixture.h"
#include "tests/lib/run.h"

/* Decode halves into a fresh record and compare. */
static void
check_halves(bool open, bool sealed, bool same)
{
    struct record again;
    struct hash one;
    struct hash other;
    struct buf out = {0};

    record_init(&again, &fixture.world.record, 0);
    for (int half = 1; half >= 0; half--) {
        if (half == 1 ? !sealed : !open) {
            continue;
        }
        buf_clear(&out);
        ck_assert_int_eq(
            record_encode(&out, &fixture.record, half == 1), ERR_OK);
        ck_assert_int_eq(
            record_decode(&again, &fixture.world.logs, buf_bytes(&out)),
            ERR_OK);
        ck_assert_int_eq(
            record_decode(&again, &fixture.world.logs, buf_bytes(&out)),
            ERR_MALFORMED);
    }
    /* The refused repetition left nothing behind. */
    ck_assert(record_check(&again, &fixture.world.logs));
    ck_assert_int_eq(again.kind, WORLD_KIND);
    ck_assert(record_has_half(&again, true) == sealed);
    ck_assert(record_has_half(&again, false) == open);
    ck_assert_int_eq(
        record_digest(&one, &fixture.record, &fixture.world.logs), ERR_OK);
    ck_assert_int_eq(
        record_digest(&other, &again, &fixture.world.logs), ERR_OK);
    ck_assert(hash_equal(&one, &other) == same);
    buf_release(&out);
    record_release(&again);
}

START_TEST(two_halves_make_the_record_again)
{
    apply_much();
    check_halves(true, true, true);
}
END_TEST

START_TEST(either_half_stands_alone)
{
    apply_much();
    check_halves(true, false, false);
    check_halves(false, true, false);
}
END_TEST

START_TEST(the_open_half_is_as_if_nothing_were_sealed)
{
    struct event event = creation();
    struct record again;
    struct buf half = {0};
    struct hash one;
    struct hash other;

    ck_assert_int_eq(apply(&event), VOID_NONE);
    ck_assert_int_eq(
        record_digest(&one, &fixture.record, &fixture.world.logs), ERR_OK);
    event = own_event(1);
    event.key = WORLD_KEYS - 1;
    add_code(&event, F_SEALED, ACTION_SET, "secret");
    ck_assert_int_eq(apply(&event), VOID_NONE);
    record_init(&again, &fixture.world.record, 0);
    ck_assert_int_eq(record_encode(&half, &fixture.record, false), ERR_OK);
    ck_assert_int_eq(
        record_decode(&again, &fixture.world.logs, buf_bytes(&half)), ERR_OK);
    ck_assert_int_eq(
        record_digest(&other, &again, &fixture.world.logs), ERR_OK);
    ck_assert(hash_equal(&one, &other));
    buf_release(&half);
    record_release(&again);
}
END_TEST

static enum err
recode_half(struct bytes bytes, struct buf *out)
{
    struct record record;
    enum err rc = ERR_OK;

    record_init(&record, &fixture.world.record, 0);
    rc = record_decode(&record, &fixture.world.logs, bytes);
    if (rc == ERR_OK) {
        ck_assert(record.halves[0].has_any != record.halves[1].has_any);
        ck_assert_int_eq(
            record_encode(out, &record, record.halves[1].has_any), ERR_OK);
    }
    record_release(&record);
    return rc;
}

START_TEST(a_mutated_half_is_refused_or_comes_back_the_same)
{
    struct buf half = {0};

    apply_much();
    ck_assert_int_eq(record_encode(&half, &fixture.record, _i == 1), ERR_OK);
    ck_assert_uint_gt(mutation_run(buf_bytes(&half), recode_half), half.size);
    buf_release(&half);
}
END_TEST

START_TEST(a_usual_operation_takes_few_bytes)
{
    struct event event = creation();
    struct buf half = {0};
    size_t values = 0;

    for (size_t i = 0; i < 4; i++) {
        add_code(&event, (uint16_t)(F_REVIEW + i), ACTION_SET, "value");
        event.ops[event.op_count - 1].action = i < 2 ? ACTION_SET : ACTION_ADD;
    }
    ck_assert_int_eq(apply(&event), VOID_NONE);
    ck_assert_int_eq(record_encode(&half, &fixture.record, false), ERR_OK);
    for (size_t i = 0; i < event.op_count; i++) {
        values += event.ops[i].value.size;
    }
    /* The head, the key, the owner's key; then four bytes each. */
    ck_assert_uint_le(half.size, values + 32 + 35 + 6 * 6);
    buf_release(&half);
}
END_TEST

/* A byte string whose encoding has `size` bytes: 1, or more than 65,540. */
static uint8_t *
make_value(size_t size)
{
    uint8_t *value = calloc(1, size);

    ck_assert_ptr_nonnull(value);
    if (size > 1) {
        value[0] = 0x5a;
        num_store_u32(value + 1, (uint32_t)size - 5);
    }
    return value;
}

/* Fill a half with additions of great values until one does not fit. */
static size_t
fill(uint64_t from, size_t value_size)
{
    uint8_t *value = make_value(value_size);
    struct change_op op = {.field = F_UNKNOWN,
        .action = ACTION_ADD,
        .has_value = true,
        .value = bytes_of(value, value_size)};
    struct change change = {.record = fixture.world.record,
        .kind = WORLD_KIND,
        .ops = &op,
        .op_count = 1};
    size_t count = 0;

    while (apply_change(&change, from + count, CLASS_CASE) == VOID_NONE) {
        count++;
    }
    free(value);
    return count;
}

START_TEST(a_half_weighs_no_more_than_its_limit)
{
    size_t each = 65600;
    size_t weight = each + RECORD_CHANGE_WEIGHT + RECORD_OP_WEIGHT;
    size_t count = (RECORD_BYTES_MAX - RECORD_WEIGHT_START) / weight;
    size_t left = RECORD_BYTES_MAX - RECORD_WEIGHT_START - count * weight;

    ck_assert_uint_eq(fill(0, each), count);
    ck_assert(fixture.record.is_full && fixture.record.halves[0].is_full);
    ck_assert(!fixture.record.halves[1].is_full);
    /* What is full stays full, for small changes too. */
    ck_assert_uint_eq(fill(count, 1), 0);
    ck_assert_uint_gt(left, weight - each);
}
END_TEST

START_TEST(the_last_byte_of_the_limit_can_be_used)
{
    size_t each = 65536 - RECORD_CHANGE_WEIGHT - RECORD_OP_WEIGHT;
    size_t left =
        65536 - RECORD_WEIGHT_START - RECORD_CHANGE_WEIGHT - RECORD_OP_WEIGHT;
    uint8_t *value = make_value(65536);
    struct change_op op = {.field = F_UNKNOWN,
        .action = ACTION_ADD,
        .has_value = true,
        .value = bytes_of(value, each)};
    struct change change = {.record = fixture.world.record,
        .kind = WORLD_KIND,
        .ops = &op,
        .op_count = 1};
    uint64_t position = 0;

    while (fixture.record.halves[0].weight + 65536 <= RECORD_BYTES_MAX) {
        ck_assert_int_eq(
            apply_change(&change, position, CLASS_CASE), VOID_NONE);
        position++;
    }
    op.value.size = left + (size_t)_i;
    ck_assert_int_eq(apply_change(&change, position, CLASS_CASE),
        _i == 0 ? VOID_NONE : VOID_RECORD);
    ck_assert(fixture.record.is_full == (_i == 1));
    ck_assert(fixture.record.halves[0].weight ==
              (_i == 1 ? RECORD_BYTES_MAX - 65536 + RECORD_WEIGHT_START
                       : RECORD_BYTES_MAX));
    free(value);
}
END_TEST

START_TEST(a_full_half_is_full_on_the_disk)
{
    struct buf half = {0};
    struct record again;

    fill(0, 1024 * 1024);
    ck_assert_int_eq(record_encode(&half, &fixture.record, false), ERR_OK);
    ck_assert_uint_le(half.size, RECORD_BYTES_MAX);
    record_init(&again, &fixture.world.record, WORLD_KIND);
    ck_assert_int_eq(
        record_decode(&again, &fixture.world.logs, buf_bytes(&half)), ERR_OK);
    ck_assert(again.is_full && again.halves[0].is_full);
    record_release(&again);
    buf_release(&half);
}
END_TEST

START_TEST(a_change_too_heavy_by_itself_fills_nothing)
{
    static struct change_op ops[512];
    struct change change = {.record = fixture.world.record,
        .kind = WORLD_KIND,
        .ops = ops,
        .op_count = 512};

    for (size_t i = 0; i < 512; i++) {
        ops[i] =
            (struct change_op){.field = F_UNKNOWN, .action = ACTION_TRANSFER};
    }
    ck_assert_int_eq(apply_change(&change, 0, CLASS_CASE), VOID_RECORD);
    ck_assert(!fixture.record.is_full);
    change.op_count = 511;
    ck_assert_int_eq(apply_change(&change, 0, CLASS_CASE), VOID_NONE);
}
END_TEST

START_TEST(a_half_has_so_many_keys)
{
    struct change change = {.record = fixture.world.record, .kind = WORLD_KIND};
    uint64_t sizes[WORLD_NODES] = {0};
    struct vclock clock = {sizes, WORLD_NODES, WORLD_NODES};
    struct change_place place = {
        .clock = &clock,
        .class = CLASS_CASE,
        .corridor = &fixture.world.corridor,
        .logs = &fixture.world.logs,
        .membership = &fixture.world.membership,
    };

    for (uint64_t i = 0; i < RECORD_KEYS_MAX + 2; i++) {
        enum void_reason reason = VOID_NONE;
        enum err rc = ERR_OK;

        place.dot = world_dot(&fixture.world, 0, i);
        place.rank = i + 1;
        place.key = world_dot(&fixture.world, 1, i);
        rc = record_apply(
            &fixture.record, &world_kind, &change, &place, &reason);
        ck_assert_int_eq(rc, ERR_OK);
        ck_assert_int_eq(reason, i < RECORD_KEYS_MAX ? VOID_NONE : VOID_RECORD);
    }
    ck_assert_uint_eq(fixture.record.key_count, RECORD_KEYS_MAX);
    ck_assert(fixture.record.is_full);
}
END_TEST

START_TEST(an_apply_without_memory_leaves_the_record_as_it_was)
{
    struct event event = {.node = 0, .position = 4, .rank = 9, .time = 9};
    struct event item = own_event(1);
    struct hash before;
    struct hash after;
    enum void_reason reason = VOID_NONE;
    enum err rc = ERR_NOMEM;
    long faults = 0;

    apply_much();
    ck_assert_int_eq(
        record_digest(&before, &fixture.record, &fixture.world.logs), ERR_OK);
    event.sizes[0] = 4;
    event.key = 2;
    add_code(&event, F_BAN, ACTION_ADD, "banned");
    add_code(&event, F_REVIEW, ACTION_SET, "z");
    event_op(&event, F_SET, ACTION_REMOVE);
    event_name(&event, &item, 1);
    event_op(&event, F_OWNER, ACTION_TRANSFER)->office =
        fixture.world.offices[1].id;
    item = own_event(0);
    event_name(&event, &item, 1);
    for (; rc == ERR_NOMEM; faults++) {
        mem_fault_after(faults);
        rc = event_apply(&fixture.record, &fixture.world, &event, &reason);
        mem_fault_after(-1);
        if (rc == ERR_NOMEM) {
            ck_assert(record_check(&fixture.record, &fixture.world.logs));
            ck_assert_int_eq(
                record_digest(&after, &fixture.record, &fixture.world.logs),
                ERR_OK);
            ck_assert(hash_equal(&before, &after));
        }
    }
    ck_assert_int_eq(rc, ERR_OK);
    ck_assert_int_eq(reason, VOID_NONE);
    ck_assert_int_gt(faults, 4);
    ck_assert_ptr_null(record_field(&fixture.record, F_SET));
}
END_TEST

/* All that reads a record, in one go. */
static enum err
read_all(struct buf *out)
{
    struct record again;
    struct shown shown = {0};
    enum err rc = ERR_OK;

    buf_clear(out);
    record_init(&again, &fixture.world.record, WORLD_KIND);
    rc = record_encode(out, &fixture.record, false);
    if (rc == ERR_OK) {
        rc = record_decode(&again, &fixture.world.logs, buf_bytes(out));
    }
    if (rc == ERR_OK) {
        buf_clear(out);
        rc = record_canonical(out, &again, &fixture.world.logs);
    }
    for (uint16_t field = 0; field <= F_UNKNOWN && rc == ERR_OK; field++) {
        struct merge_view view =
            world_view(&fixture.world, &fixture.record, field);

        rc = merge_show(&shown, &view, field);
    }
    shown_release(&shown);
    record_release(&again);
    return rc;
}

START_TEST(reading_without_memory_says_so)
{
    enum err rc = ERR_NOMEM;
    long faults = 0;

    apply_much();
    for (; rc == ERR_NOMEM; faults++) {
        struct buf out = {0};

        mem_fault_after(faults);
        rc = read_all(&out);
        mem_fault_after(-1);
        buf_release(&out);
    }
    ck_assert_int_eq(rc, ERR_OK);
    ck_assert_int_gt(faults, 8);
}
END_TEST

START_TEST(an_arena_gives_what_it_is_asked_for)
{
    struct arena *arena = NULL;
    uint8_t *last = NULL;

    for (size_t size = 0; size < 20000; size = size * 2 + 1) {
        uint8_t *memory = arena_alloc(&arena, size);

        ck_assert_ptr_nonnull(memory);
        ck_assert(memory != last);
        ck_assert_uint_eq((uintptr_t)memory % sizeof(uint64_t), 0);
        memset(memory, 0xff, size);
        last = size == 0 ? last : memory;
    }
    ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX));
    arena_free(arena);
    arena_free(NULL);
}
END_TEST

static Suite *
record_suite(void)
{
    Suite *suite = suite_create("record_disk");
    TCase *tcase = tcase_create("disk");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, two_halves_make_the_record_again);
    tcase_add_test(tcase, either_half_stands_alone);
    tcase_add_test(tcase, the_open_half_is_as_if_nothing_were_sealed);
    tcase_add_loop_test(
        tcase, a_mutated_half_is_refused_or_comes_back_the_same, 0, 2);
    tcase_add_test(tcase, a_usual_operation_takes_few_bytes);
    tcase_add_test(tcase, a_half_weighs_no_more_than_its_limit);
    tcase_add_loop_test(tcase, the_last_byte_of_the_limit_can_be_used, 0, 2);
    tcase_add_test(tcase, a_full_half_is_full_on_the_disk);
    tcase_add_test(tcase, a_change_too_heavy_by_itself_fills_nothing);
    tcase_add_test(tcase, a_half_has_so_many_keys);
    tcase_add_test(tcase, an_apply_without_memory_leaves_the_record_as_it_was);
    tcase_add_test(tcase, reading_without_memory_says_so);
    tcase_add_test(tcase, an_arena_gives_what_it_is_asked_for);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    return run_suite(record_suite());
}
