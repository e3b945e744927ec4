/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"
#include "sync/wire/reconcile_internal.h"

/* A full form that vclock_check passed, log by log: `id` and `size` are of
 * the log at hand unless `done`. */
struct walk {
    struct cursor cursor;
    size_t left;
    struct log_id id;
    uint64_t size;
    bool done;
};

static void
walk_next(struct walk *walk)
{
    uint8_t id[LOG_ID_BYTES];
    enum err rc = ERR_OK;

    if (walk->left == 0) {
        walk->done = true;
        return;
    }
    cbor_get_fixed(&walk->cursor, id, sizeof(id));
    rc = log_id_decode(&walk->id, id);
    assert(rc == ERR_OK);
    walk->size = cbor_get_uint(&walk->cursor);
    walk->left--;
    assert(!walk->cursor.failed);
}

/* No bytes at all stand for no logs. */
static struct walk
walk_open(struct bytes full)
{
    struct walk walk = {.cursor = cursor_init(full)};

    walk.left = full.size == 0 ? 0 : cbor_get_array(&walk.cursor) / 2;
    walk_next(&walk);
    return walk;
}

/* Put the log's index behind the others of the schedule, once. */
static void
schedule_log(uint32_t *schedule, size_t *count, bool *is_placed, size_t index)
{
    if (!is_placed[index]) {
        is_placed[index] = true;
        schedule[*count] = (uint32_t)index;
        (*count)++;
    }
}

/* All logs of a kind: those of the order first, then the rest by id. */
static void
schedule_kind(const struct reconcile *reconcile,
    const struct reconcile_clock *clock, uint8_t kind, uint32_t *schedule,
    size_t *count, bool *is_placed)
{
    for (size_t i = 0; i < clock->order_count; i++) {
        const struct reconcile_log *log =
            clock->order[i].kind == kind
                ? reconcile_find(reconcile, &clock->order[i])
                : NULL;

        if (log != NULL) {
            schedule_log(
                schedule, count, is_placed, (size_t)(log - reconcile->logs));
        }
    }
    for (size_t i = 0; i < reconcile->count; i++) {
        if (reconcile->logs[i].id.kind == kind) {
            schedule_log(schedule, count, is_placed, i);
        }
    }
}

/* Where each of the logs stands in the order of sending. */
static enum err
make_schedule(struct reconcile *reconcile, const struct reconcile_clock *clock)
{
    uint32_t *schedule = mem_zalloc(reconcile->count, sizeof(*schedule));
    bool *is_placed = mem_zalloc(reconcile->count, sizeof(*is_placed));
    size_t count = 0;
    enum err rc = ERR_NOMEM;

    if (schedule == NULL || is_placed == NULL) {
        goto out;
    }
    schedule_kind(reconcile, clock, LOG_CONTROL, schedule, &count, is_placed);
    schedule_kind(reconcile, clock, LOG_CHANGES, schedule, &count, is_placed);
    assert(count == reconcile->count);
    reconcile->schedule = schedule;
    schedule = NULL;
    rc = ERR_OK;
out:
    mem_free(schedule);
    mem_free(is_placed);
    return rc;
}

/* Take the state of the logs known before into the new ones. */
static enum err
carry_logs(struct reconcile *fresh, const struct reconcile *before,
    const struct reconcile_clock *clock)
{
    struct walk walk = walk_open(clock->full);
    size_t old = 0;

    for (size_t i = 0; i < fresh->count; i++) {
        struct reconcile_log *log = &fresh->logs[i];

        if (old < before->count &&
            log_id_equal(&before->logs[old].id, &walk.id)) {
            *log = before->logs[old];
            old++;
        } else {
            log->id = walk.id;
            log->is_held = reconcile_is_held(before, &walk.id);
            log->limit = reconcile_limit_of(before, &walk.id);
        }
        if (walk.size < log->ours) {
            return ERR_STALE;
        }
        log->ours = walk.size;
        if (clock->is_fresh) {
            reconcile_offer(fresh, log, clock->now_ms);
        } else {
            log->offered = log->ours;
        }
        walk_next(&walk);
    }
    /* A log that was there is missing: not all were met. */
    return old == before->count ? ERR_OK : ERR_STALE;
}

/* Read the peer's sizes into our logs. */
static void
spread_theirs(struct reconcile *reconcile)
{
    struct walk walk = walk_open(buf_bytes(&reconcile->theirs));
    size_t i = 0;

    while (!walk.done && i < reconcile->count) {
        struct reconcile_log *log = &reconcile->logs[i];
        int order = log_id_compare(&log->id, &walk.id);

        if (order == 0 && log->theirs != walk.size) {
            log->theirs = walk.size;
            log->is_stalled = false;
        }
        if (order <= 0) {
            i++;
        }
        if (order >= 0) {
            walk_next(&walk);
        }
    }
}

