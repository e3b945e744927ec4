/* SPDX-License-Identifier: Apache-2.0 */
/* Folders that somebody else made. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "node/audit/tree.h"
#include "storage/disk.h"
#include "tests/lib/run.h"
#include "tests/lib/scratch.h"

struct world {
    struct scratch scratch;
    struct tree tree;
    struct buf bytes;
};

static void
put(const struct scratch *scratch, const char *name, const char *text)
{
    char path[SCRATCH_PATH_BYTES];

    scratch_path(path, scratch, name);
    ck_assert_int_eq(disk_write(path, bytes_text(text), true, NULL), ERR_OK);
}

static void
make(const struct scratch *scratch, const char *name)
{
    char path[SCRATCH_PATH_BYTES];

    scratch_path(path, scratch, name);
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void
setup(struct world *world)
{
    char path[SCRATCH_PATH_BYTES];

    scratch_make(&world->scratch);
    make(&world->scratch, "a");
    make(&world->scratch, "a/b");
    put(&world->scratch, "top", "1234");
    put(&world->scratch, "a/b/low", "56");
    scratch_path(path, &world->scratch, "link");
    ck_assert_int_eq(symlink("top", path), 0);
    scratch_path(path, &world->scratch, "a/up");
    ck_assert_int_eq(symlink("b", path), 0);
    scratch_path(path, &world->scratch, "pipe");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    world->bytes = (struct buf){0};
    ck_assert_int_eq(
        tree_open(&world->tree, world->scratch.path, NULL), ERR_OK);
}

static void
teardown(struct world *world)
{
    tree_close(&world->tree);
    buf_release(&world->bytes);
    scratch_remove(&world->scratch);
}

static const struct {
    const char *name;
    size_t limit;
    enum err rc;
} reads[] = {
    {"top", 4, ERR_OK}, {"top", 3, ERR_TOO_BIG}, {"a/b/low", 9, ERR_OK},
    {"a/b/lower", 9, ERR_NOT_FOUND}, {"c/low", 9, ERR_NOT_FOUND},
    {"a", 9, ERR_CONFIG}, {"top/low", 9, ERR_CONFIG},
    {"link", 9, ERR_CONFIG},     /* a link, though to a file beside it */
    {"a/up/low", 9, ERR_CONFIG}, /* a link on the way */
    {"pipe", 9, ERR_CONFIG},     /* and it does not wait for a writer */
};

START_TEST(only_regular_files_within_the_folder_are_read)
{
    struct world world;

    setup(&world);
    ck_assert_int_eq(
        tree_read(&world.bytes, &world.tree, reads[_i].name, reads[_i].limit),
        reads[_i].rc);
    if (reads[_i].rc == ERR_OK) {
        ck_assert(world.bytes.size == 4 || world.bytes.size == 2);
    }
    teardown(&world);
}
END_TEST

struct seen {
    size_t files;
    size_t folders;
    size_t others;
    enum err rc;
};

static enum err
count(void *context, const char *path, enum tree_kind kind)
{
    struct seen *seen = context;

    ck_assert_uint_gt(strlen(path), 0);
    seen->files += kind == TREE_FILE;
    seen->folders += kind == TREE_FOLDER;
    seen->others += kind == TREE_OTHER;
    return seen->rc;
}

START_TEST(a_walk_tells_everything_and_enters_no_link)
{
    struct world world;
    struct seen seen = {0};
    struct tree_visitor visitor = {count, &seen};

    setup(&world);
    ck_assert_int_eq(tree_walk(&world.tree, false, &visitor), ERR_OK);
    ck_assert_uint_eq(seen.files, 2);
    ck_assert_uint_eq(seen.folders, 2);
    ck_assert_uint_eq(seen.others, 3);
    seen = (struct seen){0};
    ck_assert_int_eq(tree_walk(&world.tree, true, &visitor), ERR_OK);
    ck_assert_uint_eq(seen.files, 1);
    ck_assert_uint_eq(seen.folders, 1);
    ck_assert_uint_eq(seen.others, 2);
    seen = (struct seen){.rc = ERR_DENIED};
    ck_assert_int_eq(tree_walk(&world.tree, false, &visitor), ERR_DENIED);
    teardown(&world);
}
END_TEST

