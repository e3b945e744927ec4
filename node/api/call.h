/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request under way, for the files of this folder only: what a resource's
 * functions are handed, and how they answer.
 */
#ifndef CORRIDOR_NODE_API_CALL_H
#define CORRIDOR_NODE_API_CALL_H

#include <stdatomic.h>
#include <uv.h>

#include "node/api/api.h"
#include "storage/view.h"

enum { CALL_ARGS_MAX = 2, CALL_PARAMS_MAX = 32 };

struct api {
    struct api_options options;
    /* What waits for others outside the loop gives up soon. */
    atomic_bool is_stopping;
    /*
     * Held for reading by each run, for writing where the store is opened, so
     * that nobody sees half of it; but for ROUTE_FREE.
     */
    uv_rwlock_t gate;
    /*
     * Under the gate: a joining opens a store bit by bit, on the loop and
     * elsewhere. What would look at it is answered "joining" meanwhile.
     */
    bool is_joining;
};

/* What is left to do on the loop's thread after the work. */
enum call_after {
    AFTER_NOTHING,
    AFTER_STORE_OPENED,
    AFTER_PEERS_CHANGED,
    AFTER_STOP
};

struct call_param {
    const char *name;
    const char *value;
};

struct api_call {
    struct api *api;
    struct node *node;
    const struct route *route;
    char *text; /* the target's parts, decoded, each ended by NUL */
    char method[8];
    struct bytes args[CALL_ARGS_MAX];          /* of the path */
    struct call_param params[CALL_PARAMS_MAX]; /* of the query */
    size_t param_count;
    char if_match[API_ETAG_CHARS + 1]; /* without quotes; "" for none */
    json_t *body;                      /* an object; NULL: none */
    struct view *view;
    struct api_response response;
    enum call_after after;
    void (*done)(void *context, struct api_call *call);
    void *done_context;
    void *state; /* a resource's own, between run and start */
    void (*state_free)(void *state);
};

/* A resource's function. It answers by one of the reply_ functions. */
typedef void call_fn(struct api_call *call);

/* What a route's run has to do with the node's store. */
enum route_use {
    ROUTE_FREE, /* nothing: runs at any time */
    ROUTE_USES,
    ROUTE_OPENS /* opens or replaces it: runs alone */
};

struct route {
    const char *method;
    const char *pattern; /* a path in which a star is an argument */
    enum route_use use;
    call_fn *run;   /* on a worker thread; NULL: nothing to do */
    call_fn *start; /* on the loop, unless run has answered; NULL */
};

/* Answers. A NULL json is ERR_NOMEM. The reference is taken. */
void reply(struct api_call *call, unsigned status, json_t *json);
void reply_err(struct api_call *call, enum err rc, const struct err_msg *msg);
/* An error with a word of its own, and what goes with it (may be NULL). */
void reply_error(struct api_call *call, unsigned status, const char *code,
    const char *message, json_t *details);
/* Octets: the buffer's memory is taken, and it is left empty. Its failure is
 * the answer then. */
void reply_bytes(struct api_call *call, struct buf *bytes);
void reply_version(struct api_call *call, const struct version *version);
/* For start functions: the answer is complete. */
void call_done(struct api_call *call);

/*
 * The call's snapshot, opened at the first use and closed after run.
 * ERR_CONFIG: the home has no corridor yet.
 */
enum err call_view(
    struct api_call *call, struct view **out, struct err_msg *msg) MUST_USE;
/*
 * Close it: before node_write, for the writer waits for all snapshots when
 * the map has to grow; and at the end of what it runs.
 */
void call_view_close(struct api_call *call);
/* ERR_CONFIG without a store, and what to do. */
enum err call_store(struct api_call *call, struct err_msg *msg) MUST_USE;

/* A query parameter's value, or NULL. */
const char *call_param(const struct api_call *call, const char *name);
/* A number within 1..max, `usual` without it. ERR_MALFORMED. */
enum err call_number(const struct api_call *call, const char *name,
    uint64_t usual, uint64_t max, uint64_t *out, struct err_msg *msg) MUST_USE;
/* The language asked for: "lang", or NULL. */
const char *call_lang(const struct api_call *call);

/* Members of the body. NULL: not there, or not a text. */
const char *body_text(const struct api_call *call, const char *name);
/* The same, but it must be there: ERR_MALFORMED. */
enum err body_need(const struct api_call *call, const char *name,
    const char **out, struct err_msg *msg) MUST_USE;
bool body_bool(const struct api_call *call, const char *name);

/*
 * Put a member; takes the reference. A failure, like a NULL value, empties
 * *object, so that a whole answer is asked for memory once, by reply().
 */
void put(json_t **object, const char *name, json_t *value);
void put_text(json_t **object, const char *name, const char *text);
void put_number(json_t **object, const char *name, uint64_t number);
void put_hex(json_t **object, const char *name, struct bytes bytes);
/* "2026-03-05T08:12:01Z" of Unix milliseconds. */
void put_time(json_t **object, const char *name, uint64_t unix_ms);
/* Append to *array; likewise. */
void put_item(json_t **array, json_t *value);

#endif
