/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applying a change, in three strides: check it whole, so that a void one
 * leaves no trace; stage its operations behind the current ones of their
 * fields, where running out of memory undoes nothing; then commit, field by
 * field, which cannot fail.
 *
 *     ops      | current ............ | staged | spare |
 *               0                count
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/model/arena.h"
#include "sync/model/merge_internal.h"
#include "sync/model/record_apply_internal.h"
#include "sync/model/record_internal.h"

static uint64_t
change_weight(const struct change *change)
{
    uint64_t weight = RECORD_CHANGE_WEIGHT;

    for (size_t i = 0; i < change->op_count; i++) {
        const struct change_op *op = &change->ops[i];

        weight += record_op_weight(
            op->action, op->value.size + op->reason.size, op->dot_count);
    }
    return weight;
}

static void
find_key(struct apply *apply)
{
    const struct record *record = apply->record;

    apply->key = 0;
    while (apply->key < record->key_count &&
           !record_dot_equal(record->keys[apply->key].key, apply->place->key)) {
        apply->key++;
    }
}

static bool
is_new_key(const struct apply *apply)
{
    return apply->key == apply->record->key_count;
}

/* Is there room for it in its half? What is full stays full. */
static bool
has_room(const struct apply *apply)
{
    const struct record_half *half = apply->half;
    uint64_t weight = half->has_any ? half->weight : RECORD_WEIGHT_START;

    return !half->is_full && apply->weight <= RECORD_BYTES_MAX - weight &&
           (!is_new_key(apply) || half->key_count < RECORD_KEYS_MAX);
}

/* Copy what an operation points to into the record's memory. */
static enum err
copy_op(struct apply *apply, struct record_op *out, const struct change_op *op,
    size_t number)
{
    struct arena **arena = &apply->record->arena;
    size_t dots_size = op->dot_count * sizeof(*op->dots);
    uint8_t *bytes = NULL;

    *out = (struct record_op){
        .id = {apply->place->dot, (uint16_t)number},
        .rank = apply->place->rank,
        .time = apply->place->time,
        .key = (uint16_t)apply->key,
        .action = op->action,
        .has_value = op->has_value,
        .has_reason = op->has_reason,
        .office = op->office,
    };
    if (op->value.size + op->reason.size > 0) {
        bytes = arena_alloc(arena, op->value.size + op->reason.size);
        if (bytes == NULL) {
            return ERR_NOMEM;
        }
        out->value = bytes_of(bytes, op->value.size);
        out->reason = bytes_of(bytes + op->value.size, op->reason.size);
        if (op->value.size > 0) {
            memcpy(bytes, op->value.data, op->value.size);
        }
        if (op->reason.size > 0) {
            memcpy(bytes + op->value.size, op->reason.data, op->reason.size);
        }
    }
    if (op->dot_count > 0) {
        out->dots = arena_copy(arena, op->dots, dots_size);
        out->dot_count = op->dot_count;
        if (out->dots == NULL) {
            return ERR_NOMEM;
        }
    }
    return ERR_OK;
}

/*
 * Staged operations need room twice: behind the current ones, and once more
 * while commit moves them into their place.
 */
static enum err
stage_op(struct apply *apply, size_t number)
{
    const struct change_op *op = &apply->change->ops[number];
    struct record_field *field = record_field_add(apply->record, op->field);
    enum err rc = ERR_OK;

    if (field == NULL) {
        return ERR_NOMEM;
    }
    rc = record_field_reserve(
        apply->record, field, field->count + 2 * (field->staged + 1));
    if (rc == ERR_OK) {
        rc = copy_op(
            apply, &field->ops[field->count + field->staged], op, number);
    }
    if (rc == ERR_OK) {
        field->staged++;
    }
    return rc;
}

static enum err
stage_named(struct apply *apply)
{
    size_t count = 0;

    for (size_t i = 0; i < apply->change->op_count; i++) {
        count += apply->change->ops[i].dot_count;
    }
    if (count == 0) {
        return ERR_OK;
    }
    apply->named = mem_zalloc(count, sizeof(*apply->named));
    return apply->named == NULL ? ERR_NOMEM : ERR_OK;
}

