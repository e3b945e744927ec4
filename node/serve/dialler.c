/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calling the offices that have an address, for ever. An office may have
 * several nodes and addresses: each node is tried at each address, since a
 * node that is called by another's key answers with silence; with each round
 * the next older link secret. Between rounds the wait doubles, up to a limit,
 * and is varied by half, so that many offices do not call at one time.
 */
#include <stdio.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "crypto/code.h"
#include "node/serve/server_internal.h"

enum { LIVED_MS = 10 * 1000, BUSY_MS = 30 * 1000, SHIFT_MAX = 20 };

void
dialler_init(struct server *server)
{
    list_init(&server->dialler.dials);
}

struct dial *
dialler_find(struct server *server, const struct office_id *office)
{
    struct list *at = server->dialler.dials.next;

    for (; at != &server->dialler.dials; at = at->next) {
        struct dial *dial = LIST_ITEM(at, struct dial, link);
        if (!dial->is_gone && office_id_equal(&dial->office, office)) {
            return dial;
        }
    }
    return NULL;
}

/* The wait after so many failed rounds. */
static uint64_t
back_off_ms(const struct dial *dial)
{
    const struct server_options *options = &dial->server->options;
    size_t shift = dial->failures < SHIFT_MAX ? dial->failures : SHIFT_MAX;
    uint64_t wait_ms =
        num_min_u64(options->dial_first_ms << shift, options->dial_max_ms);
    uint64_t draw = 0;

    keys_random(&draw, sizeof(draw));
    return wait_ms / 2 + draw % (wait_ms + 1);
}

static void
schedule(struct dial *dial, uint64_t wait_ms)
{
    dial->next_ms = node_monotonic_ms(NULL) + wait_ms;
}

static void
dial_failed(struct dial *dial, const char *why)
{
    char code[OFFICE_CODE_CHARS + 1];
    uint64_t wait_ms = DIAL_NEXT_MS;

    snprintf(dial->why, sizeof(dial->why), "%s", why);
    dial->attempt++;
    if (dial->combinations == 0 || dial->attempt % dial->combinations == 0) {
        wait_ms = back_off_ms(dial);
        dial->failures++;
        office_code(code, &dial->office);
        /* The first one is worth a line; the rest are the weather. */
        diag_say(dial->server->diag,
            dial->failures == 1 ? DIAG_INFO : DIAG_DEBUG,
            "office %s cannot be reached: %s; calling again in %llu s", code,
            why, (unsigned long long)((wait_ms + 999) / 1000));
    }
    schedule(dial, wait_ms);
}

/* What to try now. ERR_NOT_FOUND: the office has no node that we know. */
static enum err
choose(struct dial *dial, size_t *out_address, size_t *out_secret)
{
    static const struct circle_name link = {.kind = CIRCLE_LINK};
    struct server *server = dial->server;
    const struct membership *membership = NULL;
    struct view *view = NULL;
    size_t count = 0;
    size_t place = 0;
    enum err rc = view_open(&view, server->node->store, NULL);

    if (rc != ERR_OK) {
        return rc;
    }
    membership = view_membership(view);
    for (int pass = 0; pass < 2; pass++) {
        size_t seen = 0;
        for (size_t i = 0; i < membership->node_count; i++) {
            const struct cert *cert = &membership->nodes[i].cert;
            if (!office_id_equal(&cert->office, &dial->office) ||
                node_id_equal(&cert->keys.sign, &server->node->home.node) ||
                !membership_in_circle(membership, &link, &cert->keys.sign)) {
                continue;
            }
            if (pass == 1 && seen == place) {
                dial->target.node = cert->keys.sign;
                dial->target.noise = cert->keys.noise;
            }
            seen++;
        }
        count = seen;
        if (count == 0) {
            break;
        }
        place = dial->attempt % count;
    }
    view_close(view);
    dial->combinations = count * dial->address_count;
    if (dial->combinations == 0) {
        return ERR_NOT_FOUND;
    }
    *out_address = dial->attempt / count % dial->address_count;
    *out_secret = dial->attempt / dial->combinations;
    return ERR_OK;
}

