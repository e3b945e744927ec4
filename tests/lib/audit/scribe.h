/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole logs for a ledger, without a store: the statements of a world, and
 * changes that tests put together, as entries of a feed. Times go up by a
 * second with each entry, from SCRIBE_START_MS on.
 */
#ifndef CORRIDOR_TESTS_LIB_AUDIT_SCRIBE_H
#define CORRIDOR_TESTS_LIB_AUDIT_SCRIBE_H

#include "tests/lib/audit/feed.h"
#include "tests/lib/model/world.h"

#define SCRIBE_START_MS UINT64_C(1790000000000)

struct scribe {
    struct world world;
    struct feed feed;
    struct author authors[FEED_LOGS_MAX]; /* by log number */
    bool has_author[FEED_LOGS_MAX];
    size_t written; /* of the world's controls */
    uint64_t time;  /* hybrid time of the newest entry */
};

/* An empty world and feed; scribe_release frees them. */
void scribe_init(struct scribe *scribe);
/* Free all it holds. */
void scribe_release(struct scribe *scribe);

/* Write the world's statements that are not in the feed yet. */
void scribe_flush(struct scribe *scribe);

/* A change of a node, as it stands: what its next entry counts is its clock
 * in the world, which goes on with it. */
struct scribe_change {
    unsigned by;
    const struct dot *key; /* NULL: the one that this entry creates */
    bool creates;
    const struct dot *grants_key; /* with grants, if it creates none */
    uint8_t class;
    const struct grant_out *grants;
    size_t grant_count;
    uint64_t time; /* hybrid; 0: the next */
};
/* Returns its dot, in the world's log numbers. */
struct dot scribe_change(
    struct scribe *scribe, const struct scribe_change *change);

/* A header of any bytes, as the node's next entry in one of its logs. */
struct dot scribe_raw(struct scribe *scribe, unsigned by, enum log_kind kind,
    struct bytes header);

/* The log's id, by its number in the world. */
const struct log_id *scribe_id(const struct scribe *scribe, uint32_t log);
/* The dot of a statement by its place in the world's controls. */
struct dot scribe_dot(const struct scribe *scribe, size_t control);

/* Run a ledger over all of it; fails the test if that does. */
struct ledger *scribe_run(struct scribe *scribe, struct heard *heard);

#endif
