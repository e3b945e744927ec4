/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/lib/model/world.h"
#include "tests/lib/prng.h"

void
world_eval(const struct world *world, const bool *keep, struct membership *out)
{
    struct control *kept = mem_zalloc(world->count + 1, sizeof(*kept));
    size_t count = 0;

    ck_assert_ptr_nonnull(kept);
    for (size_t i = 0; i < world->count; i++) {
        if (keep == NULL || keep[i]) {
            kept[count++] = world->controls[i];
        }
    }
    ck_assert_int_eq(
        membership_eval(out, &world->corridor, &world->logs, kept, count),
        ERR_OK);
    mem_free(kept);
}

static void
put_log(struct buf *out, const struct log_table *logs, struct dot dot)
{
    uint8_t id[LOG_ID_BYTES];

    log_id_encode(id, &logs->ids[dot.log]);
    buf_put(out, id, sizeof(id));
    buf_put_u64(out, dot.position);
}

/* The log that follows `last` (NULL: the first) by id; false after all. */
static bool
next_log(const struct log_table *logs, const struct log_id *last, uint32_t *out)
{
    const struct log_id *next = NULL;

    for (uint32_t log = 0; log < logs->count; log++) {
        const struct log_id *id = &logs->ids[log];

        if ((last == NULL || log_id_compare(last, id) < 0) &&
            (next == NULL || log_id_compare(id, next) < 0)) {
            next = id;
            *out = log;
        }
    }
    return next != NULL;
}

static void
dump_offices(const struct membership *m, struct buf *out)
{
    for (size_t i = 0; i < m->office_count; i++) {
        const struct office *o = &m->offices[i];

        buf_put(out, o->id.bytes, 32);
        buf_put_text(out, o->name);
        buf_put_u8(out, o->roles);
        buf_put_u8(out, o->firewall);
        buf_put_u8(out, o->confirmed);
        buf_put_u8(out, o->is_founder);
        buf_put_u8(out, o->is_retired);
        buf_put_u32(out, o->seniority);
        put_log(out, m->logs, o->admission);
    }
}

/* Nodes by id: their numbers are the evaluation's own affair. */
static void
dump_nodes(const struct membership *m, struct buf *out)
{
    const struct member_node *last = NULL;

    for (size_t i = 0; i < m->node_count; i++) {
        const struct member_node *next = NULL;

        for (size_t j = 0; j < m->node_count; j++) {
            const struct member_node *n = &m->nodes[j];

            if ((last == NULL || node_id_compare(&last->cert.keys.sign,
                                     &n->cert.keys.sign) < 0) &&
                (next == NULL || node_id_compare(&n->cert.keys.sign,
                                     &next->cert.keys.sign) < 0)) {
                next = n;
            }
        }
        ck_assert_ptr_nonnull(next);
        last = next;
        buf_put(out, &last->cert.keys, sizeof(last->cert.keys));
        buf_put_u32(out, last->office);
        buf_put_u64(out, last->cuts[0]);
        buf_put_u64(out, last->cuts[1]);
        buf_put_u8(out, last->is_own);
        put_log(out, m->logs, last->enrolled);
    }
}

static void
dump_circles(const struct membership *m, struct buf *out)
{
    for (size_t i = 0; i < m->generation_count; i++) {
        const struct generation *g = &m->generations[i];

        put_log(out, m->logs, g->dot);
        buf_put_u8(out, g->circle.kind);
        buf_put(out, g->circle.office.bytes, 32);
        buf_put(out, g->public.bytes, 32);
        buf_put_u32(out, g->former);
        buf_put_u8(out, g->is_usable);
        buf_put(out, m->nodes[g->maker].cert.keys.sign.bytes, 32);
    }
    for (size_t i = 0; i < m->sealing_count; i++) {
        const struct sealing *s = &m->sealings[i];

        buf_put_u32(out, s->generation);
        buf_put(out, s->node.bytes, 32);
        put_log(out, m->logs, s->dot);
        buf_put_u32(out, s->item);
    }
}

