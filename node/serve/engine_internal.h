/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine's files share; for them only. */
#ifndef CORRIDOR_NODE_SERVE_ENGINE_INTERNAL_H
#define CORRIDOR_NODE_SERVE_ENGINE_INTERNAL_H

#include <pthread.h>

#include "node/serve/engine.h"

/* A message from the writer's thread to the engine's. */
struct post {
    struct list link;
    void (*deliver)(struct post *post);
};

/* What is remembered of a peer between sessions: note "peer/<node hex>". */
struct peer {
    struct node_id node;
    struct buf clock;    /* it durably holds this, full form */
    struct buf sent;     /* the clock of ours that it confirmed last */
    struct buf heard[2]; /* its last clocks that we confirmed, newest first */
    uint64_t confirmed_ms;
    uint64_t seen_ms;
    bool is_dirty;
    uint64_t save_ms; /* when to note it down */
};

struct call {
    struct list link; /* engine->calls */
    struct engine *engine;
    struct session *session;
    struct effects effects;
    void *io; /* NULL once closed or cut */
    void *owner;
    bool is_dialler;
    bool is_join;
    bool is_stepping;
    bool is_closed;    /* no more events */
    bool is_known;     /* the peer's keys are */
    bool is_confirmed; /* and it was no replay */
    bool is_paused;
    bool was_synced;
    bool hang_up_later; /* once the step is done, for `reason` */
    enum bye_reason reason;
    struct node_id peer;
    struct office_id office;
    enum session_level level;
    bool has_role;     /* the peer is a member's node, as of the last commit */
    bool lacks_bodies; /* whose office holds no bodies of changes */
    uint64_t wake_ms;
    uint64_t entries_ms; /* when it last brought entries */
    size_t works;        /* reads under way */
    size_t heards;       /* words of this step, to be answered */
    struct list accepts; /* struct accept_job, in order */
    struct list ready;   /* engine->ready: answers wait to be passed on */
    /* Listener: which secret is which. */
    struct hash *invitations;
    size_t psk_count;
    size_t link_count; /* the first of them are link secrets */
    /* Of those the current circle's, and which that is: what a stranger must
     * know. SIZE_MAX: none is. */
    size_t link_current;
    struct dot link_dot;
    bool is_linked; /* it knew that one */
    /* Which logs it was asked to hold, ascending. */
    struct log_id *held;
    size_t held_count;
    size_t held_capacity;
    bool will_send; /* while it is decided */
    bool is_sender; /* of a log that others hold, since sender_ms */
    bool is_quiet;  /* it was to send and did not: noticed at quiet_ms */
    uint64_t sender_ms;
    uint64_t quiet_ms;
    /* AUTHENTICATE was asked in this step. */
    bool is_asked;
    struct session_auth auth;
    /* JOIN was asked, and waits for its turn. */
    bool wants_join;       /* until it is answered */
    struct list join_link; /* engine->joins */
    struct buf join_cert;
    struct hash join_invitation;
};

struct replay {
    struct public_key ephemeral;
};

struct engine {
    struct node *node;
    struct engine_ops ops;
    const struct diag *diag;
    bool is_started;
    bool is_stopping;
    struct list calls;
    size_t call_count;
    struct list ready; /* calls with answers to pass on */
    size_t depth;      /* of public functions: calls are freed at 0 */
    size_t jobs;       /* with the writer */

    pthread_mutex_t lock; /* of the two below */
    struct list inbox;    /* struct post */
    bool has_committed;

    bool lacks_bodies; /* our own office holds none */
    struct buf clock;  /* ours, stored, full form */
    struct buf cert;   /* ours, if we joined; for peers that lack it */
    struct log_id *order;
    size_t order_count;
    size_t order_capacity;

    struct peer **peers; /* in no order */
    size_t peer_count;
    size_t peer_capacity;

    struct replay *replays; /* a ring */
    size_t replay_next;
    size_t replay_count;

    struct list retries; /* accept jobs that the disk had no room for */
    uint64_t retry_ms;   /* UINT64_MAX: none */
    uint64_t commit_ms;  /* when to read our clock again, likewise */
    bool is_full;

    struct list joins; /* calls that want to join, one at a time */
    bool is_joining;

