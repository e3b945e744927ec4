/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/base/mem.h"
#include "node/api/call.h"
#include "node/api/routes.h"
#include "node/api/target.h"
#include "node/serve/server.h"

enum err
api_new(struct api **out, const struct api_options *options)
{
    struct api *api = mem_zalloc(1, sizeof(*api));

    if (api == NULL || uv_rwlock_init(&api->gate) != 0) {
        mem_free(api);
        return ERR_NOMEM;
    }
    api->options = *options;
    atomic_init(&api->is_stopping, false);
    *out = api;
    return ERR_OK;
}

void
api_stop(struct api *api)
{
    if (api != NULL) {
        atomic_store(&api->is_stopping, true);
    }
}

void
api_free(struct api *api)
{
    if (api != NULL) {
        uv_rwlock_destroy(&api->gate);
        mem_free(api);
    }
}

size_t
api_body_limit(const char *target)
{
    static const char import[] = "/v1/import";
    size_t size = sizeof(import) - 1;

    return strncmp(target, import, size) == 0 &&
                   (target[size] == '\0' || target[size] == '?')
               ? API_IMPORT_BYTES_MAX
               : API_BODY_BYTES_MAX;
}

/* The value within quotes; "W/" marks and lists are not ours. */
static void
read_if_match(struct api_call *call, const char *header)
{
    size_t size = 0;

    if (header == NULL) {
        return;
    }
    header += header[0] == '"' ? 1 : 0;
    size = strcspn(header, "\"");
    /* What does not fit is no version of ours: keep it as one that differs. */
    if (size == 0 || size >= sizeof(call->if_match)) {
        header = "?";
        size = 1;
    }
    memcpy(call->if_match, header, size);
    call->if_match[size] = '\0';
}

static enum err
read_body(struct api_call *call, const struct api_request *request,
    struct err_msg *msg)
{
    json_error_t error;

    if (request->json != NULL) {
        call->body = json_incref(request->json);
    } else if (request->body.size > api_body_limit(request->target)) {
        return err_set(msg, ERR_TOO_BIG, "a body of more than %zu bytes",
            api_body_limit(request->target));
    } else if (request->body.size > 0) {
        call->body = json_loadb((const char *)request->body.data,
            request->body.size, JSON_REJECT_DUPLICATES, &error);
        if (call->body == NULL) {
            return err_set(msg, ERR_MALFORMED,
                "the body is not JSON, at line %d, character %d", error.line,
                error.column);
        }
    }
    if (call->body != NULL && !json_is_object(call->body)) {
        return err_set(msg, ERR_MALFORMED, "the body is not a JSON object");
    }
    return ERR_OK;
}

/* Find the route, or answer that there is none. */
static void
find_route(struct api_call *call, const char *path)
{
    bool is_path = false;

    for (size_t i = 0; i < routes_count; i++) {
        if (!target_match(path, routes[i].pattern, call)) {
            continue;
        }
        is_path = true;
        if (strcmp(call->method, routes[i].method) == 0) {
            call->route = &routes[i];
            return;
        }
    }
    if (is_path) {
        reply_error(call, 405, "method",
            "this resource does not have that method", NULL);
    } else {
        reply_error(call, 404, "not_found", "there is no such resource", NULL);
    }
}

static void
prepare(struct api_call *call, const struct api_request *request)
{
    struct err_msg msg = {""};
    const char *path = NULL;
    enum err rc = target_split(call, request->target, &path, &msg);

    if (rc == ERR_OK) {
        find_route(call, path);
        read_if_match(call, request->if_match);
    }
    if (rc == ERR_OK && call->route != NULL) {
        rc = read_body(call, request, &msg);
    }
    if (rc != ERR_OK) {
        call->route = NULL;
        reply_err(call, rc, &msg);
    }
}

enum err
api_call_new(
    struct api_call **out, struct api *api, const struct api_request *request)
{
    struct api_call *call = mem_zalloc(1, sizeof(*call));

