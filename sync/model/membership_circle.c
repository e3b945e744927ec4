/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/model/membership_internal.h"

/* An admin confirms another office than its own. */
static void
eval_confirm(struct eval *eval, uint32_t control)
{
    enum void_reason reason = author_allows(eval, control, ROLE_ADMIN);
    uint32_t target = eval->target[control];
    uint32_t office =
        target == MEMBER_NONE ? MEMBER_NONE : eval->seats[target].office;

    if (reason == VOID_NONE && office == MEMBER_NONE) {
        reason = VOID_NOT_MEMBER;
    }
    if (reason == VOID_NONE && eval_author(eval, control)->office == office) {
        reason = VOID_NO_RIGHT;
    }
    if (reason == VOID_NONE) {
        eval->m->offices[office].confirmed = true;
    }
    eval_verdict(eval, control, reason);
}

/* The greatest version stands, the last in the order among equal ones. */
static void
eval_pack(struct eval *eval, uint32_t control)
{
    struct membership *m = eval->m;
    const struct statement *s = &eval->controls[control].statement;
    enum void_reason reason = author_allows(eval, control, ROLE_ADMIN);

    eval_verdict(eval, control, reason);
    if (reason != VOID_NONE || (m->has_pack && s->version < m->pack_version)) {
        return;
    }
    m->has_pack = true;
    memcpy(m->pack_name, s->name, sizeof(m->pack_name));
    m->pack_version = s->version;
    m->pack_hash = s->hash;
}

/* Had the node been enrolled by what the clock counts? */
static bool
is_enrolled_at(
    const struct eval *eval, uint32_t node, const struct vclock *clock)
{
    for (size_t i = eval->m->index->evidence_first[node];
         i < eval->m->index->evidence_first[node + 1]; i++) {
        if (vclock_counts(clock, eval->m->index->evidence[i].dot)) {
            return true;
        }
    }
    return false;
}

/* Was the node's office in the circle, by what the clock counts? */
static bool
is_in_circle_at(const struct eval *eval, const struct circle_name *circle,
    uint32_t node, const struct vclock *clock)
{
    const struct seat *seat = eval_seat_of(eval, eval->m->nodes[node].office);
    uint8_t rights = seat_rights_at(eval, seat, clock);

    if (!is_enrolled_at(eval, node, clock) || (rights & RIGHT_BELONG) == 0) {
        return false;
    }
    switch ((enum circle_kind)circle->kind) {
    case CIRCLE_LINK:
        return true;
    case CIRCLE_EVERYONE:
        return (rights & (ROLE_READ | ROLE_WRITE)) != 0 &&
               !seat_is_firewall_at(eval, seat, clock);
    case CIRCLE_OFFICE:
        return office_id_equal(&seat->id, &circle->office);
    case CIRCLE_NAMED:
        break;
    }
    return false;
}

/*
 * Judged from clear data alone: nobody seals a circle's secret to an office
 * that the author knew to be of the firewall class, its own circle and the
 * link's apart.
 */
static bool
breaks_firewall(const struct eval *eval, const struct circle_name *circle,
    const struct control *control)
{
    const struct statement *s = &control->statement;

    for (size_t i = 0; i < s->seal_count; i++) {
        uint32_t node = index_node(eval->m, &s->seals[i].node);
        const struct seat *seat = NULL;

        if (node == MEMBER_NONE || circle->kind == CIRCLE_LINK) {
            continue;
        }
        seat = eval_seat_of(eval, eval->m->nodes[node].office);
        if (seat_is_firewall_at(eval, seat, &control->clock) &&
            (circle->kind != CIRCLE_OFFICE ||
                !office_id_equal(&seat->id, &circle->office))) {
            return true;
        }
    }
    return false;
}

static enum err
add_sealing(struct eval *eval, size_t *capacity, uint32_t node,
    const struct sealing *sealing)
{
    struct membership *m = eval->m;
    enum err rc = mem_grow((void **)&m->sealings, capacity,
        m->sealing_count + 1, sizeof(*m->sealings));
    uint32_t *slot = index_sealing(m, sealing->generation, node);

    if (rc != ERR_OK) {
        return rc;
    }
    m->sealings[m->sealing_count] = *sealing;
    m->sealings[m->sealing_count].previous =
        *slot == 0 ? MEMBER_NONE : *slot - 1;
    *slot = (uint32_t)++m->sealing_count;
    return ERR_OK;
}

/* Arrays that grow while circles are evaluated. */
struct room {
    size_t generations;
    size_t sealings;
};

