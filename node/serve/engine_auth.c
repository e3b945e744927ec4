/* SPDX-License-Identifier: Apache-2.0 */
/* Who calls, and what may it do (docs/protocol.md, "Session"). */
#include <string.h>

#include "crypto/base/mem.h"
#include "node/serve/engine_internal.h"

/* Invitations that have not run out, after the link secrets. */
struct gather {
    struct call *call;
    struct secret_key *out;
    size_t max;
    uint64_t wall_ms;
};

static bool
add_invitation(void *context, struct bytes name, struct bytes value)
{
    struct gather *gather = context;
    struct call *call = gather->call;
    struct invitation invitation;
    size_t place = call->psk_count - call->link_count;

    (void)name;
    if (call->psk_count == gather->max) {
        return false;
    }
    /* Used ones too, so that whoever used it can repeat a joining that was
     * cut off. A note that does not decode invites nobody. */
    if (invitation_decode(&invitation, value) == ERR_OK &&
        invitation.expires_ms > gather->wall_ms) {
        gather->out[call->psk_count] = invitation.secret;
        invitation_hash(&call->invitations[place], &invitation.secret);
        call->psk_count++;
    }
    mem_wipe(&invitation, sizeof(invitation));
    return true;
}

/* Which of the link secrets is the current circle's. */
static void
find_current(struct call *call, const struct view *view)
{
    static const struct circle_name link = {.kind = CIRCLE_LINK};
    const struct membership *membership = view_membership(view);
    uint32_t current = 0;

    call->link_current = SIZE_MAX;
    if (membership_current(membership, &link, &current)) {
        call->link_current = view_link_place(view, current);
        call->link_dot = membership->generations[current].dot;
    }
}

enum err
auth_psks(
    struct call *call, struct secret_key *out, size_t max, struct err_msg *msg)
{
    struct engine *engine = call->engine;
    struct gather gather = {.call = call,
        .out = out,
        .max = max,
        .wall_ms = engine->ops.wall_ms(engine->ops.context)};
    struct view *view = NULL;
    enum err rc = ERR_OK;

    call->invitations = mem_zalloc(max, sizeof(*call->invitations));
    if (call->invitations == NULL) {
        return ERR_NOMEM;
    }
    rc = view_open(&view, engine->node->store, msg);
    if (rc != ERR_OK) {
        return rc;
    }
    call->link_count = view_link_secrets(view, out, max);
    call->psk_count = call->link_count;
    find_current(call, view);
    rc = view_notes(view, bytes_text("invite/"), add_invitation, &gather, msg);
    view_close(view);
    return rc == ERR_OK && call->psk_count == 0 ? ERR_NO_KEY : rc;
}

/* Was this first message here before? It is remembered from now on. */
static bool
is_replay(struct engine *engine, const struct public_key *ephemeral)
{
    for (size_t i = 0; i < engine->replay_count; i++) {
        if (memcmp(engine->replays[i].ephemeral.bytes, ephemeral->bytes,
                sizeof(ephemeral->bytes)) == 0) {
            return true;
        }
    }
    engine->replays[engine->replay_next].ephemeral = *ephemeral;
    engine->replay_next = (engine->replay_next + 1) % ENGINE_REPLAYS_MAX;
    if (engine->replay_count < ENGINE_REPLAYS_MAX) {
        engine->replay_count++;
    }
    return false;
}

static const struct member_node *
find_noise(const struct membership *membership, const struct public_key *noise)
{
    for (size_t i = 0; i < membership->node_count; i++) {
        const struct member_node *node = &membership->nodes[i];
        if (memcmp(node->cert.keys.noise.bytes, noise->bytes,
                sizeof(noise->bytes)) == 0) {
            return node;
        }
    }
    return NULL;
}

/* Is the circle whose secret it knew still that of the link? */
static bool
is_still_linked(const struct call *call, const struct membership *membership)
{
    static const struct circle_name link = {.kind = CIRCLE_LINK};
    uint32_t current = 0;

    return call->is_linked && membership_current(membership, &link, &current) &&
           membership->generations[current].dot.log == call->link_dot.log &&
           membership->generations[current].dot.position ==
               call->link_dot.position;
}

enum session_level
auth_level(struct call *call, const struct membership *membership)
{
    static const struct circle_name link = {.kind = CIRCLE_LINK};
    const struct member_node *node = membership_node(membership, &call->peer);
    const struct office *office = NULL;

    if (node != NULL) {
        office = &membership->offices[node->office];
        call->office = office->id;
        call->has_role = true;
        call->lacks_bodies = !office_holds_bodies(office);
        /* The link is for every node that has not been retired. */
        return membership_in_circle(membership, &link, &call->peer)
                   ? LEVEL_FULL
                   : LEVEL_NONE;
    }
    /* Whom we join, or who joins, is not known before its entries came. */
    if (call->is_join || call->level == LEVEL_JOIN) {
        return call->level;
    }
    /* It holds the link secret and a certificate of this corridor: it may
     * bring the very entries that say who it is. A former secret is what those
     * hold who were retired, and any certificate is easily made. */
    if (!call->is_dialler && !is_still_linked(call, membership)) {
        return LEVEL_NONE;
    }
    office = membership_office(membership, &call->office);
    return office == NULL || !office->is_retired ? LEVEL_CONTROL : LEVEL_NONE;
}

