/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a folder that somebody else made. No symbolic link below the folder
 * is followed, nothing but regular files is read (a device or a pipe is not
 * even opened for good), sizes are bounded, and the walk keeps a list of what
 * it has yet to enter, so that no depth of folders grows the stack.
 */
#ifndef CORRIDOR_NODE_AUDIT_TREE_H
#define CORRIDOR_NODE_AUDIT_TREE_H

#include "crypto/base/buf.h"

enum {
    TREE_PATH_BYTES_MAX = 512, /* of a name below the folder */
    TREE_DEPTH_MAX = 12        /* folders within one another */
};

struct tree {
    int fd; /* the folder; -1: closed */
};

/* ERR_NOT_FOUND; ERR_CONFIG: not a folder; ERR_DENIED; ERR_IO. `path` itself
 * may be a link: it is what the user named. */
enum err tree_open(
    struct tree *out, const char *path, struct err_msg *msg) MUST_USE;
/* A folder within it. The same errors. */
enum err tree_open_below(
    struct tree *out, const struct tree *tree, const char *name) MUST_USE;
void tree_close(struct tree *tree); /* zeroed is not fine: init by open */

/*
 * Replace *out by the bytes of a regular file, named by its path below the
 * folder. ERR_NOT_FOUND; ERR_CONFIG: something else than a regular file, or a
 * link on the way; ERR_TOO_BIG beyond `limit`; ERR_DENIED; ERR_IO; ERR_NOMEM.
 */
enum err tree_read(struct buf *out, const struct tree *tree, const char *name,
    size_t limit) MUST_USE;

enum tree_kind {
    TREE_FILE,
    TREE_FOLDER,
    TREE_OTHER,
    TREE_CLOSED /* a folder that was told, and may not be read */
};

/*
 * What stands in the folder and the folders in it, or with `is_flat` in it
 * alone: each is told by its path below the folder, in no order. Beyond
 * TREE_DEPTH_MAX, or where a path is too long, folders are told and not
 * entered, as TREE_OTHER; one that may not be entered is told a second time,
 * as TREE_CLOSED. The visitor's error ends the walk. ERR_IO, ERR_NOMEM.
 */
struct tree_visitor {
    enum err (*visit)(void *context, const char *path, enum tree_kind kind);
    void *context;
};
enum err tree_walk(const struct tree *tree, bool is_flat,
    const struct tree_visitor *visitor) MUST_USE;

/* What a path is, links followed: file or folder. As tree_open. */
enum err tree_kind_of(
    const char *path, enum tree_kind *out, struct err_msg *msg) MUST_USE;

/* Replace *out by a regular file's bytes, links followed: one that the user
 * named. As tree_read, with a sentence. */
enum err tree_read_named(struct buf *out, const char *path, size_t limit,
    struct err_msg *msg) MUST_USE;

#endif
