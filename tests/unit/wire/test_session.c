/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, budgets and hostile peers; test_stories.c has the rest. */
#include "sync/wire/session.h"

#include <stdio.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "sync/wire/session_internal.h"
#include "tests/lib/prng.h"
#include "tests/lib/run.h"
#include "tests/lib/wire/world.h"

static struct world world;
static const struct world_dial once = {.once = true};
static const struct world_dial stay = {0};

static void
setup(void)
{
    world_init(&world);
    world.is_quiet = true;
}

static void
teardown(void)
{
    world_release(&world);
}

/* Run one `once` session to its end; the bytes of both ends. */
static uint64_t
run_once(char from, char to)
{
    struct world_end *end = world_dial(&world, from, to, &once);

    world_run(&world, world.now_ms + 120000);
    ck_assert(end->has_ended && end->other->has_ended);
    return end->sent + end->other->sent;
}

START_TEST(nothing_new_fits_the_budget_for_any_number_of_logs)
{
    static const size_t counts[] = {0, 1, 200, 1500};

    world_store(&world, 'a', "ac", 5);
    world_store_many(&world, 'b', counts[_i], 1000 / (counts[_i] + 1) + 1);
    run_once('a', 'b');
    ck_assert(world_is_equal(&world, 'a', 'b'));
    ck_assert_uint_eq(run_once('a', 'b'), 372);
    ck_assert_uint_eq(run_once('a', 'b'), 372);
    ck_assert_uint_eq(run_once('b', 'a'), 372);
}
END_TEST

START_TEST(equal_clocks_that_were_not_known_become_so)
{
    world_store_many(&world, 'a', 200, 1000);
    world_store_many(&world, 'b', 200, 1000);
    ck_assert_uint_gt(run_once('a', 'b'), 2 * 7000);
    ck_assert_uint_eq(run_once('a', 'b'), 372);
    world_store(&world, 'a', "cc", 7);
    world_store(&world, 'b', "cc", 7);
    ck_assert_uint_gt(run_once('b', 'a'), 372);
    ck_assert_uint_eq(run_once('a', 'b'), 372);
}
END_TEST

/* 100 new changes of one side; when both know that both have them. */
static void
check_round_trips(char writer, uint64_t expected_ms)
{
    const char log[] = {writer, 'c', 0};
    struct session_status status;
    struct world_end *end = NULL;
    uint64_t before_ms = 0;

    world.entry_bytes = 300;
    world_store(&world, writer, log, 1000);
    run_once('a', 'b');
    world_store(&world, writer, log, 1100);
    before_ms = world.now_ms;
    end = world_dial(&world, 'a', 'b', &stay);
    world_run(&world, before_ms + expected_ms - 1);
    session_status(end->session, &status);
    ck_assert(!status.is_synced || writer == 'b');
    world_run(&world, before_ms + expected_ms);
    session_status(end->session, &status);
    ck_assert(status.is_synced);
    session_status(end->other->session, &status);
    ck_assert(status.is_synced);
    ck_assert(world_is_equal(&world, 'a', 'b'));
}

START_TEST(a_hundred_changes_take_two_round_trips)
{
    check_round_trips('a', 2 * 2 * 300);
}
END_TEST

START_TEST(a_hundred_changes_the_other_way_take_less)
{
    check_round_trips('b', 3 * 300);
}
END_TEST

START_TEST(much_goes_over_with_little_overhead)
{
    uint64_t payload = 0;
    uint64_t bytes = 0;

    world.delay_ms = 20;
    world.commit_ms = 5;
    world.chunk_bytes = 1 + 65536 / (size_t)(_i + 1);
    world_store(&world, 'a', "ax", 10);
    world_store(&world, 'a', "ac", 20000);
    world_store(&world, 'b', "bc", 5000);
    payload = 25010 * (uint64_t)world.entry_bytes;
    bytes = run_once('a', 'b');
    ck_assert(world_is_equal(&world, 'a', 'b'));
    ck_assert_msg(bytes < payload + payload / 33, "%llu for %llu",
        (unsigned long long)bytes, (unsigned long long)payload);
}
END_TEST

