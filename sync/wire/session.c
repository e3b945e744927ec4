/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/wire/session.h"

#include <string.h>

#include "crypto/base/mem.h"
#include "sync/wire/session_internal.h"

const char *
bye_text(enum bye_reason reason)
{
    switch (reason) {
    case BYE_DONE:
        return "nothing more to exchange";
    case BYE_SHUTDOWN:
        return "shutting down";
    case BYE_DENIED:
        return "no longer admitted";
    case BYE_REFUSED:
        return "entries were refused";
    case BYE_BUSY:
        return "another connection stays";
    case BYE_ERROR:
        return "protocol error";
    case BYE_CUT:
        return "the link broke";
    case BYE_HELLO:
        return "no handshake";
    }
    return "unknown";
}

void
effects_release(struct effects *effects)
{
    if (effects != NULL) {
        mem_free(effects->items);
        buf_release(&effects->bytes);
        *effects = (struct effects){0};
    }
}

/* Copies of what the options view. */
static enum err
copy_options(struct session *session, const struct session_options *options)
{
    struct session_hello *hello = mem_secret_alloc(sizeof(*hello));

    session->hello = hello;
    if (hello == NULL) {
        return ERR_NOMEM;
    }
    memset(hello, 0, sizeof(*hello));
    hello->noise = *options->noise;
    hello->ephemeral = options->ephemeral;
    hello->psk_count = options->psk_count;
    memcpy(hello->psks, options->psks,
        options->psk_count * sizeof(hello->psks[0]));
    buf_put_bytes(&session->cert, options->cert);
    if (!options->is_dialler) {
        return buf_err(&session->cert);
    }
    buf_put_bytes(&session->sent_base, options->sent_base);
    buf_put_bytes(&session->heard_bases[0], options->heard_bases[0]);
    buf_put_bytes(&session->heard_bases[1], options->heard_bases[1]);
    if (buf_err(&session->cert) != ERR_OK ||
        buf_err(&session->sent_base) != ERR_OK ||
        buf_err(&session->heard_bases[0]) != ERR_OK ||
        buf_err(&session->heard_bases[1]) != ERR_OK) {
        return ERR_NOMEM;
    }
    return session_set_ours(session, &options->clock, false);
}

enum err
session_new(struct session **out, const struct session_options *options)
{
    struct session *session = mem_zalloc(1, sizeof(*session));
    enum err rc = ERR_OK;

    assert(options->psk_count >= 1 && options->psk_count <= SESSION_PSKS_MAX);
    assert(!options->is_dialler || options->psk_count == 1);
    assert(options->is_dialler || (!options->is_join && !options->once));
    assert(!options->is_join || options->cert.size > 0);
    assert(options->cert.size <= CERT_BYTES_MAX);
    if (session == NULL) {
        return ERR_NOMEM;
    }
    session->is_dialler = options->is_dialler;
    session->is_join = options->is_join;
    session->once = options->once;
    session->listener = options->listener;
    session->self = options->self;
    session->peer = options->peer;
    session->peer_noise = options->peer_noise;
    session->now_ms = options->now_ms;
    session->wake_ms = UINT64_MAX;
    /* Whom we call is trusted; who calls is asked about. */
    session->level = options->is_dialler ? LEVEL_FULL : LEVEL_NONE;
    session->peer_level = options->is_dialler ? LEVEL_NONE : LEVEL_FULL;
    session->is_confirmed = options->is_dialler;
    buf_init(&session->told.full, VCLOCK_BYTES_MAX);
    link_init(&session->link);
    window_init(&session->window, options->now_ms);
    reconcile_init(&session->reconcile, &options->self);
    rc = copy_options(session, options);
    if (rc != ERR_OK) {
        session_free(session);
        return rc;
    }
    *out = session;
    return ERR_OK;
}

void
session_free(struct session *session)
{
    if (session == NULL) {
        return;
    }
    session_hello_release(session);
    buf_release(&session->cert);
    buf_release(&session->told.full);
    link_release(&session->link);
    window_release(&session->window);
    reconcile_release(&session->reconcile);
    mem_free(session);
}

enum err
session_emit(struct session *session, const struct effect *effect)
{
    struct effects *out = session->out;
    enum err rc = mem_grow((void **)&out->items, &out->capacity, out->count + 1,
        sizeof(*out->items));

    if (rc == ERR_OK) {
        out->items[out->count] = *effect;
        out->count++;
    }
    return rc;
}

