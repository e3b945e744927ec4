/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/base/cbor.h"
#include "sync/model/control.h"
#include "sync/model/control_internal.h"

static void
put_32(struct buf *out, const uint8_t bytes[32])
{
    cbor_put_bytes(out, bytes_of(bytes, 32));
}

static void
put_signature(struct buf *out, const struct signature *signature)
{
    cbor_put_bytes(out, bytes_of(signature->bytes, sizeof(signature->bytes)));
}

static void
put_founding(struct buf *out, const struct statement *statement)
{
    assert(statement->founder_count >= 1);
    assert(statement->founder_count <= FOUNDERS_MAX);
    assert(cert_name_is_valid(bytes_text(statement->name)));
    cbor_put_array(out, FOUNDING_ITEMS);
    cbor_put_cstr(out, STATEMENT_FOUND_LABEL);
    put_32(out, statement->nonce.bytes);
    cbor_put_cstr(out, statement->name);
    cbor_put_uint(out, statement->policy);
    cbor_put_array(out, statement->founder_count);
    for (size_t i = 0; i < statement->founder_count; i++) {
        cbor_put_array(out, FOUNDER_ITEMS);
        cbor_put_bytes(out, statement->founders[i].encoded);
        cbor_put_bool(out, statement->founders[i].firewall);
    }
}

static void
put_found(struct buf *out, const struct statement *statement)
{
    struct buf founding = {0};

    put_founding(&founding, statement);
    cbor_put_array(out, FOUND_ITEMS);
    cbor_put_uint(out, STATEMENT_FOUND);
    if (buf_err(&founding) == ERR_OK) {
        cbor_put_bytes(out, buf_bytes(&founding));
    } else if (buf_err(out) == ERR_OK) {
        out->rc = buf_err(&founding);
    }
    cbor_put_array(out, statement->founder_count);
    for (size_t i = 0; i < statement->founder_count; i++) {
        put_signature(out, &statement->founders[i].signature);
    }
    buf_release(&founding);
}

static void
put_cut(struct buf *out, const struct cut *cut)
{
    uint8_t id[LOG_ID_BYTES];

    log_id_encode(id, &cut->log);
    cbor_put_array(out, CUT_ITEMS);
    cbor_put_bytes(out, bytes_of(id, sizeof(id)));
    cbor_put_uint(out, cut->size);
    put_32(out, cut->root.bytes);
}

/*
 * The arrays are short and borrowed as const, so they are written by looking
 * for the next greater one each time. Of repeats the first is written.
 */
static const struct cut *
next_cut(const struct statement *statement, const struct cut *last)
{
    const struct cut *next = NULL;

    for (size_t i = 0; i < statement->cut_count; i++) {
        const struct cut *cut = &statement->cuts[i];

        if ((last == NULL || log_id_compare(&last->log, &cut->log) < 0) &&
            (next == NULL || log_id_compare(&cut->log, &next->log) < 0)) {
            next = cut;
        }
    }
    return next;
}

static void
put_cuts(struct buf *out, const struct statement *statement)
{
    const struct cut *cut = next_cut(statement, NULL);
    size_t count = 0;

    assert(statement->cut_count <= CUTS_MAX);
    for (const struct cut *c = cut; c != NULL; c = next_cut(statement, c)) {
        count++;
    }
    cbor_put_array(out, count);
    for (; cut != NULL; cut = next_cut(statement, cut)) {
        put_cut(out, cut);
    }
}

static const struct seal_item *
next_seal(const struct statement *statement, const struct seal_item *last)
{
    const struct seal_item *next = NULL;

    for (size_t i = 0; i < statement->seal_count; i++) {
        const struct seal_item *item = &statement->seals[i];

        if ((last == NULL || node_id_compare(&last->node, &item->node) < 0) &&
            (next == NULL || node_id_compare(&item->node, &next->node) < 0)) {
            next = item;
        }
    }
    return next;
}

