/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In a mesh two peers may offer the same missing entries at once. Each log of
 * which much is missing is then asked of one peer, the first that offers it;
 * the others are asked to hold it back, until that one goes quiet or away
 * (docs/protocol.md, "Session"). Small differences are left to the sessions'
 * own delay before passing on what others may have sent.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "node/serve/clock_walk.h"
#include "node/serve/engine_internal.h"

enum { HOLD_CHECK_MS = 1000 };

/* "This call offers that log"; `rank` is the call's place. */
struct offer {
    struct log_id id;
    size_t rank;
};

struct offers {
    struct offer *items;
    size_t count;
    size_t capacity;
};

struct ids {
    struct log_id *items;
    size_t count;
    size_t capacity;
};

static int
compare_offers(const void *a, const void *b)
{
    const struct offer *x = a;
    const struct offer *y = b;
    int order = log_id_compare(&x->id, &y->id);

    return order != 0 ? order : (x->rank > y->rank) - (x->rank < y->rank);
}

static bool
may_send(const struct call *call)
{
    return !call->is_closed && call->is_confirmed && call->level == LEVEL_FULL;
}

/* It was to send, and has not for a while, though we were ready. */
static bool
is_quiet(const struct call *call, uint64_t now_ms)
{
    uint64_t since = num_max_u64(call->entries_ms, call->sender_ms);

    return call->is_sender && list_empty(&call->accepts) &&
           now_ms >= since + ENGINE_QUIET_MS;
}

/* An auditor has headers of changes, which are of use to auditors alone; what
 * is forked, or may be, is not waited for. */
static bool
can_bring(const struct engine *engine, const struct call *call,
    const struct log_id *log)
{
    if (marks_limit(engine, log) != UINT64_MAX || hear_is_doubtful(call, log)) {
        return false;
    }
    return log->kind == LOG_CONTROL || !call->lacks_bodies ||
           engine->lacks_bodies;
}

/* The logs of which this call has much that we lack. */
static enum err
add_offers(struct engine *engine, struct call *call, size_t rank,
    struct offers *offers)
{
    struct peer *peer = peer_get(engine, &call->peer);
    struct clock_walk ours;
    struct clock_walk theirs;
    bool has_ours = false;

    if (peer == NULL) {
        return ERR_NOMEM;
    }
    clock_walk_begin(&ours, buf_bytes(&engine->clock));
    clock_walk_begin(&theirs, buf_bytes(&peer->clock));
    has_ours = clock_walk_next(&ours);
    while (clock_walk_next(&theirs)) {
        uint64_t held = 0;

        while (has_ours && log_id_compare(&ours.id, &theirs.id) < 0) {
            has_ours = clock_walk_next(&ours);
        }
        if (has_ours && log_id_equal(&ours.id, &theirs.id)) {
            held = ours.size;
        }
        if (theirs.size >= held + ENGINE_HOLD_ENTRIES_MIN &&
            can_bring(engine, call, &theirs.id)) {
            enum err rc = mem_grow((void **)&offers->items, &offers->capacity,
                offers->count + 1, sizeof(*offers->items));
            if (rc != ERR_OK) {
                return rc;
            }
            offers->items[offers->count].id = theirs.id;
            offers->items[offers->count].rank = rank;
            offers->count++;
        }
    }
    return ERR_OK;
}

static enum err
add_id(struct ids *ids, const struct log_id *id)
{
    enum err rc = mem_grow((void **)&ids->items, &ids->capacity, ids->count + 1,
        sizeof(*ids->items));

    if (rc == ERR_OK) {
        ids->items[ids->count] = *id;
        ids->count++;
    }
    return rc;
}

/* Both ascend: what is in `of` and not in `without`. */
static enum err
subtract(struct ids *out, const struct ids *of, const struct ids *without)
{
    size_t j = 0;
    enum err rc = ERR_OK;

    out->count = 0;
    for (size_t i = 0; rc == ERR_OK && i < of->count; i++) {
        while (j < without->count &&
               log_id_compare(&without->items[j], &of->items[i]) < 0) {
            j++;
        }
        if (j == without->count ||
            !log_id_equal(&without->items[j], &of->items[i])) {
            rc = add_id(out, &of->items[i]);
        }
    }
    return rc;
}

static void
ask(struct call *call, const struct ids *ids, bool hold)
{
    struct event event = {.type = EVENT_HOLD};

    if (ids->count > 0) {
        event.u.hold.logs = ids->items;
        event.u.hold.count = ids->count;
        event.u.hold.hold = hold;
        call_step(call, &event);
    }
}

