/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches on their way to a peer, in the order in which they were sent, and
 * how large the next may be (docs/protocol.md, "Session"). Batches start
 * small and double while the peer takes them quickly; they are halved when it
 * is slow, so that on a thin link an urgent entry never waits behind much,
 * and a cut costs little.
 */
#ifndef CORRIDOR_SYNC_WIRE_WINDOW_H
#define CORRIDOR_SYNC_WIRE_WINDOW_H

#include "crypto/base/err.h"
#include "sync/model/vclock.h"

enum {
    WINDOW_BATCH_BYTES_MIN = 4 * 1024,
    WINDOW_BATCH_BYTES_START = 32 * 1024,
    WINDOW_BATCH_BYTES_MAX = 1024 * 1024,
    WINDOW_BATCHES = 8, /* so many of the present size may be on their way */
    WINDOW_BYTES_MAX = WINDOW_BATCHES * WINDOW_BATCH_BYTES_MAX,
    WINDOW_FLIGHTS_MAX = 1024,
    WINDOW_FAST_MS = 1000,
    WINDOW_SLOW_MS = 4000
};

/* One batch on its way. */
struct flight {
    struct log_id log;
    uint64_t from;
    uint64_t to;
    size_t bytes;
    uint64_t sent_ms;
    uint64_t moves; /* reconcile->moves then */
};

struct window {
    struct flight *flights; /* a ring of `capacity` */
    size_t capacity;
    size_t first;
    size_t count;
    size_t bytes;        /* of all flights */
    uint64_t sent;       /* batches, ever */
    uint64_t taken;      /* by the peer, ever: sent - taken == count */
    size_t batch_bytes;  /* for the next batch */
    uint64_t changed_ms; /* when batch_bytes was set */
};

/* Nothing on its way. */
void window_init(struct window *window, uint64_t now_ms);
/* NULL and zeroed are fine. */
void window_release(struct window *window);

/* Bytes that may still be sent: 0 when full. */
size_t window_room(const struct window *window);

/* A batch was sent. ERR_NOMEM. */
enum err window_push(
    struct window *window, const struct flight *flight) MUST_USE;

/*
 * The peer has dealt with the oldest batch, which goes to *out. False if
 * none is on its way.
 */
bool window_take(struct window *window, uint64_t now_ms, struct flight *out);

/* The invariants, for tests. */
bool window_check(const struct window *window);

#endif
