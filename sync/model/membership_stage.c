/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/model/membership_internal.h"

/*
 * docs/membership.md, "Who acts on whom": the actor's stage came before, and
 * the first admission of the other counts an admission of the actor. Founders
 * share a stage, so they do not act on one another.
 */
static bool
acts_on(
    const struct eval *eval, const struct seat *actor, const struct seat *other)
{
    const struct vclock *clock = NULL;

    if (actor->office >= other->office || other->office < eval->founder_count) {
        return false;
    }
    clock = &eval->controls[other->best].clock;
    for (uint32_t g = actor->gives; g != MEMBER_NONE; g = eval->gives[g].next) {
        const struct give *give = &eval->gives[g];

        if ((give->roles & RIGHT_MEMBER) != 0 &&
            vclock_counts(clock, eval->controls[give->control].dot)) {
            return true;
        }
    }
    return false;
}

/* How many rights the author's office has given to the seat so far. */
static size_t
count_given(const struct eval *eval, const struct seat *seat, uint32_t control)
{
    const struct seat *author = eval_author_seat(eval, control);
    size_t count = 0;

    for (uint32_t g = seat->gives; g != MEMBER_NONE; g = eval->gives[g].next) {
        count += eval_author_seat(eval, eval->gives[g].control) == author;
    }
    return count;
}

/* One statement takes `roles`, or those of one node. */
static enum err
take_by_one(
    struct eval *eval, struct seat *seat, uint32_t control, uint8_t roles)
{
    const struct statement *s = eval_statement(eval, control);
    struct take take = take_init(1);

    take.roles = roles;
    take.is_node = s->type == STATEMENT_ENROL ||
                   (s->type == STATEMENT_RETIRE && s->is_node);
    take.node = s->node;
    take_vote(eval, &take, control);
    return seat_take(eval, seat, &take);
}

static enum err
give_admission(
    struct eval *eval, struct seat *seat, uint32_t control, bool is_guest)
{
    const struct statement *s = eval_statement(eval, control);
    struct office *office = &eval->m->offices[seat->office];
    struct give give = {.control = control,
        .roles = s->roles | RIGHT_MEMBER,
        .firewall = s->firewall};

    if (is_guest) {
        give.roles = (uint8_t)((s->roles & ~ROLE_ADMIN) | RIGHT_GUEST);
        give.firewall = false;
    }
    office->firewall = office->firewall || give.firewall;
    office->confirmed = office->confirmed || (s->confirmed && !is_guest);
    eval_verdict(eval, control, VOID_NONE);
    return seat_give(eval, seat, &give);
}

/*
 * A further admission: by one who acts on the office it is whole; by one who
 * did not know of the office it makes a guest; else it is void.
 */
static enum err
admit_again(struct eval *eval, struct seat *seat, uint32_t control)
{
    const struct seat *author = eval_author_seat(eval, control);
    const struct vclock *clock = &eval->controls[control].clock;
    bool acts = acts_on(eval, author, seat);

    if (count_given(eval, seat, control) >= RIGHTS_PER_PAIR_MAX ||
        author == seat ||
        (!acts && (acts_on(eval, seat, author) ||
                      seat_is_counted(eval, seat, clock)))) {
        eval_verdict(eval, control, VOID_NO_RIGHT);
        return ERR_OK;
    }
    return give_admission(eval, seat, control, !acts);
}

static enum err
apply_roles(struct eval *eval, struct seat *seat, uint32_t control)
{
    uint8_t roles = eval_statement(eval, control)->roles;
    struct give give = {.control = control, .roles = roles};
    enum err rc = seat_give(eval, seat, &give);

    if (rc == ERR_OK) {
        rc = take_by_one(eval, seat, control, (uint8_t)(ROLE_ALL & ~roles));
    }
    return rc;
}

/* Has it the signature of that office? ERR_NOMEM. */
static enum err
check_signature(struct eval *eval, const struct seat *seat, uint32_t control)
{
    enum err rc = statement_verify_retire(
        eval_statement(eval, control), &eval->m->corridor, &seat->id);

    eval->is_signed[control] = rc == ERR_OK;
    return rc == ERR_NOMEM ? rc : ERR_OK;
}

