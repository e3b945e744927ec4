/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every single bit of what an auditor is handed, flipped; every file cut at
 * each length. Nothing of it is ever called clean.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "crypto/fork_file.h"
#include "node/audit/check.h"
#include "storage/disk.h"
#include "sync/model/log_key.h"
#include "tests/lib/flips.h"
#include "tests/lib/node_audit/made_export.h"
#include "tests/lib/run.h"

enum { KEYS_MAX = 8, FILES_MAX = 64 };

#define NOW_S UINT64_C(1790000600)

/* Two offices, two edits, cosignatures by the other and by a witness. */
struct world {
    struct corridor_fixture f;
    struct made_export made;
    struct scratch scratch;
    struct buf keys[KEYS_MAX];
    size_t key_count;
    char dir[SCRATCH_PATH_BYTES];
};

static void
add_key(struct world *world, const struct made_log *log)
{
    made_log_vkey(&world->made, log, &world->keys[world->key_count++]);
}

static void
add_cosigner(struct world *world, size_t n)
{
    struct public_key public;
    struct note_key key;
    struct buf *out = &world->keys[world->key_count++];

    keys_sign_public(&public, &world->f.offices[n].secrets.cosign);
    cosigner_key(
        &key, &world->made.corridor, &world->f.offices[n].node, &public);
    note_key_format(out, &key);
    buf_put_u8(out, '\0');
}

static void
setup(struct world *world)
{
    const struct fixture_options options = {.offices = 2};
    struct fixture_ids ids = {.count = 0};

    memset(world, 0, sizeof(*world));
    fixture_make(&world->f, &options);
    fixture_work(&world->f, 0, 2, &ids);
    fixture_sync(&world->f);
    made_export_take(&world->made, &world->f, 0);
    scratch_make(&world->scratch);
    scratch_path(world->dir, &world->scratch, "x");
}

/* The keys of office 0's logs, of office 1's node and of a witness, who all
 * sign that log. */
static struct made_log *
sign(struct world *world, enum log_kind kind)
{
    struct made_log *log = made_export_log(&world->made, &world->f, 0, kind);

    add_key(world, log);
    made_log_cosign(&world->made, log, &world->f, 1, 1790000300);
    add_cosigner(world, 1);
    made_log_vouch_before(&world->made, log, &world->f, 1, 1);
    made_log_witness(&world->made, log, "witness.example/w1",
        &world->keys[world->key_count++]);
    return log;
}

static void
teardown(struct world *world)
{
    for (size_t i = 0; i < world->key_count; i++) {
        buf_release(&world->keys[i]);
    }
    made_export_release(&world->made);
    fixture_release(&world->f);
    scratch_remove(&world->scratch);
}

/* As the command's exit status. */
static int
status(const struct world *world, struct findings *out)
{
    const char *keys[KEYS_MAX] = {NULL};
    const struct check_options options = {.path = world->dir,
        .keys = keys,
        .key_count = world->key_count,
        .now_s = NOW_S};
    struct check_result result;
    int verdict = CHECK_UNCHECKED;

    for (size_t i = 0; i < world->key_count; i++) {
        keys[i] = (const char *)world->keys[i].data;
    }
    if (check_run(&result, &options, NULL) != ERR_OK) {
        return verdict;
    }
    verdict = (int)check_verdict(&result);
    if (out != NULL) {
        *out = result.findings;
        result.findings = (struct findings){0};
    }
    check_result_release(&result);
    return verdict;
}

/* The files of the folder, by their whole paths. */
struct files {
    const char *dir;
    char paths[FILES_MAX][2 * SCRATCH_PATH_BYTES];
    size_t count;
};

static enum err
add_file(void *context, const char *path, enum tree_kind kind)
{
    struct files *files = context;

    if (kind == TREE_FILE) {
        ck_assert_uint_lt(files->count, FILES_MAX);
        snprintf(files->paths[files->count++], sizeof(files->paths[0]), "%s/%s",
            files->dir, path);
    }
    return ERR_OK;
}

static void
list_files(const struct world *world, struct files *out)
{
    const struct tree_visitor visitor = {add_file, out};
    struct tree tree;

    *out = (struct files){.dir = world->dir};
    ck_assert_int_eq(tree_open(&tree, world->dir, NULL), ERR_OK);
    ck_assert_int_eq(tree_walk(&tree, false, &visitor), ERR_OK);
    tree_close(&tree);
}

static void
put_byte(const char *path, size_t at, uint8_t value)
{
    int fd = open(path, O_WRONLY);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq((int)pwrite(fd, &value, 1, (off_t)at), 1);
    close(fd);
}

