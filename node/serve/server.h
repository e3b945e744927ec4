/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop and what runs on it: listener, dialler, connections, engine, and
 * (in the daemon) the API. One uv loop, one thread; the writer has its own,
 * reads run on the pool. A command without a daemon makes a server without
 * listener and API and runs it until its request is done.
 */
#ifndef CORRIDOR_NODE_SERVE_SERVER_H
#define CORRIDOR_NODE_SERVE_SERVER_H

#include "node/invite.h"
#include "node/node.h"
#include "node/serve/diag.h"
#include "node/serve/events.h"

struct server;
struct uv_loop_s;

enum { SERVER_POOL_THREADS = 64, SERVER_STOP_MS = 5 * 1000 };

struct server_options {
    struct node *node;      /* borrowed */
    const char *listen;     /* "host:port", "" or NULL: no listener */
    bool dials;             /* keep calling the peers that have addresses */
    uint64_t dial_first_ms; /* 0: the default of config.h */
    uint64_t dial_max_ms;   /* likewise */
    /* Between two times of vouching for other nodes' logs; 0: the default of
     * engine.h, UINT64_MAX: never. */
    uint64_t cosign_every_ms;
    const struct diag *diag; /* borrowed; may be NULL */
    /* A daemon: SIGINT and SIGTERM stop it, and systemd is told how it is. */
    bool is_service;
};

/* Open the listener and the loop; runs nothing yet. From here on the process
 * ignores SIGPIPE. ERR_NOMEM, ERR_IO. */
enum err server_new(struct server **out, const struct server_options *options,
    struct err_msg *msg) MUST_USE;
/* Run until server_stop. */
enum err server_run(struct server *server, struct err_msg *msg) MUST_USE;
/* From the loop's thread: end sessions with a bye, close all, return.
 * EVENTS_STOPPING is published first; twice is harmless. */
void server_stop(struct server *server);
void server_free(struct server *server); /* NULL is fine */
struct uv_loop_s *server_loop(struct server *server);
/* Subscribe here for commits and peers; they live as long as the server. */
struct events *server_events(struct server *server);
/* The address the listener got ("127.0.0.1:40123"), "" without one. */
const char *server_listen_address(const struct server *server);

/* The store has just been opened (found, join): begin to sync. Loop thread. */
void server_store_opened(struct server *server);

/*
 * One sync pass with one office (or with all that have an address or are
 * connected: NULL). On the loop's thread; `done` is called once on it. rc
 * ERR_OK only when both sides confirmed with each; ERR_NOT_FOUND: no such
 * peer, or none at all; ERR_BUSY: not confirmed within the time. `json` is an
 * object's text, a member per office.
 */
struct sync_request {
    const struct office_id *office; /* copied; NULL: all */
    uint64_t timeout_ms;
    void (*done)(void *context, enum err rc, const char *json,
        const struct err_msg *msg);
    void *context;
};
enum err server_sync(
    struct server *server, const struct sync_request *request) MUST_USE;

/*
 * Join by an invitation: connect, be admitted, fetch control entries, enrol,
 * and stay connected until both sides confirmed. The home has no corridor yet;
 * `cert` is node_certify's. On success home.ini names the corridor and the
 * store is open.
 */
struct join_request {
    const struct invite *invite; /* copied */
    struct bytes cert;           /* copied */
    uint64_t timeout_ms;
    void (*done)(void *context, enum err rc, const struct err_msg *msg);
    void *context;
};
/*
 * ERR_EXISTS: there is a corridor; ERR_BUSY: joining already; ERR_CONFIG: a
 * line without addresses; ERR_DENIED: a joining of another corridor came to
 * nothing before, restart first; ERR_CLOSED; ERR_NOMEM. `done` is called with
 * ERR_DENIED (refused), ERR_BUSY (not done within the time), or what failed.
 */
enum err server_join(
    struct server *server, const struct join_request *request) MUST_USE;

/*
 * Peers' addresses (notes "address/<office hex>"): have the dialler read them
 * again after a change. Loop thread.
 */
void server_peers_changed(struct server *server);

/*
 * The state of every peer as JSON text, appended: connections, last heard,
 * "synced" or what is not confirmed since when, what waits. Loop thread.
 */
enum err server_status(struct server *server, struct buf *out) MUST_USE;

#endif
