/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment's one writer: jobs in, group commits, answers out. A
 * commit takes all that waits, bounded by time and size; so one writer pays
 * for one fsync and fifty at once share it (docs/storage.md, "Group commit").
 *
 * With a thread, jobs run on it and answers are called on it: they must only
 * post a message to their own thread. Without one (tests, the simulator,
 * commands without a daemon), writer_run does what waits in the caller.
 */
#ifndef CORRIDOR_STORAGE_WRITER_H
#define CORRIDOR_STORAGE_WRITER_H

#include "crypto/base/list.h"
#include "storage/store.h"

enum {
    WRITER_COMMIT_MS_MAX = 200, /* a commit's jobs begin within this */
    WRITER_COMMIT_CHANGES_MAX = 40000,
    WRITER_QUEUE_BYTES_MAX = 64 << 20 /* ERR_BUSY beyond */
};

struct writer;

/*
 * A job is the caller's struct with this in it; it must live until `done`.
 * `run` is called in a write transaction, perhaps more than once (after an
 * aborted one), so it starts from its inputs each time. `done` is called
 * exactly once, after the commit or with the error.
 */
struct job {
    struct list link; /* the writer's */
    size_t bytes;     /* what it holds, for the queue's bound */
    enum err (*run)(struct job *job, struct store *store, struct err_msg *msg);
    void (*done)(struct job *job, enum err rc, const struct err_msg *msg);
    enum err rc;        /* the writer's */
    struct err_msg msg; /* the writer's */
};

struct writer_options {
    struct store *store;
    bool has_thread;
    uint64_t (*wall_ms)(void *context); /* Unix milliseconds */
    uint64_t (*monotonic_ms)(void *context);
    /* After each commit, on the writer's thread: the stored state changed. */
    void (*committed)(void *context);
    void *context;
};

/* Start the thread that alone writes. ERR_NOMEM, ERR_IO. */
enum err writer_new(struct writer **out, const struct writer_options *options,
    struct err_msg *msg) MUST_USE;
/* Finishes what waits, stops the thread. NULL is fine. */
void writer_free(struct writer *writer);
/* Queue a job. ERR_BUSY: too much waits (done is not called then). */
enum err writer_submit(struct writer *writer, struct job *job) MUST_USE;
/* Without a thread: run all that waits; with one: wait until all is done. */
void writer_drain(struct writer *writer);
/* Moves on with every job, every entry within one, and every idle second: a
 * watchdog's pulse. */
uint64_t writer_pulse(const struct writer *writer);

#endif