    if (call == NULL) {
        return ERR_NOMEM;
    }
    call->api = api;
    call->node = api->options.node;
    if (strlen(request->method) < sizeof(call->method)) {
        memcpy(call->method, request->method, strlen(request->method));
    }
    prepare(call, request);
    *out = call;
    return ERR_OK;
}

void
api_call_free(struct api_call *call)
{
    if (call == NULL) {
        return;
    }
    assert(call->view == NULL);
    if (call->state_free != NULL) {
        call->state_free(call->state);
    }
    api_wipe_text(call->body, "passphrase");
    json_decref(call->body);
    api_response_release(&call->response);
    mem_free(call->text);
    mem_free(call);
}

struct api_response *
api_call_answer(struct api_call *call)
{
    return &call->response;
}

/* Within the gate. */
static void
run_gated(struct api_call *call)
{
    if (call->api->is_joining) {
        reply_error(call, 409, "joining",
            "this home is joining a corridor: ask again when that is done",
            NULL);
        return;
    }
    call->route->run(call);
    call_view_close(call);
}

void
api_call_run(struct api_call *call)
{
    struct api *api = call->api;

    if (call->route == NULL || call->route->run == NULL) {
        return;
    }
    switch (call->route->use) {
    case ROUTE_FREE:
        call->route->run(call);
        break;
    case ROUTE_USES:
        uv_rwlock_rdlock(&api->gate);
        run_gated(call);
        uv_rwlock_rdunlock(&api->gate);
        break;
    case ROUTE_OPENS:
        uv_rwlock_wrlock(&api->gate);
        run_gated(call);
        uv_rwlock_wrunlock(&api->gate);
        break;
    }
}

enum err
api_enter(struct api *api, struct err_msg *msg)
{
    uv_rwlock_rdlock(&api->gate);
    if (api->is_joining) {
        uv_rwlock_rdunlock(&api->gate);
        return err_set(msg, ERR_BUSY,
            "this home is joining a corridor: ask again when that is done");
    }
    return ERR_OK;
}

void
api_leave(struct api *api)
{
    uv_rwlock_rdunlock(&api->gate);
}

static void
run_after(struct api_call *call)
{
    struct server *server = call->api->options.server;

    switch (call->after) {
    case AFTER_STORE_OPENED:
        if (server != NULL) {
            server_store_opened(server);
        }
        break;
    case AFTER_PEERS_CHANGED:
        if (server != NULL) {
            server_peers_changed(server);
        }
        break;
    case AFTER_STOP:
        call->response.stops = true;
        break;
    case AFTER_NOTHING:
        break;
    }
}

void
api_call_start(struct api_call *call,
    void (*done)(void *context, struct api_call *call), void *context)
{
    call->done = done;
    call->done_context = context;
    run_after(call);
    if (call->route == NULL || call->route->start == NULL ||
        call->response.status != 0) {
        call_done(call);
        return;
    }
    call->route->start(call);
}

/* A request without a daemon: its loop runs until it is done. */
struct dispatching {
    struct server *server;
    bool is_done;
    bool is_running;
};

static void
on_dispatched(void *context, struct api_call *call)
{
    struct dispatching *d = context;

    (void)call;
    d->is_done = true;
    if (d->is_running) {
        server_stop(d->server);
    }
}

static void
start_and_wait(struct api *api, struct api_call *call)
{
    struct dispatching d = {.server = api->options.server};
    struct err_msg msg = {""};
    enum err rc = ERR_OK;

    api_call_start(call, on_dispatched, &d);
    if (d.is_done) {
        return;
    }
    d.is_running = true;
    rc = server_run(d.server, &msg);
    if (rc != ERR_OK || !d.is_done) {
        reply_err(call, rc == ERR_OK ? ERR_CLOSED : rc, &msg);
    }
}

void
api_dispatch(struct api *api, const struct api_request *request,
    struct api_response *out)
{
    struct api_call *call = NULL;

    *out = (struct api_response){.status = 503};
    if (api_call_new(&call, api, request) != ERR_OK) {
        return;
    }
    api_call_run(call);
    start_and_wait(api, call);
    *out = call->response;
    call->response = (struct api_response){0};
    api_call_free(call);
}
