/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words to peers (docs/protocol.md, "Session"): heads, evidence and vouches
 * where marks differ, new evidence and own vouches at once. What is long is
 * read on the pool.
 */
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "node/serve/engine_internal.h"
#include "storage/vouch.h"

enum { SAY_BYTES_MAX = 8 * 1024 * 1024 }; /* heads of all logs there can be */

bool
say_may(const struct call *call)
{
    return !call->is_closed && call->is_confirmed && call->level == LEVEL_FULL;
}

/* Frames, as the words of one SAY. */
void
say_frames(struct call *call, struct bytes frames)
{
    struct event event = {.type = EVENT_SAY};
    struct session_word *words = NULL;
    size_t capacity = 0;
    struct frame frame;

    while (frame_next(&frame, frames) == ERR_OK) {
        if (mem_grow((void **)&words, &capacity, event.u.say.count + 1,
                sizeof(*words)) != ERR_OK) {
            break; /* marks go on to differ */
        }
        words[event.u.say.count] =
            (struct session_word){(enum frame_type)frame.type, frame.payload};
        event.u.say.count++;
        frames = bytes_of(frames.data + frame.size, frames.size - frame.size);
    }
    event.u.say.words = words;
    if (event.u.say.count > 0) {
        call_step(call, &event);
    }
    mem_free(words);
}

/* Something to be read and said. */
struct say_work {
    struct engine_work work;
    struct engine *engine;
    struct call *call; /* NULL: to every open one */
    struct store *store;
    struct node_id peer;
    bool has_log; /* heads of this one alone */
    struct log_id log;
    struct effect_differs what;
    struct cosignature_range range; /* of vouches */
    uint64_t last;                  /* the last that was read */
    size_t count;                   /* vouches that were read */
    struct buf frames;
    enum err rc;
    struct err_msg msg;
};

static struct say_work *
say_work_of(struct engine_work *work)
{
    return LIST_ITEM(work, struct say_work, work);
}

