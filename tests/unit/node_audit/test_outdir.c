/* SPDX-License-Identifier: Apache-2.0 */
/* A folder that is written for others. */
#include "node/audit/outdir.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/run.h"
#include "tests/lib/scratch.h"

static struct scratch scratch;
static char path[SCRATCH_PATH_BYTES];
static struct outdir dir;
static struct err_msg msg;

static void
setup(void)
{
    scratch_make(&scratch);
    scratch_path(path, &scratch, "out");
    ck_assert_int_eq(outdir_open(&dir, path, &msg), ERR_OK);
}

static void
teardown(void)
{
    outdir_close(&dir);
    scratch_remove(&scratch);
}

static void
must_write(const char *name, const char *text)
{
    enum err rc = outdir_write(&dir, name, bytes_text(text), &msg);

    ck_assert_msg(rc == ERR_OK, "%s: %s", name, msg.text);
}

static void
expect_file(const char *name, const char *text)
{
    struct buf file = {0};

    ck_assert_int_eq(tree_read(&file, &dir.tree, name, 100), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&file), bytes_text(text)));
    buf_release(&file);
}

/* In turns through more folders than are kept open, some within others. */
START_TEST(files_stand_where_they_are_named)
{
    enum { FOLDERS = OUTDIR_FOLDERS + 2, ROUNDS = 3 };
    char name[64];

    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < FOLDERS; i++) {
            snprintf(name, sizeof(name), "a/%d/%d", i, round);
            must_write(name, name);
            snprintf(name, sizeof(name), "a/%d/b/%d", i % 2, round);
            must_write(name, name);
        }
    }
    must_write("top", "top");
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < FOLDERS; i++) {
            snprintf(name, sizeof(name), "a/%d/%d", i, round);
            expect_file(name, name);
            snprintf(name, sizeof(name), "a/%d/b/%d", i % 2, round);
            expect_file(name, name);
        }
    }
    expect_file("top", "top");
    ck_assert_uint_eq(dir.written, 2 * FOLDERS * ROUNDS + 1);
}
END_TEST

START_TEST(a_removed_folder_is_made_again)
{
    must_write("a/b/c", "before");
    ck_assert_int_eq(outdir_remove(&dir, "a/b/c", false, &msg), ERR_OK);
    ck_assert_int_eq(outdir_remove(&dir, "a/b", true, &msg), ERR_OK);
    must_write("a/b/c", "after");
    expect_file("a/b/c", "after");
}
END_TEST

START_TEST(a_folder_that_holds_something_stays)
{
    must_write("a/b", "here");
    ck_assert_int_eq(outdir_remove(&dir, "a", true, &msg), ERR_OK);
    expect_file("a/b", "here");
}
END_TEST

START_TEST(what_has_the_name_is_replaced)
{
    char elsewhere[SCRATCH_PATH_BYTES];
    char link[SCRATCH_PATH_BYTES];
    struct stat info;

    scratch_path(elsewhere, &scratch, "elsewhere");
    scratch_path(link, &scratch, "out/a/link");
    must_write("a/file", "longer than what follows");
    must_write("a/file", "short");
    expect_file("a/file", "short");
    ck_assert_int_eq(symlink(elsewhere, link), 0);
    must_write("a/link", "not through it");
    expect_file("a/link", "not through it");
    ck_assert_int_ne(stat(elsewhere, &info), 0);
}
END_TEST

START_TEST(a_folder_of_that_name_is_not_replaced)
{
    must_write("a/b/c", "here");
    ck_assert_int_eq(
        outdir_write(&dir, "a/b", bytes_text("x"), &msg), ERR_CONFIG);
    ck_assert_int_eq(
        outdir_write(&dir, "a/b/c/d", bytes_text("x"), &msg), ERR_CONFIG);
    expect_file("a/b/c", "here");
}
END_TEST

/* The parent's path at its limit, and beyond. */
START_TEST(a_path_has_a_limit)
{
    enum { PART = 128 };
    char name[TREE_PATH_BYTES_MAX + 8];
    size_t size = 0;

    while (size + PART <= TREE_PATH_BYTES_MAX) {
        memset(name + size, 'a', PART - 1);
        size += PART;
        name[size - 1] = '/';
    }
    memset(name + size - 1, 'a', TREE_PATH_BYTES_MAX - size + 1);
    memcpy(name + TREE_PATH_BYTES_MAX, "/f", 3);
    must_write(name, "at the limit");
    memcpy(name + TREE_PATH_BYTES_MAX, "a/f", 4);
    ck_assert_int_eq(outdir_write(&dir, name, bytes_text("x"), &msg), ERR_IO);
}
END_TEST

/* What is the same is left alone, and counts for nothing. */
START_TEST(only_other_bytes_are_put_in_place)
{
    ck_assert_int_eq(
        outdir_replace(&dir, "a/b", bytes_text("one"), &msg), ERR_OK);
    ck_assert_int_eq(
        outdir_replace(&dir, "a/b", bytes_text("one"), &msg), ERR_OK);
    ck_assert_uint_eq(dir.written, 1);
    ck_assert_int_eq(
        outdir_replace(&dir, "a/b", bytes_text("two"), &msg), ERR_OK);
    ck_assert_uint_eq(dir.written, 2);
    expect_file("a/b", "two");
    ck_assert_int_eq(outdir_sync(&dir, &msg), ERR_OK);
}
END_TEST

static Suite *
outdir_suite(void)
{
    Suite *suite = suite_create("outdir");
    TCase *tcase = tcase_create("outdir");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, files_stand_where_they_are_named);
    tcase_add_test(tcase, a_removed_folder_is_made_again);
    tcase_add_test(tcase, a_folder_that_holds_something_stays);
    tcase_add_test(tcase, what_has_the_name_is_replaced);
    tcase_add_test(tcase, a_folder_of_that_name_is_not_replaced);
    tcase_add_test(tcase, a_path_has_a_limit);
    tcase_add_test(tcase, only_other_bytes_are_put_in_place);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    return run_suite(outdir_suite());
}
