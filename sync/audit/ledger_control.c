/* SPDX-License-Identifier: Apache-2.0 */
/* Control entries: docs/protocol.md, "Membership"; docs/membership.md. */
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/audit/ledger_internal.h"

/* A control log as if nothing of it had been read. */
static enum err
restart_state(struct ledger *ledger, struct ledger_state *state)
{
    struct author fresh = {0};
    enum err rc = author_init(&fresh, &ledger->logs, &state->author.id);

    if (rc != ERR_OK) {
        return rc;
    }
    author_release(&state->author);
    state->author = fresh;
    state->is_missing = false;
    state->is_waiting = false;
    state->waits_for_stranger = false;
    state->waiters = LEDGER_NONE;
    return ERR_OK;
}

enum err
control_restart(struct ledger *ledger)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < ledger->control_count; i++) {
        control_release(&ledger->controls[i]);
    }
    ledger->control_count = 0;
    ledger->held_count = 0;
    for (size_t i = 0; i < ledger->state_count && rc == ERR_OK; i++) {
        if (ledger->states[i]->author.id.kind == LOG_CONTROL) {
            rc = restart_state(ledger, ledger->states[i]);
        }
    }
    return rc;
}

/* The statement with what its entry says of it; *out_reason: what it breaks. */
static enum err
make_control(const struct judging *j, struct control *control,
    enum void_reason *out_reason)
{
    const struct author *author = &j->state->author;
    const struct statement *statement = &control->statement;
    struct bytes body = j->entry->body;
    enum err rc = ERR_OK;

    control->dot = j->dot;
    control->rank = j->rank;
    control->time = author->time;
    control->body = mem_copy(body.data, body.size);
    rc = control->body == NULL ? ERR_NOMEM
                               : vclock_copy(&control->clock, &author->clock);
    if (rc == ERR_OK) {
        rc = vclock_merge(&control->clock, &author->seen);
    }
    if (rc == ERR_OK) {
        rc = statement_decode(
            &control->statement, bytes_of(control->body, body.size));
        if (rc != ERR_OK && rc != ERR_NOMEM) {
            *out_reason = VOID_MALFORMED;
            return ERR_OK;
        }
    }
    if (rc == ERR_OK &&
        (statement->type == STATEMENT_SEALS ||
            (statement->type == STATEMENT_CIRCLE && statement->has_former))) {
        control->has_generation = author_resolve(
            author, NULL, statement->generation, &control->generation);
    }
    return rc;
}

enum err
control_judge(const struct judging *j, enum void_reason *out_reason)
{
    struct ledger *ledger = j->ledger;
    struct control control = {0};
    enum err rc = ERR_OK;

    if (j->entry->body_state != BUNDLE_BODY_HERE) {
        *out_reason = VOID_MALFORMED;
        return ERR_OK;
    }
    rc = mem_grow((void **)&ledger->controls, &ledger->control_capacity,
        ledger->control_count + 1, sizeof(*ledger->controls));
    if (rc == ERR_OK) {
        rc = make_control(j, &control, out_reason);
    }
    if (rc != ERR_OK || *out_reason != VOID_NONE) {
        control_release(&control);
        return rc;
    }
    ledger->controls[ledger->control_count++] = control;
    return ERR_OK;
}

/* Members' logs have numbers, whether anything of them was given or not: what
 * names them is known to speak of something (storage/state_changed.c). */
static enum err
number_members(struct ledger *ledger)
{
    const struct membership *m = &ledger->membership;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < m->node_count && rc == ERR_OK; i++) {
        struct log_id id = {m->nodes[i].cert.keys.sign, LOG_CONTROL};
        uint32_t number = 0;

        rc = log_table_add(&ledger->logs, &id, &number);
        if (rc == ERR_OK) {
            rc = ledger_cover(ledger);
        }
    }
    return rc == ERR_TOO_BIG ? ERR_OK : rc;
}

enum err
control_eval(struct ledger *ledger)
{
    struct membership membership = {0};
    enum err rc = membership_eval(&membership, &ledger->options.corridor,
        &ledger->logs, ledger->controls, ledger->control_count);

    if (rc != ERR_OK) {
        return rc;
    }
    membership_release(&ledger->membership);
    ledger->membership = membership;
    return number_members(ledger);
}

/* A control where its log has it, for sorting. */
struct placed {
    struct dot dot;
    uint32_t control;
};

static int
compare_placed(const void *left, const void *right)
{
    const struct placed *a = left;
    const struct placed *b = right;

    if (a->dot.log != b->dot.log) {
        return a->dot.log < b->dot.log ? -1 : 1;
    }
    return (a->dot.position > b->dot.position) -
           (a->dot.position < b->dot.position);
}

static enum err
sort_controls(struct ledger *ledger)
{
    size_t count = ledger->control_count;
    struct placed *all = mem_zalloc(count + 1, sizeof(*all));

    ledger->by_log = mem_zalloc(count + 1, sizeof(*ledger->by_log));
    if (all == NULL || ledger->by_log == NULL) {
        mem_free(all);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        all[i] = (struct placed){ledger->controls[i].dot, (uint32_t)i};
    }
    qsort(all, count, sizeof(*all), compare_placed);
    for (size_t i = 0; i < count; i++) {
        ledger->by_log[i] = all[i].control;
    }
    mem_free(all);
    return ERR_OK;
}

