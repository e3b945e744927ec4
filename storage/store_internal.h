/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer's state, shared by the files of the write path only. Everything
 * in it is either on the disk or made from what is there, so an aborted
 * transaction is undone by loading it again.
 */
#ifndef CORRIDOR_STORAGE_STORE_INTERNAL_H
#define CORRIDOR_STORAGE_STORE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "storage/reader.h"
#include "storage/vouch.h"

enum {
    LOG_AWAITED_MAX = 3,      /* older heads, kept to check when reached */
    STORE_STRAYS_MAX = 256,   /* logs of nodes that are no members */
    STORE_RECORDS_MAX = 60000 /* merged in memory before they are flushed */
};

/* One log as stored and applied. */
struct log_state {
    struct author author;    /* where the applied prefix ends */
    struct merkle_edge edge; /* the stored prefix */
    bool has_head;           /* the greatest head reached in full */
    struct head head;
    bool has_target; /* the newest head beyond the prefix, */
    struct head target;
    struct merkle_proof beyond; /* with PROOF(stored, target.size) */
    struct head awaited[LOG_AWAITED_MAX];
    size_t awaited_count;
    /* Changes stored without their bodies: so many, the first not before
     * `from`, the last before `to` (storage/bodies.h). */
    struct {
        uint64_t count;
        uint64_t from;
        uint64_t to;
    } absent;
    uint64_t run_next; /* the arrival number that would extend its last run */
    bool is_dirty;
    bool signs;        /* ours, and longer than its head */
    bool is_forked;    /* signed in two versions: storage/fork.h */
    bool has_evidence; /* of that */
    /* For the marks (marks.c): the root of that many entries, and the name of
     * the log's cosignatures. */
    uint64_t root_size;
    struct hash root;
    bool vouches_changed;
    bool has_vouches;
    struct hash vouches;
};

/* A record being merged in this transaction. */
struct merged {
    struct record record;
    uint8_t key[RECORD_KEY_BYTES];
    bool is_dirty;
};

/*
 * What views share, replaced whole and counted by its users. A roster is made
 * anew when members, circles or logs change, and published before the commit:
 * it may know more than a view's transaction sees, never less. The clocks are
 * published after it, and taken before the view's transaction begins: they
 * never say more than what is durable and seen.
 */
struct roster {
    unsigned users;
    struct log_table logs;
    struct membership membership;
    struct secret_key *generation_secrets; /* secret memory */
    bool *generation_has;
    struct refused_item *refused; /* statements that are void */
    size_t refused_count;
};
enum { SNAPSHOT_FORKED = 1, SNAPSHOT_FROZEN = 2 };
struct snapshot {
    unsigned users;
    uint8_t marks[MARKS_BYTES];
    uint8_t *flags; /* per log number: SNAPSHOT_… */
    size_t flag_count;
    struct buf clock;   /* `told`, full form */
    struct vclock told; /* what peers are told of stored sizes */
    uint64_t absent;    /* changes without their bodies */
    struct vclock stored;
    struct vclock applied;
    struct vclock times; /* hybrid time of each log's last applied entry */
};

static inline unsigned
snapshot_flags(const struct snapshot *snapshot, uint32_t log)
{
    return log < snapshot->flag_count ? snapshot->flags[log] : 0;
}

struct store_secrets { /* secret memory */
    struct node_secrets node;
    struct secret_key table; /* seals content keys */
    struct secret_key index; /* makes index terms */
    struct kind_tags tags;   /* makes kind tags */
    struct secret_key notes; /* seals notes */
};

/* What peers compare beyond clocks, and what it takes to make it quickly. */
struct marks_place {
    struct log_id id;
    uint32_t log;
};
struct marks {
    uint8_t names[MARKS_BYTES];
    struct marks_place *order; /* all logs, by id */
    size_t count;
    bool has_rest;   /* all but the heads' is as it was */
    struct buf rows; /* to be used again */
};

