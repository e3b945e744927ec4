/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/wire/reconcile.h"

#include <stdio.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "tests/lib/prng.h"
#include "tests/lib/run.h"

/* Logs here have a node of one repeated digit and a letter for the kind:
 * "1x" is node 11…1's control log, "1c" its changes log. */
static struct reconcile rec;

static struct log_id
id_of(const char *name)
{
    struct log_id id = {.kind = name[1] == 'x' ? LOG_CONTROL : LOG_CHANGES};

    memset(id.node.bytes, name[0] - '0', sizeof(id.node.bytes));
    return id;
}

/* The full form of "1x=3 1c=20 2c=1"; the names ascend, x before c. */
static enum err
put_clock(struct buf *out, const char *text)
{
    struct cursor cursor = cursor_init(bytes_text(text));
    struct buf items = {0};
    enum err rc = ERR_OK;
    size_t count = 0;

    while (cursor_left(&cursor) > 0) {
        const char *name = (const char *)cursor_take(&cursor, 3).data;
        struct log_id id;
        uint8_t bytes[LOG_ID_BYTES];
        uint64_t size = 0;

        ck_assert_ptr_nonnull(name);
        id = id_of(name);
        for (uint8_t c = cursor_u8(&cursor); c >= '0';
             c = cursor_left(&cursor) > 0 ? cursor_u8(&cursor) : 0) {
            size = 10 * size + (uint64_t)(c - '0');
        }
        log_id_encode(bytes, &id);
        cbor_put_bytes(&items, bytes_of(bytes, sizeof(bytes)));
        cbor_put_uint(&items, size);
        count += 2;
    }
    cbor_put_array(out, count);
    buf_put_bytes(out, buf_bytes(&items));
    rc = buf_err(&items) == ERR_OK ? buf_err(out) : buf_err(&items);
    ck_assert(rc != ERR_OK || vclock_check(buf_bytes(out)) == ERR_OK);
    buf_release(&items);
    return rc;
}

static enum err
set_ours(const char *text, const char *order, uint64_t fresh_ms)
{
    struct log_id ids[8];
    struct reconcile_clock clock = {
        .order = ids, .is_fresh = fresh_ms > 0, .now_ms = fresh_ms};
    struct buf full = {0};
    enum err rc = put_clock(&full, text);

    clock.full = buf_bytes(&full);
    for (; *order != '\0'; order += order[2] == ' ' ? 3 : 2) {
        ids[clock.order_count] = id_of(order);
        clock.order_count++;
    }
    rc = rc == ERR_OK ? reconcile_set_ours(&rec, &clock) : rc;
    buf_release(&full);
    ck_assert(reconcile_check(&rec));
    return rc;
}

static enum err
set_theirs(const char *text)
{
    struct buf full = {0};
    enum err rc = put_clock(&full, text);

    rc = rc == ERR_OK ? reconcile_set_theirs(&rec, buf_bytes(&full)) : rc;
    buf_release(&full);
    ck_assert(reconcile_check(&rec));
    return rc;
}

static enum err
hold(const char *name, bool is_on)
{
    struct log_id id = id_of(name);
    enum err rc = reconcile_hold(&rec, &id, 1, is_on);

    ck_assert(reconcile_check(&rec));
    return rc;
}

static struct range
range_of(const char *name, uint64_t from, uint64_t to)
{
    return (struct range){.log = id_of(name), .from = from, .to = to};
}

/* The next range is this one, and a read of it begins. */
static void
assert_next(const char *name, uint64_t from, uint64_t to)
{
    struct log_id id = id_of(name);
    struct range range = {0};

    ck_assert_msg(reconcile_next(&rec, false, &range), "%s", name);
    ck_assert_msg(log_id_equal(&range.log, &id), "%s, not %d%d", name,
        range.log.node.bytes[0], range.log.kind);
    ck_assert_uint_eq(range.from, from);
    ck_assert_uint_eq(range.to, to);
    reconcile_read_begin(&rec, &id);
}

static void
assert_nothing_next(void)
{
    struct range range = {0};

    ck_assert(!reconcile_next(&rec, false, &range));
}

static bool
read_end(const char *name, uint64_t from, uint64_t to)
{
    struct range range = range_of(name, from, to);
    bool is_of_use = reconcile_read_end(&rec, &range);

    ck_assert(reconcile_check(&rec));
    return is_of_use;
}

