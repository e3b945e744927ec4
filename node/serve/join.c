/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joining by an invitation (docs/operations.md, "Inviting"), in one
 * connection:
 *
 *   OPENING   an empty store is made, on the pool
 *   CALLING   the inviter's addresses are tried in turn, until one answers;
 *             after each commit our enrolment is tried, which needs that our
 *             admission has come; then both sides confirm
 *   SAVING    home.ini names the corridor from now on
 *   CLOSING   it came to nothing. The store stays, open too, since others
 *             may be reading it: the same line can be used again
 */
#include <stdio.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "node/serve/server_internal.h"

enum join_state { JOIN_OPENING, JOIN_CALLING, JOIN_SAVING, JOIN_CLOSING };

struct join {
    struct server *server;
    struct invite invite;
    struct buf cert;
    void (*done)(void *context, enum err rc, const struct err_msg *msg);
    void *context;
    enum join_state state;
    uint64_t deadline_ms;
    uint64_t next_ms;
    size_t attempt;
    bool is_calling; /* its connection is with the engine */
    bool is_enrolled;
    bool is_enrolling; /* on the pool */
    bool wants_enrol;  /* something came meanwhile */
    bool is_queued;    /* `work` is on the pool */
    struct reach reach;
    struct server_work work;
    enum err rc;
    struct err_msg msg;
    enum err closing_rc;
    struct err_msg last; /* why the last attempt came to nothing */
};

static void begin_closing(struct join *join, enum err rc, const char *why);

static void
finish(struct join *join)
{
    struct server *server = join->server;
    void (*done)(void *, enum err, const struct err_msg *) = join->done;
    void *context = join->context;
    enum err rc = join->rc;
    struct err_msg msg = join->msg;

    server->join = NULL;
    engine_disown(server->engine, join);
    mem_wipe(&join->invite, sizeof(join->invite));
    buf_release(&join->cert);
    mem_free(join);
    done(context, rc, &msg);
}

static enum err
queue(struct join *join, void (*run)(struct server_work *),
    void (*after)(struct server_work *))
{
    enum err rc = ERR_OK;

    assert(!join->is_queued);
    join->work.run = run;
    join->work.after = after;
    rc = server_queue(join->server, &join->work);
    join->is_queued = rc == ERR_OK;
    return rc;
}

static struct join *
join_of(struct server_work *work)
{
    struct join *join = LIST_ITEM(work, struct join, work);

    join->is_queued = false;
    return join;
}

/* On the pool. */
static void
run_open(struct server_work *work)
{
    struct join *join = LIST_ITEM(work, struct join, work);
    struct node *node = work->server->node;

    join->rc = node->store != NULL
                   ? ERR_OK
                   : node_open_new_store(node, node->has_thread, &join->msg);
}

static void
after_open(struct server_work *work)
{
    struct join *join = join_of(work);

    if (join->rc == ERR_OK) {
        join->rc = engine_start(join->server->engine, &join->msg);
    }
    if (join->rc != ERR_OK) {
        begin_closing(join, join->rc, join->msg.text);
    } else if (join->server->is_stopping) {
        begin_closing(join, ERR_CLOSED, "stopping");
    } else {
        join->state = JOIN_CALLING;
        join->next_ms = 0;
    }
}

/* On the pool: home.ini, and the inviter's address for later. */
static enum err
put_address(void *context, struct store *store, struct err_msg *msg)
{
    struct join *join = context;
    const struct member_node *node =
        membership_node(store_membership(store), &join->invite.node);
    char name[8 + 64 + 1] = "address/";
    struct buf note = {0};
    enum err rc = ERR_OK;

    if (node == NULL || join->invite.address_count == 0) {
        return ERR_OK;
    }
    hex_encode(name + 8, bytes_of(node->cert.office.bytes, 32));
    cbor_put_array(&note, join->invite.address_count);
    for (size_t i = 0; i < join->invite.address_count; i++) {
        cbor_put_cstr(&note, join->invite.addresses[i]);
    }
    rc = buf_err(&note);
    if (rc == ERR_OK) {
        rc = store_put_note(store, bytes_text(name), buf_bytes(&note), msg);
    }
    buf_release(&note);
    return rc;
}

static void
run_save(struct server_work *work)
{
    struct join *join = LIST_ITEM(work, struct join, work);
    struct node *node = work->server->node;
    struct view *view = NULL;

    join->rc = view_open(&view, node->store, &join->msg);
    if (join->rc == ERR_OK) {
        snprintf(node->home.corridor_name, sizeof(node->home.corridor_name),
            "%s", view_membership(view)->name);
        view_close(view);
        join->rc = node_write(node, put_address, join, &join->msg);
    }
    if (join->rc == ERR_OK) {
        join->rc = home_save(&node->home, &join->msg);
    }
}

