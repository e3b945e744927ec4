/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "sync/model/membership_internal.h"

enum err
seat_give(struct eval *eval, struct seat *seat, const struct give *give)
{
    enum err rc = mem_grow((void **)&eval->gives, &eval->give_capacity,
        eval->give_count + 1, sizeof(*eval->gives));

    if (rc != ERR_OK) {
        return rc;
    }
    eval->gives[eval->give_count] = *give;
    eval->gives[eval->give_count].next = seat->gives;
    seat->gives = (uint32_t)eval->give_count++;
    return ERR_OK;
}

enum err
seat_take(struct eval *eval, struct seat *seat, const struct take *take)
{
    enum err rc = mem_grow((void **)&eval->takes, &eval->take_capacity,
        eval->take_count + 1, sizeof(*eval->takes));

    if (rc != ERR_OK) {
        return rc;
    }
    eval->takes[eval->take_count] = *take;
    eval->takes[eval->take_count].next = seat->takes;
    seat->takes = (uint32_t)eval->take_count++;
    return ERR_OK;
}

void
take_vote(struct eval *eval, struct take *take, uint32_t control)
{
    assert(take->vote_count < FOUNDERS_MAX);
    eval->next[control] = take->votes;
    take->votes = control;
    take->vote_count++;
}

static const struct cut *
find_cut(const struct statement *statement, const struct log_id *log)
{
    size_t low = 0;
    size_t high = statement->cut_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = log_id_compare(&statement->cuts[middle].log, log);

        if (order == 0) {
            return &statement->cuts[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/*
 * docs/membership.md, "Cuts": a log that is not named is cut where the
 * statement's clock (of changes: what it says it saw) stands, and a named cut
 * is not below that, unless the office concerned or more than half of the
 * founders say so.
 */
static uint64_t
vote_cut(const struct eval *eval, uint32_t control, const struct log_id *log,
    bool is_honoured)
{
    const struct control *c = &eval->controls[control];
    const struct cut *cut = find_cut(&c->statement, log);
    uint64_t counted = 0;
    uint32_t number = 0;

    if (log_table_find(eval->logs, log, &number)) {
        /* An entry does not count itself, whatever its author's clock is. */
        counted = number == c->dot.log ? c->dot.position
                                       : vclock_get(&c->clock, number);
    }
    if (cut == NULL) {
        return counted;
    }
    return is_honoured ? cut->size : num_max_u64(cut->size, counted);
}

uint64_t
take_cut(
    const struct eval *eval, const struct take *take, const struct log_id *log)
{
    uint64_t cuts[FOUNDERS_MAX];
    size_t count = 0;

    if (take->vote_count < take->need) {
        return UINT64_MAX;
    }
    /* The least cut that `need` of them support: insert in order. */
    for (uint32_t c = take->votes; c != MEMBER_NONE; c = eval->next[c]) {
        uint64_t cut =
            vote_cut(eval, c, log, take->need > 1 || eval->is_signed[c]);
        size_t at = count++;

        for (; at > 0 && cuts[at - 1] > cut; at--) {
            cuts[at] = cuts[at - 1];
        }
        cuts[at] = cut;
    }
    assert(count == take->vote_count);
    return cuts[take->need - 1];
}

bool
take_is_counted(const struct eval *eval, const struct take *take,
    const struct vclock *clock)
{
    uint32_t count = 0;

    for (uint32_t c = take->votes; c != MEMBER_NONE; c = eval->next[c]) {
        count += vclock_counts(clock, eval->controls[c].dot);
    }
    return count >= take->need;
}

static bool
give_counts(
    const struct eval *eval, const struct give *give, const struct take *take)
{
    return take_is_counted(eval, take, &eval->controls[give->control].clock);
}

void
node_cut(
    const struct eval *eval, const struct seat *seat, struct member_node *node)
{
    uint32_t enrolled = eval->node_controls[node - eval->m->nodes];
    const struct vclock *clock = &eval->controls[enrolled].clock;

    for (uint8_t kind = LOG_CONTROL; kind <= LOG_CHANGES; kind++) {
        struct log_id log = {node->cert.keys.sign, kind};
        uint64_t least = UINT64_MAX;

        for (uint32_t t = seat->takes; t != MEMBER_NONE;
             t = eval->takes[t].next) {
            const struct take *take = &eval->takes[t];
            /* A retired office that comes again does so with new nodes. */
            bool binds = take->is_node
                             ? node_id_equal(&take->node, &log.node)
                             : (take->roles & RIGHT_BELONG) != 0 &&
                                   !take_is_counted(eval, take, clock);

            if (binds) {
                least = num_min_u64(least, take_cut(eval, take, &log));
            }
        }
        node->cuts[kind] = least;
    }
}

void
seat_cut_nodes(struct eval *eval, const struct seat *seat)
{
    for (size_t i = seat->first_node; i < eval->m->node_count; i++) {
        if (eval->m->nodes[i].office == seat->office) {
            node_cut(eval, seat, &eval->m->nodes[i]);
        }
    }
}

/* Where an entry stands, and what it counts. */
struct stand {
    struct log_id log;
    uint64_t position;
    const struct vclock *clock;
};

/* Does a taking that this gift does not know of reach the entry? */
static bool
is_taken(const struct eval *eval, const struct seat *seat,
    const struct give *give, const struct stand *stand)
{
    for (uint32_t t = seat->takes; t != MEMBER_NONE; t = eval->takes[t].next) {
        const struct take *take = &eval->takes[t];

        if (!take->is_node && (take->roles & give->roles) != 0 &&
            stand->position >= take_cut(eval, take, &stand->log) &&
            !give_counts(eval, give, take)) {
            return true;
        }
    }
    return false;
}

/*
 * `lacking` when no counted statement gives one of these rights. A gift is
 * taken role by role, so it is asked about as the part that is wanted.
 */
static enum void_reason
check(const struct eval *eval, const struct seat *seat, uint8_t wanted,
    const struct stand *stand, enum void_reason lacking)
{
    enum void_reason reason = lacking;

    for (uint32_t g = seat->gives; g != MEMBER_NONE; g = eval->gives[g].next) {
        struct give part = eval->gives[g];

        part.roles &= wanted;
        if (part.roles == 0 ||
            !vclock_counts(stand->clock, eval->controls[part.control].dot)) {
            continue;
        }
        if (!is_taken(eval, seat, &part, stand)) {
            return VOID_NONE;
        }
        reason = VOID_CUT;
    }
    return reason;
}

enum void_reason
author_allows(const struct eval *eval, uint32_t control, uint8_t role)
{
    const struct control *c = &eval->controls[control];
    const struct member_node *node = eval_author(eval, control);
    const struct seat *seat = eval_author_seat(eval, control);
    struct stand stand = {.position = c->dot.position, .clock = &c->clock};
    enum void_reason reason = VOID_NONE;

    if (node == NULL || seat == NULL) {
        return VOID_NOT_MEMBER;
    }
    stand.log = eval->logs->ids[c->dot.log];
    if (stand.position >= node->cuts[stand.log.kind]) {
        return VOID_CUT;
    }
    reason = check(eval, seat, role == ROLE_ADMIN ? RIGHT_MEMBER : RIGHT_BELONG,
        &stand, VOID_NOT_MEMBER);
    if (reason == VOID_NONE && role != 0) {
        reason = check(eval, seat, role, &stand, VOID_NO_RIGHT);
    }
    return reason;
}

bool
seat_is_counted(const struct eval *eval, const struct seat *seat,
    const struct vclock *clock)
{
    for (uint32_t g = seat->gives; g != MEMBER_NONE; g = eval->gives[g].next) {
        const struct give *give = &eval->gives[g];

        if ((give->roles & RIGHT_BELONG) != 0 &&
            vclock_counts(clock, eval->controls[give->control].dot)) {
            return true;
        }
    }
    return false;
}

/* What is left of a gift after all that a clock (NULL: everything) counts. */
static uint8_t
give_left(const struct eval *eval, const struct seat *seat,
    const struct give *give, const struct vclock *clock)
{
    uint8_t left = give->roles;

    for (uint32_t t = seat->takes; t != MEMBER_NONE; t = eval->takes[t].next) {
        const struct take *take = &eval->takes[t];
        bool is_known = clock == NULL ? take->vote_count >= take->need
                                      : take_is_counted(eval, take, clock);

        if (!take->is_node && is_known && !give_counts(eval, give, take)) {
            left &= (uint8_t)~take->roles;
        }
    }
    return left;
}

uint8_t
seat_rights_at(const struct eval *eval, const struct seat *seat,
    const struct vclock *clock)
{
    uint8_t rights = 0;

    for (uint32_t g = seat->gives; g != MEMBER_NONE; g = eval->gives[g].next) {
        const struct give *give = &eval->gives[g];

        if (vclock_counts(clock, eval->controls[give->control].dot)) {
            rights |= give_left(eval, seat, give, clock);
        }
    }
    return rights;
}

uint8_t
seat_rights_now(const struct eval *eval, const struct seat *seat)
{
    uint8_t rights = 0;

    for (uint32_t g = seat->gives; g != MEMBER_NONE; g = eval->gives[g].next) {
        rights |= give_left(eval, seat, &eval->gives[g], NULL);
    }
    return rights;
}

bool
seat_is_firewall_at(const struct eval *eval, const struct seat *seat,
    const struct vclock *clock)
{
    for (uint32_t g = seat->gives; g != MEMBER_NONE; g = eval->gives[g].next) {
        const struct give *give = &eval->gives[g];

        if (give->firewall &&
            vclock_counts(clock, eval->controls[give->control].dot)) {
            return true;
        }
    }
    return false;
}