void
session_close(struct session *session, enum bye_reason reason, bool says_bye)
{
    if (!session->step.is_closing) {
        session->step.is_closing = true;
        session->step.reason = reason;
        session->step.says_bye = says_bye && session->state == STATE_OPEN;
    }
}

enum err
session_set_ours(
    struct session *session, const struct session_clock *clock, bool is_fresh)
{
    /* No bytes at all stand for no logs; the form of that is an array. */
    static const uint8_t empty[] = {0x80};
    struct reconcile_clock grown = {
        .full = clock->full.size == 0 ? bytes_of(empty, sizeof(empty))
                                      : clock->full,
        .order = clock->order,
        .order_count = clock->order_count,
        .is_fresh = is_fresh,
        .now_ms = session->now_ms,
    };
    enum err rc = reconcile_set_limits(
        &session->reconcile, clock->limits, clock->limit_count);

    if (rc == ERR_OK) {
        rc = reconcile_set_ours(&session->reconcile, &grown);
    }
    if (rc == ERR_STALE) {
        /* Two commits overtook each other: the later one was told of. */
        return ERR_OK;
    }
    session_set_our_marks(session, clock->marks);
    session->told.is_current = session->told.is_known &&
                               bytes_equal(buf_bytes(&session->reconcile.ours),
                                   buf_bytes(&session->told.full));
    return rc;
}

enum err
session_set_theirs(struct session *session, struct bytes full)
{
    enum err rc = reconcile_set_theirs(&session->reconcile, full);

    if (rc == ERR_OK) {
        vclock_name(&session->heard.name, full);
        session->heard.is_known = true;
        session->step.owes_peer_clock = true;
        session->progress_ms = session->now_ms;
    }
    return rc;
}

enum session_level
session_level_sent(const struct session *session)
{
    return session->level < session->peer_level ? session->level
                                                : session->peer_level;
}

bool
session_is_held_back(const struct session *session)
{
    return session->state == STATE_OPEN &&
           (session->accepts == SESSION_ACCEPTS_MAX ||
               session->heards == SESSION_HEARDS_MAX || session->is_joining ||
               session->wait_until_ms != 0);
}

/* Frames have waited long enough: go on where they stopped. */
static enum err
take_tick(struct session *session)
{
    session->wake_ms = UINT64_MAX;
    if (session->state != STATE_OPEN || session->wait_until_ms == 0 ||
        session->now_ms < session->wait_until_ms) {
        return ERR_OK;
    }
    session->wait_until_ms = 0;
    session->heard_ms = session->now_ms;
    return session_take_frames(session);
}

static enum err
take_received(struct session *session, struct bytes input)
{
    enum err rc = ERR_OK;

    assert(session->state != STATE_NEW);
    session->bytes_received += input.size;
    session->heard_ms = session->now_ms;
    if (session->state != STATE_OPEN) {
        rc = session_hello_receive(session, &input);
    }
    if (rc == ERR_OK && session->state == STATE_OPEN) {
        rc = session_receive(session, input);
    }
    return rc;
}

/*
 * "A node's level is said again when it changes": what the peer may send
 * depends on it, and it cannot know when its enrolment is applied here.
 */
static enum err
take_level(struct session *session, enum session_level level)
{
    if (session->state != STATE_OPEN || level == session->level) {
        return ERR_OK;
    }
    if (level == LEVEL_NONE) {
        session_close(session, BYE_DENIED, true);
        return ERR_OK;
    }
    assert(level != LEVEL_JOIN);
    session->level = level;
    if (level == LEVEL_FULL) {
        /* Of one who was no member nothing was remembered: from now on. */
        session->step.owes_peer_clock |= session->heard.is_known;
        session->step.owes_bases = true;
    }
    return session_put_number(session, FRAME_LEVEL, level);
}

