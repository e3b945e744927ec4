/* SPDX-License-Identifier: Apache-2.0 */
/* Which tiles a log has, what they are called, and making them. */
#include "crypto/tile.h"

#include <check.h>
#include <string.h>

#include "crypto/base/buf.h"
#include "crypto/base/mem.h"
#include "tests/lib/crypto/tree.h"
#include "tests/lib/mutation.h"
#include "tests/lib/run.h"

static const struct {
    const char *path;
    struct tile tile;
} path_rows[] = {
    {"tile/0/000", {TILE_HASHES, 0, 256, 0}},
    {"tile/0/000.p/1", {TILE_HASHES, 0, 1, 0}},
    {"tile/1/255.p/255", {TILE_HASHES, 1, 255, 255}},
    {"tile/63/999", {TILE_HASHES, 63, 256, 999}},
    {"tile/2/x001/000", {TILE_HASHES, 2, 256, 1000}},
    {"tile/0/x001/x234/067", {TILE_HASHES, 0, 256, 1234067}},
    {"tile/0/x999/x000/000.p/10", {TILE_HASHES, 0, 10, 999000000}},
    {"tile/entries/x001/x234/067.p/8", {TILE_ENTRIES, 0, 8, 1234067}},
    {"headers/008", {TILE_HEADERS, 0, 256, 8}},
    {"headers/x018/x446/x744/x073/x709/x551/615.p/100",
        {TILE_HEADERS, 0, 100, UINT64_MAX}},
    {"tile/10/x018/x446/x744/x073/x709/x551/615.p/100",
        {TILE_HASHES, 10, 100, UINT64_MAX}},
};

static enum err
recode_path(struct bytes bytes, struct buf *out)
{
    struct tile tile;
    char path[TILE_PATH_SIZE];
    enum err rc = tile_path_parse(&tile, bytes);

    if (rc == ERR_OK) {
        tile_path_format(path, &tile);
        buf_put_text(out, path);
    }
    return rc;
}

START_TEST(a_tile_has_one_path)
{
    struct tile tile = {.index = 9};
    char path[TILE_PATH_SIZE];

    ck_assert_int_eq(
        tile_path_parse(&tile, bytes_text(path_rows[_i].path)), ERR_OK);
    ck_assert(tile_equal(&tile, &path_rows[_i].tile));
    tile_path_format(path, &path_rows[_i].tile);
    ck_assert_str_eq(path, path_rows[_i].path);
    ck_assert_uint_gt(mutation_run(bytes_text(path), recode_path), 0);
}
END_TEST

static const char *const bad_paths[] = {
    "",
    "tile",
    "tile/",
    "tile/0",
    "tile/0/",
    "tile//000",
    "/tile/0/000",
    "tile/00/000",
    "tile/01/000",
    "tile/64/000",
    "tile/+1/000",
    "tile/-1/000",
    "tile/18446744073709551616/000",
    "tile/0/0",
    "tile/0/00",
    "tile/0/0000",
    "tile/0/00a",
    "tile/0/x000/000",
    "tile/0/x000/x001/000",
    "tile/0/001/000",
    "tile/0/x001",
    "tile/0/x001/",
    "tile/0/x001/x000",
    "tile/0/x01/000",
    "tile/0/X001/000",
    "tile/0/000/",
    "tile/0/000.p",
    "tile/0/000.p/",
    "tile/0/000.p/0",
    "tile/0/000.p/01",
    "tile/0/000.p/256",
    "tile/0/000.p/1 ",
    "tile/0/000.p/1/",
    "tile/0/x018/x446/x744/x073/x709/x551/616",
    "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
    "tile/entries",
    "tile/entries/0/000",
    "headers/0/000",
    "headers/",
    "header/000",
    "checkpoint",
};

START_TEST(any_other_path_is_refused)
{
    struct tile tile = {TILE_HEADERS, 5, 6, 7};
    const struct tile before = tile;

    ck_assert_msg(
        tile_path_parse(&tile, bytes_text(bad_paths[_i])) == ERR_MALFORMED,
        "%s", bad_paths[_i]);
    ck_assert(tile_equal(&tile, &before));
}
END_TEST

