/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that was ever stored, seen from outside: one map from position
 * to leaf for each log, with what each header says in clear. Filled from the
 * batches that nodes give out of their stores, each entry when it first
 * appears, which must be at its author.
 *
 * Logs have numbers of the truth's own; dots and clocks here use them.
 */
#ifndef CORRIDOR_TESTS_SIM_TRUTH_H
#define CORRIDOR_TESTS_SIM_TRUTH_H

#include "sync/model/control.h"
#include "sync/model/entry.h"
#include "sync/model/log.h"
#include "tests/sim/room.h"

struct host;
struct sim;

struct truth_entry {
    struct hash leaf;
    struct hash root; /* of the log up to here, itself included */
    uint8_t kind;
    bool is_readable; /* the header could be read: the rest counts */
    uint64_t time;
    struct vclock clock; /* all it counts, own log below itself included */
    bool has_key;
    struct dot key;
    /* The log as it was before: to forget this entry by. */
    struct merkle_edge edge;
    struct buf author;
};

struct truth_log {
    struct log_id id;
    int owner; /* its host's index, -1: none of ours */
    struct author author;
    struct merkle_edge edge;
    struct truth_entry *entries;
    size_t count;
    size_t capacity;
    bool is_forked;    /* its owner wrote on where others have its entries */
    bool is_dishonest; /* its owner is: held.h tells what is held of it */
};

/* "The key was granted to that generation by that entry." */
struct truth_grant {
    struct dot key;
    struct dot entry;
    struct dot generation;
};

/* "The generation's secret was sealed to that node by that entry." */
struct truth_seal {
    struct dot generation;
    struct dot entry;
    struct node_id node;
};

/* "From `size` on the log's author may not write", says that entry. */
struct truth_cut {
    uint32_t log;
    uint64_t size;
    struct dot entry;
};

struct truth {
    struct log_table table;
    /* Nodes to which dishonest ones sealed something; and whether an answer
     * of truth_opens since hung on such a seal. */
    struct node_id *doubtful;
    size_t doubtful_count;
    size_t doubtful_capacity;
    bool *is_doubtful;
    struct truth_log *logs;
    size_t count;
    size_t capacity;
    struct truth_grant *grants;
    size_t grant_count;
    size_t grant_capacity;
    struct truth_seal *seals;
    size_t seal_count;
    size_t seal_capacity;
    struct truth_cut *cuts;
    size_t cut_count;
    size_t cut_capacity;
};

/* Free what it holds. */
void truth_release(struct truth *truth);

/* The truth's number of a log, new ones added. */
uint32_t truth_log(struct sim *sim, const struct log_id *id);
/* The entry, or NULL if the truth has none there. */
const struct truth_entry *truth_entry(
    const struct truth *truth, struct dot dot);

/*
 * Look at what the host stores now: compare what is new with the truth, or
 * add it if it is the host's own. Sets host->stored and host->applied.
 */
void truth_look(struct host *host);

/*
 * The last entries of a host's own log are forgotten, as nobody has them any
 * more: it was restored from an older disk. `size` stay.
 */
void truth_forget(struct truth *truth, uint32_t log, uint64_t size);

/*
 * Is the change void, by what `judge` counts: beyond a cut, or under a key
 * that a void one made?
 */
bool truth_is_void(
    const struct truth *truth, struct dot dot, const struct vclock *judge);

/* Does what becomes of the entry hang on a dishonest node's log: is it of
 * one, under a key of one or that one gave to its author, or does it grant to
 * a generation of one? */
bool truth_is_doubtful(const struct truth *truth, struct dot dot);

/*
 * Could that node open the key by what the clock counts? Void grants, by what
 * `judge` counts, do not. Where a dishonest node's seal may make it so all the
 * same, *truth->is_doubtful is set.
 */
struct truth_reader {
    const struct node_id *node;
    const struct vclock *clock;
    const struct vclock *judge;
};
bool truth_opens(const struct truth *truth, struct dot key,
    const struct truth_reader *reader);

#endif
