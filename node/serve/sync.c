/* SPDX-License-Identifier: Apache-2.0 */
/* One sync pass: call each office, until it has confirmed all we hold. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "crypto/code.h"
#include "node/serve/server_internal.h"

enum {
    /* A one-shot pass gives an office up after so many rounds of calls, */
    SYNC_ROUNDS_MAX = 2,
    /* and lets connections that are in step exchange vouches for so long. */
    SYNC_SETTLE_MS = 3 * 1000
};

struct sync_target {
    struct office_id office;
    bool is_synced; /* as far as its office's role lets it */
    bool is_failed;
    char why[160];
};

struct sync_pass {
    struct list link; /* server->syncs */
    struct server *server;
    struct sync_request request;
    uint64_t deadline_ms;
    bool is_done; /* all is decided: `done` is due at settled_ms */
    uint64_t settled_ms;
    bool is_stopped;
    struct sync_target *targets;
    size_t target_count;
    size_t target_capacity;
};

static void
pass_free(struct sync_pass *pass)
{
    list_remove(&pass->link);
    mem_free(pass->targets);
    mem_free(pass);
}

static enum err
add_target(struct sync_pass *pass, const struct office_id *office)
{
    enum err rc = mem_grow((void **)&pass->targets, &pass->target_capacity,
        pass->target_count + 1, sizeof(*pass->targets));

    if (rc == ERR_OK) {
        pass->targets[pass->target_count].office = *office;
        pass->target_count++;
    }
    return rc;
}

static void
fail_forked(struct sync_target *target)
{
    target->is_failed = true;
    snprintf(target->why, sizeof(target->why),
        "this node's own log was signed in two versions, and nobody takes its "
        "entries any more: see \"corridor status\"");
}

/* An open connection that is in step already counts at once. */
static void
begin_target(struct server *server, struct sync_target *target)
{
    struct call *call = engine_find_call(server->engine, &target->office);
    struct dial *dial = dialler_find(server, &target->office);

    if (engine_is_forked(server->engine)) {
        fail_forked(target);
    } else if (call != NULL) {
        struct session_status status;
        engine_call_status(call, &status);
        target->is_synced = status.is_synced;
    } else if (dial != NULL) {
        dial->failures = 0;
        dial->why[0] = '\0';
        dialler_want(dial);
    } else {
        target->is_failed = true;
        snprintf(target->why, sizeof(target->why), "it has no address here");
    }
}

static void
look(struct sync_pass *pass)
{
    for (size_t i = 0; i < pass->target_count; i++) {
        if (!pass->targets[i].is_synced && !pass->targets[i].is_failed) {
            return;
        }
    }
    if (!pass->is_done) {
        pass->is_done = true;
        pass->settled_ms = node_monotonic_ms(NULL) + SYNC_SETTLE_MS;
    }
}

/* Is nothing under way any more that ends with the process? */
static bool
is_settled(const struct sync_pass *pass, uint64_t now_ms)
{
    struct server *server = pass->server;

    if (server->options.dials || server->options.is_service ||
        now_ms >= pass->settled_ms) {
        return true;
    }
    for (size_t i = 0; i < pass->target_count; i++) {
        if (pass->targets[i].is_synced &&
            engine_find_call(server->engine, &pass->targets[i].office) !=
                NULL) {
            return false;
        }
    }
    return true;
}

/* Those that have no address here, but have called us. */
static enum err
add_callers(struct server *server, struct sync_pass *pass)
{
    const struct membership *membership = NULL;
    struct view *view = NULL;
    enum err rc = ERR_OK;

    if (server->node->store == NULL) {
        return ERR_OK;
    }
    rc = view_open(&view, server->node->store, NULL);
    if (rc != ERR_OK) {
        return rc;
    }
    membership = view_membership(view);
    for (size_t i = 0; rc == ERR_OK && i < membership->office_count; i++) {
        const struct office_id *id = &membership->offices[i].id;
        if (dialler_find(server, id) == NULL &&
            engine_find_call(server->engine, id) != NULL) {
            rc = add_target(pass, id);
        }
    }
    view_close(view);
    return rc;
}

