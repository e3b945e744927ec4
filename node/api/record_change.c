/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/record_change.h"

#include <string.h>

#include "crypto/base/hex.h"
#include "node/values/value_json.h"

/* The field that names the record's parent once and for all; NULL: none. */
static const struct schema_field *
parent_field(const struct schema_kind *kind)
{
    for (size_t i = 0; kind->parent != 0 && i < kind->count; i++) {
        if (kind->fields[i].rule == RULE_ONCE &&
            kind->fields[i].type == VALUE_REF &&
            kind->fields[i].ref_kind == kind->parent) {
            return &kind->fields[i];
        }
    }
    return NULL;
}

/* By "parent", or by the field that says the same. */
static enum err
find_parent(const struct record_change *change, const struct schema_kind *kind,
    struct edit *edit, struct err_msg *msg)
{
    const struct schema_field *field = parent_field(kind);
    const char *text = change->parent;
    char hex[33];
    enum err rc = ERR_OK;

    if (text == NULL && field != NULL) {
        text = json_string_value(json_object_get(change->fields, field->name));
    }
    if (text == NULL) {
        return kind->parent == 0
                   ? ERR_OK
                   : err_set(msg, ERR_MALFORMED,
                         "a %s belongs to another record: say which by "
                         "\"%s\"",
                         kind->name, field != NULL ? field->name : "parent");
    }
    rc = change->resolve(change->context, text, hex, msg);
    if (rc == ERR_OK && hex_decode(hex, 32, edit->parent.bytes, 16)) {
        edit->has_parent = true;
    }
    return rc;
}

/* The field that says the parent, when only "parent" was given. */
static enum err
put_parent(struct record_change *change, const struct draft_scope *scope,
    const struct edit *edit, struct err_msg *msg)
{
    const struct schema_field *field = parent_field(scope->kind);
    char hex[33];
    json_t *fields = NULL;
    enum err rc = ERR_NOMEM;

    if (field == NULL || !edit->has_parent ||
        json_object_get(change->fields, field->name) != NULL) {
        return ERR_OK;
    }
    hex_encode(hex, bytes_of(edit->parent.bytes, sizeof(edit->parent.bytes)));
    fields = json_pack("{s:s}", field->name, hex);
    if (fields != NULL) {
        rc = draft_fields(&change->draft, scope, fields, NULL, msg);
    }
    json_decref(fields);
    return rc;
}

static enum err
draft_new(struct record_change *change, const struct draft_scope *scope,
    struct edit *edit, struct err_msg *msg)
{
    enum err rc = find_parent(change, scope->kind, edit, msg);

    if (rc == ERR_OK) {
        rc = draft_owners(&change->draft, scope);
    }
    if (rc == ERR_OK) {
        rc = put_parent(change, scope, edit, msg);
    }
    return rc;
}

static enum err
draft_all(struct record_change *change, const struct draft_scope *scope,
    struct edit *edit, struct err_msg *msg)
{
    enum err rc = ERR_OK;

    draft_clear(&change->draft);
    if (change->is_new) {
        rc = draft_new(change, scope, edit, msg);
    }
    if (rc == ERR_OK && change->settle != NULL) {
        rc = draft_settle(&change->draft, scope, change->settle,
            change->settle_value, change->reason, msg);
    } else if (rc == ERR_OK) {
        rc = draft_fields(
            &change->draft, scope, change->fields, change->reason, msg);
    }
    return rc == ERR_OK ? draft_finish(&change->draft) : rc;
}

/* The record's version, which may have to be the one that was seen. */
static enum err
check_version(const struct record_change *change, const struct record *record,
    const struct log_table *logs, struct version *out, struct err_msg *msg)
{
    struct hash digest;
    enum err rc = record_digest(&digest, record, logs);

    if (rc != ERR_OK) {
        return rc;
    }
    memcpy(out->bytes, digest.bytes, sizeof(out->bytes));
    if (change->has_version &&
        memcmp(out->bytes, change->version.bytes, sizeof(out->bytes)) != 0) {
        return err_set(msg, ERR_STALE,
            "the record has changed since it was read; look at it again");
    }
    return ERR_OK;
}

enum err
record_change_run(
    struct record_change *change, struct store *store, struct err_msg *msg)
{
    struct draft_scope scope = {.schema = change->node->schema,
        .kind = schema_kind(change->node->schema, change->kind),
        .membership = store_membership(store),
        .logs = store_logs(store),
        .office = &change->node->home.office,
        .is_import = change->is_import,
        .resolve = change->resolve,
        .context = change->context};
    struct edit edit = {.is_new = change->is_new,
        .kind = change->kind,
        .id = change->id,
        .has_version = change->has_version,
        .version = change->version,
        .without_result = change->is_import};
    enum err rc = ERR_OK;

    change->is_unchanged = false;
    if (scope.kind == NULL) {
        return err_set(msg, ERR_MALFORMED,
            "records of a kind of a newer version cannot be edited here");
    }
    if (!change->is_new) {
        rc = store_record(store, change->kind, &change->id, &scope.record, msg);
    }
    if (rc == ERR_OK && change->has_version && !change->is_new) {
        rc = check_version(
            change, scope.record, scope.logs, &change->result.version, msg);
    }
    if (rc == ERR_OK) {
        rc = draft_all(change, &scope, &edit, msg);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (!change->is_new && change->draft.count == 0) {
        change->result.id = change->id;
        change->is_unchanged = true;
        return check_version(
            change, scope.record, scope.logs, &change->result.version, msg);
    }
    edit.ops = change->draft.ops;
    edit.op_count = change->draft.count;
    return store_edit(store, &edit, &change->result, msg);
}
