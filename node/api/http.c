/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "node/api/http_internal.h"

static void
close_listener(struct endpoint *endpoint)
{
    if (endpoint->fd >= 0) {
        (void)close(endpoint->fd);
        endpoint->fd = -1;
    }
}

static void
on_closed(uv_handle_t *handle)
{
    struct endpoint *endpoint = handle->data;

    endpoint->http->handles_open--;
}

static void
close_endpoint(struct endpoint *endpoint)
{
    if (!endpoint->is_open) {
        return;
    }
    endpoint->is_open = false;
    uv_close((uv_handle_t *)&endpoint->poll, on_closed);
    uv_close((uv_handle_t *)&endpoint->timer, on_closed);
    MHD_stop_daemon(endpoint->daemon);
    endpoint->daemon = NULL;
    /* libmicrohttpd has closed the descriptor it listened on. */
    endpoint->fd = -1;
}

static void
finish_stopping(struct http *http)
{
    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        close_endpoint(&http->endpoints[i]);
    }
    if (http->socket_path[0] != '\0') {
        (void)unlink(http->socket_path);
        http->socket_path[0] = '\0';
    }
}

static void
on_timer(uv_timer_t *timer)
{
    endpoint_pump(timer->data);
}

void
endpoint_pump(struct endpoint *endpoint)
{
    struct http *http = endpoint->http;
    MHD_UNSIGNED_LONG_LONG ms = 0;

    if (!endpoint->is_open) {
        return;
    }
    http->is_pumping = true;
    /*
     * At its limit of connections libmicrohttpd listens no more, and begins
     * again when it is run after one has closed: so once more then.
     */
    do {
        endpoint->has_closed = false;
        (void)MHD_run(endpoint->daemon);
    } while (endpoint->has_closed);
    http->is_pumping = false;
    if (MHD_get_timeout(endpoint->daemon, &ms) == MHD_YES) {
        (void)uv_timer_start(&endpoint->timer, on_timer, ms, 0);
    } else {
        (void)uv_timer_stop(&endpoint->timer);
    }
    /* A request that was just answered may have asked for the end. */
    if (http->is_stopping && http->working == 0) {
        finish_stopping(http);
    }
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    endpoint_pump(poll->data);
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

static void
on_connection(void *cls, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode code)
{
    struct endpoint *endpoint = cls;

    (void)connection;
    (void)context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        endpoint->has_closed = true;
    }
}

static enum err
start_daemon(struct endpoint *endpoint, struct err_msg *msg)
{
    endpoint->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, exchange_step,
        endpoint, MHD_OPTION_LISTEN_SOCKET, endpoint->fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_HEADER_BYTES_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_IDLE_S_MAX,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK,
        exchange_begin, endpoint, MHD_OPTION_NOTIFY_COMPLETED, exchange_end,
        endpoint, MHD_OPTION_NOTIFY_CONNECTION, on_connection, endpoint,
        MHD_OPTION_END);
    if (endpoint->daemon == NULL) {
        return err_set(msg, ERR_IO, "libmicrohttpd does not start");
    }
    return ERR_OK;
}

/* The daemon's epoll descriptor into the loop. */
static enum err
start_polling(struct endpoint *endpoint, struct err_msg *msg)
{
    struct http *http = endpoint->http;
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(endpoint->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    if (info == NULL || uv_poll_init(http->options.loop, &endpoint->poll,
                            info->epoll_fd) != 0) {
        return err_set(msg, ERR_IO, "the loop takes no more descriptors");
    }
    (void)uv_timer_init(http->options.loop, &endpoint->timer);
    endpoint->poll.data = endpoint;
    endpoint->timer.data = endpoint;
    http->handles_open += 2;
    endpoint->is_open = true;
    (void)uv_poll_start(&endpoint->poll, UV_READABLE, on_poll);
    endpoint_pump(endpoint);
    return ERR_OK;
}

static enum err
open_endpoint(struct http *http, struct endpoint *endpoint, struct err_msg *msg)
{
    enum err rc = endpoint->is_tcp ? http_bind_tcp(http, &endpoint->fd, msg)
                                   : http_bind_unix(http, &endpoint->fd, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    rc = start_daemon(endpoint, msg);
    if (rc != ERR_OK) {
        close_listener(endpoint);
        return rc;
    }
    rc = start_polling(endpoint, msg);
    if (rc != ERR_OK) {
        MHD_stop_daemon(endpoint->daemon);
        endpoint->fd = -1;
    }
    return rc;
}

enum err
http_new(
    struct http **out, const struct http_options *options, struct err_msg *msg)
{
    struct http *http = mem_zalloc(1, sizeof(*http));
    bool has_tcp = options->listen != NULL && options->listen[0] != '\0';
    enum err rc = ERR_OK;

    *out = NULL;
    if (http == NULL) {
        return err_set(msg, ERR_NOMEM, "no memory");
    }
    MHD_set_panic_func(on_panic, NULL);
    http->options = *options;
    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        http->endpoints[i].http = http;
        http->endpoints[i].is_tcp = i == ENDPOINT_TCP;
        http->endpoints[i].fd = -1;
    }
    if (options->socket_path != NULL) {
        assert(strlen(options->socket_path) < sizeof(http->socket_path));
        memcpy(http->socket_path, options->socket_path,
            strlen(options->socket_path) + 1);
        rc = open_endpoint(http, &http->endpoints[ENDPOINT_UNIX], msg);
    }
    if (rc == ERR_OK && has_tcp) {
        rc = http_load_token(http, msg);
    }
    if (rc == ERR_OK && has_tcp) {
        rc = open_endpoint(http, &http->endpoints[ENDPOINT_TCP], msg);
    }
    /* The caller frees it either way, once the loop has closed what is open. */
    *out = http;
    if (rc != ERR_OK) {
        http_stop(http);
    }
    return rc;
}

void
http_stop(struct http *http)
{
    if (http == NULL) {
        return;
    }
    http->is_stopping = true;
    if (http->working == 0 && !http->is_pumping) {
        finish_stopping(http);
    }
}

void
http_answered(struct http *http)
{
    http->working--;
    if (http->is_stopping && http->working == 0) {
        finish_stopping(http);
    }
}

bool
http_is_stopped(const struct http *http)
{
    return http->is_stopping && http->working == 0 && http->handles_open == 0;
}

void
http_free(struct http *http)
{
    if (http == NULL) {
        return;
    }
    assert(http_is_stopped(http));
    mem_wipe(http->token, sizeof(http->token));
    mem_free(http);
}

const char *
http_listen_address(const struct http *http)
{
    return http->address;
}
