/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a folder that is handed to others: nothing is ever written outside
 * it, whatever links stand in it. Files are put in place one by one and made
 * durable together (outdir_sync); what says that the others are complete is
 * replaced last, whole or not at all (outdir_replace).
 */
#ifndef CORRIDOR_NODE_AUDIT_OUTDIR_H
#define CORRIDOR_NODE_AUDIT_OUTDIR_H

#include "node/audit/tree.h"

enum { OUTDIR_FOLDERS = 4 /* kept open */ };

struct outdir_folder {
    int fd; /* -1: none */
    char path[TREE_PATH_BYTES_MAX + 1];
};

struct outdir {
    struct tree tree; /* for reading what is there */
    const char *path; /* borrowed, for messages */
    uint64_t written; /* files, by write and replace */
    /* Those written into last, where the next files are often to be too. */
    struct outdir_folder folders[OUTDIR_FOLDERS];
    size_t next; /* the one to be given up for another */
};

/*
 * Make the folder unless it is there, and hold it: ERR_BUSY when another
 * process does. ERR_CONFIG: a file of that name; ERR_NOT_FOUND: its parent is
 * missing; ERR_DENIED, ERR_FULL, ERR_IO. Close it in every case.
 */
enum err outdir_open(
    struct outdir *out, const char *path, struct err_msg *msg) MUST_USE;
void outdir_close(struct outdir *dir);

/*
 * Write a file in place of what has its name; folders on the way are made.
 * It is whole and durable only after outdir_sync. ERR_FULL, ERR_DENIED,
 * ERR_CONFIG: a link or a file where a folder should be; ERR_IO.
 */
enum err outdir_write(struct outdir *dir, const char *name, struct bytes bytes,
    struct err_msg *msg) MUST_USE;
/* Make durable all that was written. ERR_IO, ERR_FULL. */
enum err outdir_sync(struct outdir *dir, struct err_msg *msg) MUST_USE;

/*
 * Put a file in place whole or not at all, durable on return; what has the
 * same bytes already is left alone. What a crash leaves of it has the name
 * with ".new" behind.
 */
enum err outdir_replace(struct outdir *dir, const char *name,
    struct bytes bytes, struct err_msg *msg) MUST_USE;

/* Remove a file, or a folder if it is empty; ERR_OK also when it was not
 * there, or not empty. */
enum err outdir_remove(struct outdir *dir, const char *name, bool is_folder,
    struct err_msg *msg) MUST_USE;

/* The size of a regular file; ERR_NOT_FOUND: none of that name. */
enum err outdir_size(
    const struct outdir *dir, const char *name, uint64_t *out) MUST_USE;

#endif
