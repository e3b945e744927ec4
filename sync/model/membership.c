/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/membership.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/model/membership_internal.h"

enum { CONTROLS_MAX = 0x7fffffff };

void
control_release(struct control *control)
{
    if (control == NULL) {
        return;
    }
    vclock_release(&control->clock);
    statement_release(&control->statement);
    mem_free(control->body);
    *control = (struct control){0};
}

void
membership_release(struct membership *membership)
{
    if (membership == NULL) {
        return;
    }
    mem_free(membership->offices);
    mem_free(membership->nodes);
    mem_free(membership->generations);
    mem_free(membership->sealings);
    mem_free(membership->rights);
    mem_free(membership->verdicts);
    index_free(membership->index);
    *membership = (struct membership){0};
}

void
chain_add(struct chain *chain, uint32_t *next, uint32_t control)
{
    if (chain->first == MEMBER_NONE) {
        chain->first = control;
    } else {
        next[chain->last] = control;
    }
    chain->last = control;
    next[control] = MEMBER_NONE;
}

/* A control as the order sees it: rank, then node, then position. */
struct ordered {
    uint64_t rank;
    uint64_t position;
    struct log_id log;
    uint32_t control;
};

static int
compare_ordered(const void *left, const void *right)
{
    const struct ordered *a = left;
    const struct ordered *b = right;
    int by_log = log_id_compare(&a->log, &b->log);

    if (a->rank != b->rank) {
        return a->rank < b->rank ? -1 : 1;
    }
    if (by_log != 0) {
        return by_log;
    }
    return (a->position > b->position) - (a->position < b->position);
}

static enum err
sort_controls(struct eval *eval)
{
    struct ordered *all = mem_zalloc(eval->count + 1, sizeof(*all));

    if (all == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < eval->count; i++) {
        const struct control *c = &eval->controls[i];

        assert(c->dot.log < eval->logs->count);
        all[i] = (struct ordered){
            c->rank, c->dot.position, eval->logs->ids[c->dot.log], (uint32_t)i};
    }
    qsort(all, eval->count, sizeof(*all), compare_ordered);
    for (size_t i = 0; i < eval->count; i++) {
        uint32_t control = all[i].control;
        uint32_t log = eval->controls[control].dot.log;

        eval->order[i] = control;
        eval->place[control] = (uint32_t)i;
        chain_add(&eval->log_controls[log], eval->in_log, control);
        if (eval->controls[control].dot.position == 0) {
            eval->log_first[log] = control;
        }
    }
    mem_free(all);
    return ERR_OK;
}

/* Find out what founds the corridor. */
static void
find_founding(struct eval *eval)
{
    for (size_t i = 0; i < eval->count; i++) {
        uint32_t c = eval->order[i];
        uint8_t type = eval->controls[c].statement.type;

        if (type == STATEMENT_OTHER) {
            eval->m->verdicts[c] = VOID_UNKNOWN;
        }
        if (type != STATEMENT_FOUND) {
            continue;
        }
        eval->m->verdicts[c] = VOID_MALFORMED;
        if (eval_is_founding(eval, c)) {
            eval->m->verdicts[c] = VOID_NONE;
            if (eval->found == MEMBER_NONE) {
                eval->found = c;
            }
        }
    }
}

static int
compare_seats(const void *left, const void *right)
{
    const struct seat *a = left;
    const struct seat *b = right;

    return memcmp(a->id.bytes, b->id.bytes, sizeof(a->id.bytes));
}

static void
put_seat(struct eval *eval, const struct office_id *id)
{
    eval->seats[eval->seat_count++] = (struct seat){.id = *id,
        .office = MEMBER_NONE,
        .best = MEMBER_NONE,
        .admits = {MEMBER_NONE, MEMBER_NONE},
        .actions = {MEMBER_NONE, MEMBER_NONE},
        .gives = MEMBER_NONE,
        .takes = MEMBER_NONE,
        .logs = MEMBER_NONE};
}

/* The founders' offices, and those that somebody admits. */
static enum err
make_seats(struct eval *eval)
{
    const struct statement *found = &eval->controls[eval->found].statement;
    size_t kept = 0;

    eval->seats = mem_zalloc(eval->count + FOUNDERS_MAX, sizeof(*eval->seats));
    if (eval->seats == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < found->founder_count; i++) {
        put_seat(eval, &found->founders[i].cert.office);
    }
    for (size_t i = 0; i < eval->count; i++) {
        const struct statement *s = &eval->controls[i].statement;

        if (s->type == STATEMENT_ADMIT) {
            put_seat(eval, &s->cert.office);
        }
    }
    qsort(eval->seats, eval->seat_count, sizeof(*eval->seats), compare_seats);
    for (size_t i = 0; i < eval->seat_count; i++) {
        if (i == 0 || compare_seats(&eval->seats[i], &eval->seats[i - 1])) {
            eval->seats[kept++] = eval->seats[i];
        }
    }
    eval->seat_count = kept;
    return ERR_OK;
}

