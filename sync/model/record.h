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
    RECORD_BYTES_MAX = 8 * 1024 * 1024, /* encoded; a change beyond is void */
    RECORD_KEYS_MAX = 4096
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
    size_t count;
    size_t capacity;
};

/* A content key that some of the record's changes stand under. */
struct record_key {
    struct dot key;
    uint8_t class;
};

struct arena; /* owns what values and dots point to */

struct record {
    struct record_id id;
    uint16_t kind;
    bool has_parent;
    struct record_id parent;
    bool has_creation; /* a creating change was applied */
    struct dot creation;
    uint64_t created; /* hybrid time of the creating change, 0 without */
    uint64_t changed; /* greatest time of any applied change */
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
 * VOID_CLASS, VOID_RECORD (a creation by somebody else's salt, `once` outside
 * creation, an action the rule does not have, a value not of its type, a dot
 * of another field, too big). ERR_NOMEM: the record is as it was. `kind` may
 * be NULL (unknown kind: all fields merge as `review`).
 */
enum err record_apply(struct record *record, const struct schema_kind *kind,
    const struct change *change, const struct change_place *place,
    enum void_reason *out_void) MUST_USE;

/*
 * Encode for the disk, with local log numbers; `sealed` picks the half: all
 * that stands under keys of CLASS_SEALED, or the rest with the record's
 * head. Decoding a half adds it to *record (init it first).
 */
enum err record_encode(struct buf *out, const struct record *record,
    bool sealed) MUST_USE;
bool record_has_half(const struct record *record, bool sealed);
enum err record_decode(struct record *record, const struct log_table *logs,
    struct bytes encoded) MUST_USE;

/*
 * The canonical form, equal on every node that can read the same changes:
 * CBOR with log ids in place of local numbers; hashed it is the record's
 * digest. The first 8 bytes of the digest are its version (ETag).
 */
enum err record_canonical(struct buf *out, const struct record *record,
    const struct log_table *logs) MUST_USE;
enum err record_digest(struct hash *out, const struct record *record,
    const struct log_table *logs) MUST_USE;

/* The field of that number, or NULL; lives until the record changes. */
const struct record_field *record_field(
    const struct record *record, uint16_t number);

/* Every op of each field in canonical order, sizes consistent: for tests. */
bool record_check(
    const struct record *record, const struct log_table *logs);

#endif
