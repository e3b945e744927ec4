/* SPDX-License-Identifier: Apache-2.0 */
/* From an address to a connection that stands. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "node/serve/server_internal.h"

static void
finish(struct reach *reach, struct conn *conn, const char *why)
{
    if (reach->found != NULL) {
        uv_freeaddrinfo(reach->found);
        reach->found = NULL;
    }
    reach->conn = NULL;
    reach->is_busy = false;
    reach->done(reach, conn, why);
}

static bool try_next(struct reach *reach, int *out_code);

static void
on_connected(uv_connect_t *request, int status)
{
    struct reach *reach = request->data;
    struct conn *conn = reach->conn;

    if (status == 0 && !reach->is_cancelled) {
        finish(reach, conn, NULL);
        return;
    }
    conn_close(conn);
    reach->conn = NULL;
    if (reach->is_cancelled) {
        finish(reach, NULL, "no answer");
    } else if (!try_next(reach, &status)) {
        finish(reach, NULL, uv_strerror(status));
    }
}

/* Connect to the next of the name's addresses; false when none is left. */
static bool
try_next(struct reach *reach, int *out_code)
{
    while (reach->next != NULL) {
        struct addrinfo *item = reach->next;
        int code = UV_ENOMEM;

        reach->next = item->ai_next;
        reach->conn = conn_new(reach->server);
        if (reach->conn != NULL) {
            reach->connect.data = reach;
            code = uv_tcp_connect(&reach->connect, &reach->conn->tcp,
                item->ai_addr, on_connected);
            if (code == 0) {
                return true;
            }
            conn_close(reach->conn);
            reach->conn = NULL;
        }
        *out_code = code;
    }
    return false;
}

static void
on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct reach *reach = request->data;

    reach->found = found;
    reach->next = found;
    if (reach->is_cancelled) {
        finish(reach, NULL, "no answer");
        return;
    }
    if (status == 0) {
        status = UV_EAI_NONAME;
        if (try_next(reach, &status)) {
            return;
        }
    }
    finish(reach, NULL, uv_strerror(status));
}

bool
reach_begin(struct reach *reach, const char *address, char why[128])
{
    char host[CONFIG_ADDRESS_BYTES_MAX + 1];
    char port[6];
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    int code = 0;

    assert(!reach->is_busy);
    if (!config_split_address(address, host, port)) {
        snprintf(why, 128, "the address is not host:port");
        return false;
    }
    reach->resolve.data = reach;
    reach->is_cancelled = false;
    reach->deadline_ms = node_monotonic_ms(NULL) + DIAL_CONNECT_MS;
    code = uv_getaddrinfo(
        &reach->server->loop, &reach->resolve, on_resolved, host, port, &hints);
    if (code != 0) {
        snprintf(why, 128, "%s", uv_strerror(code));
        return false;
    }
    reach->is_busy = true;
    return true;
}

void
reach_cancel(struct reach *reach)
{
    if (!reach->is_busy || reach->is_cancelled) {
        return;
    }
    reach->is_cancelled = true;
    if (reach->conn != NULL) {
        conn_close(reach->conn); /* on_connected is called with ECANCELED */
    } else {
        /* If it runs already, on_resolved comes when the system is done. */
        (void)uv_cancel((uv_req_t *)&reach->resolve);
    }
}
