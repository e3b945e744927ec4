/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/author_internal.h"

#include <stdlib.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"

enum { GRANTS_HEAD_ITEMS = 2, GRANT_ITEMS = 5 };

/* A log that the author names for the first time. */
struct new_log {
    struct log_id id;
    uint32_t log;
    uint64_t size;
};

/* One of the two clocks to write, and what it is a delta to. */
struct half {
    const struct vclock *now;
    const struct vclock *before;
    bool is_seen;
    struct new_log *added; /* within one array for both halves */
    size_t added_count;
};

struct writer {
    struct buf *out;
    const struct author *author;
    const struct log_table *logs;
    struct half clock;
    struct half seen;
    struct header_clock names; /* only its new_table */
};

static int
compare_new_logs(const void *a, const void *b)
{
    return log_id_compare(
        &((const struct new_log *)a)->id, &((const struct new_log *)b)->id);
}

/* Does the half count this log, by its kind? The own log never stands. */
static bool
takes(const struct writer *writer, const struct half *half, uint32_t log)
{
    return log != writer->author->log &&
           author_counts_as_seen(writer->author, writer->logs->ids[log].kind) ==
               half->is_seen;
}

static bool
is_new(const struct writer *writer, const struct half *half, uint32_t log)
{
    return half->now->sizes[log] != 0 && takes(writer, half, log) &&
           !author_has(writer->author, log);
}

static size_t
count_new(const struct writer *writer, const struct half *half)
{
    size_t count = 0;

    if (half->now == NULL) {
        return 0;
    }
    assert(half->now->count <= writer->logs->count);
    for (size_t log = 0; log < half->now->count; log++) {
        count += is_new(writer, half, (uint32_t)log);
    }
    return count;
}

/* Collect the half's new logs in `room`, sorted, and name them in order. */
static void
collect_new(struct writer *writer, struct half *half, struct new_log *room)
{
    half->added = room;
    if (half->now == NULL) {
        return;
    }
    for (size_t log = 0; log < half->now->count; log++) {
        if (is_new(writer, half, (uint32_t)log)) {
            room[half->added_count] = (struct new_log){
                .id = writer->logs->ids[log],
                .log = (uint32_t)log,
                .size = half->now->sizes[log],
            };
            half->added_count++;
        }
    }
    if (half->added_count != 0) {
        qsort(room, half->added_count, sizeof(*room), compare_new_logs);
    }
    for (size_t i = 0; i < half->added_count; i++) {
        writer->names.new_table[writer->names.new_count] = room[i].log;
        writer->names.new_count++;
    }
}

/* By how much the half raises the log at this index of the table. */
static uint64_t
increase_of(const struct writer *writer, const struct half *half, size_t index)
{
    uint32_t log = writer->author->table[index];
    uint64_t now = 0;
    uint64_t before = 0;

    if (!takes(writer, half, log)) {
        return 0;
    }
    now = vclock_get(half->now, log);
    before = vclock_get(half->before, log);
    assert(now >= before);
    return now - before;
}

static void
put_half(const struct writer *writer, const struct half *half)
{
    size_t count = half->added_count;

    for (size_t i = 1; i < writer->author->table_count; i++) {
        count += increase_of(writer, half, i) != 0;
    }
    cbor_put_array(writer->out, 2 * count);
    for (size_t i = 1; i < writer->author->table_count; i++) {
        uint64_t increase = increase_of(writer, half, i);

        if (increase != 0) {
            cbor_put_uint(writer->out, i);
            cbor_put_uint(writer->out, increase);
        }
    }
    for (size_t i = 0; i < half->added_count; i++) {
        uint8_t id[LOG_ID_BYTES];

        log_id_encode(id, &half->added[i].id);
        cbor_put_bytes(writer->out, bytes_of(id, sizeof(id)));
        cbor_put_uint(writer->out, half->added[i].size);
    }
}

/*
 * The author's name of a dot that the header mentions; only the key that the
 * entry creates may be at its own position.
 */
static enum err
name_dot(const struct writer *writer, struct dot dot, bool may_be_own,
    struct author_dot *out)
{
    uint64_t limit = writer->author->applied + (may_be_own ? 1 : 0);

