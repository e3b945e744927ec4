/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the session's files share; for them only. session.c takes events,
 * session_hello.c shakes hands, session_receive.c reads frames,
 * session_send.c sends entries, session_word.c compares marks and passes on
 * words, session_finish.c ends each step.
 *
 * Functions return ERR_OK, ERR_NOMEM (the session is done for), or any other
 * error for what the peer did wrong: session_step then hangs up.
 */
#ifndef CORRIDOR_SYNC_WIRE_SESSION_INTERNAL_H
#define CORRIDOR_SYNC_WIRE_SESSION_INTERNAL_H

#include "sync/wire/link.h"
#include "sync/wire/reconcile.h"
#include "sync/wire/session.h"
#include "sync/wire/window.h"

enum session_state {
    STATE_NEW,
    STATE_HELLO,
    STATE_ASKED,
    STATE_OPEN,
    STATE_CLOSED
};

/* Needed until the link is open; secret memory. */
struct session_hello {
    struct noise_handshake hs;
    struct secret_key noise;
    struct secret_key ephemeral;
    struct secret_key psks[SESSION_PSKS_MAX];
    size_t psk_count;
};

/* One READ that has not been answered. */
struct session_read {
    struct log_id log;
    uint64_t from;
    size_t bytes_max;
};

/* The clock of ours that the peer was last told. */
struct session_told {
    bool is_known;   /* it was told one that it can have understood */
    bool is_current; /* it is our clock, not an older one */
    bool is_heard;   /* and the peer has said that it took it in */
    bool was_full;   /* one was told in full, which cannot be misunderstood */
    struct buf full;
    struct vclock_name name;
    uint64_t taken; /* `taken` that was told with it */
};

/* What we have told of the peer's clock. */
struct session_heard {
    bool is_known;           /* the peer's clock is: reconcile->theirs */
    bool is_told;            /* we have named one of its clocks */
    struct vclock_name name; /* of the peer's clock */
    struct vclock_name told; /* which we named last */
};

enum differ_kind { DIFFER_HEADS, DIFFER_FORKS, DIFFER_VOUCHES, DIFFER_KINDS };

/* Marks of one kind that were found to differ. */
struct session_difference {
    bool is_known;
    uint8_t ours[FRAME_MARK_BYTES]; /* when that was last said */
    uint8_t theirs[FRAME_MARK_BYTES];
    uint64_t moves;   /* reconcile's, likewise */
    uint64_t wait_ms; /* before it is said again ... */
    uint64_t next_ms; /* ... which is then */
};

/* What both sides hold beside entries. */
struct session_marks {
    bool has_ours;
    bool has_told;
    bool has_theirs;
    struct frame_marks ours;
    struct frame_marks told; /* of ours, last */
    struct frame_marks theirs;
    uint64_t untold_ms; /* since when they are not those that were told */
    bool is_comparing;  /* both are known, and of equal clocks ... */
    uint64_t equal_ms;  /* ... since then ... */
    uint64_t settle_ms; /* ... and when they will have settled */
    bool was_comparing; /* ever */
    struct session_difference said[DIFFER_KINDS];
    bool is_apart;     /* clocks differ, and we have nothing to send ... */
    uint64_t apart_ms; /* ... since then */
    struct session_difference apart_forks; /* said of forks while they did */
};

/* What this step owes, and forgets at its end. */
struct session_step_state {
    bool has_sent_entries;
    bool owes_clock; /* whatever was told */
    bool owes_peer_clock;
    bool owes_bases;
    bool owes_pong;
    bool is_closing;
    bool says_bye;
    enum bye_reason reason;
};

struct session {
    bool is_dialler;
    bool is_join;
    bool once;
    struct node_id listener;
    struct node_id self;
    struct node_id peer;
    struct public_key peer_noise;
    struct hash handshake;

    enum session_state state;
    enum session_level level;      /* what the peer may do here */
    enum session_level peer_level; /* what we may do there */
    bool is_confirmed;             /* listener: message 1 was no replay */
    bool is_joining;               /* JOIN was handed over */
    bool is_synced;
    bool says_nothing; /* dialler: both clocks were known already */

    struct session_hello *hello; /* NULL once open */
    struct buf cert;
    struct buf first; /* the plaintext of message 1 */
    struct hello_first asked;
    size_t psk;
    struct buf sent_base;
    struct buf heard_bases[2];

