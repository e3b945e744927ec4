/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words from peers: heads, evidence and vouches go to the writer, what a step
 * brought in one job. And logs in doubt: a batch whose proof does not hold,
 * though its head is the author's, shows that somebody holds another tree;
 * our heads let the peer find out (docs/protocol.md, "Session").
 */
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "node/serve/engine_internal.h"
#include "storage/vouch.h"

/* Words of one call. It belongs to the writer until it is delivered; if the
 * call ends before, `call` is NULL. */
struct hear_job {
    struct job job;
    struct post post;
    struct list link; /* engine->heards */
    struct engine *engine;
    struct call *call;
    struct buf words;
    size_t count;
    struct accept_result result; /* of heads; large, so not on the stack */
    enum err rc;
    struct err_msg msg;
};

static enum err
store_word(
    struct hear_job *hear, struct store *store, const struct frame *frame)
{
    struct cosignature cosignature;
    struct evidence evidence;
    struct log_id log;
    struct head head;
    enum err rc = ERR_OK;

    switch ((enum frame_type)frame->type) {
    case FRAME_HEAD:
        rc = frame_head_decode(&log, &head, frame->payload);
        return rc != ERR_OK
                   ? rc
                   : store_head(store, &log, &head, &hear->result, &hear->msg);
    case FRAME_FORK:
        rc = evidence_decode(&evidence, frame->payload);
        return rc != ERR_OK ? rc : store_evidence(store, &evidence, &hear->msg);
    default:
        rc = cosignature_decode(&cosignature, frame->payload);
        return rc != ERR_OK
                   ? rc
                   : store_cosignature(store, &cosignature, &hear->msg);
    }
}

/* Is it what the peer said, and not our own trouble, that led to this? */
static bool
is_theirs(enum err rc)
{
    switch (rc) {
    case ERR_OK:
    case ERR_STALE:
    case ERR_NOT_FOUND:
    case ERR_MALFORMED:
    case ERR_TOO_BIG:
    case ERR_BAD_SIGNATURE:
    case ERR_DENIED:
    case ERR_FORK:
    case ERR_BUSY: /* our own log grows: it is shown again */
        return true;
    default:
        return false;
    }
}

/* "What does not verify is passed over." */
static enum err
hear_run(struct job *job, struct store *store, struct err_msg *msg)
{
    struct hear_job *hear = LIST_ITEM(job, struct hear_job, job);
    struct bytes words = buf_bytes(&hear->words);
    struct frame frame;

    while (frame_next(&frame, words) == ERR_OK) {
        enum err rc = store_word(hear, store, &frame);

        if (!is_theirs(rc)) {
            if (msg != NULL) {
                *msg = hear->msg;
            }
            return rc;
        }
        words = bytes_of(words.data + frame.size, words.size - frame.size);
    }
    return ERR_OK;
}

/* On the writer's thread. */
static void
hear_done(struct job *job, enum err rc, const struct err_msg *msg)
{
    struct hear_job *hear = LIST_ITEM(job, struct hear_job, job);

    hear->rc = rc;
    if (msg != NULL) {
        hear->msg = *msg;
    }
    engine_post(hear->engine, &hear->post);
}

static void
hear_free(struct hear_job *hear)
{
    list_remove(&hear->link);
    buf_release(&hear->words);
    mem_free(hear);
}

/* The session hears of it after it has heard of the commit. */
static void
hear_deliver(struct post *post)
{
    struct hear_job *hear = LIST_ITEM(post, struct hear_job, post);
    struct engine *engine = hear->engine;

    engine_job_done(engine);
    if (hear->rc != ERR_OK) {
        diag_say(engine->diag, DIAG_ERROR,
            "cannot keep what a peer says of logs: %s; it is asked again when "
            "it connects again",
            hear->msg.text[0] == '\0' ? err_text(hear->rc) : hear->msg.text);
    }
    if (hear->call == NULL) {
        hear_free(hear);
        return;
    }
    list_push(&engine->heards, &hear->link);
}

void
hear_answer(struct engine *engine)
{
    while (!list_empty(&engine->heards)) {
        struct hear_job *hear =
            LIST_ITEM(engine->heards.next, struct hear_job, link);
        struct call *call = hear->call;
        struct event event = {.type = EVENT_HEARD};

        event.u.heard.count = hear->count;
        if (call != NULL) {
            call->hearing = NULL;
        }
        hear_free(hear);
        if (call != NULL && !call->is_closed) {
            call_step(call, &event);
            hear_next(call);
        }
    }
}

enum err
hear_take(struct call *call, const struct effect *effect)
{
    frame_put(&call->words, effect->u.heard.type, effect->u.heard.payload);
    call->word_count++;
    return buf_err(&call->words);
}

