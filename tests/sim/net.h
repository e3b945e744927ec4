/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network of byte streams in virtual time. Each connection is two ordered
 * streams with a delay and a rate; bytes arrive in pieces cut anywhere.
 * Connections break, or go silent without a word; lines between machines go
 * down. Of each dialler's first bytes some are recorded, to be sent again.
 *
 *   net_send -> transit -> (delay, rate) -> arrived -> received()
 */
#ifndef CORRIDOR_TESTS_SIM_NET_H
#define CORRIDOR_TESTS_SIM_NET_H

#include "tests/lib/prng.h"
#include "tests/sim/agenda.h"
#include "tests/sim/room.h"

enum {
    NET_MACHINES_MAX = 16,
    NET_NOBODY = -1, /* the machine of a stranger */
    NET_RECORDED_MAX = 8
};

struct net;
struct net_conn;

/* One end of a connection. */
struct net_end {
    struct net *net;
    struct net_conn *conn;
    struct net_end *other;
    int machine;
    void *user;          /* the owner's: its call, NULL without one */
    struct pool transit; /* on its way to here */
    struct pool arrived; /* here, and not yet read */
    uint64_t busy_ms;    /* until then the line carries what was sent to it */
    uint64_t received;
    bool is_paused;
    bool is_reading; /* received() is under way */
    bool is_closed;  /* the owner has let go of it, or was told it ended */
    bool has_ended;  /* nothing comes after what is here */
};

struct net_conn {
    struct net_end ends[2]; /* the dialler's, the listener's */
    uint64_t number;
    bool is_lost; /* silent: what is sent is gone */
    bool is_recorded;
};

/* The line between two machines, the same both ways. */
struct net_line {
    uint64_t delay_ms;
    uint64_t bytes_per_ms;
    bool is_down;
};

/* What somebody sent first, to a machine. */
struct net_recorded {
    int to;
    struct pool bytes;
};

struct net {
    struct agenda *agenda;
    struct prng *prng;
    struct net_line lines[NET_MACHINES_MAX][NET_MACHINES_MAX];
    struct net_conn **conns;
    size_t count;
    size_t capacity;
    struct net_recorded recorded[NET_RECORDED_MAX];
    size_t recorded_count;
    bool is_smooth; /* bytes come in one piece: for stories */
    void *context;
    /* Both ends are there: open sessions on them. False: refused. */
    bool (*connected)(void *context, struct net_conn *conn);
    void (*received)(void *context, struct net_end *end, struct bytes bytes);
    /* The stream has ended, and the end is closed. */
    void (*ended)(void *context, struct net_end *end);
};

/* Nobody is connected; lines are as `line` says. */
void net_init(struct net *net, struct agenda *agenda, struct prng *prng,
    const struct net_line *line);
/* Free what it holds. */
void net_release(struct net *net);

/* Set the line between two machines. */
void net_set_line(struct net *net, int a, int b, const struct net_line *line);
/* Is the way between them open? */
bool net_is_up(const struct net *net, int a, int b);

/* Call a machine: connected() comes one round trip later, or never. */
void net_dial(struct net *net, int from, int to);
/* Call as a stranger and send these bytes at once (copied). */
void net_intrude(struct net *net, int to, struct bytes bytes);
/* Send to the other end. */
void net_send(struct net_end *end, struct bytes bytes);
/* Stop or go on giving what arrives. */
void net_pause(struct net_end *end, bool is_paused);
/* The owner closes: the other end hears of it after what was sent. */
void net_close(struct net_end *end);

/* Break a connection: what is on its way is lost. */
void net_break(struct net_conn *conn);
/* Let it go silent: nobody is told. */
void net_lose(struct net_conn *conn);
/* Break every connection of a machine; it is told of none. */
void net_unplug(struct net *net, int machine);
/* Break all between two machines, or let them go silent. */
void net_sever(struct net *net, int a, int b, bool is_silent);
/* Does any connection still stand? */
bool net_is_open(const struct net_conn *conn);

#endif