static int
compare_claims(const void *left, const void *right)
{
    const struct claim *a = left;
    const struct claim *b = right;
    int order = node_id_compare(&a->node, &b->node);

    return order != 0
               ? order
               : (a->priority > b->priority) - (a->priority < b->priority);
}

static void
put_claim(struct eval *eval, const struct cert *cert, uint32_t priority)
{
    const struct seat *seat = eval_seat(eval, &cert->office);

    if (seat != NULL) {
        eval->claims[eval->claim_count++] = (struct claim){
            cert->keys.sign, (uint32_t)(seat - eval->seats), priority};
    }
}

/* What every certificate says of its node; its own log's first entry first. */
static enum err
make_claims(struct eval *eval)
{
    const struct statement *found = &eval->controls[eval->found].statement;

    eval->claims = mem_zalloc(
        eval->count + eval->logs->count + FOUNDERS_MAX, sizeof(*eval->claims));
    if (eval->claims == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < found->founder_count; i++) {
        put_claim(eval, &found->founders[i].cert, 0);
    }
    for (uint32_t log = 0; log < eval->logs->count; log++) {
        const struct cert *cert = eval_own_cert(eval, log);

        if (cert != NULL) {
            put_claim(eval, cert, 1);
        }
    }
    for (size_t i = 0; i < eval->count; i++) {
        const struct statement *s = &eval->controls[i].statement;

        if (s->type == STATEMENT_ENROL || s->type == STATEMENT_ADMIT) {
            put_claim(eval, &s->cert, 2 + eval->place[i]);
        }
    }
    qsort(
        eval->claims, eval->claim_count, sizeof(*eval->claims), compare_claims);
    return ERR_OK;
}

/* Which office does the statement act on? */
static void
find_target(struct eval *eval, uint32_t control)
{
    const struct statement *s = &eval->controls[control].statement;
    const struct seat *seat = NULL;

    switch ((enum statement_type)s->type) {
    case STATEMENT_ADMIT:
    case STATEMENT_ENROL:
        seat = eval_seat(eval, &s->cert.office);
        break;
    case STATEMENT_RETIRE:
        if (s->is_node) {
            eval->target[control] = eval_claim(eval, &s->node);
            return;
        }
        seat = eval_seat(eval, &s->office);
        break;
    case STATEMENT_ROLES:
    case STATEMENT_CONFIRM:
        seat = eval_seat(eval, &s->office);
        break;
    case STATEMENT_FOUND:
    case STATEMENT_CIRCLE:
    case STATEMENT_SEALS:
    case STATEMENT_PACK:
    case STATEMENT_OTHER:
        break;
    }
    eval->target[control] =
        seat == NULL ? MEMBER_NONE : (uint32_t)(seat - eval->seats);
}

static void
seat_logs(struct eval *eval)
{
    for (uint32_t log = 0; log < eval->logs->count; log++) {
        const struct cert *cert = eval_own_cert(eval, log);
        struct seat *seat =
            cert == NULL ? NULL : eval_seat(eval, &cert->office);

        if (seat != NULL) {
            eval->log_next[log] = seat->logs;
            seat->logs = log;
        }
    }
}

/* A zeroed or, with `fill`, 0xff-filled array of 32-bit numbers. */
static bool
alloc_u32(uint32_t **out, size_t count, bool fill)
{
    *out = mem_zalloc(count + 1, sizeof(**out));
    if (*out != NULL && fill) {
        memset(*out, 0xff, (count + 1) * sizeof(**out));
    }
    return *out != NULL;
}

static enum err
alloc_index(struct eval *eval)
{
    struct member_index *index = mem_zalloc(1, sizeof(*index));
    size_t nodes = eval->count + FOUNDERS_MAX;

    if (index == NULL) {
        return ERR_NOMEM;
    }
    eval->m->index = index;
    index->log_count = eval->logs->count;
    nodes = nodes < NODES_MAX ? nodes : NODES_MAX;
    index->key_slots = index_slots_for(nodes * CERT_NODE_KEYS);
    if (!alloc_u32(&index->log_nodes, index->log_count, true) ||
        !alloc_u32(&index->keys, index->key_slots, false) ||
        !alloc_u32(&eval->node_controls, NODES_MAX, true)) {
        return ERR_NOMEM;
    }
    return ERR_OK;
}