START_TEST(large_clocks_follow_in_a_frame)
{
    world_store_many(&world, 'a', 1500, 1);
    run_once('a', 'b');
    ck_assert(world_is_equal(&world, 'a', 'b'));
    world_store_many(&world, 'b', 3000, 2);
    run_once('a', 'b');
    ck_assert(world_is_equal(&world, 'a', 'b'));
}
END_TEST

START_TEST(a_listener_sends_little_before_it_is_sure)
{
    struct world_end *end = NULL;

    world.entry_bytes = _i == 0 ? 400 : 80000;
    world_store(&world, 'b', "bx", 1000);
    world_store(&world, 'b', "bc", 20000);
    end = world_dial(&world, 'a', 'b', &stay);
    world_run(&world, 1000 + 300);
    end->is_cut = true;
    world_run(&world, 1000 + 15000);
    ck_assert_uint_le(end->other->sent, 162 + SESSION_FIRST_FLIGHT_BYTES_MAX);
    ck_assert_uint_gt(end->other->sent, SESSION_FIRST_FLIGHT_BYTES_MAX / 2);
}
END_TEST

START_TEST(a_replayed_first_message_changes_nothing)
{
    struct world_end *end = NULL;
    uint8_t message[210];

    world_store(&world, 'b', "bc", 5);
    end = world_dial(&world, 'a', 'b', &stay);
    world_run(&world, 1000);
    ck_assert_uint_eq(world.events[0].size + world.events[1].size, 210);
    memcpy(message,
        world.events[0].data != NULL ? world.events[0].data
                                     : world.events[1].data,
        sizeof(message));
    world_run(&world, 1100);
    /* The same bytes into a new listener, whose dialler stays silent. */
    end = world_dial(&world, 'a', 'b', &stay);
    end->is_cut = true;
    world_run(&world, 1100);
    world.is_quiet = false;
    world_step(&world, end->other,
        &(struct event){.type = EVENT_RECEIVED,
            .u.received = bytes_of(message, sizeof(message))});
    world.is_quiet = true;
    world_expect(&world, "100 b-a authenticate psk 0 cert 0\n"
                         "100 b-a read bc0\n"
                         "100 b-a send 162\n");
}
END_TEST

START_TEST(at_most_eight_batches_are_handed_over)
{
    struct session_status status;
    struct world_end *end = NULL;

    world.entry_bytes = 40000;
    world_store(&world, 'a', "ac", 100);
    world_node(&world, 'b')->never_accepts = true;
    end = world_dial(&world, 'a', 'b', &stay);
    world_run(&world, 3000);
    session_status(end->other->session, &status);
    /* A window of 256 KiB holds 7 batches of 40 kB. */
    ck_assert_uint_eq(end->other->accepts, 7);
    ck_assert(!status.wants_pause);
    end->session->window.batch_bytes = WINDOW_BATCH_BYTES_MAX;
    world_write(&world, 'a', "ax", 1);
    world_run(&world, 5000);
    session_status(end->other->session, &status);
    ck_assert_uint_eq(end->other->accepts, SESSION_ACCEPTS_MAX);
    ck_assert(status.wants_pause);
    /* Silence while it does not read is its own doing. */
    world_run(&world, 1000 + 5 * SESSION_DEAD_MS / 4);
    ck_assert(!end->other->has_ended);
    world_node(&world, 'b')->never_accepts = false;
    world_write(&world, 'b', "bx", 1);
    world_run(&world, world.now_ms + 20000);
    ck_assert(world_is_equal(&world, 'a', 'b'));
}
END_TEST

START_TEST(an_overtaken_commit_is_passed_over)
{
    static const uint8_t empty[] = {0x80};
    struct world_end *end = NULL;
    struct event event = {.type = EVENT_COMMITTED};

    world_store(&world, 'a', "ac", 5);
    end = world_dial(&world, 'a', 'b', &stay);
    world_run(&world, 3000);
    event.u.stored.clock.full = bytes_of(empty, sizeof(empty));
    world_step(&world, end, &event);
    world_write(&world, 'a', "ac", 5);
    world_run(&world, 5000);
    ck_assert(world_is_equal(&world, 'a', 'b'));
}
END_TEST

