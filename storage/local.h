/* SPDX-License-Identifier: Apache-2.0 */
/* Making our own entries; within the write path only. */
#ifndef CORRIDOR_STORAGE_LOCAL_H
#define CORRIDOR_STORAGE_LOCAL_H

#include "storage/store_internal.h"

/* What our next entry counts. */
struct local_clock {
    struct vclock clock;
    struct vclock seen; /* control logs only */
};

/* Random bytes from where the store was told to draw them. */
void local_random(struct store *store, void *out, size_t size);
/* The number of our own log of this kind. */
enum err local_log(
    struct store *store, enum log_kind kind, uint32_t *out) MUST_USE;
enum err local_clock(
    struct store *store, enum log_kind kind, struct local_clock *out) MUST_USE;
void local_clock_release(struct local_clock *clock);
/* The hybrid time of our next entry in this log. */
uint64_t local_time(struct store *store, const struct log_state *state);
/*
 * May our own log be written on? ERR_BUSY while entries that we signed before
 * a rollback are not all back; ERR_FORK for ever when it was written on
 * after one: docs/storage.md, "Rollbacks".
 */
enum err local_check(
    struct store *store, uint32_t log, struct err_msg *msg) MUST_USE;
/* May our next change be at `next`, counting that? ERR_DENIED, and why. */
enum err local_check_right(struct store *store, struct dot next,
    const struct local_clock *clock, struct err_msg *msg) MUST_USE;
/* Append to our own log; its head is signed at the commit. */
enum err local_append(struct store *store, uint32_t log,
    const struct entry *entry, struct dot *out, struct err_msg *msg) MUST_USE;

/* members.c */

/* The first generation of a circle, its secret sealed to ourselves. */
enum err members_make_circle(struct store *store,
    const struct circle_name *name, struct err_msg *msg) MUST_USE;

/* circles.c */

/*
 * Make a new generation of each circle that has no current one any more,
 * where we may and hold the former: sealed to all that are in it now.
 * `as_warden`: only of those that are ours to renew unasked; and seal the
 * current ones to members that cannot open them.
 */
enum err circles_renew(
    struct store *store, bool as_warden, struct err_msg *msg) MUST_USE;

#endif
