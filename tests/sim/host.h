/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One machine: a node with its store, writer and engine, its disk and its two
 * clocks. It crashes and comes back; the node's identity stays.
 *
 *   down -> host_boot -> up -> host_crash -> down
 *                           -> host_stop  -> down (with a bye)
 *
 * The writer has no thread: what the engine and people hand to it is written
 * when the agenda says so. While a commit waits for its disk the engine may
 * run, as it does beside a thread.
 */
#ifndef CORRIDOR_TESTS_SIM_HOST_H
#define CORRIDOR_TESTS_SIM_HOST_H

#include "node/serve/engine.h"
#include "tests/sim/disk.h"
#include "tests/sim/held.h"
#include "tests/sim/net.h"

struct sim;
struct host;
struct pending;

enum { HOST_PEERS_MAX = NET_MACHINES_MAX, HOST_NAME_BYTES = 8 };

/* A job of the simulator's own; lives until it is done. */
struct host_write {
    struct job job;
    struct host *host;
    /* As job.run. */
    enum err (*run)(
        struct host_write *write, struct store *store, struct err_msg *msg);
    /* The answer; may be NULL. The write is freed afterwards. */
    void (*done)(struct host_write *write, enum err rc);
    void *context; /* freed with the write by free(); may be NULL */
};

struct host {
    struct sim *sim;
    unsigned index;
    char name[HOST_NAME_BYTES]; /* "a", "b" … */
    unsigned office;            /* which of the run's offices it is of */
    struct secret_key office_key;
    struct node node;
    struct buf cert; /* for this corridor */
    struct disk disk;
    struct engine *engine; /* NULL: down */
    uint64_t epoch;        /* of this boot */
    bool is_founder;
    bool is_hostile;
    /* Its own logs need not be one (forks.h); and how that comes. */
    bool is_dishonest;
    bool rewrites;        /* goes back to older disks, and writes on */
    bool is_silent;       /* never passes on what tells of forks */
    struct host *model;   /* whose home it is a copy of; NULL: it is none */
    uint8_t roles;        /* of its office, enum role */
    struct held held;     /* of the logs of dishonest ones */
    bool is_enrolled;     /* has written its enrolment */
    bool was_restored;    /* from an older disk, and not yet whole again */
    bool is_in_poll;      /* the engine is running */
    bool has_wake;        /* a poll is on the agenda */
    bool has_drain;       /* so is a drain */
    uint64_t tick_ms;     /* the tick on the agenda, UINT64_MAX: none */
    size_t works_pending; /* of the engine's pool */
    struct host_work *works;
    /* The invitation it joins by; and how it dials. */
    struct secret_key invitation;
    unsigned inviter; /* a host */
    bool dials[HOST_PEERS_MAX];
    bool dials_once;
    uint64_t dial_ms;
    /* Clocks: monotonic time starts at each boot. */
    uint64_t boot_ms;
    int64_t wall_offset_ms;
    int64_t wall_drift_ppm;
    /* What of each log (numbers of the truth) it holds and has said so. */
    struct vclock stored;       /* when last looked at */
    struct vclock applied;      /* likewise */
    struct vclock durable;      /* at the last sync */
    struct vclock acknowledged; /* to people and peers */
    struct vclock backed_up;    /* in the disk's backup */
    struct pending *pending;    /* work.c's edits that wait for a commit */
    size_t pending_count;
    size_t pending_capacity;
    uint64_t matched; /* entries of its changes log that work.c knows */
    uint64_t start_ms;
    uint64_t syncs_seen; /* check.c's: of the disk */
    uint64_t commits;
};

/* A machine of that office, down. */
struct host *host_new(struct sim *sim, unsigned index, unsigned office);
/* Crash it if it is up, and free it. */
void host_free(struct host *host);

/* Start: open the store and the engine. */
void host_boot(struct host *host);
/* The power goes. */
void host_crash(struct host *host);
/* Shut down as the daemon does. */
void host_stop(struct host *host);
/* Keep what is on the disk now as the backup. */
void host_back_up(struct host *host);
/* Down, with the disk as the backup has it. */
void host_restore(struct host *host);
bool host_is_up(const struct host *host);

/* Within a write of the inviter: the invitation that the guest has. */
enum err host_invite(struct store *store, const struct host *guest,
    struct err_msg *msg) MUST_USE;

/* The machine's own idea of Unix time. */
uint64_t host_wall_ms(const struct host *host);
/* Its number on the wire. */
const struct node_id *host_id(const struct host *host);

/* Hand a write to the writer; it is written soon. */
void host_submit(struct host *host, const struct host_write *write);
/* Have the writer write all that waits, now. */
void host_drain(struct host *host);
/* After any call of the engine: see when it wants to be woken. */
void host_arm(struct host *host);
/* Dial those it should dial and is not connected with. */
void host_dial(struct host *host);
/* Dial one. */
void host_call(struct host *host, struct host *peer);

/* For the network. */
bool host_connected(void *sim, struct net_conn *conn);
void host_received(void *sim, struct net_end *end, struct bytes bytes);
void host_ended(void *sim, struct net_end *end);

#endif
