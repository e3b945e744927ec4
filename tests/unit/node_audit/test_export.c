/* SPDX-License-Identifier: Apache-2.0 */
/* Logs as folders: complete, grown, interrupted, damaged, another's. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "crypto/bundle.h"
#include "crypto/tile.h"
#include "tests/lib/node_audit/signed_log.h"
#include "tests/lib/run.h"
#include "tests/lib/scratch.h"

enum {
    BIG = 65537, /* one more than two full levels */
    SMALL = 1100,
    FILE_BYTES_MAX = 64 * 1024,
    HANDFUL = 12
};

#define FOLDER "node/changes"

static struct scratch scratch;
static struct signed_log signed_log;
static struct err_msg msg;

/* One export as a test asks for it. */
struct want {
    struct signed_log *log;
    uint64_t size;
    bool with_headers;
    const char *dir; /* below the scratch; NULL: "out" */
    const struct export_vouched *vouched;
    size_t vouched_count;
    void (*progress)(void *context, uint64_t done, uint64_t all);
    long fault; /* 1 and up: which allocation fails */
};

static void
setup_small(void)
{
    scratch_make(&scratch);
    signed_log_make(&signed_log, SMALL);
    msg = (struct err_msg){""};
}

static void
setup_big(void)
{
    scratch_make(&scratch);
    signed_log_make(&signed_log, BIG);
}

static void
teardown(void)
{
    signed_log_release(&signed_log);
    scratch_remove(&scratch);
}

static enum err
try_export(const struct want *want, struct export_result *out)
{
    char path[SCRATCH_PATH_BYTES];
    struct export_source source = signed_log_source(want->log);
    struct export_log log = {.folder = FOLDER,
        .with_headers = want->with_headers,
        .vouched = want->vouched,
        .vouched_count = want->vouched_count};
    struct outdir dir;
    struct buf vkey = {0};
    struct buf note = {0};
    enum err rc = ERR_OK;

    scratch_path(path, &scratch, want->dir == NULL ? "out" : want->dir);
    signed_log_vkey(&vkey, want->log);
    signed_log_note(&note, want->log, want->size);
    log.vkey = buf_bytes(&vkey);
    log.checkpoint = buf_bytes(&note);
    source.progress = want->progress;
    want->log->held = want->size;
    rc = outdir_open(&dir, path, &msg);
    if (rc == ERR_OK) {
        mem_fault_after(want->fault - 1);
        rc = export_log(&dir, &log, &source, out, &msg);
    }
    outdir_close(&dir);
    buf_release(&vkey);
    buf_release(&note);
    return rc;
}

static struct export_result
must_export(const struct want *want)
{
    struct export_result result = {.verdict = EXPORT_DONE};
    enum err rc = try_export(want, &result);

    ck_assert_msg(rc == ERR_OK, "%s: %s", err_text(rc), msg.text);
    return result;
}

/* The path of a file of the log, in the folder "out" or another. */
static const char *
path_of(const char *dir, const char *name)
{
    static char path[2 * SCRATCH_PATH_BYTES];

    (void)snprintf(
        path, sizeof(path), "%s/%s/" FOLDER "/%s", scratch.path, dir, name);
    return path;
}

static void
read_file(struct buf *out, const char *dir, const char *name)
{
    enum err rc =
        tree_read_named(out, path_of(dir, name), FILE_BYTES_MAX, &msg);

    ck_assert_msg(rc == ERR_OK, "%s", msg.text);
}

static void
flip_bit(const char *name, size_t at)
{
    FILE *file = fopen(path_of("out", name), "r+b");
    int byte = 0;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, (long)at, SEEK_SET), 0);
    byte = fgetc(file);
    ck_assert_int_ne(byte, EOF);
    ck_assert_int_eq(fseek(file, (long)at, SEEK_SET), 0);
    ck_assert_int_ne(fputc(byte ^ 1, file), EOF);
    ck_assert_int_eq(fclose(file), 0);
}

/* Every file of one folder is in the other, with the same bytes. */
struct comparison {
    struct tree tree;
    const char *other;
    size_t files;
};

