/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/merge.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/model/merge_internal.h"
#include "sync/model/record_internal.h"

#define BIT(x) (1U << (x))

enum {
    SETS = BIT(ACTION_SET),
    ADDS = BIT(ACTION_ADD) | BIT(ACTION_REMOVE),
    TRANSFERS = BIT(ACTION_TRANSFER),
    ALL = SETS | ADDS | TRANSFERS
};

static bool
replaces_nothing(const struct record_op *op, const struct record_op *old,
    const struct merge_view *view)
{
    (void)op;
    (void)old;
    (void)view;
    return false;
}

static bool
replaces_all(const struct record_op *op, const struct record_op *old,
    const struct merge_view *view)
{
    (void)op;
    (void)old;
    (void)view;
    return true;
}

/* "A change without a reason replaces nothing, it only joins." */
static bool
replaces_with_reason(const struct record_op *op, const struct record_op *old,
    const struct merge_view *view)
{
    (void)old;
    (void)view;
    return op->has_reason && op->reason.size > 0;
}

static bool
replaces_own(const struct record_op *op, const struct record_op *old,
    const struct merge_view *view)
{
    return merge_same_office(view, op, old);
}

/* What the pack does not know may be of any rule: only values give way. */
static bool
replaces_values(const struct record_op *op, const struct record_op *old,
    const struct merge_view *view)
{
    (void)view;
    return op->action == ACTION_SET && old->action == ACTION_SET;
}

static const struct merge_rule rules[RULE_COUNT] = {
    [RULE_ONCE] = {"once", SETS, NAMES_NOTHING, replaces_nothing,
        merge_show_once},
    [RULE_REVIEW] = {"review", SETS, NAMES_NOTHING, replaces_all,
        merge_show_review},
    [RULE_LATEST] = {"latest", SETS, NAMES_NOTHING, replaces_all,
        merge_show_latest},
    [RULE_SET] = {"set", ADDS, NAMES_REMOVED, replaces_nothing, merge_show_set},
    [RULE_BAN] = {"ban", ADDS, NAMES_REMOVED, replaces_nothing, merge_show_set},
    [RULE_JOURNAL] = {"journal", ADDS, NAMES_MARKED, replaces_nothing,
        merge_show_journal},
    [RULE_LEDGER] = {"ledger", ADDS, NAMES_MARKED, replaces_nothing,
        merge_show_ledger},
    [RULE_LADDER] = {"ladder", SETS, NAMES_NOTHING, replaces_all,
        merge_show_ladder},
    [RULE_HIGHEST] = {"highest", SETS, NAMES_NOTHING, replaces_with_reason,
        merge_show_highest},
    [RULE_LOWEST] = {"lowest", SETS, NAMES_NOTHING, replaces_with_reason,
        merge_show_lowest},
    [RULE_RESTRICT] = {"restrict", SETS, NAMES_NOTHING, replaces_all,
        merge_show_restrict},
    [RULE_AUTHORITY] = {"authority", SETS, NAMES_NOTHING, replaces_own,
        merge_show_authority},
    [RULE_OWNER] = {"owner", TRANSFERS, NAMES_FOLLOWED, replaces_nothing,
        merge_show_owner},
};

static const struct merge_rule unknown = {
    "review", ALL, NAMES_NOTHING, replaces_values, merge_show_unknown};

const struct merge_rule *
merge_rule(enum schema_rule rule)
{
    assert(rule < RULE_COUNT);
    return &rules[rule];
}

const struct merge_rule *
merge_rule_of(const struct schema_field *field)
{
    return field == NULL ? &unknown : merge_rule(field->rule);
}

void
shown_release(struct shown *shown)
{
    if (shown == NULL) {
        return;
    }
    mem_free(shown->values);
    buf_wipe(&shown->owned);
    *shown = (struct shown){0};
}

static void
shown_clear(struct shown *shown)
{
    shown->has_conflict = false;
    shown->has_default = false;
    shown->count = 0;
    shown->owner = (struct office_id){{0}};
    buf_clear(&shown->owned);
}

enum err
merge_show(struct shown *out, const struct merge_view *view, uint16_t field)
{
    const struct record_field *ops = record_field(view->record, field);

    shown_clear(out);
    if (ops == NULL) {
        return ERR_OK;
    }
    return merge_rule_of(view->field)->show(out, view, ops);
}

enum err
shown_add(struct shown *out, const struct record_op *op, struct bytes value,
    uint8_t flags)
{
    void *values = out->values;
    enum err rc =
        mem_grow(&values, &out->capacity, out->count + 1, sizeof(*out->values));

    if (rc == ERR_OK) {
        out->values = values;
        out->values[out->count] = (struct shown_value){op, value, flags};
        out->count++;
    }
    return rc;
}

enum err
shown_add_op(struct shown *out, const struct record_op *op, uint8_t flags)
{
    return shown_add(out, op, op->value, flags);
}

