/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two stores that speak through real sessions over a link in virtual time:
 * so many bits a second, a delay, and cuts. Bytes are those of TCP's payload.
 */
#ifndef CORRIDOR_TESTS_BENCH_LINK_H
#define CORRIDOR_TESTS_BENCH_LINK_H

#include "sync/wire/session.h"
#include "tests/bench/bench.h"

struct link_options {
    double bits_per_s; /* each way; 0: no limit */
    double delay_ms;   /* one way */
    double commit_ms;  /* how long a commit takes */
    double cut_ms;     /* every so often; 0: never */
    /* Both ends hold exactly this instead of what their stores do; its marks
     * too. */
    const struct session_clock *clock;
};

struct link_result {
    uint64_t bytes; /* put on the link, both ways together */
    double synced_ms;
    double cpu_s;
    unsigned sessions;
    unsigned batches;
};

/* What two peers remember of each other between sessions. */
struct link_peers {
    struct corridor_fixture *f;
    struct {
        struct buf sent;
        struct buf heard[2];
    } bases[2];
    uint64_t vouched[2]; /* the last cosignature that each was sent */
    uint64_t sessions;   /* ephemeral keys are counted, not drawn */
};

/* Both vouch for what they hold of each other: they do so once in step. */
void link_vouch(struct link_peers *peers);
/* Forget what is remembered. */
void link_peers_release(struct link_peers *peers);
/*
 * Office `dialler` (0 or 1) calls the other until both hold the same, and
 * hangs up. Fails the test if that takes more than a day.
 */
void link_run(struct link_peers *peers, size_t dialler,
    const struct link_options *options, struct link_result *out);

#endif
