/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules of merge.c share, and record_apply asks of them. */
#ifndef CORRIDOR_SYNC_MODEL_MERGE_INTERNAL_H
#define CORRIDOR_SYNC_MODEL_MERGE_INTERNAL_H

#include "sync/model/merge.h"

/* The row of a field's rule; that of unknown fields for NULL. */
const struct merge_rule *merge_rule_of(const struct schema_field *field);

/* One row's `show` each. */
typedef enum err merge_show_fn(struct shown *out, const struct merge_view *view,
    const struct record_field *ops);
merge_show_fn merge_show_unknown;
merge_show_fn merge_show_once;
merge_show_fn merge_show_review;
merge_show_fn merge_show_latest;
merge_show_fn merge_show_set;
merge_show_fn merge_show_journal;
merge_show_fn merge_show_ledger;
merge_show_fn merge_show_ladder;
merge_show_fn merge_show_highest;
merge_show_fn merge_show_lowest;
merge_show_fn merge_show_restrict;
merge_show_fn merge_show_authority;
merge_show_fn merge_show_owner;

/* Append one value. ERR_NOMEM. */
enum err shown_add(struct shown *out, const struct record_op *op,
    struct bytes value, uint8_t flags) MUST_USE;
/* Append op's own value. */
enum err shown_add_op(
    struct shown *out, const struct record_op *op, uint8_t flags) MUST_USE;
/*
 * Of the values from `from` on, keep one of each distinct value, with the
 * newest of its operations; in the canonical order of those operations.
 */
void shown_distinct(
    struct shown *out, const struct merge_view *view, size_t from);
/* Make values[at] the default: flag it and move it to the front. */
void shown_set_default(struct shown *out, size_t at);
/* The place of the newest of values[from..]; there is at least one. */
size_t shown_newest(
    const struct shown *out, const struct merge_view *view, size_t from);
/* "All distinct values, a marked default, a task": conflict if above one. */
void shown_review(struct shown *out, const struct merge_view *view);

/* Is a newer than b: greater in (time, node, log kind, position, op)? */
bool merge_is_newer(const struct merge_view *view, const struct record_op *a,
    const struct record_op *b);
/* The office that wrote an operation; NULL when unknown. */
const struct office *merge_office(
    const struct merge_view *view, const struct record_op *op);
/* Were both written by one office (or one node, where it is unknown)? */
bool merge_same_office(const struct merge_view *view, const struct record_op *a,
    const struct record_op *b);

/* A dot that an operation names, and whose operation that is. */
struct merge_name {
    struct op_id id;
    const struct record_op *by;
};
struct merge_names {
    struct merge_name *names; /* by id */
    size_t count;
};
void merge_names_release(struct merge_names *names);
/* All dots that the field's ACTION_REMOVE operations name. ERR_NOMEM. */
enum err merge_names_collect(
    struct merge_names *out, const struct record_field *ops) MUST_USE;
/* The first name of this id, or NULL; equal ones follow up to the end. */
const struct merge_name *merge_names_find(
    const struct merge_names *names, const struct op_id *id);
const struct merge_name *merge_names_end(const struct merge_names *names);
/* Does a name of a journal's item come from the item's own office? */
bool merge_is_struck(const struct merge_view *view,
    const struct merge_names *names, const struct record_op *op);

/*
 * RULE_OWNER: the chain of transfers, walked from its root (the transfer that
 * names nothing; where that is not to be read, the only one whose named dots
 * are not here).
 */
struct owner_chain {
    const struct record_op **steps; /* those that count, root first */
    size_t step_count;              /* 0: no owner is known */
    const struct record_op **tips;  /* the last step, or (conflict) those that
                                       follow it and of which none counts */
    size_t tip_count;
    bool has_conflict;
};
void owner_chain_release(struct owner_chain *chain);
/*
 * Walk the chain of those transfers for which `seen` holds (NULL: all).
 * ERR_NOMEM.
 */
typedef bool owner_seen_fn(void *context, const struct record_op *op);
enum err owner_chain_walk(struct owner_chain *out,
    const struct merge_view *view, const struct record_field *ops,
    owner_seen_fn *seen, void *context) MUST_USE;
/* The office that holds the record; NULL when none is known. */
const struct office_id *owner_chain_office(const struct owner_chain *chain);

#endif
