/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that writes and acknowledges is killed at random instants: what it
 * acknowledged is there when the store is opened again, and the store is
 * whole. What it had begun may be there or not.
 */
#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/store.h"
#include "tests/lib/run.h"
#include "tests/lib/storage/corridor_fixture.h"

enum {
    KILLS = 36,
    WRITES_MAX = 200, /* by one process, however late it is killed */
    ACKS_MAX = KILLS * WRITES_MAX,
    SPIN_MAX = 400000
};

static struct corridor_fixture f;
static struct record_id acknowledged[ACKS_MAX];
static size_t count;

static void
setup(void)
{
    struct fixture_options options = {
        .offices = 2, .policy = POLICY_SHARE_BY_DEFAULT};

    count = 0;
    fixture_make(&f, &options);
}

static void
teardown(void)
{
    fixture_release(&f);
}

/* The writing process: cases, now and then the index; then it is gone. */
static void
write_until_killed(int out)
{
    fixture_open(&f, 0);
    for (int i = 0; i < WRITES_MAX; i++) {
        struct record_id id = fixture_case(&f, 0, "acknowledged");
        bool left = false;

        if (write(out, id.bytes, sizeof(id.bytes)) != sizeof(id.bytes)) {
            break;
        }
        if (i % 5 == 4) {
            fixture_begin(&f, 0);
            if (store_index(f.offices[0].store, 3, &left, &f.msg) != ERR_OK) {
                break;
            }
            fixture_commit(&f, 0);
        }
    }
    _exit(0);
}

static bool
read_ack(int in)
{
    struct record_id id;

    if (read(in, id.bytes, sizeof(id.bytes)) != sizeof(id.bytes)) {
        return false;
    }
    ck_assert_uint_lt(count, ACKS_MAX);
    acknowledged[count++] = id;
    return true;
}

/* A while that no clock measures, so that kills fall anywhere. */
static void
spin(uint64_t turns)
{
    volatile uint64_t turn = 0;

    while (turn < turns) {
        turn = turn + 1;
    }
}

static void
kill_one(void)
{
    uint64_t acks = prng_below(&f.prng, 12);
    uint64_t turns = prng_below(&f.prng, SPIN_MAX);
    int ends[2];
    pid_t child = 0;

    ck_assert_int_eq(pipe(ends), 0);
    f.wall_ms += 100000;
    prng_next(&f.prng);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        close(ends[0]);
        write_until_killed(ends[1]);
    }
    close(ends[1]);
    for (uint64_t i = 0; i < acks && read_ack(ends[0]); i++) {
    }
    spin(turns);
    kill(child, SIGKILL);
    while (read_ack(ends[0])) {
    }
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

static void
expect_acknowledged(void)
{
    struct view *view = NULL;

    ck_assert_int_eq(view_open(&view, f.offices[0].store, &f.msg), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        struct record record;

        ck_assert_msg(view_record(view, FIXTURE_CASE, &acknowledged[i], &record,
                          &f.msg) == ERR_OK,
            "acknowledged write %zu of %zu is lost", i, count);
        record_release(&record);
    }
    view_close(view);
}

START_TEST(nothing_acknowledged_is_lost_to_kill_9)
{
    for (int i = 0; i < KILLS; i++) {
        fixture_close(&f, 0);
        kill_one();
        fixture_open(&f, 0);
        expect_acknowledged();
        if (i % 6 == 5) {
            fixture_verify(&f, 0, true);
        }
    }
    ck_assert_uint_gt(count, KILLS);
    fixture_verify(&f, 0, true);
    fixture_sync(&f);
    fixture_expect_same(&f, 0, 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("kill");
    TCase *tcase = tcase_create("kill");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, nothing_acknowledged_is_lost_to_kill_9);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
