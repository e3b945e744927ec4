/* SPDX-License-Identifier: Apache-2.0 */
/* How this node stands: the store's figures, then what the loop knows. */
#include <string.h>

#include "crypto/code.h"
#include "node/api/offices.h"
#include "node/api/routes.h"
#include "node/api/standing.h"
#include "node/api/vouching.h"
#include "node/api/witnesses.h"
#include "node/serve/server.h"

static json_t *
own_office_json(const struct home *home)
{
    char code[OFFICE_CODE_CHARS + 1];
    json_t *json = json_object();

    office_code(code, &home->office);
    put_hex(
        &json, "id", bytes_of(home->office.bytes, sizeof(home->office.bytes)));
    put_text(&json, "name", home->office_name);
    put_text(&json, "code", code);
    return json;
}

static json_t *
node_json(const struct home *home)
{
    json_t *json = json_object();

    put_hex(&json, "id", bytes_of(home->node.bytes, sizeof(home->node.bytes)));
    put_text(&json, "name", home->node_name);
    return json;
}

static json_t *
corridor_json(const struct home *home)
{
    json_t *json = NULL;

    if (!home->has_corridor) {
        return json_null();
    }
    json = json_object();
    put_hex(&json, "id",
        bytes_of(home->corridor.bytes, sizeof(home->corridor.bytes)));
    put_text(&json, "name", home->corridor_name);
    return json;
}

static enum err
put_counts(json_t **json, struct view *view, struct err_msg *msg)
{
    struct view_stat stat;
    json_t *counts = json_object();
    enum err rc = view_stat(view, &stat, msg);

    if (rc != ERR_OK) {
        json_decref(counts);
        return rc;
    }
    put_number(&counts, "logs", stat.logs);
    put_number(&counts, "entries", stat.entries);
    put_number(&counts, "records", stat.records);
    put_number(&counts, "refused", stat.refused);
    put_number(&counts, "waiting_for_keys",
        standing_opens(view) ? stat.pending_keys : 0);
    put_number(&counts, "waiting_for_entries", stat.unapplied);
    put_number(&counts, "unindexed", stat.unindexed);
    put(json, "counts", counts);
    return ERR_OK;
}

static enum err
put_disk(json_t **json, struct store *store, struct err_msg *msg)
{
    struct env_stat stat;
    json_t *disk = json_object();
    enum err rc = env_stat(store_env(store), &stat, msg);

    if (rc != ERR_OK) {
        json_decref(disk);
        return rc;
    }
    put_number(&disk, "bytes_used", stat.bytes_used);
    put_number(&disk, "bytes_free", stat.bytes_free);
    put(json, "disk", disk);
    return ERR_OK;
}

static void
put_members(json_t **json, const struct membership *membership)
{
    json_t *unconfirmed = json_array();
    size_t count = 0;

    for (size_t i = 0; i < membership->office_count; i++) {
        const struct office *office = &membership->offices[i];

        count += !office->is_retired;
        if (!office->is_retired && !office->confirmed) {
            put_item(&unconfirmed, office_json(office));
        }
    }
    put_number(json, "members", count);
    put(json, "unconfirmed", unconfirmed);
}

static void
drop_json(void *state)
{
    json_decref(state);
}

/* What the store knows; forks come first. */
static enum err
put_store(struct api_call *call, json_t **json, struct err_msg *msg)
{
    struct view *view = NULL;
    enum err rc = call_view(call, &view, msg);

    if (rc == ERR_OK) {
        rc = vouching_put_forks(json, view, false, msg);
    }
    if (rc == ERR_OK) {
        rc = put_counts(json, view, msg);
    }
    if (rc == ERR_OK) {
        rc = standing_put(json, view, msg);
    }
    if (rc == ERR_OK) {
        rc = vouching_put(json, view, &call->node->home.node, msg);
    }
    if (rc == ERR_OK) {
        rc = witnesses_put(json, view, msg);
    }
    if (rc == ERR_OK) {
        rc = put_disk(json, call->node->store, msg);
    }
    if (rc == ERR_OK) {
        put_members(json, view_membership(view));
    }
    return rc;
}

void
status_run(struct api_call *call)
{
    const struct home *home = &call->node->home;
    struct err_msg msg = {""};
    json_t *json = json_object();
    enum err rc = ERR_OK;

    if (call->node->store != NULL) {
        rc = put_store(call, &json, &msg);
    }
    put(&json, "office", own_office_json(home));
    put(&json, "node", node_json(home));
    put(&json, "corridor", corridor_json(home));
    if (rc != ERR_OK) {
        json_decref(json);
        reply_err(call, rc, &msg);
        return;
    }
    call->state = json;
    call->state_free = drop_json;
}

/* The daemon's peers; a command without a daemon knows of none. */
static enum err
peers_json(struct api_call *call, json_t **out)
{
    struct server *server = call->api->options.server;
    struct buf text = {0};
    json_t *json = NULL;
    enum err rc = ERR_OK;

    if (server == NULL || call->api->options.stop == NULL) {
        *out = json_null();
        return ERR_OK;
    }
    rc = server_status(server, &text);
    if (rc == ERR_OK) {
        json = json_loadb(
            (const char *)text.data, text.size, JSON_DECODE_ANY, NULL);
        rc = json == NULL ? ERR_NOMEM : ERR_OK;
    }
    buf_release(&text);
    if (rc == ERR_OK) {
        *out = json;
    }
    return rc;
}

void
status_start(struct api_call *call)
{
    json_t *json = call->state;
    json_t *peers = NULL;
    enum err rc = peers_json(call, &peers);

    call->state = NULL;
    call->state_free = NULL;
    if (rc != ERR_OK) {
        json_decref(json);
        reply_err(call, rc, NULL);
    } else {
        put(&json, "daemon", json_boolean(call->api->options.stop != NULL));
        put(&json, "peers", peers);
        reply(call, 200, json);
    }
    call_done(call);
}
