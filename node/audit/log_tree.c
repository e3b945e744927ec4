/* SPDX-License-Identifier: Apache-2.0 */
#include "node/audit/log_tree.h"

#include <inttypes.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/bundle.h"
#include "sync/model/entry.h"

enum { WRONG_TILES_MAX = 20, WRONG_LEAVES_MAX = 20, HASH_BYTES = 32 };

/* A tree that is being built, and the files that it differs from. */
struct track {
    struct tile_builder builder;
    struct tile wrong[WRONG_TILES_MAX];
    enum file_state states[WRONG_TILES_MAX]; /* FILE_WHOLE: other hashes */
    size_t wrong_count;
    struct hash roots[ROOTS_WANTED_MAX];
    size_t root_count; /* of those wanted, reached */
};

/* Where leaves and hashes differ. */
struct wrong_leaves {
    uint64_t position; /* the first in its tile */
    uint64_t count;    /* in that tile */
    bool is_taken_out; /* what follows stands one place too early */
    bool is_put_in;    /* … too late */
};

struct check {
    struct log_tree *tree;
    struct findings *findings;
    struct track *leaves;
    struct track *hashes; /* NULL until the two differ */
    struct wrong_leaves wrong[WRONG_LEAVES_MAX];
    size_t wrong_count;
    uint64_t wrong_tiles; /* of level 0, kept in `wrong` or not */
    bool is_cut_short;    /* neither file of a tile could be read */
    struct buf bytes;
    struct hash of_leaves[TILE_WIDTH];
    struct hash of_tile[TILE_WIDTH];
};

static struct finding_place
at_log(const struct check *check)
{
    return (struct finding_place){&check->tree->log, POSITION_NONE};
}

/* The leaf's form: docs/protocol.md, "Entries". */
static bool
is_leaf(struct bytes leaf)
{
    return leaf.size == ENTRY_LEAF_BYTES && leaf.data[0] == 1 &&
           leaf.data[2] == 0 && leaf.data[3] == 0;
}

/* The leaf hashes of a bundle; *out_is_read: they are all there. */
static enum err
read_leaves(struct check *check, struct tile tile, bool *out_is_read)
{
    struct tile_file file;
    struct cursor cursor;
    enum err rc = ERR_OK;

    *out_is_read = false;
    tile.kind = TILE_ENTRIES;
    rc = log_tile_read(&check->bytes, check->tree->folder, &tile, &file);
    if (rc != ERR_OK || file.state != FILE_WHOLE) {
        if (rc == ERR_OK) {
            log_tile_finding(
                check->findings, &check->tree->log, &tile, file.state);
        }
        return rc;
    }
    check->tree->bytes += check->bytes.size;
    cursor = cursor_init(buf_bytes(&check->bytes));
    for (unsigned i = 0; i < tile.width; i++) {
        const struct bytes leaf = bundle_next(&cursor);

        if (cursor.failed || !is_leaf(leaf)) {
            findings_add(check->findings,
                (struct finding_place){
                    &check->tree->log, tile.index * TILE_WIDTH + i},
                FINDING_LEAF_MALFORMED,
                "its 68 bytes break their form; nothing can be said of it");
            return ERR_OK;
        }
        merkle_leaf(&check->of_leaves[i], leaf);
    }
    if (!file.is_cut && cursor_end(&cursor) != ERR_OK) {
        log_tile_finding(check->findings, &check->tree->log, &tile, FILE_LONG);
        return ERR_OK;
    }
    check->tree->leaves += tile.width;
    *out_is_read = true;
    return ERR_OK;
}

static enum err
read_hashes(struct check *check, const struct tile *tile, bool *out_is_read)
{
    struct tile_file file;
    enum err rc =
        log_tile_read(&check->bytes, check->tree->folder, tile, &file);

    *out_is_read = rc == ERR_OK && file.state == FILE_WHOLE;
    if (rc != ERR_OK) {
        return rc;
    }
    log_tile_finding(check->findings, &check->tree->log, tile, file.state);
    if (*out_is_read) {
        check->tree->bytes += check->bytes.size;
        check->tree->tiles++;
        memcpy(check->of_tile, check->bytes.data, check->bytes.size);
    }
    return ERR_OK;
}

/* A tile above level 0 as one of the two trees makes it. */
struct taking {
    struct check *check;
    struct track *track;
};

static enum err
take_tile(void *context, const struct tile *tile, const struct hash *hashes)
{
    struct taking *taking = context;
    struct check *check = taking->check;
    struct track *track = taking->track;
    struct tile_file file;
    enum err rc = ERR_OK;

    if (tile->level == 0) {
        return ERR_OK; /* compared when it was read */
    }
    rc = log_tile_read(&check->bytes, check->tree->folder, tile, &file);
    if (rc != ERR_OK) {
        return rc;
    }
    if (file.state == FILE_WHOLE) {
        check->tree->bytes += check->bytes.size;
        check->tree->tiles++;
        if (memcmp(check->bytes.data, hashes, tile->width * HASH_BYTES) == 0) {
            return ERR_OK;
        }
    }
    if (track->wrong_count < WRONG_TILES_MAX) {
        track->wrong[track->wrong_count] = *tile;
        track->states[track->wrong_count] = file.state;
        track->wrong_count++;
    }
    return ERR_OK;
}

