/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small world for sessions: up to three nodes with stores that only count,
 * pipes with a delay, and virtual time. What the sessions ask for is carried
 * out and written down: the transcript.
 *
 * Nodes are a, b and c; "ax" is a's control log, "ac" its changes log.
 *
 * Beside sizes a node holds one log of which it may have another branch than
 * others, the logs it knows to be forked, and vouches, which are numbers.
 */
#ifndef CORRIDOR_TESTS_LIB_WIRE_WORLD_H
#define CORRIDOR_TESTS_LIB_WIRE_WORLD_H

#include "crypto/base/buf.h"
#include "sync/model/vclock.h"
#include "sync/wire/session.h"

enum {
    WORLD_NODES = 3,
    WORLD_CONNS = 16,
    WORLD_EVENTS = 65536,
    WORLD_FROZEN = 4,
    WORLD_PSK_LINK = 0, /* the corridor's link secret */
    WORLD_PSK_INVITE = 1
};

struct world_bases {
    struct buf sent;
    struct buf heard[2];
};

struct world_node {
    char name;
    struct node_id id;
    struct secret_key noise;
    struct log_table logs;
    struct vclock stored;
    struct world_bases bases[WORLD_NODES];  /* of each peer */
    enum session_level levels[WORLD_NODES]; /* of each peer */
    bool tells_no_marks;
    struct log_id branch; /* of this log it has other entries than others */
    bool has_branch;
    struct reconcile_limit frozen[WORLD_FROZEN]; /* ascending */
    size_t frozen_count;
    uint64_t vouches;         /* a bit each */
    struct frame_marks marks; /* as its sessions were last told */
    bool is_committing;       /* a commit is under way */
    bool takes_nothing;       /* answers ACCEPT without storing */
    bool takes_exactly;       /* stores batches only that begin at its end */
    bool reads_nothing;       /* answers READ with nothing */
    bool never_accepts;       /* does not answer ACCEPT */
    bool hears_nothing;       /* passes over words */
    bool refuses;             /* answers ACCEPT and JOIN with REFUSED */
};

/* One end of a connection. */
struct world_end {
    struct session *session; /* NULL once hung up */
    struct world_node *node;
    struct world_end *other;
    size_t accepts;      /* handed over, to be answered */
    size_t heards;       /* words, likewise */
    struct buf words;    /* what was heard: frames */
    uint64_t vouched;    /* vouches that the peer was told */
    struct buf inbox;    /* batches to be committed, one after another */
    struct buf backlog;  /* received and not read: the session paused */
    uint64_t sent;       /* bytes, all told */
    uint64_t frames;     /* SENDs */
    enum bye_reason end; /* why it hung up */
    bool has_ended;
    bool is_joining;
    bool is_cut; /* what it sends is lost */
};

struct world_event {
    uint64_t due_ms;
    uint64_t number;
    enum {
        WORLD_OPEN,
        WORLD_DELIVER,
        WORLD_CLOSED,
        WORLD_READ,
        WORLD_COMMIT,
        WORLD_SAY,
        WORLD_TICK
    } type;
    struct world_end *end;
    struct world_node *node;
    uint8_t *data; /* DELIVER */
    size_t size;
    struct log_id log; /* READ */
    uint64_t from;
    size_t bytes_max;
    struct effect differs; /* SAY */
};

struct world {
    uint64_t now_ms;
    uint64_t delay_ms;  /* one way */
    uint64_t commit_ms; /* from ACCEPT to ACCEPTED */
    size_t entry_bytes;
    size_t chunk_bytes; /* TCP delivers at most this at once; 0: all */
    struct world_node nodes[WORLD_NODES];
    struct world_end ends[2 * WORLD_CONNS];
    size_t end_count;
    struct world_event events[WORLD_EVENTS];
    size_t event_count;
    uint64_t event_number;
    uint64_t ephemeral; /* a number that makes each session's key */
    struct buf transcript;
    bool is_quiet; /* write no transcript */
    /* Fail the nth allocation of the nth step; -1: none. */
    long fault_step;
    long fault_allocation;
    long steps;
    bool was_fault_hit;
};

/* Nodes without logs, that know each other, at the time 1000 ms. */
void world_init(struct world *world);
/* Free what it holds. */
void world_release(struct world *world);

/* The node of that name. */
struct world_node *world_node(struct world *world, char name);
/* The id of "ax". */
struct log_id world_log(const char *name);

/* The node stores entries up to `size` of the log, before or without
 * telling its sessions. */
void world_store(
    struct world *world, char node, const char *log, uint64_t size);
/* The same for `count` changes logs of other nodes. */
void world_store_many(
    struct world *world, char node, size_t count, uint64_t size);
/* It writes `count` entries to a log and tells its sessions. */
void world_write(
    struct world *world, char node, const char *log, uint64_t count);

/* The node has another branch of a log than the others. */
void world_branch(struct world *world, char node, const char *log);
/* It has learnt that the log is forked, and tells its sessions. */
void world_freeze(struct world *world, char node, const char *log);
/* It vouches for something, by a number below 64, and tells its sessions. */
void world_vouch(struct world *world, char node, unsigned number);

/* It tells its sessions what it holds, and that words were dealt with. */
void world_tell(struct world *world, char node);

/* How a dialler dials. */
struct world_dial {
    bool once;
    bool is_join;
    bool has_cert;
};
/* The dialler's end; the listener's is its `other`. */
struct world_end *world_dial(
    struct world *world, char from, char to, const struct world_dial *dial);

/* Give one event to an end's session and carry out what it asks for. */
void world_step(
    struct world *world, struct world_end *end, const struct event *event);

/* Carry out what is due until the time, which is then. */
void world_run(struct world *world, uint64_t until_ms);

/* TCP breaks at both ends, and what is on its way is lost. */
void world_cut(struct world *world, struct world_end *end);

/* Does the node hold all that the other holds, and the other way? */
bool world_is_equal(struct world *world, char a, char b);

/* The transcript so far is this; it starts anew. */
void world_expect(struct world *world, const char *expected);

#endif
