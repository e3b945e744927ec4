/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves, the tiles that they make, and headers. */
#include <string.h>

#include "crypto/base/num.h"
#include "crypto/bundle.h"
#include "node/audit/export_internal.h"
#include "sync/model/entry.h"

enum { HASH_BYTES = 32, LEAF_ITEM_BYTES = 2 + ENTRY_LEAF_BYTES };

static enum err
put_tile(void *context, const struct tile *tile, const struct hash *hashes)
{
    struct exporting *x = context;
    char name[EXPORT_NAME_BYTES];

    static_assert(sizeof(*hashes) == HASH_BYTES, "a tile is its hashes");
    export_tile_name(name, x, tile);
    return outdir_write(
        x->dir, name, bytes_of(hashes, tile->width * sizeof(*hashes)), x->msg);
}

/* The file of entries [from, from + width), from a multiple of 256. */
static enum err
put_bundle(struct exporting *x, enum tile_kind kind, uint64_t from,
    struct bytes bytes, unsigned width)
{
    const struct tile tile = {
        .kind = kind, .width = width, .index = from / TILE_WIDTH};
    char name[EXPORT_NAME_BYTES];

    export_tile_name(name, x, &tile);
    return outdir_write(x->dir, name, bytes, x->msg);
}

static enum err
say_malformed(struct exporting *x)
{
    return err_set(
        x->msg, ERR_MALFORMED, "the answer about the log is not understood");
}

/* One bundle of leaves: its file, and its hashes into the builder. */
static enum err
take_leaves(struct exporting *x, struct bytes bytes, unsigned width)
{
    const struct tile_sink sink = {put_tile, x};
    struct cursor cursor = cursor_init(bytes);
    enum err rc = put_bundle(x, TILE_ENTRIES, x->builder.size, bytes, width);

    while (rc == ERR_OK && cursor_left(&cursor) > 0) {
        const struct bytes leaf = bundle_next(&cursor);
        struct hash hash;

        if (leaf.size != ENTRY_LEAF_BYTES) {
            return say_malformed(x);
        }
        merkle_leaf(&hash, leaf);
        rc = tile_builder_append(&x->builder, &hash, &sink);
    }
    return rc;
}

static void
tell(struct exporting *x, uint64_t more)
{
    x->done += more;
    if (x->source->progress != NULL) {
        x->source->progress(x->source->context, x->done, x->all);
    }
}

/* The next leaves, some bundles of them. */
static enum err
next_leaves(struct exporting *x)
{
    const uint64_t from = x->builder.size;
    const uint64_t to = num_min_u64(x->head.size, from + EXPORT_ENTRIES_MAX);
    enum err rc = ERR_OK;

    buf_clear(&x->bytes);
    rc = x->source->leaves(x->source->context, from, to, &x->bytes, x->msg);
    if (rc == ERR_OK && x->bytes.size != (to - from) * LEAF_ITEM_BYTES) {
        rc = say_malformed(x);
    }
    for (uint64_t at = from; at < to && rc == ERR_OK; at += TILE_WIDTH) {
        const unsigned width = (unsigned)num_min_u64(TILE_WIDTH, to - at);

        rc = take_leaves(x,
            bytes_of(x->bytes.data + (at - from) * LEAF_ITEM_BYTES,
                (size_t)width * LEAF_ITEM_BYTES),
            width);
    }
    if (rc == ERR_OK) {
        tell(x, to - from);
    }
    return rc;
}

enum err
export_leaves(struct exporting *x)
{
    const struct tile_sink sink = {put_tile, x};
    const bool is_new = x->builder.size < x->head.size;
    struct hash root;
    enum err rc = ERR_OK;

    assert(!is_new || x->builder.size % TILE_WIDTH == 0);
    while (rc == ERR_OK && x->builder.size < x->head.size) {
        rc = next_leaves(x);
    }
    if (rc == ERR_OK && is_new) {
        rc = tile_builder_finish(&x->builder, &sink);
    }
    if (rc == ERR_OK) {
        tile_builder_root(&x->builder, &root);
        if (!hash_equal(&root, &x->head.root)) {
            rc = err_set(x->msg, ERR_CORRUPT,
                "what this node holds of the log %s has not the root that was "
                "signed: run \"corridor verify\"; nothing was called complete",
                x->log->folder);
        }
    }
    return rc;
}

/* Where the bundle that begins at `bytes` ends, and how many it has. */
static enum err
take_headers(struct exporting *x, struct cursor *cursor, uint64_t from)
{
    const uint8_t *start = cursor->pos;
    const unsigned width =
        (unsigned)num_min_u64(TILE_WIDTH, x->head.size - from);

    for (unsigned i = 0; i < width; i++) {
        (void)bundle_next_header(cursor);
    }
    if (cursor->failed) {
        return say_malformed(x);
    }
    return put_bundle(x, TILE_HEADERS, from,
        bytes_of(start, (size_t)(cursor->pos - start)), width);
}

static enum err
next_headers(struct exporting *x, uint64_t *from)
{
    const uint64_t start = *from;
    const uint64_t to = num_min_u64(x->head.size, start + EXPORT_ENTRIES_MAX);
    struct cursor cursor;
    enum err rc = ERR_OK;

    buf_clear(&x->bytes);
    rc = x->source->headers(x->source->context, start, to, &x->bytes, x->msg);
    cursor = cursor_init(buf_bytes(&x->bytes));
    if (rc == ERR_OK && cursor_left(&cursor) == 0) {
        rc = say_malformed(x);
    }
    while (rc == ERR_OK && cursor_left(&cursor) > 0 && *from < to) {
        rc = take_headers(x, &cursor, *from);
        *from = num_min_u64(to, *from + TILE_WIDTH);
    }
    if (rc == ERR_OK) {
        rc = cursor_left(&cursor) == 0 ? ERR_OK : say_malformed(x);
    }
    if (rc == ERR_OK) {
        tell(x, *from - start);
    }
    return rc;
}

enum err
export_headers(struct exporting *x)
{
    uint64_t from = x->headers_from;
    enum err rc = ERR_OK;

    while (rc == ERR_OK && from < x->head.size) {
        rc = next_headers(x, &from);
    }
    return rc;
}
