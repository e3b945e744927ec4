/* SPDX-License-Identifier: Apache-2.0 */
/* What host.c and host_io.c share. */
#ifndef CORRIDOR_TESTS_SIM_HOST_INTERNAL_H
#define CORRIDOR_TESTS_SIM_HOST_INTERNAL_H

#include "tests/sim/host.h"

/* One piece of the pool's work. */
struct host_work {
    struct host_work *next;
    struct engine_work *work;
};

/* The engine's way to the world. */
void host_ops(struct engine_ops *out, struct host *host);
/* Have the pool do all it has, now. */
void host_run_works(struct host *host);

#endif
