/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one node keeps of one corridor, and the one write path: verify
 * against the stored head, append, merge, index, note, in one transaction
 * (docs/storage.md, "The write path").
 *
 * One thread at a time may be the writer: store_begin, any number of
 * store_accept, store_edit, store_state …, then store_commit or store_abort.
 * Readers open views (storage/view.h) from any thread. Nothing has happened
 * until store_commit returns ERR_OK; then it is on the disk.
 *
 * store_is_dirty() tells whether anything was written since store_begin or the
 * last store_settle. After calls of which one returned an error, it is false
 * if they have changed nothing; if it is true the transaction must be aborted
 * (the writer then repeats the other work one piece at a time).
 */
#ifndef CORRIDOR_STORAGE_STORE_H
#define CORRIDOR_STORAGE_STORE_H

#include "storage/env.h"
#include "storage/key.h"
#include "sync/model/change.h"
#include "sync/model/control.h"
#include "sync/model/evidence.h"
#include "sync/model/log.h"
#include "sync/model/membership.h"
#include "sync/model/record.h"
#include "sync/model/schema.h"

struct store;

struct store_options {
    const char *dir; /* of the environment; made if missing */
    struct corridor_id corridor;
    const struct node_secrets *secrets; /* copied to secret memory */
    struct office_id office;            /* our own */
    const struct schema *schema;        /* borrowed for the store's life */
    uint32_t dictionary_id;             /* for changes written here */
    struct bytes dictionary;            /* borrowed for the store's life */
    /* Draws random bytes: the system's in a daemon, seeded in tests. */
    void (*random)(void *context, void *out, size_t size);
    void *random_context;
    struct env_options env;
};

/*
 * Open or make the store and load its state: logs, members, circles.
 * ERR_CORRUPT: the disk holds what we never wrote; ERR_VERSION; ERR_IO;
 * ERR_CONFIG: it belongs to another corridor or node; ERR_NOMEM.
 */
enum err store_open(struct store **out, const struct store_options *options,
    struct err_msg *msg) MUST_USE;
/* All views must be closed. NULL is fine. */
void store_close(struct store *store);

/* Its environment, and its own node; they live as long as the store. */
struct env *store_env(struct store *store);
const struct node_id *store_self(const struct store *store);

/* Moves on with every piece of work in a transaction, a rebuild's too; may be
 * asked from any thread. */
uint64_t store_pulse(const struct store *store);

/* Begin to write; wall_ms is Unix milliseconds, for local entries' times. */
enum err store_begin(
    struct store *store, uint64_t wall_ms, struct err_msg *msg) MUST_USE;
bool store_is_dirty(const struct store *store);
/* What was written so far is whole: ask about what comes now. */
void store_settle(struct store *store);
/*
 * Flush merged records in key order, sign our heads, commit. On failure
 * everything since store_begin is undone, in memory too.
 */
enum err store_commit(struct store *store, struct err_msg *msg) MUST_USE;
void store_abort(struct store *store);
/* End a transaction in which no call succeeded and none left it dirty. */
void store_cancel(struct store *store);
/* How much waits for the commit: for bounding it. */
size_t store_backlog(const struct store *store); /* changes, about */

/*
 * Take in an encoded batch (sync/model/log.h) from a peer.
 *
 * ERR_OK: its entries are in; or out->is_forked: it showed a fork instead,
 * nothing of it was taken in, and the evidence is kept (storage/vouch.h) when
 * the transaction commits. ERR_STALE: all of it is held already (not a fault).
 * Otherwise as of log_verify_batch, and: ERR_DENIED: the log's author is no
 * member, or a body is lacking; ERR_GAP; ERR_FORK: the log is frozen, and
 * takes no more for good (not a fault of who sent it). With
 * ERR_BAD_SIGNATURE, out->head_differs says whether the head is really the
 * author's: then it or who sent the batch holds another tree than we do, and
 * heads will tell; such a head of our own log is awaited. *out is filled in for
 * these, ERR_OK and ERR_STALE. All errors but ERR_NOMEM and what the disk says
 * leave the transaction clean.
 *
 * Bodies that were absent here and are due are taken in from entries that are
 * held already; if our office audits, no body of a change is kept.
 */
struct accept_result {
    struct log_id log;
    uint64_t stored; /* the log's size now */
    size_t accepted; /* entries that were new */
    size_t refused;  /* of these, void */
    size_t filled;   /* bodies that had been absent here */
    bool head_differs;
    bool is_forked;           /* a fork was found in this call: */
    struct evidence evidence; /* by this */
};
enum err store_accept(struct store *store, struct bytes encoded,
    struct accept_result *out, struct err_msg *msg) MUST_USE;

/*
 * One local edit of one record, all its operations (values in canonical CBOR
 * of their types). They become one change per class, under the file's keys,
 * which are made and granted when missing.
 */
