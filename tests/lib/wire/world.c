/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/wire/world.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "crypto/keys.h"
#include "tests/lib/wire/world_internal.h"

static struct secret_key
secret_of(char c)
{
    struct secret_key key;

    memset(key.bytes, c, sizeof(key.bytes));
    return key;
}

void
world_init(struct world *world)
{
    memset(world, 0, sizeof(*world));
    world->now_ms = 1000;
    world->delay_ms = 300;
    world->entry_bytes = 400;
    world->fault_step = -1;
    for (size_t i = 0; i < WORLD_NODES; i++) {
        struct world_node *node = &world->nodes[i];

        node->name = (char)('a' + (char)i);
        memset(node->id.bytes, node->name, sizeof(node->id.bytes));
        node->noise = secret_of(node->name);
        for (size_t peer = 0; peer < WORLD_NODES; peer++) {
            node->levels[peer] = LEVEL_FULL;
        }
    }
}

static void
node_release(struct world_node *node)
{
    log_table_release(&node->logs);
    vclock_release(&node->stored);
    for (size_t i = 0; i < WORLD_NODES; i++) {
        buf_release(&node->bases[i].sent);
        buf_release(&node->bases[i].heard[0]);
        buf_release(&node->bases[i].heard[1]);
    }
}

void
world_release(struct world *world)
{
    for (size_t i = 0; i < WORLD_NODES; i++) {
        node_release(&world->nodes[i]);
    }
    for (size_t i = 0; i < world->end_count; i++) {
        session_free(world->ends[i].session);
        buf_release(&world->ends[i].inbox);
        buf_release(&world->ends[i].backlog);
        buf_release(&world->ends[i].words);
    }
    for (size_t i = 0; i < world->event_count; i++) {
        mem_free(world->events[i].data);
    }
    buf_release(&world->transcript);
}

struct world_node *
world_node(struct world *world, char name)
{
    return &world->nodes[name - 'a'];
}

struct log_id
world_log(const char *name)
{
    struct log_id id = {.kind = name[1] == 'x' ? LOG_CONTROL : LOG_CHANGES};

    memset(id.node.bytes, name[0], sizeof(id.node.bytes));
    return id;
}

void
world_raise(struct world_node *node, const struct log_id *id, uint64_t size)
{
    uint32_t log = 0;

    ck_assert_int_eq(log_table_add(&node->logs, id, &log), ERR_OK);
    ck_assert_int_eq(vclock_raise(&node->stored, log, size), ERR_OK);
}

uint64_t
world_size_of(const struct world_node *node, const struct log_id *id)
{
    uint32_t log = 0;

    return log_table_find(&node->logs, id, &log)
               ? vclock_get(&node->stored, log)
               : 0;
}

void
world_store(struct world *world, char node, const char *log, uint64_t size)
{
    struct log_id id = world_log(log);

    world_raise(world_node(world, node), &id, size);
}

void
world_store_many(struct world *world, char node, size_t count, uint64_t size)
{
    struct log_id id = {.kind = LOG_CHANGES};

    for (size_t i = 0; i < count; i++) {
        num_store_u32(id.node.bytes, (uint32_t)i);
        world_raise(world_node(world, node), &id, size);
    }
}

/* Event queue. */

void
world_push(struct world *world, const struct world_event *event)
{
    struct world_event *slot = &world->events[world->event_count];

    ck_assert_uint_lt(world->event_count, WORLD_EVENTS);
    *slot = *event;
    slot->number = world->event_number;
    world->event_number++;
    world->event_count++;
}

/* The event that is due first; those of one time in order of arrival. */
static bool
pop_event(struct world *world, uint64_t until_ms, struct world_event *out)
{
    size_t best = 0;

    if (world->event_count == 0) {
        return false;
    }
    for (size_t i = 1; i < world->event_count; i++) {
        const struct world_event *a = &world->events[i];
        const struct world_event *b = &world->events[best];

        if (a->due_ms < b->due_ms ||
            (a->due_ms == b->due_ms && a->number < b->number)) {
            best = i;
        }
    }
    if (world->events[best].due_ms > until_ms) {
        return false;
    }
    *out = world->events[best];
    world->event_count--;
    world->events[best] = world->events[world->event_count];
    return true;
}

/* The step that is to fail does. */
static enum err
step_or_fail(struct world *world, struct world_end *end,
    const struct event *event, struct effects *effects)
{
    enum err rc = ERR_OK;

    if (world->steps == world->fault_step) {
        mem_fault_after(world->fault_allocation);
    }
    world->steps++;
    rc = session_step(end->session, event, effects);
    if (world->steps == world->fault_step + 1) {
        world->was_fault_hit = mem_fault_hit();
        mem_fault_after(-1);
        ck_assert(!world->was_fault_hit || rc == ERR_NOMEM);
    }
    ck_assert(rc == ERR_OK || world->was_fault_hit);
    return rc;
}

void
world_step(
    struct world *world, struct world_end *end, const struct event *event)
{
    struct event timed = *event;
    struct effects effects = {0};
    enum err rc = ERR_OK;