static void
taken(const char *name, uint64_t from, uint64_t to)
{
    struct range range = range_of(name, from, to);

    reconcile_taken(&rec, &range, rec.moves);
    ck_assert(reconcile_check(&rec));
}

static void
setup(void)
{
    struct log_id self = id_of("1x");

    reconcile_init(&rec, &self.node);
}

static void
teardown(void)
{
    reconcile_release(&rec);
}

START_TEST(what_the_peer_lacks_is_next)
{
    ck_assert_int_eq(set_ours("1x=3 1c=20 2c=7", "1x 1c 2c", 0), ERR_OK);
    ck_assert_int_eq(set_theirs("1x=3 1c=5 2c=9 3c=1"), ERR_OK);
    assert_next("1c", 5, 20);
    assert_nothing_next();
    ck_assert(read_end("1c", 5, 12));
    assert_next("1c", 12, 20);
    ck_assert(read_end("1c", 12, 20));
    assert_nothing_next();
}
END_TEST

START_TEST(control_logs_go_first_and_in_the_order_of_arrival)
{
    ck_assert_int_eq(
        set_ours("1x=1 1c=1 2x=1 2c=1 3x=1 3c=1", "3c 3x 1x 1c 2x", 0), ERR_OK);
    ck_assert_int_eq(set_theirs(""), ERR_OK);
    assert_next("3x", 0, 1);
    assert_next("1x", 0, 1);
    assert_next("2x", 0, 1);
    assert_next("3c", 0, 1);
    assert_next("1c", 0, 1);
    assert_next("2c", 0, 1); /* not in the order: last */
    assert_nothing_next();
}
END_TEST

START_TEST(a_new_log_takes_its_place)
{
    ck_assert_int_eq(set_ours("2c=1", "2c", 0), ERR_OK);
    ck_assert_int_eq(set_theirs(""), ERR_OK);
    assert_next("2c", 0, 1);
    ck_assert_int_eq(set_ours("1x=1 1c=1 2c=4 3x=2", "2c 3x 1c 1x", 0), ERR_OK);
    assert_next("3x", 0, 2);
    assert_next("1x", 0, 1);
    assert_next("1c", 0, 1);
    ck_assert(read_end("2c", 0, 1));
    assert_next("2c", 1, 4);
}
END_TEST

START_TEST(control_only_leaves_changes_alone)
{
    struct range range = {0};

    ck_assert_int_eq(set_ours("1x=1 1c=1", "1c 1x", 0), ERR_OK);
    ck_assert_int_eq(set_theirs(""), ERR_OK);
    ck_assert(reconcile_next(&rec, true, &range));
    ck_assert_uint_eq(range.log.kind, LOG_CONTROL);
    reconcile_read_begin(&rec, &range.log);
    ck_assert(!reconcile_next(&rec, true, &range));
    ck_assert(reconcile_next(&rec, false, &range));
}
END_TEST

START_TEST(own_entries_are_offered_at_once_and_others_after_a_wait)
{
    ck_assert_int_eq(set_ours("1c=1 2c=1", "1c 2c", 0), ERR_OK);
    ck_assert_int_eq(set_theirs("1c=1 2c=1"), ERR_OK);
    ck_assert_uint_eq(reconcile_wake_ms(&rec), UINT64_MAX);
    ck_assert_int_eq(set_ours("1c=2 2c=2", "1c 2c", 1000), ERR_OK);
    assert_next("1c", 1, 2);
    assert_nothing_next();
    ck_assert_uint_eq(reconcile_wake_ms(&rec), 1000 + RECONCILE_RELAY_MS);
    reconcile_tick(&rec, 1000 + RECONCILE_RELAY_MS - 1);
    assert_nothing_next();
    reconcile_tick(&rec, 1000 + RECONCILE_RELAY_MS);
    assert_next("2c", 1, 2);
    ck_assert_uint_eq(reconcile_wake_ms(&rec), UINT64_MAX);
}
END_TEST

START_TEST(what_the_peer_gets_meanwhile_is_not_offered)
{
    ck_assert_int_eq(set_ours("2c=1", "2c", 0), ERR_OK);
    ck_assert_int_eq(set_theirs("2c=1"), ERR_OK);
    ck_assert_int_eq(set_ours("2c=5", "2c", 1000), ERR_OK);
    ck_assert_int_eq(set_theirs("2c=5"), ERR_OK);
    reconcile_tick(&rec, 1001);
    ck_assert_uint_eq(reconcile_wake_ms(&rec), UINT64_MAX);
    assert_nothing_next();
}
END_TEST

