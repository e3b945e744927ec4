/* SPDX-License-Identifier: Apache-2.0 */
/* One TCP connection: socket to session and back. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "crypto/base/mem.h"
#include "node/serve/server_internal.h"

struct write {
    uv_write_t request;
    struct conn *conn;
    size_t size;
    uint8_t bytes[];
};

static void
on_closed(uv_handle_t *handle)
{
    struct conn *conn = handle->data;

    list_remove(&conn->link);
    mem_free(conn);
}

void
conn_close(struct conn *conn)
{
    uv_handle_t *handle = (uv_handle_t *)&conn->tcp;

    conn->is_closing = true;
    if (!uv_is_closing(handle)) {
        uv_close(handle, on_closed);
    }
}

struct conn *
conn_new(struct server *server)
{
    struct conn *conn = mem_zalloc(1, sizeof(*conn));

    if (conn == NULL) {
        return NULL;
    }
    conn->server = server;
    list_init(&conn->link);
    if (uv_tcp_init(&server->loop, &conn->tcp) != 0) {
        mem_free(conn);
        return NULL;
    }
    conn->tcp.data = conn;
    list_push(&server->conns, &conn->link);
    return conn;
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct conn *conn = handle->data;

    (void)suggested;
    /* Read and handed on before the next read of anyone. */
    *out = uv_buf_init(
        conn->server->read_buffer, sizeof(conn->server->read_buffer));
}

static void
on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct conn *conn = stream->data;
    struct call *call = conn->call;

    if (conn->is_closing || call == NULL || size == 0) {
        return;
    }
    if (size < 0) {
        conn->call = NULL;
        engine_cut(call);
        conn_close(conn);
        return;
    }
    engine_receive(call, bytes_of(buf->base, (size_t)size));
}

/* Read when neither the engine nor the peer holds us back. */
static void
update_reading(struct conn *conn)
{
    uv_stream_t *stream = (uv_stream_t *)&conn->tcp;

    if (conn->is_closing) {
        return;
    }
    if (conn->is_paused || conn->is_choked) {
        uv_read_stop(stream);
    } else if (uv_read_start(stream, on_alloc, on_read) != 0) {
        struct call *call = conn->call;
        conn->call = NULL;
        if (call != NULL) {
            engine_cut(call);
        }
        conn_close(conn);
    }
}

static void
on_written(uv_write_t *request, int status)
{
    struct write *write = LIST_ITEM(request, struct write, request);
    struct conn *conn = write->conn;

    (void)status; /* the reader hears of it too */
    mem_wipe(write->bytes, write->size);
    mem_free(write);
    if (conn->is_choked &&
        uv_stream_get_write_queue_size((uv_stream_t *)&conn->tcp) <=
            CONN_WRITE_BYTES_MAX / 2) {
        conn->is_choked = false;
        update_reading(conn);
    }
}

enum err
conn_send(void *io, struct bytes bytes)
{
    struct conn *conn = io;
    struct write *write = NULL;
    uv_buf_t buf;

    if (conn->is_closing) {
        return ERR_CLOSED;
    }
    write = mem_alloc(sizeof(*write) + bytes.size);
    if (write == NULL) {
        return ERR_NOMEM;
    }
    write->conn = conn;
    write->size = bytes.size;
    memcpy(write->bytes, bytes.data, bytes.size);
    buf = uv_buf_init((char *)write->bytes, (unsigned)bytes.size);
    if (uv_write(&write->request, (uv_stream_t *)&conn->tcp, &buf, 1,
            on_written) != 0) {
        mem_free(write);
        return ERR_CLOSED;
    }
    if (uv_stream_get_write_queue_size((uv_stream_t *)&conn->tcp) >
            CONN_WRITE_BYTES_MAX &&
        !conn->is_choked) {
        conn->is_choked = true;
        update_reading(conn);
    }
    return ERR_OK;
}

void
conn_pause(void *io, bool is_paused)
{
    struct conn *conn = io;

    conn->is_paused = is_paused;
    update_reading(conn);
}

static void
on_shutdown(uv_shutdown_t *request, int status)
{
    struct conn *conn = request->data;

    (void)status; /* flushed or not, it is over */
    conn_close(conn);
}

void
conn_hang_up(void *io)
{
    struct conn *conn = io;

    conn->call = NULL;
    if (conn->is_closing) {
        return;
    }
    conn->is_closing = true;
    uv_read_stop((uv_stream_t *)&conn->tcp);
    conn->shutdown.data = conn;
    if (uv_shutdown(&conn->shutdown, (uv_stream_t *)&conn->tcp, on_shutdown) !=
        0) {
        conn_close(conn);
    }
}

/* No waiting for more to send; a dead path is noticed in seconds. Where the
 * system refuses, the session's own pings and deadlines remain. */
static void
set_options(struct conn *conn)
{
    unsigned timeout_ms = CONN_USER_TIMEOUT_MS;
    uv_os_fd_t fd = -1;

    (void)uv_tcp_nodelay(&conn->tcp, 1);
    if (uv_fileno((uv_handle_t *)&conn->tcp, &fd) == 0) {
        (void)setsockopt(
            fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
    }
}

void
conn_begin(struct conn *conn, struct engine_call *options)
{
    struct call *call = NULL;
    enum err rc = ERR_OK;

    set_options(conn);
    options->io = conn;
    rc = engine_open(conn->server->engine, options, &call);
    if (rc != ERR_OK) {
        diag_say(
            conn->server->diag, DIAG_DEBUG, "no session: %s", err_text(rc));
        conn_close(conn);
        return;
    }
    /* The first step may have ended it already. */
    if (!conn->is_closing) {
        conn->call = call;
        update_reading(conn);
    }
}
