/* SPDX-License-Identifier: Apache-2.0 */
#include "node/witness/asker.h"

#include <uv.h>

#include "crypto/base/mem.h"

struct asker {
    struct asker_options options;
    atomic_bool stop;
    bool is_working;
    bool is_closed; /* the timer */
    uv_timer_t timer;
    uv_work_t work;
    /* Of the last time: */
    enum err rc;
    struct err_msg msg;
    struct ask_result *results;
    size_t count;
    bool was_failing[ASK_RESULTS_MAX]; /* the time before */
};

static void
on_closed(uv_handle_t *handle)
{
    struct asker *asker = handle->data;

    asker->is_closed = true;
}

static void
close_timer(struct asker *asker)
{
    if (!uv_is_closing((uv_handle_t *)&asker->timer)) {
        uv_close((uv_handle_t *)&asker->timer, on_closed);
    }
}

static void
on_work(uv_work_t *work)
{
    struct asker *asker = work->data;
    const struct ask_options options = {.node = asker->options.node,
        .policy = asker->options.policy,
        .gate = asker->options.gate,
        .stop = &asker->stop,
        .post = fetch_post};

    asker->count = 0;
    asker->rc =
        ask_witnesses(&options, asker->results, &asker->count, &asker->msg);
}

/* The operator hears of what has changed. */
static void
tell(struct asker *asker)
{
    for (size_t i = 0; i < asker->count; i++) {
        const struct ask_result *result = &asker->results[i];
        const char *log = result->kind == LOG_CONTROL ? "control" : "changes";

        if (result->has_failed && !asker->was_failing[i]) {
            diag_say(asker->options.diag, DIAG_WARNING,
                "witness %s does not cosign our %s log: %s",
                result->witness->name, log, result->trouble);
        } else if (!result->has_failed && asker->was_failing[i]) {
            diag_say(asker->options.diag, DIAG_INFO,
                "witness %s cosigns our %s log again", result->witness->name,
                log);
        }
        asker->was_failing[i] = result->has_failed;
    }
    if (asker->rc != ERR_OK && asker->rc != ERR_CLOSED &&
        asker->rc != ERR_CONFIG && asker->rc != ERR_BUSY) {
        diag_say(asker->options.diag, DIAG_WARNING,
            "witnesses were not asked: %s; they will be later",
            asker->msg.text[0] != '\0' ? asker->msg.text : err_text(asker->rc));
    }
}

static void on_timer(uv_timer_t *timer);

static void
on_worked(uv_work_t *work, int status)
{
    struct asker *asker = work->data;

    (void)status; /* nothing here is ever cancelled */
    asker->is_working = false;
    if (atomic_load(&asker->stop)) {
        close_timer(asker);
        return;
    }
    tell(asker);
    (void)uv_timer_start(&asker->timer, on_timer, asker->options.every_ms, 0);
}

static void
on_timer(uv_timer_t *timer)
{
    struct asker *asker = timer->data;

    asker->work.data = asker;
    if (uv_queue_work(asker->options.loop, &asker->work, on_work, on_worked) ==
        0) {
        asker->is_working = true;
    } else {
        (void)uv_timer_start(timer, on_timer, asker->options.every_ms, 0);
    }
}

enum err
asker_new(struct asker **out, const struct asker_options *options)
{
    struct asker *asker = mem_zalloc(1, sizeof(*asker));
    struct ask_result *results = mem_zalloc(ASK_RESULTS_MAX, sizeof(*results));

    if (asker == NULL || results == NULL) {
        mem_free(asker);
        mem_free(results);
        return ERR_NOMEM;
    }
    asker->options = *options;
    asker->results = results;
    atomic_init(&asker->stop, false);
    (void)uv_timer_init(options->loop, &asker->timer);
    asker->timer.data = asker;
    if (options->policy->witness_count > 0) {
        (void)uv_timer_start(&asker->timer, on_timer, 0, 0);
    }
    *out = asker;
    return ERR_OK;
}

void
asker_stop(struct asker *asker)
{
    if (asker == NULL) {
        return;
    }
    atomic_store(&asker->stop, true);
    if (!asker->is_working) {
        close_timer(asker);
    }
}

void
asker_free(struct asker *asker)
{
    if (asker != NULL) {
        assert(asker->is_closed);
        mem_free(asker->results);
        mem_free(asker);
    }
}