static void
after_save(struct server_work *work)
{
    struct join *join = join_of(work);
    struct server *server = join->server;

    if (join->rc != ERR_OK) {
        begin_closing(join, join->rc, join->msg.text);
        return;
    }
    diag_say(server->diag, DIAG_INFO, "joined the corridor");
    dialler_reload(server);
    finish(join);
}

/* Both sides hold the same, our enrolment included? */
static void
look(struct join *join)
{
    struct call *call = NULL;
    struct session_status status;
    struct list *at = join->server->conns.next;

    if (join->state != JOIN_CALLING || !join->is_enrolled ||
        join->is_enrolling || !join->is_calling) {
        return;
    }
    for (; at != &join->server->conns; at = at->next) {
        call = LIST_ITEM(at, struct conn, link)->call;
        if (call == NULL) {
            continue;
        }
        engine_call_status(call, &status);
        if (status.is_synced &&
            node_id_equal(&status.peer, &join->invite.node)) {
            join->state = JOIN_SAVING;
            if (queue(join, run_save, after_save) != ERR_OK) {
                begin_closing(join, ERR_NOMEM, "no memory");
            }
            return;
        }
    }
}

/* People compared the code that stands in the line: is it the inviter's? */
static enum err
check_inviter(
    const struct join *join, const struct store *store, struct err_msg *msg)
{
    const struct member_node *node =
        membership_node(store_membership(store), &join->invite.node);
    char code[OFFICE_CODE_CHARS + 1];

    if (node == NULL) {
        return ERR_NOT_FOUND;
    }
    office_code(code, &node->cert.office);
    if (strcmp(code, join->invite.code) != 0) {
        return err_set(msg, ERR_DENIED,
            "the inviter is office %s, the line says %s", code,
            join->invite.code);
    }
    return ERR_OK;
}

static enum err
write_enrol(void *context, struct store *store, struct err_msg *msg)
{
    struct join *join = context;
    enum err rc = check_inviter(join, store, msg);

    return rc == ERR_OK ? node_enrol(store, buf_bytes(&join->cert), msg) : rc;
}

/* On the pool. */
static void
run_enrol(struct server_work *work)
{
    struct join *join = LIST_ITEM(work, struct join, work);

    join->rc = node_write(work->server->node, write_enrol, join, &join->msg);
}

static void try_enrol(struct join *join);

static void
after_enrol(struct server_work *work)
{
    struct join *join = join_of(work);

    join->is_enrolling = false;
    if (join->state == JOIN_CLOSING) {
        begin_closing(join, ERR_CLOSED, join->last.text);
        return;
    }
    if (join->rc == ERR_OK || join->rc == ERR_EXISTS) {
        join->is_enrolled = true;
        /* The sessions must know of it before they are asked. */
        engine_poll(join->server->engine);
        look(join);
    } else if (join->rc != ERR_NOT_FOUND) {
        begin_closing(join, join->rc, join->msg.text);
    } else if (join->wants_enrol) {
        try_enrol(join);
    }
}

static void
try_enrol(struct join *join)
{
    if (join->is_enrolled || join->state != JOIN_CALLING) {
        return;
    }
    join->wants_enrol = join->is_enrolling;
    if (join->is_enrolling) {
        return;
    }
    join->is_enrolling = queue(join, run_enrol, after_enrol) == ERR_OK;
}

static void
failed(struct join *join, const char *why)
{
    snprintf(join->last.text, sizeof(join->last.text), "%s", why);
    join->attempt++;
    join->next_ms =
        node_monotonic_ms(NULL) +
        (join->attempt % join->invite.address_count == 0 ? JOIN_RETRY_MS
                                                         : DIAL_NEXT_MS);
}

static void
on_reached(struct reach *reach, struct conn *conn, const char *why)
{
    struct join *join = LIST_ITEM(reach, struct join, reach);
    struct engine_call options = {.is_dialler = true,
        .is_join = true,
        .peer = join->invite.node,
        .peer_noise = join->invite.noise,
        .psk = &join->invite.secret,
        .cert = buf_bytes(&join->cert),
        .owner = join};

    if (conn == NULL) {
        failed(join, why);
    } else if (join->state != JOIN_CALLING) {
        conn_close(conn);
    } else {
        join->is_calling = true;
        conn_begin(conn, &options);
        if (conn->call == NULL && join->is_calling) {
            join->is_calling = false;
            failed(join, "no session");
        }
    }
    if (join->state == JOIN_CLOSING) {
        begin_closing(join, ERR_CLOSED, join->last.text);
    }
}

static void
attempt(struct join *join)
{
    char why[128] = "";
    const char *address =
        join->invite.addresses[join->attempt % join->invite.address_count];

    if (!reach_begin(&join->reach, address, why)) {
        failed(join, why);
    }
}

