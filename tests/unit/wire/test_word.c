/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer may make of marks and words; test_marks.c has honest ones. */
#include <check.h>
#include <string.h>

#include "crypto/base/num.h"
#include "sync/wire/session_internal.h"
#include "tests/lib/run.h"
#include "tests/lib/wire/world.h"

static struct world world;
static const struct world_dial stay = {0};

static void
setup(void)
{
    world_init(&world);
    world.is_quiet = true;
    world_store(&world, 'a', "cc", 5);
    world_store(&world, 'b', "cc", 5);
}

static void
teardown(void)
{
    world_release(&world);
}

/* Give the listener what was put into the dialler's link. */
static void
deliver(struct world_end *end)
{
    struct buf sealed = {0};

    ck_assert_int_eq(link_flush(&end->session->link, &sealed), ERR_OK);
    for (size_t at = 0; at < sealed.size;) {
        size_t size = sealed.size - at;

        size = num_min_u64(size, SESSION_RECEIVED_BYTES_MAX);
        world_step(&world, end->other,
            &(struct event){.type = EVENT_RECEIVED,
                .u.received = bytes_of(sealed.data + at, size)});
        at += size;
    }
    buf_release(&sealed);
}

static void
put_vouches(struct world_end *end, size_t count)
{
    struct cosignature vouch = {.size = 1, .time = 1};
    struct buf payload = {0};

    cosignature_encode(&payload, &vouch);
    for (size_t i = 0; i < count; i++) {
        frame_put(&end->session->link.frames, FRAME_VOUCH, buf_bytes(&payload));
    }
    buf_release(&payload);
}

START_TEST(words_wait_behind_so_many_that_are_not_dealt_with)
{
    struct world_end *end = world_dial(&world, 'a', 'b', &stay);
    struct session_status status;

    world_run(&world, 3000);
    world_node(&world, 'b')->never_accepts = true;
    put_vouches(end, SESSION_HEARDS_MAX - 1);
    deliver(end);
    session_status(end->other->session, &status);
    ck_assert(!status.wants_pause);
    put_vouches(end, 10);
    deliver(end);
    session_status(end->other->session, &status);
    ck_assert(status.wants_pause);
    ck_assert_uint_eq(end->other->heards, SESSION_HEARDS_MAX);
    /* Answered, the others are handed over. */
    world_node(&world, 'b')->never_accepts = false;
    world_tell(&world, 'b');
    session_status(end->other->session, &status);
    ck_assert(!status.wants_pause);
    ck_assert_uint_eq(end->other->heards, 9);
    ck_assert(!end->other->has_ended);
}
END_TEST

START_TEST(words_are_taken_as_fast_as_their_share_of_time_allows)
{
    enum { BURST = SESSION_WORDS_BURST_MS / SESSION_WORD_MS, MORE = 300 };
    struct world_end *end = world_dial(&world, 'a', 'b', &stay);
    uint64_t until_ms = 0;
    size_t taken = 0;

    world_run(&world, 3000);
    for (size_t left = BURST + MORE; left > 0;) {
        size_t count = left < 200 ? left : 200;

        put_vouches(end, count);
        deliver(end);
        taken += end->other->heards;
        world_tell(&world, 'b');
        left -= count;
        if (end->other->session->wait_until_ms != 0) {
            break;
        }
    }
    ck_assert_uint_gt(taken, BURST);
    ck_assert_uint_lt(taken, BURST + MORE);
    until_ms = end->other->session->wait_until_ms;
    ck_assert_uint_gt(until_ms, world.now_ms);
    ck_assert_uint_le(until_ms, world.now_ms + 2 * SESSION_WORD_MS);
    world_node(&world, 'b')->never_accepts = true;
    world_run(&world, until_ms + SESSION_WORD_MS);
    ck_assert_uint_gt(end->other->heards, 0);
    ck_assert(!end->other->has_ended);
}
END_TEST

/* A clock frame that tells nothing but marks. */
static void
put_marks(struct world_end *end, uint64_t number)
{
    static const uint8_t empty[] = {0x80};
    struct session *session = end->session;
    struct frame_clock clock = {
        .has_heard = true,
        .heard = session->heard.name,
        .taken = session->taken,
        .has_base = true,
        .base = session->told.name,
        .delta = bytes_of(empty, sizeof(empty)),
        .has_marks = true,
    };
    struct buf payload = {0};

    num_store_u64(clock.marks.heads, number);
    num_store_u64(clock.marks.forks, number);
    num_store_u64(clock.marks.vouches, number);
    frame_clock_encode(&payload, &clock);
    frame_put(&session->link.frames, FRAME_CLOCK, buf_bytes(&payload));
    deliver(end);
    buf_release(&payload);
}

