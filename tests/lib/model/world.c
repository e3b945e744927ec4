/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/model/world.h"

#include <check.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "crypto/hash.h"

enum { USE_OFFICE = 1, USE_NODE = 2, USE_CIRCLE = 9 };

void
world_secret(struct secret_key *out, unsigned use, unsigned number)
{
    uint8_t text[8];
    struct hash hash = {{0}};

    num_store_u32(text, use);
    num_store_u32(text + 4, number);
    hash_sha256(&hash, bytes_of(text, sizeof(text)));
    memcpy(out->bytes, hash.bytes, sizeof(out->bytes));
}

static void
make_office(struct world *world, unsigned number)
{
    struct public_key key = {{0}};

    world_secret(&world->office_keys[number], USE_OFFICE, number);
    keys_sign_public(&key, &world->office_keys[number]);
    memcpy(world->offices[number].bytes, key.bytes, sizeof(key.bytes));
}

void
world_init(struct world *world)
{
    memset(world, 0, sizeof(*world));
    for (unsigned i = 0; i < WORLD_OFFICES_READY; i++) {
        make_office(world, i);
    }
}

void
world_release(struct world *world)
{
    for (size_t i = 0; i < world->node_count; i++) {
        buf_release(&world->nodes[i].encoded);
        vclock_release(&world->nodes[i].clock);
    }
    for (size_t i = 0; i < world->count; i++) {
        control_release(&world->controls[i]);
    }
    mem_free(world->controls);
    log_table_release(&world->logs);
}

static void
secrets_make(struct node_secrets *out, unsigned number)
{
    struct secret_key *all[] = {&out->sign, &out->noise, &out->seal,
        &out->cosign, &out->clock, &out->storage};

    for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        world_secret(all[i], USE_NODE + i, number);
    }
}

/* "word number", in a zeroed array that has room for it. */
static void
make_name(char *out, const char *word, unsigned number)
{
    struct buf text = {0};

    buf_printf(&text, "%s %u", word, number);
    ck_assert_int_eq(buf_err(&text), ERR_OK);
    ck_assert_uint_le(text.size, CERT_NAME_BYTES_MAX);
    memcpy(out, text.data, text.size);
    buf_release(&text);
}

unsigned
world_node(struct world *world, unsigned office)
{
    unsigned number = (unsigned)world->node_count;
    struct world_node *node = &world->nodes[number];
    struct log_id id = {{{0}}, LOG_CONTROL};

    ck_assert_uint_lt(number, WORLD_NODES_MAX);
    ck_assert_uint_lt(office, WORLD_OFFICES_MAX);
    world->node_count++;
    if (office >= WORLD_OFFICES_READY) {
        make_office(world, office);
    }
    node->office = office;
    secrets_make(&node->secrets, number);
    node->cert.office = world->offices[office];
    node_secrets_public(&node->cert.keys, &node->secrets);
    make_name(node->cert.office_name, "Office", office);
    make_name(node->cert.node_name, "node", number);
    memcpy(node->cert.country, "NO", 3);
    node->cert.time_ms = number;
    id.node = node->cert.keys.sign;
    ck_assert_int_eq(log_table_add(&world->logs, &id, &node->log), ERR_OK);
    id.kind = LOG_CHANGES;
    ck_assert_int_eq(log_table_add(&world->logs, &id, &node->changes), ERR_OK);
    return number;
}

struct bytes
world_cert(struct world *world, unsigned number)
{
    struct world_node *node = &world->nodes[number];

    if (node->encoded.size == 0) {
        node->cert.corridor = world->corridor;
        ck_assert_int_eq(
            cert_encode(&node->encoded, &node->cert,
                &world->office_keys[node->office], &node->secrets.sign),
            ERR_OK);
    }
    return buf_bytes(&node->encoded);
}

static uint64_t
rank_of(const struct world *world, const struct vclock *clock)
{
    uint64_t rank = 0;

    for (size_t i = 0; i < world->count; i++) {
        if (vclock_counts(clock, world->controls[i].dot)) {
            rank = num_max_u64(rank, world->controls[i].rank);
        }
    }
    return rank + 1;
}

