/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/writer.h"

#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

enum { JOBS = 50 };

static struct corridor_fixture f;
static struct writer *writer;
static atomic_int commits; /* of the writer */
static uint64_t now_ms;

/* A job that writes one note; some fail, before or after they wrote. */
enum behaviour { WRITES, FAILS_CLEAN, FAILS_DIRTY, FAILS_FIRST };

struct note_job {
    struct job job;
    int number;
    enum behaviour behaviour;
    int runs;
    atomic_int done;
    enum err rc;
};
static struct note_job jobs[JOBS];

static uint64_t
wall(void *context)
{
    (void)context;
    return now_ms;
}

static void
committed(void *context)
{
    (void)context;
    atomic_fetch_add(&commits, 1);
}

static enum err
run(struct job *job, struct store *store, struct err_msg *msg)
{
    struct note_job *note = LIST_ITEM(job, struct note_job, job);
    char name[32];
    enum err rc = ERR_OK;

    note->runs++;
    now_ms++;
    if (note->behaviour == FAILS_CLEAN) {
        return err_set(msg, ERR_DENIED, "it may not");
    }
    snprintf(name, sizeof(name), "note %d", note->number);
    rc = store_put_note(store, bytes_text(name), bytes_text("x"), msg);
    if (note->behaviour == FAILS_DIRTY ||
        (note->behaviour == FAILS_FIRST && note->runs == 1)) {
        return err_set(msg, ERR_TOO_BIG, "it failed half-way");
    }
    return rc;
}

static void
done(struct job *job, enum err rc, const struct err_msg *msg)
{
    struct note_job *note = LIST_ITEM(job, struct note_job, job);

    note->rc = rc;
    ck_assert((rc == ERR_OK) == (msg->text[0] == '\0'));
    atomic_fetch_add(&note->done, 1);
}

static void
setup(void)
{
    struct fixture_options options = {.offices = 1};

    fixture_make(&f, &options);
    memset(jobs, 0, sizeof(jobs));
    for (int i = 0; i < JOBS; i++) {
        jobs[i].number = i;
        jobs[i].job.run = run;
        jobs[i].job.done = done;
        jobs[i].job.bytes = 100;
    }
    atomic_store(&commits, 0);
    now_ms = f.wall_ms;
}

static void
start(bool has_thread)
{
    struct writer_options options = {.store = f.offices[0].store,
        .has_thread = has_thread,
        .wall_ms = wall,
        .monotonic_ms = wall,
        .committed = committed};

    ck_assert_int_eq(writer_new(&writer, &options, &f.msg), ERR_OK);
}

static void
teardown(void)
{
    writer_free(writer);
    writer = NULL;
    fixture_release(&f);
}

static void
submit(int count)
{
    for (int i = 0; i < count; i++) {
        ck_assert_int_eq(writer_submit(writer, &jobs[i].job), ERR_OK);
    }
}

static bool
has_note(int number)
{
    struct view *view = NULL;
    struct buf out = {0};
    char name[32];
    enum err rc = ERR_OK;

    snprintf(name, sizeof(name), "note %d", number);
    ck_assert_int_eq(view_open(&view, f.offices[0].store, &f.msg), ERR_OK);
    rc = view_note(view, bytes_text(name), &out, &f.msg);
    ck_assert(rc == ERR_OK || rc == ERR_NOT_FOUND);
    view_close(view);
    buf_release(&out);
    return rc == ERR_OK;
}

START_TEST(fifty_jobs_share_one_commit)
{
    start(false);
    submit(JOBS);
    writer_drain(writer);
    ck_assert_int_eq(commits, 1);
    for (int i = 0; i < JOBS; i++) {
        ck_assert_int_eq(jobs[i].done, 1);
        ck_assert_int_eq(jobs[i].rc, ERR_OK);
        ck_assert_int_eq(jobs[i].runs, 1);
        ck_assert(has_note(i));
    }
}
END_TEST

START_TEST(a_job_that_changes_nothing_leaves_the_others_alone)
{
    start(false);
    jobs[7].behaviour = FAILS_CLEAN;
    submit(20);
    writer_drain(writer);
    ck_assert_int_eq(commits, 1);
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(jobs[i].rc, i == 7 ? ERR_DENIED : ERR_OK);
        ck_assert_int_eq(jobs[i].runs, 1);
        ck_assert(has_note(i) == (i != 7));
    }
}
END_TEST

START_TEST(a_job_that_fails_half_way_is_undone_and_the_others_are_not)
{
    start(false);
    jobs[7].behaviour = FAILS_DIRTY;
    jobs[9].behaviour = FAILS_CLEAN;
    submit(20);
    writer_drain(writer);
    for (int i = 0; i < 20; i++) {
        enum err expected = ERR_OK;

        if (i == 7) {
            expected = ERR_TOO_BIG;
        } else if (i == 9) {
            expected = ERR_DENIED;
        }
        ck_assert_int_eq(jobs[i].rc, expected);
        ck_assert_int_eq(jobs[i].done, 1);
        ck_assert(has_note(i) == (expected == ERR_OK));
    }
    ck_assert_int_eq(jobs[0].runs, 2);
    fixture_verify(&f, 0, true);
}
END_TEST

