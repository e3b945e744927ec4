/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where to reach other offices: the notes "address/<office hex>", each a CBOR
 * array of texts, which the dialler reads.
 */
#include <stdio.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "node/api/offices.h"
#include "node/api/routes.h"
#include "node/invite.h"
#include "node/serve/config.h"

static const char prefix[] = "address/";
enum { PREFIX_CHARS = sizeof(prefix) - 1, NAME_CHARS = PREFIX_CHARS + 64 };

struct listing {
    const struct membership *membership;
    json_t *array;
};

/* The note's texts; an empty array for a note that is none of ours. */
static json_t *
addresses_json(struct bytes note)
{
    struct cursor cursor = cursor_init(note);
    size_t count = cbor_get_array(&cursor);
    json_t *array = json_array();

    for (size_t i = 0; i < count && !cursor.failed; i++) {
        struct bytes text = cbor_get_text(&cursor);

        if (!cursor.failed) {
            put_item(&array, json_stringn((const char *)text.data, text.size));
        }
    }
    return array;
}

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
    put(&json, "addresses", addresses_json(value));
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
    struct buf addresses; /* encoded; empty: forget them */
};

static enum err
put_address(void *context, struct store *store, struct err_msg *msg)
{
    const struct note *note = context;

    return store_put_note(
        store, bytes_text(note->name), buf_bytes(&note->addresses), msg);
}

/* Find the office, write the note, tell the dialler. */
static void
change_peer(struct api_call *call, const char *text, struct note *note)
{
    struct err_msg msg = {""};
    struct view *view = NULL;
    const struct office *office = NULL;
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
        memcpy(note->name, prefix, PREFIX_CHARS);
        hex_encode(note->name + PREFIX_CHARS,
            bytes_of(office->id.bytes, sizeof(office->id.bytes)));
        json = office_json(office);
        call_view_close(call);
        rc = node_write(call->node, put_address, note, &msg);
    }
    if (rc != ERR_OK) {
        json_decref(json);
        reply_err(call, rc, &msg);
        return;
    }
    put(&json, "addresses", addresses_json(buf_bytes(&note->addresses)));
    reply(call, 200, json);
    call->after = AFTER_PEERS_CHANGED;
}

/* The body's addresses, checked and encoded. */
static enum err
read_addresses(
    const struct api_call *call, struct buf *out, struct err_msg *msg)
{
    const json_t *array = json_object_get(call->body, "addresses");
    size_t count = json_array_size(array);
    char host[CONFIG_ADDRESS_BYTES_MAX + 1];
    char port[6];

    if (count == 0 || count > INVITE_ADDRESSES_MAX) {
        return err_set(msg, ERR_MALFORMED,
            "the request wants an array \"addresses\" of 1 to %d",
            INVITE_ADDRESSES_MAX);
    }
    cbor_put_array(out, count);
    for (size_t i = 0; i < count; i++) {
        const char *address = json_string_value(json_array_get(array, i));

        if (address == NULL || strlen(address) > CONFIG_ADDRESS_BYTES_MAX ||
            !config_split_address(address, host, port)) {
            return err_set(
                msg, ERR_MALFORMED, "an address is HOST:PORT, or [IPV6]:PORT");
        }
        cbor_put_cstr(out, address);
    }
    return buf_err(out);
}

void
peers_put(struct api_call *call)
{
    struct err_msg msg = {""};
    struct note note = {.name = ""};
    const char *office = NULL;
    enum err rc = body_need(call, "office", &office, &msg);

    if (rc == ERR_OK) {
        rc = read_addresses(call, &note.addresses, &msg);
    }
    if (rc == ERR_OK) {
        change_peer(call, office, &note);
    } else {
        reply_err(call, rc, &msg);
    }
    buf_release(&note.addresses);
}

void
peers_delete(struct api_call *call)
{
    const char *office = call_param(call, "office");
    struct note note = {.name = ""};

    if (office == NULL) {
        reply_error(call, 400, "malformed", "office says which one", NULL);
        return;
    }
    change_peer(call, office, &note);
}