/* Is each log of `small` in `large`, with at least its size? Up to limits. */
static bool
covers(
    const struct reconcile *reconcile, struct bytes large, struct bytes small)
{
    struct walk a = walk_open(large);
    struct walk b = walk_open(small);

    while (!b.done) {
        int order = a.done ? 1 : log_id_compare(&a.id, &b.id);
        uint64_t size = order == 0 ? a.size : 0;

        if (order >= 0 && size < b.size &&
            size < reconcile_limit_of(reconcile, &b.id)) {
            return false;
        }
        if (order >= 0) {
            walk_next(&b);
        }
        if (order <= 0) {
            walk_next(&a);
        }
    }
    return true;
}

void
reconcile_compare(struct reconcile *reconcile)
{
    struct bytes ours = buf_bytes(&reconcile->ours);
    struct bytes theirs = buf_bytes(&reconcile->theirs);

    reconcile->is_equal =
        ours.size > 0 && theirs.size > 0 &&
        (bytes_equal(ours, theirs) ||
            (reconcile->limit_count > 0 && covers(reconcile, ours, theirs) &&
                covers(reconcile, theirs, ours)));
}

enum err
reconcile_set_ours(
    struct reconcile *reconcile, const struct reconcile_clock *clock)
{
    struct reconcile fresh = *reconcile;
    enum err rc = vclock_check(clock->full);

    assert(rc == ERR_OK);
    if (bytes_equal(clock->full, buf_bytes(&reconcile->ours))) {
        return ERR_OK;
    }
    fresh.count = walk_open(clock->full).left;
    fresh.count += !walk_open(clock->full).done;
    fresh.logs = mem_zalloc(fresh.count, sizeof(*fresh.logs));
    buf_init(&fresh.ours, VCLOCK_BYTES_MAX);
    buf_put_bytes(&fresh.ours, clock->full);
    rc = fresh.logs == NULL ? ERR_NOMEM : buf_err(&fresh.ours);
    if (rc == ERR_OK) {
        rc = carry_logs(&fresh, reconcile, clock);
    }
    if (rc == ERR_OK && fresh.count != reconcile->count) {
        rc = make_schedule(&fresh, clock);
    }
    if (rc != ERR_OK) {
        buf_release(&fresh.ours);
        mem_free(fresh.logs);
        return rc;
    }
    if (fresh.schedule != reconcile->schedule) {
        mem_free(reconcile->schedule);
    }
    buf_release(&reconcile->ours);
    mem_free(reconcile->logs);
    *reconcile = fresh;
    spread_theirs(reconcile);
    reconcile_compare(reconcile);
    return ERR_OK;
}

/* Has a control log of the peer's grown? */
static bool
control_grew(struct bytes before, struct bytes after)
{
    struct walk a = walk_open(before);
    struct walk b = walk_open(after);

    while (!b.done) {
        int order = a.done ? 1 : log_id_compare(&a.id, &b.id);

        if (b.id.kind == LOG_CONTROL && (order != 0 || a.size < b.size)) {
            return true;
        }
        if (order == 0) {
            walk_next(&a);
        }
        walk_next(&b);
    }
    return false;
}

void
reconcile_unstall(struct reconcile *reconcile)
{
    reconcile->moves++;
    for (size_t i = 0; i < reconcile->count; i++) {
        reconcile->logs[i].is_stalled = false;
    }
}

enum err
reconcile_set_theirs(struct reconcile *reconcile, struct bytes full)
{
    struct buf theirs;

    if (!covers(reconcile, full, buf_bytes(&reconcile->theirs))) {
        return ERR_STALE;
    }
    buf_init(&theirs, VCLOCK_BYTES_MAX);
    buf_put_bytes(&theirs, full);
    if (buf_err(&theirs) != ERR_OK) {
        return buf_err(&theirs);
    }
    if (control_grew(buf_bytes(&reconcile->theirs), full)) {
        reconcile_unstall(reconcile);
    }
    buf_release(&reconcile->theirs);
    reconcile->theirs = theirs;
    spread_theirs(reconcile);
    reconcile_compare(reconcile);
    return ERR_OK;
}

bool
reconcile_is_covering(const struct reconcile *reconcile)
{
    return reconcile->ours.size > 0 &&
           covers(reconcile, buf_bytes(&reconcile->ours),
               buf_bytes(&reconcile->theirs));
}
