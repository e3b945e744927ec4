/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories of six nodes whose clocks are wrong, with every rule,
 * blind authors and broken changes among them, applied in many orders that
 * extend causality, each on a machine that numbers its logs otherwise. All
 * must give the same bytes, the same verdicts and the same view, and hold
 * just what the definition says: an operation is current unless a valid one
 * counts it, could open it, and replaces it by the field's rule.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/record_model.h"
#include "tests/lib/run.h"

enum { ORDERS = 7, HISTORIES = 240, SEED = 0x5eed0000 };

static bool
chance(struct sim *sim, unsigned percent)
{
    return prng_below(&sim->prng, 100) < percent;
}

static void
random_value(
    struct sim *sim, struct event *event, const struct schema_field *field)
{
    static const char *const states[] = {
        "open", "waiting", "resolved", "closed", "withdrawn", "odd"};
    static const char *const texts[] = {"x", "y", "high", "low"};
    struct buf out = {0};
    uint64_t pick = prng_below(&sim->prng, 4);
    struct world_entry entry = {texts[pick % 2], "SSO",
        chance(sim, 50) ? "R1" : "", (int64_t)pick, "THB", 2};

    switch (field == NULL ? VALUE_CODE : field->type) {
    case VALUE_N:
        cbor_put_int(&out, (int64_t)pick - 2);
        break;
    case VALUE_B:
        cbor_put_bool(&out, pick > 1);
        break;
    case VALUE_DT:
        cbor_put_array(&out, 3);
        cbor_put_uint(&out, CALENDAR_COMMON);
        cbor_put_null(&out);
        cbor_put_uint(&out, 2026 + pick);
        break;
    case VALUE_TX:
        cbor_put_array(&out, 2);
        cbor_put_cstr(&out, texts[pick]);
        cbor_put_null(&out);
        break;
    case VALUE_CODES:
        cbor_put_array(&out, pick % 3);
        for (uint64_t i = 0; i < pick % 3; i++) {
            char code[2] = {(char)('a' + (pick + 2 * i) % 5), '\0'};

            cbor_put_cstr(&out, code);
        }
        if (value_check(VALUE_CODES, buf_bytes(&out)) != ERR_OK) {
            buf_clear(&out);
            cbor_put_array(&out, 0);
        }
        break;
    case VALUE_LE:
        put_entry(&out, &entry);
        break;
    case VALUE_OFFICE:
        cbor_put_bytes(&out, bytes_of(sim->world.offices[pick].id.bytes, 32));
        break;
    case VALUE_STATE:
        cbor_put_cstr(&out, states[prng_below(&sim->prng, 6)]);
        break;
    default:
        cbor_put_cstr(&out, texts[pick]);
        break;
    }
    event_value(event, &out);
    buf_release(&out);
}

/* Name an operation that the event counts, mostly of the same field. */
static void
random_name(struct sim *sim, struct event *event, uint16_t field)
{
    const struct change_op *last = &event->ops[event->op_count - 1];

    for (size_t tries = 0; sim->count > 0 && tries < 40; tries++) {
        const struct event *other =
            &sim->events[prng_below(&sim->prng, sim->count)];
        uint16_t op = (uint16_t)prng_below(&sim->prng, 2);
        bool is_named = false;

        for (size_t i = 0; i < last->dot_count; i++) {
            const struct op_id *id = &event->dots[event->op_count - 1][i];

            is_named = is_named ||
                       (id->dot.log == other->node &&
                           id->dot.position == other->position && id->op == op);
        }
        if (is_named || (!event_counts(event, other) && !chance(sim, 2)) ||
            (op < other->op_count && other->ops[op].field != field &&
                !chance(sim, 2))) {
            continue;
        }
        event_name(event, other, op);
        return;
    }
}

