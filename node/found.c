/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "node/node.h"
#include "sync/model/office_type.h"
#include "sync/packs/packs.h"

/* The certificate of this node, signed with an opened office key. */
static enum err
put_cert(struct buf *out, const struct node *node,
    const struct corridor_id *corridor, const struct secret_key *office,
    struct err_msg *msg)
{
    struct cert cert = {.corridor = *corridor,
        .office = node->home.office,
        .time_ms = node_wall_ms(NULL)};
    enum err rc = ERR_OK;

    node_secrets_public(&cert.keys, node->secrets);
    memcpy(cert.office_name, node->home.office_name, sizeof(cert.office_name));
    memcpy(cert.node_name, node->home.node_name, sizeof(cert.node_name));
    memcpy(cert.country, node->home.country, sizeof(cert.country));
    memcpy(cert.type, node->home.type, sizeof(cert.type));
    rc = cert_encode(out, &cert, office, &node->secrets->sign);
    return rc == ERR_OK
               ? rc
               : err_set(msg, rc, "make a certificate: %s", err_text(rc));
}

enum err
node_certify(struct node *node, const struct corridor_id *corridor,
    struct bytes passphrase, struct buf *out_cert, struct err_msg *msg)
{
    struct secret_key office = {{0}};
    enum err rc = ERR_OK;

    if (node->secrets == NULL) {
        return err_set(msg, ERR_DENIED, "the node is locked");
    }
    rc = home_open_office(&office, &node->home, passphrase, msg);
    if (rc == ERR_OK) {
        rc = put_cert(out_cert, node, corridor, &office, msg);
    }
    mem_wipe(&office, sizeof(office));
    return rc;
}

/* The founding statement, and the corridor's id that it makes. */
static enum err
put_found(struct buf *out, struct node *node, struct found_options *options,
    struct err_msg *msg)
{
    static const struct corridor_id none = {{0}};
    struct statement statement = {0};
    struct buf cert = {0};
    enum err rc = put_cert(&cert, node, &none, options->office, msg);

    if (rc != ERR_OK) {
        goto out;
    }
    options->cert = buf_bytes(&cert);
    keys_random(options->nonce.bytes, sizeof(options->nonce.bytes));
    rc = statement_put_found(out, options);
    if (rc == ERR_OK) {
        rc = statement_decode(&statement, buf_bytes(out));
    }
    if (rc != ERR_OK) {
        rc = err_set(msg, rc, "make the founding statement: %s", err_text(rc));
        goto out;
    }
    statement_corridor_id(&node->home.corridor, statement.founding);
out:
    statement_release(&statement);
    buf_release(&cert);
    return rc;
}

enum err
node_enrol(struct store *store, struct bytes cert, struct err_msg *msg)
{
    enum err rc = store_enrol(store, cert, msg);

    return rc == ERR_OK
               ? store_put_note(store, bytes_text("certificate"), cert, msg)
               : rc;
}

static enum err
run_found(void *context, struct store *store, struct err_msg *msg)
{
    return store_found(store, context, msg);
}

/* Open the store of the corridor just made and write its first entries. */
static enum err
open_founded(struct node *node, struct bytes statement, struct err_msg *msg)
{
    struct store_found found = {.founding_statement = statement,
        .pack_name = node->schema->name,
        .pack_version = node->schema->version};
    enum err rc = ERR_OK;

    hash_sha256(&found.pack_hash, *pack_text(node->schema->name));
    rc = node_open_new_store(node, node->has_thread, msg);
    if (rc == ERR_OK) {
        rc = node_write(node, run_found, &found, msg);
    }
    if (rc == ERR_OK) {
        rc = home_save(&node->home, msg);
    }
    return rc;
}

enum err
node_found(struct node *node, const char *name, uint64_t policy,
    struct bytes passphrase, struct err_msg *msg)
{
    struct secret_key office = {{0}};
    struct buf statement = {0};
    struct found_options options = {.name = name,
        .policy = policy,
        .firewall = office_type_is_firewall(node->home.type),
        .office = &office};
    enum err rc = ERR_OK;

    if (node->home.has_corridor) {
        return err_set(msg, ERR_EXISTS, "this home has a corridor already");
    }
    if (!cert_name_is_valid(bytes_text(name)) ||
        strlen(name) > CORRIDOR_NAME_BYTES_MAX) {
        return err_set(msg, ERR_CONFIG,
            "a corridor's name has 1 to %d bytes and no control characters",
            CORRIDOR_NAME_BYTES_MAX);
    }
    if (node->secrets == NULL) {
        return err_set(msg, ERR_DENIED, "the node is locked");
    }
    if (node->store != NULL) {
        return err_set(msg, ERR_BUSY,
            "a joining came to nothing: restart before founding");
    }
    rc = home_open_office(&office, &node->home, passphrase, msg);
    if (rc == ERR_OK) {
        rc = put_found(&statement, node, &options, msg);
    }
    mem_wipe(&office, sizeof(office));
    if (rc == ERR_OK) {
        node->home.has_corridor = true;
        snprintf(node->home.corridor_name, sizeof(node->home.corridor_name),
            "%s", name);
        rc = open_founded(node, buf_bytes(&statement), msg);
        if (rc != ERR_OK) {
            node_close_store(node);
            node->home.has_corridor = false;
        }
    }
    buf_release(&statement);
    return rc;
}