/*
 * Take in the boxes of a statement. If its maker boxes a generation for
 * somebody who was not then in the circle, that opens nothing, and the
 * generation is used no more.
 */
static enum err
add_sealings(
    struct eval *eval, struct room *room, uint32_t control, uint32_t generation)
{
    struct generation *g = &eval->m->generations[generation];
    const struct control *c = &eval->controls[control];
    enum err rc = ERR_OK;

    for (uint32_t i = 0; i < c->statement.seal_count && rc == ERR_OK; i++) {
        const struct node_id *id = &c->statement.seals[i].node;
        uint32_t node = index_node(eval->m, id);
        struct sealing sealing = {.generation = generation,
            .node = *id,
            .dot = c->dot,
            .control = control,
            .item = i};

        if (node == MEMBER_NONE ||
            !is_in_circle_at(eval, &g->circle, node, &c->clock)) {
            g->is_usable = false;
            continue;
        }
        rc = add_sealing(eval, &room->sealings, node, &sealing);
    }
    return rc;
}

/* Is any box for somebody who was not then in the circle? */
static bool
has_outsider(const struct eval *eval, uint32_t control, uint32_t generation)
{
    const struct control *c = &eval->controls[control];

    for (uint32_t i = 0; i < c->statement.seal_count; i++) {
        uint32_t node = index_node(eval->m, &c->statement.seals[i].node);

        if (node == MEMBER_NONE ||
            !is_in_circle_at(eval, &eval->m->generations[generation].circle,
                node, &c->clock)) {
            return true;
        }
    }
    return false;
}

static size_t
count_generations(
    const struct membership *membership, const struct circle_name *circle)
{
    size_t count = 0;

    for (size_t i = 0; i < membership->generation_count; i++) {
        count += circle_equal(&membership->generations[i].circle, circle);
    }
    return count;
}

/*
 * The generation that a statement speaks of: one that its clock counts and
 * whose secret its author's node held by then; MEMBER_NONE otherwise.
 */
static uint32_t
held_generation(const struct eval *eval, uint32_t control)
{
    const struct control *c = &eval->controls[control];
    uint32_t author = eval->m->index->log_nodes[c->dot.log];
    uint32_t slot = 0;

    if (!c->has_generation || !vclock_counts(&c->clock, c->generation)) {
        return MEMBER_NONE;
    }
    slot = *index_generation(eval->m, c->generation);
    if (slot == 0 || !node_opens(eval->m, slot - 1, author, &c->clock)) {
        return MEMBER_NONE;
    }
    return slot - 1;
}

/* May the statement make a generation of its circle? */
static enum void_reason
judge_circle(const struct eval *eval, uint32_t control, uint32_t *out_former)
{
    const struct control *c = &eval->controls[control];
    const struct circle_name *circle = &c->statement.circle;
    bool is_office = circle->kind == CIRCLE_OFFICE;
    enum void_reason reason =
        author_allows(eval, control, is_office ? 0 : ROLE_ADMIN);

    if (circle->kind == CIRCLE_NAMED) {
        return VOID_UNKNOWN;
    }
    if (reason != VOID_NONE) {
        return reason;
    }
    if (is_office && !office_id_equal(&eval_author_seat(eval, control)->id,
                         &circle->office)) {
        return VOID_NO_RIGHT;
    }
    if (c->statement.has_former) {
        *out_former = held_generation(eval, control);
        if (*out_former == MEMBER_NONE ||
            !circle_equal(&eval->m->generations[*out_former].circle, circle)) {
            return VOID_KEY;
        }
    }
    if (breaks_firewall(eval, circle, c)) {
        return VOID_FIREWALL;
    }
    if (eval->m->generation_count >= GENERATIONS_MAX ||
        count_generations(eval->m, circle) >= GENERATIONS_PER_CIRCLE_MAX) {
        return VOID_NO_RIGHT;
    }
    return VOID_NONE;
}

static void
link_former(struct membership *membership, uint32_t generation)
{
    struct generation *g = &membership->generations[generation];

    if (g->has_former) {
        g->sibling = membership->generations[g->former].child;
        membership->generations[g->former].child = generation;
    }
}