size_t
world_write(struct world *world, unsigned by, const struct statement *statement)
{
    struct world_node *node = &world->nodes[by];
    struct control *control = NULL;
    struct buf body = {0};

    ck_assert_int_eq(mem_grow((void **)&world->controls, &world->capacity,
                         world->count + 1, sizeof(*world->controls)),
        ERR_OK);
    control = &world->controls[world->count];
    memset(control, 0, sizeof(*control));
    control->dot = (struct dot){node->log, node->size};
    control->rank = rank_of(world, &node->clock);
    control->time = world->count;
    ck_assert_int_eq(vclock_copy(&control->clock, &node->clock), ERR_OK);
    statement_encode(&body, statement);
    ck_assert_int_eq(buf_err(&body), ERR_OK);
    control->body = mem_copy(body.data, body.size);
    ck_assert_ptr_nonnull(control->body);
    ck_assert_int_eq(statement_decode(&control->statement,
                         bytes_of(control->body, body.size)),
        ERR_OK);
    buf_release(&body);
    node->size++;
    ck_assert_int_eq(vclock_raise(&node->clock, node->log, node->size), ERR_OK);
    return world->count++;
}

/* The founding body within an encoded founding statement. */
static struct bytes
founding_of(struct bytes body)
{
    struct cursor cursor = cursor_init(body);

    ck_assert_uint_eq(cbor_get_array(&cursor), 3);
    ck_assert_uint_eq(cbor_get_uint(&cursor), STATEMENT_FOUND);
    return cbor_get_bytes(&cursor);
}

size_t
world_found(struct world *world, unsigned first, unsigned count)
{
    struct founder founders[FOUNDERS_MAX + 1];
    struct statement statement = {.type = STATEMENT_FOUND,
        .name = "Corridor",
        .policy = world->policy,
        .founders = founders,
        .founder_count = count};
    struct bytes founding = {0};
    struct buf body = {0};
    size_t place = 0;

    memset(founders, 0, sizeof(founders));
    memset(&world->corridor, 0, sizeof(world->corridor));
    for (unsigned i = 0; i < count; i++) {
        founders[i].encoded = world_cert(world, first + i);
        founders[i].firewall =
            world->is_firewall[world->nodes[first + i].office];
    }
    /* The founding body is what it is signed as: so write it twice. */
    statement_encode(&body, &statement);
    ck_assert_int_eq(buf_err(&body), ERR_OK);
    founding = founding_of(buf_bytes(&body));
    statement_corridor_id(&world->corridor, founding);
    for (unsigned i = 0; i < count; i++) {
        keys_sign(&founders[i].signature,
            &world->office_keys[world->nodes[first + i].office], founding);
    }
    place = world_write(world, first, &statement);
    buf_release(&body);
    return place;
}

void
world_see(struct world *world, unsigned node, unsigned other)
{
    ck_assert_int_eq(
        vclock_merge(&world->nodes[node].clock, &world->nodes[other].clock),
        ERR_OK);
}

void
world_see_changes(
    struct world *world, unsigned node, unsigned other, uint64_t size)
{
    ck_assert_int_eq(vclock_raise(&world->nodes[node].clock,
                         world->nodes[other].changes, size),
        ERR_OK);
}

void
world_meet(struct world *world)
{
    for (size_t i = 0; i < world->node_count; i++) {
        world_see(world, 0, (unsigned)i);
    }
    for (size_t i = 0; i < world->node_count; i++) {
        world_see(world, (unsigned)i, 0);
    }
}

size_t
world_admit(struct world *world, unsigned by, unsigned node, uint8_t roles)
{
    struct statement statement = {.type = STATEMENT_ADMIT,
        .encoded_cert = world_cert(world, node),
        .roles = roles,
        .firewall = world->is_firewall[world->nodes[node].office]};

    return world_write(world, by, &statement);
}

size_t
world_enrol(struct world *world, unsigned by, unsigned node)
{
    struct statement statement = {
        .type = STATEMENT_ENROL, .encoded_cert = world_cert(world, node)};

    return world_write(world, by, &statement);
}

size_t
world_join(struct world *world, unsigned by, unsigned node, uint8_t roles)
{
    size_t place = world_admit(world, by, node, roles);

    world_see(world, node, by);
    world_enrol(world, node, node);
    return place;
}

size_t
world_roles(struct world *world, unsigned by, unsigned office, uint8_t roles)
{
    struct statement statement = {.type = STATEMENT_ROLES,
        .office = world->offices[office],
        .roles = roles};

    return world_write(world, by, &statement);
}

size_t
world_confirm(struct world *world, unsigned by, unsigned office)
{
    struct statement statement = {
        .type = STATEMENT_CONFIRM, .office = world->offices[office]};

    return world_write(world, by, &statement);
}

size_t
world_pack(struct world *world, unsigned by, uint64_t version)
{
    struct statement statement = {
        .type = STATEMENT_PACK, .name = "mekong", .version = version};

    return world_write(world, by, &statement);
}