static void
put_seals(struct buf *out, const struct statement *statement)
{
    const struct seal_item *item = next_seal(statement, NULL);
    size_t count = 0;

    assert(statement->seal_count <= SEALS_MAX);
    for (const struct seal_item *s = item; s != NULL;
         s = next_seal(statement, s)) {
        count++;
    }
    cbor_put_array(out, count);
    for (; item != NULL; item = next_seal(statement, item)) {
        cbor_put_array(out, SEAL_ITEMS);
        put_32(out, item->node.bytes);
        cbor_put_bytes(out, bytes_of(item->boxed, sizeof(item->boxed)));
    }
}

static void
put_admit(struct buf *out, const struct statement *statement)
{
    cbor_put_array(out, ADMIT_ITEMS);
    cbor_put_uint(out, STATEMENT_ADMIT);
    cbor_put_bytes(out, statement->encoded_cert);
    cbor_put_uint(out, statement->roles);
    cbor_put_bool(out, statement->firewall);
    if (statement->has_invitation) {
        put_32(out, statement->invitation.bytes);
    } else {
        cbor_put_null(out);
    }
    cbor_put_bool(out, statement->confirmed);
}

static void
put_enrol(struct buf *out, const struct statement *statement)
{
    cbor_put_array(out, ENROL_ITEMS);
    cbor_put_uint(out, STATEMENT_ENROL);
    cbor_put_bytes(out, statement->encoded_cert);
    if (!statement->has_retired) {
        cbor_put_null(out);
        return;
    }
    assert(statement->cut_count == ENROL_CUTS);
    cbor_put_array(out, ENROL_RETIRED_ITEMS);
    put_32(out, statement->node.bytes);
    for (size_t i = 0; i < ENROL_CUTS; i++) {
        put_cut(out, &statement->cuts[i]);
    }
    put_signature(out, &statement->signature);
}

static void
put_retire(struct buf *out, const struct statement *statement)
{
    cbor_put_array(out, RETIRE_ITEMS);
    cbor_put_uint(out, STATEMENT_RETIRE);
    cbor_put_uint(out, statement->is_node ? RETIRE_NODE : RETIRE_OFFICE);
    put_32(out,
        statement->is_node ? statement->node.bytes : statement->office.bytes);
    put_cuts(out, statement);
    if (statement->has_signature) {
        put_signature(out, &statement->signature);
    } else {
        cbor_put_null(out);
    }
    cbor_put_uint(out, statement->reason);
}

static void
put_circle_name(struct buf *out, const struct circle_name *circle)
{
    cbor_put_array(out, circle->kind <= CIRCLE_EVERYONE ? 1 : 2);
    cbor_put_uint(out, circle->kind);
    if (circle->kind == CIRCLE_OFFICE) {
        put_32(out, circle->office.bytes);
    } else if (circle->kind == CIRCLE_NAMED) {
        assert(cert_name_is_valid(bytes_text(circle->name)));
        cbor_put_cstr(out, circle->name);
    }
}

static void
put_author_dot(struct buf *out, struct author_dot dot)
{
    cbor_put_uint(out, dot.index);
    cbor_put_uint(out, dot.position);
}

static void
put_circle(struct buf *out, const struct statement *statement)
{
    cbor_put_array(out, CIRCLE_ITEMS);
    cbor_put_uint(out, STATEMENT_CIRCLE);
    put_circle_name(out, &statement->circle);
    put_32(out, statement->public.bytes);
    put_seals(out, statement);
    if (!statement->has_former) {
        cbor_put_null(out);
        return;
    }
    cbor_put_array(out, CIRCLE_FORMER_ITEMS);
    put_author_dot(out, statement->generation);
    put_32(out, statement->commitment.bytes);
    cbor_put_bytes(
        out, bytes_of(statement->wrapped, sizeof(statement->wrapped)));
}