START_TEST(what_grows_during_a_wait_waits_anew)
{
    ck_assert_int_eq(set_ours("2c=1", "2c", 0), ERR_OK);
    ck_assert_int_eq(set_theirs("2c=1"), ERR_OK);
    ck_assert_int_eq(set_ours("2c=5", "2c", 1000), ERR_OK);
    ck_assert_int_eq(set_ours("2c=9", "2c", 1100), ERR_OK);
    reconcile_tick(&rec, 1250);
    ck_assert(reconcile_check(&rec));
    assert_next("2c", 1, 5);
    ck_assert(read_end("2c", 1, 5));
    ck_assert_uint_eq(reconcile_wake_ms(&rec), 1500);
    reconcile_tick(&rec, 1500);
    assert_next("2c", 5, 9);
}
END_TEST

START_TEST(held_logs_are_not_sent_until_released)
{
    ck_assert_int_eq(set_ours("1c=1 2c=1", "1c 2c", 0), ERR_OK);
    ck_assert_int_eq(set_theirs(""), ERR_OK);
    ck_assert_int_eq(hold("1c", true), ERR_OK);
    ck_assert_int_eq(hold("3c", true), ERR_OK);
    ck_assert_int_eq(hold("1c", true), ERR_OK);
    ck_assert_uint_eq(rec.held_count, 2);
    assert_next("2c", 0, 1);
    assert_nothing_next();
    ck_assert_int_eq(set_ours("1c=1 2c=1 3c=4", "1c 2c 3c", 0), ERR_OK);
    assert_nothing_next();
    ck_assert_int_eq(hold("3c", false), ERR_OK);
    assert_next("3c", 0, 4);
    ck_assert_int_eq(hold("1c", false), ERR_OK);
    ck_assert_int_eq(hold("1c", false), ERR_OK);
    ck_assert_uint_eq(rec.held_count, 0);
    assert_next("1c", 0, 1);
}
END_TEST

START_TEST(at_most_all_logs_are_held)
{
    struct log_id *logs = mem_zalloc(LOG_TABLE_MAX, sizeof(*logs));

    for (size_t i = 0; i < LOG_TABLE_MAX; i++) {
        logs[i].node.bytes[0] = (uint8_t)(i >> 8);
        logs[i].node.bytes[1] = (uint8_t)i;
    }
    ck_assert_int_eq(reconcile_hold(&rec, logs, LOG_TABLE_MAX, true), ERR_OK);
    ck_assert_int_eq(reconcile_hold(&rec, logs, 1, true), ERR_OK);
    ck_assert_int_eq(hold("9c", true), ERR_TOO_BIG);
    ck_assert_uint_eq(rec.held_count, LOG_TABLE_MAX);
    ck_assert_int_eq(reconcile_hold(&rec, logs, 1, false), ERR_OK);
    ck_assert_int_eq(hold("9c", true), ERR_OK);
    mem_free(logs);
}
END_TEST

START_TEST(an_empty_read_is_not_tried_again_until_something_grows)
{
    ck_assert_int_eq(set_ours("1c=5", "1c", 0), ERR_OK);
    ck_assert_int_eq(set_theirs(""), ERR_OK);
    assert_next("1c", 0, 5);
    ck_assert(!read_end("1c", 0, 0));
    assert_nothing_next();
    ck_assert_int_eq(set_theirs("1c=1"), ERR_OK);
    assert_next("1c", 1, 5);
    ck_assert(!read_end("1c", 1, 1));
    assert_nothing_next();
    ck_assert_int_eq(set_ours("1c=6", "1c", 0), ERR_OK);
    assert_next("1c", 1, 6);
}
END_TEST

START_TEST(a_log_whose_author_was_not_known_is_sent_again)
{
    struct range range = range_of("2x", 0, 3);

    ck_assert_int_eq(set_ours("1x=5 2x=3", "1x 2x", 0), ERR_OK);
    ck_assert_int_eq(set_theirs(""), ERR_OK);
    assert_next("1x", 0, 5);
    assert_next("2x", 0, 3);
    ck_assert(read_end("2x", 0, 3));
    ck_assert(read_end("1x", 0, 5));
    /* The second log came first: it was not taken. */
    ck_assert_int_eq(set_theirs("1x=5"), ERR_OK);
    reconcile_taken(&rec, &range, 0);
    assert_next("2x", 0, 3);
    ck_assert(read_end("2x", 0, 3));
    /* Now there is nothing new by which it could be taken. */
    taken("2x", 0, 3);
    assert_nothing_next();
}
END_TEST

