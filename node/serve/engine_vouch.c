/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vouching for other nodes' logs (docs/protocol.md, "Cosignatures"): when a
 * session is first in step, and now and then while logs grow. What was made
 * is said once it is durable.
 */
#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "node/serve/engine_internal.h"
#include "storage/vouch.h"

struct cosign_job {
    struct job job;
    struct post post;
    struct engine *engine;
    uint64_t since; /* the cosignatures (since, until] were made */
    uint64_t until;
    size_t count;
    enum err rc;
    struct err_msg msg;
};

/* In one transaction, so that nobody else's come between. */
static enum err
cosign_run(struct job *job, struct store *store, struct err_msg *msg)
{
    struct cosign_job *cosign = LIST_ITEM(job, struct cosign_job, job);
    enum err rc = ERR_OK;

    cosign->since = store_vouch_sequence(store);
    rc = store_cosign(store, &cosign->count, msg);
    cosign->until = store_vouch_sequence(store);
    return rc;
}

/* On the writer's thread. */
static void
cosign_done(struct job *job, enum err rc, const struct err_msg *msg)
{
    struct cosign_job *cosign = LIST_ITEM(job, struct cosign_job, job);

    cosign->rc = rc;
    if (msg != NULL) {
        cosign->msg = *msg;
    }
    engine_post(cosign->engine, &cosign->post);
}

static void begin(struct engine *engine);

static void
cosign_deliver(struct post *post)
{
    struct cosign_job *cosign = LIST_ITEM(post, struct cosign_job, post);
    struct engine *engine = cosign->engine;

    engine_job_done(engine);
    engine->is_cosigning = false;
    if (cosign->rc != ERR_OK) {
        diag_say(engine->diag, DIAG_WARNING,
            "cannot vouch for what other nodes wrote: %s; trying again later",
            cosign->msg.text[0] == '\0' ? err_text(cosign->rc)
                                        : cosign->msg.text);
        vouch_note_growth(engine);
    } else if (engine->is_started) {
        say_vouches(engine, cosign->since, cosign->until);
        if (cosign->count == STORE_COSIGN_MAX) {
            begin(engine); /* more may wait */
        }
    }
    mem_free(cosign);
}

static void
begin(struct engine *engine)
{
    struct cosign_job *cosign = NULL;

    if (engine->is_cosigning || engine->cosign_every_ms == UINT64_MAX) {
        return;
    }
    engine->cosigned_ms = engine_now(engine);
    engine->grown_ms = UINT64_MAX;
    cosign = mem_zalloc(1, sizeof(*cosign));
    if (cosign == NULL) {
        vouch_note_growth(engine);
        return;
    }
    cosign->job.run = cosign_run;
    cosign->job.done = cosign_done;
    cosign->post.deliver = cosign_deliver;
    cosign->engine = engine;
    if (engine_submit(engine, &cosign->job) != ERR_OK) {
        mem_free(cosign);
        vouch_note_growth(engine);
        return;
    }
    engine->is_cosigning = true;
}

void
vouch_note_growth(struct engine *engine)
{
    engine->grown_ms = num_min_u64(engine->grown_ms, engine_now(engine));
}

/* Not before this, unless a session is first in step. */
static uint64_t
due_ms(const struct engine *engine)
{
    uint64_t every_ms = engine->cosign_every_ms;

    if (engine->grown_ms == UINT64_MAX || engine->is_cosigning ||
        every_ms == UINT64_MAX) {
        return UINT64_MAX;
    }
    return num_max_u64(engine->grown_ms,
               engine->cosigned_ms == UINT64_MAX ? 0 : engine->cosigned_ms) +
           every_ms;
}

void
vouch_synced(struct engine *engine, bool is_first)
{
    bool has_rested =
        engine->cosigned_ms == UINT64_MAX ||
        engine_now(engine) >= engine->cosigned_ms + engine->cosign_every_ms;

    if (engine->grown_ms != UINT64_MAX && (is_first || has_rested)) {
        begin(engine);
    }
}

void
vouch_tick(struct engine *engine)
{
    if (engine_now(engine) >= due_ms(engine)) {
        begin(engine);
    }
}

uint64_t
vouch_wake_ms(const struct engine *engine)
{
    return due_ms(engine);
}
