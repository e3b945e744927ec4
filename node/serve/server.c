/* SPDX-License-Identifier: Apache-2.0 */
#include "node/serve/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "node/serve/notify.h"
#include "node/serve/server_internal.h"

enum err
server_uv_err(struct err_msg *msg, int code, const char *what)
{
    return err_set(msg, code == UV_ENOMEM ? ERR_NOMEM : ERR_IO, "%s: %s", what,
        uv_strerror(code));
}

static void
draw(void *context, void *out, size_t size)
{
    (void)context;
    keys_random(out, size);
}

/* From any thread. */
static void
engine_wants_poll(void *context)
{
    struct server *server = context;

    (void)uv_async_send(&server->wake);
}

static void
on_wake(uv_async_t *wake)
{
    struct server *server = wake->data;

    engine_poll(server->engine);
}

/* A work of the engine's on its way through the pool. */
struct pool_work {
    struct server *server;
    struct engine_work *work;
    uv_work_t request;
};

static void
pool_run(uv_work_t *request)
{
    struct pool_work *pool = LIST_ITEM(request, struct pool_work, request);

    pool->work->run(pool->work);
}

static void
pool_after(uv_work_t *request, int status)
{
    struct pool_work *pool = LIST_ITEM(request, struct pool_work, request);

    (void)status; /* nothing here is ever cancelled */
    pool->server->works--;
    pool->work->done(pool->work);
    mem_free(pool);
}

static enum err
engine_wants_work(void *context, struct engine_work *work)
{
    struct server *server = context;
    struct pool_work *pool = mem_zalloc(1, sizeof(*pool));

    if (pool == NULL) {
        return ERR_NOMEM;
    }
    pool->server = server;
    pool->work = work;
    if (uv_queue_work(&server->loop, &pool->request, pool_run, pool_after) !=
        0) {
        mem_free(pool);
        return ERR_NOMEM;
    }
    server->works++;
    return ERR_OK;
}

static void
server_work_run(uv_work_t *request)
{
    struct server_work *work = LIST_ITEM(request, struct server_work, request);

    work->run(work);
}

static void
server_work_after(uv_work_t *request, int status)
{
    struct server_work *work = LIST_ITEM(request, struct server_work, request);

    (void)status;
    work->server->works--;
    work->after(work);
}

enum err
server_queue(struct server *server, struct server_work *work)
{
    work->server = server;
    if (uv_queue_work(&server->loop, &work->request, server_work_run,
            server_work_after) != 0) {
        return ERR_NOMEM;
    }
    server->works++;
    return ERR_OK;
}

static void
on_report(void *context, const struct report *report)
{
    struct server *server = context;

    dialler_report(server, report);
    sync_report(server, report);
    join_report(server, report);
    events_publish(&server->events,
        report->type == REPORT_COMMITTED ? EVENTS_CHANGED : EVENTS_PEERS);
}

/* The one time for which all that waits is woken. */
static uint64_t
wake_ms(const struct server *server)
{
    uint64_t due_ms = engine_wake_ms(server->engine);

    due_ms = num_min_u64(due_ms, dialler_wake_ms(server));
    due_ms = num_min_u64(due_ms, sync_wake_ms(server));
    due_ms = num_min_u64(due_ms, join_wake_ms(server));
    return server->is_stopping ? num_min_u64(due_ms, server->stop_ms) : due_ms;
}

static void
force_connections(struct server *server)
{
    struct list *at = server->conns.next;

    for (; at != &server->conns; at = at->next) {
        conn_close(LIST_ITEM(at, struct conn, link));
    }
    server->stop_ms = UINT64_MAX;
}

static void
on_timer(uv_timer_t *timer)
{
    struct server *server = timer->data;
    uint64_t now_ms = node_monotonic_ms(NULL);

    engine_tick(server->engine);
    dialler_tick(server, now_ms);
    sync_tick(server, now_ms);
    join_tick(server, now_ms);
    if (server->is_stopping && now_ms >= server->stop_ms) {
        force_connections(server);
    }
}

static void
close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

