/* SPDX-License-Identifier: Apache-2.0 */
/* Who may write, grant and name what: docs/audit.md. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
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

START_TEST(honest_entries_count_and_nothing_is_found)
{
    struct dot key = scene_create(&scene, MEMBER, CLASS_CASE, scene.own);
    struct ledger_result result;

    scene_write(&scene, MEMBER, key);
    scene_run(&scene);
    ck_assert_uint_eq(scene.heard.finding_count, 0);
    ck_assert_uint_eq(scene.heard.judged_count, scene.s.world.count + 2);
    ck_assert_int_eq(
        ledger_result(scene.ledger, scribe_id(&scene.s, key.log), &result),
        ERR_OK);
    ck_assert_uint_eq(result.size, 2);
    ck_assert_uint_eq(result.judged, 2);
    ck_assert_uint_eq(result.voids[VOID_NONE], 2);
    ck_assert_uint_eq(result.grants, 1);
    ck_assert_uint_eq(ledger_membership(scene.ledger)->office_count, 3);
    ck_assert_int_eq(ledger_result(scene.ledger,
                         &(struct log_id){{{7}}, LOG_CHANGES}, &result),
        ERR_NOT_FOUND);
}
END_TEST

START_TEST(a_grant_is_told_with_all_that_its_header_says)
{
    struct grant_out grant = {
        .generation = scribe_dot(&scene.s, scene.everyone),
        .mode = GRANT_BOXED,
        .purpose = PURPOSE_REFER,
        .has_expiry = true,
        .expiry_ms = 77};
    struct dot key = scene_create(&scene, MEMBER, CLASS_CASE, scene.own);
    struct scribe_change change = {.by = MEMBER,
        .key = &key,
        .grants_key = &key,
        .class = CLASS_CASE,
        .grants = &grant,
        .grant_count = 1};
    const struct ledger_grant *told = NULL;

    scribe_change(&scene.s, &change);
    scene_run(&scene);
    ck_assert_uint_eq(scene.heard.finding_count, 0);
    ck_assert_uint_eq(scene.heard.grant_count, 2);
    ck_assert(scene.heard.grants[0].creates_key);
    told = &scene.heard.grants[1];
    ck_assert(!told->creates_key);
    ck_assert_uint_eq(told->position, 1);
    ck_assert_uint_eq(told->time, scene.s.time);
    ck_assert(log_id_equal(&told->key_log, scribe_id(&scene.s, key.log)));
    ck_assert_uint_eq(told->key_position, key.position);
    ck_assert_uint_eq(told->class, CLASS_CASE);
    ck_assert_uint_eq(told->mode, GRANT_BOXED);
    ck_assert_uint_eq(told->purpose, PURPOSE_REFER);
    ck_assert(told->has_expiry);
    ck_assert_uint_eq(told->expiry_ms, 77);
    ck_assert_int_eq(told->reason, VOID_NONE);
    ck_assert_uint_eq(ledger_membership(scene.ledger)
                          ->generations[told->generation]
                          .circle.kind,
        CIRCLE_EVERYONE);
}
END_TEST

static bool
take_key(void *context, const struct ledger_key *key)
{
    *(struct ledger_key *)context = *key;
    return false;
}

START_TEST(keys_are_told_with_their_grants_and_what_stands_under_them)
{
    struct dot key = scene_create(&scene, MEMBER, CLASS_SEALED, scene.own);
    struct ledger_key told = {0};

    scene_write(&scene, MEMBER, key);
    scene_run(&scene);
    ck_assert_int_eq(ledger_keys(scene.ledger, take_key, &told), ERR_OK);
    ck_assert_uint_eq(told.class, CLASS_SEALED);
    ck_assert_uint_eq(told.grants, 1);
    ck_assert_uint_eq(told.changes, 2);
}
END_TEST

START_TEST(whoever_is_no_member_writes_nothing)
{
    struct dot change;

    world_see(&scene.s.world, STRANGER, FOUNDER);
    change = scene_create(&scene, STRANGER, CLASS_CASE, scene.everyone);
    scene_run(&scene);
    scene_only(&scene, LEDGER_NOT_MEMBER, change);
    ck_assert_int_eq(scene_reason(&scene, change), VOID_NOT_MEMBER);
    ck_assert_uint_eq(scene.heard.grant_count, 1);
    ck_assert_int_eq(scene.heard.grants[0].reason, VOID_NOT_MEMBER);
}
END_TEST

START_TEST(who_may_only_read_writes_nothing)
{
    struct dot change;

    world_see(&scene.s.world, GUARD, FOUNDER);
    change = scene_create(&scene, GUARD, CLASS_PUBLIC, scene.everyone);
    scene_run(&scene);
    scene_only(&scene, LEDGER_NO_RIGHT, change);
    ck_assert_int_eq(scene_reason(&scene, change), VOID_NO_RIGHT);
}
END_TEST

START_TEST(what_lies_behind_a_cut_is_found)
{
    struct dot key = scene_create(&scene, MEMBER, CLASS_CASE, scene.own);
    struct dot second = scene_write(&scene, MEMBER, key);
    struct cut cuts[2] = {world_cut(&scene.s.world, MEMBER, LOG_CONTROL, 9),
        world_cut(&scene.s.world, MEMBER, LOG_CHANGES, 1)};
    struct world_retire retire = {
        .by = FOUNDER, .target = MEMBER, .cuts = cuts, .cut_count = 2};

    world_retire(&scene.s.world, &retire);
    scene_run(&scene);
    scene_only(&scene, LEDGER_CUT, second);
    ck_assert_int_eq(scene_reason(&scene, key), VOID_NONE);
    ck_assert_int_eq(scene_reason(&scene, second), VOID_CUT);
}
END_TEST

START_TEST(a_key_that_was_not_granted_is_not_its_authors)
{
    struct dot key = scene_create(&scene, MEMBER, CLASS_CASE, scene.own);
    struct dot change;

    world_see(&scene.s.world, FOUNDER, MEMBER);
    change = scene_write(&scene, FOUNDER, key);
    scene_run(&scene);
    scene_only(&scene, LEDGER_KEY, change);
    ck_assert_int_eq(scene_reason(&scene, change), VOID_KEY);
}
END_TEST

START_TEST(a_key_is_granted_by_who_could_open_it_alone)
{
    struct dot key = scene_create(&scene, MEMBER, CLASS_CASE, scene.own);
    struct grant_out grant = {
        .generation = scribe_dot(&scene.s, scene.everyone)};
    struct scribe_change change = {.by = FOUNDER,
        .creates = false,
        .grants_key = &key,
        .class = CLASS_CASE,
        .grants = &grant,
        .grant_count = 1};
    struct dot mine;
    struct dot granting;

    world_see(&scene.s.world, FOUNDER, MEMBER);
    mine = scene_create(&scene, FOUNDER, CLASS_CASE, scene.everyone);
    change.key = &mine;
    granting = scribe_change(&scene.s, &change);
    scene_run(&scene);
    scene_only(&scene, LEDGER_GRANT_KEY, granting);
    ck_assert_int_eq(scene_reason(&scene, granting), VOID_KEY);
}
END_TEST

START_TEST(a_key_keeps_its_class)
{
    struct dot key = scene_create(&scene, MEMBER, CLASS_SEALED, scene.own);
    struct grant_out grant = {
        .generation = scribe_dot(&scene.s, scene.everyone)};
    struct scribe_change change = {.by = MEMBER,
        .key = &key,
        .grants_key = &key,
        .class = CLASS_CASE,
        .grants = &grant,
        .grant_count = 1};
    struct dot granting = scribe_change(&scene.s, &change);

    scene_run(&scene);
    scene_only(&scene, LEDGER_GRANT_CLASS, granting);
}
END_TEST

START_TEST(a_circle_must_have_existed_for_the_author)
{
    struct grant_out grants[2] = {
        {.generation = scribe_dot(&scene.s, scene.own)},
        {.generation = scribe_dot(&scene.s, scene.everyone)},
    };
    struct scribe_change change = {.by = MEMBER,
        .creates = true,
        .class = CLASS_CASE,
        .grants = grants,
        .grant_count = 2};
    struct dot dot;

    grants[1].generation.position = 0; /* the founding statement */
    dot = scribe_change(&scene.s, &change);
    scene_run(&scene);
    ck_assert_uint_eq(scene_only(&scene, LEDGER_GRANT_CIRCLE, dot)->grant, 1);
    ck_assert_uint_eq(scene.heard.grants[1].generation, UINT32_MAX);
    ck_assert_int_eq(scene_reason(&scene, dot), VOID_KEY);
}
END_TEST

