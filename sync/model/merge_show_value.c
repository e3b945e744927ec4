/* SPDX-License-Identifier: Apache-2.0 */
/* What is shown of fields that hold one value: all rules but collections,
 * restrict, authority and owner. */
#include "sync/model/merge_internal.h"

/* All current values by one action, equal ones still repeated. */
static enum err
add_all(struct shown *out, const struct record_field *ops, uint8_t action)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < ops->count && rc == ERR_OK; i++) {
        const struct record_op *op = &ops->ops[i];

        if (op->action == action && op->has_value) {
            rc = shown_add_op(out, op, 0);
        }
    }
    return rc;
}

/* What no pack knows: values as review, then whatever was added. */
enum err
merge_show_unknown(struct shown *out, const struct merge_view *view,
    const struct record_field *ops)
{
    enum err rc = merge_show_review(out, view, ops);

    if (rc == ERR_OK) {
        rc = add_all(out, ops, ACTION_ADD);
    }
    return rc;
}

/* "The creating change's value": the first, should the creator write two. */
enum err
merge_show_once(struct shown *out, const struct merge_view *view,
    const struct record_field *ops)
{
    enum err rc = shown_add_op(out, &ops->ops[0], 0);

    (void)view;
    if (rc == ERR_OK) {
        shown_set_default(out, 0);
    }
    return rc;
}

enum err
merge_show_review(struct shown *out, const struct merge_view *view,
    const struct record_field *ops)
{
    enum err rc = add_all(out, ops, ACTION_SET);

    if (rc == ERR_OK) {
        shown_review(out, view);
    }
    return rc;
}

/* "The value of greatest (time, node); the others stay in the history." */
enum err
merge_show_latest(struct shown *out, const struct merge_view *view,
    const struct record_field *ops)
{
    const struct record_op *newest = &ops->ops[0];
    enum err rc = ERR_OK;

    for (size_t i = 1; i < ops->count; i++) {
        if (merge_is_newer(view, &ops->ops[i], newest)) {
            newest = &ops->ops[i];
        }
    }
    rc = shown_add_op(out, newest, 0);
    if (rc == ERR_OK) {
        shown_set_default(out, 0);
    }
    return rc;
}

static bool
beats(const struct merge_view *view, struct bytes a, struct bytes b)
{
    struct bytes x = {NULL, 0};
    struct bytes y = {NULL, 0};

    return view->field->ladder != NULL && value_code_read(a, &x) == ERR_OK &&
           value_code_read(b, &y) == ERR_OK &&
           schema_ladder_beats(view->field->ladder, x, y);
}

/*
 * "The current value that beats every other": whoever beats all is beaten by
 * none, so it is left over when each value meets the one left before it.
 */
enum err
merge_show_ladder(struct shown *out, const struct merge_view *view,
    const struct record_field *ops)
{
    size_t winner = 0;
    enum err rc = add_all(out, ops, ACTION_SET);

    if (rc != ERR_OK || out->count == 0) {
        return rc;
    }
    shown_distinct(out, view, 0);
    for (size_t i = 1; i < out->count; i++) {
        if (!beats(view, out->values[winner].value, out->values[i].value)) {
            winner = i;
        }
    }
    for (size_t i = 0; i < out->count; i++) {
        if (i != winner &&
            !beats(view, out->values[winner].value, out->values[i].value)) {
            out->has_conflict = true;
        }
    }
    if (out->has_conflict) {
        winner = shown_newest(out, view, 0);
    }
    shown_set_default(out, winner);
    return ERR_OK;
}

/* Does a go further than b: by rank, and among equal ranks by bytes? */
static enum err
goes_further(
    const struct merge_view *view, struct bytes a, struct bytes b, bool *out)
{
    bool is_highest = view->field->rule == RULE_HIGHEST;
    int64_t x = 0;
    int64_t y = 0;
    int order = 0;
    enum err rc = schema_value_rank(view->field, a, &x);

    if (rc == ERR_OK) {
        rc = schema_value_rank(view->field, b, &y);
    }
    if (rc == ERR_OK) {
        order = x == y ? bytes_compare(a, b) : (x > y) - (x < y);
        *out = is_highest ? order > 0 : order < 0;
    }
    return rc;
}

/*
 * "The extreme of the current values." Values without an order, which a pack
 * that has been checked does not let in, are for review.
 */
static enum err
show_extreme(struct shown *out, const struct merge_view *view,
    const struct record_field *ops)
{
    size_t extreme = 0;
    bool is_further = false;
    enum err rc = add_all(out, ops, ACTION_SET);

    if (rc != ERR_OK || out->count == 0) {
        return rc;
    }
    shown_distinct(out, view, 0);
    for (size_t i = 1; i < out->count; i++) {
        rc = goes_further(view, out->values[i].value,
            out->values[extreme].value, &is_further);
        if (rc != ERR_OK) {
            shown_review(out, view);
            return ERR_OK;
        }
        extreme = is_further ? i : extreme;
    }
    shown_set_default(out, extreme);
    return ERR_OK;
}

enum err
merge_show_highest(struct shown *out, const struct merge_view *view,
    const struct record_field *ops)
{
    return show_extreme(out, view, ops);
}

enum err
merge_show_lowest(struct shown *out, const struct merge_view *view,
    const struct record_field *ops)
{
    return show_extreme(out, view, ops);
}