struct store {
    struct env *env;
    struct store_options options;
    struct corridor_id corridor;
    struct node_public self;
    struct store_secrets *secrets;
    struct codec *codec;

    /* The state, as of the transaction. */
    struct log_table logs;
    struct log_state **states; /* per log number */
    size_t state_count;
    size_t state_capacity;
    struct control *controls;
    size_t control_count;
    size_t control_capacity;
    struct membership membership;
    bool membership_dirty;
    bool roster_dirty;
    struct secret_key *generation_secrets;
    bool *generation_has;
    uint64_t next_arrival;
    uint64_t next_touched;
    uint64_t next_vouch;  /* the sequence of the next cosignature kept */
    uint64_t cosign_time; /* of our own newest one */
    struct marks marks;
    uint64_t time_max;

    /* The transaction. */
    struct txn *txn;
    uint64_t wall_ms;
    bool is_dirty;
    bool cannot_renew; /* circles: a new generation did not become current */
    bool needs_load;   /* an abort could not load the state again */
    bool rebuild_due;  /* derived tables must be made again */
    bool is_rebuilding;
    uint64_t *cuts; /* rebuilding: where logs count as cut, from the start */
    size_t cut_count;
    bool only_control; /* rebuilding: changes logs wait for all control logs */
    size_t backlog;
    size_t refused; /* entries found void */
    atomic_uint_fast64_t pulse;
    struct content_cache content;
    struct map records; /* record key -> struct merged */
    struct dot *late;   /* content keys opened after their entries came */
    size_t late_count;
    size_t late_capacity;

    /* Reused memory of the hot path. */
    struct header_clock header_clock;
    struct batch_nodes nodes;
    struct buf plain;
    struct buf scratch;

    /* What views see. */
    pthread_mutex_t lock;
    bool has_lock;
    struct roster *roster;
    struct snapshot *snapshot;
};

/* state.c: the state of logs, to and from the disk. */
enum err state_load(struct store *store, struct err_msg *msg) MUST_USE;
void state_release(struct store *store);
enum err state_flush(struct store *store, struct err_msg *msg) MUST_USE;
/* The log's number and state, made when new. */
enum err state_log(
    struct store *store, const struct log_id *id, uint32_t *out) MUST_USE;
/* States for every log in the table. */
enum err state_cover(struct store *store) MUST_USE;

/* state_changed.c: evaluate membership, open circles and keys, if a control
 * entry came. */
enum err state_members(struct store *store, struct err_msg *msg) MUST_USE;
/* Have the records under this key made again before the commit: it opened
 * after its entries came, or one of them is full. */
enum err members_push_late(
    struct store *store, struct content_key *key) MUST_USE;

/* state_members.c: evaluate, and open circles. */
enum err members_eval(struct store *store) MUST_USE;
enum err members_load(struct store *store, struct err_msg *msg) MUST_USE;
void members_release(struct store *store);
/* The control entry of a row of members. ERR_CORRUPT, ERR_NOMEM. */
enum err members_read(struct txn *txn, const struct log_table *logs,
    struct bytes key, struct bytes row, struct control *out,
    struct err_msg *msg) MUST_USE;
/* A row of members: what a control entry's body does not say of it. */
enum err members_encode(
    struct buf *out, const struct control *control) MUST_USE;
/* ERR_CORRUPT; *out is a control without statement, to be released. */
enum err members_decode(struct control *out, const struct log_table *logs,
    struct bytes row) MUST_USE;
/* state_log.c: a row of logs. */
enum err log_state_encode(
    struct buf *out, const struct log_state *state) MUST_USE;
enum err log_state_decode(
    struct log_state *out, struct log_table *logs, struct bytes row) MUST_USE;

/* snapshot.c */
/* The clocks as they will be; publishing them cannot fail. */
enum err snapshot_prepare(
    const struct store *store, struct snapshot **out) MUST_USE;