/* What every node could do now, if it had counted everything. */
static void
dump_rights(const struct membership *m, struct buf *out)
{
    static const uint8_t roles[] = {
        0, ROLE_ADMIN, ROLE_WRITE, ROLE_READ, ROLE_RELAY, ROLE_AUDIT};
    struct vclock all = {0};
    const struct log_id *last = NULL;
    uint32_t log = 0;

    for (uint32_t l = 0; l < m->logs->count; l++) {
        ck_assert_int_eq(vclock_raise(&all, l, UINT64_MAX / 2), ERR_OK);
    }
    for (; next_log(m->logs, last, &log); last = &m->logs->ids[log]) {
        put_log(out, m->logs, (struct dot){log, membership_cut(m, log)});
        for (size_t i = 0; i < sizeof(roles); i++) {
            for (uint64_t position = 0; position < 20; position++) {
                buf_put_u8(
                    out, (uint8_t)membership_allows(
                             m, (struct dot){log, position}, &all, roles[i]));
            }
        }
    }
    vclock_release(&all);
}

static const struct control *
find_dot(const struct control *controls, size_t count, uint32_t log,
    uint64_t position, size_t *out)
{
    for (size_t i = 0; i < count; i++) {
        if (controls[i].dot.log == log &&
            controls[i].dot.position == position) {
            *out = i;
            return &controls[i];
        }
    }
    return NULL;
}

static void
dump_verdicts(
    const struct membership *m, const struct control *controls, struct buf *out)
{
    const struct log_id *last = NULL;
    uint32_t log = 0;

    for (; next_log(m->logs, last, &log); last = &m->logs->ids[log]) {
        for (uint64_t position = 0; position < m->control_count; position++) {
            size_t i = 0;
            const struct control *c =
                find_dot(controls, m->control_count, log, position, &i);

            if (c == NULL) {
                break;
            }
            put_log(out, m->logs, c->dot);
            buf_put_u8(out, m->verdicts[i]);
        }
    }
}

void
world_dump(const struct membership *membership, const struct control *controls,
    struct buf *out)
{
    const struct membership *m = membership;

    buf_put_u8(out, m->has_found);
    buf_put_text(out, m->name);
    buf_put_u64(out, m->policy);
    buf_put_u8(out, m->has_pack);
    buf_put_text(out, m->pack_name);
    buf_put_u64(out, m->pack_version);
    buf_put(out, m->pack_hash.bytes, 32);
    dump_offices(m, out);
    dump_nodes(m, out);
    dump_circles(m, out);
    dump_rights(m, out);
    dump_verdicts(m, controls, out);
    ck_assert_int_eq(buf_err(out), ERR_OK);
}

/* A random order of the numbers below count. */
static void
shuffle(struct prng *prng, uint32_t *out, size_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        size_t j = (size_t)prng_below(prng, (uint64_t)i + 1);

        out[i] = out[j];
        out[j] = i;
    }
}

static void
renumber(
    struct vclock *out, const struct vclock *clock, const uint32_t *new_numbers)
{
    memset(out, 0, sizeof(*out));
    for (uint32_t log = 0; log < clock->count; log++) {
        if (vclock_get(clock, log) != 0) {
            ck_assert_int_eq(
                vclock_raise(out, new_numbers[log], vclock_get(clock, log)),
                ERR_OK);
        }
    }
}

void
world_view(struct world *out, const struct world *world, uint64_t seed)
{
    struct prng prng = prng_init(seed);
    uint32_t order[2 * WORLD_NODES_MAX];
    uint32_t numbers[2 * WORLD_NODES_MAX];
    uint32_t *places = mem_alloc((world->count + 1) * sizeof(*places));

    ck_assert_ptr_nonnull(places);
    memset(out, 0, sizeof(*out));
    out->corridor = world->corridor;
    shuffle(&prng, order, world->logs.count);
    for (size_t i = 0; i < world->logs.count; i++) {
        ck_assert_int_eq(log_table_add(&out->logs, &world->logs.ids[order[i]],
                             &numbers[order[i]]),
            ERR_OK);
    }
    out->controls = mem_zalloc(world->count + 1, sizeof(*out->controls));
    ck_assert_ptr_nonnull(out->controls);
    out->count = world->count;
    shuffle(&prng, places, world->count);
    for (size_t i = 0; i < world->count; i++) {
        const struct control *from = &world->controls[i];
        struct control *to = &out->controls[places[i]];

        *to = *from;
        to->dot.log = numbers[from->dot.log];
        if (to->has_generation) {
            to->generation.log = numbers[from->generation.log];
        }
        renumber(&to->clock, &from->clock, numbers);
    }
    mem_free(places);
}

void
world_release_view(struct world *view)
{
    for (size_t i = 0; i < view->count; i++) {
        vclock_release(&view->controls[i].clock);
    }
    mem_free(view->controls);
    log_table_release(&view->logs);
}
