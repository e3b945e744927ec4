/* SPDX-License-Identifier: Apache-2.0 */
/* Where to reach other offices: the notes "address/<office hex>". */
#include <stdio.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "node/api/offices.h"
#include "node/api/routes.h"
#include "node/serve/config.h"

static const char prefix[] = "address/";
enum { PREFIX_CHARS = sizeof(prefix) - 1, NAME_CHARS = PREFIX_CHARS + 64 };

struct listing {
    const struct membership *membership;
    json_t *array;
};

static bool
add_peer(void *context, struct bytes name, struct bytes value)
{
    struct listing *l = context;
    struct office_id id;
    json_t *json = NULL;

    if (name.size != NAME_CHARS ||
        !hex_decode((const char *)name.data + PREFIX_CHARS, 64, id.bytes,
            sizeof(id.bytes))) {
        return true;
    }
    json = json_object();
    put(&json, "office", office_id_json(l->membership, &id));
    put(&json, "address", json_stringn((const char *)value.data, value.size));
    put_item(&l->array, json);
    return l->array != NULL;
}

void
peers_get(struct api_call *call)
{
    struct err_msg msg = {""};
    struct view *view = NULL;
    struct listing listing = {.array = NULL};
    json_t *json = NULL;
    enum err rc = call_view(call, &view, &msg);

    if (rc == ERR_OK) {
        listing.membership = view_membership(view);
        listing.array = json_array();
        rc = view_notes(
            view, bytes_of(prefix, PREFIX_CHARS), add_peer, &listing, &msg);
    }
    if (rc != ERR_OK) {
        json_decref(listing.array);
        reply_err(call, rc, &msg);
        return;
    }
    json = json_object();
    put(&json, "peers", listing.array);
    reply(call, 200, json);
}

struct note {
    char name[NAME_CHARS + 1];
    const char *address; /* "": forget it */
};

static enum err
put_address(void *context, struct store *store, struct err_msg *msg)
{
    const struct note *note = context;

    return store_put_note(
        store, bytes_text(note->name), bytes_text(note->address), msg);
}

/* Find the office, write the note, tell the dialler. */
static void
change_peer(struct api_call *call, const char *text, const char *address)
{
    struct err_msg msg = {""};
    struct view *view = NULL;
    const struct office *office = NULL;
    struct note note = {.address = address};
    json_t *json = NULL;
    enum err rc = call_view(call, &view, &msg);

    if (rc == ERR_OK) {
        rc =
            office_find(view_membership(view), bytes_text(text), &office, &msg);
    }
    if (rc == ERR_OK &&
        office_id_equal(&office->id, &call->node->home.office)) {
        rc = err_set(&msg, ERR_MALFORMED, "that is this office itself");
    }
    if (rc == ERR_OK) {
        memcpy(note.name, prefix, PREFIX_CHARS);
        hex_encode(note.name + PREFIX_CHARS,
            bytes_of(office->id.bytes, sizeof(office->id.bytes)));
        json = office_json(office);
        call_view_close(call);
        rc = node_write(call->node, put_address, &note, &msg);
    }
    if (rc != ERR_OK) {
        json_decref(json);
        reply_err(call, rc, &msg);
        return;
    }
    put_text(&json, "address", address);
    reply(call, 200, json);
    call->after = AFTER_PEERS_CHANGED;
}

void
peers_put(struct api_call *call)
{
    struct err_msg msg = {""};
    char host[CONFIG_ADDRESS_BYTES_MAX + 1];
    char port[6];
    const char *office = NULL;
    const char *address = NULL;
    enum err rc = body_need(call, "office", &office, &msg);

    if (rc == ERR_OK) {
        rc = body_need(call, "address", &address, &msg);
    }
    if (rc == ERR_OK && !config_split_address(address, host, port)) {
        rc = err_set(
            &msg, ERR_MALFORMED, "an address is HOST:PORT, or [IPV6]:PORT");
    }
    if (rc != ERR_OK) {
        reply_err(call, rc, &msg);
        return;
    }
    change_peer(call, office, address);
}

void
peers_delete(struct api_call *call)
{
    const char *office = call_param(call, "office");

    if (office == NULL) {
        reply_error(call, 400, "malformed", "office says which one", NULL);
        return;
    }
    change_peer(call, office, "");
}