static enum err
gather(struct server *server, struct sync_pass *pass)
{
    struct list *at = server->dialler.dials.next;
    enum err rc = ERR_OK;

    if (pass->request.office != NULL) {
        rc = add_target(pass, pass->request.office);
        pass->request.office = NULL; /* it was only lent */
        return rc;
    }
    for (; rc == ERR_OK && at != &server->dialler.dials; at = at->next) {
        const struct dial *dial = LIST_ITEM(at, struct dial, link);
        if (!dial->is_gone) {
            rc = add_target(pass, &dial->office);
        }
    }
    return rc == ERR_OK ? add_callers(server, pass) : rc;
}

enum err
server_sync(struct server *server, const struct sync_request *request)
{
    struct sync_pass *pass = NULL;
    enum err rc = ERR_OK;

    if (server->is_stopping) {
        return ERR_CLOSED;
    }
    if (request->office != NULL &&
        dialler_find(server, request->office) == NULL &&
        engine_find_call(server->engine, request->office) == NULL) {
        return ERR_NOT_FOUND;
    }
    pass = mem_zalloc(1, sizeof(*pass));
    if (pass == NULL) {
        return ERR_NOMEM;
    }
    list_init(&pass->link);
    pass->server = server;
    pass->request = *request;
    pass->deadline_ms = node_monotonic_ms(NULL) + request->timeout_ms;
    rc = gather(server, pass);
    if (rc != ERR_OK) {
        pass_free(pass);
        return rc;
    }
    /* What was just committed must have reached the sessions. */
    engine_poll(server->engine);
    for (size_t i = 0; i < pass->target_count; i++) {
        begin_target(server, &pass->targets[i]);
    }
    look(pass);
    list_push(&server->syncs, &pass->link);
    return ERR_OK;
}

static void
report_to(struct sync_pass *pass, const struct report *report)
{
    struct server *server = pass->server;

    for (size_t i = 0; i < pass->target_count; i++) {
        struct sync_target *target = &pass->targets[i];
        struct dial *dial = dialler_find(server, &target->office);
        if (target->is_synced || target->is_failed ||
            !office_id_equal(&target->office, &report->office)) {
            continue;
        }
        if (report->type == REPORT_SYNCED && engine_is_forked(server->engine)) {
            fail_forked(target);
        } else if (report->type == REPORT_SYNCED) {
            target->is_synced = true;
            if (dial != NULL) {
                dial->is_wanted = false;
            }
        } else if (report->type == REPORT_CLOSED) {
            snprintf(target->why, sizeof(target->why), "%s",
                bye_text(report->reason));
            /* Whoever's call it was: now ours is needed. */
            if (dial != NULL && !dial->is_wanted) {
                dialler_want(dial);
            }
        }
    }
    look(pass);
}

void
sync_report(struct server *server, const struct report *report)
{
    struct list *at = server->syncs.next;

    if (report->type == REPORT_COMMITTED || report->type == REPORT_OPENED) {
        return;
    }
    for (; at != &server->syncs; at = at->next) {
        report_to(LIST_ITEM(at, struct sync_pass, link), report);
    }
}

/* With an auditor clocks need not become equal: what one of the two has the
 * headers of alone, it cannot send. */
static void
look_at_headers(struct server *server, struct sync_target *target)
{
    struct call *call = engine_find_call(server->engine, &target->office);
    struct session_status session;
    struct peer_status status;

    if (call == NULL) {
        return;
    }
    engine_call_status(call, &session);
    if (engine_peer_status(server->engine, &session.peer, &status) == ERR_OK) {
        target->is_synced = status.has_headers;
    }
}

/* Without a dialler at work an office that does not answer is given up. */
static void
give_up_failed(struct sync_pass *pass)
{
    struct server *server = pass->server;

    for (size_t i = 0; i < pass->target_count; i++) {
        struct sync_target *target = &pass->targets[i];
        struct dial *dial = dialler_find(server, &target->office);
        if (target->is_synced || target->is_failed) {
            continue;
        }
        look_at_headers(server, target);
        if (dial != NULL && dial->why[0] != '\0') {
            snprintf(target->why, sizeof(target->why), "%s", dial->why);
        }
        if (!target->is_synced && !server->options.dials &&
            (dial == NULL || dial->failures >= SYNC_ROUNDS_MAX)) {
            target->is_failed = true;
        }
    }
    look(pass);
}

