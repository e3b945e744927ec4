/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/membership_internal.h"

/* The tally that a vote belongs to, or NULL. */
static struct take *
find_tally(
    const struct eval *eval, const struct seat *seat, const struct statement *s)
{
    for (uint32_t t = seat->takes; t != MEMBER_NONE; t = eval->takes[t].next) {
        struct take *take = &eval->takes[t];

        if (take->need > 1 && take->is_node == s->is_node &&
            (!s->is_node || node_id_equal(&take->node, &s->node))) {
            return take;
        }
    }
    return NULL;
}

static bool
has_voted(
    const struct eval *eval, const struct take *take, const struct seat *author)
{
    for (uint32_t c = take->votes; c != MEMBER_NONE; c = eval->next[c]) {
        if (eval_author_seat(eval, c) == author) {
            return true;
        }
    }
    return false;
}

/* The founder's first vote about that office or node counts. */
static enum err
cast_vote(struct eval *eval, uint32_t control)
{
    const struct statement *s = eval_statement(eval, control);
    struct seat *seat = &eval->seats[eval->target[control]];
    const struct seat *author = eval_author_seat(eval, control);
    struct take *take = find_tally(eval, seat, s);
    enum err rc = ERR_OK;

    if (take == NULL) {
        struct take tally = take_init((uint32_t)eval->founder_count / 2 + 1);

        tally.roles = s->is_node ? 0 : RIGHT_ALL;
        tally.is_node = s->is_node;
        tally.node = s->node;
        rc = seat_take(eval, seat, &tally);
        if (rc != ERR_OK) {
            return rc;
        }
        take = &eval->takes[seat->takes];
    }
    if (!has_voted(eval, take, author)) {
        take_vote(eval, take, control);
        seat_cut_nodes(eval, seat);
    }
    return ERR_OK;
}

/*
 * Votes go in the order: one that has counted is not undone by a removal
 * that is complete only after it.
 */
static enum err
count_votes(struct eval *eval)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < eval->stage_count && rc == ERR_OK; i++) {
        uint32_t c = eval->stage[i];
        enum void_reason reason = VOID_NONE;

        if (!control_is_vote(eval, c)) {
            continue;
        }
        reason = author_allows(eval, c, ROLE_ADMIN);
        eval_verdict(eval, c, reason);
        if (reason == VOID_NONE) {
            rc = cast_vote(eval, c);
        }
    }
    return rc;
}

static enum err
give_founder(struct eval *eval, struct seat *seat, bool firewall)
{
    struct give give = {.roles = ROLE_ALL | RIGHT_MEMBER, .firewall = firewall};
    enum err rc = ERR_OK;

    for (size_t i = 0; i < eval->count && rc == ERR_OK; i++) {
        uint32_t c = eval->order[i];

        if (eval_statement(eval, c)->type == STATEMENT_FOUND &&
            eval->m->verdicts[c] == VOID_NONE) {
            give.control = c;
            rc = seat_give(eval, seat, &give);
        }
    }
    return rc;
}

static enum err
open_founders(struct eval *eval)
{
    const struct statement *found = eval_statement(eval, eval->found);

    for (size_t i = 0; i < found->founder_count; i++) {
        const struct founder *founder = &found->founders[i];
        struct seat *seat = eval_seat(eval, &founder->cert.office);
        struct office *office = NULL;
        enum err rc = ERR_OK;

        seat->best = eval->found;
        office = office_open(eval, seat, &founder->cert);
        office->is_founder = true;
        office->confirmed = true;
        office->firewall = founder->firewall;
        rc = give_founder(eval, seat, founder->firewall);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    eval->founder_count = found->founder_count;
    return ERR_OK;
}

static enum err
register_founders(struct eval *eval)
{
    const struct statement *found = eval_statement(eval, eval->found);
    enum err rc = founders_register(eval, found);

    for (size_t i = 0; i < found->founder_count && rc == ERR_OK; i++) {
        rc = seat_register(
            eval, eval_seat(eval, &found->founders[i].cert.office));
    }
    return rc;
}

enum err
stage_founders(struct eval *eval)
{
    enum err rc = open_founders(eval);

    if (rc == ERR_OK) {
        rc = register_founders(eval);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    stage_gather(eval, 0);
    rc = stage_take_own(eval);
    for (size_t i = 0; i < eval->founder_count && rc == ERR_OK; i++) {
        seat_cut_nodes(eval, eval_seat_of(eval, (uint32_t)i));
    }
    if (rc == ERR_OK) {
        rc = count_votes(eval);
    }
    if (rc == ERR_OK) {
        rc = stage_judge(eval);
    }
    return rc;
}
