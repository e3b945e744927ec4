/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs, dots and vector clocks. A log is named by its node and kind. Within
 * one process logs have small local numbers, given in order of arrival by a
 * `struct log_table`; they never leave the machine. A clock says how many
 * entries of each log are counted (docs/protocol.md, "Clocks").
 */
#ifndef CORRIDOR_SYNC_MODEL_VCLOCK_H
#define CORRIDOR_SYNC_MODEL_VCLOCK_H

#include "crypto/base/buf.h"
#include "crypto/base/bytes.h"
#include "crypto/base/cursor.h"
#include "crypto/base/err.h"

/* No log is longer: sizes fit a signed number, as C2SP checkpoints ask. */
#define LOG_SIZE_MAX ((uint64_t)INT64_MAX)

enum log_kind { LOG_CONTROL = 0, LOG_CHANGES = 1 };

enum {
    LOG_ID_BYTES = 33,   /* node id, then the kind */
    LOG_TABLE_MAX = 8192 /* logs in one corridor */
};

struct log_id {
    struct node_id node;
    uint8_t kind; /* enum log_kind */
};

/* Names one entry, by local log number. */
struct dot {
    uint32_t log;
    uint64_t position;
};

/* Local numbers: ids[n] is the log with number n; found by a hash table. */
struct log_table {
    struct log_id *ids;
    size_t count;
    size_t capacity;
    uint32_t *slots; /* open addressing, 0 empty, else number + 1 */
    size_t slot_count;
};

/* The id as bytes: node, then kind. */
void log_id_encode(uint8_t out[LOG_ID_BYTES], const struct log_id *id);
/* ERR_MALFORMED for a kind above LOG_CHANGES. */
enum err log_id_decode(
    struct log_id *out, const uint8_t bytes[LOG_ID_BYTES]) MUST_USE;
bool log_id_equal(const struct log_id *a, const struct log_id *b);
/* Order by node, then kind. */
int log_id_compare(const struct log_id *a, const struct log_id *b);

/* Free what it holds; NULL and zeroed are fine. */
void log_table_release(struct log_table *table);
/*
 * The number of `id`, adding it when new. ERR_TOO_BIG past LOG_TABLE_MAX,
 * ERR_NOMEM.
 */
enum err log_table_add(
    struct log_table *table, const struct log_id *id, uint32_t *out) MUST_USE;
/* False, and *out untouched, if the table lacks it. */
bool log_table_find(
    const struct log_table *table, const struct log_id *id, uint32_t *out);

/* sizes[n] entries of log n are counted; logs at or past count: none. */
struct vclock {
    uint64_t *sizes;
    size_t count;
    size_t capacity;
};

/* Free what it holds; NULL and zeroed are fine. */
void vclock_release(struct vclock *clock);
/* Count nothing; keeps the memory. */
void vclock_clear(struct vclock *clock);
static inline uint64_t
vclock_get(const struct vclock *clock, uint32_t log)
{
    return log < clock->count ? clock->sizes[log] : 0;
}
/* Room for logs below `count`, so that raising them cannot fail. */
enum err vclock_reserve(struct vclock *clock, size_t count) MUST_USE;
/* Raise log's size to at least `size`. ERR_NOMEM. */
enum err vclock_raise(
    struct vclock *clock, uint32_t log, uint64_t size) MUST_USE;
/* Replace *out, using its memory again. ERR_NOMEM. */
enum err vclock_copy(struct vclock *out, const struct vclock *clock) MUST_USE;
/* Raise every size to that of `other`. ERR_NOMEM. */
enum err vclock_merge(struct vclock *into, const struct vclock *other) MUST_USE;
static inline bool
vclock_counts(const struct vclock *clock, struct dot dot)
{
    return dot.position < vclock_get(clock, dot.log);
}
/* Is every size of `small` at most that of `large`? */
bool vclock_covers(const struct vclock *large, const struct vclock *small);
/* The same sizes, whatever their counts: what is beyond is zero. */
bool vclock_equal(const struct vclock *a, const struct vclock *b);

/*
 * The clock as peers see it. Full form, CBOR:
 *     [log id bstr(33), size uint, …]   sorted by log id, sizes >= 1
 * and its name: the first 8 bytes of BLAKE2b-512 of CBOR
 * ["corridor/clock/1", full form bstr].
 */
enum { VCLOCK_NAME_BYTES = 8, VCLOCK_BYTES_MAX = 512 * 1024 };
struct vclock_name {
    uint8_t bytes[VCLOCK_NAME_BYTES];
};
/* Append the full form; every log counted is in `logs`. ERR_NOMEM, or
 * ERR_TOO_BIG by the buffer's limit. */
enum err vclock_encode(struct buf *out, const struct vclock *clock,
    const struct log_table *logs) MUST_USE;
/*
 * Decode strictly, adding unknown logs to `logs` once all of it is found to
 * be well formed; *out is replaced. ERR_MALFORMED, ERR_TOO_BIG (bytes or
 * logs), ERR_NOMEM: *out is untouched then.
 */
enum err vclock_decode(
    struct vclock *out, struct log_table *logs, struct bytes encoded) MUST_USE;
/* Is it a full form, strictly? ERR_MALFORMED or ERR_TOO_BIG if not. */
enum err vclock_check(struct bytes encoded) MUST_USE;
void vclock_name(struct vclock_name *out, struct bytes full);

/*
 * As a delta to a base both sides keep as full forms:
 *     [(index uint | log id bstr(33)), increase uint >= 1, …]
 * index counts the base's logs in its order, ascending; new logs follow,
 * sorted. Sizes never fall: ERR_STALE when `full` is below the base.
 * An empty base (size 0) gives all logs by id. Decoding appends the full form
 * to *out_full. Works on encodings, so that bases can be kept as bytes; both
 * are checked as strictly as the delta. ERR_MALFORMED, ERR_TOO_BIG,
 * ERR_NOMEM; what was written is taken back on failure.
 */
enum err vclock_delta_encode(
    struct buf *out, struct bytes base_full, struct bytes full) MUST_USE;
enum err vclock_delta_decode(
    struct buf *out_full, struct bytes base_full, struct bytes delta) MUST_USE;

#endif
