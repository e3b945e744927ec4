/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/audit/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/audit/ledger_internal.h"

enum err
ledger_new(struct ledger **out, const struct ledger_options *options)
{
    struct ledger *ledger = mem_zalloc(1, sizeof(*ledger));

    if (ledger == NULL) {
        return ERR_NOMEM;
    }
    ledger->options = *options;
    ledger->queue_first = LEDGER_NONE;
    ledger->queue_last = LEDGER_NONE;
    *out = ledger;
    return ERR_OK;
}

static void
state_free(struct ledger_state *state)
{
    author_release(&state->author);
    mem_free(state->rows);
    mem_free(state->reasons);
    mem_free(state->keys);
    mem_free(state);
}

void
ledger_free(struct ledger *ledger)
{
    if (ledger == NULL) {
        return;
    }
    for (size_t i = 0; i < ledger->state_count; i++) {
        state_free(ledger->states[i]);
    }
    for (size_t i = 0; i < ledger->control_count; i++) {
        control_release(&ledger->controls[i]);
    }
    mem_free(ledger->states);
    mem_free(ledger->controls);
    mem_free(ledger->by_log);
    mem_free(ledger->cuts);
    mem_free(ledger->held);
    mem_free(ledger->pool);
    membership_release(&ledger->membership);
    header_clock_release(&ledger->clock);
    key_info_release(&ledger->scratch);
    log_table_release(&ledger->logs);
    mem_free(ledger);
}

static enum err
add_state(struct ledger *ledger, const struct log_id *id)
{
    struct ledger_state *state = mem_zalloc(1, sizeof(*state));
    enum err rc = ERR_NOMEM;

    if (state != NULL) {
        rc = author_init(&state->author, &ledger->logs, id);
    }
    if (rc == ERR_OK) {
        rc = mem_grow((void **)&ledger->states, &ledger->state_capacity,
            ledger->state_count + 1, sizeof(struct ledger_state *));
    }
    if (rc != ERR_OK) {
        if (state != NULL) {
            state_free(state);
        }
        return rc;
    }
    state->waits_for = LEDGER_NONE;
    state->waiters = LEDGER_NONE;
    ledger->states[ledger->state_count++] = state;
    return ERR_OK;
}

enum err
ledger_cover(struct ledger *ledger)
{
    enum err rc = ERR_OK;

    /* Both logs of a node are numbered together, so this ends. */
    while (ledger->state_count < ledger->logs.count && rc == ERR_OK) {
        struct log_id id = ledger->logs.ids[ledger->state_count];

        rc = add_state(ledger, &id);
    }
    return rc;
}

enum err
ledger_add(struct ledger *ledger, const struct ledger_log *log)
{
    struct ledger_state *state = NULL;
    uint32_t number = 0;
    enum err rc = ERR_OK;

    assert(!ledger->has_run);
    if (log->size > LEDGER_ENTRIES_MAX - ledger->entries) {
        return ERR_TOO_BIG;
    }
    rc = log_table_add(&ledger->logs, &log->id, &number);
    if (rc == ERR_OK) {
        rc = ledger_cover(ledger);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    state = ledger->states[number];
    if (state->is_given) {
        return ERR_EXISTS;
    }
    state->is_given = true;
    state->is_partial = log->is_partial;
    state->handle = log->handle;
    state->size = log->size;
    ledger->entries += log->size;
    return ERR_OK;
}

enum err
ledger_find(struct ledger *ledger, const struct ledger_finding *finding)
{
    const struct ledger_watch *watch = &ledger->options.watch;
    enum err rc = ERR_OK;

    if (watch->finding == NULL) {
        return ERR_OK;
    }
    if (!ledger->is_control) {
        return watch->finding(watch->context, finding);
    }
    rc = mem_grow((void **)&ledger->held, &ledger->held_capacity,
        ledger->held_count + 1, sizeof(*ledger->held));
    if (rc == ERR_OK) {
        ledger->held[ledger->held_count++] = *finding;
    }
    return rc;
}

struct ledger_finding
judging_finding(
    const struct judging *j, enum ledger_fault fault, enum void_reason reason)
{
    return (struct ledger_finding){
        .fault = fault,
        .reason = reason,
        .log = j->state->author.id,
        .position = j->dot.position,
        .kind = j->entry->kind,
    };
}

enum err
judging_find(
    const struct judging *j, enum ledger_fault fault, enum void_reason reason)
{
    struct ledger_finding finding = judging_finding(j, fault, reason);

    return ledger_find(j->ledger, &finding);
}

const struct membership *
ledger_membership(const struct ledger *ledger)
{
    return &ledger->membership;
}

const struct log_table *
ledger_logs(const struct ledger *ledger)
{
    return &ledger->logs;
}

const struct control *
ledger_controls(const struct ledger *ledger, size_t *out_count)
{
    *out_count = ledger->control_count;
    return ledger->controls;
}

enum err
ledger_result(const struct ledger *ledger, const struct log_id *log,
    struct ledger_result *out)
{
    const struct ledger_state *state = NULL;
    uint32_t number = 0;

    if (!log_table_find(&ledger->logs, log, &number) ||
        !ledger->states[number]->is_given) {
        return ERR_NOT_FOUND;
    }
    state = ledger->states[number];
    *out = (struct ledger_result){
        .size = state->size,
        .judged = state->author.applied,
        .grants = state->grants,
    };
    memcpy(out->voids, state->voids, sizeof(out->voids));
    return ERR_OK;
}

/* A log with keys, for sorting. */
struct keyed {
    struct log_id id;
    const struct ledger_state *state;
};

static int
compare_keyed(const void *left, const void *right)
{
    const struct keyed *a = left;
    const struct keyed *b = right;

    return log_id_compare(&a->id, &b->id);
}

static bool
each_key(const struct keyed *keyed,
    bool (*each)(void *context, const struct ledger_key *key), void *context)
{
    for (size_t i = 0; i < keyed->state->key_count; i++) {
        const struct key_row *row = &keyed->state->keys[i];
        struct ledger_key key = {
            .log = keyed->id,
            .position = row->position,
            .class = row->class,
            .grants = row->grant_count,
            .changes = row->changes,
        };

        if (!each(context, &key)) {
            return false;
        }
    }
    return true;
}

enum err
ledger_keys(const struct ledger *ledger,
    bool (*each)(void *context, const struct ledger_key *key), void *context)
{
    struct keyed *all = mem_zalloc(ledger->state_count + 1, sizeof(*all));
    size_t count = 0;
    bool goes_on = true;

    if (all == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < ledger->state_count; i++) {
        const struct ledger_state *state = ledger->states[i];

        if (state->key_count > 0) {
            all[count++] = (struct keyed){state->author.id, state};
        }
    }
    qsort(all, count, sizeof(*all), compare_keyed);
    for (size_t i = 0; i < count && goes_on; i++) {
        goes_on = each_key(&all[i], each, context);
    }
    mem_free(all);
    return ERR_OK;
}
