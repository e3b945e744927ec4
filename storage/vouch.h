/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nodes know of one another's logs beyond their entries: heads that
 * others have met, evidence that a log was signed in two versions, and
 * cosignatures, by which nodes vouch for heads that they have reached in full
 * (docs/protocol.md, "Forked logs" and "Cosignatures"; docs/storage.md,
 * "evidence", "cosignatures").
 *
 * A log against which evidence is kept is *forked*. While no retirement cuts
 * it, it is *frozen* too: it takes no more entries, clocks count no more of it
 * than is stored here, and nobody cosigns it. Our own log then takes no more
 * writing, whatever cuts it.
 *
 * What begins with store_ is part of a write transaction, between store_begin
 * and store_commit, and durable only after that; what begins with view_ reads
 * a view. After an error the transaction is clean, but for ERR_NOMEM and what
 * the disk says.
 */
#ifndef CORRIDOR_STORAGE_VOUCH_H
#define CORRIDOR_STORAGE_VOUCH_H

#include "storage/view.h"
#include "sync/model/cosign.h"

/*
 * A peer says that this is a head of that log. Where as much is held, it is
 * compared at once; else it is kept until that much is reached, with at most
 * LOG_AWAITED_MAX - 1 others, of which the lesser ones and the greatest stay.
 *
 * ERR_OK: it was kept; or out->is_forked: it shows a fork, the evidence is in
 * *out and kept, and the log is frozen. ERR_STALE: it says nothing new (not a
 * fault; *out is filled in). ERR_NOT_FOUND: a log that is not known here.
 * ERR_BAD_SIGNATURE: the log's author did not sign it. ERR_MALFORMED: a size
 * of 0 or beyond LOG_SIZE_MAX. ERR_FORK: the log is forked already. ERR_BUSY:
 * our own log grows in this transaction.
 */
enum err store_head(struct store *store, const struct log_id *log,
    const struct head *head, struct accept_result *out,
    struct err_msg *msg) MUST_USE;

/*
 * Keep evidence that a peer or a file brought: the first for each log. It
 * freezes the log, unless that is cut; what waited only for more of its
 * entries is applied. ERR_STALE: there is some already. ERR_NOT_FOUND: a log
 * that is not known here. As of evidence_verify: ERR_MALFORMED,
 * ERR_BAD_SIGNATURE.
 */
enum err store_evidence(struct store *store, const struct evidence *evidence,
    struct err_msg *msg) MUST_USE;

enum { STORE_COSIGN_MAX = 512 /* signed in one call */ };

/*
 * Cosign every log of another node that is held to a greater head than we
 * cosigned last, and is neither forked nor a stranger's; at the wall clock's
 * second of store_begin, or that of our newest cosignature if it is greater.
 * *out_count is how many were made, STORE_COSIGN_MAX at the most: more may
 * wait then. They may be shown to others only after the commit.
 */
enum err store_cosign(
    struct store *store, size_t *out_count, struct err_msg *msg) MUST_USE;

/*
 * Keep a cosignature from a peer: the one of the greatest size for each log
 * and cosigner. What it vouches for need not be held yet; where it is, and
 * the root is another, the cosignature is kept all the same, as not agreeing
 * (struct cosignature_item). It may be one of our own, from before a restore.
 *
 * ERR_STALE: nothing new. ERR_NOT_FOUND: a log or a cosigner that is not
 * known here. ERR_DENIED: a retired cosigner, or the log's own author.
 * ERR_BAD_SIGNATURE. ERR_MALFORMED: a size or time out of range. ERR_FORK:
 * the log is forked.
 */
enum err store_cosignature(struct store *store,
    const struct cosignature *cosignature, struct err_msg *msg) MUST_USE;

/* The sequence (struct cosignature_item) of the last that was kept, in this
 * transaction too; 0: of none. */
uint64_t store_vouch_sequence(const struct store *store);

/* The heads of a log that this node can show: the one that it has reached, and
 * those that it goes towards. ERR_NOT_FOUND: the log is not known here. */
enum { VIEW_HEADS_MAX = 5 };
enum err view_heads(struct view *view, const struct log_id *log,
    struct head out[VIEW_HEADS_MAX], size_t *out_count,
    struct err_msg *msg) MUST_USE;

/* Evidence as kept. */
struct evidence_item {
    const struct evidence *evidence; /* lives until `each` returns */
    uint64_t found_ms;               /* Unix, when it was found or came here */
    uint64_t stored;                 /* entries of the log that are held here */
    uint64_t cut; /* where the log is cut; UINT64_MAX: nowhere */
    bool is_own;  /* our own log */
    bool is_frozen;
};
/* All that is kept, by log number, until `each` returns false. */
enum err view_evidence(struct view *view,
    bool (*each)(void *context, const struct evidence_item *item),
    void *context, struct err_msg *msg) MUST_USE;
/* That of one log. ERR_NOT_FOUND. */
enum err view_evidence_of(struct view *view, const struct log_id *log,
    struct evidence *out, struct err_msg *msg) MUST_USE;

/* A cosignature as kept. */
struct cosignature_item {
    struct cosignature cosignature;
    uint64_t sequence; /* rises with each that is kept here, from 1 */
    bool is_reached;   /* as many entries are held here, */
    bool agrees;       /* and they have that root */
};
/* Of one log, by cosigner, until `each` returns false. */
enum err view_cosignatures(struct view *view, const struct log_id *log,
    bool (*each)(void *context, const struct cosignature_item *item),
    void *context, struct err_msg *msg) MUST_USE;
/*
 * The first `max` that were kept after `since`, in order of sequence, of all
 * logs that are not forked: what a peer lacks that was sent all up to there.
 * `out` has room for `max`; fewer than that: there are no more.
 */
struct cosignature_range {
    uint64_t since; /* 0: from the first */
    size_t max;     /* VIEW_COSIGNATURES_MAX at the most */
};
enum { VIEW_COSIGNATURES_MAX = 1024 };
enum err view_cosignatures_since(struct view *view,
    const struct cosignature_range *range, struct cosignature_item *out,
    size_t *out_count, struct err_msg *msg) MUST_USE;

/* How a log is vouched for by offices other than its author's: by
 * cosignatures that agree with what is held here. */
struct vouching {
    uint64_t size;      /* the greatest that one of them vouches for; or 0 */
    size_t offices;     /* that vouch for this size */
    size_t offices_any; /* that vouch for it or for less */
    uint64_t newest;    /* Unix seconds, among those for this size */
};
enum err view_vouch(struct view *view, const struct log_id *log,
    struct vouching *out, struct err_msg *msg) MUST_USE;

/*
 * What nodes compare when their clocks are equal: three names of 8 bytes
 * each, of the heads of all logs that are not forked, of the set of forked
 * logs, and of the cosignatures (docs/protocol.md, "Marks").
 */
enum {
    MARK_BYTES = 8,
    MARKS_BYTES = 3 * MARK_BYTES,
    MARK_HEADS = 0, /* offsets in them */
    MARK_FORKS = MARK_BYTES,
    MARK_VOUCHES = 2 * MARK_BYTES
};
void view_marks(const struct view *view, uint8_t out[MARKS_BYTES]);

#endif
