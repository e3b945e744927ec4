/* SPDX-License-Identifier: Apache-2.0 */
/* Founding and joining a corridor, and passes of syncing. */
#include <string.h>

#include "crypto/base/mem.h"
#include "node/api/offices.h"
#include "node/api/routes.h"
#include "node/serve/server.h"

enum { JOIN_MS_USUAL = 60 * 1000, SYNC_MS_USUAL = 60 * 1000 };
#define WAIT_MS_MAX ((json_int_t)24 * 60 * 60 * 1000)

static enum err
read_timeout(const struct api_call *call, json_int_t usual, uint64_t *out,
    struct err_msg *msg)
{
    const json_t *json = json_object_get(call->body, "timeout_ms");
    json_int_t ms = json == NULL ? usual : json_integer_value(json);

    if (ms <= 0 || ms > WAIT_MS_MAX) {
        return err_set(
            msg, ERR_MALFORMED, "timeout_ms is more than 0, and 24 h at most");
    }
    *out = (uint64_t)ms;
    return ERR_OK;
}

static json_t *
corridor_json(const struct home *home)
{
    json_t *json = json_object();

    put_hex(&json, "id",
        bytes_of(home->corridor.bytes, sizeof(home->corridor.bytes)));
    put_text(&json, "name", home->corridor_name);
    return json;
}

/* A view of the body, which api_call_free overwrites. */
static struct bytes
take_passphrase(const struct api_call *call)
{
    const char *text = body_text(call, "passphrase");

    return text == NULL ? bytes_of(NULL, 0) : bytes_text(text);
}

void
corridor_found(struct api_call *call)
{
    struct err_msg msg = {""};
    const char *name = NULL;
    uint64_t policy =
        body_bool(call, "share_by_default") ? POLICY_SHARE_BY_DEFAULT : 0;
    enum err rc = body_need(call, "name", &name, &msg);

    if (rc == ERR_OK) {
        rc = node_found(call->node, name, policy, take_passphrase(call), &msg);
    }
    if (rc != ERR_OK) {
        reply_err(call, rc, &msg);
        return;
    }
    reply(call, 201, corridor_json(&call->node->home));
    call->after = AFTER_STORE_OPENED;
}

/* What run found out for start. */
struct joining {
    struct invite invite;
    struct buf cert;
    uint64_t timeout_ms;
};

static void
joining_free(void *state)
{
    struct joining *joining = state;

    buf_release(&joining->cert);
    mem_wipe(&joining->invite, sizeof(joining->invite));
    mem_free(joining);
}

static enum err
prepare_join(
    struct api_call *call, struct joining *joining, struct err_msg *msg)
{
    const char *line = NULL;
    enum err rc = body_need(call, "line", &line, msg);

    if (rc == ERR_OK && call->node->home.has_corridor) {
        rc = err_set(msg, ERR_EXISTS,
            "this home is in a corridor already; each has a home of its own");
    }
    if (rc == ERR_OK) {
        rc = read_timeout(call, JOIN_MS_USUAL, &joining->timeout_ms, msg);
    }
    if (rc == ERR_OK) {
        rc = invite_parse(&joining->invite, bytes_text(line), msg);
    }
    if (rc == ERR_OK) {
        rc = node_certify(call->node, &joining->invite.corridor,
            take_passphrase(call), &joining->cert, msg);
    }
    return rc;
}

void
corridor_join_run(struct api_call *call)
{
    struct err_msg msg = {""};
    struct joining *joining = mem_zalloc(1, sizeof(*joining));
    enum err rc =
        joining == NULL ? ERR_NOMEM : prepare_join(call, joining, &msg);

    call->state = joining;
    call->state_free = joining == NULL ? NULL : joining_free;
    if (rc == ERR_OK && call->api->options.server == NULL) {
        rc = err_set(&msg, ERR_CONFIG, "nothing here talks to peers");
    }
    if (rc != ERR_OK) {
        reply_err(call, rc, &msg);
    } else {
        call->api->is_joining = true; /* start follows in any case */
    }
}

