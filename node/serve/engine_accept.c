/* SPDX-License-Identifier: Apache-2.0 */
/* Batches from peers: to the writer, and its answers back in order. */
#include <string.h>

#include "crypto/base/mem.h"
#include "node/serve/engine_internal.h"

/* One batch. It belongs to its call's list until it is answered; if the call
 * ends before, `call` is NULL and it goes when the writer is done with it. */
struct accept_job {
    struct job job;
    struct post post;
    struct list link;  /* call->accepts */
    struct list retry; /* engine->retries */
    struct engine *engine;
    struct call *call;
    struct buf bytes;
    struct accept_result result;
    bool is_submitted;
    bool is_done;
    enum err rc;
    struct err_msg msg;
};

static enum err
accept_run(struct job *job, struct store *store, struct err_msg *msg)
{
    struct accept_job *accept = LIST_ITEM(job, struct accept_job, job);

    return store_accept(store, buf_bytes(&accept->bytes), &accept->result, msg);
}

/* On the writer's thread. */
static void
accept_done(struct job *job, enum err rc, const struct err_msg *msg)
{
    struct accept_job *accept = LIST_ITEM(job, struct accept_job, job);

    accept->rc = rc;
    if (msg != NULL) {
        accept->msg = *msg;
    }
    engine_post(accept->engine, &accept->post);
}

static void
accept_free(struct accept_job *accept)
{
    list_remove(&accept->link);
    list_remove(&accept->retry);
    buf_release(&accept->bytes);
    mem_free(accept);
}

/* Is it only that there is no room now? Then it is tried again. */
static bool
is_full(enum err rc)
{
    return rc == ERR_FULL || rc == ERR_BUSY;
}

static void
put_off(struct engine *engine, struct accept_job *accept)
{
    if (accept->rc == ERR_FULL && !engine->is_full) {
        engine->is_full = true;
        diag_say(engine->diag, DIAG_ERROR,
            "no room to store what peers send: %s; reads go on, trying again "
            "every %d s",
            accept->msg.text, ENGINE_RETRY_MS / 1000);
    }
    list_push(&engine->retries, &accept->retry);
    if (engine->retry_ms == UINT64_MAX) {
        /* A queue that is full empties soon; a disk does not. */
        engine->retry_ms = engine_now(engine) +
                           (accept->rc == ERR_FULL ? ENGINE_RETRY_MS : 20);
    }
}

/* Does one before it wait? Then the gap it met may close yet; to be answered
 * as one that came to nothing, it would never be sent again. */
static bool
is_behind(struct accept_job *accept)
{
    struct list *at = accept->call->accepts.next;

    while (at != &accept->link &&
           LIST_ITEM(at, struct accept_job, link)->is_done) {
        at = at->next;
    }
    return accept->rc == ERR_GAP && at != &accept->link;
}

static void
accept_deliver(struct post *post)
{
    struct accept_job *accept = LIST_ITEM(post, struct accept_job, post);
    struct engine *engine = accept->engine;
    struct call *call = accept->call;

    accept->is_submitted = false;
    engine->accepting--;
    engine_job_done(engine);
    if (call == NULL) {
        accept_free(accept);
        return;
    }
    if (is_full(accept->rc) || is_behind(accept)) {
        put_off(engine, accept);
        return;
    }
    if (engine->is_full && accept->rc == ERR_OK) {
        engine->is_full = false;
        diag_say(engine->diag, DIAG_INFO, "there is room again");
    }
    accept->is_done = true;
    if (list_empty(&call->ready)) {
        list_push(&engine->ready, &call->ready);
    }
}

static void
submit(struct accept_job *accept)
{
    struct engine *engine = accept->engine;
    /* Once submitted, all but the list links is the writer's. */
    enum err rc = engine_submit(engine, &accept->job);

    if (rc != ERR_OK) {
        accept->rc = rc;
        put_off(engine, accept);
        return;
    }
    accept->is_submitted = true;
    engine->accepting++;
}

void
accept_retry(struct engine *engine)
{
    struct list again;

    list_init(&again);
    engine->retry_ms = UINT64_MAX;
    while (!list_empty(&engine->retries)) {
        struct list *at = engine->retries.next;
        list_remove(at);
        list_push(&again, at);
    }
    while (!list_empty(&again)) {
        struct accept_job *accept =
            LIST_ITEM(again.next, struct accept_job, retry);
        list_remove(&accept->retry);
        submit(accept);
    }
}

