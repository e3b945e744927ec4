/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arbitrary bytes into a session: before the handshake, behind it as they
 * are, and behind it as the frames of a peer that has shown itself. Whatever
 * comes, the session's invariants hold, it hands over at most as many
 * batches as it may, and it says nothing to whom it does not know.
 *
 * The first byte chooses: bits 0-1 how, bit 2 whom (the listener, or the
 * dialler), bits 3-4 the listener's level for the dialler, bit 5 whether
 * answers come at once, bits 6-7 in how many pieces; in four, both ends hold
 * the same entries.
 */
#include <assert.h>
#include <string.h>

#include "crypto/keys.h"
#include "sync/wire/session_internal.h"
#include "tests/fuzz/fuzz.h"

enum { BEFORE = 0, BEHIND = 1, FRAMES = 2 };

struct end {
    struct session *session;
    struct end *other;
    struct buf sent; /* not delivered yet */
    size_t accepts;
    size_t heards;
    bool has_ended;
    bool is_joining;
    bool answers;
    enum session_level level;
};

/* Two logs of the node itself, of sizes 3 and 2. */
static void
put_clock(struct buf *full, const struct log_id *ids)
{
    struct log_table logs = {0};
    struct vclock clock = {0};
    enum err rc = ERR_OK;

    for (uint32_t i = 0; i < 2; i++) {
        uint32_t log = 0;

        rc = log_table_add(&logs, &ids[i], &log);
        assert(rc == ERR_OK);
        rc = vclock_raise(&clock, log, 3 - i);
        assert(rc == ERR_OK);
    }
    rc = vclock_encode(full, &clock, &logs);
    assert(rc == ERR_OK);
    vclock_release(&clock);
    log_table_release(&logs);
}

/* Each end has its own: they differ. */
static const struct frame_marks end_marks[2] = {
    {{1}, {2}, {3}}, {{4}, {5}, {6}}};

static void step(struct end *end, const struct event *event);

/* Answers to what a step asked for; reads find nothing. */
static void
answer(struct end *end, const struct effect *effect)
{
    struct log_id ids[2] = {{.kind = LOG_CONTROL}, {.kind = LOG_CHANGES}};
    struct buf full = {0};
    struct event event = {.now_ms = 1000};

    if (effect->type == EFFECT_READ) {
        event.type = EVENT_BATCH;
        event.u.batch.log = effect->u.read.log;
        event.u.batch.from = effect->u.read.from;
        event.u.batch.to = effect->u.read.from;
        step(end, &event);
    } else if (effect->type == EFFECT_AUTHENTICATE) {
        memset(ids[0].node.bytes, 'b', 32);
        memset(ids[1].node.bytes, 'b', 32);
        put_clock(&full, ids);
        event.type = EVENT_AUTHENTICATED;
        event.u.auth.level = end->level;
        event.u.auth.clock.full = buf_bytes(&full);
        event.u.auth.clock.marks = &end_marks[1];
        step(end, &event);
        buf_release(&full);
    }
}

/* What an engine would do; answers come after all effects are seen. */
static void
step(struct end *end, const struct event *event)
{
    struct effects effects = {0};
    enum err rc = session_step(end->session, event, &effects);

    assert(rc == ERR_OK);
    assert(session_check(end->session));
    for (size_t i = 0; i < effects.count; i++) {
        const struct effect *effect = &effects.items[i];

        assert(!end->has_ended);
        if (effect->type == EFFECT_SEND) {
            buf_put_bytes(&end->sent, effect->u.send);
        }
        end->accepts += effect->type == EFFECT_ACCEPT;
        end->heards += effect->type == EFFECT_HEARD;
        end->is_joining |= effect->type == EFFECT_JOIN;
        end->has_ended = effect->type == EFFECT_HANG_UP;
        assert(end->accepts <= SESSION_ACCEPTS_MAX);
        assert(end->heards <= SESSION_HEARDS_MAX);
        assert(
            effect->type != EFFECT_HEARD || end->session->level == LEVEL_FULL);
    }
    for (size_t i = 0; i < effects.count && !end->has_ended; i++) {
        answer(end, &effects.items[i]);
    }
    effects_release(&effects);
}