START_TEST(a_batch_that_others_brought_meanwhile_is_made_up_for)
{
    struct world_end *end = NULL;

    world_store(&world, 'a', "ac", 50);
    world_node(&world, 'b')->takes_exactly = _i == 1;
    end = world_dial(&world, 'a', 'b', &stay);
    world_run(&world, 1000 + 700);
    ck_assert_uint_eq(end->session->entries_sent, 50);
    /* A part comes from elsewhere while the batch is on its way. */
    world_store(&world, 'b', "ac", 20);
    world_write(&world, 'b', "bc", 1);
    world_run(&world, 9000);
    ck_assert(world_is_equal(&world, 'a', 'b'));
    ck_assert_uint_eq(end->session->entries_sent, _i == 1 ? 80 : 50);
}
END_TEST

START_TEST(closing_says_why)
{
    struct world_end *end = world_dial(&world, 'a', 'b', &stay);
    struct event event = {.type = EVENT_CLOSE};

    world_run(&world, 3000);
    event.u.close = (enum bye_reason)_i;
    world_step(&world, end, &event);
    world_run(&world, 9000);
    ck_assert_int_eq(end->end, _i);
    ck_assert_int_eq(end->other->end, _i);
}
END_TEST

START_TEST(every_reason_has_a_text)
{
    for (int i = BYE_DONE; i <= BYE_HELLO; i++) {
        ck_assert_uint_gt(strlen(bye_text((enum bye_reason)i)), 4);
        ck_assert_str_ne(bye_text((enum bye_reason)i), "unknown");
    }
}
END_TEST

START_TEST(after_hanging_up_nothing_has_effects)
{
    struct session_options options = {.psk_count = 1};
    struct secret_key key = {{1}};
    struct session *session = NULL;
    struct effects effects = {0};
    struct event event = {.type = EVENT_OPENED};

    options.noise = &key;
    options.psks = &key;
    ck_assert_int_eq(session_new(&session, &options), ERR_OK);
    ck_assert_int_eq(session_step(session, &event, &effects), ERR_OK);
    ck_assert_uint_eq(effects.count, 1);
    ck_assert_int_eq(effects.items[0].type, EFFECT_WAKE);
    ck_assert_uint_eq(effects.items[0].u.wake_ms, SESSION_HELLO_MS_MAX);
    event.type = EVENT_CLOSE;
    ck_assert_int_eq(session_step(session, &event, &effects), ERR_OK);
    ck_assert_uint_eq(effects.count, 1);
    ck_assert_int_eq(effects.items[0].type, EFFECT_HANG_UP);
    for (int type = EVENT_OPENED; type <= EVENT_CLOSE; type++) {
        event.type = (enum event_type)type;
        ck_assert_int_eq(session_step(session, &event, &effects), ERR_OK);
        ck_assert_uint_eq(effects.count, 0);
    }
    effects_release(&effects);
    session_free(session);
}
END_TEST

/* A listener that bytes are given to before any handshake. */
static void
give_stranger(struct bytes bytes, enum bye_reason expected)
{
    struct world_end *end = world_dial(&world, 'a', 'b', &stay);

    end->is_cut = true;
    world_run(&world, world.now_ms);
    world_step(&world, end->other,
        &(struct event){.type = EVENT_RECEIVED, .u.received = bytes});
    ck_assert(end->other->has_ended);
    ck_assert_int_eq(end->other->end, expected);
    ck_assert_uint_eq(end->other->sent, 0);
}

START_TEST(garbage_gets_silence)
{
    uint8_t bytes[1000];

    memset(bytes, 'G', sizeof(bytes));
    give_stranger(bytes_of(bytes, sizeof(bytes)), BYE_HELLO);
    memset(bytes, 0, sizeof(bytes));
    give_stranger(bytes_of(bytes, sizeof(bytes)), BYE_HELLO);
    num_store_u16(bytes, 208);
    give_stranger(bytes_of(bytes, 210), BYE_HELLO);
}
END_TEST