START_TEST(jobs_that_all_fail_write_nothing)
{
    start(false);
    for (int i = 0; i < 5; i++) {
        jobs[i].behaviour = FAILS_CLEAN;
    }
    submit(5);
    writer_drain(writer);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(jobs[i].rc, ERR_DENIED);
        ck_assert(!has_note(i));
    }
    /* And the next one can write. */
    jobs[6].job.bytes = 1;
    ck_assert_int_eq(writer_submit(writer, &jobs[6].job), ERR_OK);
    writer_drain(writer);
    ck_assert(has_note(6));
}
END_TEST

START_TEST(a_commit_that_fails_is_tried_again_one_by_one)
{
    start(false);
    f.offices[0].faults.commits_left = 0;
    submit(10);
    writer_drain(writer);
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(jobs[i].rc, ERR_OK);
        ck_assert_int_eq(jobs[i].runs, 2);
        ck_assert(has_note(i));
    }
}
END_TEST

START_TEST(a_write_that_fails_hits_no_more_than_its_own_job)
{
    int failed = 0;

    start(false);
    for (long n = 0; n < 12; n++) {
        for (int i = 0; i < 4; i++) {
            jobs[i].runs = 0;
            atomic_store(&jobs[i].done, 0);
        }
        f.offices[0].faults.writes_left = n;
        submit(4);
        writer_drain(writer);
        f.offices[0].faults.writes_left = -1;
        for (int i = 0; i < 4; i++) {
            ck_assert_int_eq(jobs[i].done, 1);
            failed += jobs[i].rc != ERR_OK;
        }
    }
    /* The group meets the fault, and each job is well by itself. */
    ck_assert_int_eq(failed, 0);
    fixture_verify(&f, 0, true);
}
END_TEST

START_TEST(a_queue_that_is_full_says_so)
{
    start(false);
    jobs[0].job.bytes = WRITER_QUEUE_BYTES_MAX;
    jobs[1].job.bytes = 1;
    ck_assert_int_eq(writer_submit(writer, &jobs[0].job), ERR_OK);
    ck_assert_int_eq(writer_submit(writer, &jobs[1].job), ERR_BUSY);
    ck_assert_int_eq(jobs[1].done, 0);
    writer_drain(writer);
    ck_assert_int_eq(writer_submit(writer, &jobs[1].job), ERR_OK);
    writer_drain(writer);
    ck_assert_int_eq(jobs[1].done, 1);
}
END_TEST

START_TEST(a_thread_does_the_same_and_finishes_before_it_stops)
{
    start(true);
    submit(JOBS);
    writer_drain(writer);
    for (int i = 0; i < JOBS; i++) {
        ck_assert_int_eq(jobs[i].done, 1);
        ck_assert_int_eq(jobs[i].rc, ERR_OK);
        ck_assert(has_note(i));
    }
    ck_assert_int_le(commits, JOBS);
    ck_assert_uint_gt(writer_pulse(writer), 0);
    for (int i = 0; i < JOBS; i++) {
        atomic_store(&jobs[i].done, 0);
    }
    submit(JOBS);
    writer_free(writer);
    writer = NULL;
    for (int i = 0; i < JOBS; i++) {
        ck_assert_int_eq(jobs[i].done, 1);
    }
}
END_TEST

/* A job that edits: the backlog bounds the commit. */
START_TEST(a_commit_is_bounded_by_time)
{
    start(false);
    jobs[0].behaviour = WRITES;
    submit(JOBS);
    now_ms += WRITER_COMMIT_MS_MAX; /* before the first; then one a job */
    writer_drain(writer);
    ck_assert_int_eq(commits, 1);
    for (int i = 0; i < JOBS; i++) {
        atomic_store(&jobs[i].done, 0);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("writer");
    TCase *tcase = tcase_create("writer");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, fifty_jobs_share_one_commit);
    tcase_add_test(tcase, a_job_that_changes_nothing_leaves_the_others_alone);
    tcase_add_test(
        tcase, a_job_that_fails_half_way_is_undone_and_the_others_are_not);
    tcase_add_test(tcase, jobs_that_all_fail_write_nothing);
    tcase_add_test(tcase, a_commit_that_fails_is_tried_again_one_by_one);
    tcase_add_test(tcase, a_write_that_fails_hits_no_more_than_its_own_job);
    tcase_add_test(tcase, a_queue_that_is_full_says_so);
    tcase_add_test(tcase, a_thread_does_the_same_and_finishes_before_it_stops);
    tcase_add_test(tcase, a_commit_is_bounded_by_time);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