START_TEST(a_walk_goes_down_so_far_and_no_further)
{
    struct world world;
    struct seen seen = {0};
    struct tree_visitor visitor = {count, &seen};
    char name[64] = "d";

    setup(&world);
    for (int i = 0; i < TREE_DEPTH_MAX; i++) {
        make(&world.scratch, name);
        memcpy(name + strlen(name), "/d", 3);
    }
    ck_assert_int_eq(tree_walk(&world.tree, false, &visitor), ERR_OK);
    ck_assert_uint_eq(seen.others, 3);
    make(&world.scratch, name);
    seen = (struct seen){0};
    ck_assert_int_eq(tree_walk(&world.tree, false, &visitor), ERR_OK);
    ck_assert_uint_eq(seen.others, 4);
    /* The scratch is removed to a depth of 8. */
    while (strlen(name) > 3) {
        char path[SCRATCH_PATH_BYTES];

        scratch_path(path, &world.scratch, name);
        ck_assert_int_eq(rmdir(path), 0);
        name[strlen(name) - 2] = '\0';
    }
    teardown(&world);
}
END_TEST

START_TEST(what_is_no_folder_does_not_open)
{
    struct world world;
    struct tree tree;
    char path[SCRATCH_PATH_BYTES];
    struct err_msg msg = {""};

    setup(&world);
    scratch_path(path, &world.scratch, "top");
    ck_assert_int_eq(tree_open(&tree, path, &msg), ERR_CONFIG);
    scratch_path(path, &world.scratch, "none");
    ck_assert_int_eq(tree_open(&tree, path, &msg), ERR_NOT_FOUND);
    ck_assert_int_eq(tree_open_below(&tree, &world.tree, "a/up"), ERR_CONFIG);
    ck_assert_int_eq(tree_open_below(&tree, &world.tree, "a/b"), ERR_OK);
    ck_assert_int_eq(tree_read(&world.bytes, &tree, "low", 9), ERR_OK);
    tree_close(&tree);
    teardown(&world);
}
END_TEST

START_TEST(a_file_that_was_named_may_be_a_link)
{
    struct world world;
    char path[SCRATCH_PATH_BYTES];
    enum tree_kind kind;

    setup(&world);
    scratch_path(path, &world.scratch, "link");
    ck_assert_int_eq(tree_kind_of(path, &kind, NULL), ERR_OK);
    ck_assert_int_eq(kind, TREE_FILE);
    ck_assert_int_eq(tree_read_named(&world.bytes, path, 4, NULL), ERR_OK);
    ck_assert_int_eq(tree_read_named(&world.bytes, path, 3, NULL), ERR_TOO_BIG);
    scratch_path(path, &world.scratch, "pipe");
    ck_assert_int_eq(tree_read_named(&world.bytes, path, 4, NULL), ERR_CONFIG);
    teardown(&world);
}
END_TEST

START_TEST(reading_and_walking_survive_each_failing_allocation)
{
    struct world world;
    struct seen seen = {0};
    struct tree_visitor visitor = {count, &seen};
    enum err rc = ERR_NOMEM;

    setup(&world);
    for (long n = 0; rc != ERR_OK; n++) {
        buf_release(&world.bytes);
        mem_fault_after(n);
        rc = tree_walk(&world.tree, false, &visitor);
        if (rc == ERR_OK) {
            rc = tree_read(&world.bytes, &world.tree, "top", 9);
        }
        mem_fault_after(-1);
        ck_assert(rc == ERR_OK || rc == ERR_NOMEM);
    }
    teardown(&world);
}
END_TEST

static Suite *
tree_suite(void)
{
    Suite *suite = suite_create("tree");
    TCase *all = tcase_create("all");

    tcase_add_loop_test(all, only_regular_files_within_the_folder_are_read, 0,
        sizeof(reads) / sizeof(reads[0]));
    tcase_add_test(all, a_walk_tells_everything_and_enters_no_link);
    tcase_add_test(all, a_walk_goes_down_so_far_and_no_further);
    tcase_add_test(all, what_is_no_folder_does_not_open);
    tcase_add_test(all, a_file_that_was_named_may_be_a_link);
    tcase_add_test(all, reading_and_walking_survive_each_failing_allocation);
    suite_add_tcase(suite, all);
    return suite;
}

int
main(void)
{
    return run_suite(tree_suite());
}
