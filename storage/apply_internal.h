/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of apply only. */
#ifndef CORRIDOR_STORAGE_APPLY_INTERNAL_H
#define CORRIDOR_STORAGE_APPLY_INTERNAL_H

#include "storage/store_internal.h"

/* What was just advanced, as the rest of the work wants it. */
struct applying {
    struct store *store;
    struct log_state *state;
    const struct stored_entry *stored;
    const struct header *header;
    struct applied *out;
};

/* apply_control.c, apply_change.c: what each kind of entry does. */
enum err apply_control(struct applying *a, struct err_msg *msg) MUST_USE;
enum err apply_change(struct applying *a, struct err_msg *msg) MUST_USE;

#endif