    bool wants_index;
    bool is_indexing;
    uint64_t index_ms; /* when it last ran */
    bool wants_hold;   /* who sends which log is to be decided anew */
    uint64_t hold_ms;  /* when to look at that again */
    size_t accepting;  /* accept jobs with the writer */
};

static inline uint64_t
engine_now(const struct engine *engine)
{
    return engine->ops.now_ms(engine->ops.context);
}

/* engine.c */

/* Around all that calls from outside: calls are freed at the outermost. */
void engine_enter(struct engine *engine);
void engine_leave(struct engine *engine);
/* Queue a job for the writer; counted until engine_job_done. */
enum err engine_submit(struct engine *engine, struct job *job) MUST_USE;
void engine_job_done(struct engine *engine);
/* From the writer's thread. */
void engine_post(struct engine *engine, struct post *post);
/* Tell the owner. */
void engine_report(
    struct engine *engine, struct call *call, enum report_type type);
/* Read our clock again, and tell every session. */
void engine_take_commit(struct engine *engine);
/* Our clock as sessions want it; lives until the next commit is read. */
struct session_clock engine_session_clock(const struct engine *engine);

/* engine_tell.c */

/* Our stored state has changed: tell every session, and look again at who may
 * do what. Where bodies of changes are due that were not, or no longer, the
 * connection begins anew. */
void tell_commit(
    struct engine *engine, const struct view *view, bool has_grown);

/* engine_call.c */

/* One event; its effects are carried out. */
void call_step(struct call *call, struct event *event);
/* The session has ended, or must: close io, report, leave the rest to
 * engine_leave. */
void call_end(struct call *call, enum bye_reason reason);
/* The peer is no replay: settle which of two connections stays. */
void call_confirm(struct call *call);
void call_free(struct call *call);

/* engine_auth.c */

/* The listener's secrets, of which the call keeps which is which. */
enum err auth_psks(struct call *call, struct secret_key *out, size_t max,
    struct err_msg *msg) MUST_USE;
/* Fill in call->auth. */
void auth_answer(struct call *call, const struct effect *effect);
/* The peer's standing by now; also sets its office and its role. */
enum session_level auth_level(
    struct call *call, const struct membership *membership);

/* engine_accept.c */

/* ACCEPT: to the writer. ERR_NOMEM. */
enum err accept_begin(struct call *call, struct bytes batch) MUST_USE;
/* Pass on the answers that are next in order. */
void accept_answer(struct call *call);
/* Try again what the disk had no room for. */
void accept_retry(struct engine *engine);
/* The call is gone: forget what the writer has not got. */
void accept_drop(struct call *call);

/* engine_join.c */

/* JOIN: waits for its turn. ERR_NOMEM. */
enum err join_begin(struct call *call, const struct effect *effect) MUST_USE;
/* Start the next one. */
void join_next(struct engine *engine);

/* engine_index.c */

/* Have the writer index what was touched, if it is idle or time. */
void index_next(struct engine *engine);

/* engine_peer.c */

/* The peer's row, read from its note when first asked for. NULL: no memory.
 * It lives as long as the engine. */
struct peer *peer_get(struct engine *engine, const struct node_id *node);
void peer_set_clock(
    struct engine *engine, struct peer *peer, struct bytes clock);
void peer_set_bases(struct engine *engine, struct peer *peer, struct bytes sent,
    struct bytes heard);
/* Note down those that are due, or all that are dirty. */
void peer_save(struct engine *engine, bool all);
/* A session with it has ended. */
void peer_save_one(struct engine *engine, const struct node_id *node);
/* The store is another one from now on. */
void peer_forget(struct engine *engine);
uint64_t peer_wake_ms(const struct engine *engine);
void peer_free(struct peer *peer);
/* The note's form; ERR_NOMEM, ERR_MALFORMED. */
enum err peer_encode(struct buf *out, const struct peer *peer) MUST_USE;
enum err peer_decode(struct peer *peer, struct bytes note) MUST_USE;

/* engine_hold.c */

/* Decide anew which call sends which log. */
void hold_assign(struct engine *engine);
uint64_t hold_wake_ms(const struct engine *engine);

#endif
