/* SPDX-License-Identifier: Apache-2.0 */
/* Exports against what was kept from before. */
#include <stdio.h>
#include <string.h>

#include "crypto/fork_file.h"
#include "node/audit/check.h"
#include "storage/disk.h"
#include "tests/lib/flips.h"
#include "tests/lib/node_audit/made_export.h"
#include "tests/lib/run.h"

#define NOW_S UINT64_C(1790000600)

/* One office and its changes log, long enough for two tiles. */
struct world {
    struct corridor_fixture f;
    struct made_export made;
    struct made_log *log;
    struct scratch scratch;
    struct buf key;
    char now[SCRATCH_PATH_BYTES];
    char before[SCRATCH_PATH_BYTES];
    char file[SCRATCH_PATH_BYTES];
};

static void
setup(struct world *world)
{
    const struct fixture_options options = {.offices = 1};
    struct fixture_ids ids = {.count = 0};

    memset(world, 0, sizeof(*world));
    fixture_make(&world->f, &options);
    fixture_work(&world->f, 0, 4, &ids);
    made_export_take(&world->made, &world->f, 0);
    world->made.without_headers = true;
    world->log = made_export_log(&world->made, &world->f, 0, LOG_CHANGES);
    made_log_vkey(&world->made, world->log, &world->key);
    while (world->log->count < 600) {
        made_log_repeat(world->log, world->log->count % 3);
    }
    scratch_make(&world->scratch);
    scratch_path(world->now, &world->scratch, "now");
    scratch_path(world->before, &world->scratch, "before");
    scratch_path(world->file, &world->scratch, "file");
}

static void
teardown(struct world *world)
{
    made_export_release(&world->made);
    buf_release(&world->key);
    fixture_release(&world->f);
    scratch_remove(&world->scratch);
}

static enum check_verdict
check(struct world *world, const char *path, const char *since,
    struct check_result *out)
{
    const char *keys[] = {(const char *)world->key.data};
    const struct check_options options = {.path = path,
        .keys = keys,
        .key_count = 1,
        .since = since,
        .now_s = NOW_S};
    struct err_msg msg = {""};

    ck_assert_msg(check_run(out, &options, &msg) == ERR_OK, "%s", msg.text);
    return check_verdict(out);
}

/* The log with another history from `from` on, `count` entries long. */
static void
rewrite(struct made_log *log, size_t from, size_t count)
{
    made_log_cut(log, from);
    while (log->count < count) {
        made_log_repeat(log, 0);
    }
}

struct row {
    const char *name;
    size_t before;
    size_t fork; /* where the two part; 0: nowhere */
    size_t now;
    bool keeps_folder; /* or the checkpoint alone */
    enum check_verdict verdict;
    enum finding_code code;
    bool has_evidence;
};

static const struct row rows[] = {
    {"the same", 600, 0, 600, true, CHECK_CLEAN, 0, false},
    {"grown", 255, 0, 600, true, CHECK_CLEAN, 0, false},
    {"grown over a tile", 256, 0, 600, false, CHECK_CLEAN, 0, false},
    {"grown from one", 1, 0, 257, false, CHECK_CLEAN, 0, false},
    {"set back", 600, 0, 513, false, CHECK_FINDINGS, FINDING_LOG_ROLLED_BACK,
        false},
    {"set back by one", 600, 0, 599, true, CHECK_FINDINGS,
        FINDING_LOG_ROLLED_BACK, false},
    {"as long, other end", 600, 599, 600, false, CHECK_FINDINGS,
        FINDING_LOG_REWRITTEN, true},
    {"longer, other start", 300, 4, 600, false, CHECK_FINDINGS,
        FINDING_LOG_REWRITTEN, true},
    {"longer, from a power of two", 256, 200, 600, false, CHECK_FINDINGS,
        FINDING_LOG_REWRITTEN, true},
    {"shorter, other end", 600, 500, 520, true, CHECK_FINDINGS,
        FINDING_LOG_REWRITTEN, true},
    {"shorter, entries not kept", 600, 500, 520, false, CHECK_FINDINGS,
        FINDING_LOG_ROLLED_BACK, false},
};

