/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/model/membership_internal.h"

struct seat *
eval_seat(const struct eval *eval, const struct office_id *id)
{
    size_t low = 0;
    size_t high = eval->seat_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order =
            memcmp(eval->seats[middle].id.bytes, id->bytes, sizeof(id->bytes));

        if (order == 0) {
            return &eval->seats[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

struct seat *
eval_seat_of(const struct eval *eval, uint32_t office)
{
    return &eval->seats[eval->office_seats[office]];
}

uint32_t
eval_claim(const struct eval *eval, const struct node_id *node)
{
    size_t low = 0;
    size_t high = eval->claim_count;

    /* The first claim of that node: they go by priority. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (node_id_compare(&eval->claims[middle].node, node) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < eval->claim_count &&
        node_id_equal(&eval->claims[low].node, node)) {
        return eval->claims[low].seat;
    }
    return MEMBER_NONE;
}

struct member_node *
eval_author(const struct eval *eval, uint32_t control)
{
    uint32_t log = eval->controls[control].dot.log;
    uint32_t node = eval->m->index->log_nodes[log];

    if (node == MEMBER_NONE || eval->logs->ids[log].kind != LOG_CONTROL ||
        !eval->m->nodes[node].is_own) {
        return NULL;
    }
    return &eval->m->nodes[node];
}

struct seat *
eval_author_seat(const struct eval *eval, uint32_t control)
{
    const struct member_node *node = eval_author(eval, control);

    return node == NULL ? NULL : eval_seat_of(eval, node->office);
}

const struct cert *
eval_own_cert(const struct eval *eval, uint32_t log)
{
    const struct log_id *id = &eval->logs->ids[log];
    uint32_t first = eval->log_first[log];
    const struct statement *statement = NULL;

    if (id->kind != LOG_CONTROL || first == MEMBER_NONE) {
        return NULL;
    }
    statement = &eval->controls[first].statement;
    if (statement->type == STATEMENT_ENROL &&
        node_id_equal(&statement->cert.keys.sign, &id->node)) {
        return &statement->cert;
    }
    for (size_t i = 0;
         statement->type == STATEMENT_FOUND && i < statement->founder_count;
         i++) {
        if (node_id_equal(&statement->founders[i].cert.keys.sign, &id->node)) {
            return &statement->founders[i].cert;
        }
    }
    return NULL;
}

bool
eval_is_founding(const struct eval *eval, uint32_t control)
{
    const struct control *c = &eval->controls[control];
    struct corridor_id id = {{0}};

    if (c->statement.type != STATEMENT_FOUND || c->dot.position != 0 ||
        eval_own_cert(eval, c->dot.log) == NULL) {
        return false;
    }
    statement_corridor_id(&id, c->statement.founding);
    return corridor_id_equal(&id, &eval->m->corridor);
}

static bool
cert_is_same(const struct cert *a, const struct cert *b)
{
    return office_id_equal(&a->office, &b->office) &&
           memcmp(&a->keys, &b->keys, sizeof(a->keys)) == 0;
}

/* A founder's certificate could not yet name the corridor. */
bool
cert_is_ours(const struct eval *eval, const struct cert *cert)
{
    static const struct corridor_id zero = {{0}};
    const struct statement *found = &eval->controls[eval->found].statement;

    if (corridor_id_equal(&cert->corridor, &eval->m->corridor)) {
        return true;
    }
    for (size_t i = 0; i < found->founder_count; i++) {
        if (corridor_id_equal(&cert->corridor, &zero) &&
            cert_is_same(cert, &found->founders[i].cert)) {
            return true;
        }
    }
    return false;
}

/* Is any of its keys known? Then *out is the node whose it is. */
static bool
find_by_keys(const struct eval *eval, const struct cert *cert, uint32_t *out)
{
    for (size_t i = 0; i < CERT_NODE_KEYS; i++) {
        uint32_t slot = *index_key(eval->m, cert_key(cert, i));

        if (slot != 0) {
            *out = (slot - 1) / CERT_NODE_KEYS;
            return true;
        }
    }
    return false;
}

static void
map_logs(const struct eval *eval, const struct node_id *id, uint32_t node)
{
    for (uint8_t kind = LOG_CONTROL; kind <= LOG_CHANGES; kind++) {
        struct log_id log = {*id, kind};
        uint32_t number = 0;

        if (log_table_find(eval->logs, &log, &number)) {
            eval->m->index->log_nodes[number] = node;
        }
    }
}

enum err
node_register(struct eval *eval, struct seat *seat, const struct cert *cert,
    uint32_t *out)
{
    struct membership *m = eval->m;
    struct member_node *node = NULL;
    uint32_t found = MEMBER_NONE;
    enum err rc = ERR_OK;

    *out = MEMBER_NONE;
    if (find_by_keys(eval, cert, &found)) {
        if (cert_is_same(&m->nodes[found].cert, cert)) {
            *out = found;
        }
        return ERR_OK;
    }
    if (m->node_count == NODES_MAX ||
        seat->node_count == NODES_PER_OFFICE_MAX) {
        return ERR_OK;
    }
    rc = mem_grow((void **)&m->nodes, &eval->node_capacity, m->node_count + 1,
        sizeof(*m->nodes));
    if (rc != ERR_OK) {
        return rc;
    }
    found = (uint32_t)m->node_count++;
    eval->node_controls[found] = MEMBER_NONE;
    node = &m->nodes[found];
    *node = (struct member_node){.cert = *cert,
        .office = seat->office,
        .cuts = {UINT64_MAX, UINT64_MAX},
        .place = seat->node_count++};
    for (uint32_t i = 0; i < CERT_NODE_KEYS; i++) {
        *index_key(m, cert_key(cert, i)) = found * CERT_NODE_KEYS + i + 1;
    }
    map_logs(eval, &cert->keys.sign, found);
    *out = found;
    return ERR_OK;
}

/* A log of the seat, as the order of its certificates wants it. */
struct entrant {
    uint64_t time_ms;
    struct node_id node;
    uint32_t log;
};

static int
compare_entrants(const void *left, const void *right)
{
    const struct entrant *a = left;
    const struct entrant *b = right;

    if (a->time_ms != b->time_ms) {
        return a->time_ms < b->time_ms ? -1 : 1;
    }
    return node_id_compare(&a->node, &b->node);
}

static enum err
register_own(struct eval *eval, struct seat *seat, uint32_t log)
{
    const struct cert *cert = eval_own_cert(eval, log);
    uint32_t first = eval->log_first[log];
    uint32_t node = MEMBER_NONE;
    enum err rc = ERR_OK;

    if (!cert_is_ours(eval, cert)) {
        eval->m->verdicts[first] = VOID_MALFORMED;
        return ERR_OK;
    }
    rc = node_register(eval, seat, cert, &node);
    if (rc != ERR_OK) {
        return rc;
    }
    if (node == MEMBER_NONE) {
        eval->m->verdicts[first] = VOID_KEY;
        return ERR_OK;
    }
    eval->m->nodes[node].is_own = true;
    eval->m->nodes[node].enrolled = eval->controls[first].dot;
    eval->node_controls[node] = first;
    eval->m->verdicts[first] = VOID_NONE;
    return ERR_OK;
}

/*
 * Of two nodes of one office with a common key the one whose certificate is
 * older stands: the office itself says which that is.
 */
enum err
seat_register(struct eval *eval, struct seat *seat)
{
    struct entrant *entrants = NULL;
    size_t count = 0;
    enum err rc = ERR_OK;

    if (seat->node_count == 0) {
        seat->first_node = eval->m->node_count;
    }
    for (uint32_t l = seat->logs; l != MEMBER_NONE; l = eval->log_next[l]) {
        count++;
    }
    if (count == 0) {
        return ERR_OK;
    }
    entrants = mem_zalloc(count, sizeof(*entrants));
    if (entrants == NULL) {
        return ERR_NOMEM;
    }
    count = 0;
    for (uint32_t l = seat->logs; l != MEMBER_NONE; l = eval->log_next[l]) {
        entrants[count++] = (struct entrant){
            eval_own_cert(eval, l)->time_ms, eval->logs->ids[l].node, l};
    }
    qsort(entrants, count, sizeof(*entrants), compare_entrants);
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        rc = register_own(eval, seat, entrants[i].log);
    }
    mem_free(entrants);
    return rc;
}

enum err
founders_register(struct eval *eval, const struct statement *found)
{
    for (size_t i = 0; i < found->founder_count; i++) {
        struct seat *seat = eval_seat(eval, &found->founders[i].cert.office);
        uint32_t node = MEMBER_NONE;
        enum err rc =
            node_register(eval, seat, &found->founders[i].cert, &node);

        if (rc != ERR_OK) {
            return rc;
        }
        assert(node != MEMBER_NONE);
        eval->m->nodes[node].enrolled = eval->controls[eval->found].dot;
        eval->node_controls[node] = eval->found;
    }
    return ERR_OK;
}

static enum err
add_evidence(struct eval *eval, uint32_t node, uint32_t control)
{
    struct member_node *n = &eval->m->nodes[node];
    enum err rc = mem_grow((void **)&eval->evidence, &eval->evidence_capacity,
        eval->evidence_count + 1, sizeof(*eval->evidence));

    if (rc != ERR_OK) {
        return rc;
    }
    eval->evidence[eval->evidence_count++] =
        (struct evidence){node, eval->controls[control].dot};
    if (eval->node_controls[node] == MEMBER_NONE) {
        eval->node_controls[node] = control;
        n->enrolled = eval->controls[control].dot;
        node_cut(eval, eval_seat_of(eval, n->office), n);
    }
    return ERR_OK;
}

/* A certificate that somebody carries; refused ones make *out VOID_KEY. */
static enum err
carry(struct eval *eval, const struct cert *cert, uint32_t control,
    enum void_reason *out)
{
    struct seat *seat = eval_seat(eval, &cert->office);
    uint32_t node = MEMBER_NONE;
    enum err rc = node_register(eval, seat, cert, &node);

    if (rc == ERR_OK && node != MEMBER_NONE) {
        return add_evidence(eval, node, control);
    }
    *out = VOID_KEY;
    return rc;
}

/* An enrol whose retirement does not hold is listed, and enrols all the
 * same: the certificate speaks for itself. */
static bool
retires_in_vain(const struct eval *eval, uint32_t control)
{
    const struct statement *s = &eval->controls[control].statement;
    const struct seat *author = eval_author_seat(eval, control);

    return s->has_retired && !eval->is_signed[control] && author != NULL &&
           office_id_equal(&author->id, &s->cert.office);
}

static enum err
finish_enrol(struct eval *eval, uint32_t control)
{
    const struct control *c = &eval->controls[control];
    const struct seat *seat = eval_seat(eval, &c->statement.cert.office);
    enum void_reason reason = author_allows(eval, control, 0);
    bool is_own = c->dot.position == 0 && eval_own_cert(eval, c->dot.log);
    enum err rc = ERR_OK;

    if (is_own && eval_author(eval, control) == NULL) {
        return ERR_OK; /* refused when its office's stage came */
    }
    if (is_own) {
        reason = VOID_NONE;
    } else if (reason == VOID_NONE &&
               (seat == NULL || seat->office == MEMBER_NONE)) {
        reason = VOID_NOT_MEMBER;
    } else if (reason == VOID_NONE && !cert_is_ours(eval, &c->statement.cert)) {
        reason = VOID_MALFORMED;
    }
    if (reason == VOID_NONE) {
        rc = carry(eval, &c->statement.cert, control, &reason);
    }
    if (reason == VOID_NONE && retires_in_vain(eval, control)) {
        reason = VOID_NO_RIGHT;
    }
    eval->m->verdicts[control] = (uint8_t)reason;
    return rc;
}

static enum err
finish_control(struct eval *eval, uint32_t control)
{
    const struct statement *s = &eval->controls[control].statement;
    bool is_valid = eval->m->verdicts[control] == VOID_NONE;
    enum void_reason ignored = VOID_NONE;
    enum err rc = ERR_OK;

    if (s->type == STATEMENT_ENROL) {
        return finish_enrol(eval, control);
    }
    if (s->type == STATEMENT_ADMIT && is_valid) {
        return carry(eval, &s->cert, control, &ignored);
    }
    for (size_t i = 0; s->type == STATEMENT_FOUND && is_valid &&
                       i < s->founder_count && rc == ERR_OK;
         i++) {
        rc = carry(eval, &s->founders[i].cert, control, &ignored);
    }
    return rc;
}

enum err
nodes_finish(struct eval *eval)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < eval->count && rc == ERR_OK; i++) {
        rc = finish_control(eval, eval->order[i]);
    }
    return rc;
}
