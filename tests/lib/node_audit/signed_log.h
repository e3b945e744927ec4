/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A made-up log of any size with its author's key: what is exported and
 * checked in tests without a store. Its leaves are those of entries whose
 * header is their number and version; bodies are not there. Versions of one
 * log agree before `fork_at`.
 */
#ifndef CORRIDOR_TESTS_LIB_NODE_AUDIT_SIGNED_LOG_H
#define CORRIDOR_TESTS_LIB_NODE_AUDIT_SIGNED_LOG_H

#include "node/audit/export.h"
#include "sync/model/log.h"

struct signed_log {
    struct corridor_id corridor;
    struct secret_key seed; /* the author's */
    struct log_id id;
    uint64_t size;
    uint8_t version;
    uint64_t fork_at;
    uint8_t (*leaves)[ENTRY_LEAF_BYTES];
    struct hash *levels[MERKLE_LEVELS_MAX]; /* level l: size >> l nodes */
    /* What its source answers: */
    uint64_t held;       /* so many entries */
    unsigned calls;      /* it was asked so often, */
    unsigned fails_from; /* and answers ERR_CLOSED from this call on */
    bool kills;          /* or the process dies at it */
};

/* A log of `size` entries, always the same. */
void signed_log_make(struct signed_log *out, uint64_t size);
/* The same log, signed in another version from `fork_at` on. */
void signed_log_fork(
    struct signed_log *out, const struct signed_log *log, uint64_t fork_at);
void signed_log_release(struct signed_log *log);

/* Append its verifier key, and its checkpoint at a size. */
void signed_log_vkey(struct buf *out, const struct signed_log *log);
void signed_log_note(
    struct buf *out, const struct signed_log *log, uint64_t size);

/* Its nodes, and itself as what is exported. */
struct merkle_source signed_log_nodes(struct signed_log *log);
struct export_source signed_log_source(struct signed_log *log);

#endif
