/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of membership that are more than one statement: founding,
 * admitting, enrolling (docs/protocol.md, "Membership"). */
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/local.h"
#include "sync/model/office_type.h"

enum err
members_make_circle(
    struct store *store, const struct circle_name *name, struct err_msg *msg)
{
    struct secret_key secret;
    struct public_key public;
    struct seal_item self = {.node = store->self.sign};
    struct circle_options options = {
        .circle = name, .public = &public, .seals = &self, .seal_count = 1};
    struct buf body = {0};
    struct dot dot;
    enum err rc = ERR_OK;

    local_random(store, secret.bytes, sizeof(secret.bytes));
    keys_box_public(&public, &secret);
    rc = seal_box(self.boxed, &store->self.seal, &secret);
    if (rc == ERR_OK) {
        statement_put_circle(&body, &options);
        rc = buf_err(&body);
    }
    if (rc == ERR_OK) {
        rc = store_state(store, buf_bytes(&body), &dot, msg);
    }
    mem_wipe(&secret, sizeof(secret));
    buf_release(&body);
    return rc;
}

static enum err
make_office_circle(struct store *store, struct err_msg *msg)
{
    struct circle_name name = {
        .kind = CIRCLE_OFFICE, .office = store->options.office};

    return members_make_circle(store, &name, msg);
}

enum err
store_found(
    struct store *store, const struct store_found *found, struct err_msg *msg)
{
    struct circle_name link = {.kind = CIRCLE_LINK};
    struct circle_name everyone = {.kind = CIRCLE_EVERYONE};
    struct buf pack = {0};
    struct dot dot;
    enum err rc = ERR_OK;

    if (store->control_count > 0) {
        return err_set(msg, ERR_EXISTS, "this corridor is founded already");
    }
    rc = store_state(store, found->founding_statement, &dot, msg);
    if (rc == ERR_OK) {
        statement_put_pack(
            &pack, found->pack_name, found->pack_version, &found->pack_hash);
        rc = buf_err(&pack);
    }
    if (rc == ERR_OK) {
        rc = store_state(store, buf_bytes(&pack), &dot, msg);
    }
    if (rc == ERR_OK) {
        rc = members_make_circle(store, &link, msg);
    }
    if (rc == ERR_OK) {
        rc = members_make_circle(store, &everyone, msg);
    }
    if (rc == ERR_OK) {
        rc = make_office_circle(store, msg);
    }
    if (rc == ERR_OK &&
        membership_node(&store->membership, &store->self.sign) == NULL) {
        rc = err_set(msg, ERR_MALFORMED,
            "the founding statement is not for this node and corridor");
    }
    buf_release(&pack);
    return rc;
}

