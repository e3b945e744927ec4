/* SPDX-License-Identifier: Apache-2.0 */
/* How things stand with every peer, as JSON. */
#include <jansson.h>

#include "crypto/base/hex.h"
#include "crypto/code.h"
#include "node/serve/server_internal.h"

static int
put_part(const char *text, size_t size, void *context)
{
    struct buf *out = context;

    buf_put(out, text, size);
    return buf_err(out) == ERR_OK ? 0 : -1;
}

enum err
status_put_json(struct buf *out, const struct json_t *json)
{
    return json_dump_callback(json, put_part, out, JSON_COMPACT) == 0
               ? buf_err(out)
               : ERR_NOMEM;
}

static json_t *
hex_json(const uint8_t bytes[32])
{
    char hex[65];

    hex_encode(hex, bytes_of(bytes, 32));
    return json_string(hex);
}

static json_t *
number(uint64_t value)
{
    return json_integer((json_int_t)(value & INT64_MAX));
}

/* Unix milliseconds, or null for never. */
static json_t *
time_json(uint64_t ms)
{
    return ms == 0 ? json_null() : number(ms);
}

static enum err
add_node(struct server *server, const struct cert *cert, json_t *nodes)
{
    struct peer_status status;
    json_t *item = NULL;
    enum err rc = engine_peer_status(server->engine, &cert->keys.sign, &status);

    if (rc != ERR_OK) {
        return rc;
    }
    item = json_object();
    json_object_set_new(item, "node", hex_json(cert->keys.sign.bytes));
    json_object_set_new(item, "name", json_string(cert->node_name));
    json_object_set_new(item, "connected", json_boolean(status.is_connected));
    if (status.is_connected) {
        json_object_set_new(item, "we_called", json_boolean(status.is_dialler));
        json_object_set_new(item, "bytes_sent", number(status.bytes_sent));
        json_object_set_new(
            item, "bytes_received", number(status.bytes_received));
    }
    json_object_set_new(item, "synced", json_boolean(status.is_synced));
    json_object_set_new(
        item, "holds_content", json_boolean(!status.lacks_bodies));
    json_object_set_new(
        item, "headers_confirmed", json_boolean(status.has_headers));
    json_object_set_new(item, "confirmed_ms", time_json(status.confirmed_ms));
    json_object_set_new(item, "seen_ms", time_json(status.seen_ms));
    json_object_set_new(item, "waiting", number(status.waiting));
    json_object_set_new(item, "missing", number(status.missing));
    return json_array_append_new(nodes, item) == 0 ? ERR_OK : ERR_NOMEM;
}

static void
add_addresses(
    struct server *server, const struct office_id *office, json_t *item)
{
    struct dial *dial = dialler_find(server, office);
    json_t *addresses = json_array();

    for (size_t i = 0; dial != NULL && i < dial->address_count; i++) {
        json_array_append_new(addresses, json_string(dial->addresses[i]));
    }
    json_object_set_new(item, "addresses", addresses);
    if (dial != NULL && !dial->is_calling && dial->why[0] != '\0') {
        json_object_set_new(item, "trouble", json_string(dial->why));
    }
}

static enum err
add_office(struct server *server, const struct membership *membership,
    uint32_t place, json_t *offices)
{
    const struct office *office = &membership->offices[place];
    char code[OFFICE_CODE_CHARS + 1];
    json_t *item = json_object();
    json_t *nodes = json_array();
    enum err rc = ERR_OK;

    office_code(code, &office->id);
    json_object_set_new(item, "office", hex_json(office->id.bytes));
    json_object_set_new(item, "code", json_string(code));
    json_object_set_new(item, "name", json_string(office->name));
    json_object_set_new(item, "confirmed", json_boolean(office->confirmed));
    json_object_set_new(item, "retired", json_boolean(office->is_retired));
    add_addresses(server, &office->id, item);
    json_object_set_new(item, "nodes", nodes);
    for (size_t i = 0; rc == ERR_OK && i < membership->node_count; i++) {
        const struct member_node *node = &membership->nodes[i];
        if (node->office == place &&
            !node_id_equal(&node->cert.keys.sign, &server->node->home.node)) {
            rc = add_node(server, &node->cert, nodes);
        }
    }
    if (json_array_append_new(offices, item) != 0 && rc == ERR_OK) {
        rc = ERR_NOMEM;
    }
    return rc;
}

/* Every office but our own, and ours if it has other nodes. */
static enum err
add_offices(struct server *server, json_t *offices)
{
    struct view *view = NULL;
    const struct membership *membership = NULL;
    enum err rc = ERR_OK;

    if (server->node->store == NULL) {
        return ERR_OK;
    }
    rc = view_open(&view, server->node->store, NULL);
    if (rc != ERR_OK) {
        return rc;
    }
    membership = view_membership(view);
    for (size_t i = 0; rc == ERR_OK && i < membership->office_count; i++) {
        bool is_wanted = !office_id_equal(
            &membership->offices[i].id, &server->node->home.office);
        for (size_t j = 0; !is_wanted && j < membership->node_count; j++) {
            is_wanted = membership->nodes[j].office == i &&
                        !node_id_equal(&membership->nodes[j].cert.keys.sign,
                            &server->node->home.node);
        }
        if (is_wanted) {
            rc = add_office(server, membership, (uint32_t)i, offices);
        }
    }
    view_close(view);
    return rc;
}

enum err
server_status(struct server *server, struct buf *out)
{
    json_t *all = json_object();
    json_t *offices = json_array();
    enum err rc = ERR_OK;

    json_object_set_new(all, "listen", json_string(server->listener.address));
    json_object_set_new(all, "dials", json_boolean(server->options.dials));
    json_object_set_new(all, "joining", json_boolean(server->join != NULL));
    json_object_set_new(all, "offices", offices);
    rc = add_offices(server, offices);
    if (rc == ERR_OK) {
        rc = status_put_json(out, all);
    }
    json_decref(all);
    return rc;
}
