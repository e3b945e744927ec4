/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One API, two ways in: the daemon's HTTP (node/api/http.h) and commands that
 * run without a daemon both come through here (docs/api.md).
 *
 * A request is a method, a path, a query and a JSON body; an answer is a
 * status, a JSON body (or octets, where a resource has no other form) and an
 * ETag. Most work is done by api_call_run, which
 * may wait for the disk and so belongs on a worker thread; what talks to
 * peers is started by api_call_start on the loop's thread and ends later.
 * Commands without a daemon use api_dispatch, which does both in turn.
 */
#ifndef CORRIDOR_NODE_API_API_H
#define CORRIDOR_NODE_API_API_H

#include <jansson.h>

#include "node/node.h"

struct server;
struct api;
struct api_call;

enum {
    API_BODY_BYTES_MAX = 64 * 1024,
    API_IMPORT_BYTES_MAX = 1024 * 1024,
    API_TARGET_BYTES_MAX = 8192,
    API_ETAG_CHARS = 2 * VERSION_BYTES + 2 /* with its quotes */
};

struct api_options {
    struct node *node;     /* borrowed */
    struct server *server; /* borrowed; NULL: nobody is talked to */
    /* After POST /v1/lock has been answered; NULL: there is no daemon. */
    void (*stop)(void *context);
    void *context;
    /* Of long work in a command without a daemon; NULL: nobody looks. */
    void (*progress)(void *context, uint64_t done, uint64_t all);
};

/* ERR_NOMEM. */
enum err api_new(struct api **out, const struct api_options *options) MUST_USE;
/* Calls that wait for others are to give up soon. Any thread; NULL is fine. */
void api_stop(struct api *api);
/* No call may be under way. NULL is fine. */
void api_free(struct api *api);

struct api_request {
    const char *method;   /* "GET" */
    const char *target;   /* "/v1/records?kind=case", percent-encoded */
    struct bytes body;    /* JSON; empty for none */
    json_t *json;         /* or the body parsed; NULL for none; borrowed */
    const char *if_match; /* the header; NULL for none */
};

struct api_response {
    unsigned status;  /* as of HTTP */
    json_t *json;     /* an object; NULL where is_bytes */
    struct buf bytes; /* octets, where is_bytes */
    bool is_bytes;
    char etag[API_ETAG_CHARS + 1]; /* "" for none */
    bool stops; /* api_options.stop is due once it is delivered */
};
/* Free what it holds; zeroed is fine. */
void api_response_release(struct api_response *response);

/*
 * Answer one request, on the calling thread. Where the request needs peers,
 * the server's loop is run until it is done. A failure is an answer too.
 */
void api_dispatch(struct api *api, const struct api_request *request,
    struct api_response *out);

/* How large a body may be for this target. */
size_t api_body_limit(const char *target);

/*
 * The same in steps. The request is copied. ERR_NOMEM. Then api_call_run,
 * from any thread; then api_call_start, on the loop's thread; `done` is called
 * there, perhaps before it returns; then api_call_answer, until the free.
 */
enum err api_call_new(struct api_call **out, struct api *api,
    const struct api_request *request) MUST_USE;
void api_call_run(struct api_call *call);
void api_call_start(struct api_call *call,
    void (*done)(void *context, struct api_call *call), void *context);
struct api_response *api_call_answer(struct api_call *call);
void api_call_free(struct api_call *call);

/*
 * For those who use the node's store on a worker thread beside the API: in
 * between nobody opens or replaces it. ERR_BUSY: this home is joining a
 * corridor. Leave on the thread that entered.
 */
enum err api_enter(struct api *api, struct err_msg *msg) MUST_USE;
void api_leave(struct api *api);

/* Overwrite a text of an object that held a secret; NULL is fine. */
void api_wipe_text(json_t *object, const char *name);

/*
 * The answer's error: its "code" (docs/api.md, "Errors") and its sentence;
 * NULL for none. They live as long as the response.
 */
const char *api_error_code(const struct api_response *response);
const char *api_error_message(const struct api_response *response);

#endif
