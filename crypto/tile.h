/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tiles: a log as files that never change (C2SP tlog-tiles v0.1.0;
 * docs/protocol.md, "Tiles"). Hash i of tile n at level l is node
 * (8 l, 256 n + i) of the Merkle tree:
 *
 *     level 2                  [ 0 …                     tile/2/000.p/1
 *     level 1     [ 0 … 255 ] [ 256 …      tile/1/000, tile/1/001.p/W
 *     level 0   [ 0 … 255 ] [ 256 … 511 ]  tile/0/000, tile/0/001 …
 *
 * A full tile is 256 hashes, a partial one those 1 to 255 at the end of its
 * level that the log's size has. Beside level 0 stand the entries, and
 * corridor's headers, in files of the same numbers and widths
 * (crypto/bundle.h).
 */
#ifndef CORRIDOR_CRYPTO_TILE_H
#define CORRIDOR_CRYPTO_TILE_H

#include "crypto/base/bytes.h"
#include "crypto/base/err.h"
#include "crypto/merkle.h"

enum {
    TILE_WIDTH = 256, /* hashes in a full tile */
    TILE_BYTES_MAX = 8192,
    TILE_LEVEL_MAX = 63, /* of a path */
    TILE_LEVELS = 8,     /* that a size of 64 bits can fill */
    TILE_PATH_SIZE = 64  /* of a formatted path, with its NUL */
};

enum tile_kind {
    TILE_HASHES,  /* tile/<level>/<N>[.p/<W>] */
    TILE_ENTRIES, /* tile/entries/<N>[.p/<W>] */
    TILE_HEADERS  /* headers/<N>[.p/<W>] */
};

/* The name of one file. Entries and headers are at level 0. */
struct tile {
    enum tile_kind kind;
    unsigned level; /* 0 to TILE_LEVEL_MAX */
    unsigned width; /* 1 to TILE_WIDTH, which is full */
    uint64_t index;
};

/* Is it of 256, never to change again? */
static inline bool
tile_is_full(const struct tile *tile)
{
    return tile->width == TILE_WIDTH;
}
/* The same file? */
bool tile_equal(const struct tile *a, const struct tile *b);

/*
 * The path below a log's folder, and back. N stands in groups of three
 * digits, all but the last behind an x: 1234067 is x001/x234/067. There is
 * one path for a tile: ERR_MALFORMED for any other, for a level that is not
 * 0 to 63, a partial width that is not 1 to 255, and for an N beyond 64 bits.
 */
void tile_path_format(char out[TILE_PATH_SIZE], const struct tile *tile);
enum err tile_path_parse(struct tile *out, struct bytes path) MUST_USE;

/*
 * The width of hash tile (level, index) in a log of `size` entries: 0 if it
 * has none, TILE_WIDTH if it is full. For `entries` and `headers`, level 0.
 */
unsigned tile_width(uint64_t size, unsigned level, uint64_t index);

/*
 * Walk the hash tiles that a log of size `to` has and one of size `from` had
 * not, from <= to: by level, then by index, a partial one last in its level.
 * From 0 they are all; level 0 alone names the bundles too.
 *
 *     struct tile_walk walk = tile_walk_init(from, to);
 *     while (tile_walk_next(&walk, &tile)) { … }
 */
struct tile_walk {
    uint64_t from;
    uint64_t to;
    uint64_t index; /* the next one */
    unsigned level; /* TILE_LEVELS at the end */
};
struct tile_walk tile_walk_init(uint64_t from, uint64_t to);
bool tile_walk_next(struct tile_walk *walk, struct tile *out);
/* How many tiles the walk still has. */
uint64_t tile_walk_count(const struct tile_walk *walk);

/*
 * Fill out[0..tile->width) with a tile's hashes, read from any tree that
 * holds those nodes (its own error is returned, and `out` is undefined then).
 */
enum err tile_read(struct hash *out, const struct tile *tile,
    const struct merkle_source *source) MUST_USE;

/* The hash one level up that a full tile's hashes stand for. */
void tile_fold(struct hash *out, const struct hash hashes[TILE_WIDTH]);

/*
 * All tiles of a log from its leaf hashes in order, in memory that does not
 * grow with the log: what has no full tile yet, at most 255 hashes a level.
 * The struct is 64 KiB: not for the stack of a small thread. It owns nothing.
 */
struct tile_builder {
    uint64_t size;
    /* At level l, (size >> 8 l) & 255 of them stand. */
    struct hash hashes[TILE_LEVELS][TILE_WIDTH];
};

/*
 * Who takes a tile: `hashes` are tile->width of them, and live for the call.
 * An error ends the call that gave the tile, with that error.
 */
struct tile_sink {
    enum err (*take)(
        void *context, const struct tile *tile, const struct hash *hashes);
    void *context;
};

/*
 * A log of `size` entries. 0 is ready for the first leaf; from any other
 * size the partial tiles that tile_walk_init(0, size) yields must be put
 * first. They are believed: compare the root afterwards.
 */
void tile_builder_init(struct tile_builder *builder, uint64_t size);
/* The bytes of one of them: tile->width hashes of 32 bytes. */
void tile_builder_put(
    struct tile_builder *builder, const struct tile *tile, struct bytes hashes);
/*
 * Both at once, from a tree that has the nodes of `size`: reads at most 255
 * a level. The source's error, and the builder must be initialised again.
 */
enum err tile_builder_resume(struct tile_builder *builder,
    const struct merkle_source *source, uint64_t size) MUST_USE;

/*
 * Count one more leaf hash. Each tile that it fills (level 0, then the one
 * above if that fills too, …) goes to the sink, whose error is returned; the
 * builder must not be used further then. ERR_TOO_BIG: 2^64 - 1 leaves.
 */
enum err tile_builder_append(struct tile_builder *builder,
    const struct hash *leaf, const struct tile_sink *sink) MUST_USE;

/* Give the partial tiles of the size reached to the sink, lowest first. */
enum err tile_builder_finish(
    const struct tile_builder *builder, const struct tile_sink *sink) MUST_USE;

/* The perfect subtrees, and the root, of the size reached: at any time. */
void tile_builder_edge(
    const struct tile_builder *builder, struct merkle_edge *out);
void tile_builder_root(const struct tile_builder *builder, struct hash *out);

#endif
