/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/txn.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "storage/env.h"
#include "storage/key.h"
#include "tests/lib/prng.h"
#include "tests/lib/run.h"
#include "tests/lib/scratch.h"

static struct scratch scratch;
static struct env_faults faults;
static struct env *env;
static struct txn *txn;
static struct err_msg msg;

static void
setup(void)
{
    struct env_options options = {.without_reserve = true, .faults = &faults};
    char dir[SCRATCH_PATH_BYTES];

    faults = (struct env_faults){.writes_left = -1, .commits_left = -1};
    scratch_make(&scratch);
    scratch_path(dir, &scratch, "env");
    ck_assert_int_eq(env_open(&env, dir, &options, &msg), ERR_OK);
    txn = NULL;
}

static void
teardown(void)
{
    txn_abort(txn);
    env_close(env);
    scratch_remove(&scratch);
}

static void
begin(bool is_write)
{
    ck_assert_int_eq(txn_begin(&txn, env, is_write, &msg), ERR_OK);
}

static void
commit(void)
{
    enum err rc = txn_commit(txn, &msg);

    txn = NULL;
    ck_assert_int_eq(rc, ERR_OK);
}

static enum err
put(uint64_t number, const char *value)
{
    struct key key = key_u64(number);

    return txn_put(
        txn, TABLE_RECORDS, key_bytes(&key), bytes_text(value), &msg);
}

/* The row's value, or "" where there is none. */
static const char *
get(uint64_t number)
{
    static char text[64];
    struct key key = key_u64(number);
    struct bytes value = {0};
    enum err rc = txn_get(txn, TABLE_RECORDS, key_bytes(&key), &value, &msg);

    if (rc == ERR_NOT_FOUND) {
        return "";
    }
    ck_assert_int_eq(rc, ERR_OK);
    ck_assert_uint_lt(value.size, sizeof(text));
    memcpy(text, value.data, value.size);
    text[value.size] = '\0';
    return text;
}

START_TEST(a_commit_keeps_what_an_abort_drops)
{
    begin(true);
    ck_assert_int_eq(put(1, "one"), ERR_OK);
    commit();
    begin(true);
    ck_assert_int_eq(put(1, "uno"), ERR_OK);
    ck_assert_int_eq(put(2, "due"), ERR_OK);
    txn_abort(txn);
    begin(false);
    ck_assert_str_eq(get(1), "one");
    ck_assert_str_eq(get(2), "");
}
END_TEST

START_TEST(a_reader_sees_the_moment_it_began)
{
    struct txn *reader = NULL;
    struct key key = key_u64(1);
    struct bytes value = {0};

    begin(true);
    ck_assert_int_eq(put(1, "one"), ERR_OK);
    commit();
    ck_assert_int_eq(txn_begin(&reader, env, false, &msg), ERR_OK);
    begin(true);
    ck_assert_int_eq(put(1, "two"), ERR_OK);
    commit();
    ck_assert_int_eq(
        txn_get(reader, TABLE_RECORDS, key_bytes(&key), &value, &msg), ERR_OK);
    ck_assert(bytes_equal(value, bytes_text("one")));
    txn_abort(reader);
}
END_TEST

START_TEST(an_appended_key_must_be_the_greatest)
{
    struct key high = key_u64(9);
    struct key low = key_u64(3);
    uint8_t *room = NULL;

    begin(true);
    ck_assert_int_eq(txn_append_reserve(
                         txn, TABLE_ENTRIES, key_bytes(&high), 4, &room, &msg),
        ERR_OK);
    memcpy(room, "room", 4);
    ck_assert_int_ne(txn_append(txn, TABLE_ENTRIES, key_bytes(&low),
                         bytes_text("low"), &msg),
        ERR_OK);
    ck_assert_uint_eq(txn_count(txn, TABLE_ENTRIES), 1);
}
END_TEST

START_TEST(deleting_what_is_not_there_is_no_error)
{
    struct key key = key_u64(5);

    begin(true);
    ck_assert_int_eq(put(5, "five"), ERR_OK);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(
            txn_delete(txn, TABLE_RECORDS, key_bytes(&key), &msg), ERR_OK);
        ck_assert_uint_eq(txn_count(txn, TABLE_RECORDS), 0);
    }
    ck_assert_int_eq(put(6, "six"), ERR_OK);
    ck_assert_int_eq(txn_clear(txn, TABLE_RECORDS, &msg), ERR_OK);
    ck_assert_uint_eq(txn_count(txn, TABLE_RECORDS), 0);
}
END_TEST

/* Rows 10, 20, 30. */
static void
put_three(void)
{
    begin(true);
    for (uint64_t i = 10; i <= 30; i += 10) {
        ck_assert_int_eq(put(i, "row"), ERR_OK);
    }
}

static uint64_t
at(const struct scan *scan)
{
    uint64_t number = 0;

    ck_assert_int_eq(key_get_u64(scan->key, &number), ERR_OK);
    return number;
}

