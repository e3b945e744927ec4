/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries: what a log holds at one position. The tree commits to 68 bytes
 * that never change; headers are never withheld; bodies can be absent
 * (docs/protocol.md, "Entries").
 *
 *   leaf   = 0x01 | kind | 0x00 0x00 | SHA-256(header) | SHA-256(body)
 *   header = CBOR [time, clock, key, grants, seal]          changes logs
 *            CBOR [time, clock, key, grants, seen, seal]    control logs
 *     time   uint: what the hybrid logical time adds to that of the
 *            author's last entry in this log (0 before the first)
 *     clock  [(index uint | log id bstr(33)), increase uint >= 1, …]
 *     key    null | position uint (in this log) | [index uint, position uint]
 *     grants null | [key, class uint, [index, position, mode, purpose,
 *            expiry null|uint]…]; key: bstr(32), the commitment of the key
 *            that this entry creates, or as `key` above. The dot in each
 *            grant is that of the circle generation's statement.
 *     seen   as clock, over changes logs; nobody waits for it
 *     seal   bstr(24)
 *
 * An index counts the author's own table: 0 is this log, 1 the same node's
 * other log, then every log in the order in which the author's clock or seen
 * first named it by id. In clock and seen indices ascend from 1 (this log is
 * counted without saying so), and new logs follow, ascending by id. A dot in
 * this log has no other form than its position alone, but for the generation
 * in a grant, which is always two numbers. A key that this entry creates is
 * named by the entry's own position, and grants hold at least one grant.
 *
 * "The header without its seal" is the header's bytes before the seal item:
 * all but the last 26.
 */
#ifndef CORRIDOR_SYNC_MODEL_ENTRY_H
#define CORRIDOR_SYNC_MODEL_ENTRY_H

#include "crypto/seal.h"
#include "sync/model/class.h"
#include "sync/model/vclock.h"

enum entry_kind { ENTRY_CONTROL = 0, ENTRY_CHANGE = 1, ENTRY_ERASE = 2 };

enum {
    ENTRY_LEAF_BYTES = 68,
    ENTRY_HEADER_BYTES_MAX = 60 * 1024,
    ENTRY_BODY_BYTES_MAX = 48 * 1024,
    ENTRY_GRANTS_MAX = 64,
    ENTRY_SEAL_ITEM_BYTES = 26
};

enum grant_mode { GRANT_WRAPPED = 0, GRANT_BOXED = 1 };
enum grant_purpose {
    PURPOSE_OWN = 0,    /* the office's own file */
    PURPOSE_POLICY = 1, /* the corridor's policy or the kind's class */
    PURPOSE_SHARE = 2,  /* shared by hand */
    PURPOSE_REFER = 3,
    PURPOSE_EMERGENCY = 4
};

/* One entry as it travels and is stored: views. */
struct entry {
    uint8_t kind; /* enum entry_kind; others are void but stored */
    bool has_body;
    struct bytes header;
    struct bytes body;     /* where has_body */
    struct hash body_hash; /* always */
};

/* A dot as its author wrote it: an index of the author's table. */
struct author_dot {
    uint32_t index;
    uint64_t position;
};

struct header {
    uint64_t elapsed;   /* the item `time`: since the author's last */
    struct bytes clock; /* the encoded items, without the array's head */
    size_t clock_count; /* items (pairs) */
    struct bytes seen;  /* likewise; none in changes logs */
    size_t seen_count;
    bool has_key;
    struct author_dot key;
    bool has_grants;
    bool creates_key;             /* grants name a commitment */
    struct hash commitment;       /* where creates_key */
    struct author_dot grants_key; /* the key granted; own entry if created */
    uint8_t class;                /* enum schema_class, where has_grants */
    struct bytes grants;          /* the encoded grant items */
    size_t grant_count;
    struct seal seal;
    struct bytes unsealed; /* the header without its seal */
};

