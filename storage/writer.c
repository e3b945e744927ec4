/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/writer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "crypto/base/mem.h"

struct writer {
    struct writer_options options;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;  /* the thread waits for jobs */
    pthread_cond_t quiet; /* drain waits for none */
    struct list queue;
    size_t queued_bytes;
    bool is_busy;
    bool is_stopping;
    atomic_uint_fast64_t pulse;
};

static struct job *
take_job(struct writer *writer)
{
    struct job *job = NULL;

    pthread_mutex_lock(&writer->lock);
    if (!list_empty(&writer->queue)) {
        job = LIST_ITEM(writer->queue.next, struct job, link);
        list_remove(&job->link);
        writer->queued_bytes -= job->bytes;
    }
    pthread_mutex_unlock(&writer->lock);
    return job;
}

static void
finish(struct job *job, enum err rc)
{
    job->rc = rc;
    job->done(job, rc, &job->msg);
}

static void
finish_all(struct list *jobs)
{
    while (!list_empty(jobs)) {
        struct job *job = LIST_ITEM(jobs->next, struct job, link);
        list_remove(&job->link);
        finish(job, job->rc);
    }
}

static enum err
begin(struct writer *writer, struct err_msg *msg)
{
    return store_begin(writer->options.store,
        writer->options.wall_ms(writer->options.context), msg);
}

/* One job in a transaction of its own. */
static enum err
try_alone(struct writer *writer, struct job *job)
{
    struct store *store = writer->options.store;
    enum err rc = ERR_OK;

    job->msg.text[0] = '\0';
    rc = begin(writer, &job->msg);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = job->run(job, store, &job->msg);
    if (rc == ERR_OK) {
        return store_commit(store, &job->msg);
    }
    if (store_is_dirty(store)) {
        store_abort(store);
    } else {
        store_cancel(store);
    }
    return rc;
}

/* docs/storage.md, "A full disk": what the reserve held is for small jobs. */
static enum err
check_room(struct writer *writer, struct job *job)
{
    if (job->bytes > ENV_SMALL_BYTES &&
        env_is_low(store_env(writer->options.store))) {
        return err_set(&job->msg, ERR_FULL,
            "the disk is full; free some room, nothing was lost");
    }
    return ERR_OK;
}

/* The map grows by itself; a full disk gives its reserve to small jobs, and
 * large ones wait until there is room again. */
static void
run_alone(struct writer *writer, struct job *job)
{
    struct env *env = store_env(writer->options.store);
    bool is_small = job->bytes <= ENV_SMALL_BYTES;

    job->rc = check_room(writer, job);
    if (job->rc == ERR_OK) {
        job->rc = try_alone(writer, job);
    }
    if (job->rc != ERR_FULL) {
        return;
    }
    if (env_grow_if_full(env) == ERR_OK ||
        (!env_is_low(env) && env_release_reserve(env) && is_small)) {
        job->rc = try_alone(writer, job);
    }
}

/*
 * Jobs into one transaction until none waits or the bound is met. Returns
 * false when the transaction had to be aborted: then each runs alone.
 */
static bool
run_group(struct writer *writer, struct list *jobs)
{
    struct store *store = writer->options.store;
    struct job *job = take_job(writer);
    uint64_t start = writer->options.monotonic_ms(writer->options.context);
    size_t changed = 0;

    if (job != NULL && begin(writer, &job->msg) != ERR_OK) {
        list_push(jobs, &job->link);
        return false;
    }
    while (job != NULL) {
        list_push(jobs, &job->link);
        store_settle(store);
        job->rc = check_room(writer, job);
        if (job->rc == ERR_OK) {
            job->rc = job->run(job, store, &job->msg);
        }
        if (job->rc != ERR_OK && store_is_dirty(store)) {
            store_abort(store);
            return false;
        }
        changed += job->rc == ERR_OK ? 1 : 0;
        if (store_backlog(store) >= WRITER_COMMIT_CHANGES_MAX ||
            writer->options.monotonic_ms(writer->options.context) - start >=
                WRITER_COMMIT_MS_MAX) {
            break;
        }
        job = take_job(writer);
    }
    if (changed == 0) {
        store_settle(store);
        store_cancel(store);
        return true;
    }
    return store_commit(store, NULL) == ERR_OK;
}