/* By value, then in canonical order, which is that of the field's array. */
static int
compare_values(const void *a, const void *b)
{
    const struct shown_value *x = a;
    const struct shown_value *y = b;
    int order = bytes_compare(x->value, y->value);

    return order != 0 ? order : (x->op > y->op) - (x->op < y->op);
}

static int
compare_ops(const void *a, const void *b)
{
    const struct shown_value *x = a;
    const struct shown_value *y = b;

    return (x->op > y->op) - (x->op < y->op);
}

void
shown_distinct(struct shown *out, const struct merge_view *view, size_t from)
{
    struct shown_value *values = out->values + from;
    size_t count = out->count - from;
    size_t kept = 0;

    if (count < 2) {
        return;
    }
    qsort(values, count, sizeof(*values), compare_values);
    for (size_t i = 1; i < count; i++) {
        if (!bytes_equal(values[i].value, values[kept].value)) {
            kept++;
            values[kept] = values[i];
        } else if (merge_is_newer(view, values[i].op, values[kept].op)) {
            values[kept] = values[i];
        }
    }
    out->count = from + kept + 1;
    qsort(values, kept + 1, sizeof(*values), compare_ops);
}

void
shown_set_default(struct shown *out, size_t at)
{
    struct shown_value chosen = out->values[at];

    memmove(out->values + 1, out->values, at * sizeof(chosen));
    chosen.flags |= SHOWN_DEFAULT;
    out->values[0] = chosen;
    out->has_default = true;
}

size_t
shown_newest(
    const struct shown *out, const struct merge_view *view, size_t from)
{
    size_t newest = from;

    for (size_t i = from + 1; i < out->count; i++) {
        if (merge_is_newer(view, out->values[i].op, out->values[newest].op)) {
            newest = i;
        }
    }
    return newest;
}

void
shown_review(struct shown *out, const struct merge_view *view)
{
    if (out->count > 0) {
        shown_distinct(out, view, 0);
        out->has_conflict = out->count > 1;
        shown_set_default(out, shown_newest(out, view, 0));
    }
}

bool
merge_is_newer(const struct merge_view *view, const struct record_op *a,
    const struct record_op *b)
{
    /* The canonical order behind the rank is just that of newness. */
    struct record_spot x = {0, a->time, a->id};
    struct record_spot y = {0, b->time, b->id};

    return record_spot_compare(view->logs, &x, &y) > 0;
}

const struct office *
merge_office(const struct merge_view *view, const struct record_op *op)
{
    return membership_office_of(view->membership, op->id.dot.log);
}

bool
merge_same_office(const struct merge_view *view, const struct record_op *a,
    const struct record_op *b)
{
    const struct office *x = merge_office(view, a);
    const struct office *y = merge_office(view, b);

    if (x == NULL || y == NULL) {
        return node_id_equal(&view->logs->ids[a->id.dot.log].node,
            &view->logs->ids[b->id.dot.log].node);
    }
    return office_id_equal(&x->id, &y->id);
}

static int
compare_names(const void *a, const void *b)
{
    const struct merge_name *x = a;
    const struct merge_name *y = b;
    int order = record_op_id_compare(&x->id, &y->id);

    return order != 0 ? order : (x->by > y->by) - (x->by < y->by);
}

void
merge_names_release(struct merge_names *names)
{
    mem_free(names->names);
    *names = (struct merge_names){0};
}

enum err
merge_names_collect(struct merge_names *out, const struct record_field *ops)
{
    struct merge_names names = {0};
    size_t total = 0;

    for (size_t i = 0; i < ops->count; i++) {
        if (ops->ops[i].action == ACTION_REMOVE) {
            total += ops->ops[i].dot_count;
        }
    }
    if (total > 0) {
        names.names = mem_zalloc(total, sizeof(*names.names));
        if (names.names == NULL) {
            return ERR_NOMEM;
        }
        for (size_t i = 0; i < ops->count; i++) {
            const struct record_op *op = &ops->ops[i];

            for (size_t j = 0; op->action == ACTION_REMOVE && j < op->dot_count;
                 j++) {
                names.names[names.count] = (struct merge_name){op->dots[j], op};
                names.count++;
            }
        }
        qsort(names.names, names.count, sizeof(*names.names), compare_names);
    }
    *out = names;
    return ERR_OK;
}

const struct merge_name *
merge_names_end(const struct merge_names *names)
{
    return names->count == 0 ? NULL : names->names + names->count;
}

const struct merge_name *
merge_names_find(const struct merge_names *names, const struct op_id *id)
{
    size_t low = 0;
    size_t high = names->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (record_op_id_compare(&names->names[middle].id, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == names->count ||
        record_op_id_compare(&names->names[low].id, id) != 0) {
        return NULL;
    }
    return &names->names[low];
}
