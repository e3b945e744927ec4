/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by listen.c (the address) and listen_request.c (requests). */
#ifndef CORRIDOR_NODE_WITNESS_LISTEN_INTERNAL_H
#define CORRIDOR_NODE_WITNESS_LISTEN_INTERNAL_H

#include "node/serve/web.h"
#include "node/witness/listen.h"
#include "node/witness/rate.h"

struct listen {
    struct listen_options options;
    struct web web;
    struct rate rate;
    char address[WEB_ADDRESS_BYTES];
};

/* What libmicrohttpd calls; `cls` is the struct listen. */
void *request_begin(
    void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result request_step(void *cls, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version,
    const char *upload_data, size_t *upload_data_size, void **con_cls);
void request_end(void *cls, struct MHD_Connection *connection, void **con_cls,
    enum MHD_RequestTerminationCode toe);

#endif