/* Every bit, or of a great many every `step`th. */
static size_t
flip_all(const struct world *world, const char *path, size_t step)
{
    struct buf file = {0};
    size_t count = 0;

    ck_assert_int_eq(disk_read(&file, path, 1 << 20, NULL), ERR_OK);
    for (size_t bit = 0; bit < 8 * file.size; bit += step) {
        const uint8_t byte = file.data[bit / 8];

        put_byte(path, bit / 8, (uint8_t)(byte ^ (1U << bit % 8)));
        ck_assert_msg(status(world, NULL) != CHECK_CLEAN,
            "%s, byte %zu, bit %zu", path, bit / 8, bit % 8);
        put_byte(path, bit / 8, byte);
        count++;
    }
    buf_release(&file);
    return count;
}

/*
 * A checkpoint whose last cosignature is gone is one all the same: nothing
 * says that there should be more. Who vouches is in the report.
 */
static bool
is_whole_note(const char *path, const struct buf *file, size_t size)
{
    const char *name = strrchr(path, '/');
    struct note note;

    return strcmp(name, "/checkpoint") == 0 &&
           note_parse(&note, bytes_of(file->data, size)) == ERR_OK;
}

static void
cut_all(const struct world *world, const char *path, size_t step)
{
    const bool may_lose_lines = world->key_count < 3; /* no witness given */
    struct buf file = {0};

    ck_assert_int_eq(disk_read(&file, path, 1 << 20, NULL), ERR_OK);
    for (size_t size = 0; size < file.size; size += step) {
        ck_assert_int_eq(
            disk_write(path, bytes_of(file.data, size), false, NULL), ERR_OK);
        ck_assert_msg(status(world, NULL) != CHECK_CLEAN ||
                          (may_lose_lines && is_whole_note(path, &file, size)),
            "%s cut at %zu", path, size);
    }
    ck_assert_int_eq(disk_write(path, buf_bytes(&file), false, NULL), ERR_OK);
    buf_release(&file);
}

START_TEST(no_flipped_bit_of_a_log_is_clean)
{
    struct world world;
    struct files files;
    size_t flips = 0;

    setup(&world);
    made_log_write(&world.made, sign(&world, (enum log_kind)_i), world.dir);
    ck_assert_int_eq(status(&world, NULL), CHECK_CLEAN);
    list_files(&world, &files);
    for (size_t i = 0; i < files.count; i++) {
        /* A control log's files have the same forms, and longer bodies. */
        flips += flip_all(
            &world, files.paths[i], _i == LOG_CONTROL ? 31 : FLIP_STEP);
    }
    ck_assert_uint_gt(flips, 1000);
    ck_assert_int_eq(status(&world, NULL), CHECK_CLEAN);
    teardown(&world);
}
END_TEST

START_TEST(no_cut_file_of_a_log_is_clean)
{
    struct world world;
    struct files files;

    setup(&world);
    made_log_write(&world.made, sign(&world, (enum log_kind)_i), world.dir);
    list_files(&world, &files);
    for (size_t i = 0; i < files.count; i++) {
        cut_all(&world, files.paths[i], _i == LOG_CONTROL ? 31 : FLIP_STEP);
    }
    ck_assert_int_eq(status(&world, NULL), CHECK_CLEAN);
    teardown(&world);
}
END_TEST

/* With headers the keys of members follow from one. */
START_TEST(no_flipped_bit_of_an_export_is_clean)
{
    char below[MADE_PATH_BYTES];
    char cosigned[2 * MADE_PATH_BYTES];
    struct world world;
    struct files files;
    struct made_log *log = NULL;

    setup(&world);
    log = made_export_log(&world.made, &world.f, 0, LOG_CHANGES);
    add_key(&world, log);
    made_log_cosign(&world.made, log, &world.f, 1, 1790000300);
    made_log_path(below, log);
    snprintf(cosigned, sizeof(cosigned), "%s/%s/checkpoint", world.dir, below);
    made_export_write(&world.made, world.dir);
    ck_assert_int_eq(status(&world, NULL), CHECK_CLEAN);
    list_files(&world, &files);
    for (size_t i = 0; i < files.count; i++) {
        /* What stands in no log's own folder, or is judged otherwise. */
        const bool is_new = strstr(files.paths[i], "/cosigner") != NULL ||
                            strcmp(files.paths[i], cosigned) == 0;

        flip_all(&world, files.paths[i], is_new ? 3 * FLIP_STEP : 61);
        cut_all(&world, files.paths[i], is_new ? FLIP_STEP : 61);
    }
    ck_assert_int_eq(status(&world, NULL), CHECK_CLEAN);
    teardown(&world);
}
END_TEST

static Suite *
tamper_suite(void)
{
    Suite *suite = suite_create("tamper");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, 900);
    tcase_add_loop_test(all, no_flipped_bit_of_a_log_is_clean, 0, 2);
    tcase_add_loop_test(all, no_cut_file_of_a_log_is_clean, 0, 2);
    tcase_add_test(all, no_flipped_bit_of_an_export_is_clean);
    suite_add_tcase(suite, all);
    return suite;
}

int
main(void)
{
    return run_suite(tamper_suite());
}