enum err
accept_begin(struct call *call, struct bytes batch)
{
    struct accept_job *accept = mem_zalloc(1, sizeof(*accept));

    if (accept == NULL) {
        return ERR_NOMEM;
    }
    buf_put_bytes(&accept->bytes, batch);
    if (buf_err(&accept->bytes) != ERR_OK) {
        mem_free(accept);
        return ERR_NOMEM;
    }
    accept->job.run = accept_run;
    accept->job.done = accept_done;
    accept->job.bytes = batch.size;
    accept->post.deliver = accept_deliver;
    accept->engine = call->engine;
    accept->call = call;
    list_init(&accept->retry);
    list_push(&call->accepts, &accept->link);
    call->entries_ms = engine_now(call->engine);
    submit(accept);
    return ERR_OK;
}

/* Nobody need be at fault: somebody holds another tree than we do. */
static bool
is_doubtful(const struct accept_job *accept)
{
    return accept->rc == ERR_BAD_SIGNATURE && accept->result.head_differs;
}

/* How a batch that was refused ends the session; BYE_DONE: it does not. */
static enum bye_reason
judge(const struct accept_job *accept)
{
    if (is_doubtful(accept)) {
        return BYE_DONE;
    }
    switch (accept->rc) {
    case ERR_OK:
    case ERR_FORK:   /* the log is frozen, or our own and we have stopped */
    case ERR_STALE:  /* held already */
    case ERR_GAP:    /* what is before it came to nothing, or is on its way */
    case ERR_DENIED: /* no member, as far as we know by now: the peer sees by
                        our clock that we did not take it */
        return BYE_DONE;
    case ERR_MALFORMED:
    case ERR_TOO_BIG:
    case ERR_VERSION:
    case ERR_BAD_SIGNATURE:
        return BYE_REFUSED;
    default:
        return BYE_ERROR; /* our own trouble */
    }
}

static void
refuse(
    struct call *call, const struct accept_job *accept, enum bye_reason reason)
{
    struct event event = {.type = EVENT_REFUSED};
    char name[DIAG_NODE_CHARS + 1];

    diag_node(name, &call->peer);
    diag_say(call->engine->diag, DIAG_WARNING,
        "a batch from node %s was refused: %s; the connection ends", name,
        accept->msg.text[0] == '\0' ? err_text(accept->rc) : accept->msg.text);
    event.u.refused.reason = reason;
    call_step(call, &event);
}

/* A fork of one log ends nothing, unless nothing comes of asking. */
static void
doubt(struct call *call, const struct log_id *log, const struct head *head)
{
    struct event event = {.type = EVENT_REFUSED};

    if (marks_limit(call->engine, log) == UINT64_MAX &&
        !hear_doubt(call, log, head)) {
        event.u.refused.reason = BYE_REFUSED;
        call_step(call, &event);
    }
}

void
accept_answer(struct call *call)
{
    struct event event = {.type = EVENT_ACCEPTED};
    size_t count = 0;

    while (!call->is_closed && !list_empty(&call->accepts)) {
        struct accept_job *accept =
            LIST_ITEM(call->accepts.next, struct accept_job, link);
        enum bye_reason reason = judge(accept);
        struct log_id log = accept->result.log;
        struct head head = {0};
        bool is_in_doubt = false;

        if (!accept->is_done) {
            break;
        }
        if (reason != BYE_DONE) {
            refuse(call, accept, reason);
            break;
        }
        count++;
        is_in_doubt = is_doubtful(accept);
        if (is_in_doubt) {
            frame_entries_head(&head, buf_bytes(&accept->bytes));
        }
        accept_free(accept);
        if (is_in_doubt) {
            doubt(call, &log, &head);
        }
    }
    if (call->is_closed || count == 0) {
        return;
    }
    event.u.stored.clock = engine_session_clock(call->engine);
    event.u.stored.accepts = count;
    call_step(call, &event);
}

void
accept_drop(struct call *call)
{
    while (!list_empty(&call->accepts)) {
        struct accept_job *accept =
            LIST_ITEM(call->accepts.next, struct accept_job, link);

        list_remove(&accept->link);
        accept->call = NULL;
        if (!accept->is_submitted) {
            accept_free(accept);
        }
    }
}
