/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: what stands between sessions, the store and the world. It
 * feeds sessions with events and carries out their effects (docs/protocol.md,
 * "Session"). There is no libuv in it: sockets, the pool, time and randomness
 * are a struct of functions, so that the simulator drives the same code.
 *
 *   socket -> engine_receive -> session -> effects:
 *       SEND, HANG_UP   ops.send, ops.close
 *       AUTHENTICATE    membership, link secrets and invitations; at once
 *       READ            a view on the pool (ops.work)
 *       ACCEPT, JOIN    a job for the store's writer; its answer comes back
 *                       through the inbox (ops.wake, engine_poll)
 *       PEER_CLOCK …    the peers' table, noted down now and then
 *
 * One call is one connection. The engine runs on one thread; only jobs and
 * works run elsewhere, and they touch nothing of it but its inbox.
 */
#ifndef CORRIDOR_NODE_SERVE_ENGINE_H
#define CORRIDOR_NODE_SERVE_ENGINE_H

#include "node/invite.h"
#include "node/node.h"
#include "node/serve/diag.h"
#include "sync/wire/session.h"

struct engine;
struct call;

enum {
    ENGINE_CALLS_MAX = 256,
    ENGINE_STRANGERS_MAX = 16,  /* of them with nodes that are not enrolled */
    ENGINE_UNCONFIRMED_MAX = 2, /* of one node, before it has said anything */
    ENGINE_REPLAYS_MAX = 1024,  /* recent message 1s, to know repeats */
    ENGINE_PEER_SAVE_MS = 30 * 1000,
    ENGINE_RETRY_MS = 5 * 1000, /* after the disk was full */
    ENGINE_AGAIN_MS = 100,      /* after what was committed was not read */
    ENGINE_QUIET_MS = 5 * 1000, /* then another peer sends a log instead */
    ENGINE_HOLD_ENTRIES_MIN = 64,
    ENGINE_COSIGN_MS = 60 * 1000, /* between vouching for what has grown */
    ENGINE_DOUBTS_MAX = 16,       /* logs in doubt, of one call */
    ENGINE_DOUBT_MS = 30 * 1000,
    /* Vouches: so many at once, and again; then with pauses, so that a peer
     * that takes 62 a second is not kept from entries. */
    ENGINE_VOUCH_PAGE = 1024,
    ENGINE_VOUCH_PAGES = 8,
    ENGINE_VOUCH_PAGE_MS = 20 * 1000,
    ENGINE_REVOUCH_MS = 60 * 60 * 1000, /* between saying all again */
    ENGINE_INDEX_RECORDS = 4096,
    ENGINE_INDEX_MS = 5 * 1000 /* even when there is no idle moment */
};

/* Something for the pool. Lives until `done`. */
struct engine_work {
    void (*run)(struct engine_work *work);  /* on any thread */
    void (*done)(struct engine_work *work); /* on the engine's */
};

enum report_type {
    REPORT_OPENED,   /* the peer has shown who it is */
    REPORT_SYNCED,   /* both sides hold the same */
    REPORT_CLOSED,   /* `reason`; the call is gone after this */
    REPORT_COMMITTED /* our stored clock has grown; no call */
};

struct report {
    enum report_type type;
    struct call *call;
    void *owner; /* as given to engine_open */
    struct node_id peer;
    struct office_id office; /* zeros while unknown */
    enum bye_reason reason;
    bool was_open;
    bool was_synced;
};

struct engine_ops {
    void *context;
    uint64_t (*now_ms)(void *context);  /* never goes back */
    uint64_t (*wall_ms)(void *context); /* Unix time */
    void (*random)(void *context, void *out, size_t size);
    /* Queue bytes (copied) on a call's transport. ERR_NOMEM, ERR_CLOSED. */
    enum err (*send)(void *io, struct bytes bytes);
    /* Stop or go on reading. */
    void (*pause)(void *io, bool is_paused);
    /* Close once what was sent is out; io is not used again. */
    void (*close)(void *io);
    /* Have it run, and then done. On an error neither is called. */
    enum err (*work)(void *context, struct engine_work *work);
    /* From any thread: have engine_poll called soon. */
    void (*wake)(void *context);
    /* What the owner wants to know; may be NULL. */
    void (*report)(void *context, const struct report *report);
};

