/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulator: a corridor of two to twelve nodes with the real model, wire,
 * storage and engine, where the network, the clocks, the disks and the faults
 * come from one seed. One seed is one run, byte for byte.
 *
 *   sim.c       a run from its seed to its verdict
 *   agenda      virtual time          net      connections, lines
 *   disk        what a crash leaves   host     one machine: node and engine
 *   work        what people write     fault    what goes wrong
 *   hostile     an office that lies      words    what it says of logs
 *   forks       nodes that sign two versions of their logs
 *   truth       every entry that was ever stored, and who could read it
 *   held        what there is no truth of: the logs of dishonest nodes
 *   oracle      what every field must show, by a naive reading of the rules
 *   check       the invariants, after each step that could break them
 *   plant       bugs, to see that they are caught
 *
 * The invariants (docs/architecture.md, "How it is tested"): what was
 * acknowledged is there after a crash; one position has one entry, and no
 * signed head says otherwise; equal clocks and rights give equal digests; no
 * value is lost in silence, and what is refused is listed. First they are
 * held under faults; then the faults stop and all must converge in time.
 * Where nodes are dishonest, all this holds of the honest ones' logs; of the
 * others', all honest nodes end with the same, or with evidence (held.h).
 */
#ifndef CORRIDOR_TESTS_SIM_SIM_H
#define CORRIDOR_TESTS_SIM_SIM_H

#include "tests/sim/host.h"
#include "tests/sim/oracle.h"
#include "tests/sim/truth.h"

enum { SIM_HOSTS_MAX = 12, SIM_HOSTS_MIN = 2 };

/* What a run can be found guilty of: the exit status is 10 more. */
enum violation {
    VIOLATION_DURABLE,  /* acknowledged, and not there */
    VIOLATION_POSITION, /* two entries for one position, or one unwritten */
    VIOLATION_HEAD,     /* a signed head contradicts the log */
    VIOLATION_DIGEST,   /* equal clocks and rights, and other records */
    VIOLATION_LOST,     /* a value is not shown as it must be */
    VIOLATION_REFUSED,  /* refused and not listed, or listed and not refused */
    VIOLATION_VERIFY,   /* the database does not verify */
    VIOLATION_PROGRESS, /* no convergence in time */
    VIOLATION_STATUS,   /* "synced", and it is not */
    VIOLATION_ERROR,    /* a call failed that must not */
    VIOLATION_EVIDENCE, /* evidence is missing, or speaks of an honest log */
    VIOLATION_FROZEN,   /* a log that is known to be forked has grown */
    VIOLATION_COUNT
};
/* A word for it; never NULL. */
const char *violation_name(enum violation violation);

/* What is to go wrong in a run. */
struct sim_faults {
    bool breaks;      /* connections break, go silent; lines go down */
    bool replays;     /* strangers repeat first messages */
    bool crashes;     /* power goes, between and within commits */
    bool clocks;      /* wall clocks are off, drift, jump */
    bool demotions;   /* offices lose the right to write */
    bool restores;    /* machines come back with older disks */
    bool allocations; /* memory runs out */
    bool hostile;     /* one office lies */
    bool forks;       /* nodes sign two versions of their logs */
};

struct sim_options {
    uint64_t seed;
    const char *dir;    /* for the disks; exists */
    bool is_verbose;    /* tell on standard error what happens */
    struct pool *story; /* or write it down here; NULL: do not */
    size_t hosts;       /* 0: as the seed says */
    bool is_calm;       /* no faults, no work but what the caller does */
    bool has_forks;     /* among the faults are forks */
};

struct sim {
    struct sim_options options;
    struct prng prng;
    struct agenda agenda;
    struct net net;
    struct schema *schema;
    struct corridor_id corridor;
    uint64_t wall_start_ms;
    uint64_t policy;
    struct host *hosts[SIM_HOSTS_MAX];
    size_t host_count;
    struct truth truth;
    struct oracle oracle;
    struct digests *digests; /* check.c's */
    struct sim_faults faults;
    bool is_over;     /* faults and work have stopped */
    bool is_unjudged; /* a story of what the oracle cannot know */
    uint64_t work_left;
    uint64_t steps;
    struct host *acting; /* whose engine runs now; NULL: none */
};

/* Make the machines of a run; the first founds the corridor. */
void sim_init(struct sim *sim, const struct sim_options *options);
/* Free all. */
void sim_release(struct sim *sim);
/* Let virtual time pass. */
void sim_pass(struct sim *sim, uint64_t ms);
/* The whole run: join, work and fail, calm down, converge. */
void sim_run(struct sim *sim);
/* Have every host that is up and not excused agree; false after `ms`. */
bool sim_settle(struct sim *sim, uint64_t ms);

/*
 * Found guilty: says why and which line repeats it on standard error, and
 * ends the process with 10 + violation.
 */
_Noreturn void sim_fail(struct sim *sim, enum violation violation,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A line of what happens, for whoever wants it. */
void sim_say(struct sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Draws: below a limit; true once in `n`. */
uint64_t sim_below(struct sim *sim, uint64_t limit);
bool sim_chance(struct sim *sim, uint64_t n);

/* Call back in `delay_ms`; the epoch is the host's, if there is one. */
struct sim_later {
    uint64_t delay_ms;
    void (*fire)(void *context, void *argument, uint64_t epoch);
    void *context;
    void *argument;
    uint64_t epoch;
};
void sim_later(struct sim *sim, const struct sim_later *later);

#endif
