/* SPDX-License-Identifier: Apache-2.0 */
/* Who is a member, and confirming who somebody is. */
#include <string.h>

#include "node/api/offices.h"
#include "node/api/roles.h"
#include "node/api/routes.h"

static json_t *
member_json(
    const struct membership *membership, const struct office *office, size_t n)
{
    json_t *json = office_json(office);
    json_t *nodes = json_array();

    for (size_t i = 0; i < membership->node_count; i++) {
        const struct member_node *node = &membership->nodes[i];
        json_t *item = NULL;

        if (node->office != n) {
            continue;
        }
        item = json_object();
        put_hex(&item, "id",
            bytes_of(node->cert.keys.sign.bytes,
                sizeof(node->cert.keys.sign.bytes)));
        put_text(&item, "name", node->cert.node_name);
        put_item(&nodes, item);
    }
    put_text(&json, "country", office->country);
    put_text(&json, "type", office->type);
    put(&json, "roles", roles_json(office->roles));
    put(&json, "founder", json_boolean(office->is_founder));
    put(&json, "firewall", json_boolean(office->firewall));
    put(&json, "confirmed", json_boolean(office->confirmed));
    put(&json, "retired", json_boolean(office->is_retired));
    put(&json, "nodes", nodes);
    return json;
}

void
members_get(struct api_call *call)
{
    struct err_msg msg = {""};
    struct view *view = NULL;
    const struct membership *membership = NULL;
    json_t *json = NULL;
    json_t *array = NULL;
    enum err rc = call_view(call, &view, &msg);

    if (rc != ERR_OK) {
        reply_err(call, rc, &msg);
        return;
    }
    membership = view_membership(view);
    array = json_array();
    for (size_t i = 0; i < membership->office_count; i++) {
        put_item(&array, member_json(membership, &membership->offices[i], i));
    }
    json = json_object();
    put_text(&json, "corridor", membership->name);
    put(&json, "share_by_default",
        json_boolean((membership->policy & POLICY_SHARE_BY_DEFAULT) != 0));
    put(&json, "members", array);
    reply(call, 200, json);
}

static enum err
state_confirmed(void *context, struct store *store, struct err_msg *msg)
{
    struct buf statement = {0};
    struct dot dot;
    enum err rc = ERR_OK;

    statement_put_confirm(&statement, context);
    rc = buf_err(&statement);
    if (rc == ERR_OK) {
        rc = store_state(store, buf_bytes(&statement), &dot, msg);
    }
    buf_release(&statement);
    return rc;
}

void
members_confirm(struct api_call *call)
{
    struct err_msg msg = {""};
    struct view *view = NULL;
    const char *text = NULL;
    const struct office *office = NULL;
    struct office_id id;
    json_t *json = NULL;
    bool was = false;
    enum err rc = body_need(call, "code", &text, &msg);

    if (rc == ERR_OK) {
        rc = call_view(call, &view, &msg);
    }
    if (rc == ERR_OK) {
        rc = office_find_code(
            view_membership(view), bytes_text(text), &office, &msg);
    }
    if (rc == ERR_OK) {
        id = office->id;
        was = office->confirmed;
        json = office_json(office);
        call_view_close(call);
        if (!was) {
            rc = node_write(call->node, state_confirmed, &id, &msg);
        }
    }
    if (rc != ERR_OK) {
        json_decref(json);
        reply_err(call, rc, &msg);
        return;
    }
    put(&json, "changed", json_boolean(!was));
    reply(call, 200, json);
}