/* ACCEPTED, COMMITTED, JOINED. */
static enum err
take_stored(struct session *session, const struct event *event)
{
    enum err rc = ERR_OK;
    bool was_held = session_is_held_back(session);

    if (session->state != STATE_OPEN && !session->is_dialler) {
        return ERR_OK; /* AUTHENTICATED will bring the clock */
    }
    if (event->type == EVENT_ACCEPTED) {
        assert(event->u.stored.accepts <= session->accepts);
        session->accepts -= event->u.stored.accepts;
        session->taken += event->u.stored.accepts;
        session->progress_ms = session->now_ms;
    }
    rc = session_set_ours(
        session, &event->u.stored.clock, session->state == STATE_OPEN);
    if (rc == ERR_OK && event->type == EVENT_JOINED) {
        assert(session->is_joining);
        session->is_joining = false;
        session->step.owes_peer_clock = true;
        rc = take_level(session, LEVEL_FULL);
    }
    if (rc == ERR_OK && was_held && !session_is_held_back(session)) {
        session->heard_ms = session->now_ms;
        rc = session_take_frames(session);
    }
    return rc;
}

/* Words were dealt with. */
static enum err
take_heard(struct session *session, size_t count)
{
    bool was_held = session_is_held_back(session);

    assert(count <= session->heards);
    session->heards -= count;
    session->progress_ms = session->now_ms;
    if (!was_held || session_is_held_back(session)) {
        return ERR_OK;
    }
    session->heard_ms = session->now_ms;
    return session_take_frames(session);
}

static enum err
dispatch(struct session *session, const struct event *event)
{
    switch (event->type) {
    case EVENT_OPENED:
        return session_hello_begin(session);
    case EVENT_RECEIVED:
        return take_received(session, event->u.received);
    case EVENT_TICK:
        return take_tick(session);
    case EVENT_AUTHENTICATED:
        return session_hello_answer(session, &event->u.auth);
    case EVENT_LEVEL:
        return take_level(session, event->u.auth.level);
    case EVENT_BATCH:
        return session_send_batch(session, event);
    case EVENT_ACCEPTED:
    case EVENT_COMMITTED:
    case EVENT_JOINED:
        return take_stored(session, event);
    case EVENT_REFUSED:
        session_close(session, event->u.refused.reason, true);
        return ERR_OK;
    case EVENT_HEARD:
        return take_heard(session, event->u.heard.count);
    case EVENT_SAY:
        return session_put_words(session, event);
    case EVENT_HOLD:
        return session_put_want(session, event);
    case EVENT_CLOSE:
        session_close(session, event->u.close, event->u.close <= BYE_ERROR);
        return ERR_OK;
    }
    return ERR_OK;
}

enum err
session_step(
    struct session *session, const struct event *event, struct effects *out)
{
    enum err rc = ERR_OK;

    out->count = 0;
    buf_clear(&out->bytes);
    if (session->state == STATE_CLOSED) {
        return ERR_OK;
    }
    session->out = out;
    session->step = (struct session_step_state){0};
    if (event->now_ms > session->now_ms) {
        session->now_ms = event->now_ms;
    }
    rc = dispatch(session, event);
    if (rc != ERR_OK && rc != ERR_NOMEM) {
        /* Whoever has not shown itself is told nothing. */
        session_close(session,
            session->state == STATE_OPEN ? BYE_ERROR : BYE_HELLO, true);
        rc = ERR_OK;
    }
    if (rc == ERR_OK) {
        rc = session_finish(session);
    }
    if (rc != ERR_OK) {
        session->state = STATE_CLOSED;
        out->count = 0;
    }
    session->out = NULL;
    return rc;
}

void
session_status(const struct session *session, struct session_status *out)
{
    *out = (struct session_status){
        .is_open = session->state == STATE_OPEN,
        .is_synced = session->is_synced,
        .wants_pause = session_is_held_back(session),
        .level = session->level,
        .peer = session->peer,
        .handshake = session->handshake,
        .bytes_sent = session->bytes_sent,
        .bytes_received = session->bytes_received,
        .entries_sent = session->entries_sent,
        .last_heard_ms = session->heard_ms,
    };
}

bool
session_check(const struct session *session)
{
    bool is_open = session->state == STATE_OPEN;

    return reconcile_check(&session->reconcile) &&
           window_check(&session->window) &&
           session->read_count <= SESSION_READS_MAX &&
           session->accepts <= SESSION_ACCEPTS_MAX &&
           session->heards <= SESSION_HEARDS_MAX &&
           (!is_open || session->hello == NULL) &&
           (is_open || session->read_count == 0 ||
               session->state == STATE_CLOSED) &&
           (!session->told.is_heard || session->told.is_known) &&
           (!session->told.is_current || session->told.is_known) &&
           link_held(&session->link) <= LINK_HELD_BYTES_MAX;
}
