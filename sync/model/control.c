/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/control.h"

#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "sync/model/control_internal.h"

static_assert((int)CORRIDOR_NAME_BYTES_MAX == (int)CERT_NAME_BYTES_MAX,
    "names of corridors and circles are checked as those of offices");

/* The first error stands; a failed cursor alone means ERR_MALFORMED. */
struct reader {
    struct cursor cursor;
    enum err rc;
};

static void
refuse(struct reader *reader, enum err rc)
{
    if (reader->rc == ERR_OK && !reader->cursor.failed) {
        reader->rc = rc;
    }
    cursor_fail(&reader->cursor);
}

static void
need(struct reader *reader, bool claim)
{
    if (!claim) {
        refuse(reader, ERR_MALFORMED);
    }
}

static enum err
reader_end(const struct reader *reader)
{
    return reader->rc != ERR_OK ? reader->rc : cursor_end(&reader->cursor);
}

static void
get_count(struct reader *reader, size_t count)
{
    need(reader, cbor_get_array(&reader->cursor) == count);
}

/* An array of at most `max` items, each of `size` bytes, zeroed. */
static void *
get_items(struct reader *reader, size_t max, size_t size, size_t *out_count)
{
    size_t count = cbor_get_array(&reader->cursor);
    void *items = NULL;

    if (count > max) {
        refuse(reader, ERR_TOO_BIG);
    }
    if (reader->cursor.failed || count == 0) {
        return NULL;
    }
    items = mem_zalloc(count, size);
    if (items == NULL) {
        refuse(reader, ERR_NOMEM);
        return NULL;
    }
    *out_count = count;
    return items;
}

static void
get_32(struct reader *reader, uint8_t out[32])
{
    cbor_get_fixed(&reader->cursor, out, 32);
}

static void
get_signature(struct reader *reader, struct signature *out)
{
    cbor_get_fixed(&reader->cursor, out->bytes, sizeof(out->bytes));
}

static void
get_name(struct reader *reader, char out[CORRIDOR_NAME_BYTES_MAX + 1])
{
    struct bytes name = cbor_get_text(&reader->cursor);

    if (name.size > CORRIDOR_NAME_BYTES_MAX) {
        refuse(reader, ERR_TOO_BIG);
        return;
    }
    need(reader, cert_name_is_valid(name));
    if (!reader->cursor.failed) {
        memcpy(out, name.data, name.size);
    }
}

bool
statement_pack_name_is_valid(struct bytes name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789_-.";

    if (name.size == 0 || name.size > PACK_NAME_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        if (memchr(allowed, name.data[i], sizeof(allowed) - 1) == NULL) {
            return false;
        }
    }
    return true;
}

static void
get_cert(struct reader *reader, struct cert *out, struct bytes *out_encoded)
{
    struct bytes encoded = cbor_get_bytes(&reader->cursor);
    enum err rc = ERR_OK;

    if (reader->cursor.failed) {
        return;
    }
    rc = cert_decode(out, encoded);
    if (rc != ERR_OK) {
        refuse(reader, rc);
        return;
    }
    *out_encoded = encoded;
}

static uint8_t
get_roles(struct reader *reader)
{
    uint64_t roles = cbor_get_uint(&reader->cursor);

    need(reader, roles <= ROLE_ALL);
    return (uint8_t)(roles & ROLE_ALL);
}

static void
get_cut(struct reader *reader, struct cut *out)
{
    uint8_t id[LOG_ID_BYTES];

    get_count(reader, CUT_ITEMS);
    cbor_get_fixed(&reader->cursor, id, sizeof(id));
    need(reader, log_id_decode(&out->log, id) == ERR_OK);
    out->size = cbor_get_uint(&reader->cursor);
    get_32(reader, out->root.bytes);
}

static void
get_cuts(struct reader *reader, struct statement *out)
{
    out->cuts =
        get_items(reader, CUTS_MAX, sizeof(*out->cuts), &out->cut_count);
    for (size_t i = 0; i < out->cut_count; i++) {
        get_cut(reader, &out->cuts[i]);
        need(reader, i == 0 || log_id_compare(&out->cuts[i - 1].log,
                                   &out->cuts[i].log) < 0);
    }
}

static void
get_seals(struct reader *reader, struct statement *out)
{
    out->seals =
        get_items(reader, SEALS_MAX, sizeof(*out->seals), &out->seal_count);
    for (size_t i = 0; i < out->seal_count; i++) {
        struct seal_item *item = &out->seals[i];

        get_count(reader, SEAL_ITEMS);
        get_32(reader, item->node.bytes);
        cbor_get_fixed(&reader->cursor, item->boxed, sizeof(item->boxed));
        need(reader, i == 0 || node_id_compare(
                                   &out->seals[i - 1].node, &item->node) < 0);
    }
}

static void
get_author_dot(struct reader *reader, struct author_dot *out)
{
    uint64_t index = cbor_get_uint(&reader->cursor);

    need(reader, index <= UINT32_MAX);
    out->index = (uint32_t)(index & UINT32_MAX);
    out->position = cbor_get_uint(&reader->cursor);
}

