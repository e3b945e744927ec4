/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change's plaintext: operations on the fields of one record, all of one
 * class, and how it becomes a body (docs/protocol.md, "Changes").
 *
 *   CBOR [record bstr(16), kind uint, [op…]]
 *        [record, kind, parent null|bstr(16), salt bstr(16), [op…]]
 *   op   [field uint, 0, value]                set (registers)
 *        [field, 0, value, reason tstr]        set, with a reason
 *        [field, 1, value]                     add (set ban journal ledger)
 *        [field, 2, [dot…]]                    remove, lift, strike
 *        [field, 2, [dot…], value]             reverse (ledger: the entry)
 *        [field, 3, office null|bstr(32), [dot…]]   transfer (owner); null:
 *                                              to the author's own office
 *   dot  index uint, position uint, op uint: three items, flattened; the index
 *        is of the author's table, op counts the operations of that entry
 *
 * The dots of an operation ascend by index, position and op: a set has one
 * encoding. A removal names at least one; a reason is not empty.
 *
 * parent and salt stand in creating changes only (the first of each class).
 * The record id is time-ordered and ends in
 *   BLAKE2b-256(["corridor/record/1", corridor, node, salt])[0..10),
 * so that nobody else can create it. A change without operations carries
 * grants alone.
 *
 * Plaintext on the way to sealing, zero-padded to seal_padded_size: one zstd
 * frame (RFC 8878) without its four magic bytes (level 1, dictionary of the
 * pack, single segment, content size given, no checksum); or a byte that counts
 * the zeros and the plaintext itself, where that is no longer.
 */
#ifndef CORRIDOR_SYNC_MODEL_CHANGE_H
#define CORRIDOR_SYNC_MODEL_CHANGE_H

#include "sync/model/entry.h"

enum change_action {
    ACTION_SET = 0,
    ACTION_ADD = 1,
    ACTION_REMOVE = 2,
    ACTION_TRANSFER = 3
};

enum {
    CHANGE_OPS_MAX = 512,
    CHANGE_DOTS_MAX = 1024, /* per operation */
    CHANGE_VALUE_BYTES_MAX = 16 * 1024,
    CHANGE_REASON_BYTES_MAX = 4 * 1024,
    CHANGE_PLAIN_BYTES_MAX = 256 * 1024,
    CHANGE_WINDOW_LOG_MAX = 18
};

struct record_salt {
    uint8_t bytes[16];
};

/* Names one operation, in local numbers. */
struct op_id {
    struct dot dot;
    uint16_t op;
};

struct change_op {
    uint16_t field;
    uint8_t action; /* enum change_action */
    bool has_value;
    bool has_reason;
    struct bytes value;      /* one CBOR item */
    bool is_own;             /* a transfer to the author's own office: its id */
    struct office_id office; /* is not written, and for readers to fill in */
    struct bytes reason;     /* text */
    struct op_id *dots;      /* what it removes, reverses, follows */
    size_t dot_count;
};

struct change {
    struct record_id record;
    uint16_t kind;
    bool has_parent;
    struct record_id parent;
    bool has_salt;
    struct record_salt salt;
    struct change_op *ops;
    size_t op_count;
};

/* Releases what change_decode allocated; not for one the caller put together
 * itself. NULL and zeroed are fine. */
void change_release(struct change *change);

/*
 * Append the encoding; dots become author's dots, in order. ERR_TOO_BIG;
 * ERR_NOT_FOUND when a dot's log is not in the author's table (with the new
 * logs of `clock`, which may be NULL); ERR_MALFORMED for what decoding would
 * refuse; ERR_NOMEM. What was written is taken back on failure.
 */
enum err change_encode(struct buf *out, const struct change *change,
    const struct author *author, const struct header_clock *clock) MUST_USE;

/*
 * Strict decode; views live as long as `plain`. The author is as it was
 * before the entry. A dot whose log is not in the author's table, or at or
 * past the entry itself, is ERR_MALFORMED; so is what breaks the form above.
 * ERR_TOO_BIG past a limit, ERR_NOMEM. *out is untouched on failure.
 */
enum err change_decode(struct change *out, struct bytes plain,
    const struct author *author, const struct header_clock *clock) MUST_USE;

/* The id of a new record at wall_ms. */
void record_id_make(struct record_id *out, const struct corridor_id *corridor,
    const struct node_id *node, const struct record_salt *salt,
    uint64_t wall_ms);
/* Was this id made by this node with this salt? */
bool record_id_made_by(const struct record_id *id,
    const struct corridor_id *corridor, const struct node_id *node,
    const struct record_salt *salt);

/*
 * Compression with the packs' dictionaries; one codec per thread and
 * dictionary, reused.
 */
struct codec;
/*
 * `dictionary` is in zstd's own format and bears the number dictionary_id
 * (1 to 255 cost a byte in each frame, greater ones 2 or 4); empty with
 * number 0 for none. It is copied. ERR_MALFORMED: it is not such a
 * dictionary. ERR_NOMEM.
 */
enum err codec_new(struct codec **out, uint32_t dictionary_id,
    struct bytes dictionary) MUST_USE;
void codec_free(struct codec *codec);
/* Append the padded frame, or the padded plaintext where that is no longer.
 * ERR_TOO_BIG past CHANGE_PLAIN_BYTES_MAX, ERR_NOMEM; what was written is taken
 * back then. */
enum err codec_pack(
    struct codec *codec, struct buf *out, struct bytes plain) MUST_USE;
/*
 * Append the plaintext of what was packed: strict, bounded. ERR_MALFORMED;
 * ERR_TOO_BIG when the frame announces more than CHANGE_PLAIN_BYTES_MAX;
 * ERR_VERSION when it is of another dictionary (the change is kept and waits
 * for the pack); ERR_NOMEM. What was written is taken back on failure.
 */
enum err codec_unpack(
    struct codec *codec, struct buf *out, struct bytes padded) MUST_USE;
/* The number of the dictionary that it takes to unpack this, 0 for none.
 * ERR_MALFORMED or ERR_TOO_BIG as above. */
enum err codec_dictionary_id(uint32_t *out, struct bytes padded) MUST_USE;

#endif
