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
    uint64_t vouched;      /* cosignatures up to this one were sent to it */
    uint64_t revouched_ms; /* when it was last sent all again; not noted */
    bool is_dirty;
    uint64_t save_ms; /* when to note it down */
};

/* A log of which the peer may hold another tree than we do. */
struct doubt {
    struct log_id log;
    uint64_t until_ms; /* without evidence by then, its batch is refused */
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
    /* Words that the peer said: gathered, and with the writer. */
    struct buf words; /* as frames */
    size_t word_count;
    struct hear_job *hearing;
    uint64_t hear_ms;            /* when to try again; UINT64_MAX: no need */
    struct effect_differs wants; /* what is to be said, from say_ms on */
    uint64_t say_ms;             /* UINT64_MAX: nothing */
    size_t vouch_pages;          /* that were said */
    bool is_saying;
    struct doubt doubts[ENGINE_DOUBTS_MAX];
    size_t doubt_count;
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

    /* What sessions are told beside the clock, of the same moment. */
    struct frame_marks marks;
    struct reconcile_limit *limits; /* logs that are forked, ascending */
    size_t limit_count;
    struct buf news;    /* evidence that every peer is to be told: frames */
    struct list heards; /* hear jobs whose answers are due */
    uint64_t cosign_every_ms; /* UINT64_MAX: never */
    uint64_t cosigned_ms;     /* when it last ran, UINT64_MAX: never did */
    uint64_t grown_ms;        /* since when logs have grown; UINT64_MAX */
    bool is_cosigning;

    struct list joins; /* calls that want to join, one at a time */
    bool is_joining;

    bool wants_index;
    bool has_untold; /* our clock has grown, and that is not told yet */
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

/* engine_marks.c */

/* Read what sessions are told beside the clock. Evidence that is new since
 * the last time goes to engine->news, unless `is_first`. */
enum err marks_read(struct engine *engine, struct view *view, bool is_first,
    bool *out_has_changed, struct err_msg *msg) MUST_USE;
/* Tell every open call the news. */
void marks_tell_news(struct engine *engine);
/* The limit of a log, UINT64_MAX if it is not forked. */
uint64_t marks_limit(const struct engine *engine, const struct log_id *log);

/* engine_say.c */

/* May words be said to the peer? */
bool say_may(const struct call *call);
/* Say frames, as words. */
void say_frames(struct call *call, struct bytes frames);
/* DIFFERS: say what the peer may lack. */
void say_differences(struct call *call, const struct effect *effect);
/* Say the heads of one log: ERR_NOMEM and what the pool says. */
enum err say_heads(struct call *call, const struct log_id *log) MUST_USE;
/* Our own cosignatures (since, until] are made: tell every open call. */
void say_vouches(struct engine *engine, uint64_t since, uint64_t until);
/* What waits for its time. */
void say_tick(struct call *call);
uint64_t say_wake_ms(const struct call *call);

/* engine_hear.c: what peers say */

/* HEARD: kept until the step is done. ERR_NOMEM. */
enum err hear_take(struct call *call, const struct effect *effect) MUST_USE;
/* Hand what was kept to the writer, if it has not got some already. */
void hear_next(struct call *call);
/* Pass on the answers. */
void hear_answer(struct engine *engine);
void hear_tick(struct call *call);
uint64_t hear_wake_ms(const struct call *call);
/* The call is gone: what the writer has got outlives it. */
void hear_drop(struct call *call);
/* A batch was refused, though its head is the author's: keep that, say what we
 * hold, and go on without that log. False: there are too many such logs. */
bool hear_doubt(
    struct call *call, const struct log_id *log, const struct head *head);
/* Is this log left out for this call? */
bool hear_is_doubtful(const struct call *call, const struct log_id *log);

/* engine_vouch.c: cosigning */

/* Logs have grown. */
void vouch_note_growth(struct engine *engine);
/* A session is in step; `is_first`: for the first time. */
void vouch_synced(struct engine *engine, bool is_first);
void vouch_tick(struct engine *engine);
uint64_t vouch_wake_ms(const struct engine *engine);

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
/* It was sent the cosignatures up to this sequence. */
void peer_set_vouched(
    struct engine *engine, struct peer *peer, uint64_t sequence);
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
