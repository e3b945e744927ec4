/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API over HTTP/1.1, on the daemon's loop (docs/api.md, "Ways in"):
 * a Unix socket of mode 0600, and, where the operator asks for it, loopback
 * TCP with a bearer token. libmicrohttpd has no thread of its own: its epoll
 * descriptor is polled by the loop, and a connection is suspended while a
 * worker thread answers it.
 *
 * What anybody on this machine can send is bounded: connections, headers,
 * bodies, idle time. On TCP the Host must be this machine under our port, an
 * Origin must be that too, and the token must be right, before a body is read.
 */
#ifndef CORRIDOR_NODE_API_HTTP_H
#define CORRIDOR_NODE_API_HTTP_H

#include "node/api/api.h"

struct http;
struct uv_loop_s;

enum {
    HTTP_CONNECTIONS_MAX = 128,
    HTTP_HEADER_BYTES_MAX = 32 * 1024, /* a connection's memory */
    HTTP_IDLE_S_MAX = 60,
    HTTP_TOKEN_CHARS = 64
};

struct http_options {
    struct api *api;         /* borrowed */
    struct uv_loop_s *loop;  /* borrowed */
    const char *socket_path; /* NULL: no Unix socket; whoever calls has the
                                home's lock, so an old one is stale */
    const char *listen;      /* "127.0.0.1:0"; "" or NULL: no TCP */
    const char *token_path;  /* with listen: read, or made */
    /* api_options.stop's, once an answer that asks for it is delivered */
    void (*stop)(void *context);
    void *context;
};

/*
 * Listen. ERR_IO, ERR_CONFIG (a path too long, an address that is not this
 * machine's): *out is set and stopping, to be freed when the loop has run;
 * ERR_NOMEM: *out is NULL.
 */
enum err http_new(struct http **out, const struct http_options *options,
    struct err_msg *msg) MUST_USE;
/*
 * Listen no more; answer what is under way; then close all handles on the
 * loop, which must run on for that. Twice is harmless. Loop thread.
 */
void http_stop(struct http *http);
/* After the loop has run to its end; NULL is fine. */
void http_free(struct http *http);
/* All closed after http_stop? */
bool http_is_stopped(const struct http *http);
/* The TCP address that it got, "127.0.0.1:40123"; "" without one. */
const char *http_listen_address(const struct http *http);

#endif
