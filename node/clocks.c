/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "node/node.h"

static uint64_t
read_clock(clockid_t id)
{
    struct timespec now = {0};

    /* These two clocks exist wherever the program runs. */
    (void)clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t
node_wall_ms(void *unused)
{
    (void)unused;
    return read_clock(CLOCK_REALTIME);
}

uint64_t
node_monotonic_ms(void *unused)
{
    (void)unused;
    return read_clock(CLOCK_MONOTONIC);
}
