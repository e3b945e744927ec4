/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small corridor made by hand, for tests of records: six nodes of four
 * offices, one record, and events (changes with the place where they stand).
 * Functions are inline so that this library needs no other.
 *
 *     node    0 1   2 3   4   5      their ids do not ascend with their
 *     office   A     B    C   D      numbers, and no office is all nodes
 */
#ifndef CORRIDOR_TESTS_LIB_RECORD_WORLD_H
#define CORRIDOR_TESTS_LIB_RECORD_WORLD_H

#include <assert.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "sync/model/merge.h"

enum {
    WORLD_NODES = 6,
    WORLD_OFFICES = 4,
    WORLD_KEYS = 4, /* content keys: the last one is sealed */
    WORLD_OPS = 6,  /* per event */
    WORLD_DOTS = 8, /* per operation */
    WORLD_VALUE_BYTES = 160
};

/* The kind that tests use, and its fields. */
enum {
    WORLD_KIND = 7,
    F_ONCE = 1,
    F_REVIEW,
    F_LATEST,
    F_SET,
    F_BAN,
    F_JOURNAL,
    F_LEDGER,
    F_LADDER,
    F_HIGHEST,
    F_LOWEST,
    F_RESTRICT_CODES,
    F_RESTRICT_B,
    F_RESTRICT_DT,
    F_RESTRICT_TX,
    F_AUTHORITY, /* of the creator */
    F_AUTHORITY_BY_OWNER,
    F_OWNER,
    F_OFFICE,            /* once */
    F_AUTHORITY_BY_ONCE, /* of F_OFFICE */
    F_SEALED,            /* review, CLASS_SEALED */
    F_HIGHEST_CODE,
    F_UNKNOWN = 99
};

struct world {
    struct log_table logs;
    struct membership membership;
    struct office offices[WORLD_OFFICES];
    struct member_node nodes[WORLD_NODES];
    struct corridor_id corridor;
    struct record_id record;
    struct record_salt salt;
    uint32_t log_of[WORLD_NODES];
};

/* One change, and where it stands. */
struct event {
    size_t node;
    uint64_t position;
    uint64_t rank;
    uint64_t time;
    uint64_t sizes[WORLD_NODES]; /* its clock, by node */
    size_t key;                  /* 0 .. WORLD_KEYS */
    uint32_t blind; /* bit k: its author could not open key k by then */
    bool is_creating;
    bool has_wrong_salt;
    size_t op_count;
    struct change_op ops[WORLD_OPS];
    struct op_id dots[WORLD_OPS][WORLD_DOTS];
    uint8_t values[WORLD_OPS][WORLD_VALUE_BYTES];
};

static const char *const world_codes[] = {"low", "middle", "high"};
static const struct schema_list world_list = {"list", world_codes, 3};

/* open, waiting, resolved, closed, withdrawn; withdrawn is for review. */
static const struct schema_ladder world_ladder = {
    .name = "ladder",
    .states = {"open", "waiting", "resolved", "closed", "withdrawn"},
    .beats = {14, 12, 8, 0, 0},
    .count = 5,
};

static const struct schema_field world_fields[] = {
    {"once", F_ONCE, VALUE_CODE, RULE_ONCE, .class = CLASS_CASE},
    {"review", F_REVIEW, VALUE_CODE, RULE_REVIEW, .class = CLASS_CASE},
    {"latest", F_LATEST, VALUE_CODE, RULE_LATEST, .class = CLASS_CASE},
    {"set", F_SET, VALUE_CODE, RULE_SET, .class = CLASS_CASE},
    {"ban", F_BAN, VALUE_CODE, RULE_BAN, .class = CLASS_CASE},
    {"journal", F_JOURNAL, VALUE_CODE, RULE_JOURNAL, .class = CLASS_CASE},
    {"ledger", F_LEDGER, VALUE_LE, RULE_LEDGER, .class = CLASS_CASE},
    {"ladder", F_LADDER, VALUE_STATE, RULE_LADDER, .class = CLASS_CASE,
        .ladder = &world_ladder},
    {"highest", F_HIGHEST, VALUE_N, RULE_HIGHEST, .class = CLASS_CASE},
    {"lowest", F_LOWEST, VALUE_DT, RULE_LOWEST, .class = CLASS_CASE},
    {"restrict_codes", F_RESTRICT_CODES, VALUE_CODES, RULE_RESTRICT,
        .class = CLASS_CASE},
    {"restrict_b", F_RESTRICT_B, VALUE_B, RULE_RESTRICT, .class = CLASS_CASE},
    {"restrict_dt", F_RESTRICT_DT, VALUE_DT, RULE_RESTRICT,
        .class = CLASS_CASE},
    {"restrict_tx", F_RESTRICT_TX, VALUE_TX, RULE_RESTRICT,
        .class = CLASS_CASE},
    {"authority", F_AUTHORITY, VALUE_CODE, RULE_AUTHORITY, .class = CLASS_CASE},
    {"by_owner", F_AUTHORITY_BY_OWNER, VALUE_CODE, RULE_AUTHORITY,
        .class = CLASS_CASE, .authority = F_OWNER},
    {"owner", F_OWNER, VALUE_OFFICE, RULE_OWNER, .class = CLASS_CASE},
    {"office", F_OFFICE, VALUE_OFFICE, RULE_ONCE, .class = CLASS_CASE},
    {"by_once", F_AUTHORITY_BY_ONCE, VALUE_CODE, RULE_AUTHORITY,
        .class = CLASS_CASE, .authority = F_OFFICE},
    {"sealed", F_SEALED, VALUE_CODE, RULE_REVIEW, .class = CLASS_SEALED},
    {"highest_code", F_HIGHEST_CODE, VALUE_CODE, RULE_HIGHEST,
        .class = CLASS_CASE, .list = &world_list},
};