static bool
run_once(struct writer *writer)
{
    struct list jobs;

    list_init(&jobs);
    if (!run_group(writer, &jobs)) {
        /* If it was the map that was full, it is so no longer. */
        err_ignore(env_grow_if_full(store_env(writer->options.store)));
        for (struct list *at = jobs.next; at != &jobs; at = at->next) {
            run_alone(writer, LIST_ITEM(at, struct job, link));
        }
    }
    if (list_empty(&jobs)) {
        return false;
    }
    atomic_fetch_add(&writer->pulse, 1);
    if (writer->options.committed != NULL) {
        writer->options.committed(writer->options.context);
    }
    finish_all(&jobs);
    return true;
}

static void *
writer_main(void *context)
{
    struct writer *writer = context;

    pthread_mutex_lock(&writer->lock);
    for (;;) {
        while (list_empty(&writer->queue) && !writer->is_stopping) {
            struct timespec until;
            pthread_cond_broadcast(&writer->quiet);
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_sec += 1;
            pthread_cond_timedwait(&writer->wake, &writer->lock, &until);
            atomic_fetch_add(&writer->pulse, 1);
        }
        if (list_empty(&writer->queue)) {
            break;
        }
        writer->is_busy = true;
        pthread_mutex_unlock(&writer->lock);
        while (run_once(writer)) {
        }
        pthread_mutex_lock(&writer->lock);
        writer->is_busy = false;
    }
    pthread_cond_broadcast(&writer->quiet);
    pthread_mutex_unlock(&writer->lock);
    return NULL;
}

enum err
writer_new(struct writer **out, const struct writer_options *options,
    struct err_msg *msg)
{
    struct writer *writer = mem_zalloc(1, sizeof(*writer));

    if (writer == NULL) {
        return ERR_NOMEM;
    }
    writer->options = *options;
    list_init(&writer->queue);
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->wake, NULL);
    pthread_cond_init(&writer->quiet, NULL);
    if (options->has_thread) {
        if (pthread_create(&writer->thread, NULL, writer_main, writer) != 0) {
            writer_free(writer);
            return err_set(msg, ERR_NOMEM, "start the writer's thread");
        }
        writer->has_thread = true;
    }
    *out = writer;
    return ERR_OK;
}

void
writer_free(struct writer *writer)
{
    if (writer == NULL) {
        return;
    }
    if (writer->has_thread) {
        pthread_mutex_lock(&writer->lock);
        writer->is_stopping = true;
        pthread_cond_signal(&writer->wake);
        pthread_mutex_unlock(&writer->lock);
        pthread_join(writer->thread, NULL);
    } else {
        writer_drain(writer);
    }
    pthread_cond_destroy(&writer->wake);
    pthread_cond_destroy(&writer->quiet);
    pthread_mutex_destroy(&writer->lock);
    mem_free(writer);
}

enum err
writer_submit(struct writer *writer, struct job *job)
{
    enum err rc = ERR_OK;

    job->rc = ERR_OK;
    job->msg.text[0] = '\0';
    pthread_mutex_lock(&writer->lock);
    if (writer->is_stopping ||
        (writer->queued_bytes > 0 &&
            writer->queued_bytes + job->bytes > WRITER_QUEUE_BYTES_MAX)) {
        rc = writer->is_stopping ? ERR_CLOSED : ERR_BUSY;
    } else {
        list_push(&writer->queue, &job->link);
        writer->queued_bytes += job->bytes;
        pthread_cond_signal(&writer->wake);
    }
    pthread_mutex_unlock(&writer->lock);
    return rc;
}

void
writer_drain(struct writer *writer)
{
    if (!writer->has_thread) {
        while (run_once(writer)) {
        }
        return;
    }
    pthread_mutex_lock(&writer->lock);
    while (!list_empty(&writer->queue) || writer->is_busy) {
        pthread_cond_wait(&writer->quiet, &writer->lock);
    }
    pthread_mutex_unlock(&writer->lock);
}

uint64_t
writer_pulse(const struct writer *writer)
{
    return atomic_load(&writer->pulse) + store_pulse(writer->options.store);
}