START_TEST(the_firewall_is_seen_from_clear_data)
{
    const unsigned guard[] = {GUARD};
    struct world_circle circle = {.by = GUARD,
        .name = world_office_circle(&scene.s.world, GUARD),
        .nodes = guard,
        .node_count = 1};
    size_t own_of_guard = 0;
    struct dot dot;

    own_of_guard = world_circle(&scene.s.world, &circle);
    world_see(&scene.s.world, MEMBER, GUARD);
    dot = scene_create(
        &scene, MEMBER, _i == 0 ? CLASS_PUBLIC : CLASS_MEMBERS, own_of_guard);
    scene_run(&scene);
    if (_i == 0) {
        ck_assert_uint_eq(scene.heard.finding_count, 0);
    } else {
        scene_only(&scene, LEDGER_GRANT_FIREWALL, dot);
        ck_assert_int_eq(scene_reason(&scene, dot), VOID_FIREWALL);
    }
}
END_TEST

/* [elapsed, clock, null, null, seal] from an array of items. */
START_TEST(kinds_stand_in_their_logs)
{
    struct dot key = scene_create(&scene, MEMBER, CLASS_CASE, scene.own);
    struct feed_log *log =
        feed_log(&scene.s.feed, scribe_id(&scene.s, key.log));

    log->entries[0].kind = (uint8_t)_i;
    scene_run(&scene);
    switch (_i) {
    case ENTRY_CONTROL:
        ck_assert_int_eq(scene_reason(&scene, key), VOID_MALFORMED);
        break;
    case ENTRY_CHANGE:
        ck_assert_int_eq(scene_reason(&scene, key), VOID_NONE);
        break;
    default:
        ck_assert_int_eq(scene_reason(&scene, key), VOID_UNKNOWN);
        ck_assert_ptr_nonnull(heard_fault(&scene.heard, LEDGER_UNKNOWN));
    }
}
END_TEST

