/* SPDX-License-Identifier: Apache-2.0 */
/* Calls: one session each, its events in, its effects out. */
#include <string.h>

#include "crypto/base/mem.h"
#include "node/serve/engine_internal.h"

/* One READ on its way. */
struct read_work {
    struct engine_work work;
    struct call *call;
    struct store *store;
    struct node_id peer;
    struct log_id log;
    uint64_t from;
    uint64_t to;
    size_t bytes_max;
    struct buf out;
    enum err rc;
    struct err_msg msg;
};

static struct read_work *
read_work_of(struct engine_work *work)
{
    return LIST_ITEM(work, struct read_work, work);
}

/* On the pool. */
static void
read_run(struct engine_work *work)
{
    struct read_work *read = read_work_of(work);
    struct view *view = NULL;
    struct view_range range = {
        .log = &read->log, .from = read->from, .bytes_max = read->bytes_max};

    read->rc = view_open(&view, read->store, &read->msg);
    if (read->rc == ERR_OK) {
        /* As of now: its role may have changed within the session. */
        range.without_bodies = !view_takes_bodies(view, &read->peer);
        read->rc = view_batch(view, &range, &read->out, &read->to, &read->msg);
    }
    view_close(view);
    if (read->rc != ERR_OK) {
        read->to = read->from;
        buf_clear(&read->out);
    }
}

static void
read_done(struct engine_work *work)
{
    struct read_work *read = read_work_of(work);
    struct call *call = read->call;
    struct engine *engine = call->engine;
    struct event event = {.type = EVENT_BATCH};

    engine_enter(engine);
    call->works--;
    if (read->rc != ERR_OK && read->rc != ERR_NOT_FOUND) {
        diag_say(engine->diag, DIAG_ERROR, "read entries for a peer: %s",
            read->msg.text[0] == '\0' ? err_text(read->rc) : read->msg.text);
    }
    if (read->rc == ERR_NOMEM || read->rc == ERR_IO) {
        /* That may pass, but "nothing there" would be taken for an answer
         * until the log grows: the next connection reads again. */
        engine_hang_up(call, BYE_ERROR);
    } else {
        event.u.batch.log = read->log;
        event.u.batch.from = read->from;
        event.u.batch.to = read->to;
        event.u.batch.encoded = buf_bytes(&read->out);
        call_step(call, &event);
    }
    buf_release(&read->out);
    mem_free(read);
    engine_leave(engine);
}

static enum err
read_begin(struct call *call, const struct effect *effect)
{
    struct engine *engine = call->engine;
    struct read_work *read = mem_zalloc(1, sizeof(*read));
    enum err rc = ERR_OK;

    if (read == NULL) {
        return ERR_NOMEM;
    }
    read->work.run = read_run;
    read->work.done = read_done;
    read->call = call;
    read->store = engine->node->store;
    read->peer = call->peer;
    read->log = effect->u.read.log;
    read->from = effect->u.read.from;
    read->to = read->from;
    read->bytes_max = effect->u.read.bytes_max;
    rc = engine->ops.work(engine->ops.context, &read->work);
    if (rc != ERR_OK) {
        mem_free(read);
        return rc;
    }
    call->works++;
    return ERR_OK;
}

void
call_free(struct call *call)
{
    session_free(call->session);
    effects_release(&call->effects);
    buf_release(&call->join_cert);
    mem_free(call->invitations);
    mem_free(call->held);
    buf_release(&call->words);
    mem_free(call);
}

