/* SPDX-License-Identifier: Apache-2.0 */
/* Records one at a time: make, show, edit, settle. */
#include <string.h>

#include "node/api/find.h"
#include "node/api/kept.h"
#include "node/api/record_change.h"
#include "node/api/record_json.h"
#include "node/api/routes.h"

static void
fill_view(struct record_view *out, const struct api_call *call,
    const struct record *record)
{
    *out = (struct record_view){.record = record,
        .schema = view_schema(call->view),
        .membership = view_membership(call->view),
        .logs = view_logs(call->view),
        .lang = call_lang(call),
        .has_details = true};
}

/* The record as it stands, as JSON. */
static enum err
load(struct api_call *call, const struct found_record *found, json_t **out,
    struct version *version, struct err_msg *msg)
{
    struct record_view view;
    struct record record;
    enum err rc =
        view_record(call->view, found->kind, &found->id, &record, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    fill_view(&view, call, &record);
    rc = record_json(out, &view);
    if (rc == ERR_OK) {
        rc = view_version(call->view, &record, version);
        if (rc != ERR_OK) {
            json_decref(*out);
        }
    }
    record_release(&record);
    return rc;
}

void
records_get(struct api_call *call)
{
    struct found_record found;
    struct version version;
    struct err_msg msg = {""};
    json_t *json = NULL;
    enum err rc = ERR_OK;

    if (!find_record(call, call->args[0], &found)) {
        return;
    }
    rc = load(call, &found, &json, &version, &msg);
    if (rc != ERR_OK) {
        reply_err(call, rc, &msg);
        return;
    }
    reply(call, 200, json);
    reply_version(call, &version);
}

static enum err
run_change(void *context, struct store *store, struct err_msg *msg)
{
    struct record_change *change = context;
    enum err rc = record_change_run(change, store, msg);

    call_view_close(change->context);
    return rc;
}

/* What there is now, for whoever had seen something else. */
static void
reply_stale(struct api_call *call, const struct record_change *change,
    const struct err_msg *msg)
{
    struct found_record found = {change->kind, change->id};
    struct version version;
    json_t *json = NULL;
    struct view *view = NULL;

    if (call_view(call, &view, NULL) != ERR_OK ||
        load(call, &found, &json, &version, NULL) != ERR_OK) {
        json = NULL;
    }
    reply_error(call, 412, "stale", msg->text, json);
}

static void
reply_changed(
    struct api_call *call, const struct record_change *change, unsigned status)
{
    json_t *json = json_object();
    json_t *kept = NULL;

    put_hex(&json, "id",
        bytes_of(change->result.id.bytes, sizeof(change->result.id.bytes)));
    put(&json, "kind", record_kind_json(call->node->schema, change->kind));
    put_hex(&json, "version",
        bytes_of(change->result.version.bytes,
            sizeof(change->result.version.bytes)));
    put(&json, "changed", json_boolean(!change->is_unchanged));
    if (!change->is_new && !change->is_unchanged) {
        kept = kept_json(call, change);
    }
    if (kept != NULL) {
        put(&json, "kept", kept);
    }
    reply(call, status, json);
    reply_version(call, &change->result.version);
}

/* Write it and answer. */
static void
write_change(
    struct api_call *call, struct record_change *change, unsigned status)
{
    struct err_msg msg = {""};
    enum err rc = call_store(call, &msg);

    call_view_close(call);
    change->node = call->node;
    change->resolve = find_resolve;
    change->context = call;
    if (rc == ERR_OK && call->if_match[0] != '\0') {
        change->has_version = true;
        if (!find_version(call->if_match, &change->version)) {
            rc = err_set(&msg, ERR_STALE, "If-Match is no version of ours");
        }
    }
    if (rc == ERR_OK) {
        rc = node_write(call->node, run_change, change, &msg);
    }
    if (rc == ERR_OK) {
        reply_changed(call, change, status);
    } else if (rc == ERR_STALE) {
        reply_stale(call, change, &msg);
    } else {
        reply_err(call, rc, &msg);
    }
    draft_release(&change->draft);
}

/* The member "fields", which must be an object. */
static enum err
need_fields(
    const struct api_call *call, const json_t **out, struct err_msg *msg)
{
    const json_t *fields = json_object_get(call->body, "fields");

    if (!json_is_object(fields)) {
        return err_set(
            msg, ERR_MALFORMED, "the request wants an object \"fields\"");
    }
    *out = fields;
    return ERR_OK;
}

void
records_post(struct api_call *call)
{
    struct record_change change = {.is_new = true};
    const struct schema_kind *kind = NULL;
    struct err_msg msg = {""};
    const char *name = NULL;
    enum err rc = body_need(call, "kind", &name, &msg);

    if (rc == ERR_OK) {
        rc = find_kind(call->node->schema, name, &kind, &msg);
    }
    if (rc == ERR_OK) {
        rc = need_fields(call, &change.fields, &msg);
    }
    if (rc != ERR_OK) {
        reply_err(call, rc, &msg);
        return;
    }
    change.kind = kind->number;
    change.parent = body_text(call, "parent");
    change.reason = body_text(call, "reason");
    write_change(call, &change, 201);
}

void
records_patch(struct api_call *call)
{
    struct record_change change = {0};
    struct found_record found;
    struct err_msg msg = {""};
    enum err rc = need_fields(call, &change.fields, &msg);

    if (rc != ERR_OK) {
        reply_err(call, rc, &msg);
        return;
    }
    if (!find_record(call, call->args[0], &found)) {
        return;
    }
    change.kind = found.kind;
    change.id = found.id;
    change.reason = body_text(call, "reason");
    write_change(call, &change, 200);
}

void
records_settle(struct api_call *call)
{
    struct record_change change = {0};
    struct found_record found;
    struct err_msg msg = {""};
    enum err rc = body_need(call, "field", &change.settle, &msg);

    change.settle_value = json_object_get(call->body, "value");
    if (rc == ERR_OK && change.settle_value == NULL) {
        rc = err_set(&msg, ERR_MALFORMED, "the request wants a \"value\"");
    }
    if (rc != ERR_OK) {
        reply_err(call, rc, &msg);
        return;
    }
    if (!find_record(call, call->args[0], &found)) {
        return;
    }
    change.kind = found.kind;
    change.id = found.id;
    change.reason = body_text(call, "reason");
    write_change(call, &change, 200);
}
