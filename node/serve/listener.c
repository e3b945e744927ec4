/* SPDX-License-Identifier: Apache-2.0 */
/* Taking calls. Half-open handshakes are few, timed by the session, and
 * limited for each address (docs/protocol.md, "Session"). */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "node/serve/server_internal.h"

static void
name_peer(struct conn *conn)
{
    struct sockaddr_storage address;
    int size = sizeof(address);

    memset(&address, 0, sizeof(address));
    if (uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)&address, &size) !=
        0) {
        return;
    }
    if (address.ss_family == AF_INET) {
        (void)uv_ip4_name((const struct sockaddr_in *)&address, conn->address,
            sizeof(conn->address));
    } else if (address.ss_family == AF_INET6) {
        (void)uv_ip6_name((const struct sockaddr_in6 *)&address, conn->address,
            sizeof(conn->address));
    }
}

static bool
is_half_open(const struct conn *conn)
{
    return conn->is_incoming && !conn->is_closing && conn->call != NULL &&
           !engine_call_is_open(conn->call);
}

/* May one more handshake begin from that address? */
static bool
has_room(struct server *server, const struct conn *newcomer)
{
    struct list *at = server->conns.next;
    size_t all = 0;
    size_t same = 0;

    for (; at != &server->conns; at = at->next) {
        struct conn *conn = LIST_ITEM(at, struct conn, link);
        if (conn != newcomer && is_half_open(conn)) {
            all++;
            same += strcmp(conn->address, newcomer->address) == 0 ? 1 : 0;
        }
    }
    return all < LISTENER_HALF_OPEN_MAX &&
           same < LISTENER_HALF_OPEN_PER_ADDRESS_MAX;
}

static void
on_connection(uv_stream_t *stream, int status)
{
    struct server *server = stream->data;
    struct engine_call options = {.is_dialler = false};
    struct conn *conn = NULL;

    if (status != 0) {
        diag_say(server->diag, DIAG_WARNING, "cannot take a connection: %s",
            uv_strerror(status));
        return;
    }
    conn = conn_new(server);
    if (conn == NULL) {
        return; /* it waits in the backlog */
    }
    if (uv_accept(stream, (uv_stream_t *)&conn->tcp) != 0) {
        conn_close(conn);
        return;
    }
    conn->is_incoming = true;
    name_peer(conn);
    if (!has_room(server, conn)) {
        conn_close(conn);
        return;
    }
    conn_begin(conn, &options);
}

/* "127.0.0.1:40123" or "[::1]:40123". */
static void
name_listener(struct listener *listener)
{
    struct sockaddr_storage address;
    char host[CONN_ADDRESS_BYTES] = "";
    int size = sizeof(address);

    memset(&address, 0, sizeof(address));
    if (uv_tcp_getsockname(
            &listener->tcp, (struct sockaddr *)&address, &size) != 0) {
        return;
    }
    if (address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)&address;
        (void)uv_ip6_name(v6, host, sizeof(host));
        snprintf(listener->address, sizeof(listener->address), "[%s]:%u", host,
            (unsigned)ntohs(v6->sin6_port));
    } else {
        const struct sockaddr_in *v4 = (const void *)&address;
        (void)uv_ip4_name(v4, host, sizeof(host));
        snprintf(listener->address, sizeof(listener->address), "%s:%u", host,
            (unsigned)ntohs(v4->sin_port));
    }
}

static enum err
bind_to(struct server *server, const struct addrinfo *found,
    const char *address, struct err_msg *msg)
{
    uv_tcp_t *tcp = &server->listener.tcp;
    int code = uv_tcp_bind(tcp, found->ai_addr, 0);

    if (code == 0) {
        code = uv_listen((uv_stream_t *)tcp, LISTENER_BACKLOG, on_connection);
    }
    if (code != 0) {
        return err_set(
            msg, ERR_IO, "listen on %s: %s", address, uv_strerror(code));
    }
    name_listener(&server->listener);
    return ERR_OK;
}

enum err
listener_open(struct server *server, const char *address, struct err_msg *msg)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE};
    uv_getaddrinfo_t request;
    char host[CONFIG_ADDRESS_BYTES_MAX + 1];
    char port[6];
    enum err rc = ERR_OK;
    int code = 0;

    if (!config_split_address(address, host, port)) {
        return err_set(msg, ERR_CONFIG,
            "listen on \"%s\": an address is host:port", address);
    }
    /* Without a callback it is done at once: nothing runs yet. */
    code = uv_getaddrinfo(&server->loop, &request, NULL, host, port, &hints);
    if (code != 0) {
        return err_set(
            msg, ERR_CONFIG, "listen on %s: %s", address, uv_strerror(code));
    }
    code = uv_tcp_init(&server->loop, &server->listener.tcp);
    if (code != 0) {
        rc = server_uv_err(msg, code, "make a listener");
    } else {
        server->listener.is_open = true;
        server->listener.tcp.data = server;
        rc = bind_to(server, request.addrinfo, address, msg);
    }
    uv_freeaddrinfo(request.addrinfo);
    return rc;
}

void
listener_close(struct server *server)
{
    if (server->listener.is_open) {
        server->listener.is_open = false;
        uv_close((uv_handle_t *)&server->listener.tcp, NULL);
    }
}