START_TEST(another_psk_gets_silence)
{
    struct world_end *end = world_dial(&world, 'a', 'b', &stay);

    memset(&end->session->hello->psks[0], 'z', sizeof(struct secret_key));
    world_run(&world, 1000 + 5000);
    ck_assert_int_eq(end->other->end, BYE_HELLO);
    ck_assert_uint_eq(end->other->sent, 0);
}
END_TEST

START_TEST(words_behind_message_1_get_silence)
{
    struct world_end *end = world_dial(&world, 'a', 'b', &stay);
    uint8_t bytes[211] = {0};

    world_run(&world, 1000);
    for (size_t i = 0; i < world.event_count; i++) {
        if (world.events[i].type == WORLD_DELIVER) {
            ck_assert_uint_eq(world.events[i].size, 210);
            memcpy(bytes, world.events[i].data, 210);
        }
    }
    world_step(&world, end->other,
        &(struct event){.type = EVENT_RECEIVED,
            .u.received = bytes_of(bytes, sizeof(bytes))});
    ck_assert_int_eq(end->other->end, BYE_HELLO);
    ck_assert_uint_eq(end->other->sent, 0);
}
END_TEST

/* An open session whose dialler this test speaks for. */
static struct world_end *
open_pair(enum session_level level)
{
    static const struct world_dial join = {.is_join = true};
    struct world_end *end = NULL;

    if (level == LEVEL_CONTROL) {
        world_node(&world, 'b')->levels[0] = level;
    }
    world_store(&world, 'a', "ax", 1);
    world_store(&world, 'a', "ac", 1);
    end = world_dial(&world, 'a', 'b', level == LEVEL_JOIN ? &join : &stay);
    if (level == LEVEL_JOIN) {
        world_run(&world, world.now_ms + 300);
        end->is_cut = true;
    }
    world_run(&world, world.now_ms + 3000);
    ck_assert(!end->has_ended && !end->other->has_ended);
    if (level == LEVEL_JOIN) {
        /* Its join was lost: what is said next takes its place. */
        end->session->link.keys->send.counter = 0;
    }
    return end;
}

/* Say one frame for the dialler; why the listener then hung up, or -1. */
static int
say(struct world_end *end, uint8_t type, struct bytes payload)
{
    struct buf sealed = {0};

    buf_put_u32(&end->session->link.frames,
        (uint32_t)type << 24 | (uint32_t)payload.size);
    buf_put_bytes(&end->session->link.frames, payload);
    ck_assert_int_eq(link_flush(&end->session->link, &sealed), ERR_OK);
    world_step(&world, end->other,
        &(struct event){
            .type = EVENT_RECEIVED, .u.received = buf_bytes(&sealed)});
    buf_release(&sealed);
    return end->other->has_ended ? (int)end->other->end : -1;
}

