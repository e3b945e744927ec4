/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session between two nodes of one corridor, as a step function: events
 * in, effects out; the same events give the same effects. No I/O, clock or
 * randomness: time, ephemeral keys and what the disk holds are handed in
 * (docs/protocol.md, "Session").
 *
 *   state       event                      effects                   next
 *   ----------  -------------------------  ------------------------  --------
 *   NEW (d)     OPENED                     SEND message 1            HELLO
 *   NEW (l)     OPENED                     -                         HELLO
 *   HELLO (d)   RECEIVED message 2         PEER_CLOCK, READ…, SEND   OPEN
 *                                          clock or join
 *   HELLO (d)   RECEIVED message 2, once,  SYNCED, HANG_UP           CLOSED
 *               nothing new on either side
 *   HELLO (l)   RECEIVED message 1         AUTHENTICATE              ASKED
 *   ASKED       AUTHENTICATED              SEND message 2, READ…     OPEN
 *   OPEN        RECEIVED entries           ACCEPT                    OPEN
 *   OPEN        RECEIVED clock             PEER_CLOCK, READ…, BASES  OPEN
 *   OPEN        RECEIVED join (l)          JOIN                      OPEN
 *   OPEN        BATCH (read result)        SEND entries, READ…       OPEN
 *   OPEN        ACCEPTED, COMMITTED        SEND clock, READ…         OPEN
 *   OPEN        JOINED (l)                 SEND level, clock, READ…  OPEN
 *   OPEN        HOLD                       SEND want                 OPEN
 *   OPEN        REFUSED                    SEND bye, HANG_UP         CLOSED
 *   OPEN        RECEIVED bye               HANG_UP                   CLOSED
 *   OPEN        clocks and heads have      SYNCED                    OPEN
 *               become equal
 *   OPEN        clocks are equal, marks    DIFFERS                   OPEN
 *               are not; or neither is
 *               and nothing is left to send
 *   OPEN        RECEIVED head, fork or     HEARD                     OPEN
 *               vouch
 *   OPEN        HEARD, SAY                 SEND                      OPEN
 *   any         TICK                       SEND ping, HANG_UP        any
 *   OPEN        RECEIVED anything wrong    SEND bye, HANG_UP         CLOSED
 *   before      RECEIVED anything wrong    HANG_UP                   CLOSED
 *   any         CLOSE                      SEND bye, HANG_UP         CLOSED
 *
 * After HANG_UP every event gives no effects. WAKE may come with any step.
 * Until the dialler's first transport message a listener changes nothing and
 * sends at most SESSION_FIRST_FLIGHT_BYTES_MAX: message 1 may be a replay.
 *
 * What a peer can make this hold is bounded: frames received
 * (LINK_HELD_BYTES_MAX), one clock, SESSION_READS_MAX reads, one record for
 * each of WINDOW_FLIGHTS_MAX batches on their way, a set of held logs,
 * SESSION_HEARDS_MAX words.
 */
#ifndef CORRIDOR_SYNC_WIRE_SESSION_H
#define CORRIDOR_SYNC_WIRE_SESSION_H

#include "crypto/noise.h"
#include "sync/model/log.h"
#include "sync/model/vclock.h"
#include "sync/wire/frame.h"
#include "sync/wire/reconcile.h"

enum {
    SESSION_RECEIVED_BYTES_MAX = 1024 * 1024, /* in one event */
    SESSION_FIRST_FLIGHT_BYTES_MAX = 256 * 1024,
    SESSION_READS_MAX = 4,   /* outstanding at once */
    SESSION_PSKS_MAX = 64,   /* a listener tries */
    SESSION_ACCEPTS_MAX = 8, /* batches handed over, not yet answered */
    /* Of the peer's clocks in full, whatever the frames that change them say:
     * at once, and then with time. */
    SESSION_CLOCK_BYTES_BURST = 4 * 1024 * 1024,
    SESSION_CLOCK_BYTES_PER_MS = 16 * 1024,
    /* Words are head, fork and vouch frames: handed over, not answered; and
     * what each takes of the time that a peer has for them, beyond a first
     * 16384. */
    SESSION_HEARDS_MAX = 256,
    SESSION_WORD_MS = 16,
    SESSION_WORDS_BURST_MS = 16384 * SESSION_WORD_MS,
    /* Marks that differ, after the first comparison: for so long. */
    SESSION_SETTLE_MS = 1000,
    /* Of vouches alone a session that is not young tells later, as others
     * follow: from then on, and after so long. */
    SESSION_YOUNG_MS = 10 * 1000,
    SESSION_VOUCHES_MS = 5 * 1000,
    /* Between two times that heads differ: twice as long each time. */
    SESSION_HEADS_MS = 60 * 1000,
    SESSION_HEADS_MS_MAX = 60 * 60 * 1000,
    SESSION_HELLO_MS_MAX = 20 * 1000,
    SESSION_PING_MS = 15 * 1000, /* of silence from us */
    SESSION_DEAD_MS = 40 * 1000, /* of silence from the peer */
    SESSION_IDLE_MS = 10 * 1000, /* `once`: nothing to wait for any more */
    SESSION_LIFE_MS_MAX = 24 * 60 * 60 * 1000
};

