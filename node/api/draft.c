/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/draft.h"

#include <string.h>

#include "crypto/base/mem.h"
#include "node/api/draft_internal.h"
#include "node/values/value_json.h"

void
draft_clear(struct draft *draft)
{
    buf_clear(&draft->bytes);
    draft->dot_count = 0;
    draft->count = 0;
}

void
draft_release(struct draft *draft)
{
    buf_wipe(&draft->bytes);
    mem_free(draft->items);
    mem_free(draft->dots);
    mem_free(draft->ops);
    *draft = (struct draft){0};
}

struct draft_op *
draft_push(struct draft *draft, uint16_t field, enum change_action action)
{
    struct draft_op *op = NULL;

    if (mem_grow((void **)&draft->items, &draft->item_capacity,
            draft->count + 1, sizeof(*draft->items)) != ERR_OK) {
        return NULL;
    }
    op = &draft->items[draft->count++];
    *op = (struct draft_op){.op = {.field = field, .action = (uint8_t)action},
        .dots_at = draft->dot_count};
    return op;
}

enum err
draft_put_value(struct draft *draft, struct draft_op *op, struct bytes value)
{
    op->op.has_value = true;
    op->op.value.size = value.size;
    op->value_at = draft->bytes.size;
    buf_put_bytes(&draft->bytes, value);
    return buf_err(&draft->bytes);
}

enum err
draft_put_dot(struct draft *draft, struct draft_op *op, const struct op_id *id)
{
    enum err rc = mem_grow((void **)&draft->dots, &draft->dot_capacity,
        draft->dot_count + 1, sizeof(*draft->dots));

    if (rc == ERR_OK) {
        draft->dots[draft->dot_count++] = *id;
        op->op.dot_count++;
    }
    return rc;
}

static enum err
put_reason(struct draft *draft, struct draft_op *op, const char *reason)
{
    if (reason == NULL || reason[0] == '\0') {
        return ERR_OK;
    }
    op->op.has_reason = true;
    op->op.reason.size = strlen(reason);
    op->reason_at = draft->bytes.size;
    buf_put_text(&draft->bytes, reason);
    return buf_err(&draft->bytes);
}

enum err
draft_shown(struct shown *out, const struct draft_scope *scope,
    const struct schema_field *field)
{
    struct merge_view view = {.record = scope->record,
        .kind = scope->kind,
        .field = field,
        .logs = scope->logs,
        .membership = scope->membership};

    return scope->record == NULL ? ERR_OK
                                 : merge_show(out, &view, field->number);
}

/* Does the value stand already, alone or in the set? */
static enum err
is_there(const struct draft_scope *scope, const struct schema_field *field,
    struct bytes value, bool *out)
{
    struct shown shown = {0};
    enum err rc = draft_shown(&shown, scope, field);
    bool is_set = field->rule == RULE_SET || field->rule == RULE_BAN;

    *out = false;
    for (size_t i = 0; rc == ERR_OK && i < shown.count; i++) {
        *out = *out || ((is_set || shown.count == 1) &&
                           bytes_equal(shown.values[i].value, value));
    }
    shown_release(&shown);
    return rc;
}

static bool
is_collection(const struct schema_field *field)
{
    return field->rule == RULE_SET || field->rule == RULE_BAN ||
           field->rule == RULE_JOURNAL || field->rule == RULE_LEDGER;
}

/* One operation that sets or adds one value. */
static enum err
put_one(struct draft *draft, const struct draft_scope *scope,
    const struct schema_field *field, const json_t *json, const char *reason,
    bool always, struct err_msg *msg)
{
    bool is_add = is_collection(field);
    struct draft_op *op = NULL;
    struct buf value = {0};
    json_t *resolved = NULL;
    bool there = false;
    enum err rc = draft_resolve(&resolved, scope, field, json, msg);

    if (rc == ERR_OK) {
        rc = field_from_json(field, resolved, &value, msg);
    }
    if (rc == ERR_OK && !always && field->rule != RULE_JOURNAL &&
        field->rule != RULE_LEDGER) {
        rc = is_there(scope, field, buf_bytes(&value), &there);
    }
    if (rc == ERR_OK && !there) {
        op = draft_push(draft, field->number, is_add ? ACTION_ADD : ACTION_SET);
        rc = op == NULL ? ERR_NOMEM
                        : draft_put_value(draft, op, buf_bytes(&value));
    }
    if (rc == ERR_OK && op != NULL && !is_add) {
        rc = put_reason(draft, op, reason);
    }
    json_decref(resolved);
    buf_wipe(&value);
    return rc;
}

