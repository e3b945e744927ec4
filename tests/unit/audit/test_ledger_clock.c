/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks and times that cannot be, and what waits: docs/audit.md. */
#include <check.h>

#include "crypto/base/cbor.h"
#include "sync/model/hlc.h"
#include "tests/lib/audit/scene.h"
#include "tests/lib/run.h"

static struct scene scene;

static void
setup(void)
{
    scene_init(&scene);
}

static void
teardown(void)
{
    scene_release(&scene);
}

static struct dot
raw_change(unsigned by, uint64_t elapsed, const uint64_t *clock, size_t count)
{
    struct buf header = {0};
    struct dot dot;

    cbor_put_array(&header, 5);
    cbor_put_uint(&header, elapsed);
    cbor_put_array(&header, count);
    for (size_t i = 0; i < count; i++) {
        cbor_put_uint(&header, clock[i]);
    }
    cbor_put_null(&header);
    cbor_put_null(&header);
    cbor_put_bytes(
        &header, bytes_of((const uint8_t[SEAL_BYTES]){0}, SEAL_BYTES));
    dot = scribe_raw(&scene.s, by, LOG_CHANGES, buf_bytes(&header));
    buf_release(&header);
    return dot;
}

START_TEST(a_clock_that_cannot_be_counts_nothing)
{
    static const struct {
        const char *name;
        uint64_t clock[4];
        size_t count;
        enum ledger_fault fault;
    } rows[] = {
        {"no increase", {1, 0}, 2, LEDGER_HEADER},
        {"indices that do not ascend", {1, 1, 1, 1}, 4, LEDGER_HEADER},
        {"an index beyond the table", {9, 1}, 2, LEDGER_CLOCK},
        {"more than a log can hold", {1, INT64_MAX}, 2, LEDGER_CLOCK},
    };
    struct dot key = scene_create(&scene, MEMBER, CLASS_CASE, scene.own);
    struct dot bad = raw_change(MEMBER, 1, rows[_i].clock, rows[_i].count);
    struct dot next = scene_write(&scene, MEMBER, key);

    scene_run(&scene);
    ck_assert_msg(scene.heard.finding_count == 1, "%s", rows[_i].name);
    scene_only(&scene, rows[_i].fault, bad);
    ck_assert_int_eq(scene_reason(&scene, bad), VOID_MALFORMED);
    ck_assert_int_eq(scene_reason(&scene, next), VOID_NONE);
    ck_assert_uint_eq(
        heard_judged(&scene.heard, scribe_id(&scene.s, bad.log), bad.position)
            ->rank,
        heard_judged(&scene.heard, scribe_id(&scene.s, key.log), key.position)
            ->rank);
}
END_TEST

START_TEST(a_change_without_a_key_is_malformed_but_counts)
{
    struct dot dot = raw_change(MEMBER, scene.s.time, NULL, 0);

    scene_run(&scene);
    /* Nothing that it counts makes its author a member. */
    scene_only(&scene, LEDGER_NOT_MEMBER, dot);
    scene_create(&scene, MEMBER, CLASS_CASE, scene.own);
    dot = raw_change(MEMBER, 1, NULL, 0);
    scene_run(&scene);
    ck_assert_int_eq(scene_reason(&scene, dot), VOID_MALFORMED);
    ck_assert_ptr_nonnull(heard_fault(&scene.heard, LEDGER_FORM));
}
END_TEST

START_TEST(times_that_differ_much_are_found)
{
    static const struct {
        int64_t ms; /* from the newest statement */
        enum ledger_fault fault;
    } rows[] = {
        {10 * 60 * 1000, LEDGER_FAULT_COUNT},
        {11 * 60 * 1000, LEDGER_TIME_AHEAD},
        {-10 * 60 * 1000, LEDGER_FAULT_COUNT},
        {-11 * 60 * 1000, LEDGER_TIME_BEHIND},
    };
    struct grant_out grant = {.generation = scribe_dot(&scene.s, scene.own)};
    struct scribe_change change = {.by = MEMBER,
        .creates = true,
        .class = CLASS_CASE,
        .grants = &grant,
        .grant_count = 1};
    struct dot dot;

    scribe_flush(&scene.s);
    change.time =
        hlc_make((uint64_t)((int64_t)hlc_ms(scene.s.time) + rows[_i].ms), 0);
    dot = scribe_change(&scene.s, &change);
    scene_run(&scene);
    if (rows[_i].fault == LEDGER_FAULT_COUNT) {
        ck_assert_uint_eq(scene.heard.finding_count, 0);
    } else {
        scene_only(&scene, rows[_i].fault, dot);
    }
    ck_assert_int_eq(scene_reason(&scene, dot), VOID_NONE);
}
END_TEST

