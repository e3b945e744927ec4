/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/env.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "storage/key.h"
#include "storage/txn.h"
#include "tests/lib/run.h"
#include "tests/lib/scratch.h"

enum { VALUE_BYTES = 3000 };

static struct scratch scratch;
static char dir[SCRATCH_PATH_BYTES];
static struct err_msg msg;

static void
setup(void)
{
    scratch_make(&scratch);
    scratch_path(dir, &scratch, "env");
    msg.text[0] = '\0';
}

static void
teardown(void)
{
    scratch_remove(&scratch);
}

static struct env *
open_env(const struct env_options *options)
{
    struct env *env = NULL;
    enum err rc = env_open(&env, dir, options, &msg);

    ck_assert_msg(rc == ERR_OK, "%s", msg.text);
    return env;
}

/* Put `count` rows of some KiB from `first` on, in one transaction. */
static enum err
put_rows(struct env *env, uint64_t first, uint64_t count)
{
    static const uint8_t value[VALUE_BYTES] = {1};
    struct txn *txn = NULL;
    enum err rc = txn_begin(&txn, env, true, &msg);

    ck_assert_int_eq(rc, ERR_OK);
    for (uint64_t i = 0; i < count && rc == ERR_OK; i++) {
        struct key key = key_u64(first + i);
        rc = txn_put(txn, TABLE_RECORDS, key_bytes(&key),
            bytes_of(value, sizeof(value)), &msg);
    }
    if (rc != ERR_OK) {
        txn_abort(txn);
        return rc;
    }
    return txn_commit(txn, &msg);
}

static uint64_t
count_rows(struct env *env)
{
    struct txn *txn = NULL;
    uint64_t count = 0;

    ck_assert_int_eq(txn_begin(&txn, env, false, &msg), ERR_OK);
    count = txn_count(txn, TABLE_RECORDS);
    txn_abort(txn);
    return count;
}

START_TEST(what_was_committed_is_there_when_opened_again)
{
    struct env *env = open_env(NULL);
    struct stat info;
    char path[SCRATCH_PATH_BYTES];

    ck_assert_int_eq(put_rows(env, 0, 10), ERR_OK);
    env_close(env);
    env = open_env(NULL);
    ck_assert_uint_eq(count_rows(env), 10);
    env_close(env);
    scratch_path(path, &scratch, "env/data.mdb");
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0600);
}
END_TEST

START_TEST(an_open_environment_is_not_opened_again)
{
    struct env *env = open_env(NULL);
    struct env *second = NULL;

    ck_assert_int_eq(env_open(&second, dir, NULL, &msg), ERR_BUSY);
    ck_assert_ptr_null(second);
    ck_assert_ptr_nonnull(strstr(msg.text, "in use"));
    ck_assert_int_eq(put_rows(env, 0, 1), ERR_OK);
    env_close(env);
    env_close(open_env(NULL));
}
END_TEST

START_TEST(another_format_is_refused_and_left_alone)
{
    struct env *env = open_env(NULL);
    struct txn *txn = NULL;
    struct env *again = NULL;

    ck_assert_int_eq(txn_begin(&txn, env, true, &msg), ERR_OK);
    ck_assert_int_eq(txn_put(txn, TABLE_META, bytes_text("format"),
                         bytes_of("\0\0\0\2", 4), &msg),
        ERR_OK);
    ck_assert_int_eq(txn_commit(txn, &msg), ERR_OK);
    env_close(env);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(env_open(&again, dir, NULL, &msg), ERR_VERSION);
        ck_assert_ptr_nonnull(strstr(msg.text, "format 2"));
    }
}
END_TEST

START_TEST(a_file_that_is_no_database_is_refused)
{
    char path[SCRATCH_PATH_BYTES];
    struct env *env = NULL;
    FILE *file = NULL;

    env_close(open_env(NULL));
    scratch_path(path, &scratch, "env/data.mdb");
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 10000; i++) {
        fputs("not a database", file);
    }
    fclose(file);
    ck_assert_int_ne(env_open(&env, dir, NULL, &msg), ERR_OK);
    ck_assert_ptr_null(env);
}
END_TEST

START_TEST(a_full_map_is_grown_and_nothing_is_lost)
{
    struct env_options options = {.map_bytes = 1 << 20};
    struct env *env = open_env(&options);
    struct env_stat before;
    struct env_stat after;

    ck_assert_int_eq(put_rows(env, 0, 50), ERR_OK);
    ck_assert_int_eq(env_grow_if_full(env), ERR_FULL);
    ck_assert_int_eq(env_stat(env, &before, &msg), ERR_OK);
    ck_assert_int_eq(put_rows(env, 50, 1000), ERR_FULL);
    ck_assert_uint_eq(count_rows(env), 50);
    for (int i = 0; i < 5 && env_grow_if_full(env) == ERR_OK; i++) {
        err_ignore(put_rows(env, 50, 1000)); /* may need more still */
    }
    ck_assert_uint_eq(count_rows(env), 1050);
    ck_assert_int_eq(env_stat(env, &after, &msg), ERR_OK);
    ck_assert_uint_gt(after.bytes_map, before.bytes_map);
    env_close(env);
    /* A map smaller than what is there is no hindrance. */
    env = open_env(&options);
    ck_assert_uint_eq(count_rows(env), 1050);
    env_close(env);
}
END_TEST

