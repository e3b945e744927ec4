/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/vclock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "crypto/flat.h"
#include "crypto/hash.h"

enum { ITEMS_PER_LOG = 2, NAME_HEAD_BYTES_MAX = 32 };

/* One log of a full form. */
struct counted {
    struct log_id id;
    uint64_t size;
};

/*
 * A full form, read log by log: `now` is the log at hand unless `done`. All
 * failures are in `rc`, and end the reading.
 */
struct reader {
    struct cursor cursor;
    size_t left;
    uint32_t index; /* of `now` */
    struct counted now;
    bool done;
    enum err rc;
};

static int
compare_counted(const void *a, const void *b)
{
    return log_id_compare(
        &((const struct counted *)a)->id, &((const struct counted *)b)->id);
}

static void
put_id(struct buf *out, const struct log_id *id)
{
    uint8_t bytes[LOG_ID_BYTES];

    log_id_encode(bytes, id);
    cbor_put_bytes(out, bytes_of(bytes, sizeof(bytes)));
}

static void
put_counted(struct buf *out, const struct counted *counted)
{
    put_id(out, &counted->id);
    cbor_put_uint(out, counted->size);
}

static void
get_id(struct cursor *cursor, struct log_id *out)
{
    uint8_t bytes[LOG_ID_BYTES];

    cbor_get_fixed(cursor, bytes, sizeof(bytes));
    if (log_id_decode(out, bytes) != ERR_OK) {
        cursor_fail(cursor);
    }
}

/* A size or an increase: 1 to LOG_SIZE_MAX. */
static uint64_t
get_size(struct cursor *cursor)
{
    uint64_t size = cbor_get_uint(cursor);

    if (size == 0 || size > LOG_SIZE_MAX) {
        cursor_fail(cursor);
    }
    return size;
}

/* The head of an array of pairs, one for each of at most LOG_TABLE_MAX. */
static enum err
get_pairs(struct cursor *cursor, size_t *out)
{
    size_t items = cbor_get_array(cursor);

    if (cursor->failed || items % ITEMS_PER_LOG != 0) {
        return ERR_MALFORMED;
    }
    if (items / ITEMS_PER_LOG > LOG_TABLE_MAX) {
        return ERR_TOO_BIG;
    }
    *out = items / ITEMS_PER_LOG;
    return ERR_OK;
}

static void
reader_fail(struct reader *reader, enum err rc)
{
    reader->rc = rc;
    reader->done = true;
}

/* Step to the next log: "sorted by log id, sizes >= 1". */
static void
reader_next(struct reader *reader)
{
    struct log_id before = reader->now.id;

    assert(!reader->done);
    if (reader->left == 0) {
        reader->done = true;
        if (cursor_end(&reader->cursor) != ERR_OK) {
            reader_fail(reader, ERR_MALFORMED);
        }
        return;
    }
    get_id(&reader->cursor, &reader->now.id);
    reader->now.size = get_size(&reader->cursor);
    reader->left--;
    reader->index++;
    if (reader->cursor.failed ||
        (reader->index > 0 && log_id_compare(&before, &reader->now.id) >= 0)) {
        reader_fail(reader, ERR_MALFORMED);
    }
}

/* Open a full form at its first log; no bytes at all stand for no logs. */
static struct reader
reader_open(struct bytes full, bool may_be_absent)
{
    struct reader reader = {.index = UINT32_MAX};

    if (full.size == 0 && may_be_absent) {
        reader.done = true;
        return reader;
    }
    if (full.size > VCLOCK_BYTES_MAX) {
        reader_fail(&reader, ERR_TOO_BIG);
        return reader;
    }
    reader.cursor = cursor_init(full);
    reader.rc = get_pairs(&reader.cursor, &reader.left);
    if (reader.rc != ERR_OK) {
        reader.done = true;
        return reader;
    }
    reader_next(&reader);
    return reader;
}

enum err
vclock_encode(
    struct buf *out, const struct vclock *clock, const struct log_table *logs)
{
    struct counted *sorted = NULL;
    size_t count = 0;