static enum err
compare_file(void *context, const char *path, enum tree_kind kind)
{
    struct comparison *c = context;
    struct buf a = {0};
    struct buf b = {0};

    if (kind == TREE_FILE) {
        ck_assert_int_eq(tree_read(&a, &c->tree, path, FILE_BYTES_MAX), ERR_OK);
        read_file(&b, c->other, path);
        ck_assert_msg(bytes_equal(buf_bytes(&a), buf_bytes(&b)),
            "%s is not the same", path);
        c->files++;
    }
    buf_release(&a);
    buf_release(&b);
    return ERR_OK;
}

static size_t
expect_within(const char *dir, const char *other)
{
    struct comparison c = {.other = other};
    const struct tree_visitor visitor = {compare_file, &c};

    ck_assert_int_eq(tree_open(&c.tree, path_of(dir, ""), &msg), ERR_OK);
    ck_assert_int_eq(tree_walk(&c.tree, false, &visitor), ERR_OK);
    tree_close(&c.tree);
    return c.files;
}

static void
expect_same(const char *dir, const char *other)
{
    ck_assert_uint_eq(expect_within(dir, other), expect_within(other, dir));
}

static void
make_new(uint64_t size, bool with_headers)
{
    struct want want = {.log = &signed_log,
        .size = size,
        .with_headers = with_headers,
        .dir = "new"};

    signed_log.calls = 0;
    signed_log.fails_from = 0;
    (void)must_export(&want);
}

/* The folder is what a new export of that size makes. */
static void
expect_as_new(uint64_t size, bool with_headers)
{
    make_new(size, with_headers);
    expect_same("out", "new");
}

/* The folder has all of that, and perhaps tiles of what was to come. */
static void
expect_held(uint64_t size, bool with_headers)
{
    make_new(size, with_headers);
    ck_assert_uint_le(expect_within("new", "out"), expect_within("out", "out"));
}

/* The tile in the folder has the hashes of the log's own nodes. */
static void
expect_tile(const struct tile *tile)
{
    struct merkle_source nodes = signed_log_nodes(&signed_log);
    struct hash hashes[TILE_WIDTH];
    char path[TILE_PATH_SIZE];
    struct buf bytes = {0};

    tile_path_format(path, tile);
    read_file(&bytes, "out", path);
    ck_assert_int_eq(tile_read(hashes, tile, &nodes), ERR_OK);
    ck_assert_msg(bytes_equal(buf_bytes(&bytes),
                      bytes_of(hashes, tile->width * sizeof(hashes[0]))),
        "%s", path);
    buf_release(&bytes);
}

static void
expect_entries(const struct tile *tile)
{
    char path[TILE_PATH_SIZE];
    struct buf bytes = {0};
    struct cursor cursor;

    tile_path_format(path, tile);
    read_file(&bytes, "out", path);
    cursor = cursor_init(buf_bytes(&bytes));
    for (unsigned i = 0; i < tile->width; i++) {
        ck_assert(bytes_equal(bundle_next(&cursor),
            bytes_of(signed_log.leaves[tile->index * TILE_WIDTH + i],
                ENTRY_LEAF_BYTES)));
    }
    ck_assert_int_eq(cursor_end(&cursor), ERR_OK);
    buf_release(&bytes);
}

/* vkey, checkpoint, and what a size has of tiles: nothing else. */
static void
expect_complete(uint64_t size)
{
    struct tile_walk walk = tile_walk_init(0, size);
    struct tile tile;
    size_t files = 2;

    while (tile_walk_next(&walk, &tile)) {
        expect_tile(&tile);
        files++;
        if (tile.level == 0) {
            tile.kind = TILE_ENTRIES;
            expect_entries(&tile);
            files++;
        }
    }
    ck_assert_uint_eq(expect_within("out", "out"), files);
}

static const uint64_t sizes[] = {1, 2, 255, 256, 257, 511, 512, 513, 1099};

START_TEST(a_folder_holds_the_tiles_of_its_size)
{
    struct want want = {.log = &signed_log, .size = sizes[_i]};
    struct export_result result = must_export(&want);

    ck_assert_uint_eq(result.size, sizes[_i]);
    ck_assert_uint_eq(result.files, expect_within("out", "out"));
    expect_complete(sizes[_i]);
}
END_TEST

