/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/base/num.h"
#include "sync/wire/session_internal.h"

static bool
is_name(const struct vclock_name *a, const struct vclock_name *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/*
 * "heard names the last clock of yours that I took in": ours is confirmed, or
 * the peer holds none and is told it in full, which happens once.
 */
static void
take_heard(struct session *session, const struct frame_clock *clock)
{
    struct session_told *told = &session->told;

    if (!clock->has_heard) {
        if (told->is_known && !told->was_full) {
            told->is_known = false;
            told->is_current = false;
            told->is_heard = false;
        }
    } else if (told->is_known && !told->is_heard &&
               is_name(&clock->heard, &told->name)) {
        told->is_heard = true;
        session->step.owes_bases = true;
    }
}

/* The clock itself, unless its base was lost or it says nothing new. */
static enum err
take_delta(struct session *session, const struct frame_clock *clock)
{
    const struct session_heard *heard = &session->heard;
    struct bytes base = bytes_of(NULL, 0);
    struct buf full;
    enum err rc = ERR_OK;

    if (clock->has_base) {
        if (!heard->is_known) {
            /* It follows in full once it hears that this one was lost. */
            return ERR_OK;
        }
        if (!is_name(&clock->base, &heard->name)) {
            return ERR_MALFORMED;
        }
        base = buf_bytes(&session->reconcile.theirs);
    }
    buf_init(&full, VCLOCK_BYTES_MAX);
    rc = vclock_delta_decode(&full, base, clock->delta);
    if (rc == ERR_OK &&
        !(heard->is_known && bytes_equal(buf_bytes(&full),
                                 buf_bytes(&session->reconcile.theirs)))) {
        rc = session_set_theirs(session, buf_bytes(&full));
    }
    buf_release(&full);
    return rc;
}

/* "taken counts the entries frames dealt with": they leave the window. */
static enum err
take_taken(struct session *session, uint64_t taken)
{
    struct window *window = &session->window;
    struct flight flight = {0};

    if (taken < window->taken || taken > window->sent) {
        return ERR_MALFORMED;
    }
    while (window->taken < taken &&
           window_take(window, session->now_ms, &flight)) {
        reconcile_taken(&session->reconcile,
            &(struct range){
                .log = flight.log, .from = flight.from, .to = flight.to},
            flight.moves);
        session->progress_ms = session->now_ms;
    }
    return ERR_OK;
}

/*
 * A frame of a few bytes makes us look at the whole clock that it changes, so
 * it is that which a peer has a share of.
 */
static void
charge_clock(struct session *session)
{
    uint64_t paid =
        (session->now_ms - session->clock_ms) * SESSION_CLOCK_BYTES_PER_MS;
    uint64_t debt = session->clock_debt;

    debt = debt > paid ? debt - paid : 0;
    debt += session->reconcile.theirs.size;
    session->clock_debt = debt;
    session->clock_ms = session->now_ms;
    if (debt > SESSION_CLOCK_BYTES_BURST) {
        session->wait_until_ms = num_max_u64(
            session->wait_until_ms, session->now_ms + 1 +
                                        (debt - SESSION_CLOCK_BYTES_BURST) /
                                            SESSION_CLOCK_BYTES_PER_MS);
    }
}

static enum err
take_clock(struct session *session, struct bytes payload)
{
    struct frame_clock clock = {0};
    enum err rc = frame_clock_decode(&clock, payload);

    charge_clock(session);
    if (rc == ERR_OK) {
        rc = take_delta(session, &clock);
    }
    if (rc == ERR_OK) {
        take_heard(session, &clock);
        if (clock.has_marks) {
            session_set_their_marks(session, &clock.marks);
        }
        rc = take_taken(session, clock.taken);
    }
    return rc;
}

/* "Below level 3 only control logs": before any work is done on them. */
static enum err
take_entries(struct session *session, struct bytes payload)
{
    struct effect effect = {.type = EFFECT_ACCEPT};
    struct frame_entries entries = {0};
    enum err rc = frame_entries_peek(&entries, payload);

    if (rc != ERR_OK) {
        return rc;
    }
    if (session->level < LEVEL_FULL && entries.log.kind != LOG_CONTROL) {
        session_close(session, BYE_DENIED, true);
        return ERR_OK;
    }
    session->accepts++;
    session->progress_ms = session->now_ms;
    effect.u.accept = payload;
    return session_emit(session, &effect);
}

static enum err
take_want(struct session *session, struct bytes payload)
{
    struct frame_want want = {0};
    enum err rc = frame_want_decode(&want, payload);

    if (rc == ERR_OK) {
        rc = reconcile_hold(
            &session->reconcile, want.logs, want.count, want.hold);
    }
    frame_want_release(&want);
    return rc;
}

static enum err
take_join(struct session *session, struct bytes payload)
{
    struct effect effect = {.type = EFFECT_JOIN};

    if (session->level != LEVEL_JOIN || payload.size == 0) {
        return ERR_MALFORMED;
    }
    session->is_joining = true;
    effect.u.join.cert = payload;
    effect.u.join.psk = session->psk;
    return session_emit(session, &effect);
}

static enum err
take_level(struct session *session, struct bytes payload)
{
    uint64_t level = 0;
    enum err rc = frame_number_decode(&level, payload);

    if (rc != ERR_OK || (level != LEVEL_CONTROL && level != LEVEL_FULL)) {
        return ERR_MALFORMED;
    }
    session->peer_level = (enum session_level)level;
    return ERR_OK;
}

static enum err
take_bye(struct session *session, struct bytes payload)
{
    uint64_t reason = 0;
    enum err rc = frame_number_decode(&reason, payload);

    if (rc == ERR_OK) {
        /* Reasons of later versions are errors to this one. */
        session_close(session,
            reason <= BYE_ERROR ? (enum bye_reason)reason : BYE_ERROR, false);
    }
    return rc;
}

/* What a joiner may say before it is admitted. */
static bool
is_for_joiners(uint8_t type)
{
    return type != FRAME_CLOCK && type != FRAME_ENTRIES && type != FRAME_WANT &&
           type != FRAME_LEVEL;
}

static enum err
take_frame(struct session *session, const struct frame *frame)
{
    if (session->level == LEVEL_JOIN && !is_for_joiners(frame->type)) {
        return ERR_DENIED;
    }
    switch (frame->type) {
    case FRAME_CLOCK:
        return take_clock(session, frame->payload);
    case FRAME_ENTRIES:
        return take_entries(session, frame->payload);
    case FRAME_WANT:
        return take_want(session, frame->payload);
    case FRAME_JOIN:
        return take_join(session, frame->payload);
    case FRAME_LEVEL:
        return take_level(session, frame->payload);
    case FRAME_PING:
        session->step.owes_pong = true;
        return ERR_OK;
    case FRAME_PONG:
        return ERR_OK;
    case FRAME_BYE:
        return take_bye(session, frame->payload);
    case FRAME_HEAD:
    case FRAME_FORK:
    case FRAME_VOUCH:
        return session_take_word(session, frame);
    default:
        return ERR_OK; /* of a later version */
    }
}

enum err
session_take_frames(struct session *session)
{
    struct frame frame = {0};
    enum err rc = ERR_OK;

    while (rc == ERR_OK && !session->step.is_closing &&
           !session_is_held_back(session)) {
        rc = link_frame(&session->link, &frame);
        if (rc == ERR_NOT_FOUND) {
            return ERR_OK;
        }
        if (rc == ERR_OK) {
            rc = take_frame(session, &frame);
        }
    }
    return rc;
}

enum err
session_receive(struct session *session, struct bytes input)
{
    enum err rc = link_receive(&session->link, input);

    if (rc != ERR_OK) {
        return rc;
    }
    if (!session->is_confirmed && session->link.received > 0) {
        session->is_confirmed = true;
        session->step.owes_peer_clock = session->heard.is_known;
        session->step.owes_bases = true;
    }
    return session_take_frames(session);
}