START_TEST(a_body_may_be_withheld_but_not_lost)
{
    static const struct {
        uint8_t state;
        bool is_found;
    } rows[] = {
        {BUNDLE_BODY_HELD, false},
        {BUNDLE_BODY_DENIED, false},
        {BUNDLE_BODY_LACKING, true},
    };
    struct dot key = scene_create(&scene, MEMBER, CLASS_CASE, scene.own);
    struct feed_log *log =
        feed_log(&scene.s.feed, scribe_id(&scene.s, key.log));

    log->entries[0].body_state = rows[_i].state;
    scene_run(&scene);
    ck_assert_int_eq(scene_reason(&scene, key), VOID_NONE);
    if (rows[_i].is_found) {
        scene_only(&scene, LEDGER_BODY, key);
    } else {
        ck_assert_uint_eq(scene.heard.finding_count, 0);
    }
}
END_TEST

START_TEST(a_statement_without_its_body_is_lost)
{
    struct dot dot = scribe_dot(&scene.s, scene.own);
    struct feed_log *log = NULL;

    scribe_flush(&scene.s);
    log = feed_log(&scene.s.feed, scribe_id(&scene.s, dot.log));
    log->entries[dot.position].body_state = BUNDLE_BODY_DENIED;
    scene_run(&scene);
    ck_assert_int_eq(scene_reason(&scene, dot), VOID_MALFORMED);
    ck_assert_ptr_nonnull(heard_fault(&scene.heard, LEDGER_BODY));
    ck_assert_ptr_nonnull(heard_fault(&scene.heard, LEDGER_FORM));
}
END_TEST

START_TEST(a_control_log_begins_with_its_own_enrolment)
{
    struct dot dot;
    const struct ledger_finding *finding = NULL;

    world_admit(&scene.s.world, FOUNDER, STRANGER, ROLE_WRITE);
    world_see(&scene.s.world, STRANGER, FOUNDER);
    dot =
        scribe_dot(&scene.s, world_confirm(&scene.s.world, STRANGER, FOUNDER));
    scene_run(&scene);
    finding = heard_fault(&scene.heard, LEDGER_FIRST_ENTRY);
    ck_assert_ptr_nonnull(finding);
    ck_assert(log_id_equal(&finding->log, scribe_id(&scene.s, dot.log)));
    ck_assert_int_eq(scene_reason(&scene, dot), VOID_NOT_MEMBER);
}
END_TEST

