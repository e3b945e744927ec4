/* SPDX-License-Identifier: Apache-2.0 */
/* Giving an office other roles (docs/membership.md, "Rights"). */
#include "node/api/offices.h"
#include "node/api/roles.h"
#include "node/api/routes.h"

/* What is to be stated. */
struct giving {
    struct office_id office;
    uint8_t roles;
};

/*
 * Whether the statement counts is for the membership to say: who may act on
 * whom is its business (docs/membership.md, "Who acts on whom"). One that does
 * not is taken back.
 */
static enum err
state_roles(void *context, struct store *store, struct err_msg *msg)
{
    const struct giving *giving = context;
    const struct office *office = NULL;
    struct buf statement = {0};
    struct dot dot;
    enum err rc = ERR_OK;

    statement_put_roles(&statement, &giving->office, giving->roles);
    rc = buf_err(&statement);
    if (rc == ERR_OK) {
        rc = store_state(store, buf_bytes(&statement), &dot, msg);
    }
    buf_release(&statement);
    if (rc != ERR_OK) {
        return rc;
    }
    office = membership_office(store_membership(store), &giving->office);
    if (office == NULL || office->roles != giving->roles) {
        return err_set(msg, ERR_DENIED,
            "this office may not change the roles of that one: admins change "
            "those of offices that were admitted after their own");
    }
    return ERR_OK;
}

static enum err
check(const struct view *view, const struct office *office, struct err_msg *msg)
{
    const struct office *own = view_office(view);

    if (own == NULL || (own->roles & ROLE_ADMIN) == 0) {
        return err_set(
            msg, ERR_DENIED, "only an office with the role admin gives roles");
    }
    if (own == office) {
        return err_set(msg, ERR_DENIED,
            "an office does not change its own roles: another admin does");
    }
    return office->is_retired
               ? err_set(msg, ERR_DENIED, "that office was retired")
               : ERR_OK;
}

void
members_roles(struct api_call *call)
{
    struct giving giving = {.roles = 0};
    struct err_msg msg = {""};
    struct view *view = NULL;
    const char *text = NULL;
    const struct office *office = NULL;
    json_t *json = NULL;
    uint8_t before = 0;
    enum err rc = body_need(call, "office", &text, &msg);

    if (rc == ERR_OK) {
        rc = roles_read(
            &giving.roles, json_object_get(call->body, "roles"), &msg);
    }
    if (rc == ERR_OK) {
        rc = call_view(call, &view, &msg);
    }
    if (rc == ERR_OK) {
        rc =
            office_find(view_membership(view), bytes_text(text), &office, &msg);
    }
    if (rc == ERR_OK) {
        rc = check(view, office, &msg);
    }
    if (rc == ERR_OK) {
        giving.office = office->id;
        before = office->roles;
        json = office_json(office);
        call_view_close(call);
        if (before != giving.roles) {
            rc = node_write(call->node, state_roles, &giving, &msg);
        }
    }
    if (rc != ERR_OK) {
        json_decref(json);
        reply_err(call, rc, &msg);
        return;
    }
    put(&json, "roles", roles_json(giving.roles));
    put(&json, "taken", roles_json((uint8_t)(before & ~giving.roles)));
    reply(call, 200, json);
}