enum { WORLD_FIELDS = sizeof(world_fields) / sizeof(world_fields[0]) };

static const struct schema_kind world_kind = {
    .name = "thing",
    .number = WORLD_KIND,
    .class = CLASS_CASE,
    .fields = world_fields,
    .count = WORLD_FIELDS,
};

static inline size_t
world_office_of(size_t node)
{
    static const size_t offices[WORLD_NODES] = {0, 0, 1, 1, 2, 3};

    return offices[node];
}

/*
 * Stands in for the model's own in the program that includes this: who is a
 * member is no question here, and a membership cannot be made by hand.
 */
const struct office *
membership_office_of(const struct membership *membership, uint32_t log)
{
    const struct node_id *node = &membership->logs->ids[log].node;

    for (size_t i = 0; i < membership->node_count; i++) {
        if (node_id_equal(&membership->nodes[i].cert.keys.sign, node)) {
            return &membership->offices[membership->nodes[i].office];
        }
    }
    return NULL;
}

/* Logs get their local numbers in an order of their own, by `turn`. */
static inline void
world_init(struct world *world, size_t turn)
{
    static const uint8_t names[WORLD_NODES] = {40, 10, 60, 20, 50, 30};

    *world = (struct world){0};
    memset(world->corridor.bytes, 0xc0, sizeof(world->corridor.bytes));
    memset(world->salt.bytes, 0x5a, sizeof(world->salt.bytes));
    for (size_t i = 0; i < WORLD_OFFICES; i++) {
        memset(world->offices[i].id.bytes, (int)(0xa0 + i), 32);
        world->offices[i].seniority = (uint32_t)i;
    }
    for (size_t i = 0; i < WORLD_NODES; i++) {
        size_t node = (i + turn) % WORLD_NODES;
        struct log_id id = {.kind = LOG_CHANGES};
        enum err rc = ERR_OK;

        memset(id.node.bytes, names[node], sizeof(id.node.bytes));
        rc = log_table_add(&world->logs, &id, &world->log_of[node]);
        assert(rc == ERR_OK);
        world->nodes[node].cert.keys.sign = id.node;
        world->nodes[node].office = (uint32_t)world_office_of(node);
        world->nodes[node].cert.office =
            world->offices[world_office_of(node)].id;
    }
    world->membership.offices = world->offices;
    world->membership.office_count = WORLD_OFFICES;
    world->membership.nodes = world->nodes;
    world->membership.node_count = WORLD_NODES;
    world->membership.logs = &world->logs;
    record_id_make(&world->record, &world->corridor,
        &world->logs.ids[world->log_of[0]].node, &world->salt, 1700000000000);
}

static inline void
world_release(struct world *world)
{
    log_table_release(&world->logs);
}

static inline struct dot
world_dot(const struct world *world, size_t node, uint64_t position)
{
    return (struct dot){world->log_of[node], position};
}

/* Keys are named by dots of node 0. */
static inline struct dot
world_key(const struct world *world, size_t key)
{
    return world_dot(world, 0, 1000 + key);
}

struct world_opens {
    const struct world *world;
    const struct event *event;
};

static inline bool
world_opens(void *context, struct dot key)
{
    const struct world_opens *opens = context;
    size_t at = (size_t)(key.position - world_key(opens->world, 0).position);

    assert(at < WORLD_KEYS);
    return (opens->event->blind >> at & 1) == 0;
}

