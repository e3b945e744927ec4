/* SPDX-License-Identifier: Apache-2.0 */
/* What is computed from merged fields: ledgers' sums, and packs' marks. */
#include "tests/lib/record_history.h"
#include "tests/lib/run.h"

/* Ledger sums: entries by node a, then what comes out. */
static void
apply_entries(struct record *record, struct world *world,
    const struct world_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct event event = {.position = i, .rank = i + 1, .time = i + 1};
        enum void_reason reason = VOID_NONE;
        struct buf value = {0};
        enum err rc = ERR_OK;

        event.sizes[0] = i;
        put_entry(&value, &entries[i]);
        event_op(&event, F_LEDGER, ACTION_ADD);
        event_value(&event, &value);
        rc = event_apply(record, world, &event, &reason);
        ck_assert_int_eq(rc, ERR_OK);
        ck_assert_int_eq(reason, VOID_NONE);
        buf_release(&value);
    }
}

struct sum_row {
    const char *name;
    struct world_entry entries[3];
    size_t count;
    const char *sums; /* type currency minor exponent[!], … */
};

static const struct sum_row sum_rows[] = {
    {"nothing", {{"", "", "", 0, "", 0}}, 0, ""},
    {"two_of_a_kind",
        {{"paid", "SSO", "", 500, "THB", 2}, {"paid", "SSO", "", 1, "THB", 2}},
        2, "paid THB 501 2; "},
    {"by_type_and_currency",
        {{"paid", "SSO", "", 500, "THB", 2}, {"fee", "SSO", "", 1, "THB", 2},
            {"paid", "SSO", "", 7, "JPY", 0}},
        3, "fee THB 1 2; paid JPY 7 0; paid THB 500 2; "},
    {"a_group_counts_once",
        {{"paid", "SSO", "R", 500, "THB", 2},
            {"paid", "SSO", "R", 500, "THB", 2}},
        2, "paid THB 500 2; "},
    {"exponents_meet_at_the_greatest",
        {{"paid", "SSO", "", 5, "THB", 0}, {"paid", "SSO", "", -1, "THB", 2}},
        2, "paid THB 499 2; "},
    {"at_the_end_of_int64",
        {{"paid", "SSO", "", INT64_MAX - 1, "THB", 2},
            {"paid", "SSO", "", 1, "THB", 2}},
        2, "paid THB 9223372036854775807 2; "},
    {"beyond_it_the_sum_stays",
        {{"paid", "SSO", "", INT64_MAX, "THB", 2},
            {"paid", "SSO", "", 1, "THB", 2},
            {"paid", "SSO", "", -5, "THB", 2}},
        3, "paid THB 9223372036854775807 2!; "},
    {"below_it_too",
        {{"paid", "SSO", "", INT64_MIN, "THB", 2},
            {"paid", "SSO", "", -1, "THB", 2}},
        2, "paid THB -9223372036854775808 2!; "},
    {"a_raised_exponent_can_leave_it",
        {{"paid", "SSO", "", INT64_MAX / 10, "THB", 0},
            {"paid", "SSO", "", 0, "THB", 2}},
        2, "paid THB 9223372036854775807 2!; "},
};

START_TEST(ledger_sums_are_per_type_and_currency)
{
    const struct sum_row *row = &sum_rows[_i];
    struct ledger_sum sums[3];
    struct world world;
    struct record record;
    struct buf out = {0};
    struct merge_view view;
    size_t count = 0;
    enum err rc = ERR_OK;

    world_init(&world, 0);
    record_init(&record, &world.record, WORLD_KIND);
    apply_entries(&record, &world, row->entries, row->count);
    view = world_view(&world, &record, F_LEDGER);
    rc = merge_ledger(sums, 3, &count, &view, F_LEDGER);
    ck_assert_int_eq(rc, ERR_OK);
    for (size_t i = 0; i < count; i++) {
        buf_put_bytes(&out, sums[i].type);
        buf_put_u8(&out, ' ');
        buf_put_bytes(&out, sums[i].currency);
        buf_printf(&out, " %lld %u%s; ", (long long)sums[i].minor,
            (unsigned)sums[i].exponent, sums[i].has_overflow ? "!" : "");
    }
    buf_put_u8(&out, '\0');
    ck_assert_str_eq((const char *)out.data, row->sums);
    if (count > 0) {
        rc = merge_ledger(sums, count - 1, &count, &view, F_LEDGER);
        ck_assert_int_eq(rc, ERR_TOO_BIG);
    }
    buf_release(&out);
    record_release(&record);
    world_release(&world);
}
END_TEST