/* From what the call holds back to what it should; takes `wanted` over. */
static void
set_held(struct call *call, struct ids *wanted)
{
    struct ids now = {call->held, call->held_count, call->held_capacity};
    struct ids more = {0};
    struct ids less = {0};

    if (subtract(&more, wanted, &now) == ERR_OK &&
        subtract(&less, &now, wanted) == ERR_OK) {
        mem_free(call->held);
        call->held = wanted->items;
        call->held_count = wanted->count;
        call->held_capacity = wanted->capacity;
        *wanted = (struct ids){0};
        ask(call, &less, false);
        ask(call, &more, true);
    }
    mem_free(more.items);
    mem_free(less.items);
    mem_free(wanted->items);
}

/* One log's offers: the first that is not quiet sends, the others hold. */
static enum err
assign_log(const struct offer *offers, size_t count, struct call **calls,
    struct ids *held)
{
    size_t sender = 0;
    enum err rc = ERR_OK;

    while (sender + 1 < count && calls[offers[sender].rank]->is_quiet) {
        sender++;
    }
    if (calls[offers[sender].rank]->is_quiet) {
        sender = 0; /* all are: let the first try again */
    }
    calls[offers[sender].rank]->will_send = true;
    for (size_t i = 0; rc == ERR_OK && i < count; i++) {
        if (i != sender) {
            rc = add_id(&held[offers[i].rank], &offers[i].id);
        }
    }
    return rc;
}

static enum err
assign(struct engine *engine, struct call **calls, size_t call_count,
    struct ids *held)
{
    struct offers offers = {0};
    enum err rc = ERR_OK;

    for (size_t i = 0; rc == ERR_OK && i < call_count; i++) {
        rc = add_offers(engine, calls[i], i, &offers);
    }
    if (rc == ERR_OK && offers.count > 0) {
        qsort(
            offers.items, offers.count, sizeof(*offers.items), compare_offers);
    }
    for (size_t i = 0; rc == ERR_OK && i < offers.count;) {
        size_t end = i + 1;
        while (end < offers.count &&
               log_id_equal(&offers.items[end].id, &offers.items[i].id)) {
            end++;
        }
        rc = assign_log(&offers.items[i], end - i, calls, held);
        i = end;
    }
    mem_free(offers.items);
    return rc;
}

static void
update_sender(struct call *call, uint64_t now_ms)
{
    if (call->will_send && !call->is_sender) {
        call->sender_ms = now_ms;
    }
    call->is_sender = call->will_send;
}

static size_t
gather_calls(struct engine *engine, struct call **out)
{
    uint64_t now_ms = engine_now(engine);
    struct list *at = engine->calls.next;
    size_t count = 0;

    for (; at != &engine->calls; at = at->next) {
        struct call *call = LIST_ITEM(at, struct call, link);
        if (may_send(call)) {
            if (call->entries_ms >= call->quiet_ms) {
                call->is_quiet = false; /* it has sent since */
            }
            if (is_quiet(call, now_ms)) {
                call->is_quiet = true;
                call->quiet_ms = now_ms;
            }
            call->will_send = false;
            out[count++] = call;
        }
    }
    return count;
}

void
hold_assign(struct engine *engine)
{
    struct call **calls = NULL;
    struct ids *held = NULL;
    size_t count = 0;
    uint64_t now_ms = engine_now(engine);

    if (!engine->wants_hold || engine->call_count == 0) {
        return;
    }
    engine->wants_hold = false;
    engine->hold_ms = UINT64_MAX;
    calls = mem_zalloc(engine->call_count, sizeof(*calls));
    held = mem_zalloc(engine->call_count, sizeof(*held));
    if (calls == NULL || held == NULL) {
        goto out;
    }
    count = gather_calls(engine, calls);
    /* Without memory what is asked already stays so: entries may come twice,
     * none is lost. With one peer alone nothing is held back. */
    if (count > 1 && assign(engine, calls, count, held) != ERR_OK) {
        for (size_t i = 0; i < count; i++) {
            mem_free(held[i].items);
        }
        goto out;
    }
    for (size_t i = 0; i < count; i++) {
        update_sender(calls[i], now_ms);
        if (held[i].count > 0) {
            engine->hold_ms = now_ms + HOLD_CHECK_MS;
        }
        set_held(calls[i], &held[i]);
    }
out:
    mem_free(calls);
    mem_free(held);
}

uint64_t
hold_wake_ms(const struct engine *engine)
{
    return engine->hold_ms;
}
