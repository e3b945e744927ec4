/* SPDX-License-Identifier: Apache-2.0 */
/* Taking away: removals, strikes, reversals; and handing over. */
#include <string.h>

#include "node/api/draft_internal.h"
#include "node/api/offices.h"
#include "node/values/value_json.h"

static bool
is_ours(const struct draft_scope *scope, const struct record_op *op)
{
    const struct office *office =
        membership_office_of(scope->membership, op->id.dot.log);

    return office != NULL && office_id_equal(&office->id, scope->office);
}

/* Set and ban: all operations that stand for the value. */
static enum err
remove_value(struct draft *draft, const struct draft_scope *scope,
    const struct schema_field *field, struct bytes value, struct err_msg *msg)
{
    const struct record_field *ops =
        scope->record == NULL ? NULL
                              : record_field(scope->record, field->number);
    struct draft_op *op = draft_push(draft, field->number, ACTION_REMOVE);
    enum err rc = op == NULL ? ERR_NOMEM : ERR_OK;

    for (size_t i = 0; ops != NULL && i < ops->count && rc == ERR_OK; i++) {
        if (ops->ops[i].action == ACTION_ADD &&
            bytes_equal(ops->ops[i].value, value)) {
            rc = draft_put_dot(draft, op, &ops->ops[i].id);
        }
    }
    if (rc == ERR_OK && op->op.dot_count == 0) {
        draft->count--;
        if (!scope->is_import) {
            rc =
                err_set(msg, ERR_NOT_FOUND, "the value to remove is not there");
        }
    }
    return rc;
}

/* Journal and ledger: one item, which stays there to be seen. */
static enum err
strike(struct draft *draft, const struct draft_scope *scope,
    const struct schema_field *field, const struct shown_value *item,
    struct err_msg *msg)
{
    struct draft_op *op = NULL;
    enum err rc = ERR_OK;

    if ((item->flags & SHOWN_STRUCK) != 0) {
        return ERR_OK;
    }
    if (field->rule == RULE_JOURNAL && !is_ours(scope, item->op)) {
        return err_set(msg, ERR_DENIED,
            "only the office that wrote an item strikes it out");
    }
    op = draft_push(draft, field->number, ACTION_REMOVE);
    rc = op == NULL ? ERR_NOMEM : draft_put_dot(draft, op, &item->op->id);
    if (rc == ERR_OK && field->rule == RULE_LEDGER) {
        rc = draft_put_value(draft, op, item->value);
    }
    return rc;
}

/* The item's number from 1, or its value. */
static const struct shown_value *
find_item(
    const struct shown *shown, const json_t *json, const struct buf *value)
{
    if (json_is_integer(json)) {
        json_int_t number = json_integer_value(json);

        return number >= 1 && (uint64_t)number <= shown->count
                   ? &shown->values[number - 1]
                   : NULL;
    }
    for (size_t i = 0; i < shown->count; i++) {
        if ((shown->values[i].flags & SHOWN_STRUCK) == 0 &&
            bytes_equal(shown->values[i].value, buf_bytes(value))) {
            return &shown->values[i];
        }
    }
    return NULL;
}

static enum err
remove_item(struct draft *draft, const struct draft_scope *scope,
    const struct schema_field *field, const json_t *json,
    const struct buf *value, struct err_msg *msg)
{
    struct shown shown = {0};
    const struct shown_value *item = NULL;
    enum err rc = draft_shown(&shown, scope, field);

    if (rc == ERR_OK) {
        item = find_item(&shown, json, value);
        if (item != NULL) {
            rc = strike(draft, scope, field, item, msg);
        } else if (!scope->is_import) {
            rc = err_set(msg, ERR_NOT_FOUND,
                "there is no such item: give its number, or its whole text");
        }
    }
    shown_release(&shown);
    return rc;
}

