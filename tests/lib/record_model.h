/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A history of a record, and the naive model of what it comes to: the
 * definitions of docs/protocol.md, "Records and merging", one by one, over
 * the whole history, with no thought of cost.
 */
#ifndef CORRIDOR_TESTS_LIB_RECORD_MODEL_H
#define CORRIDOR_TESTS_LIB_RECORD_MODEL_H

#include <check.h>

#include "sync/model/merge_internal.h"
#include "tests/lib/prng.h"
#include "tests/lib/record_world.h"

enum { EVENTS = 26 };

struct sim {
    struct prng prng;
    struct world world;
    struct event events[EVENTS];
    size_t count;
    uint64_t clocks[WORLD_NODES][WORLD_NODES];
    uint64_t sizes[WORLD_NODES];
    uint64_t ranks[WORLD_NODES];
    bool is_of_owners; /* mostly transfers, and what hangs on them */
};

/* An operation of the history. */
struct ref {
    size_t event;
    size_t op;
};

static inline const struct change_op *
op_at(const struct sim *sim, struct ref ref)
{
    return &sim->events[ref.event].ops[ref.op];
}

/* Which event a named dot is of; its log is the node's number. */
static inline size_t
event_of(const struct sim *sim, const struct op_id *id)
{
    for (size_t i = 0; i < sim->count; i++) {
        if (sim->events[i].node == id->dot.log &&
            sim->events[i].position == id->dot.position) {
            return i;
        }
    }
    ck_abort_msg("a name of nothing");
    return 0;
}

struct model {
    const struct sim *sim;
    bool is_void[EVENTS];
    bool is_kept[EVENTS][WORLD_OPS]; /* it was current once */
};

static inline const struct schema_field *
model_field(const struct model *model, struct ref ref)
{
    return schema_field(&world_kind, op_at(model->sim, ref)->field);
}

static inline bool
model_opens(const struct model *model, size_t event, size_t other)
{
    const struct event *e = &model->sim->events[event];
    size_t key = model->sim->events[other].key;

    return e->key == key || (e->blind >> key & 1) == 0;
}

/* Is this a valid operation of the same field, current at some time? */
static inline bool
model_stands(const struct model *model, struct ref field, struct ref ref)
{
    return !model->is_void[ref.event] && model->is_kept[ref.event][ref.op] &&
           ref.op < model->sim->events[ref.event].op_count &&
           op_at(model->sim, ref)->field == op_at(model->sim, field)->field;
}

static inline bool
model_names(const struct model *model, struct ref by, struct ref ref)
{
    const struct change_op *op = op_at(model->sim, by);

    for (size_t i = 0; i < op->dot_count; i++) {
        const struct op_id *id = &model->sim->events[by.event].dots[by.op][i];

        if (event_of(model->sim, id) == ref.event && id->op == ref.op) {
            return true;
        }
    }
    return false;
}

/* Is the name hidden: there, but not to be opened by who names it? */
static inline bool
model_hides(const struct model *model, struct ref by, size_t name)
{
    const struct op_id *id = &model->sim->events[by.event].dots[by.op][name];
    struct ref ref = {event_of(model->sim, id), id->op};

    return model_stands(model, by, ref) &&
           !model_opens(model, by.event, ref.event);
}

static inline int
model_order(const struct sim *sim, struct ref a, struct ref b)
{
    const struct event *x = &sim->events[a.event];
    const struct event *y = &sim->events[b.event];
    struct log_table const *logs = &sim->world.logs;

    if (x->rank != y->rank) {
        return x->rank < y->rank ? -1 : 1;
    }
    if (x->time != y->time) {
        return x->time < y->time ? -1 : 1;
    }
    if (x->node != y->node) {
        return memcmp(logs->ids[sim->world.log_of[x->node]].node.bytes,
            logs->ids[sim->world.log_of[y->node]].node.bytes, 32);
    }
    if (x->position != y->position) {
        return x->position < y->position ? -1 : 1;
    }
    return (a.op > b.op) - (a.op < b.op);
}

/* Is this a transfer that event `by` counts and could open (EVENTS: any)? */
static inline bool
model_sees(
    const struct model *model, struct ref owner, size_t by, struct ref ref)
{
    return model_stands(model, owner, ref) &&
           (by == EVENTS || (event_counts(&model->sim->events[by],
                                 &model->sim->events[ref.event]) &&
                                model_opens(model, by, ref.event)));
}

/*
 * The chain of transfers by its words: follow from the root as long as one
 * and only one transfer by the owner's office follows, not counting those
 * that a settling transfer names. `by` limits it to what that event counts
 * and could open; EVENTS for all. Returns how many tips there are.
 */
