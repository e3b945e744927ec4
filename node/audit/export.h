/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log as a folder that public tools and "audit check" read
 * (docs/protocol.md, "Tiles"): leaves and headers are asked of whoever holds
 * the log, tiles are made of the leaves, and nothing is called complete that
 * does not have the root that was signed.
 *
 *     read what is there -> same log? whole? a prefix of ours?
 *     -> leaves, tiles and headers beyond it -> root as signed? -> durable
 *     -> vkey, vouched, checkpoint last -> partial tiles of before go
 *
 * Whatever the moment at which it is stopped: the checkpoint there is one
 * whose tiles are there, and the next export goes on from it.
 */
#ifndef CORRIDOR_NODE_AUDIT_EXPORT_H
#define CORRIDOR_NODE_AUDIT_EXPORT_H

#include "crypto/merkle.h"
#include "node/audit/outdir.h"

enum { EXPORT_ENTRIES_MAX = 16 * 256 /* asked for at once */ };

/* Does the tree of the first `size` entries lead to a head of the log? */
struct export_prefix {
    struct hash root; /* at `size` */
    uint64_t head_size;
    struct hash head_root;
    struct merkle_proof proof;
};

/* Whoever holds the log. Its errors end the export. */
struct export_source {
    /* Append the leaves of entries [from, to), as in an entry bundle. */
    enum err (*leaves)(void *context, uint64_t from, uint64_t to,
        struct buf *out, struct err_msg *msg);
    /* The same for headers, which may be fewer: cut at a multiple of 256. */
    enum err (*headers)(void *context, uint64_t from, uint64_t to,
        struct buf *out, struct err_msg *msg);
    /* ERR_GAP: the log is not held to that size. */
    enum err (*prefix)(void *context, uint64_t size, struct export_prefix *out,
        struct err_msg *msg);
    /* After each part of the work; NULL: nobody looks. */
    void (*progress)(void *context, uint64_t done, uint64_t all);
    void *context;
};

/* A note about a lesser size than the checkpoint's: who vouches for it. */
struct export_vouched {
    uint64_t size;
    struct bytes note;
};

/* What is known of the log beside its entries. */
struct export_log {
    const char *folder; /* "<node hex>/control": below the outdir */
    struct bytes vkey;
    struct bytes checkpoint; /* a signed note */
    const struct export_vouched *vouched;
    size_t vouched_count;
    bool with_headers; /* also without, once there are any */
};

enum export_verdict {
    EXPORT_DONE,
    EXPORT_AHEAD /* what is there has more entries, and ours are its first:
                    left as it is */
};

struct export_result {
    enum export_verdict verdict;
    bool was_mended; /* what was there was damaged: made anew */
    uint64_t from;   /* entries that were there, */
    uint64_t size;   /* and that are there now */
    uint64_t files;  /* written */
};

/*
 * Export one log. ERR_FORK: what is there is signed by the log's key and is
 * not of the same history; ERR_BAD_SIGNATURE: what is there, or was handed
 * in, is not signed by it; ERR_CONFIG: another log's, or not ours to write;
 * ERR_CORRUPT: what the source holds has not the root that was signed;
 * ERR_FULL and other errors of the disk; the source's. *msg says what to do.
 */
enum err export_log(struct outdir *dir, const struct export_log *log,
    const struct export_source *source, struct export_result *out,
    struct err_msg *msg) MUST_USE;

#endif
