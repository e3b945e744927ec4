/* SPDX-License-Identifier: Apache-2.0 */
/* What reconcile.c and reconcile_clock.c share; for them only. */
#ifndef CORRIDOR_SYNC_WIRE_RECONCILE_INTERNAL_H
#define CORRIDOR_SYNC_WIRE_RECONCILE_INTERNAL_H

#include "sync/wire/reconcile.h"

/* The state of one of our logs, or NULL. */
struct reconcile_log *reconcile_find(
    const struct reconcile *reconcile, const struct log_id *id);
/* Has the peer asked to hold it? Any log, not only ours. */
bool reconcile_is_held(
    const struct reconcile *reconcile, const struct log_id *id);
/* Its limit, or UINT64_MAX. Any log, not only ours. */
uint64_t reconcile_limit_of(
    const struct reconcile *reconcile, const struct log_id *id);
/* Are the two clocks the same? Kept until one of them changes. */
void reconcile_compare(struct reconcile *reconcile);
/* What was not offered becomes so: own entries at once, others' after the
 * wait, which begins now unless one runs. */
void reconcile_offer(
    struct reconcile *reconcile, struct reconcile_log *log, uint64_t now_ms);

#endif
