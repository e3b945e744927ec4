/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the link's files share: link.c has the time, the line and the sessions,
 * link_end.c what an end does with its session's effects.
 */
#ifndef CORRIDOR_TESTS_BENCH_LINK_INTERNAL_H
#define CORRIDOR_TESTS_BENCH_LINK_INTERNAL_H

#include "tests/bench/link.h"

enum { LINK_READS_MAX = 64 };

/* Bytes on their way. */
struct segment {
    double start_ms; /* its first bit is sent */
    double due_ms;   /* its last has come */
    uint8_t *data;
    size_t size;
};

struct end {
    struct session *session;
    size_t office;
    struct segment *segments; /* to the other end, in order */
    size_t first;
    size_t count;
    size_t capacity;
    double free_ms; /* the link has sent all of them */
    struct buf inbox;
    size_t *batch_ends;
    size_t batch_count;
    size_t batch_capacity;
    double commit_due; /* < 0: none */
    double wake_ms;    /* < 0: none */
    bool must_answer;  /* AUTHENTICATE */
    struct effect reads[LINK_READS_MAX];
    size_t read_count;
    struct frame_marks marks; /* as of the last view */
    struct buf words;         /* heard, not stored yet */
    size_t word_count;
    bool must_vouch; /* DIFFERS */
    bool has_ended;
    double ended_ms; /* then TCP tells the other, behind what was sent */
};

struct running {
    struct link_peers *peers;
    const struct link_options *options;
    struct link_result *result;
    struct end ends[2]; /* the dialler first */
    double now_ms;
    bool is_synced;
};

/* A view of what the end holds, and its clock and marks as of that. */
struct view *end_view(const struct running *run, const struct end *end);
struct session_clock end_clock(
    const struct running *run, struct end *end, const struct view *view);
/* One event, and what comes of it, but for what waits for end_settle. */
void end_step(struct running *run, struct end *end, struct event *event);
/* Whatever the end can do at once. */
void end_settle(struct running *run, struct end *end);
/* Store and commit the batches that have come. */
void end_commit(struct running *run, struct end *end);

#endif
