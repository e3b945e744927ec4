/* SPDX-License-Identifier: Apache-2.0 */
/* The search index is made behind the records, in large sorted batches, when
 * the writer has nothing better to do (docs/storage.md). */
#include "crypto/base/mem.h"
#include "node/serve/engine_internal.h"

struct index_job {
    struct job job;
    struct post post;
    struct engine *engine;
    bool has_left;
    enum err rc;
    struct err_msg msg;
};

static enum err
index_run(struct job *job, struct store *store, struct err_msg *msg)
{
    struct index_job *index = LIST_ITEM(job, struct index_job, job);

    return store_index(store, ENGINE_INDEX_RECORDS, &index->has_left, msg);
}

/* On the writer's thread. */
static void
index_done(struct job *job, enum err rc, const struct err_msg *msg)
{
    struct index_job *index = LIST_ITEM(job, struct index_job, job);

    index->rc = rc;
    if (msg != NULL) {
        index->msg = *msg;
    }
    engine_post(index->engine, &index->post);
}

static void
index_deliver(struct post *post)
{
    struct index_job *index = LIST_ITEM(post, struct index_job, post);
    struct engine *engine = index->engine;

    engine_job_done(engine);
    engine->is_indexing = false;
    if (index->rc != ERR_OK) {
        /* Searches look at what is not indexed too: it can wait. */
        diag_say(engine->diag,
            index->rc == ERR_FULL ? DIAG_DEBUG : DIAG_WARNING,
            "index: %s; trying again later", index->msg.text);
    } else if (index->has_left) {
        engine->wants_index = true;
    }
    mem_free(index);
}

void
index_next(struct engine *engine)
{
    struct index_job *index = NULL;
    uint64_t now_ms = engine_now(engine);

    if (!engine->is_started || !engine->wants_index || engine->is_indexing ||
        (engine->accepting > 0 &&
            now_ms < engine->index_ms + ENGINE_INDEX_MS)) {
        return;
    }
    engine->index_ms = now_ms;
    index = mem_zalloc(1, sizeof(*index));
    if (index == NULL) {
        return;
    }
    index->job.run = index_run;
    index->job.done = index_done;
    index->post.deliver = index_deliver;
    index->engine = engine;
    if (engine_submit(engine, &index->job) != ERR_OK) {
        mem_free(index);
        return;
    }
    engine->wants_index = false;
    engine->is_indexing = true;
}