/* The roots of sizes that are wanted and reached. */
static void
note_roots(const struct check *check, struct track *track)
{
    while (track->root_count < check->tree->wanted_count &&
           check->tree->wanted[track->root_count].size == track->builder.size) {
        tile_builder_root(&track->builder, &track->roots[track->root_count]);
        track->root_count++;
    }
}

static enum err
append_all(struct check *check, struct track *track, const struct hash *hashes,
    unsigned width)
{
    struct taking taking = {check, track};
    const struct tile_sink sink = {take_tile, &taking};
    enum err rc = ERR_OK;

    for (unsigned i = 0; i < width && rc == ERR_OK; i++) {
        rc = tile_builder_append(&track->builder, &hashes[i], &sink);
        note_roots(check, track);
    }
    return rc;
}

/* Do a[from..] and b[from + 1..] tell of the same entries? */
static bool
is_shifted(
    const struct hash *a, const struct hash *b, unsigned from, unsigned width)
{
    return from + 1 < width &&
           memcmp(&a[from], &b[from + 1], (width - from - 1) * sizeof(*a)) == 0;
}

/* Keep where they differ, and how. */
static void
note_difference(struct check *check, const struct tile *tile)
{
    struct wrong_leaves wrong = {.count = 0};
    unsigned first = tile->width;

    for (unsigned i = tile->width; i-- > 0;) {
        if (!hash_equal(&check->of_leaves[i], &check->of_tile[i])) {
            first = i;
            wrong.count++;
        }
    }
    assert(first < tile->width);
    wrong.position = tile->index * TILE_WIDTH + first;
    wrong.is_taken_out =
        is_shifted(check->of_leaves, check->of_tile, first, tile->width);
    wrong.is_put_in =
        is_shifted(check->of_tile, check->of_leaves, first, tile->width);
    check->wrong_tiles++;
    if (check->wrong_count < WRONG_LEAVES_MAX) {
        check->wrong[check->wrong_count++] = wrong;
    }
}

/* From here on there are two trees. */
static enum err
split(struct check *check)
{
    if (check->hashes == NULL) {
        check->hashes = mem_copy(check->leaves, sizeof(*check->leaves));
    }
    return check->hashes == NULL ? ERR_NOMEM : ERR_OK;
}

