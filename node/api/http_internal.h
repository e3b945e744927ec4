/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by http.c (sockets, the loop) and http_exchange.c (requests). */
#ifndef CORRIDOR_NODE_API_HTTP_INTERNAL_H
#define CORRIDOR_NODE_API_HTTP_INTERNAL_H

#include <microhttpd.h>
#include <uv.h>

#include "node/api/http.h"

enum { ENDPOINT_UNIX, ENDPOINT_TCP, ENDPOINT_COUNT };

/* One listener: a daemon of libmicrohttpd and what the loop has of it. */
struct endpoint {
    struct http *http;
    bool is_tcp;
    bool is_open;
    bool has_closed; /* a connection, since libmicrohttpd last ran */
    int fd;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    char hosts[3][64]; /* TCP: what Host may say */
};

struct http {
    struct http_options options;
    struct endpoint endpoints[ENDPOINT_COUNT];
    char socket_path[HOME_PATH_BYTES_MAX + 32];
    char address[64];
    char token[HTTP_TOKEN_CHARS + 1];
    size_t working;      /* exchanges between suspend and resume */
    size_t handles_open; /* not yet closed by the loop */
    bool is_stopping;
    bool is_pumping; /* within libmicrohttpd, which must not be stopped then */
};

/* Bind and listen. The descriptor is the caller's. */
enum err http_bind_unix(
    struct http *http, int *out_fd, struct err_msg *msg) MUST_USE;
enum err http_bind_tcp(
    struct http *http, int *out_fd, struct err_msg *msg) MUST_USE;
enum err http_load_token(struct http *http, struct err_msg *msg) MUST_USE;

/* What libmicrohttpd calls; `cls` is the endpoint. */
void *exchange_begin(
    void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result exchange_step(void *cls, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version,
    const char *upload_data, size_t *upload_data_size, void **con_cls);
void exchange_end(void *cls, struct MHD_Connection *connection, void **con_cls,
    enum MHD_RequestTerminationCode toe);

/* Run the endpoint's daemon, and set its timer. */
void endpoint_pump(struct endpoint *endpoint);
/* An exchange was answered: go on stopping, if that is what waits. */
void http_answered(struct http *http);

#endif
