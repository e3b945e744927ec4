/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One who means harm. As a stranger it knows a daemon's address and, at the
 * most, its keys; as a member gone bad it has a whole home, with all keys.
 */
#ifndef CORRIDOR_TESTS_SCENARIOS_TOOLS_HOSTILE_H
#define CORRIDOR_TESTS_SCENARIOS_TOOLS_HOSTILE_H

#include "node/node.h"
#include "sync/wire/link.h"

enum { HOSTILE_WAIT_MS = 10 * 1000 };

/* How the daemon met an attack. */
enum answer {
    ANSWER_SILENCE, /* closed, and not one byte came back */
    ANSWER_CLOSED,  /* closed without a bye */
    ANSWER_BYE,     /* ended with a bye: `reason` */
    ANSWER_IGNORED, /* it goes on, and has taken nothing in */
    ANSWER_TAKEN,   /* it has stored what it was sent */
    ANSWER_OPEN,    /* nothing came within the time */
    ANSWER_FAILED   /* the attack itself did not work */
};

struct hostile {
    const char *mode;
    const char *to;      /* "host:port" */
    const char *from;    /* the address to call from; NULL: any */
    const char *office;  /* the name of the one attacked */
    uint64_t count;      /* how often, or how many */
    struct node *node;   /* the home of the member gone bad; or NULL */
    struct node_id peer; /* the one attacked; zeros for raw attacks */
    struct public_key peer_noise;
    uint64_t reason; /* enum bye_reason, with ANSWER_BYE */
    uint64_t closed; /* connections that ended, of those that were made */
    struct err_msg msg;
};

/* hostile_raw.c: without keys. */
enum answer hostile_garbage(struct hostile *h);
enum answer hostile_length(struct hostile *h);
enum answer hostile_slow(struct hostile *h);

/* hostile_hello.c: handshakes that should not succeed. */
enum answer hostile_stranger(struct hostile *h);
enum answer hostile_no_secret(struct hostile *h);
enum answer hostile_replay(struct hostile *h);

/* hostile_frames.c: a member that breaks the protocol. */
enum answer hostile_frame(struct hostile *h);
enum answer hostile_strange_frames(struct hostile *h);
enum answer hostile_pings(struct hostile *h);
enum answer hostile_words(struct hostile *h);
enum answer hostile_wants(struct hostile *h);
enum answer hostile_clock(struct hostile *h);

/* hostile_batch.c: a member that lies about logs. */
enum answer hostile_head(struct hostile *h);
enum answer hostile_gap(struct hostile *h);
enum answer hostile_flip(struct hostile *h);
enum answer hostile_foreign(struct hostile *h);
enum answer hostile_unknown_log(struct hostile *h);
enum answer hostile_void(struct hostile *h);
enum answer hostile_future(struct hostile *h);
enum answer hostile_fork(struct hostile *h);

/*
 * A connection after its handshake, of which the caller knows every byte.
 * hello_open says in *out_answer how it failed.
 */
struct talk {
    int fd;
    struct link link;
    struct buf sent;
    uint64_t frames;  /* entries frames sent */
    uint64_t taken;   /* of these, the daemon says it has dealt with */
    struct buf clock; /* the daemon's, in full; empty: not heard yet */
};
struct hello_options {
    const struct secret_key *noise; /* our static secret */
    const struct secret_key *psk;
    struct buf *keep_first; /* message 1 as it went out; may be NULL */
};
bool talk_open(struct talk *talk, struct hostile *h,
    const struct hello_options *options, enum answer *out_answer);
/* The same as the member that our home is; tells our clock. */
bool talk_open_member(
    struct talk *talk, struct hostile *h, enum answer *out_answer);
void talk_close(struct talk *talk);
/* Send the frames that wait in talk->link.frames. False: it is closed. */
bool talk_flush(struct talk *talk);
/* Take in what comes until a bye, the end, or *until becomes true (may be
 * NULL); ANSWER_OPEN: the time is over; ANSWER_TAKEN: *until. */
enum answer talk_listen(struct talk *talk, struct hostile *h,
    bool (*until)(const struct talk *talk));

#endif
