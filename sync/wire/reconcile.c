/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/wire/reconcile.h"

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "sync/wire/reconcile_internal.h"

void
reconcile_init(struct reconcile *reconcile, const struct node_id *self)
{
    *reconcile = (struct reconcile){.self = *self};
    buf_init(&reconcile->ours, VCLOCK_BYTES_MAX);
    buf_init(&reconcile->theirs, VCLOCK_BYTES_MAX);
}

void
reconcile_release(struct reconcile *reconcile)
{
    if (reconcile == NULL) {
        return;
    }
    buf_release(&reconcile->ours);
    buf_release(&reconcile->theirs);
    mem_free(reconcile->logs);
    mem_free(reconcile->schedule);
    mem_free(reconcile->held);
    mem_free(reconcile->limits);
    *reconcile = (struct reconcile){0};
}

struct reconcile_log *
reconcile_find(const struct reconcile *reconcile, const struct log_id *id)
{
    size_t low = 0;
    size_t high = reconcile->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = log_id_compare(&reconcile->logs[mid].id, id);

        if (order == 0) {
            return &reconcile->logs[mid];
        }
        if (order < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NULL;
}

bool
reconcile_is_held(const struct reconcile *reconcile, const struct log_id *id)
{
    size_t low = 0;
    size_t high = reconcile->held_count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = log_id_compare(&reconcile->held[mid], id);

        if (order == 0) {
            return true;
        }
        if (order < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return false;
}

/* Few logs have one. */
uint64_t
reconcile_limit_of(const struct reconcile *reconcile, const struct log_id *id)
{
    for (size_t i = 0; i < reconcile->limit_count; i++) {
        if (log_id_equal(&reconcile->limits[i].log, id)) {
            return reconcile->limits[i].size;
        }
    }
    return UINT64_MAX;
}

static bool
is_same_limits(const struct reconcile *reconcile,
    const struct reconcile_limit *limits, size_t count)
{
    if (count != reconcile->limit_count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!log_id_equal(&limits[i].log, &reconcile->limits[i].log) ||
            limits[i].size != reconcile->limits[i].size) {
            return false;
        }
    }
    return true;
}

enum err
reconcile_set_limits(struct reconcile *reconcile,
    const struct reconcile_limit *limits, size_t count)
{
    struct reconcile_limit *copy = NULL;

    if (is_same_limits(reconcile, limits, count)) {
        return ERR_OK;
    }
    copy = mem_zalloc(count, sizeof(*copy));
    if (copy == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        assert(
            i == 0 || log_id_compare(&limits[i - 1].log, &limits[i].log) < 0);
        copy[i] = limits[i];
    }
    mem_free(reconcile->limits);
    reconcile->limits = copy;
    reconcile->limit_count = count;
    for (size_t i = 0; i < reconcile->count; i++) {
        struct reconcile_log *log = &reconcile->logs[i];

        log->limit = reconcile_limit_of(reconcile, &log->id);
    }
    reconcile_compare(reconcile);
    return ERR_OK;
}

bool
reconcile_is_equal(const struct reconcile *reconcile)
{
    return reconcile->is_equal;
}

/* Merge two ascending lists into `out`, which has room; the count. */
static size_t
unite(struct log_id *out, const struct reconcile *reconcile,
    const struct log_id *logs, size_t count)
{
    size_t united = 0;
    size_t a = 0;
    size_t b = 0;

    while (a < reconcile->held_count || b < count) {
        int order = 0;

        if (a == reconcile->held_count || b == count) {
            order = a == reconcile->held_count ? 1 : -1;
        } else {
            order = log_id_compare(&reconcile->held[a], &logs[b]);
        }
        out[united] = order <= 0 ? reconcile->held[a] : logs[b];
        united++;
        a += order <= 0;
        b += order >= 0;
    }
    return united;
}

/* The held logs that are not in the list. */
static size_t
subtract(struct log_id *out, const struct reconcile *reconcile,
    const struct log_id *logs, size_t count)
{
    size_t kept = 0;
    size_t b = 0;

    for (size_t a = 0; a < reconcile->held_count; a++) {
        while (b < count && log_id_compare(&logs[b], &reconcile->held[a]) < 0) {
            b++;
        }
        if (b == count || !log_id_equal(&logs[b], &reconcile->held[a])) {
            out[kept] = reconcile->held[a];
            kept++;
        }
    }
    return kept;
}

enum err
reconcile_hold(struct reconcile *reconcile, const struct log_id *logs,
    size_t count, bool hold)
{
    struct log_id *held =
        mem_zalloc(reconcile->held_count + count, sizeof(*held));
    size_t held_count = 0;

    if (held == NULL) {
        return ERR_NOMEM;
    }
    held_count = hold ? unite(held, reconcile, logs, count)
                      : subtract(held, reconcile, logs, count);
    if (held_count > LOG_TABLE_MAX) {
        mem_free(held);
        return ERR_TOO_BIG;
    }
    mem_free(reconcile->held);
    reconcile->held = held;
    reconcile->held_count = held_count;
    for (size_t i = 0; i < count; i++) {
        struct reconcile_log *log = reconcile_find(reconcile, &logs[i]);

        if (log != NULL) {
            log->is_held = hold;
        }
    }
    return ERR_OK;
}

void
reconcile_offer(
    struct reconcile *reconcile, struct reconcile_log *log, uint64_t now_ms)
{
    if (node_id_equal(&log->id.node, &reconcile->self)) {
        log->offered = log->ours;
    } else if (log->relay_ms == 0 && log->offered < log->ours) {
        log->waiting = log->ours;
        log->relay_ms = now_ms + RECONCILE_RELAY_MS;
        reconcile->waiting_count++;
    }
}

/* The wait of one log, and that of what grew meanwhile. */
static void
tick_log(
    struct reconcile *reconcile, struct reconcile_log *log, uint64_t now_ms)
{
    if (log->relay_ms > now_ms && log->theirs < log->waiting) {
        return;
    }
    log->offered = log->waiting;
    log->relay_ms = 0;
    reconcile->waiting_count--;
    reconcile_offer(reconcile, log, now_ms);
}

void
reconcile_tick(struct reconcile *reconcile, uint64_t now_ms)
{
    for (size_t i = 0; reconcile->waiting_count > 0 && i < reconcile->count;
         i++) {
        if (reconcile->logs[i].relay_ms != 0) {
            tick_log(reconcile, &reconcile->logs[i], now_ms);
        }
    }
}

uint64_t
reconcile_wake_ms(const struct reconcile *reconcile)
{
    uint64_t wake_ms = UINT64_MAX;

    for (size_t i = 0; reconcile->waiting_count > 0 && i < reconcile->count;
         i++) {
        if (reconcile->logs[i].relay_ms != 0) {
            wake_ms = num_min_u64(wake_ms, reconcile->logs[i].relay_ms);
        }
    }
    return wake_ms;
}

/* Where sending this log goes on. */
static uint64_t
start_of(const struct reconcile_log *log)
{
    return num_max_u64(log->next, log->theirs);
}

static bool
is_to_send(const struct reconcile_log *log)
{
    uint64_t start = start_of(log);
    bool is_empty = log->empty_ours == log->ours && log->empty_from == start;

    return start < num_min_u64(log->offered, log->limit) && !log->is_reading &&
           !log->is_held && !log->is_stalled && !is_empty;
}

bool
reconcile_next(
    const struct reconcile *reconcile, bool control_only, struct range *out)
{
    for (size_t i = 0; i < reconcile->count; i++) {
        const struct reconcile_log *log =
            &reconcile->logs[reconcile->schedule[i]];

        if (control_only && log->id.kind != LOG_CONTROL) {
            return false;
        }
        if (is_to_send(log)) {
            *out = (struct range){
                .log = log->id,
                .from = start_of(log),
                .to = num_min_u64(log->offered, log->limit),
            };
            return true;
        }
    }
    return false;
}

void
reconcile_read_begin(struct reconcile *reconcile, const struct log_id *id)
{
    struct reconcile_log *log = reconcile_find(reconcile, id);

    assert(log != NULL && is_to_send(log));
    log->is_reading = true;
}

bool
reconcile_read_end(struct reconcile *reconcile, const struct range *read)
{
    struct reconcile_log *log = reconcile_find(reconcile, &read->log);

    assert(log != NULL && log->is_reading);
    log->is_reading = false;
    if (read->to == read->from) {
        log->empty_from = read->from;
        log->empty_ours = log->ours;
        return false;
    }
    if (start_of(log) != read->from || log->is_held ||
        log->limit <= read->from) {
        return false;
    }
    log->next = read->to;
    return true;
}

void
reconcile_unsend(struct reconcile *reconcile, const struct range *read)
{
    struct reconcile_log *log = reconcile_find(reconcile, &read->log);

    assert(log != NULL && log->next == read->to);
    log->next = read->from;
}

void
reconcile_taken(
    struct reconcile *reconcile, const struct range *batch, uint64_t moves)
{
    struct reconcile_log *log = reconcile_find(reconcile, &batch->log);

    assert(log != NULL);
    if (log->theirs < batch->from || log->theirs >= batch->to) {
        return; /* behind a batch that failed before it, or all is well */
    }
    log->next = log->theirs;
    log->is_stalled = log->theirs == batch->from && moves == reconcile->moves;
}

static bool
log_check(const struct reconcile_log *log)
{
    /* `next` may be beyond: a read finds what was committed since the clock
     * was taken. */
    return log->ours > 0 && log->offered <= log->ours &&
           (log->relay_ms == 0 ||
               (log->offered < log->waiting && log->waiting <= log->ours));
}

bool
reconcile_check(const struct reconcile *reconcile)
{
    size_t waiting = 0;

    for (size_t i = 0; i < reconcile->count; i++) {
        const struct reconcile_log *log = &reconcile->logs[i];

        if (!log_check(log) ||
            log->is_held != reconcile_is_held(reconcile, &log->id) ||
            log->limit != reconcile_limit_of(reconcile, &log->id) ||
            (i > 0 && log_id_compare(&log[-1].id, &log->id) >= 0) ||
            (i > 0 && reconcile->logs[reconcile->schedule[i - 1]].id.kind >
                          reconcile->logs[reconcile->schedule[i]].id.kind)) {
            return false;
        }
        waiting += log->relay_ms != 0;
    }
    return waiting == reconcile->waiting_count;
}
