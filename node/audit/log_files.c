/* SPDX-License-Identifier: Apache-2.0 */
#include "node/audit/log_files.h"

#include <string.h>

#include "crypto/bundle.h"
#include "sync/model/entry.h"

enum {
    HASH_BYTES = 32,
    LEAVES_BYTES_MAX = TILE_WIDTH * (2 + ENTRY_LEAF_BYTES)
};

static size_t
limit_of(const struct tile *tile)
{
    switch (tile->kind) {
    case TILE_HASHES:
        return TILE_BYTES_MAX;
    case TILE_ENTRIES:
        return LEAVES_BYTES_MAX;
    case TILE_HEADERS:
        return BUNDLE_HEADERS_BYTES_MAX;
    }
    return 0;
}

/* The least that a file of so many items can be. */
static size_t
least_of(const struct tile *tile)
{
    switch (tile->kind) {
    case TILE_HASHES:
        return (size_t)tile->width * HASH_BYTES;
    case TILE_ENTRIES:
        return (size_t)tile->width * (2 + ENTRY_LEAF_BYTES);
    case TILE_HEADERS:
        return (size_t)tile->width * 3;
    }
    return 0;
}

enum err
log_tile_read(struct buf *out, const struct tree *folder,
    const struct tile *tile, struct tile_file *out_file)
{
    struct tile full = *tile;
    struct tile_file file = {FILE_WHOLE, false};
    char path[TILE_PATH_SIZE];
    enum err rc = ERR_OK;

    tile_path_format(path, tile);
    rc = tree_read(out, folder, path, limit_of(tile));
    if (rc == ERR_NOT_FOUND && !tile_is_full(tile)) {
        full.width = TILE_WIDTH;
        tile_path_format(path, &full);
        rc = tree_read(out, folder, path, limit_of(tile));
        file.is_cut = rc == ERR_OK;
    }
    switch (rc) {
    case ERR_OK:
        break;
    case ERR_NOT_FOUND:
        file.state = FILE_MISSING;
        break;
    case ERR_TOO_BIG:
        file.state = FILE_LONG;
        break;
    case ERR_CONFIG:
        file.state = FILE_ODD;
        break;
    case ERR_DENIED:
    case ERR_IO:
        file.state = FILE_UNREAD;
        break;
    default:
        return rc;
    }
    if (rc == ERR_OK && out->size < least_of(tile)) {
        file.state = FILE_SHORT;
    } else if (rc == ERR_OK && tile->kind == TILE_HASHES) {
        if (file.is_cut) {
            buf_truncate(out, least_of(tile));
        } else if (out->size > least_of(tile)) {
            file.state = FILE_LONG;
        }
    }
    *out_file = file;
    return ERR_OK;
}

void
log_tile_finding(struct findings *findings, const struct log_id *log,
    const struct tile *tile, enum file_state state)
{
    const struct finding_place place = {log, POSITION_NONE};
    const bool is_header = tile->kind == TILE_HEADERS;
    char path[TILE_PATH_SIZE];
    char label[LOG_LABEL_BYTES];

    tile_path_format(path, tile);
    switch (state) {
    case FILE_WHOLE:
        break;
    case FILE_MISSING:
        findings_add(findings, place,
            is_header ? FINDING_HEADER_MISSING : FINDING_TILE_MISSING,
            "%s is not there; ask for the export again", path);
        break;
    case FILE_SHORT:
        findings_add(findings, place,
            is_header ? FINDING_HEADER_MALFORMED : FINDING_TILE_TRUNCATED,
            "%s is too short for the %u entries or hashes it should hold; "
            "ask for the export again",
            path, tile->width);
        break;
    case FILE_LONG:
        findings_add(findings, place,
            is_header                    ? FINDING_HEADER_MALFORMED
            : tile->kind == TILE_ENTRIES ? FINDING_LEAF_MALFORMED
                                         : FINDING_TILE_WRONG,
            "%s is too long for what it should hold", path);
        break;
    case FILE_ODD:
        findings_add(findings, place, FINDING_UNEXPECTED_FILE,
            "%s is a link or no regular file, and was not read", path);
        break;
    case FILE_UNREAD:
        log_label(label, log);
        findings_remark(findings, true,
            "log %s: %s may not be read here, or its disk fails", label, path);
        break;
    }
}

/* Tile bytes with node (level, index), read unless they are at hand. */
static enum err
load_tile(struct tile_source *source, unsigned level, uint64_t index)
{
    struct tile tile = {
        .kind = TILE_HASHES, .level = level / 8, .index = index};
    struct tile_file file;
    enum err rc = ERR_OK;

    tile.width = tile_width(source->size, tile.level, tile.index);
    if (tile.width == 0) {
        return ERR_NOT_FOUND;
    }
    if (tile_equal(&tile, &source->tile)) {
        return ERR_OK;
    }
    source->tile.width = 0;
    rc = log_tile_read(&source->bytes, source->folder, &tile, &file);
    if (rc == ERR_OK && file.state != FILE_WHOLE) {
        rc = ERR_NOT_FOUND;
    }
    if (rc == ERR_OK) {
        source->tile = tile;
    }
    return rc;
}

/* Node (level, index) is over 2^(level mod 8) neighbours in one tile. */
static enum err
source_node(void *context, unsigned level, uint64_t index, struct hash *out)
{
    struct tile_source *source = context;
    const unsigned above = level % 8;
    const uint64_t first = index << above;
    const size_t start = (size_t)(first % TILE_WIDTH);
    struct merkle_edge edge = {0};
    struct hash completed[MERKLE_LEVELS_MAX];
    enum err rc = load_tile(source, level, first / TILE_WIDTH);

    if (rc != ERR_OK) {
        return rc;
    }
    if (start + ((size_t)1 << above) > source->tile.width) {
        return ERR_NOT_FOUND;
    }
    for (size_t i = 0; i < (size_t)1 << above; i++) {
        struct hash hash;

        memcpy(hash.bytes, source->bytes.data + (start + i) * HASH_BYTES,
            HASH_BYTES);
        (void)merkle_append(&edge, &hash, completed);
    }
    *out = edge.hashes[above];
    return ERR_OK;
}

struct merkle_source
tile_source(struct tile_source *source)
{
    return (struct merkle_source){source_node, source};
}

void
tile_source_release(struct tile_source *source)
{
    buf_release(&source->bytes);
}