/* One tile of level 0: its entries and its hashes. */
static enum err
check_bottom(struct check *check, const struct tile *tile)
{
    bool has_leaves = false;
    bool has_hashes = false;
    enum err rc = read_leaves(check, *tile, &has_leaves);

    if (rc == ERR_OK) {
        rc = read_hashes(check, tile, &has_hashes);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (!has_leaves && !has_hashes) {
        check->is_cut_short = true;
        return ERR_OK;
    }
    if (has_leaves && has_hashes &&
        memcmp(check->of_leaves, check->of_tile, tile->width * HASH_BYTES) !=
            0) {
        note_difference(check, tile);
        rc = split(check);
    }
    if (rc == ERR_OK) {
        rc = append_all(check, check->leaves,
            has_leaves ? check->of_leaves : check->of_tile, tile->width);
    }
    if (rc == ERR_OK && check->hashes != NULL) {
        rc = append_all(check, check->hashes,
            has_hashes ? check->of_tile : check->of_leaves, tile->width);
    }
    return rc;
}

static enum err
finish(struct check *check, struct track *track, bool *out_is_signed)
{
    struct taking taking = {check, track};
    const struct tile_sink sink = {take_tile, &taking};
    struct hash root;
    enum err rc = tile_builder_finish(&track->builder, &sink);

    tile_builder_root(&track->builder, &root);
    *out_is_signed = hash_equal(&root, &check->tree->root);
    return rc;
}

/* Files above level 0 that are not what this tree makes. */
static void
tell_tiles(struct check *check, const struct track *track)
{
    for (size_t i = 0; i < track->wrong_count; i++) {
        char path[TILE_PATH_SIZE];

        if (track->states[i] != FILE_WHOLE) {
            log_tile_finding(check->findings, &check->tree->log,
                &track->wrong[i], track->states[i]);
            continue;
        }
        tile_path_format(path, &track->wrong[i]);
        findings_add(check->findings, at_log(check), FINDING_TILE_WRONG,
            "%s is not what the entries make; the entries themselves are not "
            "in doubt by it",
            path);
    }
}

/* Level 0 differs, and the tree of the entries is the one that was signed. */
static void
tell_bottom_tiles(struct check *check)
{
    for (size_t i = 0; i < check->wrong_count; i++) {
        const struct tile tile = {.kind = TILE_HASHES,
            .width = tile_width(
                check->tree->size, 0, check->wrong[i].position / TILE_WIDTH),
            .index = check->wrong[i].position / TILE_WIDTH};
        char path[TILE_PATH_SIZE];

        tile_path_format(path, &tile);
        findings_add(check->findings, at_log(check), FINDING_TILE_WRONG,
            "%s is not what the entries make, from entry %" PRIu64
            " on; the entries themselves are not in doubt by it",
            path, check->wrong[i].position);
    }
}

/* … or that of the hashes. */
static void
tell_leaves(struct check *check)
{
    for (size_t i = 0; i < check->wrong_count; i++) {
        const struct wrong_leaves *wrong = &check->wrong[i];
        const struct finding_place place = {&check->tree->log, wrong->position};

        if (i == 0 && wrong->is_taken_out) {
            findings_add(check->findings, place, FINDING_LEAF_WRONG,
                "the entry that was signed here has been taken out, and "
                "those behind it stand one place too early");
        } else if (i == 0 && wrong->is_put_in) {
            findings_add(check->findings, place, FINDING_LEAF_WRONG,
                "an entry that was not signed has been put in here, and "
                "those behind it stand one place too late");
        } else {
            findings_add(check->findings, place, FINDING_LEAF_WRONG,
                "this is not the entry that was signed (%" PRIu64
                " such among the 256 around it)",
                wrong->count);
        }
    }
}

static void
tell_root(struct check *check)
{
    const bool agree = check->wrong_tiles == 0;

    if (check->is_cut_short) {
        findings_remark(check->findings, true,
            "files are missing: the entries of a log could not be compared "
            "with what was signed");
        return;
    }
    findings_add(check->findings, at_log(check), FINDING_ROOT_MISMATCH,
        "its %" PRIu64 " entries are not those that the checkpoint was "
        "signed for%s",
        check->tree->size,
        agree ? ": entries and hashes agree with one another, so both were "
                "changed, or files of two exports were mixed"
              : ", and neither do the hashes tell which of them differ");
    if (!agree) {
        tell_bottom_tiles(check);
    }
}

/* Which of the trees was signed? */
static enum err
judge(struct check *check)
{
    const struct track *signed_track = NULL;
    bool leaves_hold = false;
    bool hashes_hold = false;
    enum err rc = ERR_OK;

    if (!check->is_cut_short) {
        rc = finish(check, check->leaves, &leaves_hold);
        if (rc == ERR_OK && check->hashes != NULL && !leaves_hold) {
            rc = finish(check, check->hashes, &hashes_hold);
        }
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (leaves_hold) {
        signed_track = check->leaves;
        tell_bottom_tiles(check);
    } else if (hashes_hold) {
        signed_track = check->hashes;
        tell_leaves(check);
    } else {
        tell_root(check);
    }
    tell_tiles(check, signed_track != NULL ? signed_track : check->leaves);
    if (signed_track != NULL) {
        for (size_t i = 0; i < signed_track->root_count; i++) {
            check->tree->wanted[i].root = signed_track->roots[i];
            check->tree->wanted[i].is_known = true;
        }
    }
    check->tree->is_whole = leaves_hold;
    return ERR_OK;
}

static enum err
check_all(struct check *check)
{
    struct log_tree *tree = check->tree;
    enum err rc = ERR_OK;

    note_roots(check, check->leaves);
    for (uint64_t at = 0;
         rc == ERR_OK && at < tree->size && !check->is_cut_short;
         at += TILE_WIDTH) {
        const struct tile tile = {.kind = TILE_HASHES,
            .width = tile_width(tree->size, 0, at / TILE_WIDTH),
            .index = at / TILE_WIDTH};

        rc = check_bottom(check, &tile);
        if (tree->progress != NULL) {
            tree->progress(tree->context, at + tile.width);
        }
    }
    return rc != ERR_OK ? rc : judge(check);
}

enum err
log_tree_check(struct log_tree *tree, struct findings *findings)
{
    struct check *check = mem_zalloc(1, sizeof(*check));
    enum err rc = ERR_NOMEM;

    assert(tree->wanted_count <= ROOTS_WANTED_MAX);
    if (check == NULL) {
        return ERR_NOMEM;
    }
    check->tree = tree;
    check->findings = findings;
    check->leaves = mem_zalloc(1, sizeof(*check->leaves));
    if (check->leaves != NULL) {
        tile_builder_init(&check->leaves->builder, 0);
        rc = check_all(check);
    }
    mem_free(check->leaves);
    mem_free(check->hashes);
    buf_release(&check->bytes);
    mem_free(check);
    return rc;
}
