/* SPDX-License-Identifier: Apache-2.0 */
/* What the nodes of the world hold beside entries, and say to each other. */
#include <check.h>
#include <string.h>

#include "crypto/base/num.h"
#include "tests/lib/wire/world_internal.h"

/* Which of a log's two branches the node has. */
static uint8_t
branch_of(const struct world_node *node, const struct log_id *log)
{
    return node->has_branch && log_id_equal(log, &node->branch);
}

static bool
is_frozen(const struct world_node *node, const struct log_id *log)
{
    for (size_t i = 0; i < node->frozen_count; i++) {
        if (log_id_equal(log, &node->frozen[i].log)) {
            return true;
        }
    }
    return false;
}

static uint64_t
mix(uint64_t a, uint64_t b)
{
    a = (a ^ b) * 0x9e3779b97f4a7c15;
    return a ^ a >> 29;
}

static uint64_t
name_log(const struct log_id *log)
{
    return mix(num_load_u32(log->node.bytes), log->kind);
}

void
world_mark(struct world_node *node)
{
    uint64_t heads = 0;
    uint64_t forks = 0;

    for (uint32_t i = 0; i < node->logs.count; i++) {
        const struct log_id *log = &node->logs.ids[i];
        uint64_t size = vclock_get(&node->stored, i);

        if (size > 0 && !is_frozen(node, log)) {
            heads += mix(mix(name_log(log), size), branch_of(node, log));
        }
    }
    for (size_t i = 0; i < node->frozen_count; i++) {
        forks += name_log(&node->frozen[i].log);
    }
    num_store_u64(node->marks.heads, heads);
    num_store_u64(node->marks.forks, forks);
    num_store_u64(node->marks.vouches, node->vouches);
}

void
world_branch(struct world *world, char name, const char *log)
{
    struct world_node *node = world_node(world, name);

    node->branch = world_log(log);
    node->has_branch = true;
}

void
world_take_fork(struct world_node *node, const struct log_id *log)
{
    size_t place = 0;

    if (is_frozen(node, log)) {
        return;
    }
    ck_assert_uint_lt(node->frozen_count, WORLD_FROZEN);
    while (place < node->frozen_count &&
           log_id_compare(&node->frozen[place].log, log) < 0) {
        place++;
    }
    memmove(&node->frozen[place + 1], &node->frozen[place],
        (node->frozen_count - place) * sizeof(node->frozen[0]));
    node->frozen[place] = (struct reconcile_limit){.log = *log};
    node->frozen_count++;
}

void
world_freeze(struct world *world, char name, const char *log)
{
    struct world_node *node = world_node(world, name);
    struct log_id id = world_log(log);

    world_take_fork(node, &id);
    world_tell(world, name);
}

void
world_vouch(struct world *world, char name, unsigned number)
{
    struct world_node *node = world_node(world, name);

    node->vouches |= (uint64_t)1 << number;
    world_tell(world, name);
}

static const char *
word_name(enum frame_type type)
{
    return type == FRAME_HEAD   ? " head"
           : type == FRAME_FORK ? " fork"
                                : " vouch";
}

void
world_take_word(
    struct world *world, struct world_end *end, const struct effect *effect)
{
    struct log_id log;

    ck_assert_int_eq(log_id_decode(&log, effect->u.heard.payload.data), ERR_OK);
    world_put_line(world, end, "heard");
    if (!world->is_quiet) {
        buf_put_text(&world->transcript, word_name(effect->u.heard.type));
    }
    world_put_log(world, &log);
    world_end_line(world);
    frame_put(&end->words, effect->u.heard.type, effect->u.heard.payload);
    end->heards++;
    if (!end->node->never_accepts) {
        world_commit_later(world, end->node);
    }
}

/* A head of another branch is evidence; so is evidence; a vouch is kept. */
static void
store_word(struct world_node *node, const struct frame *frame)
{
    struct cosignature vouch;
    struct log_id log;
    struct head head;

    if (node->hears_nothing) {
        return;
    }
    if (frame->type == FRAME_VOUCH) {
        ck_assert_int_eq(cosignature_decode(&vouch, frame->payload), ERR_OK);
        node->vouches |= (uint64_t)1 << vouch.time;
        return;
    }
    ck_assert_int_eq(log_id_decode(&log, frame->payload.data), ERR_OK);
    if (frame->type == FRAME_FORK) {
        world_take_fork(node, &log);
        return;
    }
    ck_assert_int_eq(frame_head_decode(&log, &head, frame->payload), ERR_OK);
    if (world_size_of(node, &log) >= head.size &&
        branch_of(node, &log) != head.root.bytes[0]) {
        world_take_fork(node, &log);
    }
}

void
world_store_words(struct world *world, struct world_end *end)
{
    struct bytes words = buf_bytes(&end->words);
    struct frame frame = {0};

    (void)world;
    while (frame_next(&frame, words) == ERR_OK) {
        store_word(end->node, &frame);
        words = bytes_of(words.data + frame.size, words.size - frame.size);
    }
    buf_clear(&end->words);
}

static void
put_heads(struct buf *out, const struct world_node *node)
{
    struct buf payload = {0};

    for (uint32_t i = 0; i < node->logs.count; i++) {
        struct head head = {.size = vclock_get(&node->stored, i)};

        buf_clear(&payload);
        head.root.bytes[0] = branch_of(node, &node->logs.ids[i]);
        frame_head_encode(&payload, &node->logs.ids[i], &head);
        frame_put(out, FRAME_HEAD, buf_bytes(&payload));
    }
    buf_release(&payload);
}

static void
put_forks(struct buf *out, const struct world_node *node)
{
    uint8_t payload[EVIDENCE_BYTES_MIN] = {0};

    for (size_t i = 0; i < node->frozen_count; i++) {
        log_id_encode(payload, &node->frozen[i].log);
        frame_put(out, FRAME_FORK, bytes_of(payload, sizeof(payload)));
    }
}

/* Those that this connection was not told yet. */
static void
put_vouches(struct buf *out, struct world_end *end)
{
    struct buf payload = {0};

    for (uint64_t i = 0; i < 64; i++) {
        struct cosignature vouch = {.size = 1, .time = i};

        if ((end->node->vouches & ~end->vouched) >> i & 1) {
            buf_clear(&payload);
            memset(vouch.log.node.bytes, 'v', sizeof(vouch.log.node.bytes));
            cosignature_encode(&payload, &vouch);
            frame_put(out, FRAME_VOUCH, buf_bytes(&payload));
        }
    }
    end->vouched = end->node->vouches;
    buf_release(&payload);
}

void
world_say(
    struct world *world, struct world_end *end, const struct effect *differs)
{
    struct event event = {.type = EVENT_SAY};
    struct session_word words[256];
    struct buf frames = {0};
    struct frame frame = {0};
    struct bytes rest;

    if (differs->u.differs.heads) {
        put_heads(&frames, end->node);
    }
    if (differs->u.differs.forks) {
        put_forks(&frames, end->node);
    }
    if (differs->u.differs.vouches) {
        put_vouches(&frames, end);
    }
    rest = buf_bytes(&frames);
    event.u.say.words = words;
    while (frame_next(&frame, rest) == ERR_OK) {
        ck_assert_uint_lt(event.u.say.count, 256);
        words[event.u.say.count].type = (enum frame_type)frame.type;
        words[event.u.say.count].payload = frame.payload;
        event.u.say.count++;
        rest = bytes_of(rest.data + frame.size, rest.size - frame.size);
    }
    world_step(world, end, &event);
    buf_release(&frames);
}