/* From where a scan begins to where it lands; 0: nowhere. */
static const struct {
    uint64_t start;
    uint64_t seek;
    uint64_t last;
} landings[] = {
    {1, 10, 0},
    {10, 10, 0},
    {11, 20, 10},
    {20, 20, 10},
    {30, 30, 20},
    {31, 0, 30},
};

START_TEST(a_scan_lands_at_or_after_and_before)
{
    struct key start = key_u64(landings[_i].start);
    struct scan scan = {0};

    put_three();
    ck_assert_int_eq(scan_open(&scan, txn, TABLE_RECORDS, &msg), ERR_OK);
    ck_assert(scan_seek(&scan, key_bytes(&start)) == (landings[_i].seek != 0));
    if (landings[_i].seek != 0) {
        ck_assert_uint_eq(at(&scan), landings[_i].seek);
    }
    ck_assert(scan_last(&scan, key_bytes(&start)) == (landings[_i].last != 0));
    if (landings[_i].last != 0) {
        ck_assert_uint_eq(at(&scan), landings[_i].last);
    }
    ck_assert_int_eq(scan_end(&scan, &msg), ERR_OK);
    scan_close(&scan);
}
END_TEST

START_TEST(a_scan_steps_both_ways_and_ends)
{
    struct scan scan = {0};
    uint64_t sum = 0;

    put_three();
    ck_assert_int_eq(scan_open(&scan, txn, TABLE_RECORDS, &msg), ERR_OK);
    while (scan_next(&scan)) {
        sum = sum * 100 + at(&scan);
    }
    ck_assert_uint_eq(sum, 102030);
    ck_assert(!scan_next(&scan));
    ck_assert(scan_last(&scan, bytes_of(NULL, 0)));
    ck_assert(scan_prev(&scan));
    ck_assert_uint_eq(at(&scan), 20);
    ck_assert(scan_prev(&scan));
    ck_assert(!scan_prev(&scan));
    ck_assert_int_eq(scan_end(&scan, &msg), ERR_OK);
    scan_close(&scan);
    scan_close(&scan);
}
END_TEST

START_TEST(a_scan_of_nothing_ends_at_once)
{
    struct scan scan = {0};

    begin(false);
    ck_assert_int_eq(scan_open(&scan, txn, TABLE_RECORDS, &msg), ERR_OK);
    ck_assert(!scan_seek(&scan, bytes_of(NULL, 0)));
    ck_assert(!scan_last(&scan, bytes_of(NULL, 0)));
    ck_assert(!scan_next(&scan));
    ck_assert_int_eq(scan_end(&scan, &msg), ERR_OK);
    scan_close(&scan);
}
END_TEST

START_TEST(keys_of_a_wrong_size_are_errors)
{
    uint8_t large[600] = {0};

    begin(true);
    ck_assert_int_ne(
        txn_put(txn, TABLE_META, bytes_of(large, 512), bytes_text("x"), &msg),
        ERR_OK);
    ck_assert_int_ne(
        txn_put(txn, TABLE_META, bytes_of(large, 0), bytes_text("x"), &msg),
        ERR_OK);
    ck_assert_int_eq(
        txn_put(txn, TABLE_META, bytes_of(large, 511), bytes_text("x"), &msg),
        ERR_OK);
}
END_TEST

START_TEST(a_fault_strikes_the_nth_write_once)
{
    faults.writes_left = 1;
    begin(true);
    ck_assert_int_eq(put(1, "one"), ERR_OK);
    ck_assert_int_eq(put(2, "two"), ERR_FULL);
    ck_assert(faults.hit);
    ck_assert_int_eq(put(3, "three"), ERR_OK);
    commit();
    faults.commits_left = 0;
    begin(true);
    ck_assert_int_eq(put(4, "four"), ERR_OK);
    ck_assert_int_eq(txn_commit(txn, &msg), ERR_FULL);
    begin(false);
    ck_assert_str_eq(get(1), "one");
    ck_assert_str_eq(get(4), "");
}
END_TEST

START_TEST(without_memory_a_transaction_does_not_begin)
{
    mem_fault_after(0);
    ck_assert_int_eq(txn_begin(&txn, env, true, &msg), ERR_NOMEM);
    mem_fault_after(-1);
    ck_assert_ptr_null(txn);
    begin(true); /* the gate was left open */
}
END_TEST

static atomic_bool has_grown;

static void *
grow(void *context)
{
    (void)context;
    ck_assert_int_eq(env_grow(env, NULL), ERR_OK);
    atomic_store(&has_grown, true);
    return NULL;
}