/* What a peer may say wrongly; bytes are of the payload. */
static const struct wrong_row {
    const char *name;
    enum session_level level;
    uint8_t type;
    int end; /* -1: nothing happens */
    size_t size;
    uint8_t bytes[16];
} wrong_rows[] = {
    {"a clock that is none", LEVEL_FULL, FRAME_CLOCK, BYE_ERROR, 1, {0x80}},
    {"a clock on a base it never had", LEVEL_FULL, FRAME_CLOCK, BYE_ERROR, 14,
        {0x85, 0xf6, 0x00, 0x48, 1, 1, 1, 1, 1, 1, 1, 1, 0x80, 0xf6}},
    {"a clock that falls", LEVEL_FULL, FRAME_CLOCK, BYE_ERROR, 6,
        {0x85, 0xf6, 0x00, 0xf6, 0x80, 0xf6}},
    {"more taken than was sent", LEVEL_FULL, FRAME_CLOCK, BYE_ERROR, 6,
        {0x85, 0xf6, 0x01, 0xf6, 0x80, 0xf6}},
    {"a delta that is none", LEVEL_FULL, FRAME_CLOCK, BYE_ERROR, 7,
        {0x85, 0xf6, 0x00, 0xf6, 0x81, 0x00, 0xf6}},
    {"marks that are none", LEVEL_FULL, FRAME_CLOCK, BYE_ERROR, 7,
        {0x85, 0xf6, 0x00, 0xf6, 0x80, 0x41, 0x01}},
    {"a short head", LEVEL_FULL, FRAME_HEAD, BYE_ERROR, 4, {1, 2, 3, 4}},
    {"short evidence", LEVEL_FULL, FRAME_FORK, BYE_ERROR, 4, {1, 2, 3, 4}},
    {"a short vouch", LEVEL_FULL, FRAME_VOUCH, BYE_ERROR, 4, {1, 2, 3, 4}},
    {"a word of one not enrolled", LEVEL_CONTROL, FRAME_HEAD, -1, 4, {1}},
    {"a word of a joiner", LEVEL_JOIN, FRAME_FORK, -1, 4, {1}},
    {"short entries", LEVEL_FULL, FRAME_ENTRIES, BYE_ERROR, 4, {1, 2, 3, 4}},
    {"a want that is none", LEVEL_FULL, FRAME_WANT, BYE_ERROR, 1, {0x80}},
    {"a want of all", LEVEL_FULL, FRAME_WANT, -1, 2, {0x81, 0xf4}},
    {"a join of one who is in", LEVEL_FULL, FRAME_JOIN, BYE_ERROR, 1, {1}},
    {"an empty join", LEVEL_JOIN, FRAME_JOIN, BYE_ERROR, 0, {0}},
    {"a clock of a joiner", LEVEL_JOIN, FRAME_CLOCK, BYE_ERROR, 6,
        {0x85, 0xf6, 0x00, 0xf6, 0x80, 0xf6}},
    {"a want of a joiner", LEVEL_JOIN, FRAME_WANT, BYE_ERROR, 2, {0x81, 0xf4}},
    {"entries of a joiner", LEVEL_JOIN, FRAME_ENTRIES, BYE_ERROR, 1, {1}},
    {"a ping of a joiner", LEVEL_JOIN, FRAME_PING, -1, 0, {0}},
    {"a level", LEVEL_FULL, FRAME_LEVEL, -1, 2, {0x81, 0x02}},
    {"a level of none", LEVEL_FULL, FRAME_LEVEL, BYE_ERROR, 2, {0x81, 0x00}},
    {"a level of joiners", LEVEL_FULL, FRAME_LEVEL, BYE_ERROR, 2, {0x81, 0x01}},
    {"a level beyond", LEVEL_FULL, FRAME_LEVEL, BYE_ERROR, 2, {0x81, 0x04}},
    {"a ping with content", LEVEL_FULL, FRAME_PING, BYE_ERROR, 1, {0}},
    {"a ping", LEVEL_FULL, FRAME_PING, -1, 0, {0}},
    {"a pong", LEVEL_FULL, FRAME_PONG, -1, 0, {0}},
    {"a type to come", LEVEL_FULL, 99, -1, 16, {0}},
    {"a bye", LEVEL_FULL, FRAME_BYE, BYE_SHUTDOWN, 2, {0x81, 0x01}},
    {"a bye of a later version", LEVEL_FULL, FRAME_BYE, BYE_ERROR, 3,
        {0x81, 0x18, 0x63}},
    {"a bye that is none", LEVEL_FULL, FRAME_BYE, BYE_ERROR, 1, {0x00}},
};

START_TEST(what_is_wrong_ends_the_session)
{
    const struct wrong_row *row = &wrong_rows[_i];
    struct world_end *end = open_pair(row->level);
    int got = say(end, row->type, bytes_of(row->bytes, row->size));

    ck_assert_msg(got == row->end, "%s: %d", row->name, got);
}
END_TEST

START_TEST(a_frame_above_its_limit_ends_the_session_at_once)
{
    struct world_end *end = open_pair(LEVEL_FULL);
    struct buf sealed = {0};

    buf_put_u32(&end->session->link.frames,
        (uint32_t)FRAME_JOIN << 24 | (FRAME_JOIN_BYTES_MAX + 1));
    ck_assert_int_eq(link_flush(&end->session->link, &sealed), ERR_OK);
    world_step(&world, end->other,
        &(struct event){
            .type = EVENT_RECEIVED, .u.received = buf_bytes(&sealed)});
    ck_assert_int_eq(end->other->end, BYE_ERROR);
    buf_release(&sealed);
}
END_TEST

