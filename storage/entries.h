/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stored entries, one value per position, appended in order of arrival
 * (docs/storage.md, "entries"):
 *
 *     size
 *        1  flags: 1 body absent, 2 applied, 4 has a checkpoint
 *     1-10  log, as all numbers here a varint (storage/varint.h)
 *     1-10  position
 *     1-10  the entry applied before it under the same content key, as its
 *           arrival + 1, or 0; it may have arrived later
 *     1-10  rank, once applied, else 0
 *     1-10  hybrid time, once applied, else 0
 *        1  number n of Merkle nodes this leaf completes, lowest first
 *      32n  the nodes; the first is the leaf's hash, which is left out where
 *           the body is absent: header and body's hash make it
 *        1  kind
 *        2  header size
 *            …   header
 *            2   body size (0 where absent, then 32 bytes of its hash)
 *            …   body
 *            …   where flag 4: the author's state before this entry
 */
#ifndef CORRIDOR_STORAGE_ENTRIES_H
#define CORRIDOR_STORAGE_ENTRIES_H

#include "crypto/merkle.h"
#include "storage/key.h"
#include "storage/txn.h"
#include "sync/model/entry.h"

enum {
    ENTRY_CHECKPOINT_EVERY = 256, /* positions */
    ENTRY_FLAG_ABSENT = 1,
    ENTRY_FLAG_APPLIED = 2,
    ENTRY_FLAG_CHECKPOINT = 4
};

struct stored_entry {
    uint64_t arrival;
    uint8_t flags;
    struct dot dot;
    uint64_t previous; /* arrival + 1, 0 for none */
    uint64_t rank;
    uint64_t time;        /* of its author, once applied */
    size_t node_count;    /* that the leaf completes, itself the first */
    struct hash leaf;     /* its hash, where has_leaf */
    bool has_leaf;        /* stored, or set by who appends */
    const uint8_t *nodes; /* the others, 32 bytes each */
    struct entry entry;
    struct bytes checkpoint;
};

/* Node `level` of those that the leaf completes, made if it is not stored. */
void entries_node(
    const struct stored_entry *stored, unsigned level, struct hash *out);

/* Append the stored form; ERR_NOMEM or ERR_TOO_BIG by the buffer's limit. */
enum err entries_encode(
    struct buf *out, const struct stored_entry *stored) MUST_USE;
/* Append with MDB_RESERVE; the arrival number must be the next. */
enum err entries_append(struct txn *txn, const struct stored_entry *stored,
    struct err_msg *msg) MUST_USE;
/* Write one again, after it was applied late. */
enum err entries_rewrite(struct txn *txn, const struct stored_entry *stored,
    struct err_msg *msg) MUST_USE;

/*
 * Views live as long as the transaction's. ERR_NOT_FOUND; ERR_CORRUPT. The
 * body's hash is filled in only where the body is absent.
 */
enum err entries_at(struct txn *txn, uint64_t arrival, struct stored_entry *out,
    struct err_msg *msg) MUST_USE;
enum err entries_get(struct txn *txn, struct dot dot, struct stored_entry *out,
    struct err_msg *msg) MUST_USE;
/* The arrival number alone, by the runs. */
enum err entries_locate(struct txn *txn, struct dot dot, uint64_t *out,
    struct err_msg *msg) MUST_USE;
/*
 * Entries of one log in order, from `next` on: runs say where positions stand,
 * and within one they follow each other by arrival. Set txn and next, the rest
 * zero. ERR_NOT_FOUND past the last; it stays where it is on an error.
 */
struct entries_follow {
    struct txn *txn;
    struct dot next;
    uint64_t arrival; /* of `next`, if its run goes on */
    bool has_arrival;
};
enum err entries_follow(struct entries_follow *follow, struct stored_entry *out,
    struct err_msg *msg) MUST_USE;
/* Strict decode of a value: what our disk says is parsed as hostile. */
enum err entries_decode(
    struct stored_entry *out, uint64_t arrival, struct bytes value) MUST_USE;

/* What entries_copy holds at the most. */
enum {
    ENTRY_COPY_BYTES_MAX = ENTRY_HEADER_BYTES_MAX + ENTRY_BODY_BYTES_MAX +
                           32 * MERKLE_LEVELS_MAX + 32 * LOG_TABLE_MAX
};

/* Puts move what LMDB gave: have the entry view into *copy instead. */
enum err entries_copy(struct stored_entry *stored, struct buf *copy) MUST_USE;

/* One more than the greatest arrival number. */
enum err entries_next(
    struct txn *txn, uint64_t *out, struct err_msg *msg) MUST_USE;
/* Note that a run of `log` starts at `first` with this arrival number. */
enum err entries_put_run(struct txn *txn, struct dot first, uint64_t arrival,
    struct err_msg *msg) MUST_USE;

/* A Merkle source over one log's stored entries. */
struct entries_source {
    struct txn *txn;
    uint32_t log;
};
struct merkle_source entries_merkle(struct entries_source *source);

#endif