struct engine_options {
    struct node *node;            /* borrowed; its store may be opened later */
    const struct engine_ops *ops; /* copied */
    const struct diag *diag;      /* borrowed; may be NULL */
    /* Between two times of vouching for others' logs. */
    uint64_t cosign_every_ms; /* 0: ENGINE_COSIGN_MS; UINT64_MAX: never */
};

/* ERR_NOMEM. */
enum err engine_new(
    struct engine **out, const struct engine_options *options) MUST_USE;
/* Only when engine_is_idle; NULL is fine. */
void engine_free(struct engine *engine);

/* The node's store is open: read its clock. ERR_IO, ERR_NOMEM … */
enum err engine_start(struct engine *engine, struct err_msg *msg) MUST_USE;
/*
 * End every call with a bye, and take no new ones; peers are noted down. Poll
 * until engine_is_idle; then the store may be closed, and engine_start called
 * again with the next.
 */
void engine_stop(struct engine *engine);
bool engine_is_idle(const struct engine *engine);

/* Answers of the writer are there. */
void engine_poll(struct engine *engine);
/* It is later: due at engine_wake_ms. */
void engine_tick(struct engine *engine);
uint64_t engine_wake_ms(const struct engine *engine); /* UINT64_MAX: never */

struct engine_call {
    bool is_dialler;
    bool is_join;
    bool once;
    struct node_id peer;          /* dialler */
    struct public_key peer_noise; /* dialler */
    size_t secret_index;          /* dialler: which link secret, newest 0 */
    const struct secret_key *psk; /* dialler: instead; an invitation's */
    struct bytes cert;            /* dialler, to join; else as it needs */
    void *io;
    void *owner; /* comes back in reports */
};
/*
 * A connection stands: begin its session. From now on the engine closes io,
 * once, unless engine_cut comes first; on failure the caller does.
 * ERR_CLOSED: no store, or stopping; ERR_BUSY: too many; ERR_NO_KEY: no link
 * secret yet; ERR_NOMEM.
 */
enum err engine_open(struct engine *engine, const struct engine_call *options,
    struct call **out) MUST_USE;
/* Bytes came: at most SESSION_RECEIVED_BYTES_MAX. */
void engine_receive(struct call *call, struct bytes bytes);
/* The transport has ended by itself; io is not used again. */
void engine_cut(struct call *call);
/* End it with a bye. */
void engine_hang_up(struct call *call, enum bye_reason reason);

/* How a call stands. */
void engine_call_status(const struct call *call, struct session_status *out);
/* Has it shown itself to be a peer (no half-open handshake)? */
bool engine_call_is_open(const struct call *call);

/* The open call with a node of this office; NULL: none. */
struct call *engine_find_call(
    struct engine *engine, const struct office_id *office);

/* Calls of this owner go on without one. */
void engine_disown(struct engine *engine, const void *owner);

/* How many link secrets there are to try. */
size_t engine_secret_count(const struct engine *engine);

/* Was a log of our own signed in two versions, as far as is known? Then peers
 * take no more of it, and it is never in step with any. */
bool engine_is_forked(const struct engine *engine);

/* What is known of a peer, live or from the last time. */
struct peer_status {
    struct node_id node;
    bool is_connected;
    bool is_dialler; /* we called */
    bool is_synced;  /* now, and it has said so */
    /* Its office audits: it confirms control entries and headers, never
     * content, so it is neither synced nor has it confirmed all. */
    bool lacks_bodies;
    /* It or our own office audits, and what the two can exchange is confirmed
     * on both sides, now. */
    bool has_headers;
    uint64_t confirmed_ms; /* Unix time when it last held all we had; or 0 */
    uint64_t seen_ms;      /* Unix time of its last word; 0: never */
    /* Changes of which we have headers alone are not ours to send, nor an
     * auditor's to us: they are not counted. */
    uint64_t waiting; /* entries of ours that it has not confirmed */
    uint64_t missing; /* entries that it has and we have not */
    uint64_t bytes_sent;
    uint64_t bytes_received;
    enum session_level level;
};
/* ERR_NOMEM, ERR_IO; a peer never met is all zeros but for its role and
 * `waiting`. */
enum err engine_peer_status(struct engine *engine, const struct node_id *node,
    struct peer_status *out) MUST_USE;

/* Our stored clock, full form; lives until the next poll. */
struct bytes engine_clock(const struct engine *engine);

#endif
