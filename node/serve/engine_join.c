/* SPDX-License-Identifier: Apache-2.0 */
/* Admitting who comes with an invitation: one at a time, so that two cannot
 * use one (docs/protocol.md, "Membership"). */
#include <string.h>

#include "crypto/base/mem.h"
#include "node/serve/engine_internal.h"

/* `call` is looked for among the engine's when the answer comes. */
struct join_job {
    struct job job;
    struct post post;
    struct engine *engine;
    struct call *call;
    struct node_id peer; /* whose keys the handshake has proved */
    struct buf cert;
    struct hash invitation;
    uint64_t wall_ms;
    enum err rc;
    struct err_msg msg;
};

static enum err
use_invitation(struct store *store, const struct join_job *join,
    struct invitation *invitation, const struct cert *cert, struct err_msg *msg)
{
    char name[INVITATION_NAME_CHARS + 1];
    struct buf note = {0};
    enum err rc = ERR_OK;

    invitation->is_used = true;
    invitation->office = cert->office;
    invitation->node = cert->keys.sign;
    invitation_name(name, &join->invitation);
    rc = invitation_encode(&note, invitation);
    if (rc == ERR_OK) {
        rc = store_put_note(store, bytes_text(name), buf_bytes(&note), msg);
    }
    buf_wipe(&note);
    return rc;
}

static enum err
read_invitation(struct store *store, const struct join_job *join,
    struct invitation *out, struct err_msg *msg)
{
    char name[INVITATION_NAME_CHARS + 1];
    struct buf note = {0};
    enum err rc = ERR_OK;

    invitation_name(name, &join->invitation);
    rc = store_note(store, bytes_text(name), &note, msg);
    if (rc == ERR_NOT_FOUND) {
        rc = err_set(msg, ERR_DENIED, "the invitation was withdrawn");
    }
    if (rc == ERR_OK) {
        rc = invitation_decode(out, buf_bytes(&note));
    }
    buf_wipe(&note);
    return rc;
}

/* The secret is consumed with the admission's commit. */
static enum err
join_run(struct job *job, struct store *store, struct err_msg *msg)
{
    struct join_job *join = LIST_ITEM(job, struct join_job, job);
    struct invitation invitation = {.roles = 0};
    struct store_admit admit = {.cert = buf_bytes(&join->cert)};
    struct cert cert;
    enum err rc = cert_decode(&cert, admit.cert);

    if (rc == ERR_OK && !node_id_equal(&cert.keys.sign, &join->peer)) {
        rc = err_set(msg, ERR_DENIED, "the certificate is another node's");
    }
    if (rc == ERR_OK) {
        rc = read_invitation(store, join, &invitation, msg);
    }
    if (rc == ERR_OK) {
        rc = invitation_check(&invitation, &cert, join->wall_ms, msg);
    }
    if (rc == ERR_OK) {
        admit.roles = invitation.roles;
        admit.confirmed = invitation.code[0] != '\0';
        admit.invitation = join->invitation;
        rc = store_admit(store, &admit, msg);
    }
    if (rc == ERR_EXISTS) {
        rc = ERR_OK; /* again, after being cut off */
    }
    if (rc == ERR_OK && !invitation.is_used) {
        rc = use_invitation(store, join, &invitation, &cert, msg);
    }
    mem_wipe(&invitation, sizeof(invitation));
    return rc;
}

/* On the writer's thread. */
static void
join_done(struct job *job, enum err rc, const struct err_msg *msg)
{
    struct join_job *join = LIST_ITEM(job, struct join_job, job);

    join->rc = rc;
    if (msg != NULL) {
        join->msg = *msg;
    }
    engine_post(join->engine, &join->post);
}

/* An invitation opens nothing by itself: a node that was retired since it
 * joined, or whose office was, stays outside. */
static enum err
check_standing(struct call *call)
{
    struct view *view = NULL;
    enum err rc = view_open(&view, call->engine->node->store, NULL);

    if (rc != ERR_OK) {
        return rc;
    }
    call->level = LEVEL_NONE; /* as of one who has no invitation */
    call->level = auth_level(call, view_membership(view));
    view_close(view);
    return call->level == LEVEL_FULL ? ERR_OK : ERR_DENIED;
}

static void
answer(struct call *call, const struct join_job *join)
{
    struct engine *engine = call->engine;
    struct event event = {.type = EVENT_JOINED};
    char name[DIAG_NODE_CHARS + 1];
    enum err rc = join->rc == ERR_OK ? check_standing(call) : join->rc;

    diag_node(name, &call->peer);
    if (rc == ERR_OK) {
        diag_say(
            engine->diag, DIAG_INFO, "node %s joined by an invitation", name);
        event.u.stored.clock = engine_session_clock(engine);
    } else {
        diag_say(engine->diag, DIAG_WARNING, "node %s may not join: %s", name,
            join->msg.text[0] == '\0' ? err_text(rc) : join->msg.text);
        event.type = EVENT_REFUSED;
        event.u.refused.reason = BYE_DENIED;
    }
    call_step(call, &event);
}

static void
join_deliver(struct post *post)
{
    struct join_job *join = LIST_ITEM(post, struct join_job, post);
    struct engine *engine = join->engine;
    struct call *call = join->call;

    engine_job_done(engine);
    engine->is_joining = false;
    call->wants_join = false;
    /* The clock that is told must count the admission. */
    if (!call->is_closed) {
        engine_take_commit(engine);
        answer(call, join);
    }
    buf_release(&join->cert);
    mem_free(join);
}

/* Without memory or a writer the joiner is told to try again. */
static void
give_up(struct call *call)
{
    struct event event = {.type = EVENT_REFUSED};

    call->wants_join = false;
    event.u.refused.reason = BYE_ERROR;
    call_step(call, &event);
}

static void
submit(struct call *call)
{
    struct engine *engine = call->engine;
    struct join_job *join = mem_zalloc(1, sizeof(*join));

    if (join == NULL) {
        give_up(call);
        return;
    }
    join->job.run = join_run;
    join->job.done = join_done;
    join->post.deliver = join_deliver;
    join->engine = engine;
    join->call = call;
    join->peer = call->peer;
    join->invitation = call->join_invitation;
    join->wall_ms = engine->ops.wall_ms(engine->ops.context);
    buf_put_bytes(&join->cert, buf_bytes(&call->join_cert));
    if (buf_err(&join->cert) != ERR_OK ||
        engine_submit(engine, &join->job) != ERR_OK) {
        buf_release(&join->cert);
        mem_free(join);
        give_up(call);
        return;
    }
    engine->is_joining = true;
}

void
join_next(struct engine *engine)
{
    while (!engine->is_joining && !list_empty(&engine->joins)) {
        struct call *call =
            LIST_ITEM(engine->joins.next, struct call, join_link);

        list_remove(&call->join_link);
        if (call->is_closed) {
            call->wants_join = false;
            continue;
        }
        submit(call);
    }
}

enum err
join_begin(struct call *call, const struct effect *effect)
{
    size_t place = effect->u.join.psk - call->link_count;

    assert(effect->u.join.psk >= call->link_count &&
           effect->u.join.psk < call->psk_count);
    call->join_invitation = call->invitations[place];
    buf_clear(&call->join_cert);
    buf_put_bytes(&call->join_cert, effect->u.join.cert);
    if (buf_err(&call->join_cert) != ERR_OK) {
        return ERR_NOMEM;
    }
    call->wants_join = true;
    list_push(&call->engine->joins, &call->join_link);
    return ERR_OK;
}
