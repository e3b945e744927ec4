/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose turn it is. A log is drawn from until it waits; then it stands with
 * the log that it waits for, and has its turn again when that has come so far.
 * So each entry is read once, and once more for each thing it waits for.
 *
 * Control logs come first, which wait for no changes. Their ranks depend on
 * cuts, which statements make that may come after what counts beyond them: so
 * they are gone through again, with the cuts that were found, until these
 * stay (docs/membership.md, "Why it converges"; as a node's rebuild does).
 */
#include "crypto/base/mem.h"
#include "sync/audit/ledger_internal.h"

enum { ROUNDS_MAX = 16 }; /* as of storage/rebuild.c */

static void
enqueue(struct ledger *ledger, struct ledger_state *state)
{
    uint32_t log = state->author.log;

    if (state->is_queued || !state->is_given) {
        return;
    }
    state->is_queued = true;
    state->next_queued = LEDGER_NONE;
    if (ledger->queue_first == LEDGER_NONE) {
        ledger->queue_first = log;
    } else {
        ledger->states[ledger->queue_last]->next_queued = log;
    }
    ledger->queue_last = log;
}

static struct ledger_state *
dequeue(struct ledger *ledger)
{
    struct ledger_state *state = NULL;

    if (ledger->queue_first == LEDGER_NONE) {
        return NULL;
    }
    state = ledger->states[ledger->queue_first];
    ledger->queue_first = state->next_queued;
    state->is_queued = false;
    return state;
}

/* The state waits: stand with the log that it waits for. */
static void
stand_by(struct ledger *ledger, struct ledger_state *state)
{
    struct ledger_state *other = NULL;

    state->is_waiting = true;
    if (state->waits_for_stranger) {
        return; /* ledger_control.c numbers it, if it is a member's */
    }
    other = ledger->states[state->waits_for];
    if (other->waiters == LEDGER_NONE || state->waits_size < other->wake_at) {
        other->wake_at = state->waits_size;
    }
    state->next_waiter = other->waiters;
    other->waiters = state->author.log;
}

/* Those that wait for no more than there is now have their turn again. */
static void
wake(struct ledger *ledger, struct ledger_state *state)
{
    uint32_t log = state->waiters;

    if (log == LEDGER_NONE || state->author.applied < state->wake_at) {
        return;
    }
    state->waiters = LEDGER_NONE;
    while (log != LEDGER_NONE) {
        struct ledger_state *waiter = ledger->states[log];

        log = waiter->next_waiter;
        if (waiter->waits_size <= state->author.applied) {
            waiter->is_waiting = false;
            enqueue(ledger, waiter);
        } else {
            stand_by(ledger, waiter);
        }
    }
}

/* Judge a log's entries until it waits, or ends. */
static enum err
run_log(struct ledger *ledger, struct ledger_state *state)
{
    bool moved = true;
    enum err rc = ERR_OK;

    while (rc == ERR_OK && moved && state->author.applied < state->size) {
        rc = ledger_step(ledger, state, &moved);
    }
    if (rc == ERR_OK && !moved && !state->is_missing) {
        stand_by(ledger, state);
    }
    wake(ledger, state);
    return rc;
}

static enum err
drain(struct ledger *ledger)
{
    struct ledger_state *state = NULL;
    enum err rc = ERR_OK;

    while (rc == ERR_OK && (state = dequeue(ledger)) != NULL) {
        rc = run_log(ledger, state);
    }
    return rc;
}

static void
enqueue_kind(struct ledger *ledger, enum log_kind kind)
{
    for (size_t i = 0; i < ledger->state_count; i++) {
        if (ledger->states[i]->author.id.kind == kind) {
            enqueue(ledger, ledger->states[i]);
        }
    }
}

/* What waits for a log without a number: it may have one now. */
static void
enqueue_strangers(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->state_count; i++) {
        struct ledger_state *state = ledger->states[i];

        if (state->is_waiting && state->waits_for_stranger) {
            state->is_waiting = false;
            enqueue(ledger, state);
        }
    }
}