/* "2" of the command line is a number too. */
static json_t *
item_number(const json_t *json)
{
    const char *text = json_string_value(json);
    json_int_t number = 0;

    if (text == NULL || text[0] == '\0' || strlen(text) > 6 ||
        text[strspn(text, "0123456789")] != '\0') {
        return NULL;
    }
    for (; *text != '\0'; text++) {
        number = number * 10 + (*text - '0');
    }
    return json_integer(number);
}

static enum err
remove_one(struct draft *draft, const struct draft_scope *scope,
    const struct schema_field *field, const json_t *json, struct err_msg *msg)
{
    bool by_value = field->rule == RULE_SET || field->rule == RULE_BAN;
    struct buf value = {0};
    json_t *resolved = by_value ? NULL : item_number(json);
    enum err rc = ERR_OK;

    if (resolved == NULL) {
        rc = draft_resolve(&resolved, scope, field, json, msg);
    }
    if (rc == ERR_OK && (by_value || !json_is_integer(resolved))) {
        rc = field_from_json(field, resolved, &value, msg);
    }
    if (rc == ERR_OK) {
        rc = by_value
                 ? remove_value(draft, scope, field, buf_bytes(&value), msg)
                 : remove_item(draft, scope, field, resolved, &value, msg);
    }
    json_decref(resolved);
    buf_wipe(&value);
    return rc;
}

enum err
draft_remove(struct draft *draft, const struct draft_scope *scope,
    const struct schema_field *field, const json_t *json, struct err_msg *msg)
{
    enum err rc = ERR_OK;

    if (!json_is_array(json)) {
        return remove_one(draft, scope, field, json, msg);
    }
    for (size_t i = 0; rc == ERR_OK && i < json_array_size(json); i++) {
        rc = remove_one(draft, scope, field, json_array_get(json, i), msg);
    }
    return rc;
}

/* A new record begins with our own office; draft_owners says so. */
static enum err
own_only(const struct draft_scope *scope, const struct office_id *to,
    struct err_msg *msg)
{
    if (office_id_equal(to, scope->office)) {
        return ERR_OK;
    }
    return err_set(msg, ERR_MALFORMED,
        "a new record belongs to the office that makes it: hand it over "
        "afterwards");
}

static enum err
follow(struct draft *draft, const struct draft_scope *scope,
    const struct schema_field *field, const struct shown *shown,
    const struct office_id *to, struct err_msg *msg)
{
    struct draft_op *op = NULL;
    enum err rc = ERR_OK;

    if (!shown->has_default) {
        return err_set(msg, ERR_CONFIG,
            "nobody is known to hold it: its first transfer is not here");
    }
    if (office_id_equal(&shown->owner, to) && !shown->has_conflict) {
        return ERR_OK;
    }
    if (!office_id_equal(&shown->owner, scope->office)) {
        return err_set(
            msg, ERR_DENIED, "only the office that holds it hands it over");
    }
    op = draft_push(draft, field->number, ACTION_TRANSFER);
    if (op == NULL) {
        return ERR_NOMEM;
    }
    op->op.office = *to;
    /* "Names all ends of the chain": in conflict those after the giver's. */
    for (size_t i = shown->has_conflict ? 1 : 0;
         i < shown->count && rc == ERR_OK; i++) {
        rc = draft_put_dot(draft, op, &shown->values[i].op->id);
    }
    return rc;
}

enum err
draft_transfer(struct draft *draft, const struct draft_scope *scope,
    const struct schema_field *field, const json_t *json, struct err_msg *msg)
{
    const char *text = json_string_value(json);
    const struct office *to = NULL;
    struct shown shown = {0};
    enum err rc = ERR_OK;

    if (text == NULL) {
        return err_set(msg, ERR_MALFORMED, "name the office it goes to");
    }
    rc = office_find(scope->membership, bytes_text(text), &to, msg);
    if (rc != ERR_OK) {
        return rc;
    }
    if (scope->record == NULL) {
        return own_only(scope, &to->id, msg);
    }
    rc = draft_shown(&shown, scope, field);
    if (rc == ERR_OK) {
        rc = follow(draft, scope, field, &shown, &to->id, msg);
    }
    shown_release(&shown);
    return rc;
}
