/* SPDX-License-Identifier: Apache-2.0 */
/* Stories of small corridors: the transcript is the test. */
#include "crypto/base/cbor.h"
#include "tests/lib/run.h"
#include "tests/sim/host.h"
#include "tests/stories/story.h"

START_TEST(two_offices_edit_at_once_and_one_settles)
{
    struct story story;

    story_begin(&story, 2);
    story_join(&story, 'b', 'a');
    story_make(&story, 'a', "first");
    sim_pass(&story.sim, 1000);
    story_part(&story, 'a', 'b');
    story_expect(&story, "1000 a starts\n"
                         "2000 b starts\n"
                         "2124 b takes a's control log from 0 to 8: no error\n"
                         "2124 b is synced\n"
                         "2144 a is synced\n"
                         "3001 b is enrolled\n"
                         "3023 a takes b's control log from 0 to 2: no error\n"
                         "3023 a is synced\n"
                         "3043 b is synced\n"
                         "4001 a sets case.summary: no error\n"
                         "4001 a has made record 0\n"
                         "4022 b takes a's changes from 0 to 1: no error\n"
                         "4022 b is synced\n"
                         "4042 a is synced\n"
                         "5820 a: a call ends: the link broke\n"
                         "7198 b: a call ends: the link broke\n");
    story_write(&story, 'a', 0, "summary", "hers");
    story_write(&story, 'b', 0, "summary", "his");
    story_write(&story, 'b', 0, "assignee", "desk 2");
    story_meet(&story, 'b', 'a');
    story_show(&story, 'a', 0, "summary");
    story_show(&story, 'b', 0, "summary");
    story_show(&story, 'a', 0, "assignee");
    story_expect(&story,
        "9101 a sets case.summary: no error\n"
        "9201 b sets case.summary: no error\n"
        "9301 b sets case.assignee: no error\n"
        "9482 b takes a's changes from 1 to 2: no error\n"
        "9502 a takes b's changes from 0 to 2: no error\n"
        "9502 a is synced\n"
        "9522 b is synced\n"
        "10400 a shows summary: \"his\", \"hers\", to be settled\n"
        "10400 b shows summary: \"his\", \"hers\", to be settled\n"
        "10400 a shows assignee: \"desk 2\"\n");
    story_write(&story, 'a', 0, "summary", "both");
    sim_pass(&story.sim, 1000);
    story_show(&story, 'a', 0, "summary");
    story_show(&story, 'b', 0, "summary");
    story_expect(&story, "10401 a sets case.summary: no error\n"
                         "10422 b takes a's changes from 2 to 3: no error\n"
                         "10422 b is synced\n"
                         "10442 a is synced\n"
                         "11500 a shows summary: \"both\"\n"
                         "11500 b shows summary: \"both\"\n");
    story_end(&story);
}
END_TEST