void
call_end(struct call *call, enum bye_reason reason)
{
    struct engine *engine = call->engine;
    char name[DIAG_NODE_CHARS + 1] = "?";

    if (call->is_closed) {
        return;
    }
    call->is_closed = true;
    call->reason = reason;
    list_remove(&call->ready);
    if (call->io != NULL) {
        engine->ops.close(call->io);
        call->io = NULL;
    }
    accept_drop(call);
    hear_drop(call);
    if (!list_empty(&call->join_link)) {
        list_remove(&call->join_link);
        call->wants_join = false;
    }
    engine->wants_hold = true;
    if (call->is_known) {
        diag_node(name, &call->peer);
        peer_save_one(engine, &call->peer);
    }
    diag_say(engine->diag, call->is_confirmed ? DIAG_INFO : DIAG_DEBUG,
        "connection with node %s ended: %s", name, bye_text(reason));
    engine_report(engine, call, REPORT_CLOSED);
}

/* Which of two connections with one peer stays: that whose dialler has the
 * smaller key; of two in one direction the newer, as the other has broken. */
static bool
is_loser(const struct call *call, const struct call *against)
{
    const struct node_id *self = &call->engine->node->home.node;
    int order = node_id_compare(self, &call->peer);

    if (call->is_dialler == against->is_dialler) {
        return false;
    }
    return call->is_dialler ? order > 0 : order < 0;
}

void
call_confirm(struct call *call)
{
    struct engine *engine = call->engine;
    struct list *at = engine->calls.next;
    char name[DIAG_NODE_CHARS + 1];

    if (call->is_confirmed || call->is_closed) {
        return;
    }
    call->is_confirmed = true;
    diag_node(name, &call->peer);
    diag_say(engine->diag, DIAG_INFO, "connected with node %s (%s)", name,
        call->is_dialler ? "we called" : "it called");
    engine_report(engine, call, REPORT_OPENED);
    for (; at != &engine->calls; at = at->next) {
        struct call *other = LIST_ITEM(at, struct call, link);
        if (other == call || other->is_closed || !other->is_confirmed ||
            !node_id_equal(&other->peer, &call->peer)) {
            continue;
        }
        if (is_loser(call, other)) {
            engine_hang_up(call, BYE_BUSY);
            return;
        }
        engine_hang_up(other, BYE_BUSY);
    }
}

/* The row of a member; NULL of a stranger, of whom nothing is kept: whoever
 * has a secret can come under any number of names. */
static struct peer *
peer_of(struct call *call)
{
    return call->level == LEVEL_FULL ? peer_get(call->engine, &call->peer)
                                     : NULL;
}

/* The peer has spoken under the session's keys. */
static void
take_clock(struct call *call, const struct effect *effect)
{
    struct engine *engine = call->engine;
    struct peer *peer = peer_of(call);

    call_confirm(call);
    if (peer != NULL) {
        peer_set_clock(engine, peer, effect->u.peer_clock);
    }
}

static void
take_bases(struct call *call, const struct effect *effect)
{
    struct engine *engine = call->engine;
    struct peer *peer = peer_of(call);

    if (peer != NULL) {
        peer_set_bases(
            engine, peer, effect->u.bases.sent, effect->u.bases.heard);
    }
}

static void
take_synced(struct call *call)
{
    struct engine *engine = call->engine;
    struct peer *peer = peer_of(call);
    bool is_first = !call->was_synced;

    call_confirm(call);
    call->was_synced = true;
    /* Without bodies it holds less than we do, whatever its clock says. */
    if (peer != NULL && !call->lacks_bodies && !engine_is_forked(engine)) {
        peer->confirmed_ms = engine->ops.wall_ms(engine->ops.context);
        peer_set_bases(engine, peer, bytes_of(NULL, 0), bytes_of(NULL, 0));
    }
    vouch_synced(engine, is_first);
    engine_report(engine, call, REPORT_SYNCED);
}

