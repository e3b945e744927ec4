/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a change is void. The answer must not depend on the order of
 * arrival, so it is a function of the change and of what it counts: never of
 * concurrent changes that happen to be here already.
 */
#include <assert.h>

#include "sync/model/merge_internal.h"
#include "sync/model/record_apply_internal.h"
#include "sync/model/record_internal.h"

/* "Could the author open the key of an older operation?" */
bool
apply_opens(struct apply *apply, const struct record_op *op)
{
    const struct change_place *place = apply->place;
    struct dot key = apply->record->keys[op->key].key;

    if (record_dot_equal(key, place->key)) {
        return true;
    }
    if (!apply->has_answer || apply->answer_key != op->key) {
        apply->answer = place->opens(place->context, key);
        apply->answer_key = op->key;
        apply->has_answer = true;
    }
    return apply->answer;
}

/* Is it older: counted by the change, and not of the change itself? */
bool
apply_counts(const struct apply *apply, struct dot dot)
{
    return !record_dot_equal(dot, apply->place->dot) &&
           vclock_counts(apply->place->clock, dot);
}

struct merge_view
apply_view(const struct apply *apply, const struct schema_field *field)
{
    return (struct merge_view){
        .record = apply->record,
        .kind = apply->kind,
        .field = field,
        .logs = apply->place->logs,
        .membership = apply->place->membership,
    };
}

static bool
may_act(const struct merge_rule *rule, uint8_t action)
{
    return action <= ACTION_TRANSFER && (rule->actions >> action & 1) != 0;
}

static bool
dots_are_distinct(const struct change_op *op)
{
    for (size_t i = 1; i < op->dot_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (record_op_id_compare(&op->dots[i], &op->dots[j]) == 0) {
                return false;
            }
        }
    }
    return true;
}

/* Each action has its shape: docs/protocol.md, "Changes". */
static bool
shape_is_right(const struct schema_field *field, const struct change_op *op)
{
    switch (op->action) {
    case ACTION_SET:
        return op->has_value && op->dot_count == 0;
    case ACTION_ADD:
        return op->has_value && !op->has_reason && op->dot_count == 0;
    case ACTION_REMOVE:
        if (op->has_reason || op->dot_count == 0) {
            return false;
        }
        if (field == NULL) {
            return true;
        }
        return field->rule == RULE_LEDGER ? op->dot_count == 1 : !op->has_value;
    default:
        return !op->has_value && !op->has_reason &&
               op->dot_count <= RECORD_TRANSFER_DOTS_MAX &&
               dots_are_distinct(op);
    }
}

/* A change cannot name what it has not seen. */
static bool
dots_are_counted(const struct apply *apply, const struct change_op *op)
{
    for (size_t i = 0; i < op->dot_count; i++) {
        if (!apply_counts(apply, op->dots[i].dot)) {
            return false;
        }
    }
    return true;
}

static bool
seen_by_author(void *context, const struct record_op *op)
{
    struct apply *apply = context;

    return apply_counts(apply, op->id.dot) && apply_opens(apply, op);
}

static const struct record_op *
find_op(const struct record_field *field, const struct op_id *id)
{
    for (size_t i = 0; i < field->count; i++) {
        if (record_op_id_compare(&field->ops[i].id, id) == 0) {
            return &field->ops[i];
        }
    }
    return NULL;
}

/* Does the transfer name exactly the ends of the chain? */
static bool
names_tips(const struct change_op *op, const struct owner_chain *chain)
{
    if (op->dot_count != chain->tip_count) {
        return false;
    }
    for (size_t i = 0; i < chain->tip_count; i++) {
        size_t at = 0;

        while (at < op->dot_count &&
               record_op_id_compare(&op->dots[at], &chain->tips[i]->id) != 0) {
            at++;
        }
        if (at == op->dot_count) {
            return false;
        }
    }
    return true;
}

/*
 * "A transfer is made by the office that owns the record by what the author
 * could see, and names all ends of the chain that it saw." Where the dots it
 * names are not here, that cannot be judged and it stands.
 */