static const struct schema_mark test_marks[] = {
    {"closed_by_other", WORLD_KIND, F_LADDER, "closed", MARK_BY_OTHER, F_OWNER},
    {"withdrawn_and_going_on", WORLD_KIND, F_LADDER, "withdrawn", MARK_CONFLICT,
        0},
    {"any_conflict", WORLD_KIND, F_LADDER, NULL, MARK_CONFLICT, 0},
    {"said_by_other", WORLD_KIND, F_JOURNAL, NULL, MARK_BY_OTHER, F_OFFICE},
    {"of_another_kind", WORLD_KIND + 1, F_LADDER, NULL, MARK_CONFLICT, 0},
};
static const struct schema test_schema = {.marks = test_marks, .mark_count = 5};

struct mark_row {
    const char *name;
    uint16_t field;
    const char *told;
    uint16_t other;
    uint64_t marks;
};

static const struct mark_row mark_rows[] = {
    {"nothing_is_written", F_OWNER, "", 0, 0},
    {"the_owner_closes", F_LADDER, "a 0 =closed", 0, 0},
    {"another_office_closes", F_LADDER, "c 0 =closed", 0, 1},
    {"another_office_opens", F_LADDER, "c 0 =open", 0, 0},
    {"the_owner_closes_and_gives_it_away", F_OWNER,
        "a 0 =closed other; a 1 =B -0", F_LADDER, 0},
    {"the_owner_gives_it_away_and_closes", F_OWNER,
        "a 0 =B -0; a 1 =closed other", F_LADDER, 1},
    {"the_new_owner_closes", F_OWNER, "a 0 =B -0; c 1 =closed other", F_LADDER,
        0},
    {"withdrawn_alone", F_LADDER, "a 0 =withdrawn", 0, 0},
    {"withdrawn_twice", F_LADDER, "a 0 =withdrawn; c 0 =withdrawn", 0, 0},
    {"withdrawn_and_progress", F_LADDER, "a 0 =withdrawn; c 0 =open", 0, 6},
    {"progress_and_progress", F_LADDER, "a 0 =waiting; c 0 =open", 0, 4},
    {"the_office_named_once_says_it", F_JOURNAL, "c 0 =x; d 0 =y", 0, 0},
    {"another_office_says_it", F_JOURNAL, "c 0 =x; a 0 =y", 0, 8},
    {"and_strikes_it_out", F_JOURNAL, "c 0 =x; a 0 =y; b 2 -2", 0, 0},
    {"nobody_else_can_strike_it_out", F_JOURNAL, "a 0 =y; c 1 -1", 0, 8},
};

START_TEST(marks_hold_for_what_they_say)
{
    const struct mark_row *row = &mark_rows[_i];
    struct history history;
    struct record record;
    struct merge_view view;
    uint64_t marks = 0;

    history_init(&history, row->told, row->field, row->other);
    record_init(&record, &history.world.record, WORLD_KIND);
    for (size_t i = 0; i < history.count; i++) {
        enum void_reason reason = VOID_NONE;
        enum err rc =
            event_apply(&record, &history.world, &history.events[i], &reason);

        ck_assert_int_eq(rc, ERR_OK);
        ck_assert_int_eq(reason, VOID_NONE);
    }
    view = world_view(&history.world, &record, 0);
    ck_assert_int_eq(merge_marks(&marks, &view, &test_schema), ERR_OK);
    ck_assert_msg(
        marks == row->marks, "%s: %llu", row->name, (unsigned long long)marks);
    record_release(&record);
    history_release(&history);
}
END_TEST

#define ADD_TABLE(tcase, name, rows) \
    tcase_add_loop_test(tcase, name, 0, (int)(sizeof(rows) / sizeof((rows)[0])))

int
main(void)
{
    Suite *suite = suite_create("merge_sums");
    TCase *tcase = tcase_create("sums");

    ADD_TABLE(tcase, ledger_sums_are_per_type_and_currency, sum_rows);
    ADD_TABLE(tcase, marks_hold_for_what_they_say, mark_rows);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