    sorted = mem_alloc(clock->count * sizeof(*sorted));
    if (sorted == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < clock->count; i++) {
        if (clock->sizes[i] != 0) {
            assert(i < logs->count);
            sorted[count].id = logs->ids[i];
            sorted[count].size = clock->sizes[i];
            count++;
        }
    }
    if (count != 0) {
        qsort(sorted, count, sizeof(*sorted), compare_counted);
    }
    cbor_put_array(out, count * ITEMS_PER_LOG);
    for (size_t i = 0; i < count; i++) {
        put_counted(out, &sorted[i]);
    }
    mem_free(sorted);
    return buf_err(out);
}

enum err
vclock_check(struct bytes encoded)
{
    struct reader reader = reader_open(encoded, false);

    while (!reader.done) {
        reader_next(&reader);
    }
    return reader.rc;
}

enum err
vclock_decode(struct vclock *out, struct log_table *logs, struct bytes encoded)
{
    struct vclock clock = {0};
    struct reader reader = {0};
    uint32_t log = 0;
    enum err rc = vclock_check(encoded);

    if (rc != ERR_OK) {
        return rc;
    }
    reader = reader_open(encoded, false);
    while (!reader.done) {
        rc = log_table_add(logs, &reader.now.id, &log);
        if (rc == ERR_OK) {
            rc = vclock_raise(&clock, log, reader.now.size);
        }
        if (rc != ERR_OK) {
            vclock_release(&clock);
            return rc;
        }
        reader_next(&reader);
    }
    vclock_release(out);
    *out = clock;
    return ERR_OK;
}

void
vclock_name(struct vclock_name *out, struct bytes full)
{
    uint8_t head[NAME_HEAD_BYTES_MAX];
    uint8_t hash[64];
    struct flat flat = flat_array(head, sizeof(head), 2, "corridor/clock/1");
    struct bytes parts[2] = {{NULL, 0}, full};

    flat_bytes_head(&flat, full.size);
    parts[0] = flat_bytes(&flat);
    hash_blake2b_512(hash, parts, 2);
    memcpy(out->bytes, hash, sizeof(out->bytes));
}

/* What a delta holds: how many logs of the base grew, how many are new. */
struct growth {
    size_t grown;
    size_t added;
};

/* Is the reader's log also the other's, before it (-1), or after (1)? One
 * that is done stands after all logs. */
static int
compare_readers(const struct reader *a, const struct reader *b)
{
    if (a->done || b->done) {
        return (int)a->done - (int)b->done;
    }
    return log_id_compare(&a->now.id, &b->now.id);
}

/*
 * Walk base and full side by side. Without a buffer, count what differs;
 * with one, write either the grown logs or the added ones.
 */
static enum err
walk_growth(struct growth *out, struct buf *buf, bool write_added,
    struct bytes base_full, struct bytes full)
{
    struct reader base = reader_open(base_full, true);
    struct reader now = reader_open(full, false);
    struct growth growth = {0};

    while (!now.done && base.rc == ERR_OK) {
        int order = compare_readers(&base, &now);

        if (order < 0 || (order == 0 && base.now.size > now.now.size)) {
            return ERR_STALE;
        }
        if (order > 0) {
            growth.added++;
            if (buf != NULL && write_added) {
                put_counted(buf, &now.now);
            }
        } else if (base.now.size < now.now.size) {
            growth.grown++;
            if (buf != NULL && !write_added) {
                cbor_put_uint(buf, base.index);
                cbor_put_uint(buf, now.now.size - base.now.size);
            }
        }
        if (order == 0) {
            reader_next(&base);
        }
        reader_next(&now);
    }
    if (base.rc != ERR_OK || now.rc != ERR_OK) {
        return base.rc != ERR_OK ? base.rc : now.rc;
    }
    *out = growth;
    return base.done ? ERR_OK : ERR_STALE;
}