static const char *
next_line(const char *at)
{
    const char *end = strchr(at, '\n');

    return end == NULL ? NULL : end + 1;
}

/* How often the listener found this kind of marks to differ. */
static size_t
count_differs(const char *kind)
{
    size_t count = 0;

    buf_put_u8(&world.transcript, 0);
    for (const char *at = (const char *)world.transcript.data;
         at != NULL && *at != '\0'; at = next_line(at)) {
        const char *end = next_line(at);
        const char *verb = strstr(at, "b-a differs:");
        const char *word = verb == NULL ? NULL : strstr(verb, kind);

        count += word != NULL && word < end;
    }
    world.transcript.size--;
    return count;
}

START_TEST(marks_that_change_for_ever_cost_less_and_less)
{
    struct world_end *end = world_dial(&world, 'a', 'b', &stay);

    world_run(&world, 3000);
    world.is_quiet = false;
    for (uint64_t i = 1; i <= 720; i++) {
        put_marks(end, i);
        world_run(&world, world.now_ms + 2500);
    }
    ck_assert(!end->other->has_ended);
    /* Half an hour: heads after 0, 1, 3, 7 and 15 minutes. */
    ck_assert_uint_eq(count_differs("heads"), 5);
    ck_assert_uint_ge(count_differs("forks"), 100);
}
END_TEST

START_TEST(marks_that_do_not_change_are_said_to_differ_once)
{
    struct world_end *end = world_dial(&world, 'a', 'b', &stay);

    world_run(&world, 3000);
    world.is_quiet = false;
    for (int i = 0; i < 100; i++) {
        put_marks(end, 7);
        world_run(&world, world.now_ms + 10000);
    }
    ck_assert_uint_eq(count_differs("heads"), 1);
    ck_assert_uint_eq(count_differs("forks"), 1);
    ck_assert_uint_eq(count_differs("vouches"), 1);
}
END_TEST

START_TEST(words_are_not_said_to_one_not_enrolled)
{
    uint8_t payload[FRAME_HEAD_WORD_BYTES] = {0};
    struct session_word word = {FRAME_HEAD, {payload, sizeof(payload)}};
    struct event event = {
        .type = EVENT_SAY, .u.say = {.words = &word, .count = 1}};
    struct world_end *end = NULL;
    uint64_t sent = 0;

    world_node(&world, 'b')->levels[0] = (enum session_level)_i;
    end = world_dial(&world, 'a', 'b', &stay);
    world_step(&world, end, &event); /* not open: passed over */
    world_run(&world, 3000);
    sent = end->other->sent;
    world_step(&world, end->other, &event);
    ck_assert_uint_eq(end->other->sent - sent, _i == LEVEL_FULL ? 258 : 0);
    sent = end->sent;
    world_step(&world, end, &event);
    ck_assert_uint_eq(end->sent - sent, _i == LEVEL_FULL ? 258 : 0);
}
END_TEST

START_TEST(marks_are_told_to_full_members_only)
{
    struct world_end *end = NULL;

    world_node(&world, 'b')->levels[0] = LEVEL_CONTROL;
    end = world_dial(&world, 'a', 'b', &stay);
    world_run(&world, 3000);
    ck_assert(!end->session->marks.has_theirs);
    /* Raised, it is told them. */
    world_step(&world, end->other,
        &(struct event){.type = EVENT_LEVEL, .u.auth.level = LEVEL_FULL});
    world_run(&world, 6000);
    ck_assert(end->session->marks.has_theirs);
    ck_assert(end->session->is_synced && end->other->session->is_synced);
}
END_TEST

START_TEST(in_step_is_who_has_the_same_heads)
{
    struct world_end *end = NULL;

    world_branch(&world, 'b', "cc");
    world_node(&world, 'a')->never_accepts = true;
    world_node(&world, 'b')->never_accepts = true;
    end = world_dial(&world, 'a', 'b', &stay);
    world_run(&world, 9000);
    ck_assert(world_is_equal(&world, 'a', 'b'));
    ck_assert(!end->session->is_synced && !end->other->session->is_synced);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("word");
    TCase *tcase = tcase_create("word");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, words_wait_behind_so_many_that_are_not_dealt_with);
    tcase_add_test(
        tcase, words_are_taken_as_fast_as_their_share_of_time_allows);
    tcase_add_test(tcase, marks_that_change_for_ever_cost_less_and_less);
    tcase_add_test(tcase, marks_that_do_not_change_are_said_to_differ_once);
    tcase_add_loop_test(tcase, words_are_not_said_to_one_not_enrolled,
        LEVEL_CONTROL, LEVEL_FULL + 1);
    tcase_add_test(tcase, marks_are_told_to_full_members_only);
    tcase_add_test(tcase, in_step_is_who_has_the_same_heads);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