enum session_level {
    LEVEL_NONE = 0,    /* hang up, in silence */
    LEVEL_JOIN = 1,    /* an invitation's secret: nothing before its JOIN */
    LEVEL_CONTROL = 2, /* control entries only, until enrolled here */
    LEVEL_FULL = 3
};

enum bye_reason {
    BYE_DONE = 0, /* nothing more to exchange */
    BYE_SHUTDOWN = 1,
    BYE_DENIED = 2,  /* no longer a member, or the invitation is used up */
    BYE_REFUSED = 3, /* a batch was refused */
    BYE_BUSY = 4,    /* another connection to the same peer stays */
    BYE_ERROR = 5,
    BYE_CUT = 6,  /* never sent: the link broke or went silent */
    BYE_HELLO = 7 /* never sent: the handshake did not succeed */
};
/* A few words for diagnostics; never NULL. */
const char *bye_text(enum bye_reason reason);

/* Our stored clock: what this node durably holds. */
struct session_clock {
    struct bytes full; /* as vclock_encode writes it */
    /*
     * Its logs in the order in which they became known here: they are sent
     * in that order, control logs first. A log table's ids will do.
     */
    const struct log_id *order;
    size_t order_count;
    /* What else both sides should hold alike, of the same moment; NULL: the
     * peer is not told. */
    const struct frame_marks *marks;
    /* The logs that are known here to be forked, ascending, each once. */
    const struct reconcile_limit *limits;
    size_t limit_count;
};

/* A head, fork or vouch frame, to be said. */
struct session_word {
    enum frame_type type;
    struct bytes payload;
};

struct session;

struct session_options {
    bool is_dialler;
    bool is_join; /* dialler: sends its join once the link stands */
    bool once;    /* dialler: hang up when both sides hold the same */
    struct node_id listener; /* in the prologue */
    struct node_id self;
    struct node_id peer;            /* dialler: whom it calls */
    const struct secret_key *noise; /* our static secret */
    struct secret_key ephemeral;    /* fresh for this session */
    struct public_key peer_noise;   /* dialler */
    /* Dialler: the one psk; listener: all it tries, newest first. */
    const struct secret_key *psks;
    size_t psk_count;
    /* Dialler: sent in message 1 unless empty, and as the join. */
    struct bytes cert;
    /* Dialler: what a listener gives with struct session_auth. */
    struct session_clock clock;
    struct bytes sent_base;
    struct bytes heard_bases[2];
    uint64_t now_ms;
};

/*
 * All is copied. The clock must be well-formed: asserted. ERR_NOMEM. Free
 * with session_free in any state.
 */
enum err session_new(
    struct session **out, const struct session_options *options) MUST_USE;
/* Wipes what is secret; NULL is fine. */
void session_free(struct session *session);

enum event_type {
    EVENT_OPENED,        /* TCP connects */
    EVENT_RECEIVED,      /* at most SESSION_RECEIVED_BYTES_MAX */
    EVENT_TICK,          /* it is later */
    EVENT_AUTHENTICATED, /* answer to AUTHENTICATE */
    EVENT_LEVEL,     /* the peer's standing has changed: FULL, CONTROL, NONE */
    EVENT_BATCH,     /* answer to READ, in any order */
    EVENT_ACCEPTED,  /* answer to ACCEPT, in order: committed, durable */
    EVENT_REFUSED,   /* answer to ACCEPT or JOIN: ends the session */
    EVENT_JOINED,    /* answer to JOIN: the admission is committed */
    EVENT_COMMITTED, /* our stored clock has grown, durably, otherwise */
    EVENT_HEARD,     /* answer to HEARD: it was dealt with */
    EVENT_SAY,       /* say words to the peer, if its standing allows */
    EVENT_HOLD,      /* ask the peer (not) to send some logs: assignment */
    EVENT_CLOSE      /* BYE_CUT: TCP has ended */
};

/* What the engine knows of a peer that has just shown itself. */
struct session_auth {
    enum session_level level;
    struct node_id peer;
    struct session_clock clock;
    struct bytes sent_base;      /* BASES' last `sent`; empty: none */
    struct bytes heard_bases[2]; /* BASES' last two `heard`, likewise */
};

