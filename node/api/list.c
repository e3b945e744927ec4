/* SPDX-License-Identifier: Apache-2.0 */
/* Records in lists: by kind and values, in conflict; what was refused. */
#include <string.h>

#include "crypto/base/hex.h"
#include "node/api/draft.h"
#include "node/api/find.h"
#include "node/api/record_json.h"
#include "node/api/routes.h"
#include "node/api/standing.h"
#include "node/values/value_json.h"

enum { LIST_USUAL = 100, LIST_MAX = 1000 };

/* A list on its way to be an answer. */
struct listing {
    struct api_call *call;
    struct record_view view;
    json_t *array;
    uint64_t limit;
    uint64_t count;
    struct record_id last;
    bool has_more;
    bool wants_conflicts;
    char note[STANDING_BYTES]; /* why nothing can be listed, or empty */
    enum err rc;
};

static bool
list_one(void *context, const struct record *record)
{
    struct listing *l = context;
    json_t *json = NULL;
    json_t *conflicts = NULL;

    if (l->count == l->limit) {
        l->has_more = true;
        return false;
    }
    l->view.record = record;
    l->rc = record_json(&json, &l->view);
    if (l->rc == ERR_OK && l->wants_conflicts) {
        l->rc = record_conflicts_json(&conflicts, &l->view);
        put(&json, "conflicts", conflicts);
    }
    put_item(&l->array, json);
    l->last = record->id;
    l->count++;
    return l->rc == ERR_OK && l->array != NULL;
}

static enum err
listing_init(struct listing *l, struct api_call *call, struct err_msg *msg)
{
    struct view *view = NULL;
    enum err rc = call_view(call, &view, msg);

    *l = (struct listing){.call = call};
    if (rc == ERR_OK) {
        rc = call_number(call, "limit", LIST_USUAL, LIST_MAX, &l->limit, msg);
    }
    if (rc == ERR_OK) {
        rc = standing_sentence(l->note, view, msg);
    }
    if (rc == ERR_OK) {
        l->view = (struct record_view){.schema = view_schema(view),
            .membership = view_membership(view),
            .logs = view_logs(view),
            .lang = call_lang(call)};
        l->array = json_array();
    }
    return rc;
}

static void
listing_reply(struct listing *l, const char *name)
{
    json_t *json = json_object();

    put(&json, name, l->array);
    if (l->has_more) {
        put_hex(&json, "next", bytes_of(l->last.bytes, sizeof(l->last.bytes)));
    } else {
        put(&json, "next", json_null());
    }
    if (l->note[0] != '\0') {
        put_text(&json, "note", l->note);
    }
    reply(l->call, 200, json);
}