struct grant {
    struct author_dot generation;
    uint8_t mode;    /* enum grant_mode */
    uint8_t purpose; /* enum grant_purpose */
    bool has_expiry;
    uint64_t expiry_ms;
};

/* Fill in the hash of a body that is there. */
void entry_hash_body(struct entry *entry);
/* The leaf's bytes, and its leaf hash in the tree: the body's hash is to be
 * there. */
void entry_leaf(uint8_t out[ENTRY_LEAF_BYTES], const struct entry *entry);
void entry_leaf_hash(struct hash *out, const struct entry *entry);

/*
 * Strict decode of a header; views live as long as `encoded`. `position` is
 * the entry's own: it says what `key` may name. ERR_MALFORMED. It does not
 * ask which kinds of entry need a key.
 */
enum err header_decode(struct header *out, struct bytes encoded,
    enum log_kind log_kind, uint64_t position) MUST_USE;
/* The nth grant, n < grant_count; the header was decoded, so it is there. */
void header_grant(struct grant *out, const struct header *header, size_t n);

/* A clock delta in local numbers: raise log to size. */
struct delta_item {
    uint32_t log;
    uint64_t size;
};
struct delta {
    struct delta_item *items;
    size_t count;
    size_t capacity;
};
void delta_release(struct delta *delta);

/*
 * What must be known of a log's author to read its next header: where the
 * log's applied prefix ends. Kept in memory per log, and stored at every
 * 256th position.
 */
struct author {
    struct log_id id;
    uint32_t log;        /* its local number */
    uint64_t applied;    /* entries applied */
    struct vclock clock; /* what the last applied entry counts */
    struct vclock seen;
    uint32_t *table; /* index -> local number */
    size_t table_count;
    size_t table_capacity;
    uint64_t time; /* of the last applied entry */
    uint64_t rank;
};

/*
 * Start the author of `id`; both of the node's logs get local numbers.
 * ERR_TOO_BIG (`logs` is full) or ERR_NOMEM: *out is untouched then.
 */
enum err author_init(struct author *out, struct log_table *logs,
    const struct log_id *id) MUST_USE;
void author_release(struct author *author);
/*
 * Encode to and from bytes with local numbers (never leaves the machine):
 * CBOR [log, applied, time, rank, other log, its size, (log, size >= 1)…] in
 * the table's order; a size is the clock's, or in a control log for changes
 * logs that of seen. Decoding is strict: ERR_MALFORMED, ERR_NOMEM, and then
 * *out is untouched.
 */
enum err author_encode(struct buf *out, const struct author *author) MUST_USE;
enum err author_decode(struct author *out, const struct log_table *logs,
    struct bytes encoded) MUST_USE;

/*
 * Resolve the header's clock to local numbers, without changing the author;
 * logs named for the first time are added to `logs` and to *new_table, to be
 * appended to the author's table by author_advance. ERR_MALFORMED: an index
 * beyond the table, a log by id that has an index, a sum beyond LOG_SIZE_MAX,
 * a control log's clock that names a changes log, or a seen that names a
 * control log. ERR_TOO_BIG: more logs than `logs` can hold. ERR_NOMEM.
 * `out` may be zeroed or used before: it is cleared and its memory used
 * again. On failure it is empty, and nothing was added to `logs` unless for
 * want of memory. Sizes in the deltas are absolute.
 */
struct header_clock {
    struct delta clock;
    struct delta seen;
    uint32_t *new_table;
    size_t new_count;
    size_t new_capacity;
};
void header_clock_release(struct header_clock *clock);
enum err header_clock_resolve(struct header_clock *out,
    const struct author *author, struct log_table *logs,
    const struct header *header) MUST_USE;

/*
 * Does the header name only logs that have a number here? One that does not
 * waits: made-up logs never fill the table.
 */
bool header_clock_is_known(
    const struct log_table *logs, const struct header *header);
/* The first log that it names and that has none; false if there is none. */
bool header_clock_stranger(struct log_id *out, const struct log_table *logs,
    const struct header *header);

