/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record: for each field the set of its current operations, those that no
 * valid later operation replaced (docs/protocol.md, "Records and merging").
 * It is a pure function of the set of readable valid changes: record_apply
 * takes them in any order that extends causality. When a change becomes
 * readable or void late, the record is applied again from its history.
 */
#ifndef CORRIDOR_SYNC_MODEL_RECORD_H
#define CORRIDOR_SYNC_MODEL_RECORD_H

#include "sync/model/change.h"
#include "sync/model/membership.h"
#include "sync/model/schema.h"

enum {
    /*
     * What one half of a record (below) may weigh, and so what it takes at
     * most when encoded. The weight is of all changes ever applied, whether
     * their operations are still current or not: only so does it not depend
     * on the order of arrival (docs/protocol.md, "Records and merging").
     */
    RECORD_BYTES_MAX = 8 * 1024 * 1024,
    RECORD_KEYS_MAX = 4096, /* per half */
    RECORD_WEIGHT_START = 256,
    RECORD_CHANGE_WEIGHT = 64,
    RECORD_OP_WEIGHT = 64,
    RECORD_DOT_WEIGHT = 24,
    RECORD_TRANSFER_WEIGHT = 16 * 1024,
    RECORD_TRANSFER_DOTS_MAX = 64
};

struct record_op {
    struct op_id id;
    uint64_t rank;
    uint64_t time;
    uint16_t key; /* index in the record's keys */
    uint8_t action;
    bool has_value;
    bool has_reason;
    struct bytes value;
    struct bytes reason;
    struct office_id office; /* ACTION_TRANSFER */
    struct op_id *dots;
    size_t dot_count;
};

struct record_field {
    uint16_t number;
    struct record_op *ops; /* canonical: by rank, time, node, log kind,
                              position, op */
    size_t count;          /* 0: the field is as if it were not there */
    size_t staged;         /* behind them, while a change is applied */
    size_t capacity;
};

/* A content key that some of the record's changes stand under. */
struct record_key {
    struct dot key;
    uint8_t class;
};

/*
 * A record has two halves, which are kept apart on the disk: what stands
 * under keys of CLASS_SEALED, and the rest. Each is a function of its own
 * changes alone, so that either can be read, or erased, without the other.
 * The first change of a half is the least: creating ones before others, then
 * in canonical order.
 */
struct record_half {
    bool has_any;    /* a change was applied; the rest counts only then */
    bool is_full;    /* a change was void for its weight, or for its key */
    bool has_parent; /* of the first change, as are the next six */
    struct record_id parent;
    bool is_created; /* the first change is a creating one */
    struct dot first;
    uint64_t rank;
    uint64_t time;
    uint64_t changed; /* greatest time of any applied change */
    uint64_t weight;
    size_t key_count;
};

struct arena; /* owns what values and dots point to */

/*
 * Kind and id together name a record: changes that give one id two kinds are
 * of two records, so that neither is in the other's way.
 */
struct record {
    struct record_id id;
    uint16_t kind;
    bool has_parent; /* of the first creating change that names one */
    struct record_id parent;
    bool has_creation; /* a creating change was applied */
    struct dot creation;
    uint64_t created; /* hybrid time of the creating change, 0 without */
    uint64_t changed; /* greatest time of any applied change */
    /*
     * A half is full: nothing was lost, but what is void depends on order, so
     * after every further change the record is to be made anew from its whole
     * history, applied in canonical order.
     */
    bool is_full;
    struct record_half halves[2]; /* [1]: under keys of CLASS_SEALED */
    struct record_key *keys;
    size_t key_count;
    size_t key_capacity;
    struct record_field *fields; /* by number */
    size_t field_count;
    size_t field_capacity;
    struct arena *arena;
};

/* An empty record of that id and kind. */
void record_init(
    struct record *record, const struct record_id *id, uint16_t kind);
void record_release(struct record *record);

/* Where a change stands, and what its author could open. */
struct change_place {
    struct dot dot;
    uint64_t rank;
    uint64_t time;
    const struct vclock *clock; /* all it counts, own log included */
    struct dot key;
    uint8_t class;
    const struct corridor_id *corridor;
    const struct log_table *logs;
    const struct membership *membership;
    /* Could the author open `key` by `clock`? Called for keys other than the
     * change's own. */
    bool (*opens)(void *context, struct dot key);
    void *context;
};

/*
 * Apply one change (copied). ERR_OK with *out_void VOID_NONE, or with the
 * reason why the change as a whole is void and the record as it was:
 * VOID_CLASS, or VOID_RECORD: another record's kind, a creation by somebody
 * else's salt, a parent or `once` outside creation, an action the rule does not
 * have, a value not of its type, a dot that the change does not count, a
 * transfer that is not the owner's, too heavy (then is_full is set). Named dots
 * that are not current in the field name nothing. ERR_NOMEM: the record is as
 * it was.
 *
 * `kind` is the record's, as the pack has it, or NULL for an unknown one: then
 * all fields merge as `review`.
 */
enum err record_apply(struct record *record, const struct schema_kind *kind,
    const struct change *change, const struct change_place *place,
    enum void_reason *out_void) MUST_USE;

/*
 * Append one half, encoded for the disk, with local log numbers; `sealed`
 * picks it. At most RECORD_BYTES_MAX bytes. ERR_NOMEM.
 */
enum err record_encode(
    struct buf *out, const struct record *record, bool sealed) MUST_USE;
/* Was any change applied to this half? */
bool record_has_half(const struct record *record, bool sealed);
/*
 * Add a half, which says itself which it is and of what kind, to *record: init
 * it first, then decode at most one of each. Strict: ERR_MALFORMED, also for a
 * half that the record already has or of another kind than the other half (the
 * kind told to record_init gives way); ERR_TOO_BIG, ERR_VERSION, ERR_NOMEM.
 * After a failure the record is good for record_release only.
 */
enum err record_decode(struct record *record, const struct log_table *logs,
    struct bytes encoded) MUST_USE;

/*
 * The canonical form, equal on every node that can read the same changes:
 * CBOR with log ids in place of local numbers. Its BLAKE2b-256 is the
 * record's digest, of which the first 8 bytes are its version (ETag).
 */
enum err record_canonical(struct buf *out, const struct record *record,
    const struct log_table *logs) MUST_USE;
enum err record_digest(struct hash *out, const struct record *record,
    const struct log_table *logs) MUST_USE;

/*
 * The field of that number, or NULL when nothing is current in it; lives until
 * the record changes.
 */
const struct record_field *record_field(
    const struct record *record, uint16_t number);

/* Every op of each field in canonical order, sizes consistent: for tests. */
bool record_check(const struct record *record, const struct log_table *logs);

#endif