enum err
vclock_delta_encode(struct buf *out, struct bytes base_full, struct bytes full)
{
    struct growth growth = {0};
    enum err rc = walk_growth(&growth, NULL, false, base_full, full);

    if (rc != ERR_OK) {
        return rc;
    }
    cbor_put_array(out, (growth.grown + growth.added) * ITEMS_PER_LOG);
    rc = walk_growth(&growth, out, false, base_full, full);
    if (rc == ERR_OK) {
        rc = walk_growth(&growth, out, true, base_full, full);
    }
    return rc == ERR_OK ? buf_err(out) : rc;
}

/*
 * A delta: first the increases of the base's logs by index, then new logs.
 * `grown` stands at the first of the former, `added` at the first of the
 * latter, each with how many are left.
 */
struct delta_parts {
    struct cursor grown;
    size_t grown_left;
    uint64_t grown_index; /* of the increase at hand, where some are left */
    struct reader added;
};

static enum err
delta_open(struct delta_parts *out, struct bytes delta)
{
    struct delta_parts parts = {.grown = cursor_init(delta)};
    struct cursor cursor = {0};
    size_t pairs = 0;
    enum err rc = ERR_OK;

    if (delta.size > VCLOCK_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    rc = get_pairs(&parts.grown, &pairs);
    if (rc != ERR_OK) {
        return rc;
    }
    cursor = parts.grown;
    while (parts.grown_left < pairs && cbor_peek(&cursor) == CBOR_UINT) {
        cbor_get_uint(&cursor);
        get_size(&cursor);
        parts.grown_left++;
    }
    if (cursor.failed) {
        return ERR_MALFORMED;
    }
    parts.added = (struct reader){
        .cursor = cursor,
        .left = pairs - parts.grown_left,
        .index = UINT32_MAX,
    };
    reader_next(&parts.added);
    if (parts.grown_left != 0) {
        parts.grown_index = cbor_get_uint(&parts.grown);
    }
    *out = parts;
    return parts.added.rc;
}

/* What the delta adds to the base's log number `index`: the next increase,
 * if it is of that log, else 0. Indices ascend, so none is passed over. */
static uint64_t
delta_take(struct delta_parts *parts, uint32_t index)
{
    uint64_t increase = 0;

    if (parts->grown_left == 0 || parts->grown_index != index) {
        return 0;
    }
    increase = get_size(&parts->grown);
    parts->grown_left--;
    if (parts->grown_left != 0) {
        parts->grown_index = cbor_get_uint(&parts->grown);
    }
    return increase;
}

/* Merge base and delta in the order of ids; without a buffer, only count. */
static enum err
delta_merge(struct buf *out, struct bytes base_full, struct delta_parts parts,
    size_t *out_count)
{
    struct reader base = reader_open(base_full, true);
    size_t count = 0;

    while (!base.done || (!parts.added.done && base.rc == ERR_OK)) {
        int order = compare_readers(&base, &parts.added);
        struct reader *from = order < 0 ? &base : &parts.added;
        struct counted counted = from->now;

        if (order == 0) {
            return ERR_MALFORMED; /* not new: it has an index */
        }
        if (order < 0) {
            counted.size += delta_take(&parts, base.index);
        }
        if (counted.size > LOG_SIZE_MAX) {
            return ERR_MALFORMED;
        }
        if (out != NULL) {
            put_counted(out, &counted);
        }
        count++;
        reader_next(from);
    }
    if (base.rc != ERR_OK || parts.added.rc != ERR_OK) {
        return base.rc != ERR_OK ? base.rc : parts.added.rc;
    }
    /* An index beyond the base, out of order or twice was never taken. */
    if (parts.grown_left != 0) {
        return ERR_MALFORMED;
    }
    *out_count = count;
    return count > LOG_TABLE_MAX ? ERR_TOO_BIG : ERR_OK;
}

enum err
vclock_delta_decode(
    struct buf *out_full, struct bytes base_full, struct bytes delta)
{
    struct delta_parts parts = {0};
    size_t count = 0;
    enum err rc = delta_open(&parts, delta);

    if (rc == ERR_OK) {
        rc = delta_merge(NULL, base_full, parts, &count);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    cbor_put_array(out_full, count * ITEMS_PER_LOG);
    rc = delta_merge(out_full, base_full, parts, &count);
    assert(rc == ERR_OK);
    return buf_err(out_full);
}
