/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signed heads that are kept of a log, and whether they agree with one
 * another and with its entries (docs/protocol.md, "Forked logs"). Within the
 * write path only.
 */
#ifndef CORRIDOR_STORAGE_HEADS_H
#define CORRIDOR_STORAGE_HEADS_H

#include "storage/store_internal.h"

/* The very head among those whose signature was verified; NULL if not. */
const struct head *heads_trusted(
    const struct log_state *state, const struct head *head);

/* Is a head of that size kept? */
bool heads_has(const struct log_state *state, uint64_t size);

/*
 * Does a head of the same size that is kept have another root? ERR_OK if not.
 * ERR_FORK: it does, both are signed, and *out shows it. ERR_BAD_SIGNATURE:
 * it does, but the head is not the author's; ERR_NOMEM.
 */
enum err heads_judge(const struct store *store, const struct log_state *state,
    const struct head *head, struct evidence *out) MUST_USE;

/*
 * A head of no more than is stored: does it have the root of that prefix?
 * ERR_OK, and ERR_FORK or ERR_BAD_SIGNATURE as above. ERR_BUSY: our own log
 * grows in this transaction, and has no head of that size yet.
 */
enum err heads_compare(struct store *store, uint32_t log,
    const struct head *head, struct evidence *out) MUST_USE;

/*
 * Do the kept heads that a verified batch reaches have the root that the log
 * has there with it (store->nodes)? ERR_OK or ERR_FORK.
 */
enum err heads_check(struct store *store, uint32_t log,
    const struct batch *batch, struct evidence *out) MUST_USE;

/* After a batch is in: which heads are reached, which are still awaited. */
void heads_settle(struct log_state *state, const struct batch *batch);

/*
 * Keep a verified head beyond what is stored, to be compared when that is
 * reached; false: it is known, or not among those that are kept. Of more than
 * LOG_AWAITED_MAX the least stay, which are reached first, so that none stays
 * for ever; and the greatest, which says how far the log was signed at least.
 */
bool heads_await(struct log_state *state, const struct head *head);

#endif