START_TEST(what_one_office_wrote_reaches_another_through_a_third)
{
    struct story story;

    story_begin(&story, 3);
    story_join(&story, 'b', 'a');
    story_make(&story, 'b', "by the river");
    sim_pass(&story.sim, 1000);
    host_stop(story_host(&story, 'b'));
    story_expect(&story, "1000 a starts\n"
                         "2000 b starts\n"
                         "2124 b takes a's control log from 0 to 8: no error\n"
                         "2124 b is synced\n"
                         "2144 a is synced\n"
                         "3001 b is enrolled\n"
                         "3023 a takes b's control log from 0 to 2: no error\n"
                         "3023 a is synced\n"
                         "3043 b is synced\n"
                         "4001 b sets case.summary: no error\n"
                         "4001 b has made record 0\n"
                         "4022 a takes b's changes from 0 to 1: no error\n"
                         "4022 a is synced\n"
                         "4042 b is synced\n"
                         "5100 b stops\n"
                         "5100 b: a call ends: shutting down\n");
    story_join(&story, 'c', 'a');
    story_show(&story, 'c', 0, "summary");
    story_write(&story, 'c', 0, "summary", "by the bridge");
    sim_pass(&story.sim, 1000);
    story_part(&story, 'a', 'c');
    host_stop(story_host(&story, 'c'));
    story_expect(&story, "5100 c starts\n"
                         "5120 a: a call ends: shutting down\n"
                         "5225 c takes a's control log from 0 to 11: no error\n"
                         "5225 c takes b's control log from 0 to 2: no error\n"
                         "5225 c takes b's changes from 0 to 1: no error\n"
                         "5225 c is synced\n"
                         "5245 a is synced\n"
                         "6101 c is enrolled\n"
                         "6123 a takes c's control log from 0 to 2: no error\n"
                         "6123 a is synced\n"
                         "6143 c is synced\n"
                         "7100 c shows summary: \"by the river\"\n"
                         "7101 c sets case.summary: no error\n"
                         "7122 a takes c's changes from 0 to 1: no error\n"
                         "7122 a is synced\n"
                         "7142 c is synced\n"
                         "10102 a: a call ends: the link broke\n"
                         "10334 c: a call ends: the link broke\n"
                         "12200 c stops\n");
    host_boot(story_host(&story, 'b'));
    story_show(&story, 'b', 0, "summary");
    story_meet(&story, 'b', 'a');
    story_show(&story, 'b', 0, "summary");
    story_expect(&story,
        "12200 b starts\n"
        "12200 b shows summary: \"by the river\"\n"
        "12281 b takes a's control log from 8 to 11: no error\n"
        "12282 b takes c's control log from 0 to 2: no error\n"
        "12282 b takes c's changes from 0 to 1: no error\n"
        "12282 b is synced\n"
        "12302 a is synced\n"
        "13200 b shows summary: \"by the bridge\"\n");
    story_end(&story);
}
END_TEST

START_TEST(a_crash_within_a_catch_up_costs_what_was_not_written)
{
    struct story story;
    struct host *b = NULL;

    story_begin(&story, 2);
    story_join(&story, 'b', 'a');
    story_part(&story, 'a', 'b');
    story_make(&story, 'a', "one");
    story_make(&story, 'a', "two");
    story_make(&story, 'a', "three");
    story_expect(&story, "1000 a starts\n"
                         "2000 b starts\n"
                         "2124 b takes a's control log from 0 to 8: no error\n"
                         "2124 b is synced\n"
                         "2144 a is synced\n"
                         "3001 b is enrolled\n"
                         "3023 a takes b's control log from 0 to 2: no error\n"
                         "3023 a is synced\n"
                         "3043 b is synced\n"
                         "4869 b: a call ends: the link broke\n"
                         "6376 a: a call ends: the link broke\n"
                         "8001 a sets case.summary: no error\n"
                         "8001 a has made record 0\n"
                         "8101 a sets case.summary: no error\n"
                         "8101 a has made record 1\n"
                         "8201 a sets case.summary: no error\n"
                         "8201 a has made record 2\n");
    b = story_host(&story, 'b');
    b->disk.crash_in = 0;
    b->disk.crash_how = DISK_CRASH_BEFORE;
    story_meet(&story, 'b', 'a');
    sim_pass(&story.sim, 4000);
    host_boot(b);
    story_show(&story, 'b', 2, "summary");
    story_meet(&story, 'b', 'a');
    story_show(&story, 'b', 2, "summary");
    story_expect(&story,
        "8381 b takes a's changes from 0 to 3: no error\n"
        "8381 b takes a's changes from 0 to 3: newer version exists\n"
        "8381 b crashes\n"
        "8381 b: a call ends: shutting down\n"
        "11051 a: a call ends: the link broke\n"
        "13300 b starts\n"
        "13300 b has no such record\n"
        "13381 b takes a's changes from 0 to 3: no error\n"
        "13381 b is synced\n"
        "13401 a is synced\n"
        "14300 b shows summary: \"three\"\n");
    story_end(&story);
}
END_TEST

