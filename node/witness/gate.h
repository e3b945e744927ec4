/* SPDX-License-Identifier: Apache-2.0 */
/* Who uses a node's store from a thread of its own must not meet another who
 * opens or replaces it: a way in and out, lent by whoever keeps watch. */
#ifndef CORRIDOR_NODE_WITNESS_GATE_H
#define CORRIDOR_NODE_WITNESS_GATE_H

#include <stddef.h>

#include "crypto/base/err.h"

struct witness_gate {
    /* ERR_BUSY: not now. Both on the same thread; NULL: nobody else is here. */
    enum err (*enter)(void *context, struct err_msg *msg);
    void (*leave)(void *context);
    void *context;
};

static inline MUST_USE enum err
gate_enter(const struct witness_gate *gate, struct err_msg *msg)
{
    return gate->enter == NULL ? ERR_OK : gate->enter(gate->context, msg);
}

static inline void
gate_leave(const struct witness_gate *gate)
{
    if (gate->leave != NULL) {
        gate->leave(gate->context);
    }
}

#endif
