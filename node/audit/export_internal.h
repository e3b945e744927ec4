/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of export only. */
#ifndef CORRIDOR_NODE_AUDIT_EXPORT_INTERNAL_H
#define CORRIDOR_NODE_AUDIT_EXPORT_INTERNAL_H

#include "crypto/note.h"
#include "crypto/tile.h"
#include "node/audit/export.h"

struct exporting {
    struct outdir *dir;
    const struct export_log *log;
    const struct export_source *source;
    struct err_msg *msg;
    struct note_key key;
    struct checkpoint head;  /* to be exported */
    struct checkpoint there; /* of size 0 where there is none */
    uint64_t headers_from;   /* the first to be written */
    uint64_t done;           /* entries, leaves and headers counted each, */
    uint64_t all;            /* of so many to be done */
    struct export_result result;
    struct buf bytes; /* of what is read or written */
    struct tile_builder builder;
};

enum { EXPORT_NAME_BYTES = TREE_PATH_BYTES_MAX + 1 };

/* A name below the log's folder, as one below the outdir. */
void export_name(
    char out[EXPORT_NAME_BYTES], const struct exporting *x, const char *name);
void export_tile_name(char out[EXPORT_NAME_BYTES], const struct exporting *x,
    const struct tile *tile);

/*
 * export_there.c: read what is there, and have the builder hold as much of it
 * as can be gone on from. ERR_FORK, ERR_BAD_SIGNATURE, ERR_CONFIG, errors of
 * the source. *out_is_ahead: nothing is to be done.
 */
enum err export_there(struct exporting *x, bool *out_is_ahead) MUST_USE;

/* export_write.c: leaves and tiles from the builder's size on, and headers. */
enum err export_leaves(struct exporting *x) MUST_USE;
enum err export_headers(struct exporting *x) MUST_USE;

/* export_clean.c: what no checkpoint there needs any more. */
enum err export_clean(struct exporting *x) MUST_USE;

#endif
