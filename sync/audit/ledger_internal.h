/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger's state, shared by its parts:
 *
 *   ledger.c          logs in, results out
 *   ledger_run.c      whose turn it is: queue, waiting, the two phases
 *   ledger_step.c     one entry: header, clock, causes, rank, time
 *   ledger_control.c  statements, and what the membership says of them
 *   ledger_change.c   a change's right, its grants, its key
 *   ledger_keys.c     content keys and their valid grants, compactly
 *   ledger_text.c     names and sentences
 */
#ifndef CORRIDOR_SYNC_AUDIT_LEDGER_INTERNAL_H
#define CORRIDOR_SYNC_AUDIT_LEDGER_INTERNAL_H

#include "sync/audit/ledger.h"
#include "sync/model/grant.h"

#define LEDGER_NONE UINT32_MAX

/* A content key, in its log's rows by position. */
struct key_row {
    uint64_t position;
    uint32_t grants; /* newest first: index in the pool, LEDGER_NONE */
    uint32_t grant_count;
    uint32_t changes;
    uint8_t class;
};

/* A valid grant. */
struct grant_row {
    uint64_t position;   /* of the entry that carries it, */
    uint32_t log;        /* in this log */
    uint32_t generation; /* index */
    uint32_t next;
    uint16_t item;
};

/* What later entries ask of an applied one. */
struct entry_row {
    uint32_t rank;
    uint32_t seconds; /* Unix, as far as they fit */
};

struct ledger_state {
    struct author author; /* where the judged prefix ends */
    bool is_given;
    bool is_partial;
    bool is_missing; /* the next header is not to be had */
    size_t handle;
    uint64_t size; /* given */
    struct entry_row *rows;
    size_t row_capacity;
    uint8_t *reasons; /* of a control log's entries: enum void_reason */
    size_t reason_capacity;
    bool begins_well; /* a control log, with what enrols its own node */

    /* The queue, and the logs that wait for entries of this one. */
    bool is_queued;
    uint32_t next_queued;
    bool is_waiting;
    bool waits_for_stranger; /* for a log that has no number */
    struct log_id stranger;
    uint32_t waits_for;
    uint64_t waits_size;
    uint32_t next_waiter;
    uint32_t waiters;
    uint64_t wake_at; /* the least size that one of them waits for */

    struct key_row *keys; /* by position */
    size_t key_count;
    size_t key_capacity;
    /* Of a changes log: its node's control entries in by_log, from the one
     * that is to be compared next. */
    size_t said_next;
    size_t said_end;
    uint64_t voids[VOID_REASON_COUNT];
    uint64_t grants;
};

struct ledger {
    struct ledger_options options;
    struct log_table logs;
    struct ledger_state **states; /* per log number */
    size_t state_count;
    size_t state_capacity;
    uint64_t entries; /* given */
    bool has_run;

    struct control *controls;
    size_t control_count;
    size_t control_capacity;
    uint32_t *by_log; /* controls by log number and position */
    struct membership membership;
    uint64_t *cuts; /* per log number: where logs count as cut in a round */
    size_t cut_count;
    bool is_control; /* the first phase: what is found is held back */
    struct ledger_finding *held;
    size_t held_count;
    size_t held_capacity;

    uint32_t queue_first;
    uint32_t queue_last;

    struct grant_row *pool;
    size_t pool_count;
    size_t pool_capacity;

    /* Reused memory. */
    struct header_clock clock;
    struct key_info scratch;
};

/* One entry on its way through. */
struct judging {
    struct ledger *ledger;
    struct ledger_state *state;
    const struct ledger_entry *entry;
    const struct header *header; /* NULL: it is malformed */
    struct dot dot;
    uint64_t rank;
};

/* ledger.c */

/* States for every log in the table. ERR_NOMEM. */
enum err ledger_cover(struct ledger *ledger) MUST_USE;
/* Tell the watch, or hold it back until the membership is known. */
enum err ledger_find(
    struct ledger *ledger, const struct ledger_finding *finding) MUST_USE;
/* A finding about the entry that is judged, to be completed. */
struct ledger_finding judging_finding(
    const struct judging *j, enum ledger_fault fault, enum void_reason reason);
/* The same, told. */
enum err judging_find(const struct judging *j, enum ledger_fault fault,
    enum void_reason reason) MUST_USE;

/* ledger_step.c */

/*
 * Judge the log's next entry. *out_moved is false if it waits, or is missing:
 * then the state says so.
 */
enum err ledger_step(struct ledger *ledger, struct ledger_state *state,
    bool *out_moved) MUST_USE;
/* The fault that goes with a reason of an entry as a whole. */
enum ledger_fault ledger_fault_of(enum void_reason reason);

/* ledger_control.c */

/* Forget what a round found. ERR_NOMEM. */
enum err control_restart(struct ledger *ledger) MUST_USE;
/* Take the statement in. *out_reason: void by its form. */
enum err control_judge(
    const struct judging *j, enum void_reason *out_reason) MUST_USE;
/* Evaluate the statements so far, and number the members' logs. */
enum err control_eval(struct ledger *ledger) MUST_USE;
/* The membership stands: what it says of each control entry. */
enum err control_settle(struct ledger *ledger) MUST_USE;
/* Compare what the node said that it saw with what its changes count. */
enum err control_compare_seen(const struct judging *j) MUST_USE;

/* ledger_change.c */

/* Judge a change. *out_reason as a node that opens nothing would list it. */
enum err change_judge(
    const struct judging *j, enum void_reason *out_reason) MUST_USE;

/* ledger_keys.c */

/* The row of the key that this entry made, or NULL; it lives until the next
 * key is added to that log. */
struct key_row *keys_find(const struct ledger *ledger, struct dot key);
/* The log's newest key. ERR_NOMEM. */
enum err keys_add(struct ledger_state *state, uint64_t position, uint8_t class,
    struct key_row **out) MUST_USE;
/* The key as sync/model/grant.h has it, in ledger->scratch until the next
 * call. ERR_NOMEM. */
enum err keys_load(
    struct ledger *ledger, struct dot key, const struct key_row *row) MUST_USE;
/* Keep one more valid grant. ERR_NOMEM, ERR_TOO_BIG. */
enum err keys_grant(struct ledger *ledger, struct key_row *row,
    const struct grant_row *grant) MUST_USE;

#endif
