/* SPDX-License-Identifier: Apache-2.0 */
/* Invitations: one line for one office. */
#include <string.h>

#include "crypto/base/mem.h"
#include "node/api/roles.h"
#include "node/api/routes.h"
#include "node/invite.h"
#include "node/serve/config.h"
#include "node/serve/server.h"

enum { EXPIRES_S_USUAL = 7 * 24 * 60 * 60, EXPIRES_S_MAX = 90 * 24 * 60 * 60 };

/* What is written, and what is said. */
struct inviting {
    struct invite invite;
    struct invitation kept;
};

static enum err
read_roles(const struct api_call *call, uint8_t *out, struct err_msg *msg)
{
    const json_t *array = json_object_get(call->body, "roles");

    if (array == NULL) {
        *out = ROLE_WRITE | ROLE_READ;
        return ERR_OK;
    }
    return roles_read(out, array, msg);
}

static enum err
add_address(struct invite *invite, const char *address, struct err_msg *msg)
{
    char host[CONFIG_ADDRESS_BYTES_MAX + 1];
    char port[6];
    size_t size = address == NULL ? 0 : strlen(address);

    if (size == 0 || size > INVITE_ADDRESS_BYTES_MAX ||
        !config_split_address(address, host, port)) {
        return err_set(
            msg, ERR_MALFORMED, "an address is HOST:PORT, or [IPV6]:PORT");
    }
    if (invite->address_count == INVITE_ADDRESSES_MAX) {
        return err_set(
            msg, ERR_TOO_BIG, "at most %d addresses", INVITE_ADDRESSES_MAX);
    }
    memcpy(invite->addresses[invite->address_count], address, size + 1);
    invite->address_count++;
    return ERR_OK;
}

/* Those given; else the listener's, unless it says "everywhere". */
static enum err
read_addresses(
    const struct api_call *call, struct invite *invite, struct err_msg *msg)
{
    const json_t *array = json_object_get(call->body, "addresses");
    const struct server *server = call->api->options.server;
    const char *own = server != NULL ? server_listen_address(server) : "";
    enum err rc = ERR_OK;

    for (size_t i = 0; i < json_array_size(array) && rc == ERR_OK; i++) {
        rc = add_address(
            invite, json_string_value(json_array_get(array, i)), msg);
    }
    if (rc == ERR_OK && invite->address_count == 0 && own[0] != '\0' &&
        strncmp(own, "0.0.0.0:", 8) != 0 && strncmp(own, "[::]:", 5) != 0) {
        rc = add_address(invite, own, msg);
    }
    if (rc == ERR_OK && invite->address_count == 0) {
        rc = err_set(msg, ERR_MALFORMED,
            "say where the other office reaches this one: --address "
            "HOST:PORT");
    }
    return rc;
}

static enum err
read_terms(struct api_call *call, struct inviting *in, struct err_msg *msg)
{
    const json_t *seconds = json_object_get(call->body, "expires_s");
    const char *code = body_text(call, "for");
    json_int_t expires = EXPIRES_S_USUAL;
    enum err rc = read_roles(call, &in->kept.roles, msg);

    if (seconds != NULL) {
        expires = json_integer_value(seconds);
    }
    if (rc == ERR_OK && (expires <= 0 || expires > EXPIRES_S_MAX)) {
        rc = err_set(msg, ERR_MALFORMED,
            "an invitation is good for 1 second to 90 days");
    }
    if (rc == ERR_OK && code != NULL &&
        office_code_parse(in->kept.code, bytes_text(code)) != ERR_OK) {
        rc = err_set(
            msg, ERR_MALFORMED, "that is no office code, or it is mistyped");
    }
    if (rc == ERR_OK) {
        in->kept.expires_ms = node_wall_ms(NULL) + (uint64_t)expires * 1000;
        rc = read_addresses(call, &in->invite, msg);
    }
    return rc;
}

static void
fill(struct inviting *in, const struct node *node)
{
    struct node_public public;

    node_secrets_public(&public, node->secrets);
    keys_random(in->kept.secret.bytes, sizeof(in->kept.secret.bytes));
    in->invite.corridor = node->home.corridor;
    in->invite.node = public.sign;
    in->invite.noise = public.noise;
    office_code(in->invite.code, &node->home.office);
    in->invite.secret = in->kept.secret;
    in->invite.expires_ms = in->kept.expires_ms;
}

static enum err
keep(void *context, struct store *store, struct err_msg *msg)
{
    const struct inviting *in = context;
    char name[INVITATION_NAME_CHARS + 1];
    struct buf note = {.limit = INVITATION_NOTE_BYTES_MAX};
    struct hash hash;
    enum err rc = invitation_encode(&note, &in->kept);

    invitation_hash(&hash, &in->kept.secret);
    invitation_name(name, &hash);
    if (rc == ERR_OK) {
        rc = store_put_note(store, bytes_text(name), buf_bytes(&note), msg);
    }
    buf_wipe(&note);
    return rc;
}

/* Only admins admit, so that nobody invites in vain. */
static enum err
check_right(struct api_call *call, struct err_msg *msg)
{
    struct view *view = NULL;
    const struct office *own = NULL;
    enum err rc = call_view(call, &view, msg);

    if (rc == ERR_OK) {
        own =
            membership_office(view_membership(view), &call->node->home.office);
        if (own == NULL || (own->roles & ROLE_ADMIN) == 0) {
            rc = err_set(
                msg, ERR_DENIED, "only offices with the role admin invite");
        }
    }
    call_view_close(call);
    return rc;
}

void
invites_post(struct api_call *call)
{
    struct inviting in = {.invite = {.address_count = 0}};
    struct err_msg msg = {""};
    struct buf line = {.limit = INVITE_LINE_BYTES_MAX};
    json_t *json = NULL;
    enum err rc = check_right(call, &msg);

    if (rc == ERR_OK) {
        rc = read_terms(call, &in, &msg);
    }
    if (rc == ERR_OK) {
        fill(&in, call->node);
        rc = invite_format(&line, &in.invite);
    }
    if (rc == ERR_OK) {
        rc = node_write(call->node, keep, &in, &msg);
    }
    if (rc == ERR_OK) {
        json = json_object();
        put(&json, "line", json_stringn((const char *)line.data, line.size));
        put_time(&json, "expires", in.kept.expires_ms);
        put(&json, "roles", roles_json(in.kept.roles));
        reply(call, 201, json);
    } else {
        reply_err(call, rc, &msg);
    }
    mem_wipe(&in, sizeof(in));
    buf_wipe(&line);
}