static void
put_roles(struct buf *out, const struct statement *statement)
{
    assert(statement->roles <= ROLE_ALL);
    cbor_put_array(out, ROLES_ITEMS);
    cbor_put_uint(out, STATEMENT_ROLES);
    put_32(out, statement->office.bytes);
    cbor_put_uint(out, statement->roles);
    put_cuts(out, statement);
}

static void
put_seals_statement(struct buf *out, const struct statement *statement)
{
    cbor_put_array(out, SEALS_ITEMS);
    cbor_put_uint(out, STATEMENT_SEALS);
    put_author_dot(out, statement->generation);
    put_seals(out, statement);
}

static void
put_pack(struct buf *out, const struct statement *statement)
{
    assert(statement_pack_name_is_valid(bytes_text(statement->name)));
    cbor_put_array(out, PACK_ITEMS);
    cbor_put_uint(out, STATEMENT_PACK);
    cbor_put_cstr(out, statement->name);
    cbor_put_uint(out, statement->version);
    put_32(out, statement->hash.bytes);
}

void
statement_encode(struct buf *out, const struct statement *statement)
{
    switch ((enum statement_type)statement->type) {
    case STATEMENT_FOUND:
        put_found(out, statement);
        return;
    case STATEMENT_ADMIT:
        put_admit(out, statement);
        return;
    case STATEMENT_ENROL:
        put_enrol(out, statement);
        return;
    case STATEMENT_ROLES:
        put_roles(out, statement);
        return;
    case STATEMENT_RETIRE:
        put_retire(out, statement);
        return;
    case STATEMENT_CIRCLE:
        put_circle(out, statement);
        return;
    case STATEMENT_SEALS:
        put_seals_statement(out, statement);
        return;
    case STATEMENT_PACK:
        put_pack(out, statement);
        return;
    case STATEMENT_CONFIRM:
        cbor_put_array(out, CONFIRM_ITEMS);
        cbor_put_uint(out, STATEMENT_CONFIRM);
        put_32(out, statement->office.bytes);
        return;
    case STATEMENT_OTHER:
        break;
    }
    assert(statement->type != STATEMENT_OTHER);
}

/* What the office concerned signs: docs/protocol.md, "Membership". */
static void
put_retire_message(struct buf *out, const struct statement *statement,
    const struct corridor_id *corridor)
{
    bool is_node = statement->type == STATEMENT_ENROL || statement->is_node;

    cbor_put_array(out, 5);
    cbor_put_cstr(out, "corridor/retire/1");
    put_32(out, corridor->bytes);
    cbor_put_uint(out, is_node ? RETIRE_NODE : RETIRE_OFFICE);
    put_32(out, is_node ? statement->node.bytes : statement->office.bytes);
    put_cuts(out, statement);
}

enum err
statement_sign_retire(struct statement *statement,
    const struct corridor_id *corridor, const struct secret_key *office)
{
    struct buf message = {0};
    enum err rc = ERR_OK;

    put_retire_message(&message, statement, corridor);
    rc = buf_err(&message);
    if (rc == ERR_OK) {
        keys_sign(&statement->signature, office, buf_bytes(&message));
        statement->has_signature = true;
    }
    buf_release(&message);
    return rc;
}

enum err
statement_verify_retire(const struct statement *statement,
    const struct corridor_id *corridor, const struct office_id *office)
{
    struct buf message = {0};
    enum err rc = ERR_OK;

    if (!statement->has_signature) {
        return ERR_BAD_SIGNATURE;
    }
    put_retire_message(&message, statement, corridor);
    rc = buf_err(&message);
    if (rc == ERR_OK) {
        rc = keys_verify_office(
            office, buf_bytes(&message), &statement->signature);
    }
    buf_release(&message);
    return rc;
}

static void
copy_text(char *out, size_t size, const char *text)
{
    size_t length = strlen(text);

    assert(length < size);
    memcpy(out, text, length + 1);
}

