/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hybrid logical time: Unix milliseconds << 16 | counter (Kulkarni et al.,
 * 2014). It is for people and for breaking ties among concurrent edits;
 * causality decides all else (docs/protocol.md, "Time").
 */
#ifndef CORRIDOR_SYNC_MODEL_HLC_H
#define CORRIDOR_SYNC_MODEL_HLC_H

#include <stdbool.h>
#include <stdint.h>

enum {
    HLC_AHEAD_MS_MAX = 10 * 60 * 1000, /* we follow others at most so far */
    HLC_COUNTER_BITS = 16
};

static inline uint64_t
hlc_make(uint64_t ms, uint16_t counter)
{
    return ms << HLC_COUNTER_BITS | counter;
}
static inline uint64_t
hlc_ms(uint64_t time)
{
    return time >> HLC_COUNTER_BITS;
}

/*
 * The time of the next local entry: greater than `last` (our own newest),
 * at least the wall clock, and at least 1 past `seen` (the greatest time of
 * any applied entry) as long as that is not more than HLC_AHEAD_MS_MAX beyond
 * the wall clock. A wall clock that went back just counts on. The greatest
 * time there is has no successor: after it comes itself.
 */
uint64_t hlc_next(uint64_t last, uint64_t seen, uint64_t wall_ms);

/* Is `time` more than HLC_AHEAD_MS_MAX beyond the wall clock? Flagged only. */
bool hlc_is_far(uint64_t time, uint64_t wall_ms);

#endif