/* All control logs from the start, with the cuts that are known. */
static enum err
round_of_control(struct ledger *ledger)
{
    bool has_grown = true;
    enum err rc = control_restart(ledger);

    enqueue_kind(ledger, LOG_CONTROL);
    while (rc == ERR_OK && has_grown) {
        size_t before = ledger->logs.count;

        rc = drain(ledger);
        if (rc == ERR_OK) {
            rc = control_eval(ledger);
        }
        has_grown = ledger->logs.count > before;
        enqueue_strangers(ledger);
    }
    return rc;
}

/* Where the membership cuts each log; *out_same: as in this round. */
static enum err
take_cuts(struct ledger *ledger, bool *out_same)
{
    size_t count = ledger->logs.count;
    uint64_t *cuts = mem_zalloc(count + 1, sizeof(*cuts));
    bool is_same = true;

    if (cuts == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t log = 0; log < count; log++) {
        uint64_t before =
            log < ledger->cut_count ? ledger->cuts[log] : UINT64_MAX;

        cuts[log] = membership_cut(&ledger->membership, log);
        is_same = is_same && cuts[log] == before;
    }
    mem_free(ledger->cuts);
    ledger->cuts = cuts;
    ledger->cut_count = count;
    *out_same = is_same;
    return ERR_OK;
}

static enum err
run_control(struct ledger *ledger)
{
    bool is_same = false;
    enum err rc = ERR_OK;

    ledger->is_control = true;
    for (int i = 0; i < ROUNDS_MAX && rc == ERR_OK && !is_same; i++) {
        rc = round_of_control(ledger);
        if (rc == ERR_OK) {
            rc = take_cuts(ledger, &is_same);
        }
    }
    ledger->is_control = false;
    return rc == ERR_OK ? control_settle(ledger) : rc;
}

/* Does its log lack, once and for all, what the state waits for? */
static bool
waits_in_vain(const struct ledger *ledger, const struct ledger_state *state)
{
    return state->waits_for_stranger ||
           state->waits_size > ledger->states[state->waits_for]->size;
}

/* The log that a waiting one waits for, if that waits too. */
static const struct ledger_state *
waits_for(const struct ledger *ledger, const struct ledger_state *state)
{
    const struct ledger_state *other = NULL;

    if (waits_in_vain(ledger, state)) {
        return NULL;
    }
    other = ledger->states[state->waits_for];
    return other->is_waiting ? other : NULL;
}

static bool
waits_for_itself(const struct ledger *ledger, const struct ledger_state *state)
{
    const struct ledger_state *at = waits_for(ledger, state);

    /* It may lead into a circle that it is no part of. */
    for (size_t i = 0; i < ledger->state_count && at != NULL; i++) {
        if (at == state) {
            return true;
        }
        at = waits_for(ledger, at);
    }
    return false;
}

/* Say of a log why its next entry could not be judged. */
static enum err
tell_waiting(struct ledger *ledger, const struct ledger_state *state)
{
    struct ledger_finding finding = {
        .fault = LEDGER_WAITS,
        .log = state->author.id,
        .position = state->author.applied,
    };

    if (state->is_missing) {
        finding.fault = LEDGER_MISSING;
        return ledger_find(ledger, &finding);
    }
    if (state->waits_for_stranger) {
        finding.other = state->stranger;
    } else {
        finding.other = ledger->logs.ids[state->waits_for];
        finding.other_size = state->waits_size;
    }
    if (waits_in_vain(ledger, state)) {
        finding.fault = LEDGER_WAITS_UNSHOWN;
    } else if (waits_for_itself(ledger, state)) {
        finding.fault = LEDGER_WAITS_CIRCLE;
    }
    return ledger_find(ledger, &finding);
}

enum err
ledger_run(struct ledger *ledger)
{
    enum err rc = ERR_OK;

    assert(!ledger->has_run);
    ledger->has_run = true;
    rc = run_control(ledger);
    if (rc == ERR_OK) {
        enqueue_kind(ledger, LOG_CHANGES);
        rc = drain(ledger);
    }
    for (size_t i = 0; i < ledger->state_count && rc == ERR_OK; i++) {
        const struct ledger_state *state = ledger->states[i];

        if (state->author.applied < state->size) {
            rc = tell_waiting(ledger, state);
        }
    }
    return rc;
}
