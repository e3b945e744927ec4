/* SPDX-License-Identifier: Apache-2.0 */
#include "node/serve/engine.h"

#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "node/serve/engine_internal.h"

/* On the writer's thread, after each commit. */
static void
on_committed(void *context)
{
    struct engine *engine = context;

    pthread_mutex_lock(&engine->lock);
    engine->has_committed = true;
    pthread_mutex_unlock(&engine->lock);
    engine->ops.wake(engine->ops.context);
}

void
engine_post(struct engine *engine, struct post *post)
{
    pthread_mutex_lock(&engine->lock);
    list_push(&engine->inbox, &post->link);
    pthread_mutex_unlock(&engine->lock);
    engine->ops.wake(engine->ops.context);
}

enum err
engine_new(struct engine **out, const struct engine_options *options)
{
    struct engine *engine = mem_zalloc(1, sizeof(*engine));

    if (engine == NULL) {
        return ERR_NOMEM;
    }
    engine->replays = mem_zalloc(ENGINE_REPLAYS_MAX, sizeof(*engine->replays));
    if (engine->replays == NULL ||
        pthread_mutex_init(&engine->lock, NULL) != 0) {
        mem_free(engine->replays);
        mem_free(engine);
        return ERR_NOMEM;
    }
    engine->node = options->node;
    engine->ops = *options->ops;
    engine->diag = options->diag;
    list_init(&engine->calls);
    list_init(&engine->ready);
    list_init(&engine->inbox);
    list_init(&engine->retries);
    list_init(&engine->joins);
    list_init(&engine->heards);
    engine->cosign_every_ms = options->cosign_every_ms == 0
                                  ? ENGINE_COSIGN_MS
                                  : options->cosign_every_ms;
    engine->cosigned_ms = UINT64_MAX;
    engine->grown_ms = UINT64_MAX;
    engine->retry_ms = UINT64_MAX;
    engine->commit_ms = UINT64_MAX;
    engine->hold_ms = UINT64_MAX;
    /* Before any job of ours: the writer reads these after its commits. */
    engine->node->committed = on_committed;
    engine->node->committed_context = engine;
    *out = engine;
    return ERR_OK;
}

void
engine_free(struct engine *engine)
{
    if (engine == NULL) {
        return;
    }
    assert(engine_is_idle(engine));
    /* The writer may still call back from jobs that others gave it. */
    if (engine->node->writer != NULL) {
        writer_drain(engine->node->writer);
    }
    engine->node->committed = NULL;
    peer_forget(engine);
    mem_free(engine->peers);
    mem_free(engine->replays);
    mem_free(engine->order);
    mem_free(engine->limits);
    buf_release(&engine->news);
    buf_release(&engine->clock);
    buf_release(&engine->cert);
    pthread_mutex_destroy(&engine->lock);
    mem_free(engine);
}

void
engine_enter(struct engine *engine)
{
    engine->depth++;
}

/* Free what has ended, now that nobody up the stack looks at it. */
void
engine_leave(struct engine *engine)
{
    struct list *at = engine->calls.next;

    if (engine->depth > 1) {
        engine->depth--;
        return;
    }
    while (at != &engine->calls) {
        struct call *call = LIST_ITEM(at, struct call, link);
        at = at->next;
        if (call->is_closed && call->works == 0 && list_empty(&call->accepts) &&
            !call->wants_join) {
            list_remove(&call->link);
            engine->call_count--;
            call_free(call);
        }
    }
    engine->depth--;
}

void
engine_report(struct engine *engine, struct call *call, enum report_type type)
{
    struct report report = {.type = type, .call = call};

    if (engine->ops.report == NULL) {
        return;
    }
    if (call != NULL) {
        report.owner = call->owner;
        report.peer = call->peer;
        report.office = call->office;
        report.reason = call->reason;
        report.was_open = call->is_confirmed;
        report.was_synced = call->was_synced;
    }
    engine->ops.report(engine->ops.context, &report);
}

enum err
engine_submit(struct engine *engine, struct job *job)
{
    enum err rc = ERR_CLOSED;

    if (engine->node->writer != NULL) {
        rc = writer_submit(engine->node->writer, job);
    }
    if (rc == ERR_OK) {
        engine->jobs++;
    }
    return rc;
}

void
engine_job_done(struct engine *engine)
{
    assert(engine->jobs > 0);
    engine->jobs--;
}

