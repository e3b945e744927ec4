/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/tile.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/cursor.h"
#include "crypto/base/num.h"
#include "crypto/merkle_internal.h"

enum {
    GROUP_DIGITS = 3,
    GROUPS_MAX = 7, /* 2^64 has 20 digits */
    LEVEL_BITS = 8
};

static const char entries_folder[] = "tile/entries/";
static const char headers_folder[] = "headers/";
static const char hashes_folder[] = "tile/";
static const char partial_mark[] = ".p/";

bool
tile_equal(const struct tile *a, const struct tile *b)
{
    return a->kind == b->kind && a->level == b->level && a->width == b->width &&
           a->index == b->index;
}

/* The part of a path up to N. */
static size_t
format_folder(char out[TILE_PATH_SIZE], const struct tile *tile)
{
    switch (tile->kind) {
    case TILE_HASHES:
        return (size_t)snprintf(
            out, TILE_PATH_SIZE, "%s%u/", hashes_folder, tile->level);
    case TILE_ENTRIES:
        return (size_t)snprintf(out, TILE_PATH_SIZE, "%s", entries_folder);
    case TILE_HEADERS:
        return (size_t)snprintf(out, TILE_PATH_SIZE, "%s", headers_folder);
    }
    return 0;
}

void
tile_path_format(char out[TILE_PATH_SIZE], const struct tile *tile)
{
    unsigned groups[GROUPS_MAX];
    uint64_t left = tile->index;
    size_t count = 0;
    size_t used = format_folder(out, tile);

    assert(tile->level <= TILE_LEVEL_MAX);
    assert(tile->kind == TILE_HASHES || tile->level == 0);
    assert(tile->width > 0 && tile->width <= TILE_WIDTH);
    do {
        groups[count++] = (unsigned)(left % 1000);
        left /= 1000;
    } while (left > 0);
    while (count > 0) {
        count--;
        used += (size_t)snprintf(out + used, TILE_PATH_SIZE - used,
            count > 0 ? "x%03u/" : "%03u", groups[count]);
    }
    if (!tile_is_full(tile)) {
        used += (size_t)snprintf(out + used, TILE_PATH_SIZE - used, "%s%u",
            partial_mark, tile->width);
    }
    assert(used < TILE_PATH_SIZE);
}

/* Take the text if it comes next. */
static bool
take_text(struct cursor *cursor, const char *text)
{
    const size_t size = strlen(text);

    if (cursor_left(cursor) < size || memcmp(cursor->pos, text, size) != 0) {
        return false;
    }
    (void)cursor_take(cursor, size);
    return true;
}

/* The digits that come next, and what they say; none, or too many: failed. */
static uint64_t
take_number(struct cursor *cursor)
{
    const uint8_t *start = cursor->pos;
    uint64_t number = 0;
    size_t count = 0;

    while (count < cursor_left(cursor) && start[count] >= '0' &&
           start[count] <= '9') {
        count++;
    }
    if (!num_parse_u64((const char *)start, count, &number)) {
        cursor_fail(cursor);
    }
    (void)cursor_take(cursor, count);
    return number;
}

/* Three digits that come next. */
static uint64_t
take_group(struct cursor *cursor)
{
    const struct bytes digits = cursor_take(cursor, GROUP_DIGITS);
    uint64_t number = 0;

    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9') {
            cursor_fail(cursor);
            return 0;
        }
        number = number * 10 + (uint64_t)(digits.data[i] - '0');
    }
    return number;
}

/* N: groups behind an x, the first of which is not 0, and the last one. */
static uint64_t
take_index(struct cursor *cursor)
{
    uint64_t index = 0;
    bool is_first = true;
    bool is_last = false;

    while (!is_last && !cursor->failed) {
        uint64_t group = 0;

        is_last = !take_text(cursor, "x");
        group = take_group(cursor);
        if ((is_first && !is_last && group == 0) ||
            index > (UINT64_MAX - group) / 1000 ||
            (!is_last && !take_text(cursor, "/"))) {
            cursor_fail(cursor);
        }
        index = index * 1000 + group;
        is_first = false;
    }
    return index;
}