enum err
statement_put_found(struct buf *out, const struct found_options *options)
{
    static const struct corridor_id zero = {{0}};
    struct founder founder = {
        .encoded = options->cert, .firewall = options->firewall};
    struct statement statement = {.type = STATEMENT_FOUND,
        .policy = options->policy,
        .nonce = options->nonce,
        .founders = &founder,
        .founder_count = 1};
    struct public_key office = {{0}};
    struct buf founding = {0};
    enum err rc = cert_decode(&founder.cert, options->cert);

    if (rc != ERR_OK) {
        return rc;
    }
    if (!corridor_id_equal(&founder.cert.corridor, &zero)) {
        return ERR_MALFORMED;
    }
    keys_sign_public(&office, options->office);
    if (memcmp(office.bytes, founder.cert.office.bytes, 32) != 0) {
        return ERR_DENIED;
    }
    copy_text(statement.name, sizeof(statement.name), options->name);
    put_founding(&founding, &statement);
    rc = buf_err(&founding);
    if (rc == ERR_OK) {
        keys_sign(&founder.signature, options->office, buf_bytes(&founding));
        statement_encode(out, &statement);
        rc = buf_err(out);
    }
    buf_release(&founding);
    return rc;
}

void
statement_put_admit(struct buf *out, const struct admit_options *options)
{
    struct statement statement = {.type = STATEMENT_ADMIT,
        .encoded_cert = options->cert,
        .roles = options->roles,
        .firewall = options->firewall,
        .confirmed = options->confirmed,
        .has_invitation = options->invitation != NULL};

    assert(options->roles <= ROLE_ALL);
    if (options->invitation != NULL) {
        statement.invitation = *options->invitation;
    }
    statement_encode(out, &statement);
}

void
statement_put_enrol(struct buf *out, struct bytes cert)
{
    struct statement statement = {
        .type = STATEMENT_ENROL, .encoded_cert = cert};

    statement_encode(out, &statement);
}

void
statement_put_roles(
    struct buf *out, const struct office_id *office, uint8_t roles)
{
    struct statement statement = {
        .type = STATEMENT_ROLES, .office = *office, .roles = roles};

    statement_encode(out, &statement);
}

void
statement_put_confirm(struct buf *out, const struct office_id *office)
{
    struct statement statement = {.type = STATEMENT_CONFIRM, .office = *office};

    statement_encode(out, &statement);
}

/*
 * The seals are only read, but a statement owns what it points to: so they
 * are lent to it, and it is never released.
 */
static struct seal_item *
lend_seals(const struct seal_item *seals)
{
    union {
        const struct seal_item *lent;
        struct seal_item *held;
    } seals_of = {seals};

    return seals_of.held;
}

void
statement_put_circle(struct buf *out, const struct circle_options *options)
{
    struct statement statement = {.type = STATEMENT_CIRCLE,
        .circle = *options->circle,
        .public = *options->public,
        .seals = lend_seals(options->seals),
        .seal_count = options->seal_count,
        .has_former = options->has_former,
        .generation = options->former};

    if (options->has_former) {
        statement.commitment = *options->commitment;
        memcpy(statement.wrapped, options->wrapped, sizeof(statement.wrapped));
    }
    statement_encode(out, &statement);
}

void
statement_put_seals(struct buf *out, struct author_dot generation,
    const struct seal_item *seals, size_t seal_count)
{
    struct statement statement = {.type = STATEMENT_SEALS,
        .generation = generation,
        .seals = lend_seals(seals),
        .seal_count = seal_count};

    statement_encode(out, &statement);
}

void
statement_put_pack(struct buf *out, const char *name, uint64_t version,
    const struct hash *hash)
{
    struct statement statement = {
        .type = STATEMENT_PACK, .version = version, .hash = *hash};

    copy_text(statement.name, sizeof(statement.name), name);
    statement_encode(out, &statement);
}