/* No key of one founder's certificate stands in another's. */
static bool
certs_are_apart(const struct cert *a, const struct cert *b)
{
    const uint8_t *keys[2][6] = {
        {a->office.bytes, a->keys.sign.bytes, a->keys.noise.bytes,
            a->keys.seal.bytes, a->keys.cosign.bytes, a->keys.clock.bytes},
        {b->office.bytes, b->keys.sign.bytes, b->keys.noise.bytes,
            b->keys.seal.bytes, b->keys.cosign.bytes, b->keys.clock.bytes}};

    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < 6; j++) {
            if (memcmp(keys[0][i], keys[1][j], 32) == 0) {
                return false;
            }
        }
    }
    return true;
}

static void
get_founders(struct reader *reader, struct statement *out)
{
    static const struct corridor_id zero = {{0}};

    out->founders = get_items(
        reader, FOUNDERS_MAX, sizeof(*out->founders), &out->founder_count);
    need(reader, out->founder_count != 0);
    for (size_t i = 0; i < out->founder_count; i++) {
        struct founder *founder = &out->founders[i];

        get_count(reader, FOUNDER_ITEMS);
        get_cert(reader, &founder->cert, &founder->encoded);
        founder->firewall = cbor_get_bool(&reader->cursor);
        /* The certificates are part of what makes the corridor's id. */
        need(reader, corridor_id_equal(&founder->cert.corridor, &zero));
        for (size_t j = 0; j < i && !reader->cursor.failed; j++) {
            need(reader,
                certs_are_apart(&out->founders[j].cert, &founder->cert));
        }
    }
}

static enum err
founding_decode(struct statement *out, struct bytes founding)
{
    struct reader reader = {cursor_init(founding), ERR_OK};
    size_t count = cbor_get_array(&reader.cursor);
    struct bytes label = cbor_get_text(&reader.cursor);

    /* Another version may have another number of items. */
    if (!reader.cursor.failed &&
        !bytes_equal(label, bytes_text(STATEMENT_FOUND_LABEL))) {
        return ERR_VERSION;
    }
    need(&reader, count == FOUNDING_ITEMS);
    get_32(&reader, out->nonce.bytes);
    get_name(&reader, out->name);
    out->policy = cbor_get_uint(&reader.cursor);
    get_founders(&reader, out);
    if (reader_end(&reader) == ERR_OK &&
        (out->policy & ~(uint64_t)POLICY_SHARE_BY_DEFAULT) != 0) {
        return ERR_VERSION;
    }
    return reader_end(&reader);
}

static void
get_found(struct reader *reader, struct statement *out)
{
    enum err rc = ERR_OK;

    out->founding = cbor_get_bytes(&reader->cursor);
    if (reader->cursor.failed) {
        return;
    }
    rc = founding_decode(out, out->founding);
    if (rc != ERR_OK) {
        refuse(reader, rc);
        return;
    }
    get_count(reader, out->founder_count);
    for (size_t i = 0; i < out->founder_count; i++) {
        struct founder *founder = &out->founders[i];

        get_signature(reader, &founder->signature);
        if (!reader->cursor.failed &&
            keys_verify_office(&founder->cert.office, out->founding,
                &founder->signature) != ERR_OK) {
            refuse(reader, ERR_BAD_SIGNATURE);
        }
    }
}

static void
get_admit(struct reader *reader, struct statement *out)
{
    get_cert(reader, &out->cert, &out->encoded_cert);
    out->roles = get_roles(reader);
    out->firewall = cbor_get_bool(&reader->cursor);
    out->has_invitation = !cbor_take_null(&reader->cursor);
    if (out->has_invitation) {
        get_32(reader, out->invitation.bytes);
    }
    out->confirmed = cbor_get_bool(&reader->cursor);
}

static void
get_enrol(struct reader *reader, struct statement *out)
{
    get_cert(reader, &out->cert, &out->encoded_cert);
    out->has_retired = !cbor_take_null(&reader->cursor);
    if (!out->has_retired || reader->cursor.failed) {
        return;
    }
    get_count(reader, ENROL_RETIRED_ITEMS);
    get_32(reader, out->node.bytes);
    out->cuts = mem_zalloc(ENROL_CUTS, sizeof(*out->cuts));
    if (out->cuts == NULL) {
        refuse(reader, ERR_NOMEM);
        return;
    }
    out->cut_count = ENROL_CUTS;
    for (size_t i = 0; i < ENROL_CUTS; i++) {
        get_cut(reader, &out->cuts[i]);
        need(reader, out->cuts[i].log.kind == i);
        need(reader, node_id_equal(&out->cuts[i].log.node, &out->node));
    }
    get_signature(reader, &out->signature);
    out->has_signature = true;
}

