/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which entries a peer lacks, and which of them go next (docs/protocol.md,
 * "Session"): the two stored clocks side by side, and for each of our logs
 * how far it has been read for this peer.
 *
 *   0 ........ theirs ........ next ........ offered ........ ours
 *     it has         read and       to be          others may send
 *                    on its way     read           it: wait a little
 *
 * Control logs go before changes logs; within a kind the order is that in
 * which the logs became known here, which is causal: an admitted node's log
 * comes after the admission.
 *
 * A log that was signed in two versions has a limit: none of it beyond is
 * sent or expected, and what either side counts beyond makes no difference.
 * It is 0, and the log frozen, until its cut is known, which is its limit
 * from then on.
 */
#ifndef CORRIDOR_SYNC_WIRE_RECONCILE_H
#define CORRIDOR_SYNC_WIRE_RECONCILE_H

#include "crypto/base/buf.h"
#include "sync/model/vclock.h"

/* Before passing on what others may have sent by themselves. */
enum { RECONCILE_RELAY_MS = 250 };

/* Of this log what is below `size` alone. */
struct reconcile_limit {
    struct log_id log;
    uint64_t size;
};

struct reconcile_log {
    struct log_id id;
    uint64_t ours;    /* entries stored here */
    uint64_t theirs;  /* entries stored there, as far as it has said */
    uint64_t next;    /* read up to here, where that is above `theirs` */
    uint64_t offered; /* may be sent up to here */
    uint64_t waiting; /* offered at relay_ms, unless that is 0 */
    uint64_t relay_ms;
    uint64_t empty_from; /* a read from here, while we had ... */
    uint64_t empty_ours; /* ... so many, found nothing to send */
    bool is_reading;
    bool is_held;    /* the peer asked not to be sent it */
    uint64_t limit;  /* UINT64_MAX: none */
    bool is_stalled; /* the peer took a batch and is none the further */
};

struct reconcile {
    struct node_id self;
    struct buf ours; /* full forms; empty: not known */
    struct buf theirs;
    struct reconcile_log *logs; /* ours, in order of id */
    size_t count;
    uint32_t *schedule; /* indices of logs, in the order of sending */
    size_t waiting_count;
    struct log_id *held; /* ascending */
    size_t held_count;
    struct reconcile_limit *limits; /* by log id, ascending */
    size_t limit_count;
    bool is_equal;
    uint64_t moves; /* times that reconcile_unstall was called */
};

/* Both clocks unknown; `self` is the node that this one is. */
void reconcile_init(struct reconcile *reconcile, const struct node_id *self);
/* NULL and zeroed are fine. */
void reconcile_release(struct reconcile *reconcile);

/* A clock's full form, and the order in which its logs became known. */
struct reconcile_clock {
    struct bytes full;
    const struct log_id *order; /* logs that are not in it come last */
    size_t order_count;
    bool is_fresh;   /* it grew during the session: others' logs wait ... */
    uint64_t now_ms; /* ... from now on */
};

/*
 * Our stored clock has grown. Logs of other nodes that grew are offered
 * after RECONCILE_RELAY_MS if the clock is fresh, else at once. ERR_STALE if
 * it is below the clock we have, ERR_NOMEM; nothing has changed then. It must
 * be well-formed: asserted.
 */
enum err reconcile_set_ours(
    struct reconcile *reconcile, const struct reconcile_clock *clock) MUST_USE;

/*
 * The peer's clock, a well-formed full form. ERR_STALE if it is below the
 * one it had, ERR_NOMEM.
 */
enum err reconcile_set_theirs(
    struct reconcile *reconcile, struct bytes full) MUST_USE;

/*
 * What the peer did not take may be taken by now. Reads end in any order, so
 * a log can be sent before the one that admits its author; and what admits it
 * may wait for a log that is forked, until the peer knows of that.
 */
void reconcile_unstall(struct reconcile *reconcile);

/* Both clocks are known and the same, up to the limits. */
bool reconcile_is_equal(const struct reconcile *reconcile);
/* Our clock counts all that the peer's does, up to the limits. */
bool reconcile_is_covering(const struct reconcile *reconcile);

/* These logs (ascending, each once) have limits, and no others. ERR_NOMEM. */
enum err reconcile_set_limits(struct reconcile *reconcile,
    const struct reconcile_limit *limits, size_t count) MUST_USE;

/*
 * The peer asks that logs (ascending) be held back, or sent again.
 * ERR_TOO_BIG beyond LOG_TABLE_MAX held, ERR_NOMEM.
 */
enum err reconcile_hold(struct reconcile *reconcile, const struct log_id *logs,
    size_t count, bool hold) MUST_USE;

/* Offer what has waited long enough; forget what the peer got meanwhile. */
void reconcile_tick(struct reconcile *reconcile, uint64_t now_ms);
/* When reconcile_tick has something to do; UINT64_MAX: nothing. */
uint64_t reconcile_wake_ms(const struct reconcile *reconcile);

/* The next entries to read. False: none; *out untouched. */
struct range {
    struct log_id log;
    uint64_t from;
    uint64_t to; /* all that is offered: the read may end before */
};
bool reconcile_next(
    const struct reconcile *reconcile, bool control_only, struct range *out);

/* A read of the log from `from` begins: none other of it until it ends. */
void reconcile_read_begin(
    struct reconcile *reconcile, const struct log_id *log);
/*
 * The read of [from, to) ended. Is it still of use? Not if it is empty, if
 * the peer has had some of it from others, or has asked to hold it: it must
 * not be sent then, and what is left is read again.
 */
bool reconcile_read_end(struct reconcile *reconcile, const struct range *read);
/* A read that is of use was not sent after all: read it again. */
void reconcile_unsend(struct reconcile *reconcile, const struct range *read);

/*
 * The peer has dealt with a batch [from, to) that was sent when `moves` was
 * what it says; its clock is known. What it has not stored of it is sent
 * again if it has got further, or if its control logs have grown since the
 * batch was sent: it may know the author now. Else the log waits for its
 * control logs, or itself, to grow.
 */
void reconcile_taken(
    struct reconcile *reconcile, const struct range *batch, uint64_t moves);

/* The invariants, for tests. */
bool reconcile_check(const struct reconcile *reconcile);

#endif