struct cut
world_cut(
    const struct world *world, unsigned node, enum log_kind kind, uint64_t size)
{
    struct cut cut = {.size = size};

    cut.log.node = world->nodes[node].cert.keys.sign;
    cut.log.kind = (uint8_t)kind;
    return cut;
}

size_t
world_retire(struct world *world, const struct world_retire *retire)
{
    struct statement statement = {.type = STATEMENT_RETIRE,
        .is_node = retire->is_node,
        .cut_count = retire->cut_count};
    struct cut cuts[CUTS_MAX];
    unsigned office = retire->target;

    memset(cuts, 0, sizeof(cuts));
    ck_assert_uint_le(retire->cut_count, CUTS_MAX);
    for (size_t i = 0; i < retire->cut_count; i++) {
        cuts[i] = retire->cuts[i];
    }
    statement.cuts = cuts;
    if (retire->is_node) {
        statement.node = world->nodes[retire->target].cert.keys.sign;
        office = world->nodes[retire->target].office;
    } else {
        statement.office = world->offices[retire->target];
    }
    if (retire->is_signed) {
        ck_assert_int_eq(statement_sign_retire(&statement, &world->corridor,
                             &world->office_keys[office]),
            ERR_OK);
    }
    return world_write(world, retire->by, &statement);
}

struct circle_name
world_office_circle(const struct world *world, unsigned office)
{
    struct circle_name name = {.kind = CIRCLE_OFFICE};

    name.office = world->offices[office];
    return name;
}

static void
seal_to(const struct world *world, struct seal_item *out, unsigned node,
    const struct secret_key *secret)
{
    out->node = world->nodes[node].cert.keys.sign;
    ck_assert_int_eq(
        seal_box(out->boxed, &world->nodes[node].cert.keys.seal, secret),
        ERR_OK);
}

static struct seal_wrap_place
former_place(const struct world *world, const struct control *former,
    const struct hash *commitment)
{
    struct seal_wrap_place place = {.corridor = &world->corridor,
        .node = &world->logs.ids[former->dot.log].node,
        .log_kind = LOG_CONTROL,
        .position = former->dot.position,
        .commitment = commitment};

    return place;
}

size_t
world_circle(struct world *world, const struct world_circle *circle)
{
    struct statement statement = {.type = STATEMENT_CIRCLE,
        .circle = circle->name,
        .seal_count = circle->node_count,
        .has_former = circle->has_former};
    struct seal_item items[SEALS_MAX];
    struct secret_key secret = {{0}};
    struct secret_key former = {{0}};
    struct dot dot = {0};
    size_t place = 0;

    world_secret(&secret, USE_CIRCLE, (unsigned)world->count);
    keys_box_public(&statement.public, &secret);
    ck_assert_uint_le(circle->node_count, SEALS_MAX);
    memset(items, 0, sizeof(items));
    for (size_t i = 0; i < circle->node_count; i++) {
        seal_to(world, &items[i], circle->nodes[i], &secret);
    }
    statement.seals = items;
    if (circle->has_former) {
        const struct control *control = &world->controls[circle->former];
        struct seal_wrap_place wrap =
            former_place(world, control, &statement.commitment);

        world_secret(&former, USE_CIRCLE, (unsigned)circle->former);
        seal_commitment(&statement.commitment, &former);
        seal_wrap(statement.wrapped, &secret, &wrap, &former);
        dot = control->dot;
    }
    place = world_write(world, circle->by, &statement);
    world->controls[place].has_generation = circle->has_former;
    world->controls[place].generation = dot;
    return place;
}

size_t
world_seals(struct world *world, unsigned by, size_t generation,
    const unsigned *nodes, size_t node_count)
{
    struct statement statement = {
        .type = STATEMENT_SEALS, .seal_count = node_count};
    struct seal_item items[SEALS_MAX];
    struct secret_key secret = {{0}};
    struct dot dot = world->controls[generation].dot;
    size_t place = 0;

    world_secret(&secret, USE_CIRCLE, (unsigned)generation);
    memset(items, 0, sizeof(items));
    for (size_t i = 0; i < node_count; i++) {
        seal_to(world, &items[i], nodes[i], &secret);
    }
    statement.seals = items;
    place = world_write(world, by, &statement);
    world->controls[place].has_generation = true;
    world->controls[place].generation = dot;
    return place;
}

const struct vclock *
world_clock(const struct world *world, unsigned node)
{
    return &world->nodes[node].clock;
}
