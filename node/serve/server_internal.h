/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that know libuv share; for them only. */
#ifndef CORRIDOR_NODE_SERVE_SERVER_INTERNAL_H
#define CORRIDOR_NODE_SERVE_SERVER_INTERNAL_H

#include <uv.h>

#include "node/serve/config.h"
#include "node/serve/engine.h"
#include "node/serve/server.h"

enum {
    CONN_ADDRESS_BYTES = 48, /* a numeric host */
    CONN_READ_BYTES = 64 * 1024,
    CONN_WRITE_BYTES_MAX = 4 * 1024 * 1024, /* queued: then we stop reading */
    CONN_USER_TIMEOUT_MS = 40 * 1000,
    LISTENER_HALF_OPEN_MAX = 64,
    LISTENER_HALF_OPEN_PER_ADDRESS_MAX = 8,
    LISTENER_BACKLOG = 128,
    DIAL_ADDRESSES_MAX = 8,
    DIAL_CONNECT_MS = 20 * 1000,
    DIAL_NEXT_MS = 50, /* to the next address or node of an office */
    JOIN_RETRY_MS = 1000,
    READERS_CHECK_MS = 60 * 1000
};

/* One TCP connection. Freed in its close callback only. */
struct conn {
    struct list link; /* server->conns */
    struct server *server;
    uv_tcp_t tcp;
    uv_shutdown_t shutdown;
    struct call *call; /* NULL once the engine has let go */
    bool is_incoming;
    bool is_closing;
    bool is_paused; /* the engine wants no more */
    bool is_choked; /* the peer takes too slowly what we write */
    char address[CONN_ADDRESS_BYTES];
};

struct listener {
    uv_tcp_t tcp;
    bool is_open;
    char address[CONFIG_ADDRESS_BYTES_MAX + 1];
};

/* What an attempt calls: one node of an office at one address. */
struct dial_target {
    struct node_id node;
    struct public_key noise;
};

/*
 * Resolving and connecting to "host:port": every address of the name in
 * turn. `done` is called once, on the loop, with a connection that stands
 * (conn_begin it), or NULL and why.
 */
struct reach {
    struct server *server;
    bool is_busy;
    bool is_cancelled;
    uint64_t deadline_ms;
    uv_getaddrinfo_t resolve;
    uv_connect_t connect;
    struct addrinfo *found;
    struct addrinfo *next;
    struct conn *conn;
    void (*done)(struct reach *reach, struct conn *conn, const char *why);
};

/* Calling one office, for ever. */
struct dial {
    struct list link; /* dialler->dials */
    struct server *server;
    struct office_id office;
    char addresses[DIAL_ADDRESSES_MAX][CONFIG_ADDRESS_BYTES_MAX + 1];
    size_t address_count;
    bool is_calling; /* its connection is with the engine */
    bool is_kept;    /* by the reading of addresses under way */
    bool is_gone;    /* its address was taken away: ends when idle */
    bool is_wanted;  /* by a sync pass */
    uint64_t next_ms;
    size_t attempt;      /* which combination is tried */
    size_t combinations; /* nodes times addresses */
    size_t failures;     /* cycles through them in a row */
    bool has_opened;     /* this call did */
    uint64_t opened_ms;
    struct dial_target target;
    struct reach reach;
    char why[128]; /* of the last failure */
};

struct dialler {
    struct list dials;
};

struct join;

struct server {
    struct server_options options;
    struct node *node;
    struct engine *engine;
    const struct diag *diag;
    struct events events;
    uv_loop_t loop;
    uv_async_t wake;
    uv_prepare_t prepare;
    uv_timer_t timer;
    uv_timer_t minute;
    uv_timer_t watchdog;
    uv_signal_t signals[2];
    uint64_t pulse;
    struct listener listener;
    struct dialler dialler;
    struct list conns;
    size_t works; /* on the pool */
    struct list syncs;
    struct join *join;
    bool is_stopping;
    bool is_stopped;
    uint64_t stop_ms; /* then connections are closed by force */
    char read_buffer[CONN_READ_BYTES]; /* one read at a time */
};

/* server.c */

/* A piece of work for the pool; `after` runs on the loop. ERR_NOMEM. */
struct server_work {
    struct server *server;
    void (*run)(struct server_work *work);
    void (*after)(struct server_work *work);
    uv_work_t request;
};
enum err server_queue(struct server *server, struct server_work *work) MUST_USE;
/* A libuv error as ours, with a message. */
enum err server_uv_err(
    struct err_msg *msg, int code, const char *what) MUST_USE;

/* conn.c */

/* A connection for a socket that is to be accepted or connected; NULL: no
 * memory. */
struct conn *conn_new(struct server *server);
/* It stands: options, the session, reading. Closes itself on failure. */
void conn_begin(struct conn *conn, struct engine_call *call);
/* Begin to close; `conn` is freed later. Twice is harmless. */
void conn_close(struct conn *conn);
/* The engine's: send, pause, close. */
enum err conn_send(void *io, struct bytes bytes) MUST_USE;
void conn_pause(void *io, bool is_paused);
void conn_hang_up(void *io);

/* reach.c */

/* Begin; `done` and `server` are set. False: it failed at once, and `why`
 * says how; `done` is not called then. */
bool reach_begin(struct reach *reach, const char *address, char why[128]);
/* Give up: `done` is called soon. */
void reach_cancel(struct reach *reach);

/* listener.c */

/* Take calls there. ERR_CONFIG: no such address; ERR_IO: not to be had. */
enum err listener_open(
    struct server *server, const char *address, struct err_msg *msg) MUST_USE;
/* Twice is harmless. */
void listener_close(struct server *server);

/* dialler.c */

/* Nobody to call yet. */
void dialler_init(struct server *server);
/* Read the addresses again. */
void dialler_reload(struct server *server);
/* Begin the calls that are due; cancel what takes too long. */
void dialler_tick(struct server *server, uint64_t now_ms);
/* When that has something to do; UINT64_MAX: never. As below. */
uint64_t dialler_wake_ms(const struct server *server);
/* A call of ours, or any other with that office, ended or opened. */
void dialler_report(struct server *server, const struct report *report);
/* No more calls; idle once none is under way. */
void dialler_stop(struct server *server);
bool dialler_is_idle(const struct server *server);
/* NULL: it has no address. */
struct dial *dialler_find(
    struct server *server, const struct office_id *office);
/* Call soon, for a sync pass. */
void dialler_want(struct dial *dial);
/* status.c */

/* Append JSON as text. ERR_NOMEM. */
struct json_t;
enum err status_put_json(struct buf *out, const struct json_t *json) MUST_USE;

/* sync.c */

/* What passes wait for: see server_sync. */
void sync_report(struct server *server, const struct report *report);
void sync_tick(struct server *server, uint64_t now_ms);
uint64_t sync_wake_ms(const struct server *server);
void sync_stop(struct server *server);

/* join.c */

/* What a joining waits for: see server_join. */
void join_report(struct server *server, const struct report *report);
void join_tick(struct server *server, uint64_t now_ms);
/* Before the loop waits: end the joining that came to nothing, once nothing
 * of it is under way. All that it waits for wakes the loop, so no time is
 * needed; one that is counted from each turn would never come where turns are
 * many. */
void join_prepare(struct server *server);
uint64_t join_wake_ms(const struct server *server);
void join_stop(struct server *server);

#endif
