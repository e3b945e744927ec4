/* SPDX-License-Identifier: Apache-2.0 */
/* What a commit means for the open calls: our clock, and who may do what. */
#include "node/serve/engine_internal.h"

/* May the peer's role have changed what is to be sent? Then what was agreed
 * with it, and what it was found to refuse, is of no use any more. */
static bool
begins_anew(struct call *call, bool had_role, bool lacked_bodies)
{
    char name[DIAG_NODE_CHARS + 1];

    if (!had_role || lacked_bodies == call->lacks_bodies) {
        return false;
    }
    diag_node(name, &call->peer);
    diag_say(call->engine->diag, DIAG_INFO,
        "the office of node %s %s: its connection begins anew", name,
        call->lacks_bodies ? "audits from now on, and gets no bodies"
                           : "is due bodies from now on");
    return true;
}

/* One session, after a commit. */
static void
tell_call(
    struct call *call, const struct membership *membership, bool has_grown)
{
    struct event event = {.type = EVENT_COMMITTED};
    enum session_level level = LEVEL_JOIN;
    bool had_role = call->has_role;
    bool lacked_bodies = call->lacks_bodies;

    if (call->level != LEVEL_JOIN) {
        level = auth_level(call, membership);
    }
    if (begins_anew(call, had_role, lacked_bodies)) {
        engine_hang_up(call, BYE_DONE);
        return;
    }
    if (level != call->level) {
        struct event change = {.type = EVENT_LEVEL};
        change.u.auth.level = level;
        call->level = level;
        call_step(call, &change);
    }
    if (has_grown && list_empty(&call->ready)) {
        event.u.stored.clock = engine_session_clock(call->engine);
        call_step(call, &event);
    }
}

/*
 * Our own office may hold bodies again: our clock has gone back to the first
 * that is missing (storage/bodies.h), which only new sessions can say.
 */
static void
take_role(struct engine *engine, const struct view *view)
{
    struct list *at = engine->calls.next;
    bool lacked_bodies = engine->lacks_bodies;

    engine->lacks_bodies = !view_takes_bodies(view, NULL);
    if (!lacked_bodies || engine->lacks_bodies) {
        return;
    }
    diag_say(engine->diag, DIAG_INFO,
        "this office is due bodies from now on: connections begin anew");
    for (; at != &engine->calls; at = at->next) {
        engine_hang_up(LIST_ITEM(at, struct call, link), BYE_DONE);
    }
}

void
tell_commit(struct engine *engine, const struct view *view, bool has_grown)
{
    struct list *at = engine->calls.next;

    take_role(engine, view);
    for (; at != &engine->calls; at = at->next) {
        struct call *call = LIST_ITEM(at, struct call, link);

        if (!call->is_closed && call->is_known) {
            tell_call(call, view_membership(view), has_grown);
        }
    }
}