/* A transfer by the chain that the author sees; others would all be void. */
static void
honest_transfer(struct sim *sim, struct event *event, size_t number)
{
    struct model model = {.sim = sim};
    struct ref tips[EVENTS * WORLD_OPS];
    struct ref step = {0, 0};
    struct ref owner = {number, event->op_count - 1};
    size_t tip_count = 0;

    sim->count = number + 1;
    model_judge(&model);
    if (model_owner(&model, owner, number, &step, tips, &tip_count)) {
        for (size_t i = 0; i < tip_count && i < WORLD_DOTS; i++) {
            event_name(
                event, &sim->events[tips[i].event], (uint16_t)tips[i].op);
        }
    }
    sim->count = number;
}

static uint16_t
random_field(struct sim *sim)
{
    static const uint16_t numbers[] = {F_REVIEW, F_LATEST, F_SET, F_BAN,
        F_JOURNAL, F_LEDGER, F_LADDER, F_HIGHEST, F_LOWEST, F_RESTRICT_CODES,
        F_RESTRICT_B, F_RESTRICT_DT, F_RESTRICT_TX, F_AUTHORITY,
        F_AUTHORITY_BY_OWNER, F_OWNER, F_OWNER, F_AUTHORITY_BY_ONCE, F_SEALED,
        F_HIGHEST_CODE, F_UNKNOWN, F_ONCE};
    size_t count = sizeof(numbers) / sizeof(numbers[0]);

    if (sim->is_of_owners) {
        return chance(sim, 70) ? F_OWNER : F_AUTHORITY_BY_OWNER;
    }
    return numbers[prng_below(&sim->prng, chance(sim, 5) ? count : count - 1)];
}

static void
random_op(struct sim *sim, struct event *event, size_t number)
{
    uint16_t field = random_field(sim);
    const struct schema_field *schema = schema_field(&world_kind, field);
    unsigned actions = merge_rule_of(schema)->actions;
    enum change_action action = ACTION_SET;

    if (field == F_SEALED && event->key != WORLD_KEYS - 1 && !chance(sim, 5)) {
        field = F_REVIEW;
        schema = schema_field(&world_kind, field);
    }
    do {
        action = (enum change_action)prng_below(&sim->prng, 4);
    } while ((actions >> action & 1) == 0 && !chance(sim, 1));
    event_op(event, field, action);
    if (action == ACTION_SET || action == ACTION_ADD) {
        random_value(sim, event, schema);
    }
    if (action == ACTION_SET && chance(sim, 30)) {
        event_reason(event, "told by letter");
    }
    if (action == ACTION_REMOVE) {
        random_name(sim, event, field);
        if (field != F_LEDGER && chance(sim, 50)) {
            random_name(sim, event, field);
        }
        if (event->ops[event->op_count - 1].dot_count == 0) {
            event->op_count--;
        }
    }
    if (action == ACTION_TRANSFER) {
        event->ops[event->op_count - 1].office =
            sim->world.offices[prng_below(&sim->prng, WORLD_OFFICES)].id;
        if (chance(sim, 90)) {
            honest_transfer(sim, event, number);
        } else {
            random_name(sim, event, field);
        }
    }
}

/* Let a node learn all that another one knows. */
static void
hear(struct sim *sim, size_t node, size_t from)
{
    for (size_t i = 0; i < WORLD_NODES; i++) {
        if (sim->clocks[from][i] > sim->clocks[node][i]) {
            sim->clocks[node][i] = sim->clocks[from][i];
        }
    }
    if (sim->ranks[from] > sim->ranks[node]) {
        sim->ranks[node] = sim->ranks[from];
    }
}