void
hear_next(struct call *call)
{
    struct engine *engine = call->engine;
    struct hear_job *hear = NULL;

    if (call->is_closed || call->hearing != NULL || call->words.size == 0) {
        return;
    }
    call->hear_ms = engine_now(engine) + ENGINE_AGAIN_MS;
    hear = mem_zalloc(1, sizeof(*hear));
    if (hear == NULL) {
        return;
    }
    hear->job.run = hear_run;
    hear->job.done = hear_done;
    hear->job.bytes = call->words.size;
    hear->post.deliver = hear_deliver;
    hear->engine = engine;
    hear->call = call;
    hear->words = call->words;
    hear->count = call->word_count;
    list_init(&hear->link);
    if (engine_submit(engine, &hear->job) != ERR_OK) {
        mem_free(hear); /* too much waits; the words stay with the call */
        return;
    }
    call->hearing = hear;
    call->words = (struct buf){0};
    call->word_count = 0;
    call->hear_ms = UINT64_MAX;
}

void
hear_drop(struct call *call)
{
    if (call->hearing != NULL) {
        call->hearing->call = NULL;
        call->hearing = NULL;
    }
}

bool
hear_is_doubtful(const struct call *call, const struct log_id *log)
{
    for (size_t i = 0; i < call->doubt_count; i++) {
        if (log_id_equal(&call->doubts[i].log, log)) {
            return true;
        }
    }
    return false;
}

/* Signed it is, whatever came with it: once as much is held, it is compared. */
static void
keep_head(struct call *call, const struct log_id *log, const struct head *head)
{
    struct buf payload = {0};

    frame_head_encode(&payload, log, head);
    if (buf_err(&payload) == ERR_OK) {
        frame_put(&call->words, FRAME_HEAD, buf_bytes(&payload));
        hear_next(call);
    }
    buf_release(&payload);
}

bool
hear_doubt(struct call *call, const struct log_id *log, const struct head *head)
{
    struct event event = {.type = EVENT_HOLD};
    char name[DIAG_NODE_CHARS + 1];

    if (hear_is_doubtful(call, log)) {
        return true;
    }
    if (call->doubt_count == ENGINE_DOUBTS_MAX ||
        say_heads(call, log) != ERR_OK) {
        return false;
    }
    diag_node(name, &call->peer);
    diag_say(call->engine->diag, DIAG_WARNING,
        "node %s sent entries that do not follow what is held here, under a "
        "head that their author signed; asking it what it holds",
        name);
    call->doubts[call->doubt_count].log = *log;
    call->doubts[call->doubt_count].until_ms =
        engine_now(call->engine) + ENGINE_DOUBT_MS;
    call->doubt_count++;
    keep_head(call, log, head);
    call->engine->wants_hold = true;
    event.u.hold.logs = log;
    event.u.hold.count = 1;
    event.u.hold.hold = true;
    call_step(call, &event);
    return true;
}

/* Evidence has come of this log. What its cut may let the peer send is wanted
 * again. */
static void
clear_doubt(struct call *call, const struct log_id *log)
{
    struct event event = {.type = EVENT_HOLD};

    event.u.hold.logs = log;
    event.u.hold.count = 1;
    event.u.hold.hold = false;
    call_step(call, &event);
}

static void
clear_doubts(struct call *call)
{
    size_t i = 0;

    while (i < call->doubt_count && !call->is_closed) {
        struct log_id log = call->doubts[i].log;

        if (marks_limit(call->engine, &log) == UINT64_MAX) {
            i++;
            continue;
        }
        call->doubt_count--;
        memmove(&call->doubts[i], &call->doubts[i + 1],
            (call->doubt_count - i) * sizeof(call->doubts[0]));
        clear_doubt(call, &log);
    }
}

/* Evidence has come of some; of others time has run out. */
static void
end_doubts(struct call *call)
{
    struct engine *engine = call->engine;
    struct event event = {.type = EVENT_REFUSED};
    char name[DIAG_NODE_CHARS + 1];

    clear_doubts(call);
    if (call->is_closed || call->doubt_count == 0 ||
        engine_now(engine) < call->doubts[0].until_ms) {
        return;
    }
    diag_node(name, &call->peer);
    diag_say(engine->diag, DIAG_WARNING,
        "entries from node %s do not follow what is held here, and it shows "
        "nothing that explains it; the connection ends",
        name);
    event.u.refused.reason = BYE_REFUSED;
    call_step(call, &event);
}

void
hear_tick(struct call *call)
{
    if (!call->is_closed && engine_now(call->engine) >= call->hear_ms) {
        hear_next(call);
    }
    if (!call->is_closed && call->doubt_count > 0) {
        end_doubts(call);
    }
}

uint64_t
hear_wake_ms(const struct call *call)
{
    return call->doubt_count == 0
               ? call->hear_ms
               : num_min_u64(call->hear_ms, call->doubts[0].until_ms);
}