enum err
store_enrol(struct store *store, struct bytes cert, struct err_msg *msg)
{
    struct circle_name office = {
        .kind = CIRCLE_OFFICE, .office = store->options.office};
    struct buf body = {0};
    struct dot dot;
    uint32_t log = 0;
    uint32_t generation = 0;
    enum err rc = local_log(store, LOG_CONTROL, &log);

    if (rc == ERR_OK) {
        rc = state_members(store, msg);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (membership_node(&store->membership, &store->self.sign) == NULL) {
        return err_set(
            msg, ERR_NOT_FOUND, "this node's admission has not come yet");
    }
    if (store->states[log]->edge.size > 0) {
        return ERR_EXISTS;
    }
    statement_put_enrol(&body, cert);
    rc = buf_err(&body);
    if (rc == ERR_OK) {
        rc = store_state(store, buf_bytes(&body), &dot, msg);
    }
    /* Relays and auditors hold no secret but that of `link`. */
    if (rc == ERR_OK &&
        office_holds_keys(
            membership_office(&store->membership, &store->options.office)) &&
        !membership_current(&store->membership, &office, &generation)) {
        rc = make_office_circle(store, msg);
    }
    buf_release(&body);
    return rc;
}

/* Seal every circle's current secret that the new node should have. */
static enum err
seal_circle(struct store *store, const struct circle_name *name,
    const struct cert *cert, struct err_msg *msg)
{
    struct seal_item item = {.node = cert->keys.sign};
    struct author_dot generation_dot = {0};
    struct buf body = {0};
    struct dot dot;
    uint32_t generation = 0;
    enum err rc = ERR_OK;

    if (!membership_in_circle(&store->membership, name, &cert->keys.sign) ||
        !membership_current(&store->membership, name, &generation) ||
        !store->generation_has[generation]) {
        return ERR_OK;
    }
    rc = seal_box(
        item.boxed, &cert->keys.seal, &store->generation_secrets[generation]);
    if (rc == ERR_OK) {
        rc = store_name_dot(store,
            store->membership.generations[generation].dot, &generation_dot);
    }
    if (rc == ERR_OK) {
        statement_put_seals(&body, generation_dot, &item, 1);
        rc = buf_err(&body);
    }
    if (rc == ERR_OK) {
        rc = store_state(store, buf_bytes(&body), &dot, msg);
    }
    buf_release(&body);
    return rc;
}

/* Does a key of this certificate stand in another node's? */
static bool
is_taken(const struct store *store, const struct cert *cert)
{
    const struct node_public *a = &cert->keys;

    for (size_t i = 0; i < store->membership.node_count; i++) {
        const struct node_public *b = &store->membership.nodes[i].cert.keys;
        if (!node_id_equal(&a->sign, &b->sign) &&
            (memcmp(&a->noise, &b->noise, sizeof(a->noise)) == 0 ||
                memcmp(&a->seal, &b->seal, sizeof(a->seal)) == 0)) {
            return true;
        }
    }
    return false;
}

static enum err
check_admit(struct store *store, const struct cert *cert, struct err_msg *msg)
{
    const struct member_node *known =
        membership_node(&store->membership, &cert->keys.sign);
    const struct office *self =
        membership_office(&store->membership, &store->options.office);
    bool ours = office_id_equal(&cert->office, &store->options.office);

    if (known != NULL) {
        return ERR_EXISTS;
    }
    if (!corridor_id_equal(&cert->corridor, &store->corridor)) {
        return err_set(
            msg, ERR_DENIED, "the certificate is for another corridor");
    }
    if (is_taken(store, cert)) {
        return err_set(msg, ERR_DENIED,
            "a key of the certificate belongs to another node");
    }
    if (self == NULL || (!ours && (self->roles & ROLE_ADMIN) == 0)) {
        return err_set(msg, ERR_DENIED, "this office may not admit others");
    }
    return ERR_OK;
}

enum err
store_admit(
    struct store *store, const struct store_admit *admit, struct err_msg *msg)
{
    struct circle_name link = {.kind = CIRCLE_LINK};
    struct circle_name everyone = {.kind = CIRCLE_EVERYONE};
    struct circle_name office = {
        .kind = CIRCLE_OFFICE, .office = store->options.office};
    struct admit_options options = {
        .cert = admit->cert,
        .roles = admit->roles,
        .confirmed = admit->confirmed,
        .invitation = &admit->invitation,
    };
    struct cert cert;
    struct buf body = {0};
    struct dot dot;
    enum err rc = cert_decode(&cert, admit->cert);

    if (rc != ERR_OK) {
        return rc;
    }
    rc = state_members(store, msg);
    if (rc == ERR_OK) {
        rc = check_admit(store, &cert, msg);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (membership_office(&store->membership, &cert.office) != NULL) {
        statement_put_enrol(&body, admit->cert);
    } else {
        options.firewall = office_type_is_firewall(cert.type);
        statement_put_admit(&body, &options);
    }
    rc = buf_err(&body);
    if (rc == ERR_OK) {
        rc = store_state(store, buf_bytes(&body), &dot, msg);
    }
    if (rc == ERR_OK) {
        rc = seal_circle(store, &link, &cert, msg);
    }
    if (rc == ERR_OK) {
        rc = seal_circle(store, &everyone, &cert, msg);
    }
    if (rc == ERR_OK && office_id_equal(&cert.office, &store->options.office)) {
        rc = seal_circle(store, &office, &cert, msg);
    }
    buf_release(&body);
    return rc;
}