static void
random_event(struct sim *sim)
{
    size_t number = sim->count;
    struct event *event = &sim->events[number];
    size_t node = number == 0 ? 0 : prng_below(&sim->prng, WORLD_NODES);

    while (chance(sim, 45)) {
        hear(sim, node, prng_below(&sim->prng, WORLD_NODES));
    }
    *event = (struct event){.node = node,
        .position = sim->sizes[node],
        .rank = sim->ranks[node] + 1,
        .key = prng_below(&sim->prng, WORLD_KEYS),
        .is_creating = number == 0 || chance(sim, 4)};
    event->time = event->rank * 100 + prng_below(&sim->prng, 4) * 100;
    memcpy(event->sizes, sim->clocks[node], sizeof(event->sizes));
    if (chance(sim, sim->is_of_owners ? 8 : 25)) {
        event->blind = (uint32_t)prng_below(&sim->prng, 1 << WORLD_KEYS);
    }
    if (number == 0) {
        event_op(event, F_OWNER, ACTION_TRANSFER)->office =
            sim->world.offices[0].id;
        event_op(event, F_OFFICE, ACTION_SET);
        random_value(sim, event, schema_field(&world_kind, F_OFFICE));
    }
    for (uint64_t ops = 1 + prng_below(&sim->prng, 3); ops > 0; ops--) {
        random_op(sim, event, number);
    }
    sim->sizes[node]++;
    sim->clocks[node][node] = sim->sizes[node];
    sim->ranks[node] = event->rank;
    sim->count++;
}

/* An order that extends causality: next comes any whose past is there. */
static void
random_order(struct sim *sim, size_t *order)
{
    bool is_done[EVENTS] = {false};
    size_t done = 0;

    while (done < sim->count) {
        size_t pick = prng_below(&sim->prng, sim->count);
        bool is_ready = !is_done[pick];

        for (size_t i = 0; i < sim->count; i++) {
            is_ready = is_ready &&
                       (is_done[i] ||
                           !event_counts(&sim->events[pick], &sim->events[i]));
        }
        if (is_ready) {
            is_done[pick] = true;
            order[done] = pick;
            done++;
        }
    }
}