static void
on_reached(struct reach *reach, struct conn *conn, const char *why)
{
    struct dial *dial = LIST_ITEM(reach, struct dial, reach);
    struct server *server = dial->server;
    struct engine_call options = {
        .is_dialler = true, .once = !server->options.dials, .owner = dial};
    size_t address = 0;

    if (conn == NULL) {
        dial_failed(dial, why);
        return;
    }
    if (server->is_stopping || dial->is_gone ||
        choose(dial, &address, &options.secret_index) != ERR_OK) {
        conn_close(conn);
        dial_failed(dial, "not a member now");
        return;
    }
    options.peer = dial->target.node;
    options.peer_noise = dial->target.noise;
    dial->is_calling = true;
    dial->has_opened = false;
    conn_begin(conn, &options);
    if (conn->call == NULL && dial->is_calling) {
        /* No session came of it, so no report will. */
        dial->is_calling = false;
        dial_failed(dial, "no session");
    }
}

static void
attempt(struct dial *dial)
{
    struct server *server = dial->server;
    size_t address = 0;
    size_t secret = 0;
    char why[128] = "no node of it is known here";

    if (engine_find_call(server->engine, &dial->office) != NULL) {
        schedule(dial, BUSY_MS);
        return;
    }
    dial->reach.server = server;
    dial->reach.done = on_reached;
    if (choose(dial, &address, &secret) != ERR_OK ||
        !reach_begin(&dial->reach, dial->addresses[address], why)) {
        dial_failed(dial, why);
    }
}

static bool
is_idle(const struct dial *dial)
{
    return !dial->reach.is_busy && !dial->is_calling;
}

static bool
may_dial(const struct dial *dial)
{
    return is_idle(dial) && !dial->is_gone &&
           (dial->server->options.dials || dial->is_wanted);
}

void
dialler_tick(struct server *server, uint64_t now_ms)
{
    struct list *at = server->dialler.dials.next;

    while (at != &server->dialler.dials) {
        struct dial *dial = LIST_ITEM(at, struct dial, link);
        at = at->next;
        if (dial->reach.is_busy && now_ms >= dial->reach.deadline_ms) {
            reach_cancel(&dial->reach);
        }
        if (dial->is_gone && is_idle(dial)) {
            list_remove(&dial->link);
            mem_free(dial);
        } else if (may_dial(dial) && now_ms >= dial->next_ms &&
                   !server->is_stopping) {
            attempt(dial);
        }
    }
}

uint64_t
dialler_wake_ms(const struct server *server)
{
    struct list *at = server->dialler.dials.next;
    uint64_t wake_ms = UINT64_MAX;

    for (; at != &server->dialler.dials; at = at->next) {
        const struct dial *dial = LIST_ITEM(at, struct dial, link);
        if (dial->is_gone && is_idle(dial)) {
            return 0;
        }
        if (dial->reach.is_busy && !dial->reach.is_cancelled) {
            wake_ms = num_min_u64(wake_ms, dial->reach.deadline_ms);
        } else if (may_dial(dial) && !server->is_stopping) {
            wake_ms = num_min_u64(wake_ms, dial->next_ms);
        }
    }
    return wake_ms;
}

void
dialler_want(struct dial *dial)
{
    dial->is_wanted = true;
    if (is_idle(dial)) {
        dial->next_ms = 0;
    }
}

/* A call that had been open ended. */
static void
call_ended(struct dial *dial, const struct report *report)
{
    uint64_t now_ms = node_monotonic_ms(NULL);

    snprintf(dial->why, sizeof(dial->why), "%s", bye_text(report->reason));
    if (report->reason == BYE_BUSY) {
        schedule(dial, BUSY_MS);
        return;
    }
    if (report->was_synced || now_ms >= dial->opened_ms + LIVED_MS) {
        dial->failures = 0;
    } else {
        dial->failures++;
    }
    schedule(dial, report->reason == BYE_DENIED
                       ? dial->server->options.dial_max_ms
                       : back_off_ms(dial));
}

