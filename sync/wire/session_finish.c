/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/base/num.h"
#include "sync/wire/session_internal.h"

/* Have we told the peer that we know its present clock? */
static bool
is_heard_told(const struct session *session)
{
    const struct session_heard *heard = &session->heard;

    return heard->is_known && heard->is_told &&
           memcmp(&heard->told, &heard->name, sizeof(heard->name)) == 0;
}

/* "Marks go with a clock to which the peer's has nothing to add, and with any
 * if that of forks has not been told." */
static bool
may_tell_marks(const struct session *session)
{
    return session_forks_are_due(session) ||
           (session_marks_are_due(session) &&
               reconcile_is_covering(&session->reconcile));
}

/*
 * "A clock frame is sent with the first frames, when entries were dealt with,
 * when the clock has grown (with the entries that made it grow, if they are
 * being read), and, once both clocks are equal, to say that the other's was
 * taken in, or that the marks have changed": at most one a step.
 */
static bool
is_clock_due(const struct session *session)
{
    const struct session_told *told = &session->told;

    if (session_level_sent(session) < LEVEL_CONTROL || !session->is_confirmed ||
        session->says_nothing) {
        return false;
    }
    if (session->step.owes_clock || !told->is_known ||
        session->taken != told->taken) {
        return true;
    }
    if (!told->is_current) {
        return session->read_count == 0 || session->step.has_sent_entries;
    }
    if (!reconcile_is_equal(&session->reconcile)) {
        return session->now_ms >= session_forks_tell_ms(session);
    }
    return !is_heard_told(session) ||
           session->now_ms >= session_marks_tell_ms(session);
}

static enum err
encode_clock(struct session *session, struct buf *payload, bool *out_has_marks)
{
    struct session_told *told = &session->told;
    struct frame_clock clock = {
        .has_heard = session->heard.is_known,
        .heard = session->heard.name,
        .taken = session->taken,
        .has_base = told->is_known,
        .base = told->name,
        .has_marks = may_tell_marks(session),
        .marks = session->marks.ours,
    };
    struct bytes base =
        told->is_known ? buf_bytes(&told->full) : bytes_of(NULL, 0);
    struct buf delta = {0};
    enum err rc =
        vclock_delta_encode(&delta, base, buf_bytes(&session->reconcile.ours));

    if (rc == ERR_OK) {
        clock.delta = buf_bytes(&delta);
        frame_clock_encode(payload, &clock);
        rc = buf_err(payload);
    }
    if (rc == ERR_OK) {
        *out_has_marks = clock.has_marks;
    }
    buf_release(&delta);
    return rc;
}

/* What the clock frame said is what the peer knows now. */
static enum err
note_told(struct session *session)
{
    struct session_told *told = &session->told;

    if (!told->is_current) {
        buf_clear(&told->full);
        buf_put_bytes(&told->full, buf_bytes(&session->reconcile.ours));
        vclock_name(&told->name, buf_bytes(&told->full));
        told->is_heard = false;
    }
    told->was_full = told->was_full || !told->is_known;
    told->is_known = true;
    told->is_current = true;
    told->taken = session->taken;
    session->step.owes_bases |= !is_heard_told(session);
    session->heard.is_told = session->heard.is_known;
    session->heard.told = session->heard.name;
    return buf_err(&told->full);
}

static enum err
put_clock(struct session *session)
{
    struct buf payload = {0};
    bool has_marks = false;
    enum err rc = encode_clock(session, &payload, &has_marks);

    if (rc == ERR_OK) {
        frame_put(&session->link.frames, FRAME_CLOCK, buf_bytes(&payload));
        rc = buf_err(&session->link.frames);
    }
    if (rc == ERR_OK && has_marks) {
        session_note_marks_told(session);
    }
    if (rc == ERR_OK) {
        rc = note_told(session);
    }
    buf_release(&payload);
    return rc;
}

/* Nothing is under way that the peer could wait for, or we. */
static bool
is_quiet(const struct session *session)
{
    return session->accepts == 0 && session->read_count == 0 &&
           session->window.count == 0 && link_held(&session->link) == 0;
}

