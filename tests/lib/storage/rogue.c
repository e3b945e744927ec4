/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/storage/rogue.h"

#include <check.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/hash.h"
#include "storage/local.h"

static size_t
below(struct rogue *rogue, size_t limit)
{
    return (size_t)prng_below(&rogue->prng, limit);
}

/* Office n's store takes a statement, if its log can still be written on. */
void
rogue_state(struct rogue *rogue, size_t n, const struct statement *statement)
{
    struct buf body = {0};
    struct dot dot;
    enum err rc = ERR_OK;

    statement_encode(&body, statement);
    fixture_begin(rogue->f, n);
    rc = store_state(
        rogue->f->offices[n].store, buf_bytes(&body), &dot, &rogue->f->msg);
    ck_assert_msg(rc == ERR_OK || rc == ERR_BUSY, "%s", err_text(rc));
    fixture_commit(rogue->f, n);
    buf_release(&body);
}

void
rogue_set_roles(struct rogue *rogue, size_t by, size_t office, uint8_t roles)
{
    struct statement statement = {.type = STATEMENT_ROLES,
        .office = rogue->f->offices[office].id,
        .roles = roles};

    rogue_state(rogue, by, &statement);
}

/* A node that nobody has seen yet, of an office. */
static void
stranger(
    struct rogue *rogue, struct buf *out, size_t office, bool is_new_office)
{
    struct secret_key office_key = rogue->f->offices[office].key;
    struct node_secrets secrets;
    struct public_key public;
    struct cert cert = {.corridor = rogue->f->corridor,
        .office_name = "Somewhere",
        .node_name = "A node",
        .time_ms = rogue->f->wall_ms};

    prng_fill(&rogue->prng, &secrets, sizeof(secrets));
    if (is_new_office) {
        prng_fill(&rogue->prng, &office_key, sizeof(office_key));
    }
    keys_sign_public(&public, &office_key);
    memcpy(cert.office.bytes, public.bytes, sizeof(cert.office.bytes));
    node_secrets_public(&cert.keys, &secrets);
    ck_assert_int_eq(
        cert_encode(out, &cert, &office_key, &secrets.sign), ERR_OK);
}

/* The retirement of an office or of its node, now and then signed by it. */
static void
retire(struct rogue *rogue, size_t by, size_t target)
{
    const struct fixture_office *office = &rogue->f->offices[target];
    struct cut cuts[2] = {{.log = {office->node, LOG_CONTROL}},
        {.log = {office->node, LOG_CHANGES}}};
    struct statement statement = {
        .type = STATEMENT_RETIRE,
        .is_node = below(rogue, 2) == 0,
        .office = office->id,
        .node = office->node,
        .cuts = cuts,
        .cut_count = below(rogue, 3) == 0 ? 0 : 2,
    };

    /* What the founder stated at first stays. */
    cuts[0].size = (target == 0 ? 20 : 0) + below(rogue, 12);
    cuts[1].size = below(rogue, 30);
    if (below(rogue, 2) == 0) {
        ck_assert_int_eq(statement_sign_retire(
                             &statement, &rogue->f->corridor, &office->key),
            ERR_OK);
    }
    rogue_state(rogue, by, &statement);
}

static void
make_circle(struct rogue *rogue, size_t by)
{
    struct store *store = rogue->f->offices[by].store;
    struct seal_item seal = {
        .node = rogue->f->offices[below(rogue, rogue->f->count)].node};
    struct secret_key secret;
    struct statement statement = {
        .type = STATEMENT_CIRCLE, .seals = &seal, .seal_count = 1};
    const struct membership *m = store_membership(store);

    prng_fill(&rogue->prng, &secret, sizeof(secret));
    keys_box_public(&statement.public, &secret);
    statement.circle.kind = (uint8_t)below(rogue, CIRCLE_OFFICE + 1);
    statement.circle.office =
        rogue->f->offices[below(rogue, rogue->f->count)].id;
    if (below(rogue, 2) == 0 && m->generation_count > 0) {
        struct dot former =
            m->generations[below(rogue, m->generation_count)].dot;

        statement.has_former =
            store_name_dot(store, former, &statement.generation) == ERR_OK;
    }
    rogue_state(rogue, by, &statement);
}

void
rogue_state_any(struct rogue *rogue, size_t by)
{
    struct buf cert = {0};
    struct statement statement = {.type = STATEMENT_CONFIRM,
        .office = rogue->f->offices[below(rogue, rogue->f->count)].id};

    switch (below(rogue, 7)) {
    case 0:
        rogue_set_roles(rogue, by, 1 + below(rogue, 2),
            (uint8_t)below(rogue, ROLE_ALL + 1));
        break;
    case 1:
        retire(rogue, by, below(rogue, rogue->writers));
        break;
    case 2:
    case 3:
        make_circle(rogue, by);
        break;
    case 4:
        stranger(rogue, &cert, by, true);
        statement = (struct statement){.type = STATEMENT_ADMIT,
            .encoded_cert = buf_bytes(&cert),
            .roles = ROLE_WRITE | ROLE_READ,
            .firewall = below(rogue, 2) == 0};
        rogue_state(rogue, by, &statement);
        break;
    case 5:
        stranger(rogue, &cert, below(rogue, rogue->f->count), false);
        statement = (struct statement){
            .type = STATEMENT_ENROL, .encoded_cert = buf_bytes(&cert)};
        rogue_state(rogue, by, &statement);
        break;
    default:
        rogue_state(rogue, by, &statement);
        break;
    }
    buf_release(&cert);
}