/* Roles or a retirement, by somebody who had the right to write it. */
static enum err
apply_action(struct eval *eval, struct seat *seat, uint32_t control)
{
    const struct statement *s = eval_statement(eval, control);
    enum err rc = ERR_OK;

    eval_verdict(eval, control, VOID_NO_RIGHT);
    if (!acts_on(eval, eval_author_seat(eval, control), seat)) {
        return ERR_OK;
    }
    if (s->type == STATEMENT_ROLES) {
        if (count_given(eval, seat, control) >= RIGHTS_PER_PAIR_MAX) {
            return ERR_OK;
        }
        eval_verdict(eval, control, VOID_NONE);
        return apply_roles(eval, seat, control);
    }
    if (s->has_signature) {
        rc = check_signature(eval, seat, control);
        if (rc != ERR_OK || !eval->is_signed[control]) {
            return rc;
        }
    }
    eval_verdict(eval, control, VOID_NONE);
    return take_by_one(eval, seat, control, s->is_node ? 0 : RIGHT_ALL);
}

static void
copy_names(struct office *office, const struct cert *cert)
{
    static_assert(sizeof(office->name) == sizeof(cert->office_name) &&
                      sizeof(office->country) == sizeof(cert->country) &&
                      sizeof(office->type) == sizeof(cert->type),
        "an office is named as its certificates name it");
    memcpy(office->name, cert->office_name, sizeof(office->name));
    memcpy(office->country, cert->country, sizeof(office->country));
    memcpy(office->type, cert->type, sizeof(office->type));
}

/* The seat becomes the next office; the array has room for all. */
struct office *
office_open(struct eval *eval, struct seat *seat, const struct cert *cert)
{
    struct membership *m = eval->m;
    struct office *office = &m->offices[m->office_count];

    assert(m->office_count < OFFICES_MAX);
    seat->office = (uint32_t)m->office_count;
    eval->office_seats[seat->office] = (uint32_t)(seat - eval->seats);
    office->id = seat->id;
    office->seniority = seat->office;
    office->has_admission = true;
    office->admission = eval->controls[seat->best].dot;
    copy_names(office, cert);
    m->office_count++;
    return office;
}

static int
compare_places(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

/* Collect what the stage's nodes wrote, in the order: from that node on. */
static void
gather_log(struct eval *eval, uint32_t log)
{
    for (uint32_t c = eval->log_controls[log].first; c != MEMBER_NONE;
         c = eval->in_log[c]) {
        eval->stage[eval->stage_count++] = eval->place[c];
    }
}

void
stage_gather(struct eval *eval, size_t first_node)
{
    eval->stage_count = 0;
    for (size_t i = first_node; i < eval->m->node_count; i++) {
        if (eval->m->nodes[i].is_own) {
            gather_log(eval, eval->controls[eval->node_controls[i]].dot.log);
        }
    }
    if (eval->stage_count != 0) {
        qsort(eval->stage, eval->stage_count, sizeof(*eval->stage),
            compare_places);
    }
    for (size_t i = 0; i < eval->stage_count; i++) {
        eval->stage[i] = eval->order[eval->stage[i]];
    }
}

/* Is it a retirement of an office by itself, or of one of its own nodes? */
static bool
is_own_retirement(const struct eval *eval, uint32_t control)
{
    const struct statement *s = eval_statement(eval, control);
    const struct seat *author = eval_author_seat(eval, control);
    uint32_t target = eval->target[control];

    if (s->type == STATEMENT_ENROL && s->has_retired) {
        target = eval_claim(eval, &s->node);
        return target != MEMBER_NONE && author == &eval->seats[target] &&
               office_id_equal(&author->id, &s->cert.office);
    }
    return s->type == STATEMENT_RETIRE && target != MEMBER_NONE &&
           author == &eval->seats[target];
}

/*
 * What an office's own key takes from it. It speaks for the office, whichever
 * node carries it: so what these retirements cut does not void one another,
 * and none of them is applied before all are judged.
 */
enum err
stage_take_own(struct eval *eval)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < eval->stage_count && rc == ERR_OK; i++) {
        uint32_t c = eval->stage[i];
        enum void_reason reason = VOID_NONE;

        if (!is_own_retirement(eval, c)) {
            continue;
        }
        reason = author_allows(eval, c, 0);
        if (reason == VOID_NONE) {
            rc = check_signature(eval, eval_author_seat(eval, c), c);
            reason = eval->is_signed[c] ? VOID_NONE : VOID_NO_RIGHT;
        }
        eval_verdict(eval, c, reason);
    }
    for (size_t i = 0; i < eval->stage_count && rc == ERR_OK; i++) {
        uint32_t c = eval->stage[i];

        if (eval->is_signed[c] && is_own_retirement(eval, c)) {
            const struct statement *s = eval_statement(eval, c);
            bool is_office = s->type == STATEMENT_RETIRE && !s->is_node;

            rc = take_by_one(
                eval, eval_author_seat(eval, c), c, is_office ? RIGHT_ALL : 0);
        }
    }
    return rc;
}