/* The checkpoint of the log as it is, as a file. */
static void
put_checkpoint(struct world *world, const char *path)
{
    struct buf note = {0};

    made_log_note(&world->made, world->log, &note);
    ck_assert_int_eq(disk_write(path, buf_bytes(&note), true, NULL), ERR_OK);
    buf_release(&note);
}

START_TEST(nothing_may_be_shorter_or_other_than_before)
{
    const struct row *row = &rows[_i];
    struct world world;
    struct check_result result;

    setup(&world);
    if (row->now > row->before) {
        /* What is longer is made first: only then is there all of it. */
        made_log_cut(world.log, row->now);
        if (row->fork == 0) {
            made_log_write(&world.made, world.log, world.now);
        }
    }
    made_log_cut(world.log, row->before);
    if (row->keeps_folder) {
        made_log_write(&world.made, world.log, world.before);
    } else {
        put_checkpoint(&world, world.before);
    }
    if (row->fork > 0) {
        rewrite(world.log, row->fork, row->now);
    }
    if (row->fork > 0 || row->now <= row->before) {
        made_log_cut(world.log, row->now);
        made_log_write(&world.made, world.log, world.now);
    }
    ck_assert_msg(
        check(&world, world.now, world.before, &result) == row->verdict, "%s",
        row->name);
    ck_assert(
        row->verdict == CHECK_CLEAN || result.findings.counts[row->code] == 1);
    ck_assert_msg(
        (result.evidence.size > 0) == row->has_evidence, "%s", row->name);
    ck_assert(result.logs[0].has_since);
    check_result_release(&result);
    teardown(&world);
}
END_TEST

/* Evidence of a fork, written to world->file. */
static void
put_evidence(struct world *world)
{
    struct check_result result;

    made_log_cut(world->log, 4);
    put_checkpoint(world, world->before);
    rewrite(world->log, 2, 7);
    made_log_write(&world->made, world->log, world->now);
    ck_assert_int_eq(
        check(world, world->now, world->before, &result), CHECK_FINDINGS);
    ck_assert_int_eq(
        disk_write(world->file, buf_bytes(&result.evidence), false, NULL),
        ERR_OK);
    check_result_release(&result);
}

START_TEST(evidence_of_a_rewritten_log_holds_by_itself)
{
    struct world world;
    struct check_result result;

    setup(&world);
    put_evidence(&world);
    ck_assert_int_eq(check(&world, world.file, NULL, &result), CHECK_FINDINGS);
    ck_assert_uint_eq(result.findings.counts[FINDING_FORK], 1);
    ck_assert_uint_eq(findings_total(&result.findings), 1);
    ck_assert_int_eq(result.kind, CHECK_FORK);
    check_result_release(&result);
    teardown(&world);
}
END_TEST

