/* SPDX-License-Identifier: Apache-2.0 */
/* One change being applied: what record_apply.c and record_judge.c share. */
#ifndef CORRIDOR_SYNC_MODEL_RECORD_APPLY_INTERNAL_H
#define CORRIDOR_SYNC_MODEL_RECORD_APPLY_INTERNAL_H

#include "sync/model/merge.h"

/* A dot that one of the change's operations names in the field at hand. */
struct apply_named {
    struct op_id id;
    bool is_hidden; /* it is there, but the author could not open it */
};

struct apply {
    struct record *record;
    const struct schema_kind *kind; /* NULL: unknown */
    const struct change *change;
    const struct change_place *place;
    struct record_half *half;
    uint64_t weight; /* of the change */
    size_t key;      /* index of its key, or key_count for a new one */
    struct apply_named *named; /* room for all dots that the change names */
    size_t named_count;        /* of the field at hand */
    /* The last answer of place->opens. */
    bool has_answer;
    uint16_t answer_key;
    bool answer;
};

/* Could the author open the key of an older operation? */
bool apply_opens(struct apply *apply, const struct record_op *op);
/* Is an entry older: counted by the change, and not the change itself? */
bool apply_counts(const struct apply *apply, struct dot dot);
struct merge_view apply_view(
    const struct apply *apply, const struct schema_field *field);

/*
 * Is the change void, whatever else the record holds? The record is not
 * touched. ERR_NOMEM.
 */
enum err record_judge(struct apply *apply, enum void_reason *out_void) MUST_USE;

#endif
