/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/disk.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "tests/lib/run.h"
#include "tests/lib/scratch.h"

static struct scratch scratch;
static char path[SCRATCH_PATH_BYTES];
static struct buf buf;

static void
setup(void)
{
    scratch_make(&scratch);
    scratch_path(path, &scratch, "file");
    buf = (struct buf){0};
}

static void
teardown(void)
{
    buf_release(&buf);
    scratch_remove(&scratch);
}

static void
ck_assert_holds(const char *text)
{
    buf_clear(&buf);
    ck_assert_int_eq(disk_read(&buf, path, 1000, NULL), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&buf), bytes_text(text)));
}

static bool
has_partial(void)
{
    char partial[SCRATCH_PATH_BYTES];

    scratch_path(partial, &scratch, "file.partial");
    return access(partial, F_OK) == 0;
}

START_TEST(what_is_written_is_read_again)
{
    struct stat info;

    ck_assert_int_eq(disk_write(path, bytes_text("one"), true, NULL), ERR_OK);
    ck_assert_holds("one");
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0600);
    ck_assert_int_eq(disk_write(path, bytes_text("two"), false, NULL), ERR_OK);
    ck_assert_holds("two");
    ck_assert(!has_partial());
}
END_TEST

/* Another's link or open file in its place gets nothing of a secret. */
START_TEST(what_stands_under_the_temporary_name_is_not_written_into)
{
    char partial[SCRATCH_PATH_BYTES];
    char target[SCRATCH_PATH_BYTES];
    struct stat info;

    scratch_path(partial, &scratch, "file.partial");
    scratch_path(target, &scratch, "target");
    if (_i == 0) {
        ck_assert_int_eq(symlink(target, partial), 0);
    } else {
        FILE *left = fopen(partial, "w");
        ck_assert_ptr_nonnull(left);
        ck_assert_int_eq(fclose(left), 0);
        ck_assert_int_eq(chmod(partial, 0666), 0);
    }
    ck_assert_int_eq(disk_write(path, bytes_text("one"), true, NULL), ERR_OK);
    ck_assert_holds("one");
    ck_assert_int_ne(access(target, F_OK), 0);
    ck_assert_int_eq(lstat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0600);
    ck_assert(S_ISREG(info.st_mode));
}
END_TEST

START_TEST(a_new_file_does_not_replace_an_old_one)
{
    struct err_msg msg = {{0}};

    ck_assert_int_eq(disk_write(path, bytes_text("one"), true, &msg), ERR_OK);
    ck_assert_int_eq(
        disk_write(path, bytes_text("two"), true, &msg), ERR_EXISTS);
    ck_assert_ptr_nonnull(strstr(msg.text, "exists already"));
    ck_assert_holds("one");
}
END_TEST

START_TEST(a_file_beyond_the_limit_is_not_read)
{
    uint8_t large[5000] = {0};

    ck_assert_int_eq(
        disk_write(path, bytes_of(large, sizeof(large)), true, NULL), ERR_OK);
    ck_assert_int_eq(disk_read(&buf, path, 4999, NULL), ERR_TOO_BIG);
    buf_clear(&buf);
    ck_assert_int_eq(disk_read(&buf, path, 5000, NULL), ERR_OK);
    ck_assert_uint_eq(buf.size, 5000);
}
END_TEST

START_TEST(what_is_missing_is_not_found)
{
    char deep[SCRATCH_PATH_BYTES];

    scratch_path(deep, &scratch, "no/such");
    ck_assert_int_eq(disk_read(&buf, path, 10, NULL), ERR_NOT_FOUND);
    ck_assert_int_eq(
        disk_write(deep, bytes_text("x"), false, NULL), ERR_NOT_FOUND);
    ck_assert_int_eq(disk_make_dir(deep, NULL), ERR_NOT_FOUND);
}
END_TEST

START_TEST(a_directory_may_be_there_already_but_no_file)
{
    struct stat info;

    ck_assert_int_eq(disk_make_dir(path, NULL), ERR_OK);
    ck_assert_int_eq(disk_make_dir(path, NULL), ERR_OK);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0700);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(disk_write(path, bytes_text("x"), true, NULL), ERR_OK);
    ck_assert_int_eq(disk_make_dir(path, NULL), ERR_EXISTS);
}
END_TEST

START_TEST(a_path_that_is_too_long_is_refused)
{
    char longest[2000];

    memset(longest, 'x', sizeof(longest));
    longest[0] = '/';
    longest[sizeof(longest) - 1] = '\0';
    ck_assert_int_eq(
        disk_write(longest, bytes_text("x"), true, NULL), ERR_CONFIG);
}
END_TEST

START_TEST(without_memory_reading_fails)
{
    ck_assert_int_eq(disk_write(path, bytes_text("one"), true, NULL), ERR_OK);
    mem_fault_after(0);
    ck_assert_int_eq(disk_read(&buf, path, 10, NULL), ERR_NOMEM);
    mem_fault_after(-1);
}
END_TEST

/* A file that may not grow is as good as a disk that is full. */
START_TEST(what_cannot_be_written_whole_leaves_the_old_file)
{
    struct rlimit limit = {1000, 1000};
    uint8_t large[5000] = {0};

    ck_assert_int_eq(disk_write(path, bytes_text("one"), true, NULL), ERR_OK);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_ne(
        disk_write(path, bytes_of(large, sizeof(large)), false, NULL), ERR_OK);
    ck_assert(!has_partial());
    ck_assert_holds("one");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("disk");
    TCase *tcase = tcase_create("disk");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, what_is_written_is_read_again);
    tcase_add_loop_test(
        tcase, what_stands_under_the_temporary_name_is_not_written_into, 0, 2);
    tcase_add_test(tcase, a_new_file_does_not_replace_an_old_one);
    tcase_add_test(tcase, a_file_beyond_the_limit_is_not_read);
    tcase_add_test(tcase, what_is_missing_is_not_found);
    tcase_add_test(tcase, a_directory_may_be_there_already_but_no_file);
    tcase_add_test(tcase, a_path_that_is_too_long_is_refused);
    tcase_add_test(tcase, without_memory_reading_fails);
    /* The last: its limit stays. */
    tcase_add_test(tcase, what_cannot_be_written_whole_leaves_the_old_file);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
