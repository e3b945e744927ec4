/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/client.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "node/cli/unix_http.h"
#include "node/serve/server.h"

enum { INDEX_RECORDS = 4096, BUSY_WAITS_MAX = 100, BUSY_WAIT_MS = 100 };

struct client {
    struct client_options options;
    char socket_path[HOME_PATH_BYTES_MAX + 32];
    int fd; /* of the daemon's socket; -1: in process */
    struct buf passphrase;
    struct node *node;
    struct server *server;
    struct api *api;
    bool has_written;
};

static enum err
open_local(struct client *client, struct err_msg *msg)
{
    struct node_options node = {.home = client->options.home,
        .has_thread = client->options.needs_peers};
    struct server_options server = {.dials = false};
    struct api_options api = {.progress = client->options.progress,
        .context = client->options.context};
    enum err rc = ERR_OK;

    if (client->passphrase.size == 0) {
        rc = passphrase_get(
            &client->passphrase, client->options.passphrase_file, false, msg);
    }
    if (rc == ERR_OK) {
        node.passphrase = buf_bytes(&client->passphrase);
        rc = node_open(&client->node, &node, msg);
    }
    if (rc == ERR_OK && client->options.needs_peers) {
        server.node = client->node;
        rc = server_new(&client->server, &server, msg);
    }
    if (rc == ERR_OK) {
        api.node = client->node;
        api.server = client->server;
        rc = api_new(&client->api, &api);
    }
    return rc;
}

static void
close_local(struct client *client)
{
    api_free(client->api);
    server_free(client->server);
    node_close(client->node);
    client->api = NULL;
    client->server = NULL;
    client->node = NULL;
}

/* The daemon, or the home itself. ERR_BUSY: another process has it. */
static enum err
open_either(struct client *client, struct err_msg *msg)
{
    enum err rc = unix_http_open(&client->fd, client->socket_path, msg);

    /* A path too long for a socket is the daemon's trouble, not ours. */
    if (rc == ERR_NOT_FOUND || rc == ERR_CONFIG) {
        rc = open_local(client, msg);
    }
    return rc;
}

enum err
client_open(struct client **out, const struct client_options *options,
    struct err_msg *msg)
{
    struct client *client = mem_zalloc(1, sizeof(*client));
    const struct timespec wait = {.tv_nsec = BUSY_WAIT_MS * 1000000L};
    struct home home;
    enum err rc = ERR_OK;

    if (client == NULL) {
        return err_set(msg, ERR_NOMEM, "no memory");
    }
    client->options = *options;
    client->fd = -1;
    rc = home_load(&home, options->home, msg);
    if (rc == ERR_OK &&
        !home_path(client->socket_path, sizeof(client->socket_path), &home,
            "corridor.sock")) {
        rc = err_set(msg, ERR_CONFIG, "the home's path is too long");
    }
    if (rc == ERR_OK) {
        rc = open_either(client, msg);
    }
    /* In use and not listening: a daemon that starts, or a command. */
    for (int i = 0; i < BUSY_WAITS_MAX && rc == ERR_BUSY; i++) {
        (void)nanosleep(&wait, NULL);
        close_local(client);
        rc = open_either(client, msg);
    }
    if (rc != ERR_OK) {
        client_close(client);
        return rc;
    }
    *out = client;
    return ERR_OK;
}

struct indexing {
    bool has_more;
};

static enum err
index_some(void *context, struct store *store, struct err_msg *msg)
{
    struct indexing *indexing = context;

    return store_index(store, INDEX_RECORDS, &indexing->has_more, msg);
}

/* What a daemon does in idle moments; a failure leaves it for later. */
static void
index_all(struct client *client)
{
    struct indexing indexing = {.has_more = true};

    while (indexing.has_more &&
           node_write(client->node, index_some, &indexing, NULL) == ERR_OK) {
    }
}

void
client_close(struct client *client)
{
    if (client == NULL) {
        return;
    }
    if (client->fd >= 0) {
        (void)close(client->fd);
    }
    if (client->has_written && client->node->store != NULL) {
        index_all(client);
    }
    close_local(client);
    buf_wipe(&client->passphrase);
    mem_free(client);
}

