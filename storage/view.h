/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading: a view is a short snapshot of the store for one thread. Close it
 * within one turn of work; nothing it gave lives longer.
 */
#ifndef CORRIDOR_STORAGE_VIEW_H
#define CORRIDOR_STORAGE_VIEW_H

#include "storage/store.h"

struct view;

/* A snapshot of now, to be closed soon: old pages live while it does. */
enum err view_open(
    struct view **out, struct store *store, struct err_msg *msg) MUST_USE;
void view_close(struct view *view); /* NULL is fine */

/* What the snapshot was taken with; it lives as long as the view. */
const struct membership *view_membership(const struct view *view);
const struct log_table *view_logs(const struct view *view);
/* Our own office; NULL before its admission has come. */
const struct office *view_office(const struct view *view);
const struct schema *view_schema(const struct view *view);
const struct corridor_id *view_corridor(const struct view *view);
const struct node_id *view_self(const struct view *view); /* our own node */

/*
 * The stored clock's full form, and the logs in order of arrival here: what
 * sessions speak of. Views live as long as the view. A log that lacks bodies
 * which this node is due is counted up to the first of them.
 */
struct bytes view_clock(const struct view *view);
const struct log_id *view_order(const struct view *view, size_t *out_count);

/*
 * A batch for a peer: entries of `log` from `from`, about bytes_max at most
 * (at least one entry), up to a multiple of 256, with head and proof, encoded
 * and appended. *out_to == from when there is nothing: also where the body of
 * the entry at `from` is absent here, and the peer is due it.
 */
struct view_range {
    const struct log_id *log;
    uint64_t from;
    size_t bytes_max;
    bool without_bodies; /* for nodes that view_takes_bodies is false of */
};
enum err view_batch(struct view *view, const struct view_range *range,
    struct buf *out, uint64_t *out_to, struct err_msg *msg) MUST_USE;

/* Does the node's office hold the bodies of changes, by its roles as the
 * snapshot has them? NULL: our own. */
bool view_takes_bodies(const struct view *view, const struct node_id *node);

/* The head of a log that is held in full; ERR_NOT_FOUND. */
enum err view_head(struct view *view, const struct log_id *log,
    struct head *out, struct err_msg *msg) MUST_USE;

/* One record, merged; release it. ERR_NOT_FOUND; ERR_NO_KEY: it exists but
 * is not for us. */
enum err view_record(struct view *view, uint16_t kind,
    const struct record_id *id, struct record *out,
    struct err_msg *msg) MUST_USE;
enum err view_version(struct view *view, const struct record *record,
    struct version *out) MUST_USE;

/*
 * Ids by a prefix of their hex digits (4 to 32), newest first within a kind,
 * at most `max`: two or more mean that the prefix is ambiguous.
 */
struct found_record {
    uint16_t kind;
    struct record_id id;
};
enum err view_find(struct view *view, struct bytes hex_prefix,
    struct found_record *out, size_t max, size_t *out_count,
    struct err_msg *msg) MUST_USE;

/*
 * Records of a kind, newest first, after `after` (NULL: from the newest),
 * that hold all the given values (a field's shown value, or an item of a set,
 * equals it). Calls `each` until it returns false.
 */
struct view_filter {
    uint16_t field;
    struct bytes value; /* canonical CBOR, or text to compare folded */
};
struct view_query {
    uint16_t kind; /* 0: all kinds */
    const struct view_filter *filters;
    size_t filter_count;
    const struct record_id *after;
    bool conflicts_only;
};
enum err view_list(struct view *view, const struct view_query *query,
    bool (*each)(void *context, const struct record *record), void *context,
    struct err_msg *msg) MUST_USE;

/* A record's history, oldest first in canonical order: every readable change
 * with where it stands. */
struct history_item {
    struct dot dot;
    uint64_t arrival; /* its number here */
    uint64_t rank;
    uint64_t time;
    uint8_t class;
    struct dot key;
    enum void_reason void_reason;
    const struct change *change;
    const struct vclock *clock;
};
enum err view_history(struct view *view, uint16_t kind,
    const struct record_id *id,
    bool (*each)(void *context, const struct history_item *item), void *context,
    struct err_msg *msg) MUST_USE;

/* One hash over all readable records in order of kind and id: BLAKE2b-256 of
 * each record's key and digest. Equal on converged nodes. */
struct digest_result {
    struct hash digest;
    uint64_t records;
};
enum err view_digest(
    struct view *view, struct digest_result *out, struct err_msg *msg) MUST_USE;

/* What was refused, newest first. */
struct refused_item {
    struct dot dot;
    enum void_reason reason;
};
enum err view_refused(struct view *view,
    bool (*each)(void *context, const struct refused_item *item), void *context,
    struct err_msg *msg) MUST_USE;

/* The note of that name, appended to out. ERR_NOT_FOUND. */
enum err view_note(struct view *view, struct bytes name, struct buf *out,
    struct err_msg *msg) MUST_USE;
/* Every note whose name starts so. */
enum err view_notes(struct view *view, struct bytes prefix,
    bool (*each)(void *context, struct bytes name, struct bytes value),
    void *context, struct err_msg *msg) MUST_USE;

/* Link secrets we hold, newest generation first, at most `max`. */
size_t view_link_secrets(
    const struct view *view, struct secret_key *out, size_t max);
/* The place among them of a generation; SIZE_MAX: it is none of them. */
size_t view_link_place(const struct view *view, uint32_t generation);

struct view_stat {
    uint64_t logs;
    uint64_t entries;
    uint64_t records;
    uint64_t pending_keys;
    uint64_t refused;
    uint64_t unapplied; /* stored, waiting for others' entries */
    uint64_t unindexed;
    uint64_t absent; /* changes without their bodies */
};
/* The counts of now. */
enum err view_stat(
    struct view *view, struct view_stat *out, struct err_msg *msg) MUST_USE;

/* One log as it stands, for status and members. */
struct view_log {
    struct log_id id;
    uint64_t stored;
    uint64_t told; /* to peers: as view_clock */
    uint64_t applied;
    uint64_t time;  /* hybrid time of its last applied entry */
    bool is_forked; /* signed in two versions (storage/vouch.h), */
    bool is_frozen; /* and not cut since: takes no more entries */
};
enum err view_log(
    const struct view *view, uint32_t log, struct view_log *out) MUST_USE;

#endif