START_TEST(changes_of_one_not_enrolled_are_denied)
{
    struct world_end *end = open_pair(LEVEL_CONTROL);
    uint8_t batch[148 + 400] = {0};

    memset(batch, 'a', 32);
    batch[32] = LOG_CONTROL;
    num_store_u16(batch + 41, 1);
    ck_assert_int_eq(
        say(end, FRAME_ENTRIES, bytes_of(batch, sizeof(batch))), -1);
    batch[32] = LOG_CHANGES;
    ck_assert_int_eq(
        say(end, FRAME_ENTRIES, bytes_of(batch, sizeof(batch))), BYE_DENIED);
}
END_TEST

/* Queue a clock frame of the dialler's, and make `full` what it leads to. */
static void
put_clock(struct world_end *end, struct buf *full, const struct buf *delta)
{
    struct frame_clock clock = {
        .taken = end->other->session->window.taken,
        .has_base = true,
        .delta = buf_bytes(delta),
    };
    struct buf payload = {0};
    struct buf grown;

    vclock_name(&clock.base, buf_bytes(full));
    frame_clock_encode(&payload, &clock);
    frame_put(&end->session->link.frames, FRAME_CLOCK, buf_bytes(&payload));
    buf_init(&grown, VCLOCK_BYTES_MAX);
    ck_assert_int_eq(
        vclock_delta_decode(&grown, buf_bytes(full), buf_bytes(delta)), ERR_OK);
    buf_release(full);
    *full = grown;
    buf_release(&payload);
}

/* The size that a clock counts of its log with this number. */
static uint64_t
size_at(struct bytes full, size_t number)
{
    struct cursor cursor = cursor_init(full);
    uint64_t size = 0;

    (void)cbor_get_array(&cursor);
    for (size_t i = 0; i <= number; i++) {
        (void)cbor_get_bytes(&cursor);
        size = cbor_get_uint(&cursor);
    }
    ck_assert(!cursor.failed);
    return size;
}

/* A clock of many logs that only the peer knows, and then small ones, each of
 * which makes us look at all of it again. */
START_TEST(clocks_are_taken_in_as_fast_as_their_size_allows)
{
    enum { LOGS = 4000, FRAMES = 400 };
    struct world_end *end = open_pair(LEVEL_FULL);
    struct session *listener = end->other->session;
    struct session_status status;
    struct buf full = {0};
    struct buf delta = {0};
    size_t taken = 0;
    uint64_t sum = 0;

    buf_put_bytes(&full, buf_bytes(&listener->reconcile.theirs));
    cbor_put_array(&delta, (size_t)2 * LOGS);
    for (uint32_t i = 0; i < LOGS; i++) {
        uint8_t id[LOG_ID_BYTES] = {0xff};
        num_store_u32(id + 1, i);
        cbor_put_bytes(&delta, bytes_of(id, sizeof(id)));
        cbor_put_uint(&delta, 1);
    }
    put_clock(end, &full, &delta);
    buf_clear(&delta);
    cbor_put_array(&delta, 2);
    cbor_put_uint(&delta, 100);
    cbor_put_uint(&delta, 1);
    for (int i = 0; i < FRAMES; i++) {
        put_clock(end, &full, &delta);
    }
    ck_assert_int_eq(say(end, FRAME_PING, bytes_of(NULL, 0)), -1);
    session_status(listener, &status);
    ck_assert(status.wants_pause);
    /* What one step may cost is bounded, whatever came. */
    taken = full.size;
    sum = size_at(buf_bytes(&listener->reconcile.theirs), 100);
    ck_assert_uint_gt(sum, 1);
    ck_assert_uint_lt(
        sum * taken, SESSION_CLOCK_BYTES_BURST + (uint64_t)3 * taken);
    world_run(&world, world.now_ms + 30000);
    ck_assert(!end->other->has_ended);
    ck_assert(
        bytes_equal(buf_bytes(&listener->reconcile.theirs), buf_bytes(&full)));
    session_status(listener, &status);
    ck_assert(!status.wants_pause);
    buf_release(&full);
    buf_release(&delta);
}
END_TEST