static enum err
check_follower(struct apply *apply, const struct merge_view *view,
    const struct change_op *op, bool *out_good)
{
    const struct record_field *field = NULL;
    const struct office *author =
        membership_office_of(apply->place->membership, apply->place->dot.log);
    struct owner_chain chain = {0};
    bool is_good = true;
    size_t at = 0;
    enum err rc = ERR_OK;

    *out_good = author != NULL;
    if (author == NULL || !record_field_find(apply->record, op->field, &at)) {
        return ERR_OK;
    }
    field = &apply->record->fields[at];
    for (size_t i = 0; i < op->dot_count; i++) {
        const struct record_op *named = find_op(field, &op->dots[i]);

        if (named == NULL) {
            return ERR_OK;
        }
        is_good = is_good && apply_opens(apply, named);
    }
    rc = owner_chain_walk(&chain, view, field, seen_by_author, apply);
    if (rc == ERR_OK && chain.step_count > 0) {
        is_good = is_good && names_tips(op, &chain) &&
                  office_id_equal(&author->id, owner_chain_office(&chain));
    }
    owner_chain_release(&chain);
    if (rc == ERR_OK) {
        *out_good = is_good;
    }
    return rc;
}

/* "The first names no dot, stands in the creating change, and is to the
 * creator's own office." */
static enum err
check_transfer(struct apply *apply, const struct merge_view *view,
    const struct change_op *op, bool *out_good)
{
    const struct office *author =
        membership_office_of(apply->place->membership, apply->place->dot.log);

    if (op->dot_count > 0) {
        return check_follower(apply, view, op, out_good);
    }
    *out_good = apply->change->has_salt && author != NULL &&
                office_id_equal(&author->id, &op->office);
    return ERR_OK;
}

static enum err
check_op(
    struct apply *apply, const struct change_op *op, enum void_reason *out_void)
{
    const struct schema_field *field = schema_field(apply->kind, op->field);
    const struct merge_rule *rule = merge_rule_of(field);
    struct merge_view view = apply_view(apply, field);
    bool is_good = may_act(rule, op->action) && shape_is_right(field, op) &&
                   dots_are_counted(apply, op);
    enum err rc = ERR_OK;

    *out_void = VOID_RECORD;
    if (field != NULL && field->class > apply->place->class) {
        *out_void = VOID_CLASS;
        return ERR_OK;
    }
    if (is_good && field != NULL) {
        if (op->has_value && schema_value_check(field, op->value) != ERR_OK) {
            is_good = false;
        }
        if (field->rule == RULE_ONCE && !apply->change->has_salt) {
            is_good = false;
        }
        if (is_good && field->rule == RULE_OWNER) {
            rc = check_transfer(apply, &view, op, &is_good);
        }
    }
    if (is_good) {
        *out_void = VOID_NONE;
    }
    return rc;
}

/* "A creating change has a salt that makes the record's id." */
static bool
creation_is_right(const struct apply *apply)
{
    const struct change *change = apply->change;
    const struct change_place *place = apply->place;

    if (!change->has_salt) {
        return !change->has_parent;
    }
    return record_id_made_by(&change->record, place->corridor,
        &place->logs->ids[place->dot.log].node, &change->salt);
}

enum err
record_judge(struct apply *apply, enum void_reason *out_void)
{
    const struct change *change = apply->change;
    enum err rc = ERR_OK;

    *out_void = VOID_RECORD;
    if (change->kind != apply->record->kind) {
        return ERR_OK;
    }
    assert(apply->kind == NULL || apply->kind->number == change->kind);
    *out_void = VOID_NONE;
    if (apply->kind != NULL && apply->kind->class > apply->place->class) {
        *out_void = VOID_CLASS;
        return ERR_OK;
    }
    for (size_t i = 0; i < change->op_count; i++) {
        rc = check_op(apply, &change->ops[i], out_void);
        if (rc != ERR_OK || *out_void != VOID_NONE) {
            return rc;
        }
    }
    if (!creation_is_right(apply)) {
        *out_void = VOID_RECORD;
    }
    return ERR_OK;
}