/* "Both hold the same": each has said so, all that was sent was taken, and
 * the histories are one. */
static enum err
note_synced(struct session *session)
{
    bool was_synced = session->is_synced;

    session->is_synced = session->is_confirmed && is_quiet(session) &&
                         session_level_sent(session) == LEVEL_FULL &&
                         session->heard.is_known && session->told.is_current &&
                         reconcile_is_equal(&session->reconcile) &&
                         session_heads_agree(session);
    if (session->is_synced && !was_synced) {
        return session_emit(session, &(struct effect){.type = EFFECT_SYNCED});
    }
    return ERR_OK;
}

/* `once`: is there a reason to stay? */
static void
close_if_done(struct session *session)
{
    if (!session->once || !session->is_synced) {
        return;
    }
    if (session->says_nothing) {
        session_close(session, BYE_DONE, false);
    } else if (session->told.is_heard && is_heard_told(session) &&
               session_marks_agree(session)) {
        session_close(session, BYE_DONE, true);
    }
}

static uint64_t
idle_at_ms(const struct session *session)
{
    if (!session->once || !is_quiet(session) || session->heards > 0) {
        return UINT64_MAX;
    }
    return num_max_u64(session->progress_ms, session->heard_ms) +
           SESSION_IDLE_MS;
}

/* Silence while we do not read is our own doing. */
static uint64_t
dead_at_ms(const struct session *session)
{
    return session_is_held_back(session) ? UINT64_MAX
                                         : session->heard_ms + SESSION_DEAD_MS;
}

static void
close_if_late(struct session *session)
{
    uint64_t now_ms = session->now_ms;

    if (session->state != STATE_OPEN) {
        if (now_ms >= session->opened_ms + SESSION_HELLO_MS_MAX) {
            session_close(session, BYE_HELLO, false);
        }
    } else if (now_ms >= dead_at_ms(session)) {
        session_close(session, BYE_CUT, false);
    } else if (now_ms >= session->opened_ms + SESSION_LIFE_MS_MAX ||
               now_ms >= idle_at_ms(session)) {
        session_close(session, BYE_DONE, true);
    }
}

/* The earliest time at which a TICK has something to do. */
static uint64_t
next_wake_ms(const struct session *session)
{
    uint64_t wake_ms = session->opened_ms + SESSION_HELLO_MS_MAX;

    if (session->state == STATE_OPEN) {
        wake_ms = session->opened_ms + SESSION_LIFE_MS_MAX;
        wake_ms = num_min_u64(wake_ms, session->sent_ms + SESSION_PING_MS);
        if (session->wait_until_ms != 0) {
            wake_ms = num_min_u64(wake_ms, session->wait_until_ms);
        }
        wake_ms = num_min_u64(wake_ms, dead_at_ms(session));
        wake_ms = num_min_u64(wake_ms, idle_at_ms(session));
        wake_ms = num_min_u64(wake_ms, reconcile_wake_ms(&session->reconcile));
        wake_ms = num_min_u64(wake_ms, session_marks_wake_ms(session));
    }
    return wake_ms;
}

/*
 * A deadline that moved away is not worth a WAKE: the TICK comes early and
 * asks for the next.
 */
static enum err
emit_wake(struct session *session)
{
    struct effect effect = {.type = EFFECT_WAKE};
    uint64_t wake_ms = next_wake_ms(session);

    if (wake_ms >= session->wake_ms) {
        return ERR_OK;
    }
    session->wake_ms = wake_ms;
    effect.u.wake_ms = wake_ms;
    return session_emit(session, &effect);
}

