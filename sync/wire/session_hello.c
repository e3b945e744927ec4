/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/wire/session_internal.h"

static const char prologue_name[] = "corridor/1";

enum {
    PROLOGUE_NAME_BYTES = sizeof(prologue_name) - 1,
    PROLOGUE_BYTES = PROLOGUE_NAME_BYTES + sizeof(struct node_id)
};

void
session_hello_release(struct session *session)
{
    mem_secret_free(session->hello);
    session->hello = NULL;
    buf_release(&session->first);
    buf_release(&session->sent_base);
    buf_release(&session->heard_bases[0]);
    buf_release(&session->heard_bases[1]);
    session->asked = (struct hello_first){0};
}

/* Begin the handshake with one of the psks. */
static void
begin(struct session *session, const struct secret_key *psk)
{
    struct session_hello *hello = session->hello;
    uint8_t prologue[PROLOGUE_BYTES] = {0};
    struct noise_options options = {
        .prologue = bytes_of(prologue, sizeof(prologue)),
        .psk = psk,
        .local_static = &hello->noise,
        .ephemeral = &hello->ephemeral,
    };

    memcpy(prologue, prologue_name, PROLOGUE_NAME_BYTES);
    memcpy(prologue + PROLOGUE_NAME_BYTES, session->listener.bytes,
        sizeof(session->listener.bytes));
    if (session->is_dialler) {
        options.remote_static = &session->peer_noise;
        noise_init_dialler(&hello->hs, &options);
    } else {
        noise_init_listener(&hello->hs, &options);
    }
}

/* Pad and encrypt a payload; the message goes out with this step. */
static enum err
write_message(struct session *session, const struct buf *payload)
{
    struct buf plain = {0};
    struct buf message = {0};
    enum err rc = buf_err(payload);

    if (rc == ERR_OK) {
        rc = link_pad_hello(&plain, buf_bytes(payload));
    }
    if (rc == ERR_OK) {
        rc = noise_write(&session->hello->hs, buf_bytes(&plain), &message);
    }
    if (rc == ERR_OK) {
        link_put_hello(&session->out->bytes, buf_bytes(&message));
        rc = buf_err(&session->out->bytes);
    }
    buf_release(&plain);
    buf_release(&message);
    return rc;
}

/* One clock of a handshake payload. */
struct hello_clock {
    bool has_base;
    struct vclock_name base;
    bool has_delta;
    struct bytes delta;
};

/*
 * Our clock as a delta to the one the peer confirmed last. That may be above
 * it (we were restored from a backup) or be none: then to no logs. A clock
 * that a handshake message cannot hold is left out, and follows in a frame.
 */
