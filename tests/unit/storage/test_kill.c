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

#include "storage/vouch.h"
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

/* The writing process: office 1's cases come in, and each time its log is
 * cosigned; what is told is the size, once that is durable. */
static void
cosign_until_killed(int out)
{
    fixture_open(&f, 0);
    fixture_open(&f, 1);
    for (int i = 0; i < WRITES_MAX; i++) {
        struct fixture_pump pump = {.from = 1, .to = 0};
        struct log_id id = {f.offices[1].node, LOG_CHANGES};
        struct view *view = NULL;
        struct head head;
        size_t made = 0;

        (void)fixture_case(&f, 1, "vouched for");
        fixture_pump(&f, &pump);
        fixture_begin(&f, 0);
        if (store_cosign(f.offices[0].store, &made, &f.msg) != ERR_OK) {
            break;
        }
        fixture_commit(&f, 0);
        if (view_open(&view, f.offices[0].store, &f.msg) != ERR_OK ||
            view_head(view, &id, &head, &f.msg) != ERR_OK) {
            break;
        }
        view_close(view);
        if (write(out, &head.size, sizeof(head.size)) != sizeof(head.size)) {
            break;
        }
    }
    _exit(0);
}

/* Kill it after a few; the greatest size that it told. */
static uint64_t
kill_cosigner(void)
{
    uint64_t acks = 1 + prng_below(&f.prng, 8);
    uint64_t turns = prng_below(&f.prng, SPIN_MAX);
    uint64_t told = 0;
    int ends[2];
    pid_t child = 0;

    ck_assert_int_eq(pipe(ends), 0);
    f.wall_ms += 100000;
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        close(ends[0]);
        cosign_until_killed(ends[1]);
    }
    close(ends[1]);
    for (uint64_t i = 0; i < acks; i++) {
        ck_assert_int_eq(read(ends[0], &told, sizeof(told)), sizeof(told));
    }
    spin(turns);
    kill(child, SIGKILL);
    while (read(ends[0], &told, sizeof(told)) == sizeof(told)) {
    }
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    return told;
}

static bool
take_own(void *context, const struct cosignature_item *item)
{
    struct cosignature_item *out = context;

    if (node_id_equal(&item->cosignature.cosigner, &f.offices[0].node)) {
        *out = *item;
    }
    return true;
}

/* A node that signed for less than it showed before would have forgotten. */
START_TEST(no_cosignature_that_was_shown_is_lost_to_kill_9)
{
    struct log_id id = {f.offices[1].node, LOG_CHANGES};
    uint64_t time = 0;

    for (int i = 0; i < KILLS / 3; i++) {
        struct cosignature_item own = {.sequence = 0};
        struct view *view = NULL;
        uint64_t told = 0;

        fixture_close(&f, 0);
        fixture_close(&f, 1);
        told = kill_cosigner();
        fixture_open(&f, 0);
        fixture_open(&f, 1);
        ck_assert_int_eq(view_open(&view, f.offices[0].store, &f.msg), ERR_OK);
        ck_assert_int_eq(
            view_cosignatures(view, &id, take_own, &own, &f.msg), ERR_OK);
        view_close(view);
        ck_assert_uint_ge(own.cosignature.size, told);
        ck_assert_uint_ge(own.cosignature.time, time);
        ck_assert(own.agrees);
        time = own.cosignature.time;
    }
    fixture_verify(&f, 0, true);
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
    tcase_add_test(tcase, no_cosignature_that_was_shown_is_lost_to_kill_9);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