static enum err
put_heads(struct say_work *say, struct view *view, const struct log_id *log)
{
    struct head heads[VIEW_HEADS_MAX];
    struct buf payload = {0};
    size_t count = 0;
    enum err rc = view_heads(view, log, heads, &count, &say->msg);

    for (size_t i = 0; rc == ERR_OK && i < count; i++) {
        buf_clear(&payload);
        frame_head_encode(&payload, log, &heads[i]);
        rc = buf_err(&payload);
        if (rc == ERR_OK) {
            frame_put(&say->frames, FRAME_HEAD, buf_bytes(&payload));
        }
    }
    buf_release(&payload);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

static enum err
put_all_heads(struct say_work *say, struct view *view)
{
    size_t count = 0;
    const struct log_id *order = view_order(view, &count);
    enum err rc = ERR_OK;

    for (size_t i = 0; rc == ERR_OK && i < count; i++) {
        rc = put_heads(say, view, &order[i]);
    }
    return rc;
}

static bool
put_evidence(void *context, const struct evidence_item *item)
{
    struct say_work *say = context;
    struct buf payload = {0};

    say->rc = evidence_encode(&payload, item->evidence);
    if (say->rc == ERR_OK) {
        frame_put(&say->frames, FRAME_FORK, buf_bytes(&payload));
    }
    buf_release(&payload);
    return say->rc == ERR_OK;
}

/* The peer has its own. */
static enum err
put_vouches(struct say_work *say, struct view *view)
{
    struct cosignature_item *items = mem_zalloc(say->range.max, sizeof(*items));
    struct buf payload = {0};
    enum err rc = ERR_NOMEM;

    if (items == NULL) {
        return rc;
    }
    say->last = say->range.since;
    rc = view_cosignatures_since(
        view, &say->range, items, &say->count, &say->msg);
    for (size_t i = 0; rc == ERR_OK && i < say->count; i++) {
        say->last = items[i].sequence;
        if (say->call != NULL &&
            node_id_equal(&items[i].cosignature.cosigner, &say->peer)) {
            continue;
        }
        buf_clear(&payload);
        cosignature_encode(&payload, &items[i].cosignature);
        rc = buf_err(&payload);
        if (rc == ERR_OK) {
            frame_put(&say->frames, FRAME_VOUCH, buf_bytes(&payload));
        }
    }
    buf_release(&payload);
    mem_free(items);
    return rc;
}

/* On the pool. */
static void
say_run(struct engine_work *work)
{
    struct say_work *say = say_work_of(work);
    struct view *view = NULL;
    enum err rc = view_open(&view, say->store, &say->msg);

    buf_init(&say->frames, SAY_BYTES_MAX);
    if (rc == ERR_OK && say->has_log) {
        rc = put_heads(say, view, &say->log);
    }
    if (rc == ERR_OK && say->what.heads) {
        rc = put_all_heads(say, view);
    }
    if (rc == ERR_OK && say->what.forks) {
        rc = view_evidence(view, put_evidence, say, &say->msg);
        rc = rc == ERR_OK ? say->rc : rc;
    }
    if (rc == ERR_OK && say->what.vouches) {
        rc = put_vouches(say, view);
    }
    if (rc == ERR_OK) {
        rc = buf_err(&say->frames);
    }
    say->rc = rc;
    view_close(view);
}

/* Vouches up to `last` were said: what comes next? */
static void
follow_vouches(struct call *call, const struct say_work *say)
{
    struct engine *engine = call->engine;
    struct peer *peer = peer_get(engine, &call->peer);
    uint64_t now_ms = engine_now(engine);

    if (peer == NULL) {
        return;
    }
    if (say->count > 0) {
        peer_set_vouched(engine, peer, say->last);
        call->vouch_pages++;
    } else if (peer->revouched_ms == 0 ||
               now_ms >= peer->revouched_ms + ENGINE_REVOUCH_MS) {
        /* It was sent all, and has not got all: it may be another store. */
        peer->revouched_ms = num_max_u64(now_ms, 1);
        peer_set_vouched(engine, peer, 0);
        call->wants.vouches = true;
        call->say_ms = now_ms;
        return;
    }
    if (say->count == say->range.max) {
        call->wants.vouches = true;
        call->say_ms = call->vouch_pages < ENGINE_VOUCH_PAGES
                           ? now_ms
                           : now_ms + ENGINE_VOUCH_PAGE_MS;
    }
}

/* To every open call; whoever had all before has all now. */
static void
say_to_all(struct engine *engine, const struct say_work *work)
{
    struct list *at = engine->calls.next;

    for (; at != &engine->calls; at = at->next) {
        struct call *call = LIST_ITEM(at, struct call, link);
        struct peer *peer = NULL;

        if (!say_may(call)) {
            continue;
        }
        say_frames(call, buf_bytes(&work->frames));
        peer = peer_get(engine, &call->peer);
        if (peer != NULL && !call->is_closed &&
            peer->vouched >= work->range.since && peer->vouched < work->last) {
            peer_set_vouched(engine, peer, work->last);
        }
    }
}

static void
say_done(struct engine_work *work)
{
    struct say_work *done = say_work_of(work);
    struct engine *engine = done->engine;
    struct call *call = done->call;

    engine_enter(engine);
    if (call != NULL) {
        call->works--;
        call->is_saying = call->is_saying && done->has_log;
    } else {
        engine_job_done(engine);
    }
    if (done->rc != ERR_OK) {
        diag_say(engine->diag, DIAG_ERROR, "read heads and vouches: %s",
            done->msg.text[0] == '\0' ? err_text(done->rc) : done->msg.text);
    } else if (call == NULL) {
        say_to_all(engine, done);
    } else if (say_may(call)) {
        say_frames(call, buf_bytes(&done->frames));
        if (done->what.vouches && !call->is_closed) {
            follow_vouches(call, done);
        }
    }
    buf_release(&done->frames);
    mem_free(done);
    engine_leave(engine);
}

/* Have it read and said; takes nothing of `what` but copies. */
static enum err
begin(struct engine *engine, struct call *call, const struct say_work *what)
{
    struct say_work *work = mem_zalloc(1, sizeof(*work));
    enum err rc = ERR_OK;

    if (work == NULL) {
        return ERR_NOMEM;
    }
    *work = *what;
    work->work.run = say_run;
    work->work.done = say_done;
    work->engine = engine;
    work->call = call;
    work->store = engine->node->store;
    rc = engine->ops.work(engine->ops.context, &work->work);
    if (rc != ERR_OK) {
        mem_free(work);
        return rc;
    }
    if (call != NULL) {
        call->works++;
    } else {
        engine->jobs++;
    }
    return ERR_OK;
}

enum err
say_heads(struct call *call, const struct log_id *log)
{
    const struct say_work what = {.has_log = true, .log = *log};

    return begin(call->engine, call, &what);
}

void
say_vouches(struct engine *engine, uint64_t since, uint64_t until)
{
    struct say_work what = {
        .what = {.vouches = true}, .range = {.since = since}};

    what.range.max = num_min_u64(until - since, VIEW_COSIGNATURES_MAX);
    if (what.range.max > 0) {
        /* Without memory marks tell them later. */
        err_ignore(begin(engine, NULL, &what));
    }
}

/* What waits is read now; if that cannot be, it waits a little longer. */
static void
begin_waiting(struct call *call)
{
    struct peer *peer = peer_get(call->engine, &call->peer);
    struct say_work what = {.peer = call->peer,
        .what = call->wants,
        .range = {.max = ENGINE_VOUCH_PAGE}};

    call->say_ms = engine_now(call->engine) + ENGINE_AGAIN_MS;
    if (peer == NULL) {
        return;
    }
    what.range.since = peer->vouched;
    if (begin(call->engine, call, &what) == ERR_OK) {
        call->is_saying = true;
        call->wants = (struct effect_differs){0};
        call->say_ms = UINT64_MAX;
    }
}

void
say_differences(struct call *call, const struct effect *effect)
{
    call->wants.heads |= effect->u.differs.heads;
    call->wants.forks |= effect->u.differs.forks;
    call->wants.vouches |= effect->u.differs.vouches;
    call->say_ms = num_min_u64(call->say_ms, engine_now(call->engine));
    say_tick(call);
}

void
say_tick(struct call *call)
{
    if (!call->is_closed && !call->is_saying &&
        engine_now(call->engine) >= call->say_ms) {
        begin_waiting(call);
    }
}

uint64_t
say_wake_ms(const struct call *call)
{
    return call->is_saying ? UINT64_MAX : call->say_ms;
}