/* "debt, wages": codes, which hold no such characters. */
static enum err
add_codes(struct draft *draft, const struct draft_scope *scope,
    const struct schema_field *field, const char *text, struct err_msg *msg)
{
    static const char between[] = ",;| \t\n";
    enum err rc = ERR_OK;

    text += strspn(text, between);
    while (rc == ERR_OK && *text != '\0') {
        size_t size = strcspn(text, between);
        json_t *code = json_stringn(text, size);

        rc = code == NULL
                 ? ERR_NOMEM
                 : put_one(draft, scope, field, code, NULL, false, msg);
        json_decref(code);
        text += size;
        text += strspn(text, between);
    }
    return rc;
}

static enum err add_all(struct draft *draft, const struct draft_scope *scope,
    const struct schema_field *field, const json_t *json, struct err_msg *msg);

/* A cell of a table that holds a list as JSON: true, and it was added. */
static bool
add_cell(struct draft *draft, const struct draft_scope *scope,
    const struct schema_field *field, const json_t *json, enum err *out_rc,
    struct err_msg *msg)
{
    const char *text = json_string_value(json);
    json_t *array = NULL;

    if (!scope->is_import || text == NULL || text[0] != '[') {
        return false;
    }
    array = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_array(array)) {
        *out_rc = add_all(draft, scope, field, array, msg);
    }
    json_decref(array);
    return array != NULL;
}

static enum err
add_all(struct draft *draft, const struct draft_scope *scope,
    const struct schema_field *field, const json_t *json, struct err_msg *msg)
{
    enum err rc = ERR_OK;

    if (add_cell(draft, scope, field, json, &rc, msg)) {
        return rc;
    }
    if (!json_is_array(json)) {
        return field->type == VALUE_CODE && json_is_string(json)
                   ? add_codes(
                         draft, scope, field, json_string_value(json), msg)
                   : put_one(draft, scope, field, json, NULL, false, msg);
    }
    for (size_t i = 0; rc == ERR_OK && i < json_array_size(json); i++) {
        rc = put_one(
            draft, scope, field, json_array_get(json, i), NULL, false, msg);
    }
    return rc;
}

static enum err
set_plain(struct draft *draft, const struct draft_scope *scope,
    const struct schema_field *field, const json_t *json, const char *reason,
    struct err_msg *msg)
{
    if (is_collection(field)) {
        if (scope->record == NULL || scope->is_import) {
            return add_all(draft, scope, field, json, msg);
        }
        return err_set(msg, ERR_MALFORMED,
            "it holds many values: add with \"%s+\", remove with \"%s-\"",
            field->name, field->name);
    }
    if (field->rule == RULE_OWNER) {
        return draft_transfer(draft, scope, field, json, msg);
    }
    if (field->rule == RULE_ONCE && scope->record != NULL) {
        struct draft probe = {0};
        enum err rc = put_one(&probe, scope, field, json, reason, false, msg);

        if (rc == ERR_OK && probe.count > 0) {
            rc = err_set(msg, ERR_MALFORMED,
                "it is fixed when the record is made and never changes");
        }
        draft_release(&probe);
        return rc;
    }
    return put_one(draft, scope, field, json, reason, false, msg);
}

const struct schema_field *
draft_field(const struct draft_scope *scope, const char *name, size_t size)
{
    const struct schema_field *field =
        schema_field_by_name(scope->kind, bytes_of(name, size));

    for (size_t i = 0;
         field == NULL && scope->is_import && i < scope->schema->label_count;
         i++) {
        const struct schema_label *label = &scope->schema->labels[i];

        if (label->target == TARGET_FIELD &&
            strcmp(label->scope, scope->kind->name) == 0 &&
            bytes_equal(bytes_text(label->text), bytes_of(name, size))) {
            field = schema_field_by_name(scope->kind, bytes_text(label->name));
        }
    }
    return field;
}

enum err
draft_fault(enum err rc, const struct schema_field *field, struct err_msg *msg)
{
    if (rc == ERR_OK || msg == NULL ||
        strncmp(msg->text, field->name, strlen(field->name)) == 0) {
        return rc;
    }
    return err_prefix(msg, rc, "%s", field->name);
}

/* "reason" is also a field of some kinds: then a row means the field. */
bool
draft_is_row_word(const struct schema_kind *kind, const char *name)
{
    return strcmp(name, "kind") == 0 || strcmp(name, "id") == 0 ||
           strcmp(name, "parent") == 0 ||
           (strcmp(name, "reason") == 0 &&
               schema_field_by_name(kind, bytes_text(name)) == NULL);
}

