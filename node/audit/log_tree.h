/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is an exported log the one that its checkpoint was signed for? The leaves
 * are read tile by tile, the tree is built from them once, and each file of
 * hashes is compared with what they make: one pass near hashing speed, in
 * memory that does not grow with the log.
 *
 * Where leaves and hashes of level 0 differ, the tree is built from both: the
 * one whose root was signed tells which file is wrong, and at which entry.
 */
#ifndef CORRIDOR_NODE_AUDIT_LOG_TREE_H
#define CORRIDOR_NODE_AUDIT_LOG_TREE_H

#include "node/audit/log_files.h"

enum { ROOTS_WANTED_MAX = 64 };

/* A size whose root is asked for, such as that of a former checkpoint. */
struct root_wanted {
    uint64_t size;
    struct hash root; /* out */
    bool is_known;    /* out: false where the log could not be read so far */
};

struct log_tree {
    const struct tree *folder;
    struct log_id log;
    uint64_t size;
    struct hash root;           /* as signed */
    struct root_wanted *wanted; /* ascending by size, at most `size` each */
    size_t wanted_count;        /* at most ROOTS_WANTED_MAX */
    /* Told now and then how many leaves are done; may be NULL. */
    void (*progress)(void *context, uint64_t leaves);
    void *context;
    /* What came of it. */
    bool is_whole;   /* the leaves make the signed root */
    uint64_t leaves; /* read and hashed */
    uint64_t tiles;  /* files of hashes that were compared */
    uint64_t bytes;  /* of the files that were read */
};

/* Findings go to `findings`. ERR_NOMEM, ERR_IO, ERR_DENIED: not checked. */
enum err log_tree_check(
    struct log_tree *tree, struct findings *findings) MUST_USE;

#endif