static enum err
stage(struct apply *apply)
{
    enum err rc = stage_named(apply);

    if (rc == ERR_OK && is_new_key(apply)) {
        rc = record_keys_reserve(apply->record);
    }
    for (size_t i = 0; i < apply->change->op_count && rc == ERR_OK; i++) {
        rc = stage_op(apply, i);
    }
    if (rc != ERR_OK) {
        for (size_t i = 0; i < apply->record->field_count; i++) {
            apply->record->fields[i].staged = 0;
        }
    }
    return rc;
}

static int
named_compare(const void *a, const void *b)
{
    const struct apply_named *x = a;
    const struct apply_named *y = b;

    return record_op_id_compare(&x->id, &y->id);
}

/* The field's named dots, sorted; all staged operations see the same. */
static void
collect_named(struct apply *apply, const struct record_field *field)
{
    apply->named_count = 0;
    for (size_t i = 0; i < field->staged; i++) {
        const struct record_op *op = &field->ops[field->count + i];

        for (size_t j = 0; j < op->dot_count; j++) {
            apply->named[apply->named_count] =
                (struct apply_named){.id = op->dots[j]};
            apply->named_count++;
        }
    }
    if (apply->named_count > 1) {
        qsort(apply->named, apply->named_count, sizeof(*apply->named),
            named_compare);
    }
}

static struct apply_named *
find_named(const struct apply *apply, const struct op_id *id)
{
    struct apply_named wanted = {.id = *id};

    if (apply->named_count == 0) {
        return NULL;
    }
    return bsearch(&wanted, apply->named, apply->named_count,
        sizeof(*apply->named), named_compare);
}

/* bsearch may find any of equal ones: mark them all. */
static void
hide_named(struct apply *apply, struct apply_named *found)
{
    struct apply_named *end = apply->named + apply->named_count;
    struct apply_named *at = found;

    while (at > apply->named && named_compare(at - 1, found) == 0) {
        at--;
    }
    for (; at < end && named_compare(at, found) == 0; at++) {
        at->is_hidden = true;
    }
}

/* Does any staged operation take the place of `old`? */
static bool
is_replaced(struct apply *apply, const struct merge_rule *rule,
    const struct merge_view *view, const struct record_field *field,
    const struct record_op *old)
{
    struct apply_named *named = find_named(apply, &old->id);

    if (!apply_counts(apply, old->id.dot)) {
        return false;
    }
    if (named != NULL && rule->naming != NAMES_NOTHING) {
        if (!apply_opens(apply, old)) {
            hide_named(apply, named);
        } else if (rule->naming == NAMES_REMOVED) {
            return true;
        }
    }
    for (size_t i = 0; i < field->staged; i++) {
        const struct record_op *op = &field->ops[field->count + i];

        if (rule->replaces(op, old, view)) {
            return apply_opens(apply, old);
        }
    }
    return false;
}

/* "What the author could not open, it does not name." */
static void
drop_hidden(const struct apply *apply, struct record_op *op)
{
    size_t kept = 0;

    for (size_t i = 0; i < op->dot_count; i++) {
        const struct apply_named *named = find_named(apply, &op->dots[i]);

        if (named == NULL || !named->is_hidden) {
            op->dots[kept] = op->dots[i];
            kept++;
        }
    }
    op->dot_count = kept;
}

/* Does a staged operation itself become current? */
static bool
is_kept(const struct apply *apply, const struct merge_rule *rule,
    struct record_op *op)
{
    if (op->action != ACTION_REMOVE) {
        return true;
    }
    switch (rule->naming) {
    case NAMES_REMOVED:
        return false;
    case NAMES_MARKED:
        drop_hidden(apply, op);
        return op->dot_count > 0;
    case NAMES_FOLLOWED:
    case NAMES_NOTHING:
        break;
    }
    return true;
}

