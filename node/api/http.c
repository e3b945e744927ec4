/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/http.h"

#include <string.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "node/api/http_internal.h"

/* Nobody finds the socket of a daemon that is gone. */
static void
on_closed(void *context)
{
    struct endpoint *endpoint = context;
    struct http *http = endpoint->http;

    if (!endpoint->is_tcp && http->socket_path[0] != '\0') {
        (void)unlink(http->socket_path);
        http->socket_path[0] = '\0';
    }
}

static enum err
open_endpoint(struct http *http, struct endpoint *endpoint, struct err_msg *msg)
{
    struct web_options options = {.loop = http->options.loop,
        .connections_max = HTTP_CONNECTIONS_MAX,
        .header_bytes_max = HTTP_HEADER_BYTES_MAX,
        .idle_s_max = HTTP_IDLE_S_MAX,
        .begin = exchange_begin,
        .step = exchange_step,
        .end = exchange_end,
        .context = endpoint,
        .closed = on_closed};
    enum err rc = endpoint->is_tcp ? http_bind_tcp(http, &options.fd, msg)
                                   : http_bind_unix(http, &options.fd, msg);

    return rc == ERR_OK ? web_open(&endpoint->web, &options, msg) : rc;
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
    http->options = *options;
    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        http->endpoints[i].http = http;
        http->endpoints[i].is_tcp = i == ENDPOINT_TCP;
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
    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        web_stop(&http->endpoints[i].web);
    }
}

bool
http_is_stopped(const struct http *http)
{
    return http->is_stopping &&
           web_is_stopped(&http->endpoints[ENDPOINT_UNIX].web) &&
           web_is_stopped(&http->endpoints[ENDPOINT_TCP].web);
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