enum err
tile_path_parse(struct tile *out, struct bytes path)
{
    struct cursor cursor = cursor_init(path);
    struct tile tile = {.kind = TILE_HASHES, .width = TILE_WIDTH};
    uint64_t level = 0;
    uint64_t width = TILE_WIDTH;

    if (take_text(&cursor, entries_folder)) {
        tile.kind = TILE_ENTRIES;
    } else if (take_text(&cursor, headers_folder)) {
        tile.kind = TILE_HEADERS;
    } else if (take_text(&cursor, hashes_folder)) {
        level = take_number(&cursor);
        if (!take_text(&cursor, "/")) {
            cursor_fail(&cursor);
        }
    } else {
        cursor_fail(&cursor);
    }
    tile.index = take_index(&cursor);
    if (take_text(&cursor, partial_mark)) {
        width = take_number(&cursor);
        if (width == 0 || width >= TILE_WIDTH) {
            cursor_fail(&cursor);
        }
    }
    if (cursor_end(&cursor) != ERR_OK || level > TILE_LEVEL_MAX) {
        return ERR_MALFORMED;
    }
    tile.level = (unsigned)level;
    tile.width = (unsigned)width;
    *out = tile;
    return ERR_OK;
}

/* How many hashes a level of the tiles has in all. */
static uint64_t
level_count(uint64_t size, unsigned level)
{
    return level < TILE_LEVELS ? size >> (LEVEL_BITS * level) : 0;
}

unsigned
tile_width(uint64_t size, unsigned level, uint64_t index)
{
    const uint64_t count = level_count(size, level);
    const uint64_t full = count / TILE_WIDTH;

    if (index < full) {
        return TILE_WIDTH;
    }
    return index == full ? (unsigned)(count % TILE_WIDTH) : 0;
}

/* The first tile of a level that is new: a partial one counts by its width. */
static uint64_t
first_new(const struct tile_walk *walk)
{
    const uint64_t index = level_count(walk->from, walk->level) / TILE_WIDTH;
    const unsigned old = tile_width(walk->from, walk->level, index);
    const unsigned new = tile_width(walk->to, walk->level, index);

    return old == new ? index + 1 : index;
}

struct tile_walk
tile_walk_init(uint64_t from, uint64_t to)
{
    struct tile_walk walk = {.from = from, .to = to};

    assert(from <= to);
    walk.index = first_new(&walk);
    return walk;
}

bool
tile_walk_next(struct tile_walk *walk, struct tile *out)
{
    while (walk->level < TILE_LEVELS) {
        const unsigned width = tile_width(walk->to, walk->level, walk->index);

        if (width > 0) {
            out->kind = TILE_HASHES;
            out->level = walk->level;
            out->width = width;
            out->index = walk->index++;
            return true;
        }
        walk->level++;
        walk->index = first_new(walk);
    }
    return false;
}

uint64_t
tile_walk_count(const struct tile_walk *walk)
{
    struct tile_walk rest = *walk;
    uint64_t count = 0;

    while (rest.level < TILE_LEVELS) {
        const uint64_t hashes = level_count(rest.to, rest.level);
        const uint64_t tiles =
            hashes / TILE_WIDTH + (hashes % TILE_WIDTH > 0 ? 1 : 0);

        count += tiles > rest.index ? tiles - rest.index : 0;
        rest.level++;
        rest.index = first_new(&rest);
    }
    return count;
}

enum err
tile_read(struct hash *out, const struct tile *tile,
    const struct merkle_source *source)
{
    assert(tile->level < TILE_LEVELS && tile->width <= TILE_WIDTH);
    for (unsigned i = 0; i < tile->width; i++) {
        const enum err rc = source->node(source->context,
            LEVEL_BITS * tile->level, tile->index * TILE_WIDTH + i, &out[i]);

        if (rc != ERR_OK) {
            return rc;
        }
    }
    return ERR_OK;
}

/* The root of a power of two of hashes, at most a full tile's. */
static void
fold(struct hash *out, const struct hash *hashes, size_t count)
{
    struct hash level[TILE_WIDTH / 2];

    assert(count >= 2 && count <= TILE_WIDTH);
    for (size_t i = 0; i < count / 2; i++) {
        merkle_node(&level[i], &hashes[2 * i], &hashes[2 * i + 1]);
    }
    for (size_t left = count / 4; left > 0; left /= 2) {
        for (size_t i = 0; i < left; i++) {
            merkle_node(&level[i], &level[2 * i], &level[2 * i + 1]);
        }
    }
    *out = level[0];
}