START_TEST(each_size_grows_into_each_other)
{
    static const uint64_t more[] = {1, 3, 253, 254, 255, 256, 257, 513};
    uint64_t from = sizes[_i];

    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        struct want want = {
            .log = &signed_log, .size = from, .with_headers = _i % 2 == 0};
        struct export_result result;

        if (from + more[i] > SMALL) {
            continue;
        }
        scratch_remove(&scratch);
        scratch_make(&scratch);
        (void)must_export(&want);
        want.size = from + more[i];
        result = must_export(&want);
        ck_assert_uint_eq(result.from, from);
        ck_assert(!result.was_mended);
        expect_as_new(want.size, want.with_headers);
    }
}
END_TEST

START_TEST(a_full_second_level_is_a_tile_of_its_own)
{
    static const uint64_t borders[] = {65535, 65536, 65537};

    for (size_t i = 0; i < 3; i++) {
        struct want want = {.log = &signed_log, .size = borders[i]};

        (void)must_export(&want);
        expect_complete(borders[i]);
    }
}
END_TEST

START_TEST(a_hundred_more_entries_touch_a_handful_of_files)
{
    struct want want = {
        .log = &signed_log, .size = BIG - 100, .with_headers = true};
    struct export_result result = must_export(&want);

    ck_assert_uint_gt(result.files, 700);
    signed_log.calls = 0;
    want.size = BIG;
    result = must_export(&want);
    ck_assert_uint_le(result.files, HANDFUL);
    ck_assert_uint_le(signed_log.calls, 3);
    expect_as_new(BIG, true);
}
END_TEST

START_TEST(nothing_new_writes_nothing)
{
    struct want want = {
        .log = &signed_log, .size = SMALL, .with_headers = true};

    (void)must_export(&want);
    ck_assert_uint_eq(must_export(&want).files, 0);
    ck_assert_uint_eq(must_export(&want).from, SMALL);
    expect_as_new(SMALL, true);
}
END_TEST

START_TEST(headers_may_come_later_and_stay)
{
    struct want want = {.log = &signed_log, .size = 600};

    (void)must_export(&want);
    want.with_headers = true;
    ck_assert_uint_eq(must_export(&want).files, 3);
    expect_as_new(600, true);
    want.with_headers = false;
    want.size = SMALL;
    (void)must_export(&want);
    want.dir = "new";
    want.with_headers = true;
    (void)must_export(&want);
    expect_same("out", "new");
}
END_TEST

START_TEST(an_export_that_is_cut_off_is_gone_on_with)
{
    for (unsigned calls = 1; calls < 12; calls++) {
        struct want want = {
            .log = &signed_log, .size = 300, .with_headers = true};
        struct export_result result;

        scratch_remove(&scratch);
        scratch_make(&scratch);
        signed_log.fails_from = 0;
        (void)must_export(&want);
        want.size = SMALL;
        signed_log.calls = 0;
        signed_log.fails_from = calls;
        if (try_export(&want, &result) == ERR_OK) {
            ck_assert_uint_gt(calls, 3);
            return;
        }
        expect_held(300, true);
        (void)must_export(&want);
        want.dir = "new";
        (void)must_export(&want);
        expect_same("out", "new");
    }
    ck_abort_msg("it never came to its end");
}
END_TEST