void
dialler_report(struct server *server, const struct report *report)
{
    struct dial *dial = dialler_find(server, &report->office);
    struct dial *own = NULL;
    struct list *at = server->dialler.dials.next;

    for (; at != &server->dialler.dials; at = at->next) {
        if ((void *)LIST_ITEM(at, struct dial, link) == report->owner) {
            own = LIST_ITEM(at, struct dial, link);
        }
    }
    if (report->type == REPORT_OPENED && own != NULL) {
        own->has_opened = true;
        own->opened_ms = node_monotonic_ms(NULL);
    }
    if (report->type != REPORT_CLOSED) {
        return;
    }
    if (own != NULL) {
        own->is_calling = false;
        if (own->has_opened) {
            call_ended(own, report);
        } else {
            dial_failed(own, bye_text(report->reason));
        }
    } else if (dial != NULL && is_idle(dial)) {
        /* Their call has ended: it is ours to try. */
        schedule(dial, back_off_ms(dial));
    }
}

/* The offices of this view, while addresses are read. */
struct reload {
    struct server *server;
    enum err rc;
};

static bool
set_addresses(struct dial *dial, struct bytes note)
{
    struct cursor cursor = cursor_init(note);
    size_t count = cbor_get_array(&cursor);

    if (count == 0 || count > DIAL_ADDRESSES_MAX) {
        return false;
    }
    dial->address_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct bytes text = cbor_get_text(&cursor);
        if (cursor.failed || text.size > CONFIG_ADDRESS_BYTES_MAX) {
            return false;
        }
        memcpy(dial->addresses[i], text.data, text.size);
        dial->addresses[i][text.size] = '\0';
        dial->address_count++;
    }
    return cursor_end(&cursor) == ERR_OK;
}

static bool
read_address(void *context, struct bytes name, struct bytes value)
{
    struct reload *reload = context;
    struct server *server = reload->server;
    struct office_id office;
    struct dial *dial = NULL;
    size_t skip = strlen("address/");

    if (name.size < skip ||
        !hex_decode((const char *)name.data + skip, name.size - skip,
            office.bytes, sizeof(office.bytes)) ||
        office_id_equal(&office, &server->node->home.office)) {
        return true;
    }
    dial = dialler_find(server, &office);
    if (dial == NULL) {
        dial = mem_zalloc(1, sizeof(*dial));
        if (dial == NULL) {
            reload->rc = ERR_NOMEM;
            return false;
        }
        dial->server = server;
        dial->office = office;
        list_push(&server->dialler.dials, &dial->link);
    }
    dial->is_kept = set_addresses(dial, value);
    return true;
}

void
dialler_reload(struct server *server)
{
    struct reload reload = {.server = server};
    struct view *view = NULL;
    struct list *at = NULL;

    if (server->node->store == NULL ||
        view_open(&view, server->node->store, NULL) != ERR_OK) {
        return;
    }
    for (at = server->dialler.dials.next; at != &server->dialler.dials;
         at = at->next) {
        LIST_ITEM(at, struct dial, link)->is_kept = false;
    }
    if (view_notes(view, bytes_text("address/"), read_address, &reload, NULL) !=
            ERR_OK ||
        reload.rc != ERR_OK) {
        diag_say(server->diag, DIAG_WARNING,
            "cannot read the addresses of all offices; keeping those of "
            "before");
        view_close(view);
        return;
    }
    view_close(view);
    for (at = server->dialler.dials.next; at != &server->dialler.dials;
         at = at->next) {
        struct dial *dial = LIST_ITEM(at, struct dial, link);
        if (!dial->is_kept) {
            dial->is_gone = true;
            reach_cancel(&dial->reach);
        }
    }
}

void
dialler_stop(struct server *server)
{
    struct list *at = server->dialler.dials.next;

    for (; at != &server->dialler.dials; at = at->next) {
        struct dial *dial = LIST_ITEM(at, struct dial, link);
        dial->is_gone = true;
        reach_cancel(&dial->reach);
    }
}

bool
dialler_is_idle(const struct server *server)
{
    return list_empty(&server->dialler.dials);
}
