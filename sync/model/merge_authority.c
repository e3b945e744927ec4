/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `authority`: one office's word counts; what others say is an allegation,
 * kept and shown as such. And the marks of a pack, which hold for what an
 * office other than the owner wrote, or for values that must not meet.
 */
#include "sync/model/merge_internal.h"
#include "sync/model/record_internal.h"

/* The office that `field` (once or owner) names. ERR_NOT_FOUND for none. */
static enum err
named_office(struct office_id *out, const struct merge_view *view,
    const struct schema_field *field)
{
    const struct record_field *ops =
        field == NULL ? NULL : record_field(view->record, field->number);
    struct owner_chain chain = {0};
    enum err rc = ERR_OK;

    if (ops == NULL) {
        return ERR_NOT_FOUND;
    }
    if (field->rule == RULE_OWNER) {
        rc = owner_chain_walk(&chain, view, ops, NULL, NULL);
        if (rc == ERR_OK && chain.step_count == 0) {
            rc = ERR_NOT_FOUND;
        } else if (rc == ERR_OK) {
            *out = *owner_chain_office(&chain);
        }
        owner_chain_release(&chain);
        return rc;
    }
    rc = value_office_read(ops->ops[0].value, out);
    return rc == ERR_OK ? ERR_OK : ERR_NOT_FOUND;
}

/*
 * Who is the authority of view->field: 0 stands for the office of the node
 * that created the record. ERR_NOT_FOUND, ERR_NOMEM.
 */
static enum err
find_authority(struct office_id *out, const struct merge_view *view)
{
    const struct office *creator = NULL;

    if (view->field->authority != 0) {
        return named_office(
            out, view, schema_field(view->kind, view->field->authority));
    }
    if (view->record->has_creation) {
        creator =
            membership_office_of(view->membership, view->record->creation.log);
    }
    if (creator == NULL) {
        return ERR_NOT_FOUND;
    }
    *out = creator->id;
    return ERR_OK;
}

static bool
is_by(const struct merge_view *view, const struct record_op *op,
    const struct office_id *office)
{
    const struct office *author = merge_office(view, op);

    return office != NULL && author != NULL &&
           office_id_equal(&author->id, office);
}

/* Those by the authority, or those by others. */
static enum err
add_by(struct shown *out, const struct merge_view *view,
    const struct record_field *ops, const struct office_id *authority,
    bool wanted)
{
    uint8_t flags = wanted ? 0 : SHOWN_ALLEGATION;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < ops->count && rc == ERR_OK; i++) {
        if (is_by(view, &ops->ops[i], authority) == wanted) {
            rc = shown_add_op(out, &ops->ops[i], flags);
        }
    }
    return rc;
}

/* "The named office's current value; others' are allegations." */
enum err
merge_show_authority(struct shown *out, const struct merge_view *view,
    const struct record_field *ops)
{
    struct office_id office;
    const struct office_id *authority = &office;
    size_t own = 0;
    enum err rc = find_authority(&office, view);

    if (rc == ERR_NOT_FOUND) {
        authority = NULL;
    } else if (rc != ERR_OK) {
        return rc;
    }
    rc = add_by(out, view, ops, authority, true);
    if (rc == ERR_OK) {
        shown_review(out, view);
        own = out->count;
        rc = add_by(out, view, ops, authority, false);
    }
    if (rc == ERR_OK) {
        shown_distinct(out, view, own);
    }
    return rc;
}

/* Is it the value that a mark means? A mark without a code means any. */
static bool
is_meant(const struct schema_mark *mark, struct bytes value)
{
    struct bytes code = {NULL, 0};

    return mark->code == NULL || (value_code_read(value, &code) == ERR_OK &&
                                     bytes_equal(code, bytes_text(mark->code)));
}

/* Does the operation say a value, rather than take one back? */
static bool
says(const struct schema_mark *mark, const struct record_op *op)
{
    return op->has_value &&
           (op->action == ACTION_SET || op->action == ACTION_ADD) &&
           is_meant(mark, op->value);
}

static bool
holds_conflict(const struct schema_mark *mark, const struct record_field *ops)
{
    for (size_t i = 0; i < ops->count; i++) {
        if (!says(mark, &ops->ops[i])) {
            continue;
        }
        /* If all are equal to one that is meant, none is in conflict. */
        for (size_t j = 0; j < ops->count; j++) {
            if (ops->ops[j].has_value &&
                !bytes_equal(ops->ops[i].value, ops->ops[j].value)) {
                return true;
            }
        }
        return false;
    }
    return false;
}

/* The offices that a mark's `other` field names, in turn. */
struct holders {
    struct owner_chain chain; /* of an owner */
    bool has_office;
    struct office_id office; /* of a field that is written once */
};

static enum err
holders_find(struct holders *out, const struct merge_view *view,
    const struct schema_mark *mark)
{
    const struct schema_field *field = schema_field(view->kind, mark->other);
    const struct record_field *ops = record_field(view->record, mark->other);
    enum err rc = ERR_OK;

    if (field == NULL || ops == NULL) {
        return ERR_OK;
    }
    if (field->rule == RULE_OWNER) {
        return owner_chain_walk(&out->chain, view, ops, NULL, NULL);
    }
    rc = named_office(&out->office, view, field);
    out->has_office = rc == ERR_OK;
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

/*
 * Who held the record at an operation: after the last step of the chain that
 * stands before it in the canonical order. An owner may close a record and
 * then give it away.
 */
static const struct office_id *
holder_at(const struct merge_view *view, const struct holders *holders,
    const struct record_op *op)
{
    const struct owner_chain *chain = &holders->chain;
    const struct office_id *holder =
        holders->has_office ? &holders->office : NULL;

    for (size_t i = 0; i < chain->step_count; i++) {
        if (i > 0 && record_op_compare(view->logs, chain->steps[i], op) > 0) {
            break;
        }
        holder = &chain->steps[i]->office;
    }
    return holder;
}

static enum err
holds_by_other(const struct merge_view *view, const struct schema_mark *mark,
    const struct record_field *ops, bool *out)
{
    struct holders holders = {.has_office = false};
    struct merge_names names = {0};
    enum err rc = holders_find(&holders, view, mark);

    if (rc == ERR_OK) {
        rc = merge_names_collect(&names, ops);
    }
    for (size_t i = 0; i < ops->count && rc == ERR_OK; i++) {
        const struct record_op *op = &ops->ops[i];

        if (says(mark, op) && !merge_is_struck(view, &names, op) &&
            !is_by(view, op, holder_at(view, &holders, op))) {
            *out = true;
        }
    }
    merge_names_release(&names);
    owner_chain_release(&holders.chain);
    return rc;
}

enum err
merge_marks(
    uint64_t *out, const struct merge_view *view, const struct schema *schema)
{
    uint64_t marks = 0;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < schema->mark_count && i < MERGE_MARKS_MAX; i++) {
        const struct schema_mark *mark = &schema->marks[i];
        const struct record_field *ops =
            record_field(view->record, mark->field);
        bool holds = false;

        if (mark->kind != view->record->kind || ops == NULL) {
            continue;
        }
        switch (mark->when) {
        case MARK_CONFLICT:
            holds = holds_conflict(mark, ops);
            break;
        case MARK_BY_OTHER:
            rc = holds_by_other(view, mark, ops, &holds);
            break;
        }
        if (rc != ERR_OK) {
            return rc;
        }
        marks |= holds ? UINT64_C(1) << i : 0;
    }
    *out = marks;
    return ERR_OK;
}