/* Not told to the oracle: what becomes of it is the question. */
static enum err
run_unseen(struct host_write *write, struct store *store, struct err_msg *msg)
{
    const struct fact_record *facts = &write->host->sim->oracle.records[0];
    const struct schema_kind *kind =
        schema_kind(write->host->sim->schema, facts->kind);
    struct buf value = {0};
    struct change_op op = {.action = ACTION_SET, .has_value = true};
    struct edit edit = {
        .kind = facts->kind, .id = facts->id, .ops = &op, .op_count = 1};
    struct edit_result result;
    enum err rc = ERR_OK;

    op.field = schema_field_by_name(kind, bytes_text("assignee"))->number;
    cbor_put_array(&value, 2);
    cbor_put_cstr(&value, "another desk");
    cbor_put_null(&value);
    op.value = buf_bytes(&value);
    rc = store_edit(store, &edit, &result, msg);
    buf_release(&value);
    return rc;
}

static void
done_unseen(struct host_write *write, enum err rc)
{
    sim_say(write->host->sim, "%s writes where it wrote before: %s",
        write->host->name, err_text(rc));
}

START_TEST(a_node_that_wrote_on_after_a_restore_is_found_out)
{
    struct story story;
    struct host *b = NULL;
    struct log_id id = {.kind = LOG_CHANGES};
    struct host_write write = {.run = run_unseen, .done = done_unseen};

    story_begin(&story, 2);
    story_join(&story, 'b', 'a');
    b = story_host(&story, 'b');
    id.node = *host_id(b);
    story_make(&story, 'b', "one");
    host_back_up(b);
    story_write(&story, 'b', 0, "assignee", "desk 1");
    story_write(&story, 'b', 0, "assignee", "desk 2");
    sim_pass(&story.sim, 1000);
    story_expect(&story, "1000 a starts\n"
                         "2000 b starts\n"
                         "2124 b takes a's control log from 0 to 8: no error\n"
                         "2124 b is synced\n"
                         "2144 a is synced\n"
                         "3001 b is enrolled\n"
                         "3023 a takes b's control log from 0 to 2: no error\n"
                         "3023 a is synced\n"
                         "3043 b is synced\n"
                         "4001 b sets case.summary: no error\n"
                         "4001 b has made record 0\n"
                         "4022 a takes b's changes from 0 to 1: no error\n"
                         "4022 a is synced\n"
                         "4042 b is synced\n"
                         "4101 b sets case.assignee: no error\n"
                         "4122 a takes b's changes from 1 to 2: no error\n"
                         "4122 a is synced\n"
                         "4142 b is synced\n"
                         "4201 b sets case.assignee: no error\n"
                         "4222 a takes b's changes from 2 to 3: no error\n"
                         "4222 a is synced\n"
                         "4242 b is synced\n");
    host_crash(b);
    host_restore(b);
    host_boot(b);
    story.sim.truth.logs[truth_log(&story.sim, &id)].is_forked = true;
    story.sim.is_unjudged = true;
    host_submit(b, &write);
    sim_pass(&story.sim, 4000);
    story_meet(&story, 'b', 'a');
    story_show_forks(&story, 'a');
    story_show_forks(&story, 'b');
    story_show(&story, 'a', 0, "assignee");
    host_submit(b, &write);
    sim_pass(&story.sim, 1000);
    story_expect(&story,
        "5300 b crashes\n"
        "5300 b: a call ends: shutting down\n"
        "5300 b gets an older disk\n"
        "5300 b starts\n"
        "5301 b writes where it wrote before: no error\n"
        "7522 a: a call ends: the link broke\n"
        "9382 b takes b's changes from 2 to 3: signature or proof does not "
        "hold\n"
        "9422 b is synced\n"
        "9442 a is synced\n"
        "10300 a knows that b's changes log is forked\n"
        "10300 b knows that b's changes log is forked\n"
        "10300 a shows assignee: \"desk 2\"\n"
        "10301 b writes where it wrote before: two histories of one log\n");
    story_end(&story);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("stories");
    TCase *tcase = tcase_create("stories");

    tcase_add_test(tcase, two_offices_edit_at_once_and_one_settles);
    tcase_add_test(
        tcase, what_one_office_wrote_reaches_another_through_a_third);
    tcase_add_test(tcase, a_crash_within_a_catch_up_costs_what_was_not_written);
    tcase_add_test(tcase, a_node_that_wrote_on_after_a_restore_is_found_out);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