START_TEST(evidence_with_a_flipped_bit_shows_no_fork)
{
    struct world world;
    struct buf file = {0};

    setup(&world);
    put_evidence(&world);
    ck_assert_int_eq(disk_read(&file, world.file, 1 << 16, NULL), ERR_OK);
    /* Without its first line it is nothing that could be checked. */
    for (size_t bit = 8 * strlen("corridor-fork@v1\n"); bit < 8 * file.size;
         bit += FLIP_STEP) {
        struct check_result result;

        file.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_int_eq(
            disk_write(world.file, buf_bytes(&file), false, NULL), ERR_OK);
        ck_assert_int_eq(
            check(&world, world.file, NULL, &result), CHECK_FINDINGS);
        ck_assert_uint_eq(result.findings.counts[FINDING_FORK], 0);
        check_result_release(&result);
        file.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    buf_release(&file);
    teardown(&world);
}
END_TEST

START_TEST(a_log_that_is_gone_is_missed)
{
    struct world world;
    struct check_result result;

    setup(&world);
    made_log_cut(world.log, 4);
    made_export_write(&world.made, world.before);
    world.log->is_left_out = true;
    made_export_write(&world.made, world.now);
    ck_assert_int_eq(
        check(&world, world.now, world.before, &result), CHECK_FINDINGS);
    ck_assert_uint_eq(result.findings.counts[FINDING_LOG_MISSING], 1);
    check_result_release(&result);
    teardown(&world);
}
END_TEST

/* Files of two tiles, swapped. */
static void
swap_in(struct world *world, const char *a, const char *b)
{
    char path_a[SCRATCH_PATH_BYTES + 64];
    char path_b[SCRATCH_PATH_BYTES + 64];
    struct buf one = {0};
    struct buf other = {0};

    snprintf(path_a, sizeof(path_a), "%s/%s", world->now, a);
    snprintf(path_b, sizeof(path_b), "%s/%s", world->now, b);
    ck_assert_int_eq(disk_read(&one, path_a, 1 << 20, NULL), ERR_OK);
    ck_assert_int_eq(disk_read(&other, path_b, 1 << 20, NULL), ERR_OK);
    ck_assert_int_eq(
        disk_write(path_a, buf_bytes(&other), false, NULL), ERR_OK);
    ck_assert_int_eq(disk_write(path_b, buf_bytes(&one), false, NULL), ERR_OK);
    buf_release(&one);
    buf_release(&other);
}

static const struct {
    const char *a;
    const char *b;
    enum finding_code code;
    uint64_t count;
} swaps[] = {
    {"tile/0/000", "tile/0/001", FINDING_TILE_WRONG, 2},
    {"tile/entries/000", "tile/entries/001", FINDING_LEAF_WRONG, 2},
    {"tile/0/002.p/88", "tile/1/000.p/2", FINDING_TILE_TRUNCATED, 1},
};

START_TEST(swapped_tiles_are_told)
{
    struct world world;
    struct check_result result;

    setup(&world);
    made_log_write(&world.made, world.log, world.now);
    ck_assert_int_eq(check(&world, world.now, NULL, &result), CHECK_CLEAN);
    check_result_release(&result);
    swap_in(&world, swaps[_i].a, swaps[_i].b);
    ck_assert_int_eq(check(&world, world.now, NULL, &result), CHECK_FINDINGS);
    ck_assert_uint_eq(result.findings.counts[swaps[_i].code], swaps[_i].count);
    check_result_release(&result);
    teardown(&world);
}
END_TEST

/* What an interrupted clean-up leaves: tiles of a former size. */
START_TEST(a_partial_tile_of_a_former_size_must_be_how_the_new_one_begins)
{
    struct world world;
    struct check_result result;
    char path[SCRATCH_PATH_BYTES + 64];
    struct buf file = {0};

    setup(&world);
    made_log_write(&world.made, world.log, world.now);
    snprintf(path, sizeof(path), "%s/tile/0/002.p/88", world.now);
    ck_assert_int_eq(disk_read(&file, path, 1 << 20, NULL), ERR_OK);
    snprintf(path, sizeof(path), "%s/tile/0/002.p/80", world.now);
    ck_assert_int_eq(
        disk_write(path, bytes_of(file.data, 80 * 32), true, NULL), ERR_OK);
    ck_assert_int_eq(check(&world, world.now, NULL, &result), CHECK_CLEAN);
    check_result_release(&result);
    file.data[79 * 32] ^= 1;
    ck_assert_int_eq(
        disk_write(path, bytes_of(file.data, 80 * 32), false, NULL), ERR_OK);
    ck_assert_int_eq(check(&world, world.now, NULL, &result), CHECK_FINDINGS);
    ck_assert_uint_eq(result.findings.counts[FINDING_TILE_WRONG], 1);
    check_result_release(&result);
    buf_release(&file);
    teardown(&world);
}
END_TEST

static Suite *
since_suite(void)
{
    Suite *suite = suite_create("since");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, 240);
    tcase_add_loop_test(all, nothing_may_be_shorter_or_other_than_before, 0,
        sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(all, evidence_of_a_rewritten_log_holds_by_itself);
    tcase_add_test(all, evidence_with_a_flipped_bit_shows_no_fork);
    tcase_add_test(all, a_log_that_is_gone_is_missed);
    tcase_add_loop_test(
        all, swapped_tiles_are_told, 0, sizeof(swaps) / sizeof(swaps[0]));
    tcase_add_test(
        all, a_partial_tile_of_a_former_size_must_be_how_the_new_one_begins);
    suite_add_tcase(suite, all);
    return suite;
}

int
main(void)
{
    return run_suite(since_suite());
}
