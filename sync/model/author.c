/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/author_internal.h"

#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"

enum {
    OWN = 0,   /* "0 is this log, */
    OTHER = 1, /* 1 the same node's other log" */
    FIXED_COUNT = 2,
    STATE_ITEMS = 4 /* log, applied, time, rank, before the table */
};

void
delta_release(struct delta *delta)
{
    if (delta == NULL) {
        return;
    }
    mem_free(delta->items);
    *delta = (struct delta){0};
}

void
header_clock_release(struct header_clock *clock)
{
    if (clock == NULL) {
        return;
    }
    delta_release(&clock->clock);
    delta_release(&clock->seen);
    mem_free(clock->new_table);
    *clock = (struct header_clock){0};
}

void
author_release(struct author *author)
{
    if (author == NULL) {
        return;
    }
    vclock_release(&author->clock);
    vclock_release(&author->seen);
    mem_free(author->table);
    *author = (struct author){0};
}

/* The same node's log of the other kind. */
static struct log_id
other_log(const struct log_id *id)
{
    struct log_id other = *id;

    other.kind = id->kind == LOG_CONTROL ? LOG_CHANGES : LOG_CONTROL;
    return other;
}

static enum err
table_push(struct author *author, uint32_t log)
{
    enum err rc = mem_grow((void **)&author->table, &author->table_capacity,
        author->table_count + 1, sizeof(*author->table));

    if (rc == ERR_OK) {
        author->table[author->table_count] = log;
        author->table_count++;
    }
    return rc;
}

enum err
author_init(struct author *out, struct log_table *logs, const struct log_id *id)
{
    struct author author = {.id = *id};
    struct log_id other = other_log(id);
    uint32_t log = 0;
    enum err rc = log_table_add(logs, id, &author.log);

    if (rc == ERR_OK) {
        rc = table_push(&author, author.log);
    }
    if (rc == ERR_OK) {
        rc = log_table_add(logs, &other, &log);
    }
    if (rc == ERR_OK) {
        rc = table_push(&author, log);
    }
    if (rc != ERR_OK) {
        author_release(&author);
        return rc;
    }
    *out = author;
    return ERR_OK;
}

/* A log stands in one of the two clocks at the most: by its kind. */
static uint64_t
counted_size(const struct author *author, uint32_t log)
{
    uint64_t size = vclock_get(&author->clock, log);

    return size != 0 ? size : vclock_get(&author->seen, log);
}

bool
author_has(const struct author *author, uint32_t log)
{
    return log == author->table[OWN] || log == author->table[OTHER] ||
           counted_size(author, log) != 0;
}

bool
author_counts_as_seen(const struct author *author, enum log_kind kind)
{
    return author->id.kind == LOG_CONTROL && kind == LOG_CHANGES;
}

enum err
author_encode(struct buf *out, const struct author *author)
{
    assert(author->table_count >= FIXED_COUNT);
    cbor_put_array(out, STATE_ITEMS + 2 * (author->table_count - 1));
    cbor_put_uint(out, author->log);
    cbor_put_uint(out, author->applied);
    cbor_put_uint(out, author->time);
    cbor_put_uint(out, author->rank);
    for (size_t i = OTHER; i < author->table_count; i++) {
        cbor_put_uint(out, author->table[i]);
        cbor_put_uint(out, counted_size(author, author->table[i]));
    }
    return buf_err(out);
}

/* One log of the table and its size. */
static enum err
get_counted(
    struct author *author, const struct log_table *logs, struct cursor *cursor)
{
    uint64_t log = cbor_get_uint(cursor);
    uint64_t size = cbor_get_uint(cursor);
    bool is_other = author->table_count == OTHER;
    struct vclock *clock = &author->clock;
    enum err rc = ERR_OK;

    if (cursor->failed || log >= logs->count || size > LOG_SIZE_MAX) {
        return ERR_MALFORMED;
    }
    if (is_other) {
        struct log_id other = other_log(&author->id);

        if (!log_id_equal(&logs->ids[log], &other)) {
            return ERR_MALFORMED;
        }
    } else if (size == 0 || author_has(author, (uint32_t)log)) {
        return ERR_MALFORMED;
    }
    if (author_counts_as_seen(author, logs->ids[log].kind)) {
        clock = &author->seen;
    }
    rc = vclock_raise(clock, (uint32_t)log, size);
    return rc == ERR_OK ? table_push(author, (uint32_t)log) : rc;
}

/* What stands before the table, and this log as its first. */
static enum err
get_state(
    struct author *author, const struct log_table *logs, struct cursor *cursor)
{
    uint64_t log = cbor_get_uint(cursor);
    enum err rc = ERR_OK;