static const struct {
    uint64_t size;
    uint64_t tiles;   /* in all */
    unsigned edge[3]; /* the width of the last tile at levels 0 to 2 */
} size_rows[] = {
    {0, 0, {0, 0, 0}},
    {1, 1, {1, 0, 0}},
    {255, 1, {255, 0, 0}},
    {256, 2, {0, 1, 0}},
    {257, 3, {1, 1, 0}},
    {512, 3, {0, 2, 0}},
    {65535, 257, {255, 255, 0}},
    {65536, 258, {0, 0, 1}},
    /* The example of the specification. */
    {70000, 277, {112, 17, 1}},
    {UINT64_MAX, UINT64_MAX / 255, {255, 255, 255}},
};

START_TEST(a_size_has_these_tiles)
{
    const uint64_t size = size_rows[_i].size;
    const struct tile_walk walk = tile_walk_init(0, size);

    ck_assert_uint_eq(tile_walk_count(&walk), size_rows[_i].tiles);
    for (unsigned level = 0; level < 3; level++) {
        const uint64_t edge = size >> 8 >> (8 * level);

        ck_assert_uint_eq(
            tile_width(size, level, edge), size_rows[_i].edge[level]);
        ck_assert_uint_eq(tile_width(size, level, edge + 1), 0);
        if (edge > 0) {
            ck_assert_uint_eq(tile_width(size, level, edge - 1), TILE_WIDTH);
        }
    }
    ck_assert_uint_eq(tile_width(size, TILE_LEVELS, 0), 0);
    ck_assert_uint_eq(tile_width(size, TILE_LEVEL_MAX, 0), 0);
}
END_TEST

/* Sizes about which tiles begin and end. */
static const uint64_t edge_sizes[] = {0, 1, 2, 255, 256, 257, 300, 511, 512,
    513, 600, 65535, 65536, 65537, 65791, 65792, 65793, 70000};
enum { EDGE_SIZES = sizeof(edge_sizes) / sizeof(*edge_sizes) };

/* Every tile of `to` that `from` lacks comes next, and nothing after. */
static void
expect_walk(uint64_t from, uint64_t to)
{
    struct tile_walk walk = tile_walk_init(from, to);
    const uint64_t count = tile_walk_count(&walk);
    struct tile tile;
    uint64_t seen = 0;

    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        for (uint64_t i = 0; tile_width(to, level, i) > 0; i++) {
            const struct tile want = {
                TILE_HASHES, level, tile_width(to, level, i), i};

            if (tile_width(from, level, i) != want.width) {
                if (!tile_walk_next(&walk, &tile) ||
                    !tile_equal(&tile, &want)) {
                    ck_abort_msg("from %ju to %ju: not %u/%ju", (uintmax_t)from,
                        (uintmax_t)to, level, (uintmax_t)i);
                }
                seen++;
            }
        }
    }
    ck_assert(!tile_walk_next(&walk, &tile));
    ck_assert(!tile_walk_next(&walk, &tile));
    ck_assert_uint_eq(seen, count);
}

START_TEST(a_walk_names_what_is_new)
{
    for (size_t from = 0; from < EDGE_SIZES; from++) {
        for (size_t to = from; to < EDGE_SIZES; to++) {
            expect_walk(edge_sizes[from], edge_sizes[to]);
        }
    }
}
END_TEST

/* A log in memory, and a sink that holds what is given against it. */
struct fixture {
    struct tree tree;
    struct merkle_source source;
    struct tile_builder *builder;
    struct tile_sink sink;
    struct hash want[TILE_WIDTH];
    uint64_t taken;
    long fail_after; /* below 0: never */
};
static struct fixture fixture;

static enum err
take(void *context, const struct tile *tile, const struct hash *hashes)
{
    struct fixture *f = context;

    if (f->fail_after == 0) {
        return ERR_FULL;
    }
    f->fail_after -= f->fail_after > 0;
    ck_assert_int_eq(tile_read(f->want, tile, &f->source), ERR_OK);
    ck_assert_mem_eq(hashes, f->want, tile->width * sizeof(*hashes));
    f->taken++;
    return ERR_OK;
}