static void
get_retire(struct reader *reader, struct statement *out)
{
    uint64_t what = cbor_get_uint(&reader->cursor);

    need(reader, what <= RETIRE_NODE);
    out->is_node = what == RETIRE_NODE;
    get_32(reader, out->is_node ? out->node.bytes : out->office.bytes);
    get_cuts(reader, out);
    for (size_t i = 0; i < out->cut_count && out->is_node; i++) {
        need(reader, node_id_equal(&out->cuts[i].log.node, &out->node));
    }
    out->has_signature = !cbor_take_null(&reader->cursor);
    if (out->has_signature) {
        get_signature(reader, &out->signature);
    }
    out->reason = cbor_get_uint(&reader->cursor);
}

static void
get_circle_name(struct reader *reader, struct circle_name *out)
{
    size_t count = cbor_get_array(&reader->cursor);
    uint64_t kind = cbor_get_uint(&reader->cursor);

    need(reader, kind <= CIRCLE_NAMED);
    if (reader->cursor.failed) {
        return;
    }
    out->kind = (uint8_t)kind;
    need(reader, count == (kind <= CIRCLE_EVERYONE ? 1U : 2U));
    if (kind == CIRCLE_OFFICE) {
        get_32(reader, out->office.bytes);
    } else if (kind == CIRCLE_NAMED) {
        get_name(reader, out->name);
    }
}

static void
get_circle(struct reader *reader, struct statement *out)
{
    get_circle_name(reader, &out->circle);
    get_32(reader, out->public.bytes);
    if (!reader->cursor.failed) {
        need(reader, keys_box_is_usable(&out->public));
    }
    get_seals(reader, out);
    out->has_former = !cbor_take_null(&reader->cursor);
    if (out->has_former) {
        get_count(reader, CIRCLE_FORMER_ITEMS);
        get_author_dot(reader, &out->generation);
        get_32(reader, out->commitment.bytes);
        cbor_get_fixed(&reader->cursor, out->wrapped, sizeof(out->wrapped));
    }
}

static void
get_pack(struct reader *reader, struct statement *out)
{
    struct bytes name = cbor_get_text(&reader->cursor);

    need(reader, statement_pack_name_is_valid(name));
    if (!reader->cursor.failed) {
        memcpy(out->name, name.data, name.size);
    }
    out->version = cbor_get_uint(&reader->cursor);
    get_32(reader, out->hash.bytes);
}

/* The items after the type; how many there have to be is the result. */
static size_t
get_items_of(struct reader *reader, struct statement *out)
{
    switch ((enum statement_type)out->type) {
    case STATEMENT_FOUND:
        get_found(reader, out);
        return FOUND_ITEMS;
    case STATEMENT_ADMIT:
        get_admit(reader, out);
        return ADMIT_ITEMS;
    case STATEMENT_ENROL:
        get_enrol(reader, out);
        return ENROL_ITEMS;
    case STATEMENT_ROLES:
        get_32(reader, out->office.bytes);
        out->roles = get_roles(reader);
        get_cuts(reader, out);
        return ROLES_ITEMS;
    case STATEMENT_RETIRE:
        get_retire(reader, out);
        return RETIRE_ITEMS;
    case STATEMENT_CIRCLE:
        get_circle(reader, out);
        return CIRCLE_ITEMS;
    case STATEMENT_SEALS:
        get_author_dot(reader, &out->generation);
        get_seals(reader, out);
        return SEALS_ITEMS;
    case STATEMENT_PACK:
        get_pack(reader, out);
        return PACK_ITEMS;
    case STATEMENT_CONFIRM:
        get_32(reader, out->office.bytes);
        return CONFIRM_ITEMS;
    case STATEMENT_OTHER:
        break;
    }
    refuse(reader, ERR_MALFORMED);
    return 0;
}

/* A type of a later version: any one valid item that starts like ours. */
static enum err
other_decode(struct statement *out, struct bytes body)
{
    if (!cbor_valid(body)) {
        return ERR_MALFORMED;
    }
    *out = (struct statement){.type = STATEMENT_OTHER};
    return ERR_OK;
}

enum err
statement_decode(struct statement *out, struct bytes body)
{
    struct statement statement = {0};
    struct reader reader = {cursor_init(body), ERR_OK};
    size_t count = cbor_get_array(&reader.cursor);
    uint64_t type = cbor_get_uint(&reader.cursor);
    enum err rc = ERR_OK;

    if (reader.cursor.failed) {
        return ERR_MALFORMED;
    }
    if (type > STATEMENT_CONFIRM) {
        return other_decode(out, body);
    }
    statement.type = (uint8_t)type;
    need(&reader, get_items_of(&reader, &statement) == count);
    rc = reader_end(&reader);
    if (rc != ERR_OK) {
        statement_release(&statement);
        return rc;
    }
    *out = statement;
    return ERR_OK;
}

void
statement_release(struct statement *statement)
{
    if (statement == NULL) {
        return;
    }
    mem_free(statement->founders);
    mem_free(statement->cuts);
    mem_free(statement->seals);
    *statement = (struct statement){0};
}

void
statement_corridor_id(struct corridor_id *out, struct bytes founding)
{
    struct hash hash = {{0}};

    hash_sha256(&hash, founding);
    memcpy(out->bytes, hash.bytes, sizeof(out->bytes));
}