/* Where the staged ones belong: all of them, as they are of one change. */
static size_t
find_place(const struct record_field *field, const struct log_table *logs,
    const struct record_op *staged)
{
    size_t low = 0;
    size_t high = field->count;

    if (high == 0 ||
        record_op_compare(logs, &field->ops[high - 1], staged) < 0) {
        return high;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (record_op_compare(logs, &field->ops[middle], staged) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Move what is staged, right behind the current ones, into its place. */
static void
insert_staged(struct record_field *field, const struct log_table *logs)
{
    struct record_op *ops = field->ops;
    size_t staged = field->staged;
    size_t end = field->count + staged;
    size_t at = 0;

    field->staged = 0;
    if (staged == 0) {
        return;
    }
    assert(end + staged <= field->capacity);
    at = find_place(field, logs, &ops[field->count]);
    if (at < field->count) {
        memcpy(&ops[end], &ops[field->count], staged * sizeof(*ops));
        memmove(
            &ops[at + staged], &ops[at], (field->count - at) * sizeof(*ops));
        memcpy(&ops[at], &ops[end], staged * sizeof(*ops));
    }
    field->count = end;
}

static void
commit_field(struct apply *apply, struct record_field *field)
{
    const struct schema_field *schema =
        schema_field(apply->kind, field->number);
    const struct merge_rule *rule = merge_rule_of(schema);
    struct merge_view view = apply_view(apply, schema);
    struct record_op *staged = &field->ops[field->count];
    size_t current = 0;
    size_t kept = 0;

    collect_named(apply, field);
    for (size_t i = 0; i < field->count; i++) {
        if (!is_replaced(apply, rule, &view, field, &field->ops[i])) {
            if (current != i) {
                field->ops[current] = field->ops[i];
            }
            current++;
        }
    }
    for (size_t i = 0; i < field->staged; i++) {
        if (is_kept(apply, rule, &staged[i])) {
            field->ops[current + kept] = staged[i];
            kept++;
        }
    }
    field->count = current;
    field->staged = kept;
    insert_staged(field, apply->place->logs);
}

static void
commit_half(struct apply *apply)
{
    const struct change *change = apply->change;
    const struct change_place *place = apply->place;
    struct record_half *half = apply->half;
    struct record_spot spot = {place->rank, place->time, {place->dot, 0}};

    if (!half->has_any ||
        !record_half_is_before(half, place->logs, change->has_salt, &spot)) {
        half->has_parent = change->has_parent;
        half->parent = change->parent;
        half->is_created = change->has_salt;
        half->first = place->dot;
        half->rank = place->rank;
        half->time = place->time;
    }
    if (!half->has_any) {
        half->has_any = true;
        half->weight = RECORD_WEIGHT_START;
    }
    half->weight += apply->weight;
    if (place->time > half->changed) {
        half->changed = place->time;
    }
}

static void
commit(struct apply *apply)
{
    struct record *record = apply->record;

    for (size_t i = 0; i < record->field_count; i++) {
        if (record->fields[i].staged > 0) {
            commit_field(apply, &record->fields[i]);
        }
    }
    if (is_new_key(apply)) {
        record->keys[record->key_count] =
            (struct record_key){apply->place->key, apply->place->class};
        record->key_count++;
        apply->half->key_count++;
    }
    commit_half(apply);
    record_summarise(record, apply->place->logs);
}

enum err
record_apply(struct record *record, const struct schema_kind *kind,
    const struct change *change, const struct change_place *place,
    enum void_reason *out_void)
{
    struct apply apply = {
        .record = record,
        .kind = kind,
        .change = change,
        .place = place,
        .half = &record->halves[place->class == CLASS_SEALED],
        .weight = change_weight(change),
    };
    enum void_reason reason = VOID_NONE;
    enum err rc = ERR_OK;

    assert(record_id_equal(&record->id, &change->record));
    assert(place->dot.log < place->logs->count);
    rc = record_judge(&apply, &reason);
    if (rc != ERR_OK) {
        return rc;
    }
    find_key(&apply);
    if (apply.weight > RECORD_BYTES_MAX - RECORD_WEIGHT_START) {
        reason = VOID_RECORD;
    }
    if (reason == VOID_NONE && !has_room(&apply)) {
        apply.half->is_full = true;
        record->is_full = true;
        reason = VOID_RECORD;
    }
    if (reason == VOID_NONE) {
        rc = stage(&apply);
        if (rc == ERR_OK) {
            commit(&apply);
        }
        mem_free(apply.named);
    }
    if (rc == ERR_OK) {
        *out_void = reason;
    }
    return rc;
}