START_TEST(a_time_that_stands_still_is_found)
{
    struct dot key = scene_create(&scene, MEMBER, CLASS_CASE, scene.own);
    struct scribe_change change = {
        .by = MEMBER, .key = &key, .time = scene.s.time};
    struct dot dot = scribe_change(&scene.s, &change);

    scene_run(&scene);
    scene_only(&scene, LEDGER_TIME_STILL, dot);
}
END_TEST

static struct dot
count_changes(unsigned by, unsigned other, uint64_t size, struct dot key)
{
    world_see_changes(&scene.s.world, by, other, size);
    return scene_write(&scene, by, key);
}

START_TEST(what_counts_entries_that_nobody_has_shown_waits)
{
    struct dot key = scene_create(&scene, MEMBER, CLASS_CASE, scene.own);
    struct dot dot = count_changes(MEMBER, FOUNDER, 3, key);
    const struct ledger_finding *finding = NULL;
    struct ledger_result result;

    scene_write(&scene, MEMBER, key);
    scene_create(&scene, FOUNDER, CLASS_CASE, scene.everyone);
    scene_run(&scene);
    finding = scene_only(&scene, LEDGER_WAITS_UNSHOWN, dot);
    ck_assert_uint_eq(finding->other_size, 3);
    ck_assert(log_id_equal(&finding->other,
        scribe_id(&scene.s, scene.s.world.nodes[FOUNDER].changes)));
    ck_assert_int_eq(
        ledger_result(scene.ledger, scribe_id(&scene.s, dot.log), &result),
        ERR_OK);
    ck_assert_uint_eq(result.judged, dot.position);
    ck_assert_uint_eq(result.size, dot.position + 2);
    /* What is given in part counts at most what is given. */
    feed_log(&scene.s.feed, &finding->other)->is_partial = true;
    scene_run(&scene);
    ck_assert_uint_eq(scene.heard.finding_count, 0);
    ck_assert_int_eq(scene_reason(&scene, dot), VOID_NONE);
}
END_TEST

START_TEST(what_counts_a_log_of_nobody_waits)
{
    struct dot key = scene_create(&scene, MEMBER, CLASS_CASE, scene.own);
    struct dot dot = count_changes(MEMBER, STRANGER, 1, key);

    scene_run(&scene);
    ck_assert(
        log_id_equal(&scene_only(&scene, LEDGER_WAITS_UNSHOWN, dot)->other,
            scribe_id(&scene.s, scene.s.world.nodes[STRANGER].changes)));
}
END_TEST

START_TEST(entries_that_count_one_another_are_found)
{
    struct dot mine = scene_create(&scene, MEMBER, CLASS_CASE, scene.own);
    struct dot theirs =
        scene_create(&scene, FOUNDER, CLASS_CASE, scene.everyone);
    struct dot a = count_changes(MEMBER, FOUNDER, 2, mine);
    struct dot b = count_changes(FOUNDER, MEMBER, 2, theirs);
    const struct ledger_finding *finding = NULL;

    scene_run(&scene);
    ck_assert_uint_eq(scene.heard.finding_count, 2);
    for (size_t i = 0; i < 2; i++) {
        finding = &scene.heard.findings[i];
        ck_assert_int_eq(finding->fault, LEDGER_WAITS_CIRCLE);
        ck_assert_uint_eq(finding->position, 1);
    }
    ck_assert_uint_eq(a.position, 1);
    ck_assert_uint_eq(b.position, 1);
}
END_TEST

START_TEST(a_header_that_is_missing_ends_its_log)
{
    struct dot key = scene_create(&scene, MEMBER, CLASS_CASE, scene.own);
    struct dot theirs =
        scene_create(&scene, FOUNDER, CLASS_CASE, scene.everyone);
    struct dot waits = count_changes(FOUNDER, MEMBER, 3, theirs);
    struct feed_log *log =
        feed_log(&scene.s.feed, scribe_id(&scene.s, key.log));
    const struct ledger_finding *finding = NULL;

    log->claimed = 5; /* of which there is one */
    scene_run(&scene);
    ck_assert_uint_eq(scene.heard.finding_count, 2);
    finding = heard_fault(&scene.heard, LEDGER_MISSING);
    ck_assert_ptr_nonnull(finding);
    ck_assert_uint_eq(finding->position, 1);
    finding = heard_fault(&scene.heard, LEDGER_WAITS);
    ck_assert_ptr_nonnull(finding);
    ck_assert_uint_eq(finding->position, waits.position);
    ck_assert_uint_eq(finding->other_size, 3);
}
END_TEST