START_TEST(a_log_that_was_not_taken_is_sent_again_when_control_logs_grow)
{
    ck_assert_int_eq(set_ours("1x=5 2c=3", "1x 2c", 0), ERR_OK);
    ck_assert_int_eq(set_theirs("1x=1"), ERR_OK);
    assert_next("1x", 1, 5);
    assert_next("2c", 0, 3);
    ck_assert(read_end("2c", 0, 3));
    taken("2c", 0, 3);
    assert_nothing_next();
    ck_assert_int_eq(set_theirs("1x=1 3c=1"), ERR_OK);
    assert_nothing_next();
    ck_assert_int_eq(set_theirs("1x=2 3c=1"), ERR_OK);
    assert_next("2c", 0, 3);
}
END_TEST

START_TEST(a_read_may_find_more_than_the_clock_says)
{
    ck_assert_int_eq(set_ours("1c=5", "1c", 0), ERR_OK);
    ck_assert_int_eq(set_theirs(""), ERR_OK);
    assert_next("1c", 0, 5);
    ck_assert(read_end("1c", 0, 7));
    assert_nothing_next();
    ck_assert_int_eq(set_ours("1c=8", "1c", 0), ERR_OK);
    ck_assert_int_eq(set_theirs("1c=7"), ERR_OK);
    assert_next("1c", 7, 8);
}
END_TEST

START_TEST(a_read_that_the_peer_no_longer_needs_is_of_no_use)
{
    ck_assert_int_eq(set_ours("1c=5", "1c", 0), ERR_OK);
    ck_assert_int_eq(set_theirs(""), ERR_OK);
    assert_next("1c", 0, 5);
    ck_assert_int_eq(set_theirs("1c=2"), ERR_OK);
    ck_assert(!read_end("1c", 0, 5));
    assert_next("1c", 2, 5);
    ck_assert_int_eq(hold("1c", true), ERR_OK);
    ck_assert(!read_end("1c", 2, 5));
    ck_assert_int_eq(hold("1c", false), ERR_OK);
    assert_next("1c", 2, 5);
}
END_TEST

START_TEST(a_read_may_be_taken_back)
{
    struct range range = range_of("1c", 0, 5);

    ck_assert_int_eq(set_ours("1c=5", "1c", 0), ERR_OK);
    ck_assert_int_eq(set_theirs(""), ERR_OK);
    assert_next("1c", 0, 5);
    ck_assert(read_end("1c", 0, 5));
    reconcile_unsend(&rec, &range);
    assert_next("1c", 0, 5);
}
END_TEST

START_TEST(what_a_peer_did_not_store_is_sent_again_once_it_moves)
{
    ck_assert_int_eq(set_ours("1c=20", "1c", 0), ERR_OK);
    ck_assert_int_eq(set_theirs(""), ERR_OK);
    assert_next("1c", 0, 20);
    ck_assert(read_end("1c", 0, 10));
    assert_next("1c", 10, 20);
    ck_assert(read_end("1c", 10, 20));
    /* It had [0, 4) from another, so neither batch fitted. */
    ck_assert_int_eq(set_theirs("1c=4"), ERR_OK);
    taken("1c", 0, 10);
    assert_next("1c", 4, 20);
    ck_assert(read_end("1c", 4, 20));
    taken("1c", 10, 20);
    assert_nothing_next();
    /* And it cannot take the last: no use in trying for ever. */
    taken("1c", 4, 20);
    assert_nothing_next();
    ck_assert_int_eq(set_theirs("1c=5"), ERR_OK);
    assert_next("1c", 5, 20);
    ck_assert(read_end("1c", 5, 20));
    ck_assert_int_eq(set_theirs("1c=20"), ERR_OK);
    taken("1c", 5, 20);
    assert_nothing_next();
}
END_TEST