    if (end->session == NULL) {
        return;
    }
    timed.now_ms = world->now_ms;
    rc = step_or_fail(world, end, &timed, &effects);
    ck_assert(session_check(end->session));
    if (rc != ERR_OK) {
        ck_assert_uint_eq(effects.count, 0);
        world_hang_up(world, end, BYE_ERROR);
    }
    for (size_t i = 0; i < effects.count; i++) {
        world_take_effect(world, end, &effects.items[i]);
    }
    effects_release(&effects);
    if (end->has_ended && end->session != NULL) {
        session_free(end->session);
        end->session = NULL;
    }
}

/* Carrying out events. */

static void
do_read(struct world *world, const struct world_event *read)
{
    struct world_node *node = read->end->node;
    uint64_t size = node->reads_nothing ? 0 : world_size_of(node, &read->log);
    size_t count = read->bytes_max / world->entry_bytes;
    uint64_t to =
        read->from - read->from % LOG_BATCH_ENTRIES_MAX + LOG_BATCH_ENTRIES_MAX;
    uint8_t id[LOG_ID_BYTES];
    struct buf encoded = {0};
    struct event event = {.type = EVENT_BATCH};

    to = num_min_u64(to, size);
    to = num_min_u64(to, read->from + (count == 0 ? 1 : count));
    event.u.batch.log = read->log;
    event.u.batch.from = read->from;
    event.u.batch.to = num_max_u64(to, read->from);
    if (to > read->from) {
        log_id_encode(id, &read->log);
        buf_put(&encoded, id, sizeof(id));
        buf_put_u64(&encoded, read->from);
        buf_put_u16(&encoded, (uint16_t)(to - read->from));
        size = BATCH_FIXED_BYTES - encoded.size +
               world->entry_bytes * (to - read->from);
        memset(buf_extend(&encoded, size), 7, size);
    }
    event.u.batch.encoded = buf_bytes(&encoded);
    world_step(world, read->end, &event);
    buf_release(&encoded);
}

/* Store what an end was handed. */
static void
store_inbox(struct world_end *end)
{
    struct cursor cursor = cursor_init(buf_bytes(&end->inbox));

    while (cursor_left(&cursor) > 0) {
        struct frame_entries entries;
        uint64_t size = 0;

        cursor_copy(&cursor, &entries, sizeof(entries));
        size = world_size_of(end->node, &entries.log);
        if (entries.from <= size && entries.from + entries.count > size &&
            !end->node->takes_nothing &&
            (!end->node->takes_exactly || entries.from == size)) {
            world_raise(end->node, &entries.log, entries.from + entries.count);
        }
    }
    buf_clear(&end->inbox);
}

/* Tell all of the node's sessions what came of a commit. */
void
world_tell(struct world *world, char name)
{
    struct world_node *node = world_node(world, name);
    struct buf full = {0};
    struct session_clock clock = world_clock_of(node, &full);

    for (size_t i = 0; i < world->end_count; i++) {
        struct world_end *end = &world->ends[i];
        struct event event = {.type = EVENT_COMMITTED};

        if (end->node != node) {
            continue;
        }
        event.u.stored.clock = clock;
        event.u.stored.accepts = end->accepts;
        if (end->accepts > 0) {
            event.type = EVENT_ACCEPTED;
        } else if (end->is_joining) {
            event.type = EVENT_JOINED;
        }
        if (event.type != EVENT_COMMITTED && node->refuses) {
            event.type = EVENT_REFUSED;
            event.u.refused.reason = end->is_joining ? BYE_DENIED : BYE_REFUSED;
        }
        end->accepts = 0;
        end->is_joining = false;
        world_step(world, end, &event);
        if (end->heards > 0) {
            event = (struct event){.type = EVENT_HEARD};
            event.u.heard.count = end->heards;
            end->heards = 0;
            world_step(world, end, &event);
        }
    }
    buf_release(&full);
}

static void
do_commit(struct world *world, struct world_node *node)
{
    node->is_committing = false;
    for (size_t i = 0; i < world->end_count; i++) {
        struct world_end *end = &world->ends[i];

        if (end->node == node) {
            store_inbox(end);
            world_store_words(world, end);
            if (end->is_joining && !node->refuses) {
                char log[] = {node->name, 'x', 0};
                struct log_id id = world_log(log);

                world_raise(node, &id, world_size_of(node, &id) + 1);
            }
        }
    }
    world_tell(world, node->name);
}

void
world_write(struct world *world, char name, const char *log, uint64_t count)
{
    struct world_node *node = world_node(world, name);
    struct log_id id = world_log(log);

    world_raise(node, &id, world_size_of(node, &id) + count);
    world_tell(world, node->name);
}