struct event {
    enum event_type type;
    uint64_t now_ms; /* monotonic */
    union {
        struct bytes received;
        struct session_auth auth; /* AUTHENTICATED; LEVEL uses level alone */
        struct {
            struct log_id log;
            uint64_t from;
            uint64_t to;          /* == from: nothing to be had now */
            struct bytes encoded; /* batch_encode's bytes */
        } batch;
        struct {
            enum bye_reason reason; /* BYE_REFUSED, BYE_DENIED, BYE_ERROR */
        } refused;
        /* ACCEPTED, COMMITTED, JOINED; one that is below the last, as when
         * two commits overtake each other, is passed over. */
        struct {
            struct session_clock clock;
            /*
             * ACCEPTED: how many ACCEPTs it answers, the oldest first. A
             * batch that was held already, or that does not fit because
             * entries before it are missing, is answered so too: what came
             * of it is seen in the clock. One that begins below what is held
             * and goes beyond must be taken in from there.
             */
            size_t accepts;
        } stored;
        struct { /* once open; before, it is passed over */
            const struct log_id *logs;
            size_t count;
            bool hold; /* false: send them again */
        } hold;
        struct {
            size_t count; /* how many HEARDs it answers */
        } heard;
        struct {
            const struct session_word *words;
            size_t count;
        } say;
        enum bye_reason close;
    } u;
};

enum effect_type {
    EFFECT_SEND,
    EFFECT_AUTHENTICATE, /* who is that? answer AUTHENTICATED at once */
    EFFECT_READ,         /* a batch from the disk: answer BATCH */
    EFFECT_ACCEPT,       /* verify, store, commit: ACCEPTED or REFUSED */
    EFFECT_JOIN,         /* admit the peer: JOINED or REFUSED */
    EFFECT_PEER_CLOCK,   /* the peer durably holds this: for status */
    EFFECT_BASES,        /* remember these for the next session, lazily */
    EFFECT_SYNCED,       /* both sides hold the same, now */
    EFFECT_HEARD,        /* what the peer says of a log: answer HEARD */
    EFFECT_DIFFERS,      /* these marks do, and it is time to say so */
    EFFECT_WAKE,         /* TICK at or after wake_ms; replaces the last */
    EFFECT_HANG_UP       /* after what SEND gave: close; always the last */
};

struct effect_differs {
    bool heads;
    bool forks;
    bool vouches;
};

struct effect {
    enum effect_type type;
    union {
        struct bytes send;
        struct {
            struct public_key noise; /* the peer's static key */
            /* Fresh for each handshake: seen again, it is a replay. */
            struct public_key ephemeral;
            struct bytes cert; /* may be empty; not yet verified */
            size_t psk;        /* which of the psks it knew */
            bool is_join;      /* it asks to join: LEVEL_JOIN, or as usual */
        } authenticate;
        struct {
            struct log_id log;
            uint64_t from;
            size_t bytes_max; /* of bodies and headers, about */
        } read;
        struct bytes accept; /* an encoded batch */
        struct {
            struct bytes cert;
            size_t psk;
        } join;
        struct bytes peer_clock; /* full form */
        struct {
            /* Either may be empty: no news. */
            struct bytes sent;  /* the peer has confirmed this clock of ours */
            struct bytes heard; /* a clock of its that we have confirmed */
        } bases;
        /* Of the length that its type has; nothing else is checked. */
        struct session_word heard;
        struct effect_differs differs;
        uint64_t wake_ms;
        enum bye_reason hang_up;
    } u;
};

/*
 * Bytes live until the next step of the same session, or with the same
 * effects: carry all of them out before that. Zero it first.
 */
struct effects {
    struct effect *items;
    size_t count;
    size_t capacity;
    struct buf bytes; /* what SEND and others view into */
};
/* NULL and zeroed are fine. */
void effects_release(struct effects *effects);

/*
 * Take one event; *out is cleared and filled. Errors of the world come as
 * HANG_UP; the return is ERR_OK or ERR_NOMEM (then the session must be
 * closed: its state is whole, but effects are lost).
 */
enum err session_step(struct session *session, const struct event *event,
    struct effects *out) MUST_USE;

/* For status and diagnostics. */
struct session_status {
    bool is_open;   /* the handshake is done */
    bool is_synced; /* clocks and heads were equal at the last exchange */
    /* Stop reading the socket: batches wait for their answers here. */
    bool wants_pause;
    enum session_level level;
    struct node_id peer;
    struct hash handshake; /* names the session in diagnostics */
    uint64_t bytes_sent;
    uint64_t bytes_received;
    uint64_t entries_sent;
    uint64_t last_heard_ms;
};
/* Where the session stands. */
void session_status(const struct session *session, struct session_status *out);

/* Internal invariants, for tests after each step. */
bool session_check(const struct session *session);

#endif