START_TEST(many_pings_get_one_pong)
{
    struct world_end *end = open_pair(LEVEL_FULL);
    uint64_t before = 0;

    for (int i = 0; i < 1000; i++) {
        frame_put(&end->session->link.frames, FRAME_PING, bytes_of(NULL, 0));
    }
    world.now_ms += SESSION_PING_MS / 2;
    before = end->other->sent;
    ck_assert_int_eq(say(end, FRAME_PING, bytes_of(NULL, 0)), -1);
    ck_assert_uint_eq(end->other->sent - before, 258);
}
END_TEST

START_TEST(every_flipped_bit_of_a_message_ends_the_session)
{
    struct world_end *end = open_pair(LEVEL_FULL);
    struct buf sealed = {0};

    frame_put(&end->session->link.frames, FRAME_PING, bytes_of(NULL, 0));
    ck_assert_int_eq(link_flush(&end->session->link, &sealed), ERR_OK);
    sealed
        .data[prng_below(&(struct prng){(uint64_t)_i}, sealed.size - 2) + 2] ^=
        (uint8_t)(1U << _i % 8);
    world_step(&world, end->other,
        &(struct event){
            .type = EVENT_RECEIVED, .u.received = buf_bytes(&sealed)});
    ck_assert_int_eq(end->other->end, BYE_ERROR);
    buf_release(&sealed);
}
END_TEST

/* A whole life of two sessions, one step of which fails. */
static bool
live_with_fault(long step, long allocation)
{
    bool was_hit = false;
    struct log_id log = world_log("ac");
    struct world_end *end = NULL;

    world_release(&world);
    world_init(&world);
    world.is_quiet = true;
    world.fault_step = step;
    world.fault_allocation = allocation;
    world_store(&world, 'a', "ax", 1);
    world_store(&world, 'b', "bc", 3);
    end = world_dial(&world, 'a', 'b', &stay);
    world_run(&world, 3000);
    world_step(&world, end->other,
        &(struct event){.type = EVENT_HOLD,
            .u.hold = {.logs = &log, .count = 1, .hold = true}});
    world_write(&world, 'a', "ac", 1);
    world_vouch(&world, 'a', 1);
    world_freeze(&world, 'b', "bc");
    world_run(&world, 5500);
    world_step(&world, end,
        &(struct event){.type = EVENT_LEVEL, .u.auth.level = LEVEL_NONE});
    world_run(&world, 30000);
    was_hit = world.was_fault_hit;
    ck_assert(end->has_ended && end->other->has_ended);
    return was_hit;
}

START_TEST(every_allocation_of_every_step_may_fail)
{
    long steps = 1;
    long hits = 0;

    for (long step = 0; step < steps; step++) {
        for (long n = 0; live_with_fault(step, n); n++) {
            hits++;
        }
        steps = world.steps > 60 ? 60 : world.steps;
    }
    ck_assert_int_gt(hits, 100);
}
END_TEST

START_TEST(a_session_that_cannot_be_made_leaves_nothing)
{
    struct secret_key key = {{1}};
    uint8_t clock[] = {0x80};
    struct session_options options = {.is_dialler = true,
        .noise = &key,
        .psks = &key,
        .psk_count = 1,
        .cert = bytes_of(clock, 1),
        .clock = {.full = bytes_of(clock, 1)},
        .sent_base = bytes_of(clock, 1),
        .heard_bases = {bytes_of(clock, 1), bytes_of(clock, 1)}};
    struct session *session = NULL;
    long n = 0;

    for (;; n++) {
        enum err rc = ERR_OK;

        mem_fault_after(n);
        rc = session_new(&session, &options);
        mem_fault_after(-1);
        if (rc == ERR_OK) {
            break;
        }
        ck_assert_int_eq(rc, ERR_NOMEM);
        ck_assert_ptr_null(session);
    }
    ck_assert_int_gt(n, 5);
    session_free(session);
    session_free(NULL);
    effects_release(NULL);
}
END_TEST

