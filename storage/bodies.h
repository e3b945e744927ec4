/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sealed bodies of changes, where they may be absent (docs/storage.md,
 * "Absent bodies").
 *
 * An office that only audits takes no bodies in: each change is stored with
 * its body's hash. If the office may hold bodies again later, what it lacks
 * are holes: they are not applied, the clock that peers are told counts a log
 * up to its first hole only, and so any peer that holds the bodies sends the
 * entries once more, by which the holes are filled.
 *
 *   stored     #####..#...####        # with body, . without
 *              |    |     |   |
 *   absent          from  to          `to` is behind the last that lacks one
 *   told       -----                  while the bodies are wanted
 */
#ifndef CORRIDOR_STORAGE_BODIES_H
#define CORRIDOR_STORAGE_BODIES_H

#include "storage/store_internal.h"
#include "sync/model/log.h"

/* Does our office hold no bodies, by what is known now? */
bool bodies_unwanted(const struct store *store);

/* Of a batch from a peer, if we hold none: keep the hashes alone. */
void bodies_drop(const struct store *store, struct batch *batch);
/* ERR_DENIED: it lacks bodies that we are due. */
enum err bodies_check(
    const struct store *store, const struct batch *batch) MUST_USE;

/* One more change was stored without its body. */
void bodies_note_absent(struct log_state *state, uint64_t position);
/* How much of the log peers are told that we hold. */
uint64_t bodies_told(const struct store *store, const struct log_state *state);
/* Does the entry have to wait for its body? */
bool bodies_is_hole(
    const struct store *store, const struct stored_entry *stored);

/*
 * A batch that begins below what is held, and holes there. *out_fills: does
 * it bring the log any further? ERR_BAD_SIGNATURE: a body that is not the one
 * that its entry was stored with. Nothing is changed.
 */
enum err bodies_compare(struct store *store, uint32_t log,
    const struct batch *batch, bool *out_fills, struct err_msg *msg) MUST_USE;
/* Take those bodies in: they were compared. Entries then wait to be applied. */
enum err bodies_fill(struct store *store, uint32_t log,
    const struct batch *batch, struct err_msg *msg) MUST_USE;

#endif