START_TEST(a_copy_holds_what_was_committed_and_replaces_nothing)
{
    struct env *env = open_env(NULL);
    char to[SCRATCH_PATH_BYTES];

    scratch_path(to, &scratch, "copy");
    ck_assert_int_eq(put_rows(env, 0, 20), ERR_OK);
    ck_assert_int_eq(env_copy(env, to, &msg), ERR_OK);
    ck_assert_int_eq(put_rows(env, 20, 5), ERR_OK);
    ck_assert_int_eq(env_copy(env, to, &msg), ERR_EXISTS);
    env_close(env);
    memcpy(dir, to, sizeof(dir));
    env = open_env(NULL);
    ck_assert_uint_eq(count_rows(env), 20);
    env_close(env);
}
END_TEST

START_TEST(figures_tell_of_free_pages_and_old_readers)
{
    struct env *env = open_env(NULL);
    struct txn *reader = NULL;
    struct txn *writer = NULL;
    struct env_stat stat;

    ck_assert_int_eq(put_rows(env, 0, 100), ERR_OK);
    ck_assert_int_eq(txn_begin(&reader, env, false, &msg), ERR_OK);
    for (uint64_t i = 0; i < 3; i++) {
        ck_assert_int_eq(put_rows(env, 100 + i, 1), ERR_OK);
    }
    ck_assert_int_eq(env_stat(env, &stat, &msg), ERR_OK);
    ck_assert_uint_eq(stat.oldest_reader_txns, 3);
    ck_assert_uint_ge(stat.bytes_used, 100 * VALUE_BYTES);
    ck_assert_uint_eq(stat.bytes_map, ENV_MAP_BYTES);
    txn_abort(reader);
    ck_assert_int_eq(txn_begin(&writer, env, true, &msg), ERR_OK);
    ck_assert_int_eq(txn_clear(writer, TABLE_RECORDS, &msg), ERR_OK);
    ck_assert_int_eq(txn_commit(writer, &msg), ERR_OK);
    ck_assert_int_eq(env_stat(env, &stat, &msg), ERR_OK);
    ck_assert_uint_eq(stat.oldest_reader_txns, 0);
    ck_assert_uint_ge(stat.bytes_free, 100 * VALUE_BYTES);
    env_close(env);
}
END_TEST

START_TEST(the_reserve_is_there_released_and_made_again)
{
    struct env *env = open_env(NULL);
    char path[SCRATCH_PATH_BYTES];
    struct stat info;

    scratch_path(path, &scratch, "env/reserve");
    ck_assert_int_eq(stat(path, &info), 0);
    /* Its blocks are taken, not only its size. */
    ck_assert_int_ge(info.st_blocks, ENV_RESERVE_BYTES / 512);
    ck_assert(!env_is_low(env));
    ck_assert(env_release_reserve(env));
    ck_assert_int_ne(stat(path, &info), 0);
    ck_assert(!env_release_reserve(env));
    /* There is room here, so the first look ends it. */
    ck_assert(!env_is_low(env));
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert(env_release_reserve(env));
    env_check_readers(env);
    ck_assert_int_eq(stat(path, &info), 0);
    env_close(env);
}
END_TEST

START_TEST(a_path_that_is_too_long_or_missing_is_refused)
{
    struct env *env = NULL;
    char longest[2000];

    memset(longest, 'x', sizeof(longest));
    longest[0] = '/';
    longest[sizeof(longest) - 1] = '\0';
    ck_assert_int_eq(env_open(&env, longest, NULL, &msg), ERR_CONFIG);
    scratch_path(dir, &scratch, "no/such");
    ck_assert_int_eq(env_open(&env, dir, NULL, &msg), ERR_NOT_FOUND);
}
END_TEST

START_TEST(without_memory_nothing_is_opened_and_nothing_leaks)
{
    struct env *env = NULL;

    for (long n = 0; n < 20; n++) {
        enum err rc = ERR_OK;

        mem_fault_after(n);
        rc = env_open(&env, dir, NULL, NULL);
        mem_fault_after(-1);
        if (rc == ERR_OK) {
            break;
        }
        ck_assert_int_eq(rc, ERR_NOMEM);
        ck_assert_ptr_null(env);
    }
    ck_assert_ptr_nonnull(env);
    env_close(env);
    env_close(NULL);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("env");
    TCase *tcase = tcase_create("env");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, what_was_committed_is_there_when_opened_again);
    tcase_add_test(tcase, an_open_environment_is_not_opened_again);
    tcase_add_test(tcase, another_format_is_refused_and_left_alone);
    tcase_add_test(tcase, a_file_that_is_no_database_is_refused);
    tcase_add_test(tcase, a_full_map_is_grown_and_nothing_is_lost);
    tcase_add_test(tcase, a_copy_holds_what_was_committed_and_replaces_nothing);
    tcase_add_test(tcase, figures_tell_of_free_pages_and_old_readers);
    tcase_add_test(tcase, the_reserve_is_there_released_and_made_again);
    tcase_add_test(tcase, a_path_that_is_too_long_or_missing_is_refused);
    tcase_add_test(tcase, without_memory_nothing_is_opened_and_nothing_leaks);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