/* The canonical order, in which a record is made anew from its history. */
static void
canonical_order(const struct sim *sim, size_t *order)
{
    for (size_t i = 0; i < sim->count; i++) {
        size_t at = i;

        while (at > 0 && model_order(sim, (struct ref){order[at - 1], 0},
                             (struct ref){i, 0}) > 0) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
}

/* Through the disk and back. */
static void
recode(struct record *record, const struct world *world)
{
    struct record again;
    struct buf halves[2] = {{0}, {0}};

    record_init(&again, &world->record, WORLD_KIND);
    for (size_t i = 0; i < 2; i++) {
        if (record_has_half(record, i == 1)) {
            enum err rc = record_encode(&halves[i], record, i == 1);

            ck_assert_int_eq(rc, ERR_OK);
            rc = record_decode(&again, &world->logs, buf_bytes(&halves[i]));
            ck_assert_int_eq(rc, ERR_OK);
        }
        buf_release(&halves[i]);
    }
    record_release(record);
    *record = again;
}

static size_t
event_of_op(const struct sim *sim, const struct world *world,
    const struct record_op *op)
{
    for (size_t i = 0; i < sim->count; i++) {
        if (world->log_of[sim->events[i].node] == op->id.dot.log &&
            sim->events[i].position == op->id.dot.position) {
            return i;
        }
    }
    ck_abort_msg("an operation of nobody");
    return 0;
}

static void
write_shown(struct buf *out, const struct sim *sim, const struct world *world,
    const struct record *record)
{
    struct shown shown = {0};

    for (uint16_t field = 1; field <= F_UNKNOWN; field++) {
        struct merge_view view = world_view(world, record, field);
        enum err rc = merge_show(&shown, &view, field);

        ck_assert_int_eq(rc, ERR_OK);
        buf_printf(out, "%u %d %d:", (unsigned)field, shown.has_conflict,
            shown.has_default);
        for (size_t i = 0; i < shown.count; i++) {
            buf_printf(out,
                " %zu.%u/%u=", event_of_op(sim, world, shown.values[i].op),
                (unsigned)shown.values[i].op->id.op,
                (unsigned)shown.values[i].flags);
            buf_put_bytes(out, shown.values[i].value);
        }
    }
    shown_release(&shown);
}

/* Does the record hold what the model says, and nothing else? */
static void
compare_with_model(const struct sim *sim, const struct model *model,
    const struct world *world, const struct record *record)
{
    size_t expected = 0;
    size_t held = 0;

    for (size_t i = 0; i < sim->count; i++) {
        for (size_t j = 0; j < sim->events[i].op_count; j++) {
            expected += model_is_current(model, (struct ref){i, j});
        }
    }
    for (size_t i = 0; i < record->field_count; i++) {
        for (size_t j = 0; j < record->fields[i].count; j++) {
            const struct record_op *op = &record->fields[i].ops[j];
            struct ref ref = {event_of_op(sim, world, op), op->id.op};

            ck_assert_msg(model_is_current(model, ref),
                "event %zu op %zu is not current", ref.event, ref.op);
            held++;
        }
    }
    ck_assert_uint_eq(held, expected);
}

struct outcome {
    struct buf canonical;
    struct buf shown;
};

static void
run_order(struct sim *sim, const struct model *model, const size_t *order,
    size_t turn, struct outcome *out)
{
    struct world world;
    struct record record;

    world_init(&world, turn);
    record_init(&record, &world.record, WORLD_KIND);
    for (size_t i = 0; i < sim->count; i++) {
        enum void_reason reason = VOID_NONE;
        enum err rc =
            event_apply(&record, &world, &sim->events[order[i]], &reason);

        ck_assert_int_eq(rc, ERR_OK);
        ck_assert(record_check(&record, &world.logs));
        ck_assert_msg(model->is_void[order[i]] == (reason != VOID_NONE),
            "event %zu: %d", order[i], (int)reason);
        if (chance(sim, 20)) {
            recode(&record, &world);
        }
    }
    compare_with_model(sim, model, &world, &record);
    ck_assert_int_eq(
        record_canonical(&out->canonical, &record, &world.logs), ERR_OK);
    write_shown(&out->shown, sim, &world, &record);
    record_release(&record);
    world_release(&world);
}

static void
run_history(struct sim *sim)
{
    struct model model = {.sim = sim};
    struct outcome first = {.canonical = {0}};
    size_t order[EVENTS] = {0};

    world_init(&sim->world, 0);
    while (sim->count < EVENTS) {
        random_event(sim);
    }
    model_judge(&model);
    canonical_order(sim, order);
    run_order(sim, &model, order, 0, &first);
    for (size_t i = 1; i < ORDERS; i++) {
        struct outcome other = {.canonical = {0}};

        random_order(sim, order);
        run_order(sim, &model, order, i, &other);
        ck_assert_msg(bytes_equal(buf_bytes(&first.canonical),
                          buf_bytes(&other.canonical)),
            "other bytes in order %zu", i);
        ck_assert_msg(
            bytes_equal(buf_bytes(&first.shown), buf_bytes(&other.shown)),
            "another view in order %zu", i);
        buf_release(&other.canonical);
        buf_release(&other.shown);
    }
    buf_release(&first.canonical);
    buf_release(&first.shown);
    world_release(&sim->world);
}

START_TEST(any_order_of_delivery_gives_the_same_record)
{
    uint64_t seed = prng_seed(SEED) + (uint64_t)_i;
    struct sim *sim = calloc(1, sizeof(*sim));

    ck_assert_ptr_nonnull(sim);
    sim->prng = prng_init(seed);
    sim->is_of_owners = seed % 3 == 0;
    run_history(sim);
    free(sim);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("record_orders");
    TCase *tcase = tcase_create("orders");

    (void)printf("repeat with CORRIDOR_SEED=0x%llx\n",
        (unsigned long long)prng_seed(SEED));

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(
        tcase, any_order_of_delivery_gives_the_same_record, 0, HISTORIES);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
