/* SPDX-License-Identifier: Apache-2.0 */
/* Beginning calls: what a session is made with. */
#include <string.h>

#include "crypto/base/mem.h"
#include "node/serve/clock_walk.h"
#include "node/serve/engine_internal.h"

size_t
engine_secret_count(const struct engine *engine)
{
    struct secret_key secrets[SESSION_PSKS_MAX];
    struct view *view = NULL;
    size_t count = 0;

    if (!engine->is_started ||
        view_open(&view, engine->node->store, NULL) != ERR_OK) {
        return 0;
    }
    count = view_link_secrets(view, secrets, SESSION_PSKS_MAX);
    mem_wipe(secrets, sizeof(secrets));
    view_close(view);
    return count;
}

/* The dialler's one secret: an invitation's, or a link secret by its age. */
static enum err
dialler_psk(struct call *call, const struct engine_call *options,
    struct secret_key *out)
{
    struct engine *engine = call->engine;
    struct secret_key secrets[SESSION_PSKS_MAX];
    struct view *view = NULL;
    size_t count = 0;
    enum err rc = ERR_OK;

    rc = view_open(&view, engine->node->store, NULL);
    if (rc != ERR_OK) {
        return rc;
    }
    call->level = auth_level(call, view_membership(view));
    count = view_link_secrets(view, secrets, SESSION_PSKS_MAX);
    view_close(view);
    if (call->level != LEVEL_FULL) {
        rc = ERR_DENIED; /* retired, or unknown here */
    } else if (options->psk != NULL) {
        out[0] = *options->psk;
    } else if (count == 0) {
        rc = ERR_NO_KEY;
    } else {
        out[0] = secrets[options->secret_index % count];
    }
    mem_wipe(secrets, sizeof(secrets));
    return rc;
}

static struct call *
new_call(struct engine *engine, const struct engine_call *options)
{
    struct call *call = mem_zalloc(1, sizeof(*call));

    if (call == NULL) {
        return NULL;
    }
    call->engine = engine;
    call->io = options->io;
    call->owner = options->owner;
    call->is_dialler = options->is_dialler;
    call->is_join = options->is_join;
    call->wake_ms = UINT64_MAX;
    call->hear_ms = UINT64_MAX;
    call->say_ms = UINT64_MAX;
    call->level = options->is_dialler ? LEVEL_FULL : LEVEL_NONE;
    list_init(&call->link);
    list_init(&call->accepts);
    list_init(&call->ready);
    list_init(&call->join_link);
    if (options->is_dialler) {
        call->is_known = true;
        call->peer = options->peer;
    }
    return call;
}

/* Does the peer's clock count our enrolment, as far as it has said? */
static bool
knows_us(const struct engine *engine, const struct peer *peer)
{
    struct log_id own = {.node = engine->node->home.node, .kind = LOG_CONTROL};
    struct clock_walk walk;

    clock_walk_begin(&walk, buf_bytes(&peer->clock));
    while (clock_walk_next(&walk)) {
        if (log_id_equal(&walk.id, &own)) {
            return true;
        }
    }
    return false;
}

/* What of a session depends on which end we are. */
static enum err
prepare(struct call *call, const struct engine_call *options,
    struct session_options *session, struct secret_key *psks)
{
    struct engine *engine = call->engine;
    struct peer *peer = NULL;
    enum err rc = ERR_OK;

    session->is_dialler = options->is_dialler;
    session->self = engine->node->home.node;
    session->psks = psks;
    if (!options->is_dialler) {
        session->listener = session->self;
        rc = auth_psks(call, psks, SESSION_PSKS_MAX, NULL);
        session->psk_count = call->psk_count;
        return rc;
    }
    peer = peer_get(engine, &options->peer);
    if (peer == NULL) {
        return ERR_NOMEM;
    }
    session->is_join = options->is_join;
    session->once = options->once;
    session->listener = options->peer;
    session->peer = options->peer;
    session->peer_noise = options->peer_noise;
    session->psk_count = 1;
    session->cert = options->cert;
    if (session->cert.size == 0 && !knows_us(engine, peer)) {
        session->cert = buf_bytes(&engine->cert);
    }
    session->clock = engine_session_clock(engine);
    session->sent_base = buf_bytes(&peer->sent);
    session->heard_bases[0] = buf_bytes(&peer->heard[0]);
    session->heard_bases[1] = buf_bytes(&peer->heard[1]);
    return dialler_psk(call, options, psks);
}

enum err
engine_open(
    struct engine *engine, const struct engine_call *options, struct call **out)
{
    struct secret_key psks[SESSION_PSKS_MAX];
    struct session_options session = {.now_ms = engine_now(engine)};
    struct event opened = {.type = EVENT_OPENED};
    struct call *call = NULL;
    enum err rc = ERR_OK;

    if (!engine->is_started || engine->is_stopping ||
        engine->node->secrets == NULL) {
        return ERR_CLOSED;
    }
    if (engine->call_count >= ENGINE_CALLS_MAX) {
        return ERR_BUSY;
    }
    call = new_call(engine, options);
    if (call == NULL) {
        return ERR_NOMEM;
    }
    session.noise = &engine->node->secrets->noise;
    engine->ops.random(engine->ops.context, session.ephemeral.bytes,
        sizeof(session.ephemeral.bytes));
    rc = prepare(call, options, &session, psks);
    if (rc == ERR_OK) {
        rc = session_new(&call->session, &session);
    }
    mem_wipe(psks, sizeof(psks));
    mem_wipe(&session.ephemeral, sizeof(session.ephemeral));
    if (rc != ERR_OK) {
        call_free(call);
        return rc;
    }
    list_push(&engine->calls, &call->link);
    engine->call_count++;
    *out = call;
    engine_enter(engine);
    call_step(call, &opened);
    engine_leave(engine);
    return ERR_OK;
}