/* Also tells whether the office holds bodies of changes. */
static bool
put_name(struct server *server, json_t *item, const struct office_id *office)
{
    struct view *view = NULL;
    const struct office *known = NULL;
    bool holds_bodies = true;
    char hex[65];

    hex_encode(hex, bytes_of(office->bytes, sizeof(office->bytes)));
    json_object_set_new(item, "office", json_string(hex));
    if (server->node->store == NULL ||
        view_open(&view, server->node->store, NULL) != ERR_OK) {
        return true;
    }
    known = membership_office(view_membership(view), office);
    if (known != NULL) {
        json_object_set_new(item, "name", json_string(known->name));
    }
    holds_bodies = office_holds_bodies(known);
    view_close(view);
    return holds_bodies;
}

/* The result, ended by NUL. */
static enum err
put_result(struct buf *out, struct sync_pass *pass)
{
    json_t *all = json_object();
    enum err rc = ERR_OK;

    for (size_t i = 0; i < pass->target_count; i++) {
        const struct sync_target *target = &pass->targets[i];
        char code[OFFICE_CODE_CHARS + 1];
        json_t *item = json_object();
        bool holds_bodies = put_name(pass->server, item, &target->office);

        office_code(code, &target->office);
        json_object_set_new(
            item, "synced", json_boolean(target->is_synced && holds_bodies));
        if (!holds_bodies) {
            json_object_set_new(
                item, "headers_confirmed", json_boolean(target->is_synced));
        }
        if (!target->is_synced) {
            json_object_set_new(item, "why",
                json_string(target->why[0] == '\0' ? "not confirmed in time"
                                                   : target->why));
        }
        json_object_set_new(all, code, item);
    }
    rc = status_put_json(out, all);
    json_decref(all);
    buf_put_u8(out, 0);
    return rc == ERR_OK ? buf_err(out) : rc;
}

static void
finish(struct sync_pass *pass)
{
    struct err_msg msg = {{0}};
    struct buf text = {0};
    bool has_text = put_result(&text, pass) == ERR_OK;
    size_t synced = 0;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < pass->target_count; i++) {
        struct dial *dial =
            dialler_find(pass->server, &pass->targets[i].office);
        synced += pass->targets[i].is_synced ? 1 : 0;
        if (dial != NULL) {
            dial->is_wanted = false;
        }
    }
    if (pass->is_stopped) {
        rc = err_set(&msg, ERR_CLOSED, "stopping");
    } else if (pass->target_count == 0) {
        rc = err_set(&msg, ERR_NOT_FOUND,
            "no office has an address here, and none is connected; \"corridor "
            "peer add OFFICE ADDRESS\" gives one");
    } else if (synced < pass->target_count) {
        rc = err_set(&msg, ERR_BUSY, "%zu of %zu offices have confirmed",
            synced, pass->target_count);
    }
    list_remove(&pass->link);
    pass->request.done(pass->request.context, rc,
        has_text ? (const char *)text.data : "{}", &msg);
    buf_release(&text);
    pass_free(pass);
}

void
sync_tick(struct server *server, uint64_t now_ms)
{
    struct list *at = server->syncs.next;

    while (at != &server->syncs) {
        struct sync_pass *pass = LIST_ITEM(at, struct sync_pass, link);
        at = at->next;
        give_up_failed(pass);
        if ((pass->is_done && is_settled(pass, now_ms)) ||
            now_ms >= pass->deadline_ms) {
            finish(pass);
            /* Its owner may have ended others: from the front again. */
            at = server->syncs.next;
        }
    }
}

uint64_t
sync_wake_ms(const struct server *server)
{
    struct list *at = server->syncs.next;
    uint64_t wake_ms = UINT64_MAX;

    for (; at != &server->syncs; at = at->next) {
        struct sync_pass *pass = LIST_ITEM(at, struct sync_pass, link);
        give_up_failed(pass);
        wake_ms = num_min_u64(wake_ms, pass->deadline_ms);
        if (pass->is_done) {
            wake_ms = num_min_u64(wake_ms,
                is_settled(pass, node_monotonic_ms(NULL)) ? 0
                                                          : pass->settled_ms);
        }
    }
    return wake_ms;
}

void
sync_stop(struct server *server)
{
    while (!list_empty(&server->syncs)) {
        struct sync_pass *pass =
            LIST_ITEM(server->syncs.next, struct sync_pass, link);
        pass->is_stopped = true;
        finish(pass);
    }
}
