/* SPDX-License-Identifier: Apache-2.0 */
#include "node/serve/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "node/node.h"

/* A connection whose time is limited. */
struct guest {
    struct list link; /* web->guests, oldest first */
    struct MHD_Connection *connection;
    uint64_t until_ms;
};

static void
on_closed(uv_handle_t *handle)
{
    struct web *web = handle->data;

    web->handles_open--;
}

static void
finish_stopping(struct web *web)
{
    if (!web->is_open) {
        return;
    }
    web->is_open = false;
    uv_close((uv_handle_t *)&web->poll, on_closed);
    uv_close((uv_handle_t *)&web->timer, on_closed);
    uv_close((uv_handle_t *)&web->cutter, on_closed);
    /* This closes the descriptor that it listened on, too. */
    MHD_stop_daemon(web->daemon);
    web->daemon = NULL;
    if (web->options.closed != NULL) {
        web->options.closed(web->options.context);
    }
}

static void pump(struct web *web);

static void
on_timer(uv_timer_t *timer)
{
    pump(timer->data);
}

static void
pump(struct web *web)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;

    if (!web->is_open) {
        return;
    }
    web->is_pumping = true;
    /*
     * At its limit of connections libmicrohttpd listens no more, and begins
     * again when it is run after one has closed: so once more then.
     */
    do {
        web->has_closed = false;
        (void)MHD_run(web->daemon);
    } while (web->has_closed);
    web->is_pumping = false;
    if (MHD_get_timeout(web->daemon, &ms) == MHD_YES) {
        (void)uv_timer_start(&web->timer, on_timer, ms, 0);
    } else {
        (void)uv_timer_stop(&web->timer);
    }
    /* A request that was just answered may have asked for the end. */
    if (web->is_stopping && web->working == 0) {
        finish_stopping(web);
    }
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    pump(poll->data);
}

/* Nothing of libmicrohttpd's own lives beyond this. */
static void
on_panic(void *cls, const char *file, unsigned int line, const char *reason)
{
    (void)cls;
    (void)fprintf(stderr, "corridor: libmicrohttpd: %s:%u: %s\n", file, line,
        reason == NULL ? "" : reason);
    abort();
}

/*
 * Whoever sends a byte now and then is never idle. What has taken too long is
 * shut down below libmicrohttpd, which then finds it closed; a request that a
 * worker is at is suspended, and is found out when it goes on.
 */
static void
on_cut(uv_timer_t *timer)
{
    struct web *web = timer->data;
    uint64_t now_ms = node_monotonic_ms(NULL);
    struct list *at = web->guests.next;

    for (; at != &web->guests; at = at->next) {
        struct guest *guest = LIST_ITEM(at, struct guest, link);
        const union MHD_ConnectionInfo *info = NULL;

        if (guest->until_ms > now_ms) {
            (void)uv_timer_start(timer, on_cut, guest->until_ms - now_ms, 0);
            return;
        }
        info = MHD_get_connection_info(
            guest->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (info != NULL) {
            (void)shutdown(info->connect_fd, SHUT_RDWR);
        }
    }
}

static void
watch(struct web *web, struct MHD_Connection *connection, void **context)
{
    struct guest *guest = mem_zalloc(1, sizeof(*guest));

    *context = guest;
    if (guest == NULL) {
        return; /* its idle time is limited all the same */
    }
    guest->connection = connection;
    guest->until_ms = node_monotonic_ms(NULL) + web->options.connection_ms_max;
    list_push(&web->guests, &guest->link);
    if (!uv_is_active((uv_handle_t *)&web->cutter)) {
        (void)uv_timer_start(
            &web->cutter, on_cut, web->options.connection_ms_max, 0);
    }
}

static void
on_connection(void *cls, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode code)
{
    struct web *web = cls;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        struct guest *guest = *context;

        web->has_closed = true;
        if (guest != NULL) {
            list_remove(&guest->link);
            mem_free(guest);
            *context = NULL;
        }
    } else if (web->options.connection_ms_max > 0) {
        watch(web, connection, context);
    }
}

static enum err
start_daemon(struct web *web, struct err_msg *msg)
{
    const struct web_options *options = &web->options;

    web->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0,
        NULL, NULL, options->step, options->context, MHD_OPTION_LISTEN_SOCKET,
        options->fd, MHD_OPTION_CONNECTION_LIMIT, options->connections_max,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        options->connections_max_per_address,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, options->header_bytes_max,
        MHD_OPTION_CONNECTION_TIMEOUT, options->idle_s_max,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK,
        options->begin, options->context, MHD_OPTION_NOTIFY_COMPLETED,
        options->end, options->context, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, web, MHD_OPTION_END);
    if (web->daemon == NULL) {
        return err_set(msg, ERR_IO, "libmicrohttpd does not start");
    }
    return ERR_OK;
}

/* The daemon's epoll descriptor into the loop. */
static enum err
start_polling(struct web *web, struct err_msg *msg)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(web->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    uv_loop_t *loop = web->options.loop;

    if (info == NULL || uv_poll_init(loop, &web->poll, info->epoll_fd) != 0) {
        return err_set(msg, ERR_IO, "the loop takes no more descriptors");
    }
    (void)uv_timer_init(loop, &web->timer);
    (void)uv_timer_init(loop, &web->cutter);
    web->poll.data = web;
    web->timer.data = web;
    web->cutter.data = web;
    web->handles_open += 3;
    web->is_open = true;
    (void)uv_poll_start(&web->poll, UV_READABLE, on_poll);
    pump(web);
    return ERR_OK;
}

enum err
web_open(
    struct web *web, const struct web_options *options, struct err_msg *msg)
{
    enum err rc = ERR_OK;

    memset(web, 0, sizeof(*web));
    MHD_set_panic_func(on_panic, NULL);
    web->options = *options;
    list_init(&web->guests);
    rc = start_daemon(web, msg);
    if (rc != ERR_OK) {
        (void)close(options->fd);
        return rc;
    }
    rc = start_polling(web, msg);
    if (rc != ERR_OK) {
        MHD_stop_daemon(web->daemon);
        web->daemon = NULL;
    }
    return rc;
}

void
web_stop(struct web *web)
{
    web->is_stopping = true;
    if (web->working == 0 && !web->is_pumping) {
        finish_stopping(web);
    }
}

bool
web_is_stopped(const struct web *web)
{
    return !web->is_open && web->working == 0 && web->handles_open == 0;
}

bool
web_suspend(struct web *web, struct MHD_Connection *connection)
{
    if (web->is_stopping) {
        return false;
    }
    web->working++;
    MHD_suspend_connection(connection);
    return true;
}

void
web_resume(struct web *web, struct MHD_Connection *connection)
{
    MHD_resume_connection(connection);
    pump(web);
    web->working--;
    if (web->is_stopping && web->working == 0) {
        finish_stopping(web);
    }
}