START_TEST(clocks_never_fall)
{
    ck_assert_int_eq(set_ours("1c=5 2c=5", "1c 2c", 0), ERR_OK);
    ck_assert_int_eq(set_ours("1c=6 2c=4", "1c 2c", 0), ERR_STALE);
    ck_assert_int_eq(set_ours("1c=6", "1c 2c", 0), ERR_STALE);
    ck_assert_int_eq(set_ours("2c=6", "1c 2c", 0), ERR_STALE);
    ck_assert_int_eq(set_ours("", "", 0), ERR_STALE);
    ck_assert_uint_eq(rec.logs[0].ours, 5);
    ck_assert_int_eq(set_theirs("1c=5 3c=5"), ERR_OK);
    ck_assert_int_eq(set_theirs("1c=5 2c=9 3c=4"), ERR_STALE);
    ck_assert_int_eq(set_theirs("3c=5"), ERR_STALE);
    ck_assert_int_eq(set_theirs(""), ERR_STALE);
    ck_assert_uint_eq(rec.logs[0].theirs, 5);
}
END_TEST

START_TEST(equal_means_that_both_are_known_and_the_same)
{
    ck_assert(!reconcile_is_equal(&rec));
    ck_assert_int_eq(set_ours("", "", 0), ERR_OK);
    ck_assert(!reconcile_is_equal(&rec));
    ck_assert_int_eq(set_theirs(""), ERR_OK);
    ck_assert(reconcile_is_equal(&rec));
    ck_assert_int_eq(set_theirs("1c=1"), ERR_OK);
    ck_assert(!reconcile_is_equal(&rec));
    ck_assert_int_eq(set_ours("1c=1", "1c", 0), ERR_OK);
    ck_assert(reconcile_is_equal(&rec));
}
END_TEST

/* All that allocates, once. */
static enum err
allocate(void)
{
    enum err rc = set_ours("1x=1 2c=1", "2c", 0);

    rc = rc == ERR_OK ? set_theirs("2c=1") : rc;
    rc = rc == ERR_OK ? hold("2c", true) : rc;
    rc = rc == ERR_OK ? hold("1x", true) : rc;
    return rc == ERR_OK ? set_ours("1x=1 2c=1 3c=1", "2c", 0) : rc;
}

START_TEST(every_allocation_may_fail)
{
    enum err rc = ERR_NOMEM;
    long n = 0;

    for (; rc != ERR_OK; n++) {
        struct log_id self = id_of("1x");

        reconcile_release(&rec);
        reconcile_init(&rec, &self.node);
        mem_fault_after(n);
        rc = allocate();
        mem_fault_after(-1);
        ck_assert(rc == ERR_OK || rc == ERR_NOMEM);
    }
    ck_assert_int_gt(n, 10);
}
END_TEST

/*
 * A peer that takes what it is sent, sometimes gets entries from elsewhere
 * and sometimes takes nothing of a batch, ends with all of ours.
 */
static bool
run_peer(struct prng *prng)
{
    static const char *const names[] = {"1x", "1c", "2x", "2c", "3x", "3c"};
    uint64_t ours[6] = {1, 1, 1, 1, 1, 1};
    uint64_t theirs[6] = {0};
    struct range range = {0};
    uint64_t now_ms = 1000;

    for (int step = 0; step < 400; step++) {
        char text[100] = "";
        char peers[100] = "";
        uint64_t pick = prng_below(prng, 6);

        if (step < 300) {
            ours[pick] += prng_below(prng, 3);
        }
        now_ms += prng_below(prng, 300);
        for (int i = 0; i < 6; i++) {
            size_t at = strlen(text);

            if (step < 300 && prng_below(prng, 20) == 0) {
                theirs[i] = ours[i];
            }
            snprintf(text + at, sizeof(text) - at, "%s%s=%d", i ? " " : "",
                names[i], (int)ours[i]);
            at = strlen(peers);
            if (theirs[i] > 0) {
                snprintf(peers + at, sizeof(peers) - at, "%s%s=%d",
                    at ? " " : "", names[i], (int)theirs[i]);
            }
        }
        ck_assert_int_eq(set_ours(text, "", now_ms), ERR_OK);
        ck_assert_int_eq(set_theirs(peers), ERR_OK);
        reconcile_tick(&rec, now_ms);
        if (reconcile_next(&rec, false, &range)) {
            uint64_t *held =
                &theirs[2 * (range.log.node.bytes[0] - 1) + range.log.kind];

            if (range.from != *held) {
                return false;
            }
            reconcile_read_begin(&rec, &range.log);
            range.to = range.from + 1 + prng_below(prng, range.to - range.from);
            ck_assert(reconcile_read_end(&rec, &range));
            *held = range.to;
        }
    }
    reconcile_tick(&rec, now_ms + 2 * RECONCILE_RELAY_MS);
    return memcmp(ours, theirs, sizeof(ours)) == 0;
}