struct session_clock
engine_session_clock(const struct engine *engine)
{
    struct session_clock clock = {.full = buf_bytes(&engine->clock),
        .order = engine->order,
        .order_count = engine->order_count,
        .marks = &engine->marks,
        .limits = engine->limits,
        .limit_count = engine->limit_count};

    return clock;
}

struct bytes
engine_clock(const struct engine *engine)
{
    return buf_bytes(&engine->clock);
}

/* Read our clock; *out_grown says whether it is another than before. */
static enum err
read_clock(struct engine *engine, struct view *view, bool *out_grown)
{
    struct bytes clock = view_clock(view);
    size_t count = 0;
    const struct log_id *order = view_order(view, &count);
    struct buf fresh = {0};
    enum err rc = ERR_OK;

    if (bytes_equal(clock, buf_bytes(&engine->clock))) {
        *out_grown = false;
        return ERR_OK;
    }
    rc = mem_grow((void **)&engine->order, &engine->order_capacity, count,
        sizeof(*engine->order));
    if (rc != ERR_OK) {
        return rc;
    }
    /* Logs are only ever added to the end. */
    if (count > engine->order_count) {
        memcpy(engine->order + engine->order_count, order + engine->order_count,
            (count - engine->order_count) * sizeof(*order));
        engine->order_count = count;
    }
    buf_put_bytes(&fresh, clock);
    rc = buf_err(&fresh);
    if (rc != ERR_OK) {
        buf_release(&fresh); /* the old one is still true */
        return rc;
    }
    buf_release(&engine->clock);
    engine->clock = fresh;
    *out_grown = true;
    return ERR_OK;
}