/* A change that counts so much of another node's changes log. */
/* The member's change counts the founder's, and then its statement does not
 * say so: as if the cut that it names were all that it knew. */
START_TEST(each_log_is_given_once_and_all_within_the_limit)
{
    struct ledger_log log = {.id = {{{1}}, LOG_CHANGES}, .size = 1};
    struct ledger_options options = {.wall_ms = 0};

    ck_assert_int_eq(ledger_new(&scene.ledger, &options), ERR_OK);
    ck_assert_int_eq(ledger_add(scene.ledger, &log), ERR_OK);
    ck_assert_int_eq(ledger_add(scene.ledger, &log), ERR_EXISTS);
    log.id.node.bytes[0] = 2;
    log.size = LEDGER_ENTRIES_MAX;
    ck_assert_int_eq(ledger_add(scene.ledger, &log), ERR_TOO_BIG);
    log.size = LEDGER_ENTRIES_MAX - 1;
    ck_assert_int_eq(ledger_add(scene.ledger, &log), ERR_OK);
}
END_TEST

START_TEST(no_more_logs_than_a_corridor_can_have)
{
    struct ledger_log log = {.id = {{{0}}, LOG_CHANGES}};
    struct ledger_options options = {.wall_ms = 0};

    ck_assert_int_eq(ledger_new(&scene.ledger, &options), ERR_OK);
    for (unsigned i = 0; i < LOG_TABLE_MAX / 2; i++) {
        log.id.node.bytes[0] = (uint8_t)i;
        log.id.node.bytes[1] = (uint8_t)(i >> 8);
        ck_assert_int_eq(ledger_add(scene.ledger, &log), ERR_OK);
    }
    log.id.node.bytes[2] = 1;
    ck_assert_int_eq(ledger_add(scene.ledger, &log), ERR_TOO_BIG);
}
END_TEST

START_TEST(without_a_founding_statement_there_is_nobody)
{
    struct dot key = scene_create(&scene, MEMBER, CLASS_CASE, scene.own);

    scene.s.world.corridor.bytes[0] ^= 1;
    scene_run(&scene);
    ck_assert_uint_eq(ledger_membership(scene.ledger)->office_count, 0);
    ck_assert_int_eq(scene_reason(&scene, key), VOID_NOT_MEMBER);
}
END_TEST

static enum err
fail_finding(void *context, const struct ledger_finding *finding)
{
    (void)context;
    (void)finding;
    return ERR_CLOSED;
}

static enum err
read_nothing(
    void *context, size_t handle, uint64_t position, struct ledger_entry *out)
{
    (void)context;
    (void)handle;
    (void)position;
    *out = (struct ledger_entry){0};
    return ERR_OK;
}

START_TEST(an_error_of_source_or_watch_ends_the_run)
{
    struct ledger_log log = {.id = {{{1}}, LOG_CHANGES}, .size = 1};
    struct ledger_options options = {
        .source = {read_nothing, NULL},
        .watch = {.finding = fail_finding},
    };
    struct feed_run feed = {.corridor = {{0}}};

    ck_assert_int_eq(ledger_new(&scene.ledger, &options), ERR_OK);
    ck_assert_int_eq(ledger_add(scene.ledger, &log), ERR_OK);
    ck_assert_int_eq(ledger_run(scene.ledger), ERR_CLOSED);
    ledger_free(scene.ledger);
    scene.ledger = NULL;
    scribe_flush(&scene.s);
    scene.s.feed.fails = ERR_IO;
    ck_assert_int_eq(
        feed_run(&scene.s.feed, &feed, &scene.heard, &scene.ledger), ERR_IO);
}
END_TEST

