/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/hlc.h"

enum { HLC_MS_BITS = 64 - HLC_COUNTER_BITS };

/* The greatest milliseconds that a time can hold: the year 10889. */
#define HLC_MS_MAX ((UINT64_C(1) << HLC_MS_BITS) - 1)

/* The last millisecond that is not far: a wall clock may be any number. */
static uint64_t
horizon_ms(uint64_t wall_ms)
{
    if (wall_ms > HLC_MS_MAX - HLC_AHEAD_MS_MAX) {
        return HLC_MS_MAX;
    }
    return wall_ms + HLC_AHEAD_MS_MAX;
}

static uint64_t
after(uint64_t time)
{
    return time == UINT64_MAX ? time : time + 1;
}

uint64_t
hlc_next(uint64_t last, uint64_t seen, uint64_t wall_ms)
{
    uint64_t next = after(last);
    uint64_t ms = wall_ms > HLC_MS_MAX ? HLC_MS_MAX : wall_ms;

    if (hlc_make(ms, 0) > next) {
        next = hlc_make(ms, 0);
    }
    /* One past the counter's end is in the next millisecond. */
    if (after(seen) > next && hlc_ms(after(seen)) <= horizon_ms(ms)) {
        next = after(seen);
    }
    return next;
}

bool
hlc_is_far(uint64_t time, uint64_t wall_ms)
{
    return hlc_ms(time) > horizon_ms(wall_ms);
}
