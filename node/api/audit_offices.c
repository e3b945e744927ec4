/* SPDX-License-Identifier: Apache-2.0 */
/* Who admitted, enrolled, changed, confirmed and retired whom, and when. */
#include <string.h>

#include "crypto/base/num.h"
#include "node/api/audit.h"
#include "node/api/offices.h"
#include "node/api/record_json.h"
#include "node/api/roles.h"
#include "node/api/routes.h"
#include "storage/view_audit.h"
#include "sync/audit/words.h"
#include "sync/model/hlc.h"

enum { EVENTS_USUAL = 1000, EVENTS_MAX = 5000 };

struct events {
    struct api_call *call;
    const struct membership *membership;
    const struct log_table *logs;
    json_t *array;
    uint64_t limit;
    uint64_t count;
    uint64_t last; /* arrival number of the last one shown */
    bool has_more;
};

/* By whom, when, and in which entry. */
static enum err
put_act(json_t **json, struct view *view, struct dot dot, struct err_msg *msg)
{
    uint64_t time = 0;
    enum err rc = view_entry_time(view, dot, &time, msg);

    record_put_author(json, view_membership(view), view_logs(view), dot.log);
    put_time(json, "time", hlc_ms(time));
    put(json, "entry", audit_entry_json(view_logs(view), dot));
    return rc;
}

/* Where a log was cut; null while it is not. */
static void
put_cut(json_t **json, const char *name, uint64_t cut)
{
    if (cut == UINT64_MAX) {
        put(json, name, json_null());
    } else {
        put_number(json, name, cut);
    }
}

static enum err
node_json(struct view *view, const struct member_node *node, json_t **out,
    struct err_msg *msg)
{
    json_t *json = json_object();
    json_t *enrolled = json_object();
    enum err rc = put_act(&enrolled, view, node->enrolled, msg);

    put_hex(&json, "id",
        bytes_of(
            node->cert.keys.sign.bytes, sizeof(node->cert.keys.sign.bytes)));
    put_text(&json, "name", node->cert.node_name);
    put(&json, "enrolled", enrolled);
    put_cut(&json, "control_cut", node->cuts[LOG_CONTROL]);
    put_cut(&json, "changes_cut", node->cuts[LOG_CHANGES]);
    *out = json;
    return rc;
}

static enum err
put_nodes(json_t **json, struct view *view, size_t office, struct err_msg *msg)
{
    const struct membership *m = view_membership(view);
    json_t *nodes = json_array();
    enum err rc = ERR_OK;

    for (size_t i = 0; i < m->node_count && rc == ERR_OK; i++) {
        json_t *node = NULL;

        if (m->nodes[i].office == office) {
            rc = node_json(view, &m->nodes[i], &node, msg);
            put_item(&nodes, node);
        }
    }
    put(json, "nodes", nodes);
    return rc;
}

static enum err
add_office(json_t **array, struct view *view, size_t n, struct err_msg *msg)
{
    const struct office *office = &view_membership(view)->offices[n];
    json_t *json = office_json(office);
    json_t *admitted = json_null();
    enum err rc = ERR_OK;

    put_text(&json, "country", office->country);
    put_text(&json, "type", office->type);
    put(&json, "roles", roles_json(office->roles));
    put(&json, "founder", json_boolean(office->is_founder));
    put(&json, "firewall", json_boolean(office->firewall));
    put(&json, "confirmed", json_boolean(office->confirmed));
    put(&json, "retired", json_boolean(office->is_retired));
    if (office->has_admission) {
        admitted = json_object();
        rc = put_act(&admitted, view, office->admission, msg);
    }
    put(&json, "admitted", admitted);
    if (rc == ERR_OK) {
        rc = put_nodes(&json, view, n, msg);
    }
    put_item(array, json);
    return rc;
}

static bool
add_event(void *context, const struct view_statement *statement)
{
    struct events *e = context;
    const struct control *control = statement->control;
    struct buf text = {0};
    json_t *json = NULL;

    if (e->count == e->limit) {
        e->has_more = true;
        return false;
    }
    json = json_object();
    put_time(&json, "time", hlc_ms(control->time));
    put_text(&json, "what", words_statement(control->statement.type));
    record_put_author(&json, e->membership, e->logs, control->dot.log);
    put(&json, "entry", audit_entry_json(e->logs, control->dot));
    words_put_statement(&text, e->membership, control);
    put(&json, "text",
        buf_err(&text) == ERR_OK
            ? json_stringn((const char *)text.data, text.size)
            : NULL);
    buf_release(&text);
    if (statement->reason != VOID_NONE) {
        put_text(&json, "void", void_reason_text(statement->reason));
    }
    put_item(&e->array, json);
    e->last = statement->arrival;
    e->count++;
    return e->array != NULL;
}

static enum err
read_events(struct events *e, struct err_msg *msg)
{
    const char *text = call_param(e->call, "after");
    uint64_t from = 0;
    enum err rc =
        call_number(e->call, "limit", EVENTS_USUAL, EVENTS_MAX, &e->limit, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    if (text != NULL) {
        if (!num_parse_u64(text, strlen(text), &from) || from == UINT64_MAX) {
            return err_set(msg, ERR_MALFORMED,
                "\"after\" is what an answer had as \"next\"");
        }
        from++;
    }
    return view_statements(e->call->view, from, add_event, e, msg);
}

static json_t *
next_json(const struct events *e)
{
    return e->has_more ? json_sprintf("%llu", (unsigned long long)e->last)
                       : json_null();
}

void
audit_offices(struct api_call *call)
{
    struct err_msg msg = {""};
    struct view *view = NULL;
    struct events events = {.call = call};
    json_t *offices = NULL;
    json_t *json = NULL;
    enum err rc = call_view(call, &view, &msg);

    if (rc == ERR_OK) {
        events.membership = view_membership(view);
        events.logs = view_logs(view);
        events.array = json_array();
        offices = json_array();
        rc = read_events(&events, &msg);
    }
    for (size_t i = 0; rc == ERR_OK && i < events.membership->office_count;
         i++) {
        rc = add_office(&offices, view, i, &msg);
    }
    if (rc != ERR_OK) {
        json_decref(offices);
        json_decref(events.array);
        reply_err(call, rc, &msg);
        return;
    }
    json = json_object();
    put_text(&json, "corridor", events.membership->name);
    put(&json, "offices", offices);
    put(&json, "events", events.array);
    put(&json, "next", next_json(&events));
    reply(call, 200, json);
}
