/* SPDX-License-Identifier: Apache-2.0 */
#include "node/witness/listen.h"

#include "crypto/base/mem.h"
#include "node/witness/listen_internal.h"

static enum err
open_web(struct listen *listen, struct err_msg *msg)
{
    const uint64_t ms_max = listen->options.connection_ms_max;
    const struct web_bind to = {
        .address = listen->options.address, .name = "the witness"};
    struct web_options options = {.loop = listen->options.loop,
        .connections_max = LISTEN_CONNECTIONS_MAX,
        .connections_max_per_address = LISTEN_CONNECTIONS_PER_ADDRESS_MAX,
        .header_bytes_max = LISTEN_HEADER_BYTES_MAX,
        .idle_s_max = LISTEN_IDLE_S_MAX,
        .connection_ms_max = ms_max == 0 ? LISTEN_CONNECTION_MS_MAX : ms_max,
        .begin = request_begin,
        .step = request_step,
        .end = request_end,
        .context = listen};
    enum err rc = web_listen(&to, &options.fd, listen->address, msg);

    return rc == ERR_OK ? web_open(&listen->web, &options, msg) : rc;
}

enum err
listen_new(struct listen **out, const struct listen_options *options,
    struct err_msg *msg)
{
    struct listen *listen = mem_zalloc(1, sizeof(*listen));
    struct secret_key key;
    enum err rc = ERR_OK;

    *out = NULL;
    if (listen == NULL) {
        return err_set(msg, ERR_NOMEM, "no memory");
    }
    listen->options = *options;
    keys_random(key.bytes, sizeof(key.bytes));
    rate_init(&listen->rate, &key);
    rc = open_web(listen, msg);
    if (rc != ERR_OK) {
        web_stop(&listen->web);
    }
    *out = listen;
    return rc;
}

void
listen_stop(struct listen *listen)
{
    if (listen != NULL) {
        web_stop(&listen->web);
    }
}

bool
listen_is_stopped(const struct listen *listen)
{
    return web_is_stopped(&listen->web);
}

void
listen_free(struct listen *listen)
{
    if (listen != NULL) {
        assert(web_is_stopped(&listen->web));
        mem_free(listen);
    }
}

const char *
listen_address(const struct listen *listen)
{
    return listen->address;
}