/* Founders have none: every node knows them. */
static enum err
read_cert(struct engine *engine, struct view *view)
{
    enum err rc = ERR_OK;

    buf_clear(&engine->cert);
    rc = view_note(view, bytes_text("certificate"), &engine->cert, NULL);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

enum err
engine_start(struct engine *engine, struct err_msg *msg)
{
    struct view *view = NULL;
    bool has_grown = false;
    enum err rc = ERR_OK;

    assert(engine->node->store != NULL);
    assert(list_empty(&engine->calls));
    peer_forget(engine);
    buf_clear(&engine->clock);
    engine->order_count = 0;
    engine->limit_count = 0;
    rc = view_open(&view, engine->node->store, msg);
    if (rc == ERR_OK) {
        rc = read_clock(engine, view, &has_grown);
    }
    if (rc == ERR_OK) {
        rc = marks_read(engine, view, true, &has_grown, msg);
    }
    if (rc == ERR_OK) {
        rc = read_cert(engine, view);
    }
    if (rc == ERR_OK) {
        engine->lacks_bodies = !view_takes_bodies(view, NULL);
    }
    view_close(view);
    if (rc != ERR_OK) {
        return rc;
    }
    engine->is_started = true;
    engine->is_stopping = false;
    engine->wants_index = true;
    index_next(engine);
    vouch_note_growth(engine); /* as far as is known */
    return ERR_OK;
}

void
engine_take_commit(struct engine *engine)
{
    struct view *view = NULL;
    struct err_msg msg = {{0}};
    bool has_grown = false;
    bool has_changed = false;
    enum err rc = ERR_OK;

    if (!engine->is_started || engine->node->store == NULL) {
        return;
    }
    rc = view_open(&view, engine->node->store, &msg);
    if (rc == ERR_OK) {
        rc = read_clock(engine, view, &has_grown);
    }
    if (rc == ERR_OK) {
        engine->has_untold = engine->has_untold || has_grown;
        rc = marks_read(engine, view, false, &has_changed, &msg);
    }
    if (rc != ERR_OK) {
        diag_say(engine->diag, DIAG_WARNING,
            "cannot read what was written: %s; trying again in %d ms",
            msg.text[0] == '\0' ? err_text(rc) : msg.text, ENGINE_AGAIN_MS);
        engine->commit_ms = engine_now(engine) + ENGINE_AGAIN_MS;
        view_close(view);
        return;
    }
    engine->commit_ms = UINT64_MAX;
    has_grown = engine->has_untold;
    engine->has_untold = false;
    if (engine->cert.size == 0 && has_grown) {
        err_ignore(read_cert(engine, view)); /* tried again next time */
    }
    engine->wants_index = engine->wants_index || has_grown;
    engine->wants_hold = engine->wants_hold || has_grown;
    tell_commit(engine, view, has_grown || has_changed);
    view_close(view);
    marks_tell_news(engine);
    if (has_grown) {
        vouch_note_growth(engine);
        engine_report(engine, NULL, REPORT_COMMITTED);
    }
}

/* Everything of the inbox at this moment, in order. */
static bool
take_inbox(struct engine *engine)
{
    struct list posts;
    bool has_committed = false;

    list_init(&posts);
    pthread_mutex_lock(&engine->lock);
    while (!list_empty(&engine->inbox)) {
        struct list *link = engine->inbox.next;
        list_remove(link);
        list_push(&posts, link);
    }
    has_committed = engine->has_committed;
    engine->has_committed = false;
    pthread_mutex_unlock(&engine->lock);
    while (!list_empty(&posts)) {
        struct post *post = LIST_ITEM(posts.next, struct post, link);
        list_remove(&post->link);
        post->deliver(post);
    }
    return has_committed;
}

void
engine_poll(struct engine *engine)
{
    engine_enter(engine);
    if (take_inbox(engine)) {
        engine_take_commit(engine);
    }
    while (!list_empty(&engine->ready)) {
        struct call *call = LIST_ITEM(engine->ready.next, struct call, ready);
        list_remove(&call->ready);
        accept_answer(call);
    }
    hear_answer(engine);
    join_next(engine);
    index_next(engine);
    hold_assign(engine);
    engine_leave(engine);
}

void
engine_tick(struct engine *engine)
{
    uint64_t now_ms = engine_now(engine);
    struct list *at = NULL;

    engine_enter(engine);
    if (now_ms >= engine->commit_ms) {
        engine_take_commit(engine);
    }
    if (now_ms >= engine->retry_ms) {
        accept_retry(engine);
    }
    for (at = engine->calls.next; at != &engine->calls; at = at->next) {
        struct call *call = LIST_ITEM(at, struct call, link);
        struct event event = {.type = EVENT_TICK};
        if (!call->is_closed && now_ms >= call->wake_ms) {
            call->wake_ms = UINT64_MAX;
            call_step(call, &event);
        }
        hear_tick(call);
        say_tick(call);
    }
    if (engine->is_started) {
        vouch_tick(engine);
        peer_save(engine, false);
        index_next(engine);
        engine->wants_hold = engine->wants_hold || now_ms >= engine->hold_ms;
        hold_assign(engine);
    }
    engine_leave(engine);
}

uint64_t
engine_wake_ms(const struct engine *engine)
{
    uint64_t wake_ms = num_min_u64(engine->retry_ms, engine->commit_ms);
    struct list *at = engine->calls.next;

    for (; at != &engine->calls; at = at->next) {
        const struct call *call = LIST_ITEM(at, struct call, link);
        if (!call->is_closed) {
            wake_ms = num_min_u64(wake_ms, call->wake_ms);
            wake_ms = num_min_u64(wake_ms, hear_wake_ms(call));
            wake_ms = num_min_u64(wake_ms, say_wake_ms(call));
        }
    }
    if (engine->is_started) {
        wake_ms = num_min_u64(wake_ms, peer_wake_ms(engine));
        wake_ms = num_min_u64(wake_ms, hold_wake_ms(engine));
        wake_ms = num_min_u64(wake_ms, vouch_wake_ms(engine));
        if (engine->wants_index && !engine->is_indexing) {
            wake_ms = num_min_u64(wake_ms, engine->index_ms + ENGINE_INDEX_MS);
        }
    }
    return wake_ms;
}

void
engine_stop(struct engine *engine)
{
    struct list *at = NULL;

    engine_enter(engine);
    engine->is_stopping = true;
    for (at = engine->calls.next; at != &engine->calls; at = at->next) {
        engine_hang_up(LIST_ITEM(at, struct call, link), BYE_SHUTDOWN);
    }
    if (engine->is_started) {
        peer_save(engine, true);
    }
    engine->is_started = false;
    engine_leave(engine);
}

bool
engine_is_idle(const struct engine *engine)
{
    return list_empty(&engine->calls) && engine->jobs == 0;
}

void
engine_disown(struct engine *engine, const void *owner)
{
    struct list *at = engine->calls.next;

    for (; at != &engine->calls; at = at->next) {
        struct call *call = LIST_ITEM(at, struct call, link);
        if (call->owner == owner) {
            call->owner = NULL;
        }
    }
}

struct call *
engine_find_call(struct engine *engine, const struct office_id *office)
{
    struct list *at = engine->calls.next;

    for (; at != &engine->calls; at = at->next) {
        struct call *call = LIST_ITEM(at, struct call, link);
        if (!call->is_closed && call->is_confirmed &&
            office_id_equal(&call->office, office)) {
            return call;
        }
    }
    return NULL;
}
