/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/author_internal.h"

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"

/* Stands in a delta for a log that has no local number yet. */
#define UNNUMBERED UINT32_MAX

/* One of the header's two clocks, and what it is resolved against. */
struct half {
    struct bytes items;
    size_t count;
    const struct vclock *before;
    bool is_seen;
    struct delta *delta;
};

/* How many logs are named by id, and how many of them are unknown here. */
struct named {
    size_t by_id;
    size_t unknown;
};

static struct log_id
get_id(struct cursor *cursor)
{
    struct log_id id = {0};
    struct bytes bytes = cbor_get_bytes(cursor);

    /* header_decode has seen that it is one. */
    assert(bytes.size == LOG_ID_BYTES);
    if (log_id_decode(&id, bytes.data) != ERR_OK) {
        cursor_fail(cursor);
    }
    return id;
}

/* The local number of one item's log, UNNUMBERED if it has none yet. */
static enum err
resolve_log(uint32_t *out, uint8_t *out_kind, const struct author *author,
    const struct log_table *logs, struct cursor *cursor)
{
    struct log_id id = {0};

    if (cbor_peek(cursor) == CBOR_UINT) {
        uint64_t index = cbor_get_uint(cursor);

        if (index >= author->table_count) {
            return ERR_MALFORMED;
        }
        *out = author->table[index];
        *out_kind = logs->ids[*out].kind;
        return ERR_OK;
    }
    id = get_id(cursor);
    *out = UNNUMBERED;
    *out_kind = id.kind;
    if (log_table_find(logs, &id, out) && author_has(author, *out)) {
        return ERR_MALFORMED; /* it has an index */
    }
    return ERR_OK;
}

/* Fill the half's delta; logs that are new to the author come last. */
static enum err
resolve_half(const struct half *half, const struct author *author,
    const struct log_table *logs, struct named *named)
{
    struct cursor cursor = cursor_init(half->items);
    struct delta *delta = half->delta;
    enum err rc = mem_grow((void **)&delta->items, &delta->capacity,
        half->count, sizeof(*delta->items));

    for (size_t i = 0; i < half->count && rc == ERR_OK; i++) {
        bool is_id = cbor_peek(&cursor) == CBOR_BYTES;
        struct delta_item item = {0};
        uint8_t kind = 0;

        rc = resolve_log(&item.log, &kind, author, logs, &cursor);
        if (rc != ERR_OK) {
            return rc;
        }
        item.size = cbor_get_uint(&cursor);
        if (item.log == UNNUMBERED) {
            named->unknown++;
        } else {
            item.size += vclock_get(half->before, item.log);
        }
        if (author_counts_as_seen(author, kind) != half->is_seen ||
            item.size > LOG_SIZE_MAX) {
            return ERR_MALFORMED;
        }
        named->by_id += is_id;
        delta->items[delta->count] = item;
        delta->count++;
    }
    return rc;
}

/* Number the logs that the half names by id, and put them in the table. */
static enum err
number_half(
    struct header_clock *out, const struct half *half, struct log_table *logs)
{
    struct cursor cursor = cursor_init(half->items);
    enum err rc = ERR_OK;

    for (size_t i = 0; i < half->count && rc == ERR_OK; i++) {
        struct log_id id = {0};

        if (cbor_peek(&cursor) == CBOR_UINT) {
            cbor_get_uint(&cursor);
        } else {
            id = get_id(&cursor);
            rc = log_table_add(logs, &id, &half->delta->items[i].log);
            if (rc == ERR_OK) {
                out->new_table[out->new_count] = half->delta->items[i].log;
                out->new_count++;
            }
        }
        cbor_get_uint(&cursor);
    }
    return rc;
}

/* The first log of the half that has no number here. */
static bool
half_stranger(struct log_id *out, const struct log_table *logs,
    struct bytes items, size_t count)
{
    struct cursor cursor = cursor_init(items);

    for (size_t i = 0; i < count && !cursor.failed; i++) {
        uint32_t log = 0;

        if (cbor_peek(&cursor) == CBOR_BYTES) {
            struct log_id id = get_id(&cursor);
            if (!cursor.failed && !log_table_find(logs, &id, &log)) {
                *out = id;
                return true;
            }
        } else {
            cbor_get_uint(&cursor);
        }
        cbor_get_uint(&cursor);
    }
    return false;
}

bool
header_clock_stranger(struct log_id *out, const struct log_table *logs,
    const struct header *header)
{
    return half_stranger(out, logs, header->clock, header->clock_count) ||
           half_stranger(out, logs, header->seen, header->seen_count);
}

bool
header_clock_is_known(const struct log_table *logs, const struct header *header)
{
    struct log_id stranger;

    return !header_clock_stranger(&stranger, logs, header);
}

static enum err
number_all(struct header_clock *out, const struct half halves[2],
    struct log_table *logs, const struct named *named)
{
    enum err rc = ERR_OK;

    if (named->unknown > LOG_TABLE_MAX - logs->count) {
        return ERR_TOO_BIG;
    }
    rc = mem_grow((void **)&out->new_table, &out->new_capacity, named->by_id,
        sizeof(*out->new_table));
    if (rc == ERR_OK) {
        rc = number_half(out, &halves[0], logs);
    }
    if (rc == ERR_OK) {
        rc = number_half(out, &halves[1], logs);
    }
    return rc;
}

static void
clear(struct header_clock *clock)
{
    clock->clock.count = 0;
    clock->seen.count = 0;
    clock->new_count = 0;
}

enum err
header_clock_resolve(struct header_clock *out, const struct author *author,
    struct log_table *logs, const struct header *header)
{
    struct half halves[2] = {
        {header->clock, header->clock_count, &author->clock, false,
            &out->clock},
        {header->seen, header->seen_count, &author->seen, true, &out->seen},
    };
    struct named named = {0};
    enum err rc = ERR_OK;

    clear(out);
    if (header->elapsed > UINT64_MAX - author->time) {
        return ERR_MALFORMED;
    }
    rc = resolve_half(&halves[0], author, logs, &named);
    if (rc == ERR_OK) {
        rc = resolve_half(&halves[1], author, logs, &named);
    }
    if (rc == ERR_OK && named.by_id != 0) {
        rc = number_all(out, halves, logs, &named);
    }
    if (rc != ERR_OK) {
        clear(out);
    }
    return rc;
}