void snapshot_publish(struct store *store, struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot); /* one not published */
/* Make and publish the roster, if anything of it has changed. */
enum err roster_publish(struct store *store) MUST_USE;
/* Both, of the state as loaded. */
enum err snapshot_refresh(struct store *store) MUST_USE;
struct snapshot *snapshot_take(struct store *store);
void snapshot_drop(struct store *store, struct snapshot *snapshot);
struct roster *roster_take(struct store *store);
void roster_drop(struct store *store, struct roster *roster);

/* marks.c: make them of the state as it is, within a transaction. */
enum err marks_make(struct store *store, struct err_msg *msg) MUST_USE;
void marks_release(struct marks *marks);

/* cosign.c: where the sequence of cosignatures stands, and our own time. */
enum err cosign_load(struct store *store, struct err_msg *msg) MUST_USE;

/* vouch.c: a known log's number, with the membership as of the transaction.
 * ERR_NOT_FOUND. */
enum err vouch_find(struct store *store, const struct log_id *id, uint32_t *out,
    struct err_msg *msg) MUST_USE;
/*
 * Is there a head of this log that we should vouch for? What we vouched for
 * before must be part of it: after a restore our own cosignature may come back
 * from a peer, and be of a greater tree, or of another.
 */
enum err vouch_is_due(
    struct store *store, uint32_t log, bool *out, struct err_msg *msg) MUST_USE;
/* Vouch for this head, of which the caller knows that we may. */
enum err vouch_sign(struct store *store, uint32_t log, const struct head *head,
    struct err_msg *msg) MUST_USE;

/* The reader over the current transaction. */
struct reader store_reader(struct store *store);

/* apply.c: merge and count one stored entry. */
struct applied {
    bool is_blocked; /* waits for others' entries: nothing changed */
    uint64_t previous;
    uint64_t rank;
    uint64_t time;
    struct bytes checkpoint; /* in store->scratch, may be empty */
};
enum err apply_entry(struct store *store, const struct stored_entry *stored,
    struct applied *out, struct err_msg *msg) MUST_USE;
/* Apply what had to wait, as far as it goes now. */
enum err apply_waiting(struct store *store, struct err_msg *msg) MUST_USE;
/* The rank of entry `dot`, which is applied. */
enum err apply_rank(struct store *store, struct dot dot, uint64_t *out,
    struct err_msg *msg) MUST_USE;
/* One entry onto the log: nodes as merkle_append gave them. */
struct append {
    uint32_t log;
    uint64_t position;
    const struct entry *entry;
    const struct hash *nodes;
    size_t node_count;
};
enum err apply_append(struct store *store, const struct append *append,
    struct err_msg *msg) MUST_USE;
enum err apply_rewrite(struct store *store, struct stored_entry *stored,
    const struct applied *applied, struct err_msg *msg) MUST_USE;
/* Does the statement speak of a circle's generation by its dot? */
bool control_names_generation(const struct statement *statement);
enum err apply_refuse(struct store *store, uint64_t arrival,
    enum void_reason reason, struct err_msg *msg) MUST_USE;

/* merged.c: records in memory. */
enum err merged_get(struct store *store, uint16_t kind,
    const struct record_id *id, struct merged **out,
    struct err_msg *msg) MUST_USE;
enum err merged_flush(struct store *store, struct err_msg *msg) MUST_USE;
void merged_clear(struct store *store);

/* rebuild_record.c: make again the records under keys that came after what
 * they open. */
enum err rebuild_late(struct store *store, struct err_msg *msg) MUST_USE;

/* rebuild.c: note in this transaction that a rebuild is due; begin and open
 * see to it. */
enum err rebuild_mark(struct store *store, struct err_msg *msg) MUST_USE;

/* notes.c: does a stored note open, under its own name? ERR_CORRUPT. */
enum err note_check(const struct store *store, struct bytes key,
    struct bytes row, struct buf *plain) MUST_USE;

/* index.c: note that a record was touched, and what it is to be found by. */
enum err index_touch(struct store *store, const uint8_t *record_key,
    const struct record *record, struct err_msg *msg) MUST_USE;

#endif
