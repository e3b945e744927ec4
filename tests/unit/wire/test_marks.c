/* SPDX-License-Identifier: Apache-2.0 */
/* Marks, and the words that they lead to; test_word.c has hostile peers. */
#include <check.h>
#include <string.h>

#include "sync/wire/session.h"
#include "tests/lib/run.h"
#include "tests/lib/wire/world.h"

static struct world world;
static const struct world_dial once = {.once = true};
static const struct world_dial stay = {0};

static void
setup(void)
{
    world_init(&world);
    world.delay_ms = 50;
}

static void
teardown(void)
{
    world_release(&world);
}

START_TEST(a_fork_of_equal_sizes_is_found_at_rest)
{
    world_store(&world, 'a', "cc", 5);
    world_store(&world, 'b', "cc", 5);
    world_store(&world, 'a', "ac", 2);
    world_store(&world, 'b', "ac", 2);
    world_branch(&world, 'b', "cc");
    world_dial(&world, 'a', 'b', &stay);
    world_run(&world, 10000);
    world_expect(&world, "0 a-b send 210\n"
                         "50 b-a authenticate psk 0 cert 0\n"
                         "50 b-a send 162\n"
                         "100 a-b differs: heads\n"
                         "100 a-b peer has ac2 cc5\n"
                         "100 a-b bases ac2 cc5 | ac2 cc5\n"
                         "100 a-b send 258\n"
                         "100 a-b send 516\n"
                         "150 b-a differs: heads\n"
                         "150 b-a peer has ac2 cc5\n"
                         "150 b-a bases ac2 cc5 | ac2 cc5\n"
                         "150 b-a heard head cc\n"
                         "150 b-a heard head ac\n"
                         "150 b-a send 516\n"
                         "150 b-a send 258\n"
                         "200 a-b heard head cc\n"
                         "200 a-b heard head ac\n"
                         "200 a-b synced\n"
                         "200 a-b send 258\n"
                         "250 b-a synced\n");
}
END_TEST

START_TEST(evidence_goes_on_to_who_met_neither_branch)
{
    world_store(&world, 'a', "cc", 5);
    world_store(&world, 'b', "cc", 5);
    world_dial(&world, 'a', 'b', &stay);
    world_run(&world, 5000);
    buf_clear(&world.transcript);
    world_freeze(&world, 'a', "cc");
    world_run(&world, 10000);
    world_expect(&world, "4000 a-b send 258\n"
                         "5000 a-b differs: forks\n"
                         "5000 a-b send 516\n"
                         "5050 b-a differs: forks\n"
                         "5050 b-a heard fork cc\n"
                         "5050 b-a synced\n"
                         "5050 b-a send 258\n"
                         "5100 a-b synced\n");
}
END_TEST

START_TEST(vouches_are_exchanged_by_who_hangs_up)
{
    world_store(&world, 'a', "cc", 5);
    world_store(&world, 'b', "cc", 5);
    world_vouch(&world, 'a', 1);
    world_vouch(&world, 'b', 2);
    world_dial(&world, 'a', 'b', &once);
    world_run(&world, 20000);
    world_expect(&world, "0 a-b send 210\n"
                         "50 b-a authenticate psk 0 cert 0\n"
                         "50 b-a send 162\n"
                         "100 a-b synced\n"
                         "100 a-b differs: vouches\n"
                         "100 a-b peer has cc5\n"
                         "100 a-b bases cc5 | cc5\n"
                         "100 a-b send 258\n"
                         "100 a-b send 258\n"
                         "150 b-a synced\n"
                         "150 b-a differs: vouches\n"
                         "150 b-a peer has cc5\n"
                         "150 b-a bases cc5 | cc5\n"
                         "150 b-a heard vouch vx\n"
                         "150 b-a send 258\n"
                         "150 b-a send 258\n"
                         "200 a-b heard vouch vx\n"
                         "200 a-b send 258\n"
                         "200 a-b hang up: nothing more to exchange\n"
                         "250 b-a hang up: nothing more to exchange\n");
}
END_TEST

