/* SPDX-License-Identifier: Apache-2.0 */
/* Walking the full form of a clock (sync/model/vclock.h), log by log. */
#ifndef CORRIDOR_NODE_SERVE_CLOCK_WALK_H
#define CORRIDOR_NODE_SERVE_CLOCK_WALK_H

#include "sync/model/vclock.h"
#include "sync/wire/reconcile.h"

struct clock_walk {
    struct cursor cursor;
    size_t left; /* logs to come */
    struct log_id id;
    uint64_t size;
};

/* At the start of a full form, which must outlive the walk. Empty bytes are
 * a clock without logs; what is no full form has no more of them. */
void clock_walk_begin(struct clock_walk *walk, struct bytes full);
/* The next log, in order of id; false at the end. */
bool clock_walk_next(struct clock_walk *walk);

/* Which entries count: of all logs, or of control logs alone; of logs that
 * have limits those below them. */
struct clock_terms {
    bool only_control;
    const struct reconcile_limit *limits;
    size_t limit_count;
};
/* How many entries `clock` counts that `other` does not. */
uint64_t clock_excess(
    struct bytes clock, struct bytes other, const struct clock_terms *terms);

#endif
