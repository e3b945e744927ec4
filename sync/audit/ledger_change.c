/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes: their right, their grants, their content key, as one who opens
 * nothing sees them (docs/protocol.md, "Content keys, circles and grants").
 */
#include "sync/audit/ledger_internal.h"

/* The grants of one entry on their way through. */
struct granting {
    const struct judging *j;
    struct dot key;
    struct key_row *row;     /* NULL: the key that they name is none */
    enum void_reason reason; /* the first against one of them */
};

/* Tell of one grant, and of what is wrong with it. */
static enum err
tell_grant(struct granting *g, const struct ledger_grant *grant,
    enum ledger_fault fault)
{
    const struct ledger_watch *watch = &g->j->ledger->options.watch;
    enum err rc = ERR_OK;

    if (grant->reason == VOID_NONE) {
        g->j->state->grants++;
    } else if (g->reason == VOID_NONE) {
        g->reason = grant->reason;
    }
    if (grant->reason != VOID_NONE && fault != LEDGER_FAULT_COUNT) {
        struct ledger_finding finding =
            judging_finding(g->j, fault, grant->reason);

        finding.grant = grant->item;
        rc = ledger_find(g->j->ledger, &finding);
    }
    if (rc == ERR_OK && watch->grant != NULL) {
        rc = watch->grant(watch->context, grant);
    }
    return rc;
}

/* A grant as its header has it. */
static struct ledger_grant
grant_of(const struct granting *g, const struct grant *item, size_t at)
{
    const struct judging *j = g->j;

    return (struct ledger_grant){
        .log = j->state->author.id,
        .position = j->dot.position,
        .time = j->state->author.time,
        .item = (uint16_t)at,
        .key_log = j->ledger->logs.ids[g->key.log],
        .key_position = g->key.position,
        .creates_key = j->header->creates_key,
        .class = j->header->class,
        .mode = item->mode,
        .purpose = item->purpose,
        .has_expiry = item->has_expiry,
        .expiry_ms = item->expiry_ms,
        .generation = LEDGER_NONE,
    };
}

/* Judge one grant of a key that is there, and keep it if it is valid. */
static enum err
judge_grant(struct granting *g, struct dot generation,
    struct ledger_grant *grant, enum ledger_fault *out_fault)
{
    struct ledger *ledger = g->j->ledger;
    const struct vclock *clock = &g->j->state->author.clock;
    struct key_grant mine = {
        .entry = g->j->dot, .item = grant->item, .generation = generation};
    struct grant_row row = {.position = g->j->dot.position,
        .log = g->j->dot.log,
        .generation = grant->generation,
        .item = grant->item};
    enum err rc = keys_load(ledger, g->key, g->row);

    if (rc == ERR_OK) {
        rc = key_grant_add(&ledger->scratch, &ledger->membership, &mine, clock,
            &grant->reason);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (grant->reason == VOID_NONE) {
        return keys_grant(ledger, g->row, &row);
    }
    *out_fault = grant->reason == VOID_FIREWALL ? LEDGER_GRANT_FIREWALL
                                                : LEDGER_GRANT_KEY;
    if (grant->generation == LEDGER_NONE || !vclock_counts(clock, generation)) {
        *out_fault = LEDGER_GRANT_CIRCLE;
    }
    return ERR_OK;
}

/* One grant, whatever became of its entry and key. */
static enum err
take_grant(struct granting *g, size_t at, enum void_reason reason,
    enum ledger_fault fault)
{
    const struct judging *j = g->j;
    struct dot generation = {0};
    struct ledger_grant grant;
    struct grant item;
    bool is_named = false;
    enum err rc = ERR_OK;