static enum err
judge_admit(struct eval *eval, uint32_t control)
{
    struct seat *seat = &eval->seats[eval->target[control]];

    if (!cert_is_ours(eval, &eval_statement(eval, control)->cert)) {
        eval_verdict(eval, control, VOID_MALFORMED);
        return ERR_OK;
    }
    if (seat->office != MEMBER_NONE) {
        return admit_again(eval, seat, control);
    }
    eval_verdict(eval, control, VOID_NO_RIGHT); /* until the stage comes */
    chain_add(&seat->admits, eval->next, control);
    if (seat->best == MEMBER_NONE ||
        eval->place[control] < eval->place[seat->best]) {
        seat->best = control;
    }
    return ERR_OK;
}

static void
judge_action(struct eval *eval, uint32_t control)
{
    uint32_t target = eval->target[control];

    if (target == MEMBER_NONE) {
        eval_verdict(eval, control, VOID_NOT_MEMBER);
        return;
    }
    if (eval->seats[target].office != MEMBER_NONE) {
        eval_verdict(eval, control, VOID_NO_RIGHT);
        return;
    }
    eval_verdict(eval, control, VOID_NOT_MEMBER); /* until the stage comes */
    chain_add(&eval->seats[target].actions, eval->next, control);
}

/* Is it a vote of one founder about another? */
bool
control_is_vote(const struct eval *eval, uint32_t control)
{
    const struct seat *author = eval_author_seat(eval, control);
    uint32_t target = eval->target[control];

    return eval_statement(eval, control)->type == STATEMENT_RETIRE &&
           target != MEMBER_NONE && author->office < eval->founder_count &&
           eval->seats[target].office < eval->founder_count &&
           author != &eval->seats[target];
}

/* Admissions, roles and retirements of others; the rest comes later. */
enum err
stage_judge(struct eval *eval)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < eval->stage_count && rc == ERR_OK; i++) {
        uint32_t c = eval->stage[i];
        uint8_t type = eval_statement(eval, c)->type;
        enum void_reason reason = VOID_NONE;

        if ((type != STATEMENT_ADMIT && type != STATEMENT_ROLES &&
                type != STATEMENT_RETIRE) ||
            is_own_retirement(eval, c) || control_is_vote(eval, c)) {
            continue;
        }
        reason = author_allows(eval, c, ROLE_ADMIN);
        if (reason != VOID_NONE) {
            eval_verdict(eval, c, reason);
        } else if (type == STATEMENT_ADMIT) {
            rc = judge_admit(eval, c);
        } else {
            judge_action(eval, c);
        }
    }
    return rc;
}

enum err
stage_office(struct eval *eval, struct seat *seat)
{
    const struct statement *best = eval_statement(eval, seat->best);
    uint32_t next = MEMBER_NONE;
    enum err rc = ERR_OK;

    office_open(eval, seat, &best->cert);
    rc = give_admission(eval, seat, seat->best, false);
    for (uint32_t c = seat->admits.first; c != MEMBER_NONE && rc == ERR_OK;
         c = next) {
        next = eval->next[c];
        if (c != seat->best) {
            rc = admit_again(eval, seat, c);
        }
    }
    for (uint32_t c = seat->actions.first; c != MEMBER_NONE && rc == ERR_OK;
         c = next) {
        next = eval->next[c]; /* which a vote takes over */
        rc = apply_action(eval, seat, c);
    }
    if (rc == ERR_OK) {
        rc = seat_register(eval, seat);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    seat_cut_nodes(eval, seat);
    stage_gather(eval, seat->first_node);
    rc = stage_take_own(eval);
    if (rc == ERR_OK) {
        seat_cut_nodes(eval, seat);
        rc = stage_judge(eval);
    }
    return rc;
}
