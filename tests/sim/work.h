/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people do: make records of every kind of the pack, change fields of
 * every rule, settle, strike, transfer. What was written is told to the
 * oracle once it is durable, and not from the database.
 */
#ifndef CORRIDOR_TESTS_SIM_WORK_H
#define CORRIDOR_TESTS_SIM_WORK_H

#include "crypto/base/buf.h"
#include "sync/model/schema.h"
#include "tests/sim/host.h"

/* Somebody at that host edits something. */
void work_edit(struct host *host);
/* Somebody there shares a record with another office, or with all. */
void work_share(struct host *host);
/* The founder takes the right to write from an office. */
void work_demote(struct host *founder, const struct host *other);
/* The host's log has perhaps grown: which of its edits became which entry.
 * Complete: none can be missing, as its author was told. */
void work_match(struct host *host, bool is_complete);
/* It has crashed: edits that wait may be there when it comes back, or not. */
void work_forget(struct host *host);
/* Free the host's edits that wait. */
void work_release(struct host *host);
/* Write the enrolment, once the admission is there. */
void work_enrol(struct host *host);

/*
 * One planned edit of one field, for stories: a record by its number in
 * order of making, SIZE_MAX for a new one of that kind; values are texts.
 */
struct work_plan {
    uint16_t kind;
    size_t record;
    const char *field;
    const char *text;
};
void work_do(struct host *host, const struct work_plan *plan);

/* Append a value for the field from a small pool; false: none of its type. */
bool work_value(struct sim *sim, struct prng *prng,
    const struct schema_field *field, struct buf *out);

#endif
