/* SPDX-License-Identifier: Apache-2.0 */
/* What an earlier export left: is it this log, is it whole, is it a prefix? */
#include <stdio.h>
#include <string.h>

#include "crypto/bundle.h"
#include "node/audit/export_internal.h"
#include "sync/model/entry.h"

enum { HASH_BYTES = 32 };

void
export_name(
    char out[EXPORT_NAME_BYTES], const struct exporting *x, const char *name)
{
    (void)snprintf(out, EXPORT_NAME_BYTES, "%s/%s", x->log->folder, name);
}

void
export_tile_name(char out[EXPORT_NAME_BYTES], const struct exporting *x,
    const struct tile *tile)
{
    char path[TILE_PATH_SIZE];

    tile_path_format(path, tile);
    export_name(out, x, path);
}

static enum err
read_name(struct exporting *x, const char *name, size_t limit)
{
    char full[EXPORT_NAME_BYTES];

    export_name(full, x, name);
    return tree_read(&x->bytes, &x->dir->tree, full, limit);
}

/* Another log's key may not be replaced by ours. */
static enum err
check_vkey(struct exporting *x)
{
    struct buf ours = {0};
    enum err rc = read_name(x, "vkey", NOTE_BYTES_MAX);

    if (rc == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    buf_put_bytes(&ours, x->log->vkey);
    buf_put_u8(&ours, '\n');
    if (rc == ERR_OK) {
        rc = buf_err(&ours);
    }
    if (rc == ERR_OK && !bytes_equal(buf_bytes(&ours), buf_bytes(&x->bytes))) {
        rc = ERR_CONFIG;
    }
    buf_release(&ours);
    return rc == ERR_CONFIG
               ? err_set(x->msg, rc,
                     "%s/%s holds another log: its vkey is another; export "
                     "into an empty directory",
                     x->dir->path, x->log->folder)
               : rc;
}

static enum err
read_checkpoint(struct exporting *x)
{
    struct note note;
    enum err rc = read_name(x, "checkpoint", NOTE_BYTES_MAX);

    if (rc == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    if (rc == ERR_OK) {
        rc = note_parse(&note, buf_bytes(&x->bytes));
    }
    if (rc == ERR_OK) {
        rc = note_verify(&note, &x->key, 1, NULL);
    }
    if (rc == ERR_OK) {
        rc = checkpoint_parse(&x->there, note.text);
    }
    x->there.extensions = bytes_of(NULL, 0); /* what they view is read over */
    if (rc == ERR_OK && strcmp(x->there.origin, x->key.name) != 0) {
        rc = ERR_BAD_SIGNATURE;
    }
    if (rc != ERR_OK && rc != ERR_NOMEM && rc != ERR_IO) {
        rc = err_set(x->msg, ERR_BAD_SIGNATURE,
            "%s/%s/checkpoint is not one that the log's key has signed: "
            "somebody has altered it; keep it, and export into an empty "
            "directory",
            x->dir->path, x->log->folder);
    }
    return rc;
}

/*
 * Have the builder hold the tree of the first `size` entries, from the tiles
 * that are there for `held`, size <= held: partial tiles, cut to what `size`
 * has. ERR_NOT_FOUND: they are not all there.
 */
static enum err
load_builder(struct exporting *x, uint64_t size, uint64_t held)
{
    tile_builder_init(&x->builder, size);
    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        const uint64_t index = (size >> (8 * level)) / TILE_WIDTH;
        struct tile part = {.kind = TILE_HASHES,
            .level = level,
            .width = tile_width(size, level, index),
            .index = index};
        struct tile whole = part;
        char name[EXPORT_NAME_BYTES];
        enum err rc = ERR_OK;

        if (part.width == 0) {
            continue;
        }
        whole.width = tile_width(held, level, index);
        export_tile_name(name, x, &whole);
        rc = tree_read(&x->bytes, &x->dir->tree, name, TILE_BYTES_MAX);
        if (rc == ERR_NOMEM) {
            return rc;
        }
        if (rc != ERR_OK || x->bytes.size != whole.width * HASH_BYTES) {
            return ERR_NOT_FOUND;
        }
        tile_builder_put(&x->builder, &part,
            bytes_of(x->bytes.data, part.width * HASH_BYTES));
    }
    return ERR_OK;
}

static enum err
say_fork(struct exporting *x)
{
    return err_set(x->msg, ERR_FORK,
        "FORK: %s/%s/checkpoint of %llu entries is signed by the log's key, "
        "and is not of the history that this node holds: the log was signed "
        "in two versions; nothing was written there, keep it",
        x->dir->path, x->log->folder, (unsigned long long)x->there.size);
}

/* Is the checkpoint that is there a prefix of what the source holds? */
static enum err
check_prefix(struct exporting *x)
{
    struct export_prefix prefix;
    struct merkle_claim head = {0};
    enum err rc =
        x->source->prefix(x->source->context, x->there.size, &prefix, x->msg);

    if (rc != ERR_OK) {
        return rc;
    }
    head.size = prefix.head_size;
    head.root = &prefix.head_root;
    rc = merkle_verify_consistency(
        x->there.size, &prefix.root, &head, &prefix.proof);
    if (rc != ERR_OK) {
        return err_set(x->msg, ERR_CORRUPT,
            "what this node holds of the log does not prove itself: run "
            "\"corridor verify\"");
    }
    return hash_equal(&prefix.root, &x->there.root) ? ERR_OK : say_fork(x);
}

/* What is there has more entries than ours: are ours its first? */
static enum err
check_ahead(struct exporting *x)
{
    struct hash root;
    enum err rc = load_builder(x, x->head.size, x->there.size);

    if (rc == ERR_NOT_FOUND) {
        return err_set(x->msg, ERR_GAP,
            "%s/%s has %llu entries, this node %llu, and its tiles are not "
            "all there: \"corridor sync\" first",
            x->dir->path, x->log->folder, (unsigned long long)x->there.size,
            (unsigned long long)x->head.size);
    }
    if (rc == ERR_OK) {
        tile_builder_root(&x->builder, &root);
        rc = hash_equal(&root, &x->head.root) ? ERR_OK : say_fork(x);
    }
    return rc;
}

static bool
has_file(struct exporting *x, const struct tile *tile, uint64_t size)
{
    char name[EXPORT_NAME_BYTES];
    uint64_t found = 0;

    export_tile_name(name, x, tile);
    return outdir_size(x->dir, name, &found) == ERR_OK &&
           (size == 0 ? found > 0 : found == size);
}

/* Are all files of the checkpoint there, as long as they should be? */
static bool
is_whole(struct exporting *x)
{
    struct tile_walk walk = tile_walk_init(0, x->there.size);
    struct tile tile;

    while (tile_walk_next(&walk, &tile)) {
        if (!has_file(x, &tile, tile.width * (uint64_t)HASH_BYTES)) {
            return false;
        }
        tile.kind = TILE_ENTRIES;
        if (tile.level == 0 &&
            !has_file(
                x, &tile, tile.width * (2 + (uint64_t)ENTRY_LEAF_BYTES))) {
            return false;
        }
    }
    return true;
}

/* From which entry on headers are missing; they may have come later. */
static void
find_headers(struct exporting *x)
{
    struct tile_walk walk = tile_walk_init(0, x->there.size);
    struct tile tile;

    bool has_some = x->log->with_headers;

    x->headers_from = x->there.size;
    while (tile_walk_next(&walk, &tile) && tile.level == 0) {
        tile.kind = TILE_HEADERS;
        if (!has_file(x, &tile, 0)) {
            x->headers_from = tile.index * TILE_WIDTH;
            break;
        }
        has_some = true;
    }
    /* A partial bundle that grows is written anew. */
    if (x->there.size < x->head.size) {
        x->headers_from -= x->headers_from % TILE_WIDTH;
    }
    if (!has_some) {
        x->headers_from = x->head.size;
    }
}

/*
 * The builder as of the last border of 256 entries in what is there: the
 * bundle beyond it is written anew, with what was in it.
 */
static enum err
go_on(struct exporting *x)
{
    struct hash root;
    enum err rc = ERR_NOT_FOUND;

    if (is_whole(x)) {
        rc = load_builder(x, x->there.size, x->there.size);
    }
    if (rc == ERR_OK) {
        tile_builder_root(&x->builder, &root);
    }
    if (rc == ERR_NOMEM) {
        return rc;
    }
    if (rc != ERR_OK || !hash_equal(&root, &x->there.root)) {
        x->result.was_mended = true;
        tile_builder_init(&x->builder, 0);
        return ERR_OK;
    }
    x->result.from = x->there.size;
    if (x->there.size < x->head.size) {
        x->builder.size -= x->builder.size % TILE_WIDTH;
    }
    return ERR_OK;
}

enum err
export_there(struct exporting *x, bool *out_is_ahead)
{
    enum err rc = check_vkey(x);

    *out_is_ahead = false;
    if (rc == ERR_OK) {
        rc = read_checkpoint(x);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    find_headers(x);
    if (x->there.size == 0) {
        return ERR_OK;
    }
    if (x->there.size > x->head.size) {
        *out_is_ahead = true;
        return check_ahead(x);
    }
    rc = check_prefix(x);
    return rc == ERR_OK ? go_on(x) : rc;
}
