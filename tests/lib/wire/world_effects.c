/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/keys.h"
#include "tests/lib/wire/world_internal.h"

/* Transcript. */

void
world_put_line(
    struct world *world, const struct world_end *end, const char *verb)
{
    if (!world->is_quiet) {
        buf_printf(&world->transcript, "%llu %c-%c %s",
            (unsigned long long)(world->now_ms - 1000), end->node->name,
            end->other->node->name, verb);
    }
}

void
world_put_log(struct world *world, const struct log_id *id)
{
    if (!world->is_quiet) {
        buf_printf(&world->transcript, " %c%c", id->node.bytes[0],
            id->kind == LOG_CONTROL ? 'x' : 'c');
    }
}

static void
put_number(struct world *world, const char *before, uint64_t number)
{
    if (!world->is_quiet) {
        buf_printf(
            &world->transcript, "%s%llu", before, (unsigned long long)number);
    }
}

/* A full form as " ax1 ac20". */
static void
put_clock(struct world *world, struct bytes full)
{
    struct log_table logs = {0};
    struct vclock clock = {0};

    if (world->is_quiet) {
        return;
    }
    ck_assert_int_eq(vclock_decode(&clock, &logs, full), ERR_OK);
    if (clock.count == 0) {
        buf_put_text(&world->transcript, " -");
    }
    for (uint32_t i = 0; i < clock.count; i++) {
        world_put_log(world, &logs.ids[i]);
        put_number(world, "", clock.sizes[i]);
    }
    vclock_release(&clock);
    log_table_release(&logs);
}

void
world_end_line(struct world *world)
{
    if (!world->is_quiet) {
        buf_put_text(&world->transcript, "\n");
    }
}

void
world_expect(struct world *world, const char *expected)
{
    buf_put_u8(&world->transcript, 0);
    ck_assert_int_eq(buf_err(&world->transcript), ERR_OK);
    ck_assert_msg(strcmp((const char *)world->transcript.data, expected) == 0,
        "transcript:\n%s", (const char *)world->transcript.data);
    buf_clear(&world->transcript);
}

/* Carrying out effects. */

struct session_clock
world_clock_of(struct world_node *node, struct buf *full)
{
    world_mark(node);
    ck_assert_int_eq(vclock_encode(full, &node->stored, &node->logs), ERR_OK);
    return (struct session_clock){
        .full = buf_bytes(full),
        .order = node->logs.ids,
        .order_count = node->logs.count,
        .marks = node->tells_no_marks ? NULL : &node->marks,
        .limits = node->frozen,
        .limit_count = node->frozen_count,
    };
}

static void
take_send(struct world *world, struct world_end *end, struct bytes bytes)
{
    end->sent += bytes.size;
    end->frames++;
    world_put_line(world, end, "send");
    put_number(world, " ", bytes.size);
    world_end_line(world);
    while (bytes.size > 0 && !end->is_cut) {
        struct world_event event = {.type = WORLD_DELIVER,
            .due_ms = world->now_ms + world->delay_ms,
            .end = end->other};

        event.size = world->chunk_bytes != 0 && bytes.size > world->chunk_bytes
                         ? world->chunk_bytes
                         : bytes.size;
        if (event.size > SESSION_RECEIVED_BYTES_MAX) {
            event.size = SESSION_RECEIVED_BYTES_MAX;
        }
        event.data = mem_copy(bytes.data, event.size);
        world_push(world, &event);
        bytes = bytes_of(bytes.data + event.size, bytes.size - event.size);
    }
}

static void
take_authenticate(
    struct world *world, struct world_end *end, const struct effect *effect)
{
    struct world_node *node = end->node;
    struct world_node *peer = end->other->node;
    struct world_bases *bases = &node->bases[peer - world->nodes];
    struct buf full = {0};
    struct public_key noise = {{0}};
    struct event event = {.type = EVENT_AUTHENTICATED};

    world_put_line(world, end, "authenticate psk");
    put_number(world, " ", effect->u.authenticate.psk);
    put_number(world, " cert ", effect->u.authenticate.cert.size);
    world_end_line(world);
    keys_box_public(&noise, &peer->noise);
    ck_assert_mem_eq(&noise, &effect->u.authenticate.noise, sizeof(noise));
    event.u.auth = (struct session_auth){
        .level = effect->u.authenticate.psk == WORLD_PSK_INVITE
                     ? LEVEL_JOIN
                     : node->levels[peer - world->nodes],
        .peer = peer->id,
        .clock = world_clock_of(node, &full),
        .sent_base = buf_bytes(&bases->sent),
        .heard_bases = {buf_bytes(&bases->heard[0]),
            buf_bytes(&bases->heard[1])},
    };
    world_step(world, end, &event);
    buf_release(&full);
}