    struct link link;
    struct reconcile reconcile;
    struct window window;
    struct session_told told;
    struct session_heard heard;
    struct session_marks marks;
    /* Bytes of the peer's clocks looked at beyond what time has paid for, as
     * of clock_ms; the same of words, in milliseconds. When too many, frames
     * wait until wait_until_ms, else 0. */
    uint64_t clock_debt;
    uint64_t clock_ms;
    uint64_t word_debt;
    uint64_t word_ms;
    uint64_t wait_until_ms;
    uint64_t taken; /* entries frames dealt with */
    size_t accepts; /* handed over, not answered */
    size_t heards;  /* the same, of words */
    struct session_read reads[SESSION_READS_MAX];
    size_t read_count;
    size_t flight_bytes; /* sent before is_confirmed */
    bool is_flight_full;

    uint64_t now_ms;
    uint64_t opened_ms;
    uint64_t heard_ms;
    uint64_t sent_ms;
    uint64_t progress_ms;
    uint64_t wake_ms; /* of the last WAKE; UINT64_MAX: none */
    uint64_t bytes_sent;
    uint64_t bytes_received;
    uint64_t entries_sent;

    struct session_step_state step;
    struct effects *out; /* during a step */
};

/* session.c */

/* Append an effect. */
enum err session_emit(
    struct session *session, const struct effect *effect) MUST_USE;
/* End with this step; the first reason stays. */
void session_close(
    struct session *session, enum bye_reason reason, bool says_bye);
/* Our clock has grown. */
enum err session_set_ours(struct session *session,
    const struct session_clock *clock, bool is_fresh) MUST_USE;
/* The peer's clock is known, or has grown. */
enum err session_set_theirs(
    struct session *session, struct bytes full) MUST_USE;
/* What both may send: the lesser of the two levels. */
enum session_level session_level_sent(const struct session *session);
/* Frames wait: for answers to batches or to a join. */
bool session_is_held_back(const struct session *session);

/* session_hello.c */

/* OPENED: message 1, or nothing. */
enum err session_hello_begin(struct session *session) MUST_USE;
/* RECEIVED before the link is open; *input moves past what was taken. */
enum err session_hello_receive(
    struct session *session, struct bytes *input) MUST_USE;
/* AUTHENTICATED: message 2, or silence. */
enum err session_hello_answer(
    struct session *session, const struct session_auth *auth) MUST_USE;
/* Wipe what only the handshake needs. */
void session_hello_release(struct session *session);

/* session_receive.c */

/* RECEIVED once the link is open. */
enum err session_receive(struct session *session, struct bytes input) MUST_USE;
/* Take the frames that are there, until one must wait. */
enum err session_take_frames(struct session *session) MUST_USE;

/* session_send.c */

/* BATCH. */
enum err session_send_batch(
    struct session *session, const struct event *event) MUST_USE;
/* Append a frame of one number. */
enum err session_put_number(
    struct session *session, enum frame_type type, uint64_t number) MUST_USE;
/* HOLD. */
enum err session_put_want(
    struct session *session, const struct event *event) MUST_USE;
/* Ask for what the peer lacks, as long as it may be sent. */
enum err session_pump(struct session *session) MUST_USE;

/* session_word.c */

/* Of our own marks the peer has not been told, and may be. */
bool session_marks_are_due(const struct session *session);
/* And what it was told, if anything, does not say which logs are forked. */
bool session_forks_are_due(const struct session *session);
/* When to tell that by itself, though clocks are not equal; UINT64_MAX. */
uint64_t session_forks_tell_ms(const struct session *session);
/* From when on they are worth a frame by themselves; UINT64_MAX: they are
 * not due. */
uint64_t session_marks_tell_ms(const struct session *session);
/* Our marks were written for the peer. */
void session_note_marks_told(struct session *session);
/* Ours have changed; NULL: they are not known. */
void session_set_our_marks(
    struct session *session, const struct frame_marks *marks);
/* The peer's have. */
void session_set_their_marks(
    struct session *session, const struct frame_marks *marks);
/* Are the heads the same, or not to be compared? */
bool session_heads_agree(const struct session *session);
/* Are all marks? */
bool session_marks_agree(const struct session *session);
/* DIFFERS, if something does and it is time. */
enum err session_compare_marks(struct session *session) MUST_USE;
/* When that has something to do; UINT64_MAX: never. */
uint64_t session_marks_wake_ms(const struct session *session);
/* A head, fork or vouch frame came. */
enum err session_take_word(
    struct session *session, const struct frame *frame) MUST_USE;
/* SAY. */
enum err session_put_words(
    struct session *session, const struct event *event) MUST_USE;

/* session_finish.c */

/* What every step ends with: timers, reads, clock, SEND, WAKE, HANG_UP. */
enum err session_finish(struct session *session) MUST_USE;

#endif
