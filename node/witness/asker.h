/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's asking of witnesses, again and again: a timer on the loop, and
 * the asking itself on a worker thread (node/witness/ask.h).
 */
#ifndef CORRIDOR_NODE_WITNESS_ASKER_H
#define CORRIDOR_NODE_WITNESS_ASKER_H

#include "node/serve/diag.h"
#include "node/witness/ask.h"

struct uv_loop_s;
struct asker;

struct asker_options {
    struct node *node;                   /* borrowed */
    const struct witness_policy *policy; /* borrowed */
    struct witness_gate gate;
    struct uv_loop_s *loop;  /* borrowed */
    uint64_t every_ms;       /* between the end of one time and the next */
    const struct diag *diag; /* borrowed; may be NULL */
};

/* Begin, at once. Without witnesses in the policy it never does anything.
 * ERR_NOMEM. */
enum err asker_new(
    struct asker **out, const struct asker_options *options) MUST_USE;
/* Give up what is under way; the loop must run on for that. Twice is harmless,
 * NULL too. */
void asker_stop(struct asker *asker);
/* Only once the loop has closed all after asker_stop; NULL is fine. */
void asker_free(struct asker *asker);

#endif