static void
take_read(
    struct world *world, struct world_end *end, const struct effect *effect)
{
    world_put_line(world, end, "read");
    world_put_log(world, &effect->u.read.log);
    put_number(world, "", effect->u.read.from);
    world_end_line(world);
    world_push(world, &(struct world_event){
                          .type = WORLD_READ,
                          .due_ms = world->now_ms,
                          .end = end,
                          .log = effect->u.read.log,
                          .from = effect->u.read.from,
                          .bytes_max = effect->u.read.bytes_max,
                      });
}

void
world_commit_later(struct world *world, struct world_node *node)
{
    if (!node->is_committing) {
        node->is_committing = true;
        world_push(world, &(struct world_event){
                              .type = WORLD_COMMIT,
                              .due_ms = world->now_ms + world->commit_ms,
                              .node = node,
                          });
    }
}

static void
take_accept(struct world *world, struct world_end *end, struct bytes batch)
{
    struct frame_entries entries = {0};

    ck_assert_int_eq(frame_entries_peek(&entries, batch), ERR_OK);
    world_put_line(world, end, "accept");
    world_put_log(world, &entries.log);
    put_number(world, "", entries.from);
    put_number(world, "-", entries.from + entries.count);
    world_end_line(world);
    ck_assert_uint_eq(
        batch.size, BATCH_FIXED_BYTES + entries.count * world->entry_bytes);
    buf_put(&end->inbox, &entries, sizeof(entries));
    end->accepts++;
    if (!end->node->never_accepts) {
        world_commit_later(world, end->node);
    }
}

static void
take_bases(
    struct world *world, struct world_end *end, const struct effect *effect)
{
    struct world_bases *bases =
        &end->node->bases[end->other->node - world->nodes];

    world_put_line(world, end, "bases");
    if (effect->u.bases.sent.size > 0) {
        put_clock(world, effect->u.bases.sent);
        buf_clear(&bases->sent);
        buf_put_bytes(&bases->sent, effect->u.bases.sent);
    }
    if (!world->is_quiet) {
        buf_put_text(&world->transcript, " |");
    }
    if (effect->u.bases.heard.size > 0) {
        put_clock(world, effect->u.bases.heard);
        if (!bytes_equal(buf_bytes(&bases->heard[0]), effect->u.bases.heard)) {
            buf_clear(&bases->heard[1]);
            buf_put_bytes(&bases->heard[1], buf_bytes(&bases->heard[0]));
            buf_clear(&bases->heard[0]);
            buf_put_bytes(&bases->heard[0], effect->u.bases.heard);
        }
    }
    world_end_line(world);
}

void
world_hang_up(
    struct world *world, struct world_end *end, enum bye_reason reason)
{
    world_put_line(world, end, "hang up: ");
    if (!world->is_quiet) {
        buf_put_text(&world->transcript, bye_text(reason));
    }
    world_end_line(world);
    end->has_ended = true;
    end->end = reason;
    world_push(world, &(struct world_event){
                          .type = WORLD_CLOSED,
                          .due_ms = world->now_ms + world->delay_ms,
                          .end = end->other,
                      });
}

void
world_take_effect(
    struct world *world, struct world_end *end, const struct effect *effect)
{
    switch (effect->type) {
    case EFFECT_SEND:
        take_send(world, end, effect->u.send);
        break;
    case EFFECT_AUTHENTICATE:
        take_authenticate(world, end, effect);
        break;
    case EFFECT_READ:
        take_read(world, end, effect);
        break;
    case EFFECT_ACCEPT:
        take_accept(world, end, effect->u.accept);
        break;
    case EFFECT_JOIN:
        world_put_line(world, end, "join");
        put_number(world, " cert ", effect->u.join.cert.size);
        world_end_line(world);
        end->is_joining = true;
        world_commit_later(world, end->node);
        break;
    case EFFECT_PEER_CLOCK:
        world_put_line(world, end, "peer has");
        put_clock(world, effect->u.peer_clock);
        world_end_line(world);
        break;
    case EFFECT_BASES:
        take_bases(world, end, effect);
        break;
    case EFFECT_SYNCED:
        world_put_line(world, end, "synced");
        world_end_line(world);
        break;
    case EFFECT_HEARD:
        world_take_word(world, end, effect);
        break;
    case EFFECT_DIFFERS:
        world_put_line(world, end, "differs:");
        if (!world->is_quiet) {
            buf_printf(&world->transcript, "%s%s%s",
                effect->u.differs.heads ? " heads" : "",
                effect->u.differs.forks ? " forks" : "",
                effect->u.differs.vouches ? " vouches" : "");
        }
        world_end_line(world);
        world_push(world, &(struct world_event){.type = WORLD_SAY,
                              .due_ms = world->now_ms,
                              .end = end,
                              .differs = *effect});
        break;
    case EFFECT_WAKE:
        world_push(world,
            &(struct world_event){
                .type = WORLD_TICK, .due_ms = effect->u.wake_ms, .end = end});
        break;
    case EFFECT_HANG_UP:
        world_hang_up(world, end, effect->u.hang_up);
        break;
    }
}
