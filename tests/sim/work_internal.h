/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the work share. */
#ifndef CORRIDOR_TESTS_SIM_WORK_INTERNAL_H
#define CORRIDOR_TESTS_SIM_WORK_INTERNAL_H

#include "tests/sim/work.h"

enum { DRAWN_OPS_MAX = 8, DRAWN_DOTS_MAX = 8 };

/* An edit that somebody means to make; it is drawn when it is written. */
struct plan {
    uint64_t seed;
    bool is_story;
    struct work_plan story;
    bool must_be_stale; /* drawn: it names a version that nobody has */
    bool may_be_void;   /* drawn: by somebody who may not */
};

/* An edit being drawn within a write transaction. */
struct drawn {
    struct host *host;
    struct store *store;
    struct plan *plan;
    struct prng prng;
    const struct schema_kind *kind;
    const struct record *record; /* NULL: a new one */
    struct change_op ops[DRAWN_OPS_MAX];
    struct buf values[DRAWN_OPS_MAX];
    struct op_id dots[DRAWN_OPS_MAX][DRAWN_DOTS_MAX];
    size_t count;
};

/* Hand the plan to the host's writer. */
void work_submit(struct host *host, const struct plan *plan);

/* Drop what a write has put down: it is done anew, or was not done. */
void work_drop(struct host *host, const struct host_write *write);
/* Put down an entry of the host's that changes no field. */
void work_put_change(
    const struct host_write *write, uint16_t kind, const struct record_id *id);

/* Draw: ERR_NOT_FOUND when there is nothing to edit; other errors as of
 * store_record. What *out points to lives as long as `drawn`. */
enum err draw_edit(struct drawn *drawn, struct edit *out) MUST_USE;
/* Free what was drawn. */
void draw_release(struct drawn *drawn);

#endif