bool
client_is_remote(const struct client *client)
{
    return client->fd >= 0;
}

enum err
client_passphrase(struct client *client, struct bytes *out, struct err_msg *msg)
{
    enum err rc = ERR_OK;

    if (client->passphrase.size == 0) {
        rc = passphrase_get(
            &client->passphrase, client->options.passphrase_file, false, msg);
    }
    if (rc == ERR_OK) {
        *out = buf_bytes(&client->passphrase);
    }
    return rc;
}

static enum err
dump_body(const json_t *body, char **out, struct err_msg *msg)
{
    char *text = json_dumps(body, JSON_COMPACT);

    if (text == NULL) {
        return err_set(msg, ERR_NOMEM, "no memory");
    }
    *out = text;
    return ERR_OK;
}

/* The daemon may have closed an idle connection: once more on a new one. */
static enum err
call_again(struct client *client, const struct unix_http_request *request,
    struct unix_http_answer *answer, struct buf *body, struct err_msg *msg)
{
    enum err rc = ERR_OK;

    (void)close(client->fd);
    client->fd = -1;
    buf_clear(body);
    rc = unix_http_open(&client->fd, client->socket_path, msg);
    if (rc == ERR_NOT_FOUND) {
        return err_set(msg, ERR_CLOSED, "the daemon has stopped");
    }
    return rc == ERR_OK ? unix_http_call(client->fd, request, answer, body, msg)
                        : rc;
}

/* The answer's body: octets, which leave the buffer, or JSON. */
static enum err
take_body(struct api_response *out, struct buf *body, bool is_bytes,
    struct err_msg *msg)
{
    out->is_bytes = is_bytes;
    if (is_bytes) {
        out->bytes = *body;
        *body = (struct buf){0};
        return ERR_OK;
    }
    out->json = json_loadb(
        (const char *)body->data, body->size, JSON_REJECT_DUPLICATES, NULL);
    return json_is_object(out->json)
               ? ERR_OK
               : err_set(msg, ERR_MALFORMED, "the daemon's answer is not JSON");
}

static enum err
call_remote(struct client *client, const struct client_request *request,
    struct api_response *out, struct err_msg *msg)
{
    struct unix_http_request http = {.method = request->method,
        .target = request->target,
        .if_match = request->if_match};
    struct unix_http_answer answer;
    struct buf body = {.limit = UNIX_HTTP_BODY_BYTES_MAX};
    char *text = NULL;
    enum err rc = ERR_OK;

    if (request->body != NULL) {
        rc = dump_body(request->body, &text, msg);
        if (rc != ERR_OK) {
            return rc;
        }
        http.body = bytes_text(text);
    }
    rc = unix_http_call(client->fd, &http, &answer, &body, msg);
    /* Reading twice is harmless; a write may have been done. */
    if (rc == ERR_CLOSED && strcmp(request->method, "GET") == 0) {
        rc = call_again(client, &http, &answer, &body, msg);
    }
    if (rc == ERR_OK) {
        out->status = answer.status;
        memcpy(out->etag, answer.etag, strnlen(answer.etag, API_ETAG_CHARS));
        rc = take_body(out, &body, answer.is_bytes, msg);
    }
    if (text != NULL) {
        mem_wipe(text, strlen(text));
    }
    mem_free(text);
    buf_wipe(&body);
    return rc;
}

enum err
client_call(struct client *client, const struct client_request *request,
    struct api_response *out, struct err_msg *msg)
{
    struct api_request local = {.method = request->method,
        .target = request->target,
        .json = request->body,
        .if_match = request->if_match};
    enum err rc = ERR_OK;

    *out = (struct api_response){0};
    if (client->api == NULL) {
        rc = call_remote(client, request, out, msg);
    } else {
        client->has_written =
            client->has_written || strcmp(request->method, "GET") != 0;
        api_dispatch(client->api, &local, out);
        if (out->json == NULL && !out->is_bytes) {
            rc = err_set(msg, ERR_NOMEM, "no memory");
        }
    }
    api_wipe_text(request->body, "passphrase");
    json_decref(request->body);
    if (rc != ERR_OK) {
        api_response_release(out);
    }
    return rc;
}
