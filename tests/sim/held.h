/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each machine holds of the logs that dishonest ones wrote. Such a log
 * has no truth: one may hold this of it, the next one that. What is held to
 * all the same:
 *
 *   nobody gives up what it holds, or the evidence that it has;
 *   evidence verifies, and never speaks of an honest node's log;
 *   a log that is forked and not cut takes no more entries;
 *   in the end all honest nodes hold the same of a log, or all have evidence.
 */
#ifndef CORRIDOR_TESTS_SIM_HELD_H
#define CORRIDOR_TESTS_SIM_HELD_H

#include "storage/view.h"
#include "sync/model/log.h"

struct host;
struct pool;
struct sim;

/* Of one log, by the truth's number. */
struct held_log {
    struct hash *leaves;
    size_t count;
    size_t capacity;
    bool has_evidence;
    bool is_frozen;
};

struct held {
    struct held_log *logs;
    size_t count;
    size_t capacity;
};

/* Free what it holds. */
void held_release(struct held *held);

/* It holds this leaf there, perhaps since long. */
void held_put(struct host *host, uint32_t log, uint64_t position,
    const struct hash *leaf);
/* All of the log has been looked at: it holds so much. */
void held_end(struct host *host, uint32_t log, uint64_t size);
/* Look at its evidence, after the logs. */
void held_look(struct host *host, struct view *view);
/* It goes on from an older disk: it holds what its clock says, or less, and
 * need not have any evidence. */
void held_restored(struct host *host);

/* Has it evidence about that log? */
bool held_has_evidence(const struct host *host, uint32_t log);
/* The first leaves of what it holds, `size` at most, in one hash's input. */
void held_name(
    const struct host *host, uint32_t log, uint64_t size, struct pool *out);
/* The tree of the first `size` that it holds; false: it holds less. */
bool held_edge(const struct host *host, uint32_t log, uint64_t size,
    struct merkle_edge *out);

/* Do the honest hold the same of every log, or all have evidence about it?
 * Where not, it is told if `tell`. */
bool held_agree(const struct sim *sim, bool tell);
/* About how many logs has an honest one evidence? */
size_t held_forks(const struct sim *sim);

#endif