/* Any generation, under any purpose. */
static struct grant_out
any_grant(struct rogue *rogue, const struct membership *m)
{
    struct grant_out grant = {.mode = (uint8_t)below(rogue, 2),
        .purpose = (uint8_t)below(rogue, PURPOSE_EMERGENCY + 1),
        .has_expiry = below(rogue, 2) == 0,
        .expiry_ms = rogue->f->wall_ms};

    grant.generation = m->generations[below(rogue, m->generation_count)].dot;
    if (below(rogue, 6) == 0) {
        grant.generation.position = below(rogue, 8);
    }
    return grant;
}

/* Any key that some entry of this or another log may have created. */
static struct dot
any_key(struct rogue *rogue, const struct store *store, uint32_t own)
{
    struct dot key = {(uint32_t)below(rogue, store->state_count), 0};

    if (below(rogue, 2) == 0) {
        key.log = own;
    }
    if (store->states[key.log]->edge.size > 0) {
        key.position = below(rogue, (size_t)store->states[key.log]->edge.size);
    }
    return key;
}

static void
put_bytes(struct rogue *rogue, struct buf *out, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        buf_put_u8(out, (uint8_t)prng_next(&rogue->prng));
    }
}

/* A well-formed header that may say anything of keys and grants. */
static enum err
forge_header(struct rogue *rogue, struct store *store, enum log_kind kind,
    uint32_t log, struct buf *out)
{
    struct local_clock clock = {0};
    struct grant_out grants[3];
    struct hash commitment = {{1}};
    struct header_out options = {.grants = grants};
    struct seal seal = {{0}};
    enum err rc = local_clock(store, kind, &clock);

    ck_assert_int_eq(rc, ERR_OK);
    options.clock = &clock.clock;
    options.seen = kind == LOG_CONTROL ? &clock.seen : NULL;
    options.time = store->states[log]->author.time +
                   (below(rogue, 9) == 0 ? 0 : 1 + below(rogue, 900));
    options.has_key = below(rogue, 10) != 0;
    options.key = any_key(rogue, store, log);
    options.has_grants = below(rogue, 3) != 0;
    options.class = (uint8_t)below(rogue, CLASS_COUNT);
    options.grants_key = any_key(rogue, store, log);
    if (below(rogue, 2) == 0) {
        options.commitment = &commitment;
        options.grants_key = (struct dot){log, store->states[log]->edge.size};
        options.key = below(rogue, 2) == 0 ? options.grants_key : options.key;
    }
    options.grant_count = 1 + below(rogue, 3);
    for (size_t i = 0; i < options.grant_count; i++) {
        grants[i] = any_grant(rogue, &store->membership);
    }
    rc =
        header_encode(out, &store->states[log]->author, &store->logs, &options);
    if (rc == ERR_OK) {
        header_put_seal(out, &seal);
    }
    local_clock_release(&clock);
    return rc;
}

/* Flip one bit, if what comes of it can still travel: one CBOR item. */
static void
spoil(struct rogue *rogue, struct buf *header)
{
    uint8_t *byte = &header->data[below(rogue, header->size)];
    uint8_t bit = (uint8_t)(1U << below(rogue, 8));
    struct cursor cursor;

    *byte ^= bit;
    cursor = cursor_init(buf_bytes(header));
    cbor_skip(&cursor);
    if (cursor_end(&cursor) != ERR_OK) {
        *byte ^= bit;
    }
}

/* Write to its own log what its member likes. */
void
rogue_write(struct rogue *rogue, size_t by)
{
    struct store *store = rogue->f->offices[by].store;
    enum log_kind kind = below(rogue, 4) == 0 ? LOG_CONTROL : LOG_CHANGES;
    struct entry entry = {.kind = ENTRY_CHANGE, .has_body = true};
    struct buf header = {0};
    struct buf body = {0};
    struct dot dot;
    uint32_t log = 0;
    enum err rc = ERR_OK;

    fixture_begin(rogue->f, by);
    ck_assert_int_eq(local_log(store, kind, &log), ERR_OK);
    ck_assert_int_eq(state_members(store, &rogue->f->msg), ERR_OK);
    rc = forge_header(rogue, store, kind, log, &header);
    if (rc == ERR_OK && kind == LOG_CHANGES && below(rogue, 4) != 0) {
        put_bytes(rogue, &body, 200);
    } else {
        put_bytes(rogue, &body, below(rogue, 60));
        entry.kind = (uint8_t)below(rogue, 4);
    }
    if (rc == ERR_OK && below(rogue, 4) == 0) {
        spoil(rogue, &header);
    }
    entry.header = buf_bytes(&header);
    entry.body = buf_bytes(&body);
    hash_sha256(&entry.body_hash, entry.body);
    if (rc == ERR_OK) {
        rc = local_append(store, log, &entry, &dot, &rogue->f->msg);
        ck_assert_msg(rc == ERR_OK || rc == ERR_BUSY, "%s", err_text(rc));
    }
    fixture_commit(rogue->f, by);
    buf_release(&header);
    buf_release(&body);
}