static void
setup(void)
{
    memset(&fixture, 0, sizeof(fixture));
    tree_init(&fixture.tree, 70000, tree_counting_leaf);
    fixture.source = tree_source(&fixture.tree);
    fixture.sink = (struct tile_sink){take, &fixture};
    fixture.fail_after = -1;
    fixture.builder = mem_alloc(sizeof(*fixture.builder));
    ck_assert_ptr_nonnull(fixture.builder);
    tile_builder_init(fixture.builder, 0);
}

static void
teardown(void)
{
    mem_free(fixture.builder);
    tree_release(&fixture.tree);
}

/* Append leaves up to `size`. */
static enum err
append_to(struct fixture *f, uint64_t size)
{
    enum err rc = ERR_OK;

    while (rc == ERR_OK && f->builder->size < size) {
        rc = tile_builder_append(
            f->builder, &f->tree.levels[0][f->builder->size], &f->sink);
    }
    return rc;
}

static void
expect_root(const struct fixture *f, uint64_t size)
{
    struct hash root;
    struct hash want;

    tile_builder_root(f->builder, &root);
    tree_root(&want, &f->tree, size);
    if (!hash_equal(&root, &want)) {
        ck_abort_msg("another root at %ju", (uintmax_t)size);
    }
}

START_TEST(a_builder_gives_each_tile_once_with_the_hashes_of_the_tree)
{
    struct fixture *f = &fixture;
    const uint64_t size = edge_sizes[_i];
    const struct tile_walk walk = tile_walk_init(0, size);

    ck_assert_int_eq(append_to(f, size), ERR_OK);
    ck_assert_int_eq(tile_builder_finish(f->builder, &f->sink), ERR_OK);
    ck_assert_uint_eq(f->taken, tile_walk_count(&walk));
    ck_assert_uint_eq(f->builder->size, size);
    expect_root(f, size);
}
END_TEST

START_TEST(a_builder_knows_the_root_at_every_size)
{
    struct fixture *f = &fixture;

    for (uint64_t size = 0; size <= 1100; size++) {
        ck_assert_int_eq(append_to(f, size), ERR_OK);
        expect_root(f, size);
    }
}
END_TEST

START_TEST(a_resumed_builder_gives_what_is_new)
{
    struct fixture *f = &fixture;
    const uint64_t from = edge_sizes[_i];

    for (size_t i = (size_t)_i; i < EDGE_SIZES; i++) {
        const struct tile_walk walk = tile_walk_init(from, edge_sizes[i]);

        f->taken = 0;
        ck_assert_int_eq(
            tile_builder_resume(f->builder, &f->source, from), ERR_OK);
        expect_root(f, from);
        ck_assert_int_eq(append_to(f, edge_sizes[i]), ERR_OK);
        ck_assert_int_eq(tile_builder_finish(f->builder, &f->sink), ERR_OK);
        /* A partial tile that has not grown is given again. */
        ck_assert_uint_ge(f->taken, tile_walk_count(&walk));
        ck_assert_uint_le(f->taken, tile_walk_count(&walk) + TILE_LEVELS);
        expect_root(f, edge_sizes[i]);
    }
}
END_TEST

/* Begin at `size` with the bytes of its partial tiles. */
static void
put_partial_tiles(struct fixture *f, uint64_t size)
{
    struct tile_walk walk = tile_walk_init(0, size);
    struct tile tile;

    tile_builder_init(f->builder, size);
    while (tile_walk_next(&walk, &tile)) {
        if (!tile_is_full(&tile)) {
            ck_assert_int_eq(tile_read(f->want, &tile, &f->source), ERR_OK);
            tile_builder_put(f->builder, &tile,
                bytes_of(f->want, tile.width * sizeof(*f->want)));
        }
    }
}

START_TEST(a_builder_goes_on_from_the_files_of_partial_tiles)
{
    struct fixture *f = &fixture;

    for (size_t i = 0; i < EDGE_SIZES; i++) {
        const uint64_t size = edge_sizes[i];

        put_partial_tiles(f, size);
        expect_root(f, size);
        if (size < 70000) {
            ck_assert_int_eq(append_to(f, size + 1), ERR_OK);
            expect_root(f, size + 1);
        }
    }
}
END_TEST