static enum err
carry_out(struct call *call, const struct effect *effect)
{
    struct engine *engine = call->engine;

    switch (effect->type) {
    case EFFECT_SEND:
        return call->io == NULL ? ERR_OK
                                : engine->ops.send(call->io, effect->u.send);
    case EFFECT_AUTHENTICATE:
        call->is_asked = true;
        auth_answer(call, effect);
        return ERR_OK;
    case EFFECT_READ:
        return read_begin(call, effect);
    case EFFECT_ACCEPT:
        call_confirm(call);
        return accept_begin(call, effect->u.accept);
    case EFFECT_JOIN:
        call_confirm(call);
        return join_begin(call, effect);
    case EFFECT_PEER_CLOCK:
        take_clock(call, effect);
        return ERR_OK;
    case EFFECT_BASES:
        take_bases(call, effect);
        return ERR_OK;
    case EFFECT_SYNCED:
        take_synced(call);
        return ERR_OK;
    case EFFECT_HEARD:
        call_confirm(call);
        return hear_take(call, effect);
    case EFFECT_DIFFERS:
        call_confirm(call);
        say_differences(call, effect);
        return ERR_OK;
    case EFFECT_WAKE:
        call->wake_ms = effect->u.wake_ms;
        return ERR_OK;
    case EFFECT_HANG_UP:
        call_end(call, effect->u.hang_up);
        return ERR_OK;
    }
    return ERR_OK;
}

/* What follows from where the session stands now. */
static void
follow_status(struct call *call)
{
    struct session_status status;

    if (call->is_closed || call->io == NULL) {
        return;
    }
    session_status(call->session, &status);
    /* Whom we called has shown itself by its message 2. */
    if (call->is_dialler && status.is_open) {
        call_confirm(call);
    }
    if (call->is_closed) {
        return;
    }
    if (status.wants_pause != call->is_paused) {
        call->is_paused = status.wants_pause;
        call->engine->ops.pause(call->io, call->is_paused);
    }
}

void
call_step(struct call *call, struct event *event)
{
    enum err rc = ERR_OK;

    /* Effects are views: nothing may step the same session meanwhile. What
     * they lead to comes back later or is put off. */
    assert(!call->is_stepping);
    if (call->is_closed) {
        return;
    }
    call->is_stepping = true;
    event->now_ms = engine_now(call->engine);
    rc = session_step(call->session, event, &call->effects);
    for (size_t i = 0; rc == ERR_OK && i < call->effects.count; i++) {
        rc = carry_out(call, &call->effects.items[i]);
    }
    call->is_stepping = false;
    if (rc != ERR_OK) {
        call_end(call, rc == ERR_CLOSED ? BYE_CUT : BYE_ERROR);
        return;
    }
    if (call->is_asked && !call->is_closed) {
        struct event answer = {.type = EVENT_AUTHENTICATED};
        call->is_asked = false;
        answer.u.auth = call->auth;
        call_step(call, &answer);
        return;
    }
    if (call->hang_up_later && !call->is_closed) {
        call->hang_up_later = false;
        engine_hang_up(call, call->reason);
        return;
    }
    hear_next(call);
    follow_status(call);
}

void
engine_hang_up(struct call *call, enum bye_reason reason)
{
    struct engine *engine = call->engine;
    struct event event = {.type = EVENT_CLOSE};

    if (call->is_closed) {
        return;
    }
    if (call->is_stepping) {
        call->hang_up_later = true;
        call->reason = reason;
        return;
    }
    engine_enter(engine);
    event.u.close = reason;
    call_step(call, &event);
    engine_leave(engine);
}

void
engine_receive(struct call *call, struct bytes bytes)
{
    struct engine *engine = call->engine;
    struct event event = {.type = EVENT_RECEIVED};

    engine_enter(engine);
    event.u.received = bytes;
    call_step(call, &event);
    join_next(engine);
    hold_assign(engine);
    engine_leave(engine);
}

void
engine_cut(struct call *call)
{
    struct engine *engine = call->engine;
    struct event event = {.type = EVENT_CLOSE};

    engine_enter(engine);
    call->io = NULL;
    event.u.close = BYE_CUT;
    call_step(call, &event);
    engine_leave(engine);
}

void
engine_call_status(const struct call *call, struct session_status *out)
{
    session_status(call->session, out);
}

bool
engine_call_is_open(const struct call *call)
{
    return call->is_known && !call->is_closed;
}