START_TEST(who_says_to_have_seen_what_is_not_there_is_found)
{
    struct dot dot;
    const struct ledger_finding *finding = NULL;

    scene_create(&scene, MEMBER, CLASS_CASE, scene.own);
    world_see_changes(&scene.s.world, FOUNDER, MEMBER, 2);
    dot = scribe_dot(&scene.s, world_confirm(&scene.s.world, FOUNDER, MEMBER));
    scene_run(&scene);
    finding = scene_only(&scene, LEDGER_UNSHOWN, dot);
    ck_assert_uint_eq(finding->other_size, 2);
    ck_assert_int_eq(scene_reason(&scene, dot), VOID_NONE);
}
END_TEST

START_TEST(who_says_to_have_seen_less_than_it_counted_is_found)
{
    struct world_node *node = &scene.s.world.nodes[MEMBER];
    struct dot theirs =
        scene_create(&scene, FOUNDER, CLASS_CASE, scene.everyone);
    struct dot key = scene_create(&scene, MEMBER, CLASS_CASE, scene.own);
    struct dot said;

    world_see(&scene.s.world, MEMBER, FOUNDER);
    scene_write(&scene, MEMBER, key);
    if (_i == 1) {
        node->clock.sizes[theirs.log] = 0;
    }
    said = scribe_dot(&scene.s, world_enrol(&scene.s.world, MEMBER, MEMBER));
    scene_run(&scene);
    if (_i == 0) {
        ck_assert_uint_eq(scene.heard.finding_count, 0);
    } else {
        ck_assert_uint_eq(
            scene_only(&scene, LEDGER_UNSAID, said)->other_size, 1);
    }
}
END_TEST

START_TEST(the_order_in_which_logs_are_given_is_nothing)
{
    struct feed_run backwards = {.corridor = {{0}}, .backwards = true};
    struct dot key = scene_create(&scene, MEMBER, CLASS_CASE, scene.everyone);
    struct ledger *other = NULL;
    struct heard also = {0};

    world_see(&scene.s.world, FOUNDER, MEMBER);
    scene_write(&scene, FOUNDER, key);
    scene_run(&scene);
    backwards.corridor = scene.s.world.corridor;
    ck_assert_int_eq(
        feed_run(&scene.s.feed, &backwards, &also, &other), ERR_OK);
    ck_assert_uint_eq(scene.heard.judged_count, also.judged_count);
    for (size_t i = 0; i < scene.heard.judged_count; i++) {
        const struct ledger_judged *a = &scene.heard.judged[i];
        const struct ledger_judged *b =
            heard_judged(&also, &a->log, a->position);

        ck_assert_ptr_nonnull(b);
        ck_assert_uint_eq(a->rank, b->rank);
        ck_assert_int_eq(a->reason, b->reason);
    }
    ledger_free(other);
    heard_release(&also);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("ledger_clock");
    TCase *tcase = tcase_create("ledger_clock");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_clock_that_cannot_be_counts_nothing, 0, 4);
    tcase_add_test(tcase, a_change_without_a_key_is_malformed_but_counts);
    tcase_add_loop_test(tcase, times_that_differ_much_are_found, 0, 4);
    tcase_add_test(tcase, a_time_that_stands_still_is_found);
    tcase_add_test(tcase, what_counts_entries_that_nobody_has_shown_waits);
    tcase_add_test(tcase, what_counts_a_log_of_nobody_waits);
    tcase_add_test(tcase, entries_that_count_one_another_are_found);
    tcase_add_test(tcase, a_header_that_is_missing_ends_its_log);
    tcase_add_test(tcase, who_says_to_have_seen_what_is_not_there_is_found);
    tcase_add_loop_test(
        tcase, who_says_to_have_seen_less_than_it_counted_is_found, 0, 2);
    tcase_add_test(tcase, the_order_in_which_logs_are_given_is_nothing);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