enum { VERSION_BYTES = 8 };
struct version {
    uint8_t bytes[VERSION_BYTES]; /* of the record's digest */
};
struct edit {
    bool is_new; /* make the record; id is ignored and drawn */
    uint16_t kind;
    struct record_id id;
    bool has_parent; /* with is_new, for kinds that have one */
    struct record_id parent;
    const struct change_op *ops;
    size_t op_count;
    bool has_version; /* what the person saw: ERR_STALE if it is another */
    struct version version;
    bool without_result; /* nobody asks for the new version: imports */
};
struct edit_result { /* the version is zero for edits without_result */
    struct record_id id;
    struct version version;
};
/*
 * ERR_STALE; ERR_NOT_FOUND: no such record here; ERR_DENIED: no right to
 * write, or the key is not ours; ERR_MALFORMED: an operation that would be
 * void, and why; ERR_TOO_BIG. None of these makes the transaction dirty.
 */
enum err store_edit(struct store *store, const struct edit *edit,
    struct edit_result *out, struct err_msg *msg) MUST_USE;

/*
 * Append a control statement of ours (an encoded body of control.h). The
 * caller encodes it with author's dots from store_name_dot.
 */
enum err store_state(struct store *store, struct bytes statement,
    struct dot *out, struct err_msg *msg) MUST_USE;
/* How our own control log names a dot it counts. */
enum err store_name_dot(
    struct store *store, struct dot dot, struct author_dot *out) MUST_USE;

/*
 * The steps of membership that are more than one statement.
 *
 * found: the founding statement, its pack, the circles link, everyone and our
 * own office's. enrol: our own enrolment and (unless the office only relays
 * or audits) its circle, once our admission has been applied; ERR_NOT_FOUND
 * before that; ERR_EXISTS when done. admit: a joiner's certificate: admit (or
 * enrol for our own office) and the seals it needs; ERR_EXISTS when that very
 * certificate stands already; ERR_DENIED when we may not admit, or a key of it
 * is taken.
 */
struct store_found {
    struct bytes founding_statement; /* statement_put_found's */
    const char *pack_name;
    uint64_t pack_version;
    struct hash pack_hash;
};
enum err store_found(struct store *store, const struct store_found *found,
    struct err_msg *msg) MUST_USE;
enum err store_enrol(
    struct store *store, struct bytes cert, struct err_msg *msg) MUST_USE;
struct store_admit {
    struct bytes cert;
    uint8_t roles;
    bool confirmed;
    struct hash invitation;
};
enum err store_admit(struct store *store, const struct store_admit *admit,
    struct err_msg *msg) MUST_USE;

/* Index what was touched since: up to `max` records, in sorted order;
 * *out_left tells whether more wait. Part of a write transaction. */
enum err store_index(struct store *store, size_t max, bool *out_left,
    struct err_msg *msg) MUST_USE;

/*
 * The world's small facts, part of a write transaction. Values are sealed.
 * Open invitations: hash of the secret -> the secret and terms; peers' clocks.
 */
enum err store_put_note(struct store *store, struct bytes name,
    struct bytes value, struct err_msg *msg) MUST_USE; /* empty: delete */

/* Read one within the write transaction, appended to *out. ERR_NOT_FOUND. */
enum err store_note(struct store *store, struct bytes name, struct buf *out,
    struct err_msg *msg) MUST_USE;

/*
 * Imported rows: an outside name (a file's hash and the row's own id) ->
 * the record it made, so that importing again changes nothing. Part of a write
 * transaction; kept as keyed hashes. ERR_NOT_FOUND.
 */
struct imported {
    uint16_t kind;
    struct record_id id;
};
enum err store_import_find(struct store *store, struct bytes name,
    struct imported *out, struct err_msg *msg) MUST_USE;
enum err store_import_put(struct store *store, struct bytes name,
    const struct imported *imported, struct err_msg *msg) MUST_USE;
/* A record as the write transaction has it now (merged, not yet flushed);
 * lives until the next call on the store. ERR_NOT_FOUND. */
enum err store_record(struct store *store, uint16_t kind,
    const struct record_id *id, const struct record **out,
    struct err_msg *msg) MUST_USE;
/* For reading them: the writer's own tables, as of the transaction. */
const struct membership *store_membership(const struct store *store);
const struct log_table *store_logs(const struct store *store);

/*
 * Drop what is derived (records, index, keys, refused) and make it again
 * from the entries, in its own transactions; progress is called now and then
 * (may be NULL). The store must not be in a transaction.
 */
struct store_progress {
    void (*report)(void *context, uint64_t done, uint64_t all);
    void *context;
};
enum err store_rebuild(struct store *store,
    const struct store_progress *progress, struct err_msg *msg) MUST_USE;

#endif