/* Whoever comes to the gate after this sees all that the joining did. */
static void
end_joining(struct api *api)
{
    uv_rwlock_wrlock(&api->gate);
    api->is_joining = false;
    uv_rwlock_wrunlock(&api->gate);
}

static void
on_joined(void *context, enum err rc, const struct err_msg *msg)
{
    struct api_call *call = context;

    end_joining(call->api);
    if (rc != ERR_OK) {
        reply_err(call, rc, msg);
    } else {
        reply(call, 200, corridor_json(&call->node->home));
    }
    call_done(call);
}

void
corridor_join_start(struct api_call *call)
{
    const struct joining *joining = call->state;
    struct join_request request = {.invite = &joining->invite,
        .cert = buf_bytes(&joining->cert),
        .timeout_ms = joining->timeout_ms,
        .done = on_joined,
        .context = call};
    enum err rc = server_join(call->api->options.server, &request);

    if (rc != ERR_OK) {
        end_joining(call->api);
        reply_err(call, rc, NULL);
        call_done(call);
    }
}

struct syncing {
    bool has_office;
    struct office_id office;
    uint64_t timeout_ms;
};

static void
syncing_free(void *state)
{
    mem_free(state);
}

static enum err
prepare_sync(
    struct api_call *call, struct syncing *syncing, struct err_msg *msg)
{
    const char *text = body_text(call, "office");
    const struct office *office = NULL;
    struct view *view = NULL;
    enum err rc = call_view(call, &view, msg);

    if (rc == ERR_OK) {
        rc = read_timeout(call, SYNC_MS_USUAL, &syncing->timeout_ms, msg);
    }
    if (rc == ERR_OK && text != NULL) {
        rc = office_find(view_membership(view), bytes_text(text), &office, msg);
    }
    if (rc == ERR_OK && office != NULL) {
        syncing->has_office = true;
        syncing->office = office->id;
    }
    if (rc == ERR_OK && call->api->options.server == NULL) {
        rc = err_set(msg, ERR_CONFIG, "nothing here talks to peers");
    }
    return rc;
}

void
sync_run(struct api_call *call)
{
    struct err_msg msg = {""};
    struct syncing *syncing = mem_zalloc(1, sizeof(*syncing));
    enum err rc =
        syncing == NULL ? ERR_NOMEM : prepare_sync(call, syncing, &msg);

    call->state = syncing;
    call->state_free = syncing_free;
    if (rc != ERR_OK) {
        reply_err(call, rc, &msg);
    }
}

static void
on_synced(
    void *context, enum err rc, const char *text, const struct err_msg *msg)
{
    struct api_call *call = context;
    json_t *offices =
        text == NULL || text[0] == '\0'
            ? json_object()
            : json_loadb(text, strlen(text), JSON_REJECT_DUPLICATES, NULL);
    json_t *json = NULL;

    if (rc == ERR_BUSY) {
        reply_error(call, 504, "not_confirmed",
            msg != NULL && msg->text[0] != '\0'
                ? msg->text
                : "not every office confirmed within the time",
            offices);
    } else if (rc != ERR_OK) {
        json_decref(offices);
        reply_err(call, rc, msg);
    } else if (json_object_size(offices) == 0) {
        /* Nobody was asked, so nobody has confirmed anything. */
        json_decref(offices);
        reply_error(call, 409, "config",
            "no office has an address here: \"corridor peer add OFFICE "
            "ADDRESS\"",
            NULL);
    } else {
        json = json_object();
        put(&json, "confirmed", json_true());
        put(&json, "offices", offices);
        reply(call, 200, json);
    }
    call_done(call);
}

void
sync_start(struct api_call *call)
{
    const struct syncing *syncing = call->state;
    struct sync_request request = {
        .office = syncing->has_office ? &syncing->office : NULL,
        .timeout_ms = syncing->timeout_ms,
        .done = on_synced,
        .context = call};
    enum err rc = server_sync(call->api->options.server, &request);

    if (rc != ERR_OK) {
        reply_err(call, rc, NULL);
        call_done(call);
    }
}