static enum err
emit_clocks(struct session *session)
{
    struct effect effect = {.type = EFFECT_PEER_CLOCK};
    enum err rc = ERR_OK;

    if (!session->is_confirmed || session_level_sent(session) < LEVEL_CONTROL) {
        return ERR_OK;
    }
    if (session->step.owes_peer_clock) {
        effect.u.peer_clock = buf_bytes(&session->reconcile.theirs);
        rc = session_emit(session, &effect);
    }
    if (rc != ERR_OK || !session->step.owes_bases || session->says_nothing) {
        return rc;
    }
    effect = (struct effect){.type = EFFECT_BASES};
    if (session->told.is_heard) {
        effect.u.bases.sent = buf_bytes(&session->told.full);
    }
    if (is_heard_told(session)) {
        effect.u.bases.heard = buf_bytes(&session->reconcile.theirs);
    }
    if (effect.u.bases.sent.size == 0 && effect.u.bases.heard.size == 0) {
        return ERR_OK;
    }
    return session_emit(session, &effect);
}

/*
 * Pings and pongs are for when nothing else is said: two that pinged at one
 * time need no pongs.
 */
static enum err
put_ping(struct session *session)
{
    if (session->step.owes_pong &&
        session->now_ms >= session->sent_ms + SESSION_PING_MS / 2) {
        frame_put(&session->link.frames, FRAME_PONG, bytes_of(NULL, 0));
    } else if (session->link.frames.size == 0 &&
               session->now_ms >= session->sent_ms + SESSION_PING_MS) {
        frame_put(&session->link.frames, FRAME_PING, bytes_of(NULL, 0));
    }
    return buf_err(&session->link.frames);
}

/* What the frames of an open session end with in this step. */
static enum err
finish_frames(struct session *session)
{
    struct session_step_state *step = &session->step;
    enum err rc = ERR_OK;

    if (!step->is_closing) {
        reconcile_tick(&session->reconcile, session->now_ms);
        rc = session_pump(session);
    }
    if (rc == ERR_OK && is_clock_due(session) &&
        (!step->is_closing || step->says_bye)) {
        rc = put_clock(session);
    }
    if (rc == ERR_OK && !step->is_closing) {
        rc = note_synced(session);
    }
    if (rc == ERR_OK && !step->is_closing) {
        rc = session_compare_marks(session);
        close_if_done(session);
    }
    if (rc == ERR_OK) {
        rc = emit_clocks(session);
    }
    if (rc == ERR_OK && !step->is_closing) {
        rc = put_ping(session);
    }
    if (rc == ERR_OK && step->is_closing && step->says_bye) {
        rc = session_put_number(session, FRAME_BYE, step->reason);
    }
    return rc;
}

/* Seal the frames; one SEND holds them and what the handshake wrote. */
static enum err
flush(struct session *session)
{
    struct buf *bytes = &session->out->bytes;
    size_t before = bytes->size;
    struct effect effect = {.type = EFFECT_SEND};
    enum err rc = ERR_OK;

    if (session->state == STATE_OPEN) {
        rc = link_flush(&session->link, bytes);
        if (rc == ERR_CLOSED) {
            session_close(session, BYE_DONE, false);
            rc = ERR_OK;
        }
    }
    if (rc == ERR_OK && !session->is_confirmed) {
        session->flight_bytes += bytes->size - before;
    }
    if (rc != ERR_OK || bytes->size == 0) {
        return rc;
    }
    session->sent_ms = session->now_ms;
    session->bytes_sent += bytes->size;
    effect.u.send = buf_bytes(bytes);
    return session_emit(session, &effect);
}

enum err
session_finish(struct session *session)
{
    struct effect effect = {.type = EFFECT_HANG_UP};
    enum err rc = ERR_OK;

    if (!session->step.is_closing && session->state != STATE_NEW) {
        close_if_late(session);
    }
    if (session->state == STATE_OPEN) {
        rc = finish_frames(session);
    }
    if (rc == ERR_OK) {
        rc = flush(session);
    }
    if (rc == ERR_OK && session->step.is_closing) {
        session->state = STATE_CLOSED;
        session_hello_release(session);
        effect.u.hang_up = session->step.reason;
        return session_emit(session, &effect);
    }
    return rc == ERR_OK && session->state != STATE_NEW ? emit_wake(session)
                                                       : rc;
}