static enum err
write_clock(struct session *session, struct buf *delta, struct hello_clock *out,
    size_t room)
{
    struct bytes ours = buf_bytes(&session->reconcile.ours);
    struct bytes base = buf_bytes(&session->sent_base);
    struct hello_clock clock = {0};
    enum err rc = ERR_STALE;

    if (base.size > 0) {
        rc = vclock_delta_encode(delta, base, ours);
        clock.has_base = rc == ERR_OK;
        vclock_name(&clock.base, base);
    }
    if (rc != ERR_OK && rc != ERR_NOMEM) {
        buf_clear(delta);
        rc = vclock_delta_encode(delta, bytes_of(NULL, 0), ours);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    clock.has_delta = delta->size <= room;
    clock.has_base = clock.has_base && clock.has_delta;
    clock.delta = buf_bytes(delta);
    *out = clock;
    return ERR_OK;
}

/* The clock that was just written is what the peer has been told. */
static enum err
note_told(struct session *session, bool has_delta)
{
    struct session_told *told = &session->told;

    if (!has_delta) {
        return ERR_OK;
    }
    buf_clear(&told->full);
    buf_put_bytes(&told->full, buf_bytes(&session->reconcile.ours));
    vclock_name(&told->name, buf_bytes(&told->full));
    told->is_known = true;
    told->is_current = true;
    return buf_err(&told->full);
}

/*
 * Take in the clock of the peer's handshake message. *out_known says whether
 * it was there and its base is one that we still have.
 */
static enum err
read_clock(
    struct session *session, const struct hello_clock *clock, bool *out_known)
{
    struct bytes base = bytes_of(NULL, 0);
    struct vclock_name name;
    bool is_known = clock->has_delta && !clock->has_base;
    struct buf full;
    enum err rc = ERR_OK;

    for (size_t i = 0; clock->has_base && clock->has_delta && i < 2; i++) {
        struct bytes kept = buf_bytes(&session->heard_bases[i]);

        vclock_name(&name, kept);
        if (!is_known && kept.size > 0 &&
            memcmp(&name, &clock->base, sizeof(name)) == 0) {
            base = kept;
            is_known = true;
        }
    }
    *out_known = is_known;
    if (!is_known) {
        return ERR_OK;
    }
    buf_init(&full, VCLOCK_BYTES_MAX);
    rc = vclock_delta_decode(&full, base, clock->delta);
    if (rc == ERR_OK) {
        rc = session_set_theirs(session, buf_bytes(&full));
    }
    buf_release(&full);
    return rc;
}

/* [] is one byte. */
static bool
is_empty_delta(struct bytes delta)
{
    return delta.size == 1;
}

enum err
session_hello_begin(struct session *session)
{
    struct hello_clock clock = {0};
    struct buf delta = {0};
    struct buf payload = {0};
    enum err rc = ERR_OK;

    assert(session->state == STATE_NEW);
    session->state = STATE_HELLO;
    session->opened_ms = session->now_ms;
    if (!session->is_dialler) {
        return ERR_OK;
    }
    rc = write_clock(
        session, &delta, &clock, LINK_HELLO_DATA_MAX - CERT_BYTES_MAX - 32);
    if (rc == ERR_OK) {
        hello_first_encode(&payload,
            &(struct hello_first){
                .is_join = session->is_join,
                .cert = buf_bytes(&session->cert),
                .has_base = clock.has_base,
                .base = clock.base,
                .has_delta = clock.has_delta,
                .delta = clock.delta,
                .has_marks = session->marks.has_ours && !session->is_join,
                .marks = session->marks.ours,
            });
        begin(session, &session->hello->psks[0]);
        rc = write_message(session, &payload);
    }
    if (rc == ERR_OK) {
        session->says_nothing = clock.has_base && is_empty_delta(clock.delta);
        if (!session->is_join) {
            session_note_marks_told(session);
        }
        rc = note_told(session, clock.has_delta);
    }
    buf_release(&delta);
    buf_release(&payload);
    return rc;
}

/* Read message 1 with whichever psk opens it. */
static enum err
read_first(struct session *session, struct bytes message, struct buf *plain)
{
    struct session_hello *hello = session->hello;
    enum err rc = ERR_BAD_SIGNATURE;

    for (size_t i = 0; i < hello->psk_count; i++) {
        begin(session, &hello->psks[i]);
        buf_clear(plain);
        rc = noise_read(&hello->hs, message, plain);
        if (rc == ERR_OK) {
            session->psk = i;
            return ERR_OK;
        }
        noise_wipe(&hello->hs);
        if (rc == ERR_NOMEM) {
            return rc;
        }
    }
    return rc;
}

/* Who is that? The answer decides all else. */
static enum err
take_first(struct session *session, struct bytes message)
{
    struct bytes data = {0};
    struct effect effect = {.type = EFFECT_AUTHENTICATE};
    enum err rc = read_first(session, message, &session->first);

    if (rc == ERR_OK) {
        rc = link_unpad(&data, buf_bytes(&session->first), true);
    }
    if (rc == ERR_OK) {
        rc = hello_first_decode(&session->asked, data);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    session->state = STATE_ASKED;
    effect.u.authenticate.noise = session->hello->hs.rs;
    effect.u.authenticate.ephemeral = session->hello->hs.re;
    effect.u.authenticate.cert = session->asked.cert;
    effect.u.authenticate.psk = session->psk;
    effect.u.authenticate.is_join = session->asked.is_join;
    return session_emit(session, &effect);
}

/* Both messages are done: from here on frames. */
static enum err
open_link(struct session *session)
{
    enum err rc =
        link_open(&session->link, &session->hello->hs, &session->handshake);

    if (rc == ERR_OK) {
        session->state = STATE_OPEN;
        session->heard_ms = session->now_ms;
        session->sent_ms = session->now_ms;
        session->progress_ms = session->now_ms;
        session_hello_release(session);
    }
    return rc;
}

/*
 * "A level of 1 is answered by a join frame alone; else the dialler's first
 * frame is a clock": it tells the listener that message 1 was no replay.
 */
static enum err
begin_frames(struct session *session)
{
    if (session->peer_level == LEVEL_JOIN) {
        frame_put(&session->link.frames, FRAME_JOIN, buf_bytes(&session->cert));
        return buf_err(&session->link.frames);
    }
    session->step.owes_clock = !session->says_nothing;
    return ERR_OK;
}

static enum err
take_second(struct session *session, struct bytes message)
{
    struct hello_second second = {0};
    struct hello_clock clock = {0};
    struct buf plain = {0};
    struct bytes data = {0};
    bool is_known = false;
    enum err rc = noise_read(&session->hello->hs, message, &plain);

    if (rc == ERR_OK) {
        rc = link_unpad(&data, buf_bytes(&plain), true);
    }
    if (rc == ERR_OK) {
        rc = hello_second_decode(&second, data);
    }
    if (rc == ERR_OK &&
        (second.level < LEVEL_JOIN || second.level > LEVEL_FULL ||
            (second.level == LEVEL_JOIN && !session->is_join))) {
        rc = ERR_MALFORMED;
    }
    if (rc != ERR_OK) {
        goto out;
    }
    clock = (struct hello_clock){
        .has_base = second.has_base,
        .base = second.base,
        .has_delta = second.has_delta,
        .delta = second.delta,
    };
    rc = read_clock(session, &clock, &is_known);
    if (rc == ERR_OK) {
        rc = open_link(session);
    }
    if (rc != ERR_OK) {
        goto out;
    }
    session->peer_level = (enum session_level)second.level;
    if (second.has_marks) {
        session_set_their_marks(session, &second.marks);
    }
    session->told.is_known = session->told.is_known && second.knows_base;
    session->told.is_current = session->told.is_current && second.knows_base;
    session->told.is_heard = session->told.is_known;
    session->step.owes_bases = true;
    session->says_nothing =
        session->says_nothing && session->once && is_known &&
        second.knows_base && second.has_base && is_empty_delta(second.delta) &&
        second.level == LEVEL_FULL && session->told.is_current &&
        reconcile_is_equal(&session->reconcile) && session_marks_agree(session);
    rc = begin_frames(session);
out:
    buf_release(&plain);
    return rc;
}

enum err
session_hello_receive(struct session *session, struct bytes *input)
{
    struct bytes message = {0};
    size_t overhead =
        session->is_dialler ? NOISE_SECOND_OVERHEAD : NOISE_FIRST_OVERHEAD;
    enum err rc = ERR_OK;

    if (session->state == STATE_ASKED) {
        return ERR_MALFORMED; /* nobody speaks before message 2 */
    }
    rc = link_take_hello(&session->link, input, overhead, &message);
    if (rc != ERR_OK) {
        return rc == ERR_NOT_FOUND ? ERR_OK : rc;
    }
    if (session->is_dialler) {
        return take_second(session, message);
    }
    return input->size > 0 ? ERR_MALFORMED : take_first(session, message);
}

/* Message 2. A joiner is told no clock before it is admitted, and marks are
 * for full members. */
static enum err
write_second(struct session *session, bool knows_base)
{
    struct hello_clock clock = {0};
    struct buf delta = {0};
    struct buf payload = {0};
    bool has_marks = session->level == LEVEL_FULL && session->marks.has_ours;
    enum err rc = ERR_OK;

    if (session->level != LEVEL_JOIN) {
        rc = write_clock(session, &delta, &clock, LINK_HELLO_DATA_MAX - 32);
    }
    if (rc == ERR_OK) {
        hello_second_encode(&payload, &(struct hello_second){
                                          .knows_base = knows_base,
                                          .has_base = clock.has_base,
                                          .base = clock.base,
                                          .has_delta = clock.has_delta,
                                          .delta = clock.delta,
                                          .level = session->level,
                                          .has_marks = has_marks,
                                          .marks = session->marks.ours,
                                      });
        rc = write_message(session, &payload);
    }
    if (rc == ERR_OK) {
        rc = note_told(session, clock.has_delta);
    }
    if (rc == ERR_OK && has_marks) {
        session_note_marks_told(session);
    }
    buf_release(&delta);
    buf_release(&payload);
    return rc;
}

/* What the engine keeps of this peer, for reading and writing clocks. */
static enum err
keep_bases(struct session *session, const struct session_auth *auth)
{
    buf_put_bytes(&session->sent_base, auth->sent_base);
    buf_put_bytes(&session->heard_bases[0], auth->heard_bases[0]);
    buf_put_bytes(&session->heard_bases[1], auth->heard_bases[1]);
    if (buf_err(&session->sent_base) != ERR_OK ||
        buf_err(&session->heard_bases[0]) != ERR_OK ||
        buf_err(&session->heard_bases[1]) != ERR_OK) {
        return ERR_NOMEM;
    }
    return session_set_ours(session, &auth->clock, false);
}

enum err
session_hello_answer(struct session *session, const struct session_auth *auth)
{
    const struct hello_first *asked = &session->asked;
    struct hello_clock clock = {
        .has_base = asked->has_base,
        .base = asked->base,
        .has_delta = asked->has_delta,
        .delta = asked->delta,
    };
    bool is_known = false;
    enum err rc = ERR_OK;

    if (session->state != STATE_ASKED) {
        return ERR_OK;
    }
    if (auth->level == LEVEL_NONE ||
        (auth->level == LEVEL_JOIN && !asked->is_join)) {
        session_close(session, BYE_HELLO, false);
        return ERR_OK;
    }
    session->level = auth->level;
    session->peer = auth->peer;
    if (asked->has_marks) {
        session_set_their_marks(session, &asked->marks);
    }
    rc = keep_bases(session, auth);
    if (rc == ERR_OK) {
        rc = read_clock(session, &clock, &is_known);
    }
    if (rc == ERR_OK) {
        rc = write_second(session, is_known);
    }
    if (rc == ERR_OK) {
        session->heard.is_told = is_known;
        session->heard.told = session->heard.name;
        rc = open_link(session);
    }
    return rc;
}