/* Three nodes write, dial and are cut at random, and then dial once more. */
static void
live_at_random(struct prng *prng)
{
    static const char *const logs[] = {"ax", "ac", "bx", "bc", "cx", "cc"};
    static const char *const pairs[] = {"ab", "bc", "ca"};

    world.entry_bytes = 200 + prng_below(prng, 5000);
    world.delay_ms = 1 + prng_below(prng, 400);
    world.commit_ms = prng_below(prng, 100);
    world.chunk_bytes = 100 + prng_below(prng, 100000);
    world_node(&world, 'b')->takes_exactly = true;
    for (int round = 0; round < 8; round++) {
        const char *pair = pairs[prng_below(prng, 3)];
        struct world_end *end = world_dial(
            &world, pair[0], pair[1], prng_below(prng, 2) ? &once : &stay);

        for (int i = 0; i < 5; i++) {
            const char *log = logs[prng_below(prng, 6)];

            world_write(&world, log[0], log, 1 + prng_below(prng, 40));
            world_run(&world, world.now_ms + prng_below(prng, 900));
        }
        if (prng_below(prng, 3) != 0) {
            world_cut(&world, end);
        }
    }
    world_dial(&world, 'a', 'b', &stay);
    world_dial(&world, 'b', 'c', &stay);
    world_run(&world, world.now_ms + 30000);
}

START_TEST(nodes_that_are_cut_at_random_end_with_the_same)
{
    uint64_t seed = prng_seed((uint64_t)_i + 1);
    struct prng prng = prng_init(seed);

    live_at_random(&prng);
    ck_assert_msg(
        world_is_equal(&world, 'a', 'b') && world_is_equal(&world, 'b', 'c'),
        "CORRIDOR_SEED=%#llx", (unsigned long long)seed);
    for (size_t i = 0; i < world.end_count; i++) {
        ck_assert_msg(!world.ends[i].has_ended ||
                          world.ends[i].end == BYE_CUT ||
                          world.ends[i].end == BYE_DONE,
            "CORRIDOR_SEED=%#llx", (unsigned long long)seed);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("session");
    TCase *tcase = tcase_create("session");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(
        tcase, nothing_new_fits_the_budget_for_any_number_of_logs, 0, 4);
    tcase_add_test(tcase, equal_clocks_that_were_not_known_become_so);
    tcase_add_test(tcase, a_hundred_changes_take_two_round_trips);
    tcase_add_test(tcase, a_hundred_changes_the_other_way_take_less);
    tcase_add_loop_test(tcase, much_goes_over_with_little_overhead, 0, 3);
    tcase_add_test(tcase, large_clocks_follow_in_a_frame);
    tcase_add_loop_test(tcase, a_listener_sends_little_before_it_is_sure, 0, 2);
    tcase_add_test(tcase, a_replayed_first_message_changes_nothing);
    tcase_add_test(tcase, at_most_eight_batches_are_handed_over);
    tcase_add_test(tcase, an_overtaken_commit_is_passed_over);
    tcase_add_test(tcase, a_batch_that_others_brought_meanwhile_is_made_up_for);
    tcase_add_loop_test(tcase, closing_says_why, BYE_DONE, BYE_ERROR + 1);
    tcase_add_test(tcase, every_reason_has_a_text);
    tcase_add_test(tcase, after_hanging_up_nothing_has_effects);
    tcase_add_test(tcase, garbage_gets_silence);
    tcase_add_test(tcase, another_psk_gets_silence);
    tcase_add_test(tcase, words_behind_message_1_get_silence);
    tcase_add_loop_test(tcase, what_is_wrong_ends_the_session, 0,
        (int)(sizeof(wrong_rows) / sizeof(wrong_rows[0])));
    tcase_add_test(tcase, a_frame_above_its_limit_ends_the_session_at_once);
    tcase_add_test(tcase, changes_of_one_not_enrolled_are_denied);
    tcase_add_test(tcase, clocks_are_taken_in_as_fast_as_their_size_allows);
    tcase_add_test(tcase, many_pings_get_one_pong);
    tcase_add_loop_test(
        tcase, every_flipped_bit_of_a_message_ends_the_session, 0, 32);
    tcase_add_test(tcase, every_allocation_of_every_step_may_fail);
    tcase_add_test(tcase, a_session_that_cannot_be_made_leaves_nothing);
    tcase_add_loop_test(
        tcase, nodes_that_are_cut_at_random_end_with_the_same, 0, 10);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