/* What was found while control logs were read. */
static enum err
tell_held(struct ledger *ledger)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < ledger->held_count && rc == ERR_OK; i++) {
        rc = ledger_find(ledger, &ledger->held[i]);
    }
    mem_free(ledger->held);
    ledger->held = NULL;
    ledger->held_count = 0;
    ledger->held_capacity = 0;
    return rc;
}

/* "A control log's first entry is its node's own enrol, or the founding
 * statement." */
static bool
begins_its_log(const struct ledger *ledger, const struct control *control)
{
    const struct statement *s = &control->statement;
    const struct node_id *node = &ledger->logs.ids[control->dot.log].node;

    for (size_t i = 0; s->type == STATEMENT_FOUND && i < s->founder_count;
         i++) {
        if (node_id_equal(&s->founders[i].cert.keys.sign, node)) {
            return true;
        }
    }
    return s->type == STATEMENT_ENROL &&
           node_id_equal(&s->cert.keys.sign, node);
}

/* A statement as the membership judges it. */
static enum err
settle_one(struct ledger *ledger, uint32_t at)
{
    const struct control *control = &ledger->controls[at];
    struct ledger_state *state = ledger->states[control->dot.log];
    enum void_reason reason = (enum void_reason)ledger->membership.verdicts[at];
    struct ledger_finding finding = {
        .fault = ledger_fault_of(reason),
        .reason = reason,
        .log = state->author.id,
        .position = control->dot.position,
        .kind = ENTRY_CONTROL,
    };

    state->reasons[control->dot.position] = (uint8_t)reason;
    if (control->dot.position == 0) {
        state->begins_well = begins_its_log(ledger, control);
    }
    return reason == VOID_NONE ? ERR_OK : ledger_find(ledger, &finding);
}

/* A whole control log, once its statements are judged. */
static enum err
settle_log(struct ledger *ledger, struct ledger_state *state)
{
    const struct ledger_watch *watch = &ledger->options.watch;
    enum err rc = ERR_OK;

    if (state->author.applied > 0 && !state->begins_well) {
        struct ledger_finding finding = {
            .fault = LEDGER_FIRST_ENTRY,
            .reason = VOID_NOT_MEMBER,
            .log = state->author.id,
        };

        rc = ledger_find(ledger, &finding);
    }
    for (uint64_t at = 0; at < state->author.applied && rc == ERR_OK; at++) {
        struct ledger_judged judged = {state->author.id, at,
            state->rows[at].rank, (enum void_reason)state->reasons[at]};

        state->voids[judged.reason]++;
        if (watch->judged != NULL) {
            rc = watch->judged(watch->context, &judged);
        }
    }
    return rc;
}

/* Where the control entries of each changes log's node begin and end. */
static void
place_said(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->control_count; i++) {
        uint32_t log = ledger->controls[ledger->by_log[i]].dot.log;
        /* Index 1 of an author's table: the node's other log. */
        uint32_t other = ledger->states[log]->author.table[1];
        struct ledger_state *changes = ledger->states[other];

        if (changes->said_end == 0) {
            changes->said_next = i;
        }
        changes->said_end = i + 1;
    }
}

enum err
control_settle(struct ledger *ledger)
{
    enum err rc = sort_controls(ledger);

    if (rc == ERR_OK) {
        rc = tell_held(ledger);
    }
    for (size_t i = 0; i < ledger->control_count && rc == ERR_OK; i++) {
        rc = settle_one(ledger, ledger->by_log[i]);
    }
    for (size_t i = 0; i < ledger->state_count && rc == ERR_OK; i++) {
        if (ledger->states[i]->author.id.kind == LOG_CONTROL) {
            rc = settle_log(ledger, ledger->states[i]);
        }
    }
    if (rc == ERR_OK) {
        place_said(ledger);
    }
    return rc;
}

/* The first changes log of which the control entry says less than is counted
 * by the change that it counts of its own node. */
static enum err
compare_clocks(const struct judging *j, const struct control *control)
{
    const struct author *author = &j->state->author;
    const struct log_table *logs = &j->ledger->logs;

    for (uint32_t log = 0; log < author->clock.count; log++) {
        uint64_t size = author->clock.sizes[log];
        struct ledger_finding finding = {
            .fault = LEDGER_UNSAID,
            .log = logs->ids[control->dot.log],
            .position = control->dot.position,
            .kind = ENTRY_CONTROL,
        };

        if (size > vclock_get(&control->clock, log) && log != author->log &&
            logs->ids[log].kind == LOG_CHANGES) {
            finding.other = logs->ids[log];
            finding.other_size = size;
            return ledger_find(j->ledger, &finding);
        }
    }
    return ERR_OK;
}

enum err
control_compare_seen(const struct judging *j)
{
    struct ledger_state *state = j->state;
    enum err rc = ERR_OK;

    while (state->said_next < state->said_end && rc == ERR_OK) {
        const struct control *control =
            &j->ledger->controls[j->ledger->by_log[state->said_next]];
        uint64_t seen = vclock_get(&control->clock, state->author.log);

        if (seen > state->author.applied) {
            break;
        }
        if (seen == state->author.applied) {
            rc = compare_clocks(j, control);
        }
        state->said_next++;
    }
    return rc;
}