void
join_report(struct server *server, const struct report *report)
{
    struct join *join = server->join;

    if (join == NULL) {
        return;
    }
    switch (report->type) {
    case REPORT_OPENED:
        break;
    case REPORT_COMMITTED:
        try_enrol(join);
        break;
    case REPORT_SYNCED:
        look(join);
        break;
    case REPORT_CLOSED:
        if (report->owner != join) {
            break;
        }
        join->is_calling = false;
        if (report->reason == BYE_DENIED) {
            snprintf(join->last.text, sizeof(join->last.text),
                "the inviter refused: the invitation is used up, for another "
                "office, or withdrawn");
            join->deadline_ms = 0;
        } else {
            failed(
                join, report->reason == BYE_CUT && !report->was_open
                          ? "no answer to the invitation: it may have run out"
                          : bye_text(report->reason));
        }
        break;
    }
}

/* The first error stays. Goes on whenever something has come to its end. */
static void
begin_closing(struct join *join, enum err rc, const char *why)
{
    struct server *server = join->server;

    if (join->state != JOIN_CLOSING) {
        struct err_msg msg = {{0}};
        /* `why` may stand in join->msg. */
        join->rc = err_set(&msg, rc, "%s", why);
        join->msg = msg;
        join->closing_rc = rc;
        join->state = JOIN_CLOSING;
        engine_stop(server->engine);
        reach_cancel(&join->reach);
    }
    if (join->reach.is_busy || join->is_queued || join->is_enrolling ||
        !engine_is_idle(server->engine)) {
        return; /* join_prepare asks again */
    }
    join->rc = join->closing_rc;
    server->node->home.has_corridor = false;
    finish(join);
}

void
join_prepare(struct server *server)
{
    struct join *join = server->join;

    if (join != NULL && join->state == JOIN_CLOSING) {
        begin_closing(join, join->closing_rc, "");
    }
}

void
join_tick(struct server *server, uint64_t now_ms)
{
    struct join *join = server->join;

    if (join == NULL) {
        return;
    }
    if (join->reach.is_busy && now_ms >= join->reach.deadline_ms) {
        reach_cancel(&join->reach);
    }
    if (join->state == JOIN_CALLING && now_ms >= join->deadline_ms) {
        begin_closing(join, join->deadline_ms == 0 ? ERR_DENIED : ERR_BUSY,
            join->last.text[0] == '\0' ? "not done within the time"
                                       : join->last.text);
    } else if (join->state == JOIN_CALLING && !join->is_calling &&
               !join->reach.is_busy && now_ms >= join->next_ms) {
        attempt(join);
    }
}

uint64_t
join_wake_ms(const struct server *server)
{
    const struct join *join = server->join;
    uint64_t wake_ms = UINT64_MAX;

    if (join == NULL || join->state != JOIN_CALLING) {
        return UINT64_MAX;
    }
    wake_ms = join->deadline_ms;
    if (join->reach.is_busy && !join->reach.is_cancelled) {
        wake_ms = num_min_u64(wake_ms, join->reach.deadline_ms);
    } else if (!join->is_calling && !join->reach.is_busy) {
        wake_ms = num_min_u64(wake_ms, join->next_ms);
    }
    return wake_ms;
}

void
join_stop(struct server *server)
{
    struct join *join = server->join;

    if (join != NULL && join->state == JOIN_CALLING) {
        begin_closing(join, ERR_CLOSED, "stopping");
    }
}

enum err
server_join(struct server *server, const struct join_request *request)
{
    struct node *node = server->node;
    struct join *join = NULL;

    if (server->is_stopping) {
        return ERR_CLOSED;
    }
    if (server->join != NULL) {
        return ERR_BUSY;
    }
    if (node->home.has_corridor) {
        return ERR_EXISTS;
    }
    if (request->invite->address_count == 0) {
        return ERR_CONFIG;
    }
    /* Left open by a joining of another corridor that came to nothing. */
    if (node->store != NULL &&
        !corridor_id_equal(&node->home.corridor, &request->invite->corridor)) {
        return ERR_DENIED;
    }
    join = mem_zalloc(1, sizeof(*join));
    if (join == NULL) {
        return ERR_NOMEM;
    }
    join->server = server;
    join->invite = *request->invite;
    join->done = request->done;
    join->context = request->context;
    join->deadline_ms = node_monotonic_ms(NULL) + request->timeout_ms;
    join->reach.server = server;
    join->reach.done = on_reached;
    buf_put_bytes(&join->cert, request->cert);
    node->home.corridor = request->invite->corridor;
    node->home.has_corridor = true;
    if (buf_err(&join->cert) != ERR_OK ||
        queue(join, run_open, after_open) != ERR_OK) {
        node->home.has_corridor = false;
        buf_release(&join->cert);
        mem_free(join);
        return ERR_NOMEM;
    }
    server->join = join;
    return ERR_OK;
}
