/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A naive reading of the merge rules: the set of all operations that people
 * made, kept outside the code under test, and for each node what its fields
 * must show of those that it has applied and can read. No indices, no
 * increments: every question looks at everything.
 */
#ifndef CORRIDOR_TESTS_SIM_ORACLE_H
#define CORRIDOR_TESTS_SIM_ORACLE_H

#include "storage/view.h"
#include "tests/sim/truth.h"

/* An operation's name, with the truth's numbers. */
struct fact_id {
    struct dot dot;
    uint16_t op;
};

/* One operation that somebody made. */
struct fact {
    struct fact_id id;
    uint16_t field; /* 0: the change itself, without an operation */
    uint8_t action;
    bool has_reason;
    struct pool value;
    struct office_id office;
    struct fact_id *dots;
    size_t dot_count;
};

struct fact_record {
    uint16_t kind;
    struct record_id id;
    int creator;     /* the host */
    bool is_tainted; /* a dishonest node has touched it */
    struct fact *facts;
    size_t count;
    size_t capacity;
};

struct oracle {
    struct fact_record *records;
    size_t count;
    size_t capacity;
    size_t judged; /* records, at every look */
};

/* Free what it holds. */
void oracle_release(struct oracle *oracle);
/* The record's facts, made when new; lives until the next call. */
struct fact_record *oracle_record(
    struct oracle *oracle, uint16_t kind, const struct record_id *id);
/* Take a fact over, with all it holds. */
void oracle_add(struct fact_record *record, const struct fact *fact);
/* What the record shows hangs on what a dishonest node's log says. */
void oracle_taint(
    struct oracle *oracle, uint16_t kind, const struct record_id *id);
/* Entries of a log from `size` on never were. */
void oracle_forget(struct oracle *oracle, uint32_t log, uint64_t size);
/* Free what a fact holds. */
void fact_release(struct fact *fact);

/*
 * Compare every record of the host with what it must show: after truth_look,
 * with a view of the same moment. Fails the run if it differs.
 */
void oracle_check(struct host *host, struct view *view);

#endif