/* Read the socket, unless the session wants a pause: then its rest. */
static void
drain(struct world *world, struct world_end *end)
{
    struct session_status status = {.wants_pause = false};
    struct event event = {.type = EVENT_RECEIVED};
    size_t taken = 0;

    if (end->backlog.size == 0) {
        return;
    }
    while (taken < end->backlog.size) {
        size_t size = end->backlog.size - taken;

        if (end->session != NULL) {
            session_status(end->session, &status);
        }
        if (status.wants_pause) {
            break;
        }
        size = size < SESSION_RECEIVED_BYTES_MAX ? size
                                                 : SESSION_RECEIVED_BYTES_MAX;
        event.u.received = bytes_of(end->backlog.data + taken, size);
        world_step(world, end, &event);
        taken += size;
    }
    memmove(end->backlog.data, end->backlog.data + taken,
        end->backlog.size - taken);
    buf_truncate(&end->backlog, end->backlog.size - taken);
}

static void
do_event(struct world *world, const struct world_event *event)
{
    struct event given = {.type = EVENT_OPENED};

    switch (event->type) {
    case WORLD_OPEN:
        world_step(world, event->end, &given);
        break;
    case WORLD_DELIVER:
        buf_put(&event->end->backlog, event->data, event->size);
        break;
    case WORLD_CLOSED:
        given.type = EVENT_CLOSE;
        given.u.close = BYE_CUT;
        world_step(world, event->end, &given);
        break;
    case WORLD_READ:
        do_read(world, event);
        break;
    case WORLD_COMMIT:
        do_commit(world, event->node);
        break;
    case WORLD_SAY:
        world_say(world, event->end, &event->differs);
        break;
    case WORLD_TICK:
        given.type = EVENT_TICK;
        world_step(world, event->end, &given);
        break;
    }
}

void
world_run(struct world *world, uint64_t until_ms)
{
    struct world_event event;

    while (pop_event(world, until_ms, &event)) {
        world->now_ms = event.due_ms;
        do_event(world, &event);
        mem_free(event.data);
        for (size_t i = 0; i < world->end_count; i++) {
            drain(world, &world->ends[i]);
        }
    }
    world->now_ms = until_ms;
}

static struct world_end *
add_end(struct world *world, struct world_node *node)
{
    struct world_end *end = &world->ends[world->end_count];

    ck_assert_uint_lt(world->end_count, 2 * WORLD_CONNS);
    world->end_count++;
    end->node = node;
    return end;
}

static void
new_session(
    struct world *world, struct world_end *end, const struct world_dial *dial)
{
    struct world_node *peer = end->other->node;
    struct world_bases *bases = &end->node->bases[peer - world->nodes];
    struct secret_key psks[2] = {secret_of('k'), secret_of('i')};
    uint8_t cert[300] = {0};
    struct buf full = {0};
    struct session_options options = {
        .is_dialler = dial != NULL,
        .listener = dial != NULL ? peer->id : end->node->id,
        .self = end->node->id,
        .noise = &end->node->noise,
        .psks = psks,
        .psk_count = 2,
        .clock = world_clock_of(end->node, &full),
        .sent_base = buf_bytes(&bases->sent),
        .heard_bases = {buf_bytes(&bases->heard[0]),
            buf_bytes(&bases->heard[1])},
        .now_ms = world->now_ms,
    };

    if (dial != NULL) {
        options.once = dial->once;
        options.is_join = dial->is_join;
        options.peer = peer->id;
        options.psks = &psks[dial->is_join ? 1 : 0];
        options.psk_count = 1;
        options.cert =
            bytes_of(cert, dial->is_join || dial->has_cert ? sizeof(cert) : 0);
    }
    world->ephemeral++;
    num_store_u64(options.ephemeral.bytes, world->ephemeral);
    keys_box_public(&options.peer_noise, &peer->noise);
    ck_assert_int_eq(session_new(&end->session, &options), ERR_OK);
    buf_release(&full);
}

struct world_end *
world_dial(
    struct world *world, char from, char to, const struct world_dial *dial)
{
    struct world_end *dialler = add_end(world, world_node(world, from));
    struct world_end *listener = add_end(world, world_node(world, to));
    struct world_event event = {
        .type = WORLD_OPEN, .due_ms = world->now_ms, .end = listener};

    dialler->other = listener;
    listener->other = dialler;
    new_session(world, dialler, dial);
    new_session(world, listener, NULL);
    world_push(world, &event);
    event.end = dialler;
    world_push(world, &event);
    return dialler;
}

void
world_cut(struct world *world, struct world_end *end)
{
    struct event event = {.type = EVENT_CLOSE};
    size_t kept = 0;

    for (size_t i = 0; i < world->event_count; i++) {
        struct world_event *at = &world->events[i];

        if (at->type == WORLD_DELIVER &&
            (at->end == end || at->end == end->other)) {
            mem_free(at->data);
        } else {
            world->events[kept] = *at;
            kept++;
        }
    }
    world->event_count = kept;
    event.u.close = BYE_CUT;
    world_step(world, end, &event);
    world_step(world, end->other, &event);
}

bool
world_is_equal(struct world *world, char a, char b)
{
    struct buf fulls[2] = {{0}, {0}};
    bool is_equal = false;

    world_clock_of(world_node(world, a), &fulls[0]);
    world_clock_of(world_node(world, b), &fulls[1]);
    is_equal = bytes_equal(buf_bytes(&fulls[0]), buf_bytes(&fulls[1]));
    buf_release(&fulls[0]);
    buf_release(&fulls[1]);
    return is_equal;
}