/* Batches and joins are answered when nothing else is left to do. */
static void
settle(struct end *end)
{
    static const uint8_t empty[] = {0x80};
    struct event event = {.type = EVENT_ACCEPTED, .now_ms = 1000};

    event.u.stored.clock.full = bytes_of(empty, sizeof(empty));
    while (end->answers && !end->has_ended &&
           (end->accepts > 0 || end->is_joining)) {
        event.type = end->accepts > 0 ? EVENT_ACCEPTED : EVENT_JOINED;
        event.u.stored.accepts = end->accepts;
        end->accepts = 0;
        end->is_joining = event.type == EVENT_ACCEPTED && end->is_joining;
        step(end, &event);
    }
    while (end->answers && !end->has_ended && end->heards > 0) {
        event = (struct event){.type = EVENT_HEARD, .now_ms = 1000};
        event.u.heard.count = end->heards;
        end->heards = 0;
        step(end, &event);
    }
}

static void
receive(struct end *end, struct bytes bytes, size_t pieces)
{
    struct event event = {.type = EVENT_RECEIVED, .now_ms = 1000};
    size_t piece = bytes.size / pieces + 1;

    while (bytes.size > 0 && !end->has_ended) {
        size_t size = bytes.size < piece ? bytes.size : piece;

        event.u.received = bytes_of(bytes.data, size);
        step(end, &event);
        settle(end);
        bytes = bytes_of(bytes.data + size, bytes.size - size);
    }
}

static void
deliver(struct end *end)
{
    receive(end->other, buf_bytes(&end->sent), 1);
    buf_clear(&end->sent);
}

static void
open_end(struct end *end, bool is_dialler, char logs)
{
    static const struct secret_key statics[2] = {{{'a'}}, {{'b'}}};
    static const struct secret_key psk = {{'k'}};
    const struct event opened = {.type = EVENT_OPENED, .now_ms = 1000};
    struct log_id ids[2] = {{.kind = LOG_CONTROL}, {.kind = LOG_CHANGES}};
    struct buf full = {0};
    struct session_options options = {.is_dialler = is_dialler,
        .is_join = is_dialler && end->other->level == LEVEL_JOIN,
        .noise = &statics[is_dialler ? 0 : 1],
        .ephemeral = {{is_dialler ? 1 : 2}},
        .psks = &psk,
        .psk_count = 1,
        .cert = bytes_text("certificate")};
    enum err rc = ERR_OK;

    memset(ids[0].node.bytes, logs, 32);
    memset(ids[1].node.bytes, logs, 32);
    put_clock(&full, ids);
    options.clock.full = buf_bytes(&full);
    options.clock.marks = &end_marks[is_dialler ? 0 : 1];
    keys_box_public(&options.peer_noise, &statics[1]);
    rc = session_new(&end->session, &options);
    assert(rc == ERR_OK);
    step(end, &opened);
    buf_release(&full);
}

/* Seal `frames` as the end would. */
static void
speak(struct end *end, struct bytes frames)
{
    enum err rc = ERR_OK;

    buf_clear(&end->sent);
    buf_put_bytes(&end->session->link.frames, frames);
    rc = link_flush(&end->session->link, &end->sent);
    assert(rc == ERR_OK);
}

static void
run(struct end *target, uint8_t choice, struct bytes bytes)
{
    size_t pieces = 1 + (choice >> 6);

    if ((choice & 3) == BEFORE) {
        bool is_listener = !target->session->is_dialler;

        receive(target, bytes, pieces);
        assert(!is_listener || target->sent.size == 0);
        return;
    }
    for (int turn = 0; turn < 2; turn++) {
        deliver(target->session->is_dialler ? target : target->other);
        deliver(target->session->is_dialler ? target->other : target);
    }
    if ((choice & 3) == BEHIND) {
        receive(target, bytes, pieces);
    } else if (target->other->session->state == STATE_OPEN) {
        speak(target->other, bytes);
        receive(target, buf_bytes(&target->other->sent), pieces);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct end ends[2] = {{0}, {0}};
    uint8_t choice = size > 0 ? data[0] : 0;

    if (size == 0 || size > SESSION_RECEIVED_BYTES_MAX / 2) {
        return 0;
    }
    ends[0].other = &ends[1];
    ends[1].other = &ends[0];
    ends[0].answers = ends[1].answers = (choice & 32) != 0;
    ends[1].level = (enum session_level)(choice >> 3 & 3);
    open_end(&ends[1], false, 'b');
    open_end(&ends[0], true, choice >> 6 == 3 ? 'b' : 'a');
    run(&ends[choice & 4 ? 0 : 1], choice, bytes_of(data + 1, size - 1));
    for (size_t i = 0; i < 2; i++) {
        session_free(ends[i].session);
        buf_release(&ends[i].sent);
    }
    return 0;
}