/* Does `event` count `other`? Never itself. */
static inline bool
event_counts(const struct event *event, const struct event *other)
{
    return other->position < event->sizes[other->node];
}

static inline struct change_op *
event_op(struct event *event, uint16_t field, enum change_action action)
{
    struct change_op *op = &event->ops[event->op_count];

    assert(event->op_count < WORLD_OPS);
    *op = (struct change_op){.field = field, .action = (uint8_t)action};
    event->op_count++;
    return op;
}

/* Give the last operation a value, whose encoding is in `encoded`. */
static inline void
event_value(struct event *event, const struct buf *encoded)
{
    size_t last = event->op_count - 1;

    assert(buf_err(encoded) == ERR_OK);
    assert(encoded->size <= WORLD_VALUE_BYTES);
    memcpy(event->values[last], encoded->data, encoded->size);
    event->ops[last].has_value = true;
    event->ops[last].value = bytes_of(event->values[last], encoded->size);
}

static inline void
event_reason(struct event *event, const char *reason)
{
    event->ops[event->op_count - 1].has_reason = true;
    event->ops[event->op_count - 1].reason = bytes_text(reason);
}

/* Let the last operation name op `op` of `other`. */
static inline void
event_name(struct event *event, const struct event *other, uint16_t op)
{
    struct change_op *last = &event->ops[event->op_count - 1];

    assert(last->dot_count < WORLD_DOTS);
    /* The log is the node's number until the event is applied. */
    event->dots[event->op_count - 1][last->dot_count] =
        (struct op_id){{(uint32_t)other->node, other->position}, op};
    last->dot_count++;
}

/* Apply an event to the world's record. */
static inline enum err
event_apply(struct record *record, const struct world *world,
    const struct event *event, enum void_reason *out_void)
{
    struct op_id dots[WORLD_OPS][WORLD_DOTS];
    struct change_op ops[WORLD_OPS];
    uint64_t sizes[WORLD_NODES];
    struct vclock clock = {sizes, WORLD_NODES, WORLD_NODES};
    struct world_opens opens = {world, event};
    struct change change = {
        .record = world->record,
        .kind = WORLD_KIND,
        .has_salt = event->is_creating,
        .salt = world->salt,
        .ops = ops,
        .op_count = event->op_count,
    };
    struct change_place place = {
        .dot = world_dot(world, event->node, event->position),
        .rank = event->rank,
        .time = event->time,
        .clock = &clock,
        .key = world_key(world, event->key),
        .class = event->key == WORLD_KEYS - 1 ? CLASS_SEALED : CLASS_CASE,
        .corridor = &world->corridor,
        .logs = &world->logs,
        .membership = &world->membership,
        .opens = world_opens,
        .context = &opens,
    };

    if (event->has_wrong_salt) {
        change.salt.bytes[0] ^= 1;
    }
    for (size_t i = 0; i < WORLD_NODES; i++) {
        sizes[world->log_of[i]] = event->sizes[i];
    }
    memcpy(ops, event->ops, sizeof(ops));
    memcpy(dots, event->dots, sizeof(dots));
    for (size_t i = 0; i < event->op_count; i++) {
        for (size_t j = 0; j < ops[i].dot_count; j++) {
            dots[i][j].dot.log = world->log_of[event->dots[i][j].dot.log];
        }
        ops[i].dots = ops[i].dot_count > 0 ? dots[i] : NULL;
        /* The event may have been copied since. */
        ops[i].value.data = event->values[i];
    }
    return record_apply(record, &world_kind, &change, &place, out_void);
}

/* The view of one field. */
static inline struct merge_view
world_view(
    const struct world *world, const struct record *record, uint16_t field)
{
    return (struct merge_view){
        .record = record,
        .kind = &world_kind,
        .field = schema_field(&world_kind, field),
        .logs = &world->logs,
        .membership = &world->membership,
    };
}

static inline void
put_code(struct buf *out, const char *code)
{
    buf_clear(out);
    cbor_put_cstr(out, code);
}

struct world_entry {
    const char *type;
    const char *payer;
    const char *reference;
    int64_t units;
    const char *currency;
    uint64_t exponent;
};

static inline void
put_entry(struct buf *out, const struct world_entry *entry)
{
    buf_clear(out);
    cbor_put_array(out, 6);
    cbor_put_cstr(out, entry->type);
    cbor_put_cstr(out, entry->payer);
    cbor_put_cstr(out, entry->reference);
    cbor_put_array(out, 3);
    cbor_put_int(out, entry->units);
    cbor_put_cstr(out, entry->currency);
    cbor_put_uint(out, entry->exponent);
    cbor_put_null(out);
    cbor_put_null(out);
}

#endif