    header_grant(&item, j->header, at);
    grant = grant_of(g, &item, at);
    grant.reason = reason;
    is_named =
        author_resolve(&j->state->author, NULL, item.generation, &generation);
    if (is_named && !membership_generation(&j->ledger->membership, generation,
                        &grant.generation)) {
        grant.generation = LEDGER_NONE;
    }
    if (reason == VOID_NONE && !is_named) {
        grant.reason = VOID_MALFORMED;
        fault = LEDGER_GRANT_FORM;
    } else if (reason == VOID_NONE) {
        rc = judge_grant(g, generation, &grant, &fault);
    }
    return rc == ERR_OK ? tell_grant(g, &grant, fault) : rc;
}

/* All of them: judged, or void for one reason. */
static enum err
take_grants(
    struct granting *g, enum void_reason reason, enum ledger_fault fault)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < g->j->header->grant_count && rc == ERR_OK; i++) {
        rc = take_grant(g, i, reason, fault);
    }
    return rc;
}

/* The grants of an entry whose author may write: `is_named` says whether the
 * key that they name is one of the author's table. */
static enum err
judge_grants(struct granting *g, bool is_named)
{
    const struct judging *j = g->j;
    const struct header *header = j->header;
    enum err rc = ERR_OK;

    if (header->creates_key) {
        rc = keys_add(j->state, j->dot.position, header->class, &g->row);
        return rc == ERR_OK ? take_grants(g, VOID_NONE, LEDGER_FAULT_COUNT)
                            : rc;
    }
    if (!is_named) {
        return take_grants(g, VOID_MALFORMED, LEDGER_GRANT_FORM);
    }
    g->row = keys_find(j->ledger, g->key);
    if (g->row == NULL) {
        return take_grants(g, VOID_KEY, LEDGER_GRANT_KEY);
    }
    if (g->row->class != header->class) {
        return take_grants(g, VOID_KEY, LEDGER_GRANT_CLASS);
    }
    return take_grants(g, VOID_NONE, LEDGER_FAULT_COUNT);
}

/* Those of any change; `reason` says why its author might not write it. */
static enum err
change_grants(struct granting *g, enum void_reason reason)
{
    const struct judging *j = g->j;
    bool is_named = true;

    if (!j->header->has_grants) {
        return ERR_OK;
    }
    g->key = j->dot;
    if (!j->header->creates_key) {
        is_named = author_resolve(
            &j->state->author, NULL, j->header->grants_key, &g->key);
    }
    return reason == VOID_NONE ? judge_grants(g, is_named)
                               : take_grants(g, reason, LEDGER_FAULT_COUNT);
}

/* May the author write under the key that the entry stands under? */
static enum err
judge_key(const struct judging *j, enum void_reason *out_reason)
{
    struct ledger *ledger = j->ledger;
    struct key_row *row = NULL;
    struct dot key = {0};
    enum err rc = ERR_OK;

    if (!j->header->has_key ||
        !author_resolve(&j->state->author, NULL, j->header->key, &key)) {
        *out_reason = VOID_MALFORMED;
        return ERR_OK;
    }
    row = keys_find(ledger, key);
    if (row == NULL) {
        *out_reason = VOID_KEY;
        return ERR_OK;
    }
    rc = keys_load(ledger, key, row);
    if (rc != ERR_OK) {
        return rc;
    }
    if (!key_opens(&ledger->scratch, &ledger->membership, j->dot.log,
            &j->state->author.clock)) {
        *out_reason = VOID_KEY;
        return ERR_OK;
    }
    if (row->changes < UINT32_MAX) {
        row->changes++;
    }
    return ERR_OK;
}

enum err
change_judge(const struct judging *j, enum void_reason *out_reason)
{
    struct granting granting = {.j = j};
    enum void_reason reason = membership_allows(
        &j->ledger->membership, j->dot, &j->state->author.clock, ROLE_WRITE);
    enum err rc = change_grants(&granting, reason);

    if (rc == ERR_OK && reason == VOID_NONE) {
        rc = judge_key(j, &reason);
    }
    if (rc == ERR_OK && reason != VOID_NONE) {
        rc = judging_find(j, ledger_fault_of(reason), reason);
    }
    if (reason == VOID_NONE) {
        reason = granting.reason; /* the change stands, its grant does not */
    }
    *out_reason = reason;
    return rc;
}
