/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of one exported log (docs/protocol.md, "Tiles"), read as a
 * stranger's: docs/audit.md.
 */
#ifndef CORRIDOR_NODE_AUDIT_LOG_FILES_H
#define CORRIDOR_NODE_AUDIT_LOG_FILES_H

#include "crypto/tile.h"
#include "node/audit/finding.h"
#include "node/audit/tree.h"

/* How a tile's file was found. */
enum file_state {
    FILE_WHOLE,
    FILE_MISSING,
    FILE_SHORT, /* fewer bytes than the tile's width asks for */
    FILE_LONG,  /* more */
    FILE_ODD,   /* no regular file, or a link */
    FILE_UNREAD /* it, or a folder on the way, may not or cannot be read */
};

/*
 * Replace *out by the bytes of a tile, or of the first `width` items of the
 * full one where a partial one is gone (tlog-tiles, "Partial tiles"). Hash
 * tiles have exactly their bytes then; of entries and headers, as there are
 * more than `width` of them, *out_is_cut says that more may follow. *out is
 * something only in FILE_WHOLE. ERR_NOMEM.
 */
struct tile_file {
    enum file_state state;
    bool is_cut;
};
enum err log_tile_read(struct buf *out, const struct tree *folder,
    const struct tile *tile, struct tile_file *out_file) MUST_USE;

/* Say that a tile's file is not whole. */
void log_tile_finding(struct findings *findings, const struct log_id *log,
    const struct tile *tile, enum file_state state);

/*
 * The tree's nodes, read from the hash tiles. They are believed: what is made
 * of them is compared with a signed root. ERR_NOT_FOUND: the tile is not
 * there or not whole.
 */
struct tile_source {
    const struct tree *folder;
    uint64_t size; /* the log's */
    struct buf bytes;
    struct tile tile; /* whose bytes these are; width 0: none */
};
struct merkle_source tile_source(struct tile_source *source);
void tile_source_release(struct tile_source *source);

/*
 * Look at every file of a log's folder: what its size does not ask for is
 * found, and a partial tile of a former size must be the start of the present
 * one. ERR_IO, ERR_NOMEM.
 */
struct stray_options {
    const struct tree *folder;
    const struct log_id *log;
    uint64_t size;
};
enum err log_find_strays(
    struct findings *findings, const struct stray_options *options) MUST_USE;

#endif
