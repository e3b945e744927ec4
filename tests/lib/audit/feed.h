/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs in memory, fed to a ledger, and all that it says of them. Whatever goes
 * wrong in here fails the Check test, but where a function returns an error.
 */
#ifndef CORRIDOR_TESTS_LIB_AUDIT_FEED_H
#define CORRIDOR_TESTS_LIB_AUDIT_FEED_H

#include "sync/audit/ledger.h"

enum { FEED_LOGS_MAX = 64 };

struct feed_entry {
    uint8_t kind;
    uint8_t body_state; /* enum bundle_body */
    struct buf header;
    struct buf body;
};

struct feed_log {
    struct log_id id;
    struct feed_entry *entries;
    size_t count;
    size_t capacity;
    bool is_partial;
    uint64_t claimed; /* size to give in place of count, if greater */
};

struct feed {
    struct feed_log logs[FEED_LOGS_MAX];
    size_t count;
    uint64_t reads;
    enum err fails; /* what reading says from now on, if not ERR_OK */
};

/* Empty it. */
void feed_release(struct feed *feed);
/* The log, made when new; it lives until the feed is released. */
struct feed_log *feed_log(struct feed *feed, const struct log_id *id);
/* Append a copy: bodies of control and erase entries are given, those of
 * others held, or denied if the entry is without. */
struct feed_entry *feed_put(
    struct feed *feed, const struct log_id *id, const struct entry *entry);

/* All that a ledger said. */
struct heard {
    struct ledger_finding *findings;
    size_t finding_count;
    size_t finding_capacity;
    struct ledger_grant *grants;
    size_t grant_count;
    size_t grant_capacity;
    struct ledger_judged *judged;
    size_t judged_count;
    size_t judged_capacity;
};
void heard_release(struct heard *heard);

/* Give all logs of the feed to a new ledger and run it. As ledger_run; on
 * failure there is no ledger. */
struct feed_run {
    struct corridor_id corridor;
    uint64_t wall_ms;
    bool backwards; /* the last log first */
};
enum err feed_run(struct feed *feed, const struct feed_run *run,
    struct heard *heard, struct ledger **out) MUST_USE;

/* What was judged of an entry, or found of that kind; NULL if nothing. */
const struct ledger_judged *heard_judged(
    const struct heard *heard, const struct log_id *log, uint64_t position);
const struct ledger_finding *heard_fault(
    const struct heard *heard, enum ledger_fault fault);

#endif