    if (!author_name_with(writer->author, &writer->names, dot, out)) {
        return ERR_NOT_FOUND;
    }
    if (dot.position >= LOG_SIZE_MAX ||
        (dot.log == writer->author->log && dot.position >= limit)) {
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

static enum err
put_dot(const struct writer *writer, struct dot dot, bool may_be_own)
{
    struct author_dot name = {0};
    enum err rc = name_dot(writer, dot, may_be_own, &name);

    if (rc != ERR_OK) {
        return rc;
    }
    if (name.index != 0) {
        cbor_put_array(writer->out, 2);
        cbor_put_uint(writer->out, name.index);
    }
    cbor_put_uint(writer->out, name.position);
    return ERR_OK;
}

static enum err
put_grant(const struct writer *writer, const struct grant_out *grant)
{
    struct author_dot generation = {0};
    enum err rc = name_dot(writer, grant->generation, false, &generation);

    if (rc != ERR_OK) {
        return rc;
    }
    if (grant->mode > GRANT_BOXED || grant->purpose > PURPOSE_EMERGENCY) {
        return ERR_MALFORMED;
    }
    cbor_put_array(writer->out, GRANT_ITEMS);
    cbor_put_uint(writer->out, generation.index);
    cbor_put_uint(writer->out, generation.position);
    cbor_put_uint(writer->out, grant->mode);
    cbor_put_uint(writer->out, grant->purpose);
    if (grant->has_expiry) {
        cbor_put_uint(writer->out, grant->expiry_ms);
    } else {
        cbor_put_null(writer->out);
    }
    return ERR_OK;
}

static enum err
put_grants(const struct writer *writer, const struct header_out *header)
{
    enum err rc = ERR_OK;

    if (!header->has_grants) {
        cbor_put_null(writer->out);
        return ERR_OK;
    }
    if (header->grant_count > ENTRY_GRANTS_MAX) {
        return ERR_TOO_BIG;
    }
    if (header->grant_count == 0 || header->class >= CLASS_COUNT) {
        return ERR_MALFORMED;
    }
    cbor_put_array(writer->out, GRANTS_HEAD_ITEMS + header->grant_count);
    if (header->commitment != NULL) {
        cbor_put_bytes(writer->out, bytes_hash(header->commitment));
    } else {
        rc = put_dot(writer, header->grants_key, false);
    }
    cbor_put_uint(writer->out, header->class);
    for (size_t i = 0; i < header->grant_count && rc == ERR_OK; i++) {
        rc = put_grant(writer, &header->grants[i]);
    }
    return rc;
}

static enum err
put_header(const struct writer *writer, const struct header_out *header)
{
    bool is_control = writer->author->id.kind == LOG_CONTROL;
    bool creates_key = header->has_grants && header->commitment != NULL;
    enum err rc = ERR_OK;

    cbor_put_array(writer->out, is_control ? 6 : 5);
    assert(header->time >= writer->author->time);
    cbor_put_uint(writer->out, header->time - writer->author->time);
    put_half(writer, &writer->clock);
    if (header->has_key) {
        rc = put_dot(writer, header->key, creates_key);
    } else {
        cbor_put_null(writer->out);
    }
    if (rc == ERR_OK) {
        rc = put_grants(writer, header);
    }
    if (rc == ERR_OK && is_control) {
        put_half(writer, &writer->seen);
    }
    return rc == ERR_OK ? buf_err(writer->out) : rc;
}

enum err
header_encode(struct buf *out, const struct author *author,
    const struct log_table *logs, const struct header_out *header)
{
    struct writer writer = {
        .out = out,
        .author = author,
        .logs = logs,
        .clock = {header->clock, &author->clock, false, NULL, 0},
        .seen = {header->seen, &author->seen, true, NULL, 0},
    };
    size_t start = out->size;
    size_t clock_new = count_new(&writer, &writer.clock);
    size_t new_count = clock_new + count_new(&writer, &writer.seen);
    struct new_log *room = mem_alloc(new_count * sizeof(*room));
    enum err rc = ERR_OK;

    writer.names.new_table = mem_alloc(new_count * sizeof(uint32_t));
    if (room == NULL || writer.names.new_table == NULL) {
        rc = ERR_NOMEM;
        goto out;
    }
    assert((author->id.kind == LOG_CONTROL) == (header->seen != NULL));
    collect_new(&writer, &writer.clock, room);
    collect_new(&writer, &writer.seen, room + clock_new);
    rc = put_header(&writer, header);
    if (rc == ERR_OK &&
        out->size - start > ENTRY_HEADER_BYTES_MAX - ENTRY_SEAL_ITEM_BYTES) {
        rc = ERR_TOO_BIG;
    }
    if (rc != ERR_OK) {
        buf_truncate(out, start);
    }
out:
    header_clock_release(&writer.names);
    mem_free(room);
    return rc;
}