START_TEST(any_allocation_may_fail)
{
    struct feed_run options = {.corridor = scene.s.world.corridor};
    struct dot key = scene_create(&scene, MEMBER, CLASS_CASE, scene.everyone);
    struct cut cut = world_cut(&scene.s.world, MEMBER, LOG_CHANGES, 1);
    struct world_retire retire = {
        .by = FOUNDER, .target = MEMBER, .cuts = &cut, .cut_count = 1};
    enum err rc = ERR_NOMEM;

    scene_write(&scene, MEMBER, key);
    world_retire(&scene.s.world, &retire);
    scribe_flush(&scene.s);
    for (long n = 0; rc == ERR_NOMEM; n++) {
        heard_release(&scene.heard);
        mem_fault_after(n);
        rc = feed_run(&scene.s.feed, &options, &scene.heard, &scene.ledger);
        mem_fault_after(-1);
        ck_assert(rc == ERR_NOMEM || !mem_fault_hit());
    }
    ck_assert_int_eq(rc, ERR_OK);
    ck_assert_uint_gt(scene.heard.judged_count, 0);
}
END_TEST

/* Every fault has a name of its own, a sentence, and a place in the page. */
START_TEST(every_fault_is_told_in_words)
{
    struct ledger_finding finding = {.fault = (enum ledger_fault)_i};
    const char *name = ledger_fault_name(finding.fault);
    static char page[64 * 1024];
    char quoted[64];
    struct buf text = {0};
    FILE *file = fopen(CORRIDOR_SOURCE "/docs/audit.md", "r");

    ck_assert_ptr_nonnull(file);
    page[fread(page, 1, sizeof(page) - 1, file)] = '\0';
    fclose(file);
    snprintf(quoted, sizeof(quoted), "`%s`", name);
    ck_assert_msg(strstr(page, quoted) != NULL, "%s", name);
    for (int other = 0; other < _i; other++) {
        ck_assert_str_ne(name, ledger_fault_name((enum ledger_fault)other));
    }
    scene_run(&scene);
    finding.log = *scribe_id(&scene.s, scene.s.world.nodes[MEMBER].changes);
    finding.other = *scribe_id(&scene.s, scene.s.world.nodes[FOUNDER].log);
    ledger_finding_put(&text, &finding, ledger_membership(scene.ledger));
    buf_put_u8(&text, 0);
    ck_assert_int_eq(buf_err(&text), ERR_OK);
    ck_assert_ptr_nonnull(strstr((const char *)text.data,
        "ntry 0 of the changes log of Office 1 (node "));
    ck_assert_ptr_null(strstr((const char *)text.data, "%o"));
    buf_release(&text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("ledger");
    TCase *tcase = tcase_create("ledger");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, honest_entries_count_and_nothing_is_found);
    tcase_add_test(tcase, a_grant_is_told_with_all_that_its_header_says);
    tcase_add_test(
        tcase, keys_are_told_with_their_grants_and_what_stands_under_them);
    tcase_add_test(tcase, whoever_is_no_member_writes_nothing);
    tcase_add_test(tcase, who_may_only_read_writes_nothing);
    tcase_add_test(tcase, what_lies_behind_a_cut_is_found);
    tcase_add_test(tcase, a_key_that_was_not_granted_is_not_its_authors);
    tcase_add_test(tcase, a_key_is_granted_by_who_could_open_it_alone);
    tcase_add_test(tcase, a_key_keeps_its_class);
    tcase_add_test(tcase, a_circle_must_have_existed_for_the_author);
    tcase_add_loop_test(tcase, the_firewall_is_seen_from_clear_data, 0, 2);
    tcase_add_loop_test(tcase, kinds_stand_in_their_logs, 0, 5);
    tcase_add_loop_test(tcase, a_body_may_be_withheld_but_not_lost, 0, 3);
    tcase_add_test(tcase, a_statement_without_its_body_is_lost);
    tcase_add_test(tcase, a_control_log_begins_with_its_own_enrolment);
    tcase_add_test(tcase, each_log_is_given_once_and_all_within_the_limit);
    tcase_add_test(tcase, no_more_logs_than_a_corridor_can_have);
    tcase_add_test(tcase, without_a_founding_statement_there_is_nobody);
    tcase_add_test(tcase, an_error_of_source_or_watch_ends_the_run);
    tcase_add_test(tcase, any_allocation_may_fail);
    tcase_add_loop_test(
        tcase, every_fault_is_told_in_words, 0, LEDGER_FAULT_COUNT);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