/* Once nothing is under way, what keeps the loop alive goes. */
static void
finish_stop(struct server *server)
{
    if (server->is_stopped || !engine_is_idle(server->engine) ||
        !list_empty(&server->conns) || !dialler_is_idle(server) ||
        server->works > 0 || server->join != NULL) {
        return;
    }
    server->is_stopped = true;
    uv_unref((uv_handle_t *)&server->wake);
    uv_unref((uv_handle_t *)&server->prepare);
    uv_timer_stop(&server->timer);
    uv_timer_stop(&server->minute);
    uv_timer_stop(&server->watchdog);
    for (size_t i = 0; i < 2; i++) {
        uv_signal_stop(&server->signals[i]);
    }
}

/* Before the loop waits: for how long? */
static void
on_prepare(uv_prepare_t *prepare)
{
    struct server *server = prepare->data;
    uint64_t now_ms = 0;
    uint64_t due_ms = 0;

    join_prepare(server);
    if (server->is_stopping) {
        finish_stop(server);
    }
    if (server->is_stopped) {
        return;
    }
    now_ms = node_monotonic_ms(NULL);
    due_ms = wake_ms(server);
    if (due_ms == UINT64_MAX) {
        uv_timer_stop(&server->timer);
        return;
    }
    uv_update_time(&server->loop);
    (void)uv_timer_start(
        &server->timer, on_timer, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

static void
on_minute(uv_timer_t *timer)
{
    struct server *server = timer->data;

    if (server->node->store != NULL && !server->is_stopping) {
        env_check_readers(store_env(server->node->store));
    }
}

/* The manager hears from us only while the writer moves: with a job, or, idle,
 * every second. */
static void
on_watchdog(uv_timer_t *timer)
{
    struct server *server = timer->data;
    uint64_t pulse = server->node->writer == NULL
                         ? server->pulse + 1
                         : writer_pulse(server->node->writer);

    if (pulse != server->pulse) {
        notify_send("WATCHDOG=1");
    }
    server->pulse = pulse;
}

static void
on_signal(uv_signal_t *signal, int number)
{
    struct server *server = signal->data;

    diag_say(server->diag, DIAG_INFO, "%s: stopping",
        number == SIGINT ? "interrupted" : "told to end");
    server_stop(server);
}

static enum err
open_handles(struct server *server, struct err_msg *msg)
{
    uv_loop_t *loop = &server->loop;
    int code = uv_async_init(loop, &server->wake, on_wake);

    server->wake.data = server;
    server->prepare.data = server;
    server->timer.data = server;
    server->minute.data = server;
    server->watchdog.data = server;
    server->signals[0].data = server;
    server->signals[1].data = server;
    if (code == 0) {
        code = uv_prepare_init(loop, &server->prepare);
    }
    if (code == 0) {
        code = uv_timer_init(loop, &server->timer);
    }
    if (code == 0) {
        code = uv_timer_init(loop, &server->minute);
    }
    if (code == 0) {
        code = uv_timer_init(loop, &server->watchdog);
    }
    if (code == 0) {
        code = uv_signal_init(loop, &server->signals[0]);
    }
    if (code == 0) {
        code = uv_signal_init(loop, &server->signals[1]);
    }
    if (code == 0) {
        code = uv_prepare_start(&server->prepare, on_prepare);
    }
    return code == 0 ? ERR_OK : server_uv_err(msg, code, "make the loop");
}

static enum err
open_engine(struct server *server, struct err_msg *msg)
{
    struct engine_ops ops = {.context = server,
        .now_ms = node_monotonic_ms,
        .wall_ms = node_wall_ms,
        .random = draw,
        .send = conn_send,
        .pause = conn_pause,
        .close = conn_hang_up,
        .work = engine_wants_work,
        .wake = engine_wants_poll,
        .report = on_report};
    struct engine_options options = {.node = server->node,
        .ops = &ops,
        .diag = server->diag,
        .cosign_every_ms = server->options.cosign_every_ms};

    if (engine_new(&server->engine, &options) != ERR_OK) {
        return err_set(msg, ERR_NOMEM, "no memory");
    }
    return ERR_OK;
}

static void
use_defaults(struct server_options *options)
{
    if (options->dial_first_ms == 0) {
        options->dial_first_ms = CONFIG_DIAL_FIRST_MS;
    }
    if (options->dial_max_ms == 0) {
        options->dial_max_ms = CONFIG_DIAL_MAX_MS;
    }
}

enum err
server_new(struct server **out, const struct server_options *options,
    struct err_msg *msg)
{
    struct server *server = mem_zalloc(1, sizeof(*server));
    char threads[16];
    enum err rc = ERR_OK;

    if (server == NULL) {
        return err_set(msg, ERR_NOMEM, "no memory");
    }
    /* Fifty API calls may wait for the writer at once; the operator's own
     * setting is left alone. Read when the pool is first used. */
    snprintf(threads, sizeof(threads), "%d", SERVER_POOL_THREADS);
    (void)setenv("UV_THREADPOOL_SIZE", threads, 0);
    /* A peer that goes away while we write is an error of that write. */
    (void)signal(SIGPIPE, SIG_IGN);
    server->options = *options;
    use_defaults(&server->options);
    server->node = options->node;
    server->diag = options->diag;
    events_init(&server->events);
    list_init(&server->conns);
    list_init(&server->syncs);
    dialler_init(server);
    server->stop_ms = UINT64_MAX;
    if (uv_loop_init(&server->loop) != 0) {
        mem_free(server);
        return err_set(msg, ERR_NOMEM, "make the loop");
    }
    rc = open_handles(server, msg);
    if (rc == ERR_OK) {
        rc = open_engine(server, msg);
    }
    if (rc == ERR_OK && options->listen != NULL && options->listen[0] != 0) {
        rc = listener_open(server, options->listen, msg);
    }
    if (rc == ERR_OK && server->node->store != NULL) {
        rc = engine_start(server->engine, msg);
        dialler_reload(server);
    }
    if (rc != ERR_OK) {
        server_free(server);
        return rc;
    }
    *out = server;
    return ERR_OK;
}

static void
start_service(struct server *server)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    uint64_t watchdog_ms = notify_watchdog_ms();

    for (size_t i = 0; i < 2; i++) {
        (void)uv_signal_start(&server->signals[i], on_signal, numbers[i]);
    }
    if (watchdog_ms > 0) {
        (void)uv_timer_start(
            &server->watchdog, on_watchdog, watchdog_ms / 2, watchdog_ms / 2);
    }
    notify_send("READY=1");
}

enum err
server_run(struct server *server, struct err_msg *msg)
{
    int code = 0;

    (void)uv_timer_start(
        &server->minute, on_minute, READERS_CHECK_MS, READERS_CHECK_MS);
    if (server->options.is_service) {
        start_service(server);
    }
    code = uv_run(&server->loop, UV_RUN_DEFAULT);
    if (!server->is_stopped) {
        return err_set(msg, ERR_IO, "the loop ended by itself (%d)", code);
    }
    return ERR_OK;
}

void
server_stop(struct server *server)
{
    if (server->is_stopping) {
        return;
    }
    server->is_stopping = true;
    server->stop_ms = node_monotonic_ms(NULL) + SERVER_STOP_MS;
    if (server->options.is_service) {
        notify_send("STOPPING=1");
    }
    events_publish(&server->events, EVENTS_STOPPING);
    listener_close(server);
    sync_stop(server);
    join_stop(server);
    dialler_stop(server);
    engine_stop(server->engine);
}

static void
close_any(uv_handle_t *handle, void *context)
{
    (void)context;
    close_handle(handle);
}

void
server_free(struct server *server)
{
    if (server == NULL) {
        return;
    }
    if (!server->is_stopped) {
        server_stop(server);
        while (!server->is_stopped && uv_run(&server->loop, UV_RUN_ONCE) != 0) {
        }
    }
    engine_free(server->engine);
    /* All that is left is ours; the writer calls nobody any more. */
    uv_walk(&server->loop, close_any, NULL);
    (void)uv_run(&server->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&server->loop);
    mem_free(server);
}

struct uv_loop_s *
server_loop(struct server *server)
{
    return &server->loop;
}

struct events *
server_events(struct server *server)
{
    return &server->events;
}

const char *
server_listen_address(const struct server *server)
{
    return server->listener.address;
}

void
server_store_opened(struct server *server)
{
    struct err_msg msg = {{0}};

    if (engine_start(server->engine, &msg) != ERR_OK) {
        diag_say(server->diag, DIAG_ERROR,
            "cannot read the store just opened: %s; restart the daemon",
            msg.text);
        return;
    }
    dialler_reload(server);
    events_publish(&server->events, EVENTS_CHANGED);
}

void
server_peers_changed(struct server *server)
{
    dialler_reload(server);
}