START_TEST(a_frozen_log_is_neither_sent_nor_expected)
{
    world_store(&world, 'a', "cc", 5);
    world_store(&world, 'b', "cc", 9);
    world_freeze(&world, 'a', "cc");
    world_freeze(&world, 'b', "cc");
    world_store(&world, 'b', "bc", 1);
    world_dial(&world, 'a', 'b', &stay);
    world_run(&world, 3000);
    world_write(&world, 'b', "cc", 1);
    world_run(&world, 10000);
    world_expect(&world, "0 a-b send 210\n"
                         "50 b-a authenticate psk 0 cert 0\n"
                         "50 b-a read bc0\n"
                         "50 b-a send 162\n"
                         "50 b-a send 772\n"
                         "100 a-b peer has bc1 cc9\n"
                         "100 a-b bases cc5 | bc1 cc9\n"
                         "100 a-b send 258\n"
                         "100 a-b accept bc0-1\n"
                         "100 a-b synced\n"
                         "100 a-b send 258\n"
                         "150 b-a peer has cc5\n"
                         "150 b-a bases bc1 cc9 | cc5\n"
                         "150 b-a synced\n"
                         "150 b-a peer has bc1 cc5\n"
                         "150 b-a bases bc1 cc9 | bc1 cc5\n"
                         "150 b-a send 258\n"
                         "200 a-b bases bc1 cc5 | bc1 cc9\n"
                         "2000 b-a send 258\n"
                         "2050 a-b peer has bc1 cc10\n"
                         "2050 a-b bases bc1 cc5 | bc1 cc10\n"
                         "2050 a-b send 258\n"
                         "2100 b-a bases bc1 cc10 | bc1 cc5\n");
}
END_TEST

START_TEST(who_knows_of_a_fork_tells_who_goes_on_sending)
{
    world_store(&world, 'a', "cc", 5);
    world_store(&world, 'b', "cc", 9);
    world_store(&world, 'b', "bc", 1);
    world_freeze(&world, 'a', "cc");
    world_dial(&world, 'a', 'b', &stay);
    world_run(&world, 10000);
    world_expect(&world, "0 a-b send 210\n"
                         "50 b-a authenticate psk 0 cert 0\n"
                         "50 b-a read cc5\n"
                         "50 b-a read bc0\n"
                         "50 b-a send 162\n"
                         "50 b-a send 2056\n"
                         "50 b-a send 772\n"
                         "100 a-b peer has bc1 cc9\n"
                         "100 a-b bases cc5 | bc1 cc9\n"
                         "100 a-b send 258\n"
                         "100 a-b accept cc5-9\n"
                         "100 a-b accept bc0-1\n"
                         "100 a-b differs: forks\n"
                         "100 a-b send 258\n"
                         "100 a-b send 516\n"
                         "150 b-a peer has cc5\n"
                         "150 b-a bases bc1 cc9 | cc5\n"
                         "150 b-a differs: forks\n"
                         "150 b-a peer has bc1 cc9\n"
                         "150 b-a bases bc1 cc9 | bc1 cc9\n"
                         "150 b-a send 258\n"
                         "150 b-a heard fork cc\n"
                         "150 b-a synced\n"
                         "150 b-a send 258\n"
                         "200 a-b bases bc1 cc9 | bc1 cc9\n"
                         "200 a-b synced\n");
}
END_TEST

/* What one lacks of a frozen log nobody sends it, so what counts that never
 * fits, and the clocks do not become equal: only evidence can tell it why. */
START_TEST(who_cannot_go_on_for_a_fork_is_told_of_it)
{
    struct world_node *behind = world_node(&world, 'b');

    world_store(&world, 'a', "cc", 9);
    world_store(&world, 'b', "cc", 5);
    world_store(&world, 'a', "ac", 3);
    world_freeze(&world, 'a', "cc");
    behind->takes_nothing = true;
    world_dial(&world, 'a', 'b', &stay);
    world_run(&world, 10000);
    world_expect(&world, "0 a-b send 210\n"
                         "50 b-a authenticate psk 0 cert 0\n"
                         "50 b-a send 162\n"
                         "100 a-b read ac0\n"
                         "100 a-b peer has cc5\n"
                         "100 a-b bases ac3 cc9 | cc5\n"
                         "100 a-b send 258\n"
                         "100 a-b send 1542\n"
                         "150 b-a peer has ac3 cc9\n"
                         "150 b-a bases cc5 | ac3 cc9\n"
                         "150 b-a accept ac0-3\n"
                         "150 b-a send 258\n"
                         "1150 b-a differs: forks\n"
                         "1200 a-b differs: forks\n"
                         "1200 a-b send 516\n"
                         "1250 b-a heard fork cc\n"
                         "2250 b-a send 258\n"
                         "2300 a-b read ac0\n"
                         "2300 a-b send 1542\n"
                         "2350 b-a accept ac0-3\n"
                         "2350 b-a send 258\n");
    ck_assert_uint_eq(behind->frozen_count, 1);
}
END_TEST

static size_t
count_in_transcript(const char *what)
{
    const char *at = (const char *)world.transcript.data;
    size_t count = 0;

    buf_put_u8(&world.transcript, 0);
    for (at = strstr(at, what); at != NULL; at = strstr(at + 1, what)) {
        count++;
    }
    buf_truncate(&world.transcript, world.transcript.size - 1);
    return count;
}

/* A newcomer waits for entries of a log that nobody sends any more, and takes
 * nothing until then: clocks do not become equal before it knows why. */