static enum err
alloc_all(struct eval *eval)
{
    struct membership *m = eval->m;
    size_t logs = eval->logs->count;

    m->verdicts = mem_alloc(eval->count + 1);
    m->offices = mem_zalloc(OFFICES_MAX, sizeof(*m->offices));
    eval->is_signed = mem_zalloc(eval->count + 1, sizeof(bool));
    eval->log_controls = mem_alloc((logs + 1) * sizeof(struct chain));
    if (m->verdicts == NULL || m->offices == NULL || eval->is_signed == NULL ||
        eval->log_controls == NULL ||
        !alloc_u32(&eval->order, eval->count, false) ||
        !alloc_u32(&eval->place, eval->count, false) ||
        !alloc_u32(&eval->target, eval->count, true) ||
        !alloc_u32(&eval->next, eval->count, true) ||
        !alloc_u32(&eval->in_log, eval->count, true) ||
        !alloc_u32(&eval->stage, eval->count, false) ||
        !alloc_u32(&eval->log_first, logs, true) ||
        !alloc_u32(&eval->log_next, logs, true)) {
        return ERR_NOMEM;
    }
    memset(m->verdicts, VOID_NOT_MEMBER, eval->count + 1);
    memset(eval->log_controls, 0xff, (logs + 1) * sizeof(struct chain));
    m->control_count = eval->count;
    return alloc_index(eval);
}

static void
eval_release(struct eval *eval)
{
    void *all[] = {eval->order, eval->place, eval->target, eval->next,
        eval->in_log, eval->is_signed, eval->log_first, eval->log_controls,
        eval->log_next, eval->node_controls, eval->seats, eval->claims,
        eval->gives, eval->takes, eval->stage, eval->evidence};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        mem_free(all[i]);
    }
}

/* The seat whose admission is first in the order among those to come. */
static struct seat *
next_seat(const struct eval *eval)
{
    struct seat *next = NULL;

    for (size_t i = 0; i < eval->seat_count; i++) {
        struct seat *seat = &eval->seats[i];

        if (seat->office == MEMBER_NONE && seat->best != MEMBER_NONE &&
            (next == NULL ||
                eval->place[seat->best] < eval->place[next->best])) {
            next = seat;
        }
    }
    return next;
}

static enum err
run_stages(struct eval *eval)
{
    enum err rc = stage_founders(eval);
    struct seat *seat = NULL;

    while (rc == ERR_OK && eval->m->office_count < OFFICES_MAX &&
           (seat = next_seat(eval)) != NULL) {
        rc = stage_office(eval, seat);
    }
    return rc;
}

/* How the offices stand in the end, for showing. */
static void
finish_offices(struct eval *eval)
{
    for (uint32_t i = 0; i < eval->m->office_count; i++) {
        struct office *office = &eval->m->offices[i];
        uint8_t rights = seat_rights_now(eval, eval_seat_of(eval, i));

        office->is_retired = (rights & RIGHT_BELONG) == 0;
        office->roles = office->is_retired ? 0 : (uint8_t)(rights & ROLE_ALL);
    }
}

static enum err
evaluate(struct eval *eval)
{
    const struct statement *found = &eval->controls[eval->found].statement;
    enum err rc = make_seats(eval);

    if (rc == ERR_OK) {
        rc = make_claims(eval);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    for (uint32_t i = 0; i < eval->count; i++) {
        find_target(eval, i);
    }
    seat_logs(eval);
    eval->m->has_found = true;
    eval->m->policy = found->policy;
    memcpy(eval->m->name, found->name, sizeof(eval->m->name));
    rc = run_stages(eval);
    if (rc == ERR_OK) {
        rc = nodes_finish(eval);
    }
    if (rc == ERR_OK) {
        finish_offices(eval);
        rc = evidence_freeze(eval);
    }
    if (rc == ERR_OK) {
        rc = circles_eval(eval);
    }
    return rc;
}

enum err
membership_eval(struct membership *out, const struct corridor_id *corridor,
    const struct log_table *logs, const struct control *controls, size_t count)
{
    struct membership membership = {.corridor = *corridor, .logs = logs};
    struct eval eval = {.m = &membership,
        .controls = controls,
        .count = count,
        .logs = logs,
        .found = MEMBER_NONE};
    enum err rc = ERR_OK;

    if (count > CONTROLS_MAX) {
        return ERR_TOO_BIG;
    }
    rc = alloc_all(&eval);
    if (rc == ERR_OK) {
        rc = sort_controls(&eval);
    }
    if (rc == ERR_OK) {
        find_founding(&eval);
        /* Without a founding statement there is nobody. */
        if (eval.found != MEMBER_NONE) {
            rc = evaluate(&eval);
        }
    }
    if (rc == ERR_OK) {
        rc = rights_freeze(&eval);
    }
    eval_release(&eval);
    if (rc != ERR_OK) {
        membership_release(&membership);
        return rc;
    }
    *out = membership;
    return ERR_OK;
}