START_TEST(the_error_of_a_sink_ends_the_call)
{
    struct fixture *f = &fixture;

    f->fail_after = 0;
    ck_assert_int_eq(append_to(f, 255), ERR_OK);
    ck_assert_int_eq(tile_builder_finish(f->builder, &f->sink), ERR_FULL);
    ck_assert_int_eq(append_to(f, 256), ERR_FULL);
    tile_builder_init(f->builder, 0);
    f->fail_after = 256;
    ck_assert_int_eq(append_to(f, 65536), ERR_FULL);
    ck_assert_uint_eq(f->taken, 256);
}
END_TEST

static enum err
fail_to_read(void *context, unsigned level, uint64_t index, struct hash *out)
{
    long *left = context;

    (void)level;
    memset(out, (int)index, sizeof(*out));
    return (*left)-- > 0 ? ERR_OK : ERR_IO;
}

START_TEST(the_error_of_a_source_is_returned)
{
    struct fixture *f = &fixture;
    long left = 0;
    const struct merkle_source source = {fail_to_read, &left};

    for (long reads = 0; reads < 112 + 17 + 1; reads++) {
        left = reads;
        ck_assert_int_eq(
            tile_builder_resume(f->builder, &source, 70000), ERR_IO);
    }
    left = 112 + 17 + 1;
    ck_assert_int_eq(tile_builder_resume(f->builder, &source, 70000), ERR_OK);
}
END_TEST

START_TEST(the_greatest_size_takes_no_more)
{
    struct fixture *f = &fixture;
    const struct hash leaf = {{1}};

    f->fail_after = 0;
    tile_builder_init(f->builder, UINT64_MAX);
    ck_assert_int_eq(
        tile_builder_append(f->builder, &leaf, &f->sink), ERR_TOO_BIG);
    tile_builder_init(f->builder, UINT64_MAX - 1);
    ck_assert_int_eq(tile_builder_append(f->builder, &leaf, &f->sink), ERR_OK);
}
END_TEST

START_TEST(a_full_tile_folds_into_the_hash_above)
{
    struct fixture *f = &fixture;
    const struct tile tile = {TILE_HASHES, 1, 256, 0};
    struct hash hash;

    ck_assert_int_eq(tile_read(f->want, &tile, &f->source), ERR_OK);
    tile_fold(&hash, f->want);
    ck_assert(hash_equal(&hash, &f->tree.levels[16][0]));
}
END_TEST

static Suite *
tile_suite(void)
{
    Suite *suite = suite_create("tile");
    TCase *names = tcase_create("names");
    TCase *builder = tcase_create("builder");

    tcase_add_loop_test(
        names, a_tile_has_one_path, 0, sizeof(path_rows) / sizeof(*path_rows));
    tcase_add_loop_test(names, any_other_path_is_refused, 0,
        sizeof(bad_paths) / sizeof(*bad_paths));
    tcase_add_loop_test(names, a_size_has_these_tiles, 0,
        sizeof(size_rows) / sizeof(*size_rows));
    tcase_add_test(names, a_walk_names_what_is_new);
    suite_add_tcase(suite, names);
    tcase_add_checked_fixture(builder, setup, teardown);
    tcase_add_loop_test(builder,
        a_builder_gives_each_tile_once_with_the_hashes_of_the_tree, 0,
        EDGE_SIZES);
    tcase_add_test(builder, a_builder_knows_the_root_at_every_size);
    tcase_add_loop_test(
        builder, a_resumed_builder_gives_what_is_new, 0, EDGE_SIZES);
    tcase_add_test(builder, a_builder_goes_on_from_the_files_of_partial_tiles);
    tcase_add_test(builder, the_error_of_a_sink_ends_the_call);
    tcase_add_test(builder, the_error_of_a_source_is_returned);
    tcase_add_test(builder, the_greatest_size_takes_no_more);
    tcase_add_test(builder, a_full_tile_folds_into_the_hash_above);
    suite_add_tcase(suite, builder);
    return suite;
}

int
main(void)
{
    return run_suite(tile_suite());
}