static inline size_t
model_level(const struct model *model, struct ref owner, struct ref step,
    size_t by, struct ref *level)
{
    const struct sim *sim = model->sim;
    size_t giver = op_at(sim, step)->office.bytes[0] - (size_t)0xa0;
    size_t count = 0;
    bool has_grown = true;

    while (has_grown) {
        has_grown = false;
        for (size_t i = 0; i < sim->count; i++) {
            for (size_t j = 0; j < sim->events[i].op_count; j++) {
                struct ref ref = {i, j};
                const struct change_op *op = op_at(sim, ref);
                size_t named = 0;
                bool is_in = false;

                for (size_t k = 0; k < count; k++) {
                    is_in = is_in || (level[k].event == i && level[k].op == j);
                    named += model_names(model, ref, level[k]);
                }
                if (is_in || !model_sees(model, owner, by, ref) ||
                    world_office_of(sim->events[i].node) != giver) {
                    continue;
                }
                if ((op->dot_count == 1 && model_names(model, ref, step)) ||
                    (op->dot_count > 1 && named == op->dot_count)) {
                    level[count] = ref;
                    count++;
                    has_grown = true;
                }
            }
        }
    }
    return count;
}

static inline size_t
model_tips(const struct model *model, const struct ref *level, size_t count,
    struct ref *tips)
{
    size_t tip_count = 0;

    for (size_t i = 0; i < count; i++) {
        bool is_settled = false;

        for (size_t j = 0; j < count; j++) {
            is_settled = is_settled || model_names(model, level[j], level[i]);
        }
        if (!is_settled) {
            tips[tip_count] = level[i];
            tip_count++;
        }
    }
    return tip_count;
}

/* Does it name something, and nothing that is seen? */
static inline bool
model_is_orphan(
    const struct model *model, struct ref owner, size_t by, struct ref ref)
{
    const struct change_op *op = op_at(model->sim, ref);

    for (size_t i = 0; i < op->dot_count; i++) {
        const struct op_id *id = &model->sim->events[ref.event].dots[ref.op][i];
        struct ref named = {event_of(model->sim, id), id->op};

        if (model_sees(model, owner, by, named)) {
            return false;
        }
    }
    return op->dot_count > 0;
}

/* The first that names nothing; where none is seen, the only orphan. */
static inline bool
model_root(
    const struct model *model, struct ref owner, size_t by, struct ref *out)
{
    const struct sim *sim = model->sim;
    size_t orphans = 0;
    bool has_root = false;

    for (size_t i = 0; i < sim->count; i++) {
        for (size_t j = 0; j < sim->events[i].op_count; j++) {
            struct ref ref = {i, j};

            if (!model_sees(model, owner, by, ref)) {
                continue;
            }
            if (op_at(sim, ref)->dot_count == 0 &&
                (!has_root || model_order(sim, ref, *out) < 0)) {
                *out = ref;
                has_root = true;
            } else if (!has_root && model_is_orphan(model, owner, by, ref)) {
                *out = ref;
                orphans++;
            }
        }
    }
    return has_root || orphans == 1;
}

/* The step after which the owner holds the record; false without a root. */
static inline bool
model_owner(const struct model *model, struct ref owner, size_t by,
    struct ref *out_step, struct ref *tips, size_t *out_tips)
{
    struct ref level[EVENTS * WORLD_OPS];

    if (!model_root(model, owner, by, out_step)) {
        return false;
    }
    for (;;) {
        size_t count = model_level(model, owner, *out_step, by, level);

        *out_tips = model_tips(model, level, count, tips);
        if (*out_tips != 1) {
            break;
        }
        *out_step = tips[0];
    }
    if (*out_tips == 0) {
        tips[0] = *out_step;
        *out_tips = 1;
    }
    return true;
}

static inline bool
model_transfer_is_good(const struct model *model, struct ref ref)
{
    const struct sim *sim = model->sim;
    const struct event *event = &sim->events[ref.event];
    const struct change_op *op = op_at(sim, ref);
    size_t author = world_office_of(event->node);
    struct ref step = {0, 0};
    struct ref tips[EVENTS * WORLD_OPS];
    size_t tip_count = 0;

    if (op->dot_count == 0) {
        return event->is_creating && op->office.bytes[0] == 0xa0 + author;
    }
    for (size_t i = 0; i < op->dot_count; i++) {
        const struct op_id *id = &event->dots[ref.op][i];
        struct ref named = {event_of(sim, id), id->op};

        if (!model_stands(model, ref, named)) {
            return true;
        }
    }
    for (size_t i = 0; i < op->dot_count; i++) {
        if (model_hides(model, ref, i)) {
            return false;
        }
    }
    if (!model_owner(model, ref, ref.event, &step, tips, &tip_count)) {
        return true;
    }
    if (tip_count != op->dot_count ||
        op_at(sim, step)->office.bytes[0] != 0xa0 + author) {
        return false;
    }
    for (size_t i = 0; i < tip_count; i++) {
        if (!model_names(model, ref, tips[i])) {
            return false;
        }
    }
    return true;
}