static enum err
put_member(struct draft *draft, const struct draft_scope *scope,
    const char *name, const json_t *json, const char *reason,
    struct err_msg *msg)
{
    size_t size = strlen(name);
    char sign = size > 0 ? name[size - 1] : '\0';
    const struct schema_field *field = NULL;
    enum err rc = ERR_OK;

    if (scope->is_import && draft_is_row_word(scope->kind, name)) {
        return ERR_OK;
    }
    sign = sign == '+' || sign == '-' ? sign : '\0';
    field = draft_field(scope, name, size - (sign != '\0' ? 1 : 0));
    if (field == NULL) {
        return err_set(msg, ERR_MALFORMED,
            "a %s has no such field; \"corridor help %s\" lists them",
            scope->kind->name, scope->kind->name);
    }
    if (sign != '\0' && !is_collection(field)) {
        rc = err_set(msg, ERR_MALFORMED,
            "it holds one value: set it without \"%c\"", sign);
    } else if (sign == '+') {
        rc = add_all(draft, scope, field, json, msg);
    } else if (sign == '-') {
        rc = draft_remove(draft, scope, field, json, msg);
    } else {
        rc = set_plain(draft, scope, field, json, reason, msg);
    }
    return draft_fault(rc, field, msg);
}

enum err
draft_fields(struct draft *draft, const struct draft_scope *scope,
    const json_t *fields, const char *reason, struct err_msg *msg)
{
    union {
        const json_t *from;
        json_t *to;
    } object = {.from = fields};
    enum err rc = ERR_OK;

    if (reason != NULL && strlen(reason) > VALUE_SHORT_MAX) {
        return err_set(
            msg, ERR_TOO_BIG, "a reason has at most %d bytes", VALUE_SHORT_MAX);
    }
    for (void *iter = json_object_iter(object.to); iter != NULL && rc == ERR_OK;
         iter = json_object_iter_next(object.to, iter)) {
        rc = put_member(draft, scope, json_object_iter_key(iter),
            json_object_iter_value(iter), reason, msg);
    }
    return rc;
}

enum err
draft_settle(struct draft *draft, const struct draft_scope *scope,
    const char *name, const json_t *value, const char *reason,
    struct err_msg *msg)
{
    const struct schema_field *field = draft_field(scope, name, strlen(name));
    struct shown shown = {0};
    bool has_conflict = false;
    enum err rc = ERR_OK;

    if (field == NULL) {
        return err_set(
            msg, ERR_MALFORMED, "a %s has no such field", scope->kind->name);
    }
    rc = draft_shown(&shown, scope, field);
    has_conflict = shown.has_conflict;
    shown_release(&shown);
    if (rc == ERR_OK && !has_conflict) {
        return err_set(
            msg, ERR_CONFIG, "%s is not in conflict: use set", field->name);
    }
    if (rc == ERR_OK) {
        rc = field->rule == RULE_OWNER
                 ? draft_transfer(draft, scope, field, value, msg)
                 : put_one(draft, scope, field, value, reason, true, msg);
    }
    return draft_fault(rc, field, msg);
}

enum err
draft_owners(struct draft *draft, const struct draft_scope *scope)
{
    for (size_t i = 0; i < scope->kind->count; i++) {
        struct draft_op *op = NULL;

        if (scope->kind->fields[i].rule != RULE_OWNER) {
            continue;
        }
        op = draft_push(draft, scope->kind->fields[i].number, ACTION_TRANSFER);
        if (op == NULL) {
            return ERR_NOMEM;
        }
        op->op.office = *scope->office;
    }
    return ERR_OK;
}

enum err
draft_finish(struct draft *draft)
{
    enum err rc = mem_grow((void **)&draft->ops, &draft->op_capacity,
        draft->count, sizeof(*draft->ops));

    if (rc != ERR_OK) {
        return rc;
    }
    for (size_t i = 0; i < draft->count; i++) {
        const struct draft_op *item = &draft->items[i];
        struct change_op *op = &draft->ops[i];

        *op = item->op;
        if (op->has_value) {
            op->value.data = draft->bytes.data + item->value_at;
        }
        if (op->has_reason) {
            op->reason.data = draft->bytes.data + item->reason_at;
        }
        op->dots = op->dot_count > 0 ? draft->dots + item->dots_at : NULL;
    }
    return ERR_OK;
}
