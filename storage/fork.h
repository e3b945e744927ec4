/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forked logs within the write path: how far they count, and what happens
 * when evidence comes (docs/protocol.md, "Forked logs").
 */
#ifndef CORRIDOR_STORAGE_FORK_H
#define CORRIDOR_STORAGE_FORK_H

#include "storage/store_internal.h"

/* Where the log is cut, as the transaction knows it: in a rebuild, where it
 * will be. UINT64_MAX: nowhere. */
uint64_t fork_cut(const struct store *store, uint32_t log);

/* Forked, and no cut has decided yet. */
bool fork_is_frozen(const struct store *store, uint32_t log);

/*
 * How much of a log entries can wait for: up to its cut; of a frozen log what
 * is stored, since no more of it comes; else all.
 */
uint64_t fork_counted_max(const struct store *store, uint32_t log);

/*
 * Keep verified evidence about this log, freeze it, apply what waited for
 * more of it. ERR_STALE, and nothing has changed: there is evidence already.
 */
enum err fork_keep(struct store *store, uint32_t log,
    const struct evidence *evidence, struct err_msg *msg) MUST_USE;

/* A row of evidence: when it was found (Unix milliseconds, u64), then its
 * bytes. Decoding is strict: ERR_CORRUPT. */
struct evidence_row {
    uint64_t found_ms;
    struct evidence evidence;
};
enum err evidence_row_encode(
    struct buf *out, const struct evidence_row *row) MUST_USE;
enum err evidence_row_decode(
    struct evidence_row *out, struct bytes row) MUST_USE;

#endif