/* A map that moved under an open transaction would leave it dangling. */
START_TEST(the_map_grows_only_when_no_transaction_is_open)
{
    pthread_t thread;

    atomic_store(&has_grown, false);
    begin(false);
    ck_assert_int_eq(pthread_create(&thread, NULL, grow, NULL), 0);
    for (int i = 0; i < 100; i++) {
        ck_assert_str_eq(get(1), "");
        ck_assert(!atomic_load(&has_grown));
    }
    txn_abort(txn);
    txn = NULL;
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(atomic_load(&has_grown));
}
END_TEST

static long synced;

static enum err
count_sync(void *context)
{
    *(long *)context += 1;
    return ERR_OK;
}

START_TEST(a_simulated_disk_is_synced_at_each_commit)
{
    struct env_options options = {
        .without_reserve = true, .sync = count_sync, .context = &synced};
    struct env *real = env;
    char dir[SCRATCH_PATH_BYTES];
    long before = 0;

    scratch_path(dir, &scratch, "other");
    ck_assert_int_eq(env_open(&env, dir, &options, &msg), ERR_OK);
    before = synced;
    begin(true);
    ck_assert_int_eq(put(1, "one"), ERR_OK);
    commit();
    begin(false);
    commit();
    ck_assert_int_eq(synced, before + 1);
    env_close(env);
    env = real;
}
END_TEST

enum { SET_KEYS = 3, SET_VALUES = 400, SET_BYTES = 8 };

/* A value of one size, whose order is that of its number. */
static struct bytes
value_of(uint8_t room[SET_BYTES], uint64_t number)
{
    num_store_u64(room, number);
    return bytes_of(room, SET_BYTES);
}

static void
check_sets(bool has[SET_KEYS][SET_VALUES])
{
    struct scan scan = {0};
    uint8_t room[SET_BYTES];
    size_t count = 0;

    ck_assert_int_eq(scan_open(&scan, txn, TABLE_INDEX, &msg), ERR_OK);
    for (size_t k = 0; k < SET_KEYS; k++) {
        struct key key = key_u64(k);

        for (size_t v = 0; v < SET_VALUES; v++) {
            ck_assert_int_eq(txn_has(txn, TABLE_INDEX, key_bytes(&key),
                                 value_of(room, v), &msg),
                has[k][v] ? ERR_OK : ERR_NOT_FOUND);
            if (has[k][v]) {
                ck_assert(scan_next(&scan));
                ck_assert(bytes_equal(scan.key, key_bytes(&key)));
                ck_assert(bytes_equal(scan.value, value_of(room, v)));
                count++;
            }
        }
    }
    ck_assert(!scan_next(&scan));
    ck_assert_int_eq(scan_end(&scan, &msg), ERR_OK);
    scan_close(&scan);
    ck_assert_uint_eq(txn_count(txn, TABLE_INDEX), count);
}

/* Put in order, against it, and twice; half of them are taken out again. */
START_TEST(a_set_keeps_its_values_in_order)
{
    struct prng prng = prng_init(prng_seed(21));
    bool has[SET_KEYS][SET_VALUES] = {{false}};
    uint8_t room[SET_BYTES];

    begin(true);
    for (size_t i = 0; i < SET_KEYS * SET_VALUES * 2; i++) {
        size_t k = prng_below(&prng, SET_KEYS);
        size_t v = k == 0 ? i % SET_VALUES : prng_below(&prng, SET_VALUES);
        struct key key = key_u64(k);
        bool adds = prng_below(&prng, 3) > 0;
        enum err rc = adds ? txn_put(txn, TABLE_INDEX, key_bytes(&key),
                                 value_of(room, v), &msg)
                           : txn_remove(txn, TABLE_INDEX, key_bytes(&key),
                                 value_of(room, v), &msg);

        ck_assert_int_eq(rc, ERR_OK);
        has[k][v] = adds;
    }
    check_sets(has);
    commit();
    begin(false);
    check_sets(has);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("txn");
    TCase *tcase = tcase_create("txn");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_commit_keeps_what_an_abort_drops);
    tcase_add_test(tcase, a_reader_sees_the_moment_it_began);
    tcase_add_test(tcase, an_appended_key_must_be_the_greatest);
    tcase_add_test(tcase, deleting_what_is_not_there_is_no_error);
    tcase_add_loop_test(tcase, a_scan_lands_at_or_after_and_before, 0,
        (int)(sizeof(landings) / sizeof(landings[0])));
    tcase_add_test(tcase, a_scan_steps_both_ways_and_ends);
    tcase_add_test(tcase, a_scan_of_nothing_ends_at_once);
    tcase_add_test(tcase, keys_of_a_wrong_size_are_errors);
    tcase_add_test(tcase, a_fault_strikes_the_nth_write_once);
    tcase_add_test(tcase, without_memory_a_transaction_does_not_begin);
    tcase_add_test(tcase, the_map_grows_only_when_no_transaction_is_open);
    tcase_add_test(tcase, a_simulated_disk_is_synced_at_each_commit);
    tcase_add_test(tcase, a_set_keeps_its_values_in_order);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
