/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/wire/session_internal.h"

/* What sealing `size` bytes of frames adds at most: see link_size_for. */
static size_t
sealed_bytes_max(size_t size)
{
    return size + size / 8 + 1024;
}

/* What may still be sent before the dialler has shown that it is alive. */
static size_t
flight_left(const struct session *session)
{
    size_t used =
        session->flight_bytes + sealed_bytes_max(session->link.frames.size);

    for (size_t i = 0; i < session->read_count; i++) {
        used += sealed_bytes_max(session->reads[i].bytes_max);
    }
    return used < SESSION_FIRST_FLIGHT_BYTES_MAX
               ? SESSION_FIRST_FLIGHT_BYTES_MAX - used
               : 0;
}

/* How large the next batch may be; 0: none now. */
static size_t
batch_bytes_max(const struct session *session)
{
    const struct window *window = &session->window;
    size_t room = window_room(window);
    size_t reserved = 0;

    for (size_t i = 0; i < session->read_count; i++) {
        reserved += session->reads[i].bytes_max;
    }
    if (session->read_count == SESSION_READS_MAX ||
        window->count + session->read_count >= WINDOW_FLIGHTS_MAX ||
        room < reserved + WINDOW_BATCH_BYTES_MIN) {
        return 0;
    }
    room -= reserved;
    if (!session->is_confirmed) {
        size_t left = flight_left(session);
        size_t least = sealed_bytes_max(WINDOW_BATCH_BYTES_MIN);

        if (session->is_flight_full || left < least) {
            return 0;
        }
        left = (left - 1024) / 9 * 8;
        room = left < room ? left : room;
    }
    return room < window->batch_bytes ? room : window->batch_bytes;
}

static bool
is_control_only(const struct session *session)
{
    return session_level_sent(session) < LEVEL_FULL;
}

enum err
session_pump(struct session *session)
{
    struct effect effect = {.type = EFFECT_READ};
    struct range range = {0};
    enum err rc = ERR_OK;

    if (!session->heard.is_known ||
        session_level_sent(session) < LEVEL_CONTROL) {
        return ERR_OK;
    }
    while (rc == ERR_OK) {
        size_t bytes_max = batch_bytes_max(session);
        struct session_read *read = &session->reads[session->read_count];

        if (bytes_max == 0 || !reconcile_next(&session->reconcile,
                                  is_control_only(session), &range)) {
            return ERR_OK;
        }
        reconcile_read_begin(&session->reconcile, &range.log);
        *read = (struct session_read){
            .log = range.log, .from = range.from, .bytes_max = bytes_max};
        session->read_count++;
        effect.u.read.log = range.log;
        effect.u.read.from = range.from;
        effect.u.read.bytes_max = bytes_max;
        rc = session_emit(session, &effect);
    }
    return rc;
}

/* Forget the READ that this answers. */
static void
end_read(struct session *session, const struct range *range)
{
    size_t i = 0;

    while (i < session->read_count &&
           !(log_id_equal(&session->reads[i].log, &range->log) &&
               session->reads[i].from == range->from)) {
        i++;
    }
    assert(i < session->read_count);
    session->read_count--;
    session->reads[i] = session->reads[session->read_count];
}

/* May a batch of this size and log still go, as things stand now? */
static bool
may_send(struct session *session, const struct log_id *log, size_t size)
{
    if (!session->is_confirmed &&
        sealed_bytes_max(size) > flight_left(session)) {
        session->is_flight_full = true;
        return false;
    }
    return log->kind == LOG_CONTROL || !is_control_only(session);
}

enum err
session_send_batch(struct session *session, const struct event *event)
{
    struct range range = {
        .log = event->u.batch.log,
        .from = event->u.batch.from,
        .to = event->u.batch.to,
    };
    struct bytes encoded = event->u.batch.encoded;
    struct flight flight = {
        .log = range.log,
        .from = range.from,
        .to = range.to,
        .bytes = encoded.size,
        .sent_ms = session->now_ms,
        .moves = session->reconcile.moves,
    };

    assert(range.to >= range.from);
    assert(range.to == range.from || encoded.size > 0);
    end_read(session, &range);
    if (!reconcile_read_end(&session->reconcile, &range)) {
        return ERR_OK;
    }
    if (!may_send(session, &range.log, encoded.size)) {
        reconcile_unsend(&session->reconcile, &range);
        return ERR_OK;
    }
    frame_put(&session->link.frames, FRAME_ENTRIES, encoded);
    session->step.has_sent_entries = true;
    session->entries_sent += range.to - range.from;
    session->progress_ms = session->now_ms;
    if (buf_err(&session->link.frames) != ERR_OK) {
        return ERR_NOMEM;
    }
    return window_push(&session->window, &flight);
}

enum err
session_put_number(
    struct session *session, enum frame_type type, uint64_t number)
{
    struct buf payload = {0};
    enum err rc = ERR_OK;

    frame_number_encode(&payload, number);
    rc = buf_err(&payload);
    if (rc == ERR_OK) {
        frame_put(&session->link.frames, type, buf_bytes(&payload));
        rc = buf_err(&session->link.frames);
    }
    buf_release(&payload);
    return rc;
}

static int
compare_ids(const void *a, const void *b)
{
    return log_id_compare(a, b);
}

/* A sorted copy, each log once. */
static enum err
sort_want(struct frame_want *out, const struct event *event)
{
    size_t count = event->u.hold.count;
    struct frame_want want = {.hold = event->u.hold.hold};

    assert(count <= LOG_TABLE_MAX);
    want.logs = mem_zalloc(count, sizeof(*want.logs));
    if (want.logs == NULL) {
        return ERR_NOMEM;
    }
    if (count > 0) {
        memcpy(want.logs, event->u.hold.logs, count * sizeof(*want.logs));
        qsort(want.logs, count, sizeof(*want.logs), compare_ids);
    }
    for (size_t i = 0; i < count; i++) {
        if (want.count == 0 ||
            !log_id_equal(&want.logs[want.count - 1], &want.logs[i])) {
            want.logs[want.count] = want.logs[i];
            want.count++;
        }
    }
    *out = want;
    return ERR_OK;
}

enum err
session_put_want(struct session *session, const struct event *event)
{
    struct frame_want want = {0};
    struct buf payload = {0};
    enum err rc = ERR_OK;

    if (session->state != STATE_OPEN || session->peer_level == LEVEL_JOIN) {
        return ERR_OK;
    }
    rc = sort_want(&want, event);
    if (rc == ERR_OK) {
        frame_want_encode(&payload, &want);
        rc = buf_err(&payload);
    }
    if (rc == ERR_OK) {
        frame_put(&session->link.frames, FRAME_WANT, buf_bytes(&payload));
        rc = buf_err(&session->link.frames);
    }
    frame_want_release(&want);
    buf_release(&payload);
    return rc;
}