static enum err
eval_circle(struct eval *eval, struct room *room, uint32_t control)
{
    struct membership *m = eval->m;
    const struct control *c = &eval->controls[control];
    uint32_t former = MEMBER_NONE;
    enum void_reason reason = judge_circle(eval, control, &former);
    uint32_t place = (uint32_t)m->generation_count;
    enum err rc = ERR_OK;

    eval_verdict(eval, control, reason);
    if (reason != VOID_NONE) {
        return ERR_OK;
    }
    rc = mem_grow((void **)&m->generations, &room->generations,
        m->generation_count + 1, sizeof(*m->generations));
    if (rc != ERR_OK) {
        return rc;
    }
    m->generations[place] = (struct generation){.dot = c->dot,
        .circle = c->statement.circle,
        .public = c->statement.public,
        .has_former = former != MEMBER_NONE,
        .former = former,
        .control = control,
        .maker = m->index->log_nodes[c->dot.log],
        .is_usable = true,
        .child = MEMBER_NONE,
        .sibling = MEMBER_NONE};
    m->generation_count++;
    *index_generation(m, c->dot) = place + 1;
    link_former(m, place);
    return add_sealings(eval, room, control, place);
}

static enum err
eval_seals(struct eval *eval, struct room *room, uint32_t control)
{
    const struct control *c = &eval->controls[control];
    enum void_reason reason = author_allows(eval, control, 0);
    uint32_t generation = MEMBER_NONE;

    if (reason == VOID_NONE) {
        generation = held_generation(eval, control);
        reason = generation == MEMBER_NONE ? VOID_KEY : VOID_NONE;
    }
    if (reason == VOID_NONE &&
        breaks_firewall(eval, &eval->m->generations[generation].circle, c)) {
        reason = VOID_FIREWALL;
    }
    if (reason == VOID_NONE && has_outsider(eval, control, generation)) {
        reason = VOID_KEY;
    }
    eval_verdict(eval, control, reason);
    if (reason != VOID_NONE) {
        return ERR_OK;
    }
    return add_sealings(eval, room, control, generation);
}

/* Sealed to, and made by, those who are in the circle as it stands now. */
static void
finish_generations(struct eval *eval)
{
    struct membership *m = eval->m;

    for (size_t i = 0; i < m->generation_count; i++) {
        struct generation *g = &m->generations[i];
        const struct member_node *maker = &m->nodes[g->maker];

        /* An admin makes circles that it is not in; one that is retired
         * still knows the secret. */
        if (maker->cuts[LOG_CONTROL] != UINT64_MAX ||
            m->offices[maker->office].is_retired) {
            g->is_usable = false;
        }
    }
    for (size_t i = 0; i < m->sealing_count; i++) {
        const struct sealing *s = &m->sealings[i];
        struct generation *g = &m->generations[s->generation];

        if (!node_in_circle(
                m, &g->circle, &m->nodes[index_node(m, &s->node)])) {
            g->is_usable = false;
        }
    }
    /* Whoever knows a generation knows the former ones that it wraps, which
     * stand before it. */
    for (size_t i = m->generation_count; i-- > 0;) {
        const struct generation *g = &m->generations[i];

        if (!g->is_usable && g->has_former) {
            m->generations[g->former].is_usable = false;
        }
    }
}

/* The tables are made for all that could come. */
static enum err
alloc_tables(struct eval *eval)
{
    struct member_index *index = eval->m->index;
    size_t generations = 0;
    size_t sealings = 0;

    for (size_t i = 0; i < eval->count; i++) {
        const struct statement *s = &eval->controls[i].statement;

        generations += s->type == STATEMENT_CIRCLE;
        sealings += s->seal_count;
    }
    generations = generations < GENERATIONS_MAX ? generations : GENERATIONS_MAX;
    index->generation_slots = index_slots_for(generations);
    index->sealing_slots = index_slots_for(sealings);
    index->generations =
        mem_zalloc(index->generation_slots, sizeof(*index->generations));
    index->sealings =
        mem_zalloc(index->sealing_slots, sizeof(*index->sealings));
    return index->generations == NULL || index->sealings == NULL ? ERR_NOMEM
                                                                 : ERR_OK;
}

enum err
circles_eval(struct eval *eval)
{
    struct room room = {0};
    enum err rc = alloc_tables(eval);

    for (size_t i = 0; i < eval->count && rc == ERR_OK; i++) {
        uint32_t control = eval->order[i];
        uint8_t type = eval->controls[control].statement.type;

        if (type == STATEMENT_CONFIRM) {
            eval_confirm(eval, control);
        } else if (type == STATEMENT_PACK) {
            eval_pack(eval, control);
        } else if (type == STATEMENT_CIRCLE) {
            rc = eval_circle(eval, &room, control);
        } else if (type == STATEMENT_SEALS) {
            rc = eval_seals(eval, &room, control);
        }
    }
    if (rc == ERR_OK) {
        finish_generations(eval);
    }
    return rc;
}