/* A child exports and is killed at its nth question. */
static bool
is_killed_at(unsigned calls, const struct want *want)
{
    int status = 0;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct export_result result;

        want->log->calls = 0;
        want->log->fails_from = calls;
        want->log->kills = true;
        _exit(try_export(want, &result) == ERR_OK ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(
        WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
    return WIFSIGNALED(status);
}

START_TEST(a_killed_export_is_mended_by_the_next)
{
    struct want want = {
        .log = &signed_log, .size = SMALL, .with_headers = true};
    unsigned calls = 1;

    while (is_killed_at(calls, &want)) {
        ck_assert_int_ne(access(path_of("out", "checkpoint"), F_OK), 0);
        calls++;
    }
    ck_assert_uint_gt(calls, 2);
    expect_as_new(SMALL, true);
}
END_TEST

static unsigned progress_calls;
static uint64_t progress_done;

static void
on_progress(void *context, uint64_t done, uint64_t all)
{
    (void)context;
    ck_assert_uint_gt(done, progress_done);
    ck_assert_uint_le(done, all);
    progress_done = done;
    progress_calls += done == all ? 100 : 1;
}

START_TEST(progress_ends_at_the_end)
{
    struct want want = {.log = &signed_log,
        .size = SMALL,
        .with_headers = true,
        .progress = on_progress};

    progress_calls = 0;
    progress_done = 0;
    (void)must_export(&want);
    ck_assert_uint_ge(progress_calls, 102);
    ck_assert_uint_lt(progress_calls, 200);
}
END_TEST

/* What is wrong with the folder, and that it is made anew. */
static const char *const damages[] = {"tile/0/000", "tile/0/001",
    "tile/0/004.p/76", "tile/1/000.p/4", "tile/entries/002",
    "tile/entries/004.p/76"};

static void
expect_mended(uint64_t size)
{
    struct want want = {.log = &signed_log, .size = size};
    struct export_result result = must_export(&want);

    ck_assert(result.was_mended);
    ck_assert_uint_eq(result.from, 0);
    expect_as_new(size, false);
}

START_TEST(a_lost_or_cut_tile_is_written_again)
{
    struct want want = {.log = &signed_log, .size = SMALL};

    (void)must_export(&want);
    ck_assert_int_eq(unlink(path_of("out", damages[_i])), 0);
    expect_mended(SMALL);
    ck_assert_int_eq(truncate(path_of("out", damages[_i]), 31), 0);
    expect_mended(SMALL);
}
END_TEST

START_TEST(what_a_new_tree_grows_on_is_proved)
{
    struct want want = {.log = &signed_log, .size = SMALL - 1};

    (void)must_export(&want);
    flip_bit(_i == 0 ? "tile/0/004.p/75" : "tile/1/000.p/4", 33);
    expect_mended(SMALL);
}
END_TEST

START_TEST(an_altered_checkpoint_is_not_written_over)
{
    struct want want = {.log = &signed_log, .size = 300};
    struct export_result result;
    struct buf note = {0};

    (void)must_export(&want);
    read_file(&note, "out", "checkpoint");
    for (size_t at = 0; at < note.size; at += 7) {
        flip_bit("checkpoint", at);
        want.size = SMALL;
        ck_assert_int_eq(try_export(&want, &result), ERR_BAD_SIGNATURE);
        ck_assert_ptr_nonnull(strstr(msg.text, "altered"));
        flip_bit("checkpoint", at);
    }
    want.size = 300;
    ck_assert_uint_eq(must_export(&want).files, 0);
    buf_release(&note);
}
END_TEST

START_TEST(another_logs_folder_is_not_written_into)
{
    struct signed_log other;
    struct want want = {.log = &signed_log, .size = 300};
    struct export_result result;

    (void)must_export(&want);
    signed_log_make(&other, 300);
    other.corridor.bytes[0] ^= 1;
    want.log = &other;
    ck_assert_int_eq(try_export(&want, &result), ERR_CONFIG);
    want.log = &signed_log;
    ck_assert_uint_eq(must_export(&want).files, 0);
    signed_log_release(&other);
}
END_TEST

/* What the folder has, what is held now, and where the two part. */
static const struct {
    uint64_t there;
    uint64_t held;
    uint64_t fork_at;
    enum err rc;
} forks[] = {
    {300, 600, 0, ERR_FORK},
    {300, 600, 299, ERR_FORK},
    {300, 600, 300, ERR_OK},
    {300, 300, 299, ERR_FORK},
    {256, 512, 255, ERR_FORK},
    {256, 512, 256, ERR_OK},
    {600, 300, 299, ERR_FORK},
    {600, 300, 0, ERR_FORK},
    {600, 300, 300, ERR_OK},
    {600, 256, 255, ERR_FORK},
    {600, 257, 256, ERR_FORK},
    {600, 256, 256, ERR_OK},
};

START_TEST(two_versions_of_a_log_are_told)
{
    struct signed_log other;
    struct want want = {.log = &signed_log, .size = forks[_i].there};
    struct export_result result;
    enum err rc = ERR_OK;

    (void)must_export(&want);
    want.dir = "new";
    (void)must_export(&want);
    want.dir = NULL;
    signed_log_fork(&other, &signed_log, forks[_i].fork_at);
    want.log = &other;
    want.size = forks[_i].held;
    rc = try_export(&want, &result);
    ck_assert_msg(rc == forks[_i].rc, "%s", msg.text);
    if (rc == ERR_FORK) {
        ck_assert_int_eq(strncmp(msg.text, "FORK: ", 6), 0);
        expect_same("out", "new");
    } else {
        ck_assert_int_eq(result.verdict,
            forks[_i].held < forks[_i].there ? EXPORT_AHEAD : EXPORT_DONE);
    }
    signed_log_release(&other);
}
END_TEST

START_TEST(what_is_ahead_stays)
{
    struct want want = {.log = &signed_log, .size = SMALL};
    struct export_result result;

    (void)must_export(&want);
    want.size = 700;
    result = must_export(&want);
    ck_assert_int_eq(result.verdict, EXPORT_AHEAD);
    ck_assert_uint_eq(result.files, 0);
    ck_assert_uint_eq(result.size, SMALL);
    expect_as_new(SMALL, false);
}
END_TEST

START_TEST(a_log_without_its_root_is_not_called_complete)
{
    struct want want = {.log = &signed_log, .size = 300};
    struct export_result result;

    (void)must_export(&want);
    signed_log.leaves[700][9] ^= 1;
    want.size = SMALL;
    ck_assert_int_eq(try_export(&want, &result), ERR_CORRUPT);
    signed_log.leaves[700][9] ^= 1;
    expect_held(300, false);
    want.size = 300;
    ck_assert_uint_eq(must_export(&want).files, 0);
    expect_held(300, false);
}
END_TEST

START_TEST(who_vouches_for_less_stands_beside)
{
    struct buf notes[3] = {{0}, {0}, {0}};
    struct export_vouched vouched[3];
    struct want want = {.log = &signed_log, .size = SMALL, .vouched = vouched};
    struct buf there = {0};

    for (size_t i = 0; i < 3; i++) {
        vouched[i].size = 100 * (i + 1);
        signed_log_note(&notes[i], &signed_log, vouched[i].size);
        vouched[i].note = buf_bytes(&notes[i]);
    }
    want.vouched_count = 2;
    (void)must_export(&want);
    read_file(&there, "out", "vouched/100");
    ck_assert(bytes_equal(buf_bytes(&there), vouched[0].note));
    ck_assert_int_eq(access(path_of("out", "vouched/200"), F_OK), 0);
    ck_assert_int_ne(access(path_of("out", "vouched/300"), F_OK), 0);
    want.vouched = vouched + 1;
    ck_assert_uint_eq(must_export(&want).files, 1);
    ck_assert_int_ne(access(path_of("out", "vouched/100"), F_OK), 0);
    ck_assert_int_eq(access(path_of("out", "vouched/300"), F_OK), 0);
    buf_release(&there);
    for (size_t i = 0; i < 3; i++) {
        buf_release(&notes[i]);
    }
}
END_TEST

/* A name that is a link to what stands outside. */
static const struct {
    const char *name;
    enum err rc;
} links[] = {
    {"node", ERR_CONFIG},
    {"node/changes", ERR_CONFIG},
    {"node/changes/tile", ERR_CONFIG},
    {"node/changes/tile/0", ERR_CONFIG},
    {"node/changes/tile/entries", ERR_CONFIG},
    {"node/changes/tile/0/000", ERR_OK},
    {"node/changes/tile/0/004.p/76", ERR_OK},
    {"node/changes/vkey", ERR_CONFIG},
    {"node/changes/checkpoint", ERR_BAD_SIGNATURE},
    {"node/changes/checkpoint.new", ERR_OK},
};

/* The folders that a path stands in. */
static void
make_parents(const char *name)
{
    char path[SCRATCH_PATH_BYTES];

    scratch_path(path, &scratch, "out");
    ck_assert_int_eq(mkdir(path, 0700), 0);
    for (const char *c = strchr(name, '/'); c != NULL; c = strchr(c + 1, '/')) {
        char part[SCRATCH_PATH_BYTES];

        (void)snprintf(part, sizeof(part), "out/%.*s", (int)(c - name), name);
        scratch_path(path, &scratch, part);
        ck_assert_int_eq(mkdir(path, 0700), 0);
    }
}

START_TEST(no_link_leads_out_of_the_folder)
{
    struct want want = {.log = &signed_log, .size = SMALL};
    struct export_result result;
    char outside[SCRATCH_PATH_BYTES];
    char name[SCRATCH_PATH_BYTES];
    char path[SCRATCH_PATH_BYTES];
    struct stat info;
    bool is_folder =
        links[_i].rc == ERR_CONFIG && strstr(links[_i].name, "vkey") == NULL;
    FILE *file = NULL;

    scratch_path(outside, &scratch, "outside");
    if (is_folder) {
        ck_assert_int_eq(mkdir(outside, 0700), 0);
    } else {
        file = fopen(outside, "wb");
        ck_assert_ptr_nonnull(file);
        ck_assert_int_eq(fclose(file), 0);
    }
    make_parents(links[_i].name);
    (void)snprintf(name, sizeof(name), "out/%s", links[_i].name);
    scratch_path(path, &scratch, name);
    ck_assert_int_eq(symlink(outside, path), 0);
    ck_assert_int_eq(try_export(&want, &result), links[_i].rc);
    ck_assert_int_eq(stat(outside, &info), 0);
    if (is_folder) {
        ck_assert_int_eq(rmdir(outside), 0); /* still empty */
    } else {
        ck_assert_int_eq(info.st_size, 0);
    }
    if (links[_i].rc == ERR_OK) {
        expect_as_new(SMALL, false);
    }
}
END_TEST

START_TEST(one_export_at_a_time_writes_into_a_folder)
{
    struct want want = {.log = &signed_log, .size = 1};
    struct export_result result;
    struct outdir dir;
    char path[SCRATCH_PATH_BYTES];

    scratch_path(path, &scratch, "out");
    ck_assert_int_eq(outdir_open(&dir, path, &msg), ERR_OK);
    ck_assert_int_eq(try_export(&want, &result), ERR_BUSY);
    outdir_close(&dir);
    (void)must_export(&want);
}
END_TEST

START_TEST(no_lack_of_memory_leaves_a_half_checkpoint)
{
    struct want want = {.log = &signed_log, .size = 300, .with_headers = true};
    struct export_result result;
    enum err rc = ERR_NOMEM;
    long n = 0;

    (void)must_export(&want);
    want.size = SMALL;
    for (; rc != ERR_OK; n++) {
        ck_assert_int_lt(n, 1000);
        want.fault = n + 1;
        rc = try_export(&want, &result);
        ck_assert(rc == ERR_OK || mem_fault_hit());
        mem_fault_after(-1);
    }
    ck_assert_int_gt(n, 5);
    expect_as_new(SMALL, true);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static Suite *
export_suite(void)
{
    Suite *suite = suite_create("export");
    TCase *small = tcase_create("small");
    TCase *big = tcase_create("big");

    tcase_add_checked_fixture(small, setup_small, teardown);
    tcase_add_checked_fixture(big, setup_big, teardown);
    tcase_add_loop_test(
        small, a_folder_holds_the_tiles_of_its_size, 0, COUNT(sizes));
    tcase_add_loop_test(
        small, each_size_grows_into_each_other, 0, COUNT(sizes));
    tcase_add_test(small, nothing_new_writes_nothing);
    tcase_add_test(small, headers_may_come_later_and_stay);
    tcase_add_test(small, an_export_that_is_cut_off_is_gone_on_with);
    tcase_add_test(small, a_killed_export_is_mended_by_the_next);
    tcase_add_test(small, progress_ends_at_the_end);
    tcase_add_loop_test(
        small, a_lost_or_cut_tile_is_written_again, 0, COUNT(damages));
    tcase_add_loop_test(small, what_a_new_tree_grows_on_is_proved, 0, 2);
    tcase_add_test(small, an_altered_checkpoint_is_not_written_over);
    tcase_add_test(small, another_logs_folder_is_not_written_into);
    tcase_add_loop_test(small, two_versions_of_a_log_are_told, 0, COUNT(forks));
    tcase_add_test(small, what_is_ahead_stays);
    tcase_add_test(small, a_log_without_its_root_is_not_called_complete);
    tcase_add_test(small, who_vouches_for_less_stands_beside);
    tcase_add_loop_test(
        small, no_link_leads_out_of_the_folder, 0, COUNT(links));
    tcase_add_test(small, one_export_at_a_time_writes_into_a_folder);
    tcase_add_test(small, no_lack_of_memory_leaves_a_half_checkpoint);
    tcase_add_test(big, a_full_second_level_is_a_tile_of_its_own);
    tcase_add_test(big, a_hundred_more_entries_touch_a_handful_of_files);
    suite_add_tcase(suite, small);
    suite_add_tcase(suite, big);
    return suite;
}

int
main(void)
{
    return run_suite(export_suite());
}