START_TEST(evidence_goes_to_who_cannot_go_on_without_it)
{
    struct world_dial dial = {.is_join = _i == 0, .has_cert = _i == 0};
    struct world_node *b = world_node(&world, 'b');

    world_store(&world, 'a', "ac", 2);
    world_store(&world, 'a', "cc", 5);
    world_freeze(&world, 'a', "cc");
    b->takes_nothing = true;
    world_dial(&world, 'b', 'a', &dial);
    while (b->frozen_count == 0 && world.now_ms < 60000) {
        world_run(&world, world.now_ms + 10);
    }
    b->takes_nothing = false;
    world_run(&world, 300 * 1000);
    ck_assert_uint_eq(count_in_transcript("a-b differs: forks"), 1);
    ck_assert_uint_eq(count_in_transcript("a-b synced"), 1);
}
END_TEST

START_TEST(evidence_is_said_again_when_a_peer_may_know_the_log)
{
    struct world_node *b = world_node(&world, 'b');

    world_store(&world, 'a', "cc", 5);
    world_freeze(&world, 'a', "cc");
    b->hears_nothing = true;
    world_dial(&world, 'b', 'a', &stay);
    world_run(&world, 300 * 1000);
    ck_assert_uint_eq(count_in_transcript("a-b differs: forks"), 1);
    b->hears_nothing = false;
    world_write(&world, 'b', "bx", 1);
    world_run(&world, 600 * 1000);
    ck_assert_uint_eq(count_in_transcript("a-b differs: forks"), 2);
    ck_assert_uint_eq(b->frozen_count, 1);
}
END_TEST

START_TEST(a_peer_without_marks_is_in_step_by_its_clock)
{
    world_node(&world, 'b')->tells_no_marks = true;
    world_store(&world, 'a', "cc", 5);
    world_store(&world, 'b', "cc", 5);
    world_branch(&world, 'b', "cc");
    world_vouch(&world, 'a', 1);
    world_dial(&world, 'a', 'b', &once);
    world_run(&world, 20000);
    world_expect(&world, "0 a-b send 210\n"
                         "50 b-a authenticate psk 0 cert 0\n"
                         "50 b-a send 162\n"
                         "100 a-b synced\n"
                         "100 a-b peer has cc5\n"
                         "100 a-b bases cc5 | cc5\n"
                         "100 a-b send 258\n"
                         "100 a-b hang up: nothing more to exchange\n"
                         "150 b-a peer has cc5\n"
                         "150 b-a bases cc5 | cc5\n"
                         "150 b-a hang up: nothing more to exchange\n");
}
END_TEST

START_TEST(in_a_mesh_what_comes_by_itself_is_not_asked_for)
{
    world_store(&world, 'a', "cc", 5);
    world_store(&world, 'b', "cc", 5);
    world_store(&world, 'c', "cc", 5);
    world_dial(&world, 'a', 'b', &stay);
    world_dial(&world, 'b', 'c', &stay);
    world_dial(&world, 'a', 'c', &stay);
    world_run(&world, 13000);
    buf_clear(&world.transcript);
    world_vouch(&world, 'a', 1);
    world_run(&world, 13200);
    world_vouch(&world, 'b', 1);
    world_run(&world, 13400);
    world_vouch(&world, 'c', 1);
    world_run(&world, 23000);
    world_expect(&world, "15050 b-a send 258\n"
                         "15050 c-b send 258\n"
                         "15050 c-a send 258\n"
                         "15100 a-b send 258\n"
                         "15100 b-c send 258\n"
                         "15100 a-c send 258\n"
                         "17000 a-b send 258\n"
                         "17000 a-c send 258\n"
                         "17200 b-a send 258\n"
                         "17200 b-c send 258\n"
                         "17400 c-b send 258\n"
                         "17400 c-a send 258\n");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("marks");
    TCase *tcase = tcase_create("marks");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_fork_of_equal_sizes_is_found_at_rest);
    tcase_add_test(tcase, evidence_goes_on_to_who_met_neither_branch);
    tcase_add_test(tcase, vouches_are_exchanged_by_who_hangs_up);
    tcase_add_test(tcase, a_frozen_log_is_neither_sent_nor_expected);
    tcase_add_test(tcase, who_knows_of_a_fork_tells_who_goes_on_sending);
    tcase_add_test(tcase, who_cannot_go_on_for_a_fork_is_told_of_it);
    tcase_add_loop_test(
        tcase, evidence_goes_to_who_cannot_go_on_without_it, 0, 2);
    tcase_add_test(tcase, evidence_is_said_again_when_a_peer_may_know_the_log);
    tcase_add_test(tcase, a_peer_without_marks_is_in_step_by_its_clock);
    tcase_add_test(tcase, in_a_mesh_what_comes_by_itself_is_not_asked_for);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