/*
 * Whose certificate came with the first message: the node's whose Noise key
 * the handshake has proved, for this corridor, signed by its office.
 */
static bool
take_cert(struct call *call, const struct effect *effect)
{
    struct cert cert;

    if (effect->u.authenticate.cert.size == 0 ||
        cert_decode(&cert, effect->u.authenticate.cert) != ERR_OK ||
        !corridor_id_equal(
            &cert.corridor, &call->engine->node->home.corridor) ||
        memcmp(cert.keys.noise.bytes, effect->u.authenticate.noise.bytes,
            sizeof(cert.keys.noise.bytes)) != 0) {
        return false;
    }
    call->peer = cert.keys.sign;
    call->office = cert.office;
    return true;
}

static enum session_level
decide(struct call *call, const struct membership *membership,
    const struct effect *effect)
{
    const struct member_node *node =
        find_noise(membership, &effect->u.authenticate.noise);
    bool has_invitation = effect->u.authenticate.psk >= call->link_count;

    if (node != NULL) {
        call->peer = node->cert.keys.sign;
        call->office = node->cert.office;
    } else if (!take_cert(call, effect)) {
        return LEVEL_NONE;
    }
    if (node_id_equal(&call->peer, &call->engine->node->home.node)) {
        return LEVEL_NONE; /* ourselves */
    }
    /* An invitation's secret opens the door to joining and to nothing else;
     * who holds the link secret as well has no need of it. */
    if (has_invitation) {
        return effect->u.authenticate.is_join ? LEVEL_JOIN : LEVEL_NONE;
    }
    call->is_linked = effect->u.authenticate.psk == call->link_current;
    return auth_level(call, membership);
}

/* Does `other` hold a place that the new call may take? */
static bool
is_rival(const struct call *call, const struct call *other)
{
    if (other == call || other->is_dialler || other->is_closed ||
        !other->is_known) {
        return false;
    }
    /* Members are many, and each is one; strangers are as many as they like,
     * since whoever has a secret can make any number of certificates. */
    return call->level == LEVEL_FULL
               ? !other->is_confirmed &&
                     node_id_equal(&other->peer, &call->peer)
               : other->level != LEVEL_FULL;
}

/*
 * A few at once, of one node that has not shown that it is no replay, or of
 * all that are no members yet: the oldest goes, so that nobody can keep the
 * others out.
 */
static void
limit_rivals(struct call *call)
{
    struct engine *engine = call->engine;
    struct call *oldest = NULL;
    struct list *at = engine->calls.next;
    size_t count = 1;
    size_t max = call->level == LEVEL_FULL ? ENGINE_UNCONFIRMED_MAX
                                           : ENGINE_STRANGERS_MAX;

    for (; at != &engine->calls; at = at->next) {
        struct call *other = LIST_ITEM(at, struct call, link);
        if (is_rival(call, other)) {
            count++;
            oldest = oldest == NULL ? other : oldest;
        }
    }
    if (count > max) {
        engine_hang_up(oldest, BYE_BUSY);
    }
}

/* What earlier sessions with the peer left; of a stranger nothing is kept. */
static enum err
recall(struct call *call)
{
    struct session_auth *auth = &call->auth;
    struct peer *peer = NULL;

    if (auth->level != LEVEL_FULL) {
        return ERR_OK;
    }
    peer = peer_get(call->engine, &call->peer);
    if (peer == NULL) {
        return ERR_NOMEM;
    }
    auth->sent_base = buf_bytes(&peer->sent);
    auth->heard_bases[0] = buf_bytes(&peer->heard[0]);
    auth->heard_bases[1] = buf_bytes(&peer->heard[1]);
    return ERR_OK;
}

void
auth_answer(struct call *call, const struct effect *effect)
{
    struct engine *engine = call->engine;
    struct session_auth *auth = &call->auth;
    struct view *view = NULL;

    memset(auth, 0, sizeof(*auth));
    auth->level = LEVEL_NONE;
    call->level = LEVEL_NONE;
    if (is_replay(engine, &effect->u.authenticate.ephemeral)) {
        diag_say(engine->diag, DIAG_DEBUG, "a repeated handshake: dropped");
        return;
    }
    if (view_open(&view, engine->node->store, NULL) != ERR_OK) {
        return;
    }
    auth->level = decide(call, view_membership(view), effect);
    view_close(view);
    if (auth->level == LEVEL_NONE || recall(call) != ERR_OK) {
        auth->level = LEVEL_NONE;
        diag_say(engine->diag, DIAG_DEBUG, "a caller unknown here: dropped");
        return;
    }
    call->level = auth->level;
    call->is_known = true;
    auth->peer = call->peer;
    auth->clock = engine_session_clock(engine);
    limit_rivals(call);
}
