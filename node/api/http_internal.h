/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by http.c (the ways in) and http_exchange.c (requests). */
#ifndef CORRIDOR_NODE_API_HTTP_INTERNAL_H
#define CORRIDOR_NODE_API_HTTP_INTERNAL_H

#include "node/api/http.h"
#include "node/serve/web.h"

enum { ENDPOINT_UNIX, ENDPOINT_TCP, ENDPOINT_COUNT };

/* One way in. */
struct endpoint {
    struct http *http;
    bool is_tcp;
    struct web web;
    char hosts[3][WEB_ADDRESS_BYTES]; /* TCP: what Host may say */
};

struct http {
    struct http_options options;
    struct endpoint endpoints[ENDPOINT_COUNT];
    char socket_path[HOME_PATH_BYTES_MAX + 32];
    char address[WEB_ADDRESS_BYTES];
    char token[HTTP_TOKEN_CHARS + 1];
    bool is_stopping;
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

#endif