void
tile_fold(struct hash *out, const struct hash hashes[TILE_WIDTH])
{
    fold(out, hashes, TILE_WIDTH);
}

/* How many hashes stand at a level of the builder. */
static unsigned
width_at(const struct tile_builder *builder, unsigned level)
{
    return (unsigned)(level_count(builder->size, level) % TILE_WIDTH);
}

void
tile_builder_init(struct tile_builder *builder, uint64_t size)
{
    builder->size = size;
    memset(builder->hashes, 0, sizeof(builder->hashes));
}

void
tile_builder_put(
    struct tile_builder *builder, const struct tile *tile, struct bytes hashes)
{
    assert(tile->kind == TILE_HASHES && tile->level < TILE_LEVELS);
    assert(tile->width == width_at(builder, tile->level));
    assert(hashes.size == tile->width * sizeof(struct hash));
    memcpy(builder->hashes[tile->level], hashes.data, hashes.size);
}

enum err
tile_builder_resume(struct tile_builder *builder,
    const struct merkle_source *source, uint64_t size)
{
    tile_builder_init(builder, size);
    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        const struct tile tile = {
            .kind = TILE_HASHES,
            .level = level,
            .width = width_at(builder, level),
            .index = level_count(size, level) / TILE_WIDTH,
        };
        const enum err rc = tile_read(builder->hashes[level], &tile, source);

        if (rc != ERR_OK) {
            return rc;
        }
    }
    return ERR_OK;
}

enum err
tile_builder_append(struct tile_builder *builder, const struct hash *leaf,
    const struct tile_sink *sink)
{
    struct hash hash = *leaf;
    struct tile tile = {.kind = TILE_HASHES, .width = TILE_WIDTH};

    if (builder->size == UINT64_MAX) {
        return ERR_TOO_BIG;
    }
    /* A level that holds 255 is filled by this hash, and hands one up. */
    while (tile.level < TILE_LEVELS) {
        const unsigned width = width_at(builder, tile.level);
        struct hash *hashes = builder->hashes[tile.level];
        enum err rc = ERR_OK;

        hashes[width] = hash;
        if (width + 1 < TILE_WIDTH) {
            break;
        }
        tile.index = level_count(builder->size, tile.level) / TILE_WIDTH;
        rc = sink->take(sink->context, &tile, hashes);
        if (rc != ERR_OK) {
            return rc;
        }
        tile_fold(&hash, hashes);
        tile.level++;
    }
    builder->size++;
    return ERR_OK;
}

enum err
tile_builder_finish(
    const struct tile_builder *builder, const struct tile_sink *sink)
{
    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        const struct tile tile = {
            .kind = TILE_HASHES,
            .level = level,
            .width = width_at(builder, level),
            .index = level_count(builder->size, level) / TILE_WIDTH,
        };
        enum err rc = ERR_OK;

        if (tile.width > 0) {
            rc = sink->take(sink->context, &tile, builder->hashes[level]);
        }
        if (rc != ERR_OK) {
            return rc;
        }
    }
    return ERR_OK;
}

void
tile_builder_edge(const struct tile_builder *builder, struct merkle_edge *out)
{
    memset(out, 0, sizeof(*out));
    out->size = builder->size;
    for (unsigned level = 0; level < MERKLE_LEVELS_MAX; level++) {
        const struct hash *hashes = builder->hashes[level / LEVEL_BITS];
        const unsigned bit = level % LEVEL_BITS;
        size_t first = 0;

        if (!bit_is_set(builder->size, level)) {
            continue;
        }
        /* The greater subtrees of this level's tile stand before it. */
        first = width_at(builder, level / LEVEL_BITS) >> bit >> 1 << bit << 1;
        if (bit == 0) {
            out->hashes[level] = hashes[first];
        } else {
            fold(&out->hashes[level], hashes + first, (size_t)1 << bit);
        }
    }
}

void
tile_builder_root(const struct tile_builder *builder, struct hash *out)
{
    struct merkle_edge edge;

    tile_builder_edge(builder, &edge);
    merkle_root(out, &edge);
}