static inline bool
model_op_is_good(const struct model *model, struct ref ref)
{
    const struct sim *sim = model->sim;
    const struct event *event = &sim->events[ref.event];
    const struct change_op *op = op_at(sim, ref);
    const struct schema_field *field = model_field(model, ref);

    for (size_t i = 0; i < op->dot_count; i++) {
        if (!event_counts(
                event, &sim->events[event_of(sim, &event->dots[ref.op][i])])) {
            return false;
        }
    }
    if (field == NULL) {
        return true;
    }
    if (field->class == CLASS_SEALED && event->key != WORLD_KEYS - 1) {
        return false;
    }
    switch (field->rule) {
    case RULE_SET:
    case RULE_BAN:
    case RULE_JOURNAL:
        return op->action == ACTION_ADD || op->action == ACTION_REMOVE;
    case RULE_LEDGER:
        return op->action == ACTION_ADD ||
               (op->action == ACTION_REMOVE && op->dot_count == 1);
    case RULE_OWNER:
        return op->action == ACTION_TRANSFER &&
               model_transfer_is_good(model, ref);
    case RULE_ONCE:
        return op->action == ACTION_SET && event->is_creating;
    default:
        return op->action == ACTION_SET;
    }
}

/* Judge events in the order in which they were made, which is causal. */
static inline void
model_judge(struct model *model)
{
    const struct sim *sim = model->sim;

    for (size_t i = 0; i < sim->count; i++) {
        const struct event *event = &sim->events[i];
        bool is_good =
            !event->is_creating || (event->node == 0 && !event->has_wrong_salt);

        for (size_t j = 0; j < event->op_count; j++) {
            is_good = is_good && model_op_is_good(model, (struct ref){i, j});
        }
        model->is_void[i] = !is_good;
        for (size_t j = 0; j < event->op_count && is_good; j++) {
            struct ref ref = {i, j};
            const struct schema_field *field = model_field(model, ref);
            const struct change_op *op = op_at(sim, ref);
            bool is_kept = true;

            if (field != NULL && op->action == ACTION_REMOVE) {
                is_kept = false;
                for (size_t k = 0; k < op->dot_count; k++) {
                    is_kept = is_kept || !model_hides(model, ref, k);
                }
                if (field->rule == RULE_SET || field->rule == RULE_BAN) {
                    is_kept = false;
                }
            }
            model->is_kept[i][j] = is_kept;
        }
    }
}

static inline bool
model_replaces(const struct model *model, struct ref ref, struct ref old)
{
    const struct sim *sim = model->sim;
    const struct schema_field *field = model_field(model, ref);
    const struct change_op *op = op_at(sim, ref);

    if (field == NULL) {
        return op->action == ACTION_SET &&
               op_at(sim, old)->action == ACTION_SET;
    }
    switch (field->rule) {
    case RULE_REVIEW:
    case RULE_LATEST:
    case RULE_LADDER:
    case RULE_RESTRICT:
        return true;
    case RULE_HIGHEST:
    case RULE_LOWEST:
        return op->has_reason;
    case RULE_AUTHORITY:
        return world_office_of(sim->events[ref.event].node) ==
               world_office_of(sim->events[old.event].node);
    case RULE_SET:
    case RULE_BAN:
        return model_names(model, ref, old);
    default:
        return false;
    }
}

/* "No valid e in the field counts d, could open it, and replaces it." */
static inline bool
model_is_current(const struct model *model, struct ref old)
{
    const struct sim *sim = model->sim;

    if (model->is_void[old.event] || !model->is_kept[old.event][old.op]) {
        return false;
    }
    for (size_t i = 0; i < sim->count; i++) {
        for (size_t j = 0; j < sim->events[i].op_count; j++) {
            struct ref ref = {i, j};

            if (!model->is_void[i] &&
                op_at(sim, ref)->field == op_at(sim, old)->field &&
                event_counts(&sim->events[i], &sim->events[old.event]) &&
                model_opens(model, i, old.event) &&
                model_replaces(model, ref, old)) {
                return false;
            }
        }
    }
    return true;
}

#endif