static bool
is_own_param(const char *name)
{
    static const char *const names[] = {
        "kind", "limit", "after", "full", "lang"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Filters: the values, one after the other in a buffer. */
struct filters {
    struct view_filter items[CALL_PARAMS_MAX];
    size_t ends[CALL_PARAMS_MAX];
    size_t count;
    struct buf values;
};

static enum err
add_filter(struct filters *filters, const struct draft_scope *scope,
    const struct call_param *param, struct err_msg *msg)
{
    const struct schema_field *field =
        draft_field(scope, param->name, strlen(param->name));
    json_t *text = NULL;
    json_t *resolved = NULL;
    enum err rc = ERR_OK;

    if (field == NULL) {
        return err_set(msg, ERR_MALFORMED,
            "a %s has no such field; \"corridor help %s\" lists them",
            scope->kind->name, scope->kind->name);
    }
    text = json_string(param->value);
    rc = text == NULL ? ERR_NOMEM
                      : draft_resolve(&resolved, scope, field, text, msg);
    if (rc == ERR_OK) {
        rc = field_from_json(field, resolved, &filters->values, msg);
    }
    if (rc == ERR_OK) {
        filters->items[filters->count].field = field->number;
        filters->ends[filters->count] = filters->values.size;
        filters->count++;
    }
    json_decref(text);
    json_decref(resolved);
    return draft_fault(rc, field, msg);
}

static enum err
read_filters(struct filters *filters, struct api_call *call,
    const struct schema_kind *kind, struct err_msg *msg)
{
    struct draft_scope scope = {.schema = view_schema(call->view),
        .kind = kind,
        .membership = view_membership(call->view),
        .logs = view_logs(call->view),
        .office = &call->node->home.office,
        .is_import = true, /* labels will do */
        .resolve = find_resolve,
        .context = call};
    enum err rc = ERR_OK;

    for (size_t i = 0; i < call->param_count && rc == ERR_OK; i++) {
        if (!is_own_param(call->params[i].name)) {
            rc = add_filter(filters, &scope, &call->params[i], msg);
        }
    }
    for (size_t i = 0; i < filters->count; i++) {
        size_t start = i == 0 ? 0 : filters->ends[i - 1];

        filters->items[i].value =
            bytes_of(filters->values.data + start, filters->ends[i] - start);
    }
    return rc;
}

static enum err
read_after(const struct api_call *call, struct record_id *out,
    const struct record_id **out_after, struct err_msg *msg)
{
    const char *text = call_param(call, "after");

    if (text == NULL) {
        return ERR_OK;
    }
    if (!hex_decode(text, strlen(text), out->bytes, sizeof(out->bytes))) {
        return err_set(
            msg, ERR_MALFORMED, "after is a whole id: 32 hex digits");
    }
    *out_after = out;
    return ERR_OK;
}

void
records_list(struct api_call *call)
{
    struct listing listing;
    struct filters filters = {.count = 0};
    struct view_query query = {0};
    struct record_id after;
    const struct schema_kind *kind = NULL;
    const char *name = call_param(call, "kind");
    struct err_msg msg = {""};
    enum err rc = listing_init(&listing, call, &msg);

    if (rc == ERR_OK) {
        rc = name == NULL
                 ? err_set(&msg, ERR_MALFORMED, "kind says what to list")
                 : find_kind(listing.view.schema, name, &kind, &msg);
    }
    if (rc == ERR_OK) {
        rc = read_after(call, &after, &query.after, &msg);
    }
    if (rc == ERR_OK) {
        rc = read_filters(&filters, call, kind, &msg);
    }
    if (rc == ERR_OK) {
        query.kind = kind->number;
        query.filters = filters.items;
        query.filter_count = filters.count;
        listing.view.listed_only = call_param(call, "full") == NULL;
        rc = view_list(call->view, &query, list_one, &listing, &msg);
    }
    if (rc == ERR_OK) {
        rc = listing.rc;
    }
    buf_release(&filters.values);
    if (rc != ERR_OK) {
        json_decref(listing.array);
        reply_err(call, rc, &msg);
        return;
    }
    listing_reply(&listing, "records");
}

void
conflicts_get(struct api_call *call)
{
    struct listing listing;
    struct err_msg msg = {""};
    enum err rc = listing_init(&listing, call, &msg);

    listing.wants_conflicts = true;
    listing.view.listed_only = true;
    for (size_t i = 0; rc == ERR_OK && i < listing.view.schema->kind_count &&
                       !listing.has_more;
         i++) {
        struct view_query query = {.kind = listing.view.schema->kinds[i].number,
            .conflicts_only = true};

        if (listing.view.schema->kinds[i].reserved) {
            continue;
        }
        rc = view_list(call->view, &query, list_one, &listing, &msg);
        rc = rc == ERR_OK ? listing.rc : rc;
    }
    if (rc != ERR_OK) {
        json_decref(listing.array);
        reply_err(call, rc, &msg);
        return;
    }
    listing_reply(&listing, "records");
}

struct refusing {
    struct record_view view;
    json_t *array;
    uint64_t limit;
    uint64_t count;
    bool has_more;
};

static bool
refused_one(void *context, const struct refused_item *item)
{
    struct refusing *r = context;
    struct op_id id = {item->dot, 0};
    json_t *json = NULL;

    if (r->count == r->limit) {
        r->has_more = true;
        return false;
    }
    json = json_object();
    put(&json, "entry", record_op_json(r->view.logs, &id));
    record_put_author(&json, r->view.membership, r->view.logs, item->dot.log);
    put_text(&json, "reason", void_reason_text(item->reason));
    put_item(&r->array, json);
    r->count++;
    return r->array != NULL;
}

void
refused_get(struct api_call *call)
{
    struct listing listing;
    struct refusing refusing = {.count = 0};
    struct err_msg msg = {""};
    json_t *json = NULL;
    enum err rc = listing_init(&listing, call, &msg);

    if (rc == ERR_OK) {
        refusing.view = listing.view;
        refusing.limit = listing.limit;
        refusing.array = listing.array;
        rc = view_refused(call->view, refused_one, &refusing, &msg);
    }
    if (rc != ERR_OK) {
        json_decref(refusing.array);
        reply_err(call, rc, &msg);
        return;
    }
    json = json_object();
    put(&json, "refused", refusing.array);
    put(&json, "more", json_boolean(refusing.has_more));
    reply(call, 200, json);
}