START_TEST(a_peer_ends_with_all_of_ours)
{
    uint64_t seed = prng_seed((uint64_t)_i + 1);
    struct prng prng = prng_init(seed);

    ck_assert_msg(run_peer(&prng), "CORRIDOR_SEED=%#llx ctest -R wire_rec",
        (unsigned long long)seed);
}
END_TEST

/* Set limits as clocks are written. */
static enum err
set_limits(const char *text)
{
    struct reconcile_limit limits[8];
    size_t count = 0;
    enum err rc = ERR_OK;

    for (; *text != '\0'; text += *text == ' ') {
        limits[count] = (struct reconcile_limit){.log = id_of(text)};
        for (text += 3; *text >= '0'; text++) {
            limits[count].size =
                10 * limits[count].size + (uint64_t)(*text - '0');
        }
        count++;
    }
    rc = reconcile_set_limits(&rec, limits, count);
    ck_assert(reconcile_check(&rec));
    return rc;
}

static const struct limit_row {
    const char *name;
    const char *ours;
    const char *theirs;
    const char *limits;
    bool is_equal;
    bool is_covering;
} limit_rows[] = {
    {"the same", "1x=3 1c=5", "1x=3 1c=5", "1c=0", true, true},
    {"we have more of it", "1x=3 1c=9", "1x=3 1c=5", "1c=0", true, true},
    {"they have more of it", "1x=3 1c=5", "1x=3 1c=9", "1c=0", true, true},
    {"only they have it", "1x=3", "1x=3 1c=9", "1c=0", true, true},
    {"only we have it", "1x=3 1c=9", "1x=3", "1c=0", true, true},
    {"it is the last", "1x=3 3c=9", "1x=3 2c=1", "2c=0 3c=0", true, true},
    {"we have more of another", "1x=4 1c=5", "1x=3 1c=9", "1c=0", false, true},
    {"they have more of another", "1x=3 1c=9", "1x=4 1c=5", "1c=0", false,
        false},
    {"they have another", "1x=3 1c=9", "1x=3 2x=1", "1c=0", false, false},
    {"both are at the limit", "1x=3 1c=5", "1x=3 1c=9", "1c=5", true, true},
    {"they are below it", "1x=3 1c=5", "1x=3 1c=4", "1c=5", false, true},
    {"we are below it", "1x=3 1c=4", "1x=3 1c=9", "1c=5", false, false},
    {"both are, alike", "1x=3 1c=4", "1x=3 1c=4", "1c=5", true, true},
    {"another is frozen", "1x=3 1c=5", "1x=3 1c=9", "2c=0", false, false},
};

START_TEST(clocks_are_compared_up_to_limits)
{
    const struct limit_row *row = &limit_rows[_i];

    /* Whichever comes last. */
    for (int last = 0; last < 3; last++) {
        ck_assert_int_eq(last == 0 ? ERR_OK : set_limits(row->limits), ERR_OK);
        ck_assert_int_eq(last == 1 ? ERR_OK : set_ours(row->ours, "", 0), 0);
        ck_assert_int_eq(last == 2 ? ERR_OK : set_theirs(row->theirs), 0);
        ck_assert_int_eq(last == 0   ? set_limits(row->limits)
                         : last == 1 ? set_ours(row->ours, "", 0)
                                     : set_theirs(row->theirs),
            ERR_OK);
        ck_assert_msg(reconcile_is_equal(&rec) == row->is_equal, "%s: %d",
            row->name, last);
        ck_assert_msg(reconcile_is_covering(&rec) == row->is_covering, "%s: %d",
            row->name, last);
        teardown();
        setup();
    }
}
END_TEST

START_TEST(a_frozen_log_is_not_sent_until_it_is_released)
{
    ck_assert_int_eq(set_limits("1c=0"), ERR_OK);
    ck_assert_int_eq(set_ours("1x=3 1c=20", "", 0), ERR_OK);
    ck_assert_int_eq(set_theirs("1x=3"), ERR_OK);
    assert_nothing_next();
    ck_assert_int_eq(set_limits(""), ERR_OK);
    assert_next("1c", 0, 20);
    ck_assert(read_end("1c", 0, 10));
    /* Frozen while it is read, the read is of no use. */
    assert_next("1c", 10, 20);
    ck_assert_int_eq(set_limits("1c=0 2c=0"), ERR_OK);
    ck_assert(!read_end("1c", 10, 20));
    assert_nothing_next();
}
END_TEST