    author->applied = cbor_get_uint(cursor);
    author->time = cbor_get_uint(cursor);
    author->rank = cbor_get_uint(cursor);
    if (cursor->failed || log >= logs->count ||
        author->applied > LOG_SIZE_MAX) {
        return ERR_MALFORMED;
    }
    author->log = (uint32_t)log;
    author->id = logs->ids[log];
    rc = vclock_raise(&author->clock, author->log, author->applied);
    return rc == ERR_OK ? table_push(author, author->log) : rc;
}

enum err
author_decode(
    struct author *out, const struct log_table *logs, struct bytes encoded)
{
    struct cursor cursor = cursor_init(encoded);
    struct author author = {0};
    size_t items = cbor_get_array(&cursor);
    enum err rc = ERR_MALFORMED;

    if (items >= STATE_ITEMS + 2 && items % 2 == 0) {
        rc = get_state(&author, logs, &cursor);
    }
    for (size_t i = STATE_ITEMS; i < items && rc == ERR_OK; i += 2) {
        rc = get_counted(&author, logs, &cursor);
    }
    if (rc == ERR_OK) {
        rc = cursor_end(&cursor);
    }
    if (rc != ERR_OK) {
        author_release(&author);
        return rc;
    }
    *out = author;
    return ERR_OK;
}

static size_t
delta_top(const struct delta *delta)
{
    size_t top = 0;

    for (size_t i = 0; i < delta->count; i++) {
        if (delta->items[i].log >= top) {
            top = (size_t)delta->items[i].log + 1;
        }
    }
    return top;
}

/* Reserved before, so it cannot fail. */
static void
raise_all(struct vclock *clock, const struct delta *delta)
{
    for (size_t i = 0; i < delta->count; i++) {
        enum err rc =
            vclock_raise(clock, delta->items[i].log, delta->items[i].size);

        assert(rc == ERR_OK);
    }
}

static enum err
reserve_all(struct author *author, const struct header_clock *clock)
{
    enum err rc = vclock_reserve(&author->clock, (size_t)author->log + 1);

    if (rc == ERR_OK && clock != NULL) {
        rc = vclock_reserve(&author->clock, delta_top(&clock->clock));
    }
    if (rc == ERR_OK && clock != NULL) {
        rc = vclock_reserve(&author->seen, delta_top(&clock->seen));
    }
    if (rc == ERR_OK && clock != NULL) {
        rc = mem_grow((void **)&author->table, &author->table_capacity,
            author->table_count + clock->new_count, sizeof(*author->table));
    }
    return rc;
}

enum err
author_advance(struct author *author, const struct header_clock *clock,
    const struct header *header, uint64_t rank)
{
    enum err rc = reserve_all(author, clock);

    assert(author->applied < LOG_SIZE_MAX);
    if (rc != ERR_OK) {
        return rc;
    }
    author->applied++;
    rc = vclock_raise(&author->clock, author->log, author->applied);
    assert(rc == ERR_OK);
    if (clock == NULL) {
        return ERR_OK;
    }
    raise_all(&author->clock, &clock->clock);
    raise_all(&author->seen, &clock->seen);
    if (clock->new_count != 0) {
        memcpy(author->table + author->table_count, clock->new_table,
            clock->new_count * sizeof(*author->table));
        author->table_count += clock->new_count;
    }
    author->time += header->elapsed;
    author->rank = rank;
    return ERR_OK;
}

bool
author_resolve(const struct author *author, const struct header_clock *clock,
    struct author_dot dot, struct dot *out)
{
    size_t index = dot.index;

    if (index < author->table_count) {
        *out = (struct dot){author->table[index], dot.position};
        return true;
    }
    index -= author->table_count;
    if (clock == NULL || index >= clock->new_count) {
        return false;
    }
    *out = (struct dot){clock->new_table[index], dot.position};
    return true;
}

/* The place of a log in an array of `count`, or count. */
static size_t
place_of(const uint32_t *logs, size_t count, uint32_t log)
{
    size_t place = 0;

    while (place < count && logs[place] != log) {
        place++;
    }
    return place;
}

bool
author_name_with(const struct author *author, const struct header_clock *clock,
    struct dot dot, struct author_dot *out)
{
    size_t new_count = clock == NULL ? 0 : clock->new_count;
    size_t place = 0;

    if (author_has(author, dot.log)) {
        place = place_of(author->table, author->table_count, dot.log);
        assert(place < author->table_count);
    } else {
        place = place_of(
            clock == NULL ? NULL : clock->new_table, new_count, dot.log);
        if (place == new_count) {
            return false;
        }
        place += author->table_count;
    }
    *out = (struct author_dot){(uint32_t)place, dot.position};
    return true;
}

bool
author_name(const struct author *author, struct dot dot, struct author_dot *out)
{
    return author_name_with(author, NULL, dot, out);
}