/*
 * Take the entry in: the author's clock, seen, table, time, rank and applied
 * count move past it. `clock` may be NULL (and `header` with it) for a
 * malformed entry: then only the count (and nothing else) moves. The author's
 * own log is always counted up to its applied entries. ERR_NOMEM: nothing
 * has moved.
 */
enum err author_advance(struct author *author, const struct header_clock *clock,
    const struct header *header, uint64_t rank) MUST_USE;

/*
 * While an entry is judged, its author's clock counts the own log up to it,
 * exclusively; before a log's first entry the clock may have no room for it.
 */
static inline void
author_count_own(struct author *author, uint64_t size)
{
    if (author->log < author->clock.count) {
        author->clock.sizes[author->log] = size;
    }
}

/* The local dot of an author's dot: false if the index is not in its table
 * (with the new logs of `clock`, which may be NULL). */
bool author_resolve(const struct author *author,
    const struct header_clock *clock, struct author_dot dot, struct dot *out);
/* The author's dot for a local one: false if the table lacks its log. */
bool author_name(
    const struct author *author, struct dot dot, struct author_dot *out);
/* The same where the entry's own new logs count too; `clock` may be NULL. */
bool author_name_with(const struct author *author,
    const struct header_clock *clock, struct dot dot, struct author_dot *out);

/* One grant to write. */
struct grant_out {
    struct dot generation;
    uint8_t mode;
    uint8_t purpose;
    bool has_expiry;
    uint64_t expiry_ms;
};

/*
 * Write a header without its seal: the caller computes the seal and appends
 * it with header_put_seal. `clock` and `seen` are absolute: what the entry
 * counts; the delta to the author's last is written (never less: asserted).
 * The own log in them is passed over, and in control logs so are changes logs
 * in `clock` and control logs in `seen`: both may be the clock of all that is
 * applied. Every log named by key and grants is counted by `clock` or is the
 * own node's: else ERR_NOT_FOUND. ERR_MALFORMED: a dot at or past this entry,
 * or no grants where has_grants. ERR_TOO_BIG: more grants or bytes than a
 * header holds. ERR_NOMEM. On failure what was written is taken back.
 */
struct header_out {
    uint64_t time;
    const struct vclock *clock;
    const struct vclock *seen; /* control logs; NULL in changes logs */
    bool has_key;
    struct dot key; /* own dot if this entry creates it */
    bool has_grants;
    const struct hash *commitment; /* not NULL if this entry creates it */
    struct dot grants_key;
    uint8_t class;
    const struct grant_out *grants;
    size_t grant_count;
};
enum err header_encode(struct buf *out, const struct author *author,
    const struct log_table *logs, const struct header_out *header) MUST_USE;
void header_put_seal(struct buf *out, const struct seal *seal);

/*
 * The body of a change: the wrapped keys of its grants (48 or 80 bytes each,
 * by mode), then the sealed plaintext, of which at least a tag and the least
 * padded size are demanded. Splits one; ERR_MALFORMED when too short. Views
 * live as long as `body`.
 */
struct change_body {
    struct bytes wrapped[ENTRY_GRANTS_MAX];
    struct bytes sealed;
};
enum err change_body_split(struct change_body *out, const struct header *header,
    struct bytes body) MUST_USE;

/*
 * An entry in a frame or bundle:
 *     kind u8 | header (one CBOR item) | flag and size u16 | body or its hash
 * size <= 49,152: the body follows; 0xffff: it is absent, its SHA-256
 * follows (32 bytes). Reading is strict; views live as long as the input;
 * the body's hash is computed. ERR_MALFORMED fails the cursor too, and *out
 * is untouched. The header need only be CBOR here: one that breaks its own
 * rules makes a void entry, not a bad batch.
 */
void entry_put(struct buf *out, const struct entry *entry);
enum err entry_get(struct entry *out, struct cursor *cursor) MUST_USE;

#endif