START_TEST(a_log_that_is_cut_is_sent_up_to_there)
{
    ck_assert_int_eq(set_limits("1c=10"), ERR_OK);
    ck_assert_int_eq(set_ours("1x=3 1c=20", "", 0), ERR_OK);
    ck_assert_int_eq(set_theirs("1x=3 1c=4"), ERR_OK);
    assert_next("1c", 4, 10);
    ck_assert(read_end("1c", 4, 8));
    assert_next("1c", 8, 10);
    /* Batches are cut where it suits the sender. */
    ck_assert(read_end("1c", 8, 12));
    assert_nothing_next();
    ck_assert_int_eq(set_theirs("1x=3 1c=12"), ERR_OK);
    ck_assert(reconcile_is_equal(&rec));
}
END_TEST

START_TEST(a_clock_may_fall_in_a_frozen_log_only)
{
    ck_assert_int_eq(set_ours("1x=3", "", 0), ERR_OK);
    ck_assert_int_eq(set_limits("1c=0"), ERR_OK);
    ck_assert_int_eq(set_theirs("1x=3 1c=9 2c=2"), ERR_OK);
    ck_assert_int_eq(set_theirs("1x=3 1c=5 2c=2"), ERR_OK);
    ck_assert_int_eq(set_theirs("1x=3 1c=5 2c=1"), ERR_STALE);
}
END_TEST

START_TEST(freezing_without_memory_changes_nothing)
{
    ck_assert_int_eq(set_ours("1x=3 1c=20", "", 0), ERR_OK);
    ck_assert_int_eq(set_theirs("1x=3"), ERR_OK);
    mem_fault_after(0);
    ck_assert_int_eq(set_limits("1c=0"), ERR_NOMEM);
    mem_fault_after(-1);
    assert_next("1c", 0, 20);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reconcile");
    TCase *tcase = tcase_create("reconcile");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, what_the_peer_lacks_is_next);
    tcase_add_test(tcase, control_logs_go_first_and_in_the_order_of_arrival);
    tcase_add_test(tcase, a_new_log_takes_its_place);
    tcase_add_test(tcase, control_only_leaves_changes_alone);
    tcase_add_test(
        tcase, own_entries_are_offered_at_once_and_others_after_a_wait);
    tcase_add_test(tcase, what_the_peer_gets_meanwhile_is_not_offered);
    tcase_add_test(tcase, what_grows_during_a_wait_waits_anew);
    tcase_add_test(tcase, held_logs_are_not_sent_until_released);
    tcase_add_test(tcase, at_most_all_logs_are_held);
    tcase_add_test(
        tcase, an_empty_read_is_not_tried_again_until_something_grows);
    tcase_add_test(tcase, a_log_whose_author_was_not_known_is_sent_again);
    tcase_add_test(
        tcase, a_log_that_was_not_taken_is_sent_again_when_control_logs_grow);
    tcase_add_test(tcase, a_read_may_find_more_than_the_clock_says);
    tcase_add_test(tcase, a_read_that_the_peer_no_longer_needs_is_of_no_use);
    tcase_add_test(tcase, a_read_may_be_taken_back);
    tcase_add_test(
        tcase, what_a_peer_did_not_store_is_sent_again_once_it_moves);
    tcase_add_test(tcase, clocks_never_fall);
    tcase_add_test(tcase, equal_means_that_both_are_known_and_the_same);
    tcase_add_test(tcase, every_allocation_may_fail);
    tcase_add_loop_test(tcase, a_peer_ends_with_all_of_ours, 0, 20);
    tcase_add_loop_test(tcase, clocks_are_compared_up_to_limits, 0,
        (int)(sizeof(limit_rows) / sizeof(limit_rows[0])));
    tcase_add_test(tcase, a_frozen_log_is_not_sent_until_it_is_released);
    tcase_add_test(tcase, a_log_that_is_cut_is_sent_up_to_there);
    tcase_add_test(tcase, a_clock_may_fall_in_a_frozen_log_only);
    tcase_add_test(tcase, freezing_without_memory_changes_nothing);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
