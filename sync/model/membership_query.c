/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/base/num.h"
#include "sync/model/membership_internal.h"

const char *
void_reason_text(enum void_reason reason)
{
    switch (reason) {
    case VOID_NONE:
        return "It counts.";
    case VOID_MALFORMED:
        return "It breaks its format.";
    case VOID_UNKNOWN:
        return "It is of a later version than this program knows.";
    case VOID_NOT_MEMBER:
        return "Its author was not a member of the corridor at that point.";
    case VOID_NO_RIGHT:
        return "Its author's office did not have the right to write it.";
    case VOID_CUT:
        return "It lies behind the point at which its log was cut.";
    case VOID_FIREWALL:
        return "It would give a firewall office what it must never have.";
    case VOID_KEY:
        return "Its key was not its author's to use, or was replaced.";
    case VOID_SEAL:
        return "Its content does not match its seal.";
    case VOID_CLASS:
        return "It holds a field that its key's class does not allow.";
    case VOID_RECORD:
        return "It breaks the rules of its own record.";
    case VOID_REASON_COUNT:
        break;
    }
    return "It was refused for a reason that this program does not know.";
}

size_t
index_slot(uint64_t key, size_t slots)
{
    key *= UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(key ^ (key >> 32)) & (slots - 1);
}

size_t
index_slots_for(size_t count)
{
    size_t slots = 16;

    while (slots < 2 * count) {
        slots *= 2;
    }
    return slots;
}

const uint8_t *
cert_key(const struct cert *cert, size_t which)
{
    const uint8_t *keys[CERT_NODE_KEYS] = {cert->keys.sign.bytes,
        cert->keys.noise.bytes, cert->keys.seal.bytes, cert->keys.cosign.bytes,
        cert->keys.clock.bytes};

    return keys[which];
}

uint32_t *
index_key(const struct membership *membership, const uint8_t key[32])
{
    const struct member_index *index = membership->index;
    uint64_t mixed = num_load_u64(key) ^ num_load_u64(key + 8) ^
                     num_load_u64(key + 16) ^ num_load_u64(key + 24);
    size_t slot = index_slot(mixed, index->key_slots);

    while (index->keys[slot] != 0) {
        uint32_t found = index->keys[slot] - 1;
        const struct cert *cert =
            &membership->nodes[found / CERT_NODE_KEYS].cert;

        if (memcmp(cert_key(cert, found % CERT_NODE_KEYS), key, 32) == 0) {
            break;
        }
        slot = (slot + 1) & (index->key_slots - 1);
    }
    return &index->keys[slot];
}

uint32_t
index_node(const struct membership *membership, const struct node_id *node)
{
    uint32_t slot = *index_key(membership, node->bytes);

    /* Another node may use those bytes as a key of another kind. */
    if (slot == 0 || (slot - 1) % CERT_NODE_KEYS != 0) {
        return MEMBER_NONE;
    }
    return (slot - 1) / CERT_NODE_KEYS;
}

uint32_t *
index_generation(const struct membership *membership, struct dot dot)
{
    const struct member_index *index = membership->index;
    size_t slot = index_slot(
        dot.position ^ (uint64_t)dot.log << 40, index->generation_slots);

    while (index->generations[slot] != 0) {
        const struct generation *g =
            &membership->generations[index->generations[slot] - 1];

        if (g->dot.log == dot.log && g->dot.position == dot.position) {
            break;
        }
        slot = (slot + 1) & (index->generation_slots - 1);
    }
    return &index->generations[slot];
}

uint32_t *
index_sealing(
    const struct membership *membership, uint32_t generation, uint32_t node)
{
    const struct member_index *index = membership->index;
    size_t slot =
        index_slot((uint64_t)generation << 32 | node, index->sealing_slots);

    while (index->sealings[slot] != 0) {
        const struct sealing *s =
            &membership->sealings[index->sealings[slot] - 1];

        if (s->generation == generation &&
            node_id_equal(&s->node, &membership->nodes[node].cert.keys.sign)) {
            break;
        }
        slot = (slot + 1) & (index->sealing_slots - 1);
    }
    return &index->sealings[slot];
}

bool
circle_equal(const struct circle_name *a, const struct circle_name *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch ((enum circle_kind)a->kind) {
    case CIRCLE_LINK:
    case CIRCLE_EVERYONE:
        return true;
    case CIRCLE_OFFICE:
        return office_id_equal(&a->office, &b->office);
    case CIRCLE_NAMED:
        break;
    }
    return strcmp(a->name, b->name) == 0;
}

const struct member_node *
membership_node(const struct membership *membership, const struct node_id *node)
{
    uint32_t found =
        membership->index == NULL ? MEMBER_NONE : index_node(membership, node);

    return found == MEMBER_NONE ? NULL : &membership->nodes[found];
}

const struct office *
membership_office(
    const struct membership *membership, const struct office_id *office)
{
    size_t low = 0;
    size_t high = membership->office_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct office *o =
            &membership->offices[membership->index->offices[middle]];
        int order = memcmp(o->id.bytes, office->bytes, sizeof(office->bytes));

        if (order == 0) {
            return o;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

uint32_t
index_writer(const struct membership *membership, uint32_t log)
{
    const struct member_index *index = membership->index;

    if (index == NULL || log >= membership->logs->count) {
        return MEMBER_NONE;
    }
    return log < index->log_count
               ? index->log_nodes[log]
               : index_node(membership, &membership->logs->ids[log].node);
}

static const struct member_node *
log_writer(const struct membership *membership, uint32_t log)
{
    uint32_t node = index_writer(membership, log);

    return node == MEMBER_NONE ? NULL : &membership->nodes[node];
}

bool
office_is_firewall_at(const struct membership *membership,
    const struct office *office, const struct vclock *clock)
{
    const struct office_rights *rights =
        &membership->index->office_rights[office - membership->offices];

    for (size_t g = 0; g < rights->give_count; g++) {
        const struct right *give = &membership->rights[rights->gives + g];

        if (give->firewall && vclock_counts(clock, give->dot)) {
            return true;
        }
    }
    return false;
}

const struct office *
membership_office_of(const struct membership *membership, uint32_t log)
{
    const struct member_node *node = log_writer(membership, log);

    return node == NULL ? NULL : &membership->offices[node->office];
}

uint64_t
membership_cut(const struct membership *membership, uint32_t log)
{
    const struct member_node *node = log_writer(membership, log);

    return node == NULL ? UINT64_MAX
                        : node->cuts[membership->logs->ids[log].kind];
}

/* A control log's own first entry enrols; else some certificate is counted. */
static bool
is_enrolled(const struct membership *membership, const struct member_node *node,
    struct dot entry, const struct vclock *clock)
{
    const struct member_index *index = membership->index;
    size_t place = (size_t)(node - membership->nodes);

    if (membership->logs->ids[entry.log].kind == LOG_CONTROL) {
        return node->is_own;
    }
    for (size_t i = index->evidence_first[place];
         i < index->evidence_first[place + 1]; i++) {
        if (vclock_counts(clock, index->evidence[i].dot)) {
            return true;
        }
    }
    return false;
}

/* Where an entry stands among what its office was given and lost. */
struct stand {
    const struct membership *membership;
    const struct office_rights *rights;
    size_t column; /* of its log in the takings' cuts */
    uint64_t position;
    const struct vclock *clock;
};

static bool
is_taken(const struct stand *stand, uint32_t give, uint8_t part)
{
    const struct office_rights *rights = stand->rights;
    const struct member_index *index = stand->membership->index;
    const struct right *takes = stand->membership->rights + rights->takes;
    const bool *counted =
        index->counted + rights->counted + (size_t)give * rights->take_count;
    const uint64_t *cuts = index->cuts + rights->cuts + stand->column;

    for (size_t t = 0; t < rights->take_count; t++) {
        if ((takes[t].roles & part) != 0 && !counted[t] &&
            stand->position >= cuts[t * rights->node_count * 2]) {
            return true;
        }
    }
    return false;
}

/* The rule of membership_rights.c, check(), on what was kept. */
static enum void_reason
check(const struct stand *stand, uint8_t wanted, enum void_reason lacking)
{
    const struct right *gives =
        stand->membership->rights + stand->rights->gives;
    enum void_reason reason = lacking;

    for (uint32_t g = 0; g < stand->rights->give_count; g++) {
        uint8_t part = gives[g].roles & wanted;

        if (part == 0 || !vclock_counts(stand->clock, gives[g].dot)) {
            continue;
        }
        if (!is_taken(stand, g, part)) {
            return VOID_NONE;
        }
        reason = VOID_CUT;
    }
    return reason;
}

enum void_reason
membership_allows(const struct membership *membership, struct dot entry,
    const struct vclock *clock, uint8_t role)
{
    const struct member_node *node = log_writer(membership, entry.log);
    struct stand stand = {
        .membership = membership, .position = entry.position, .clock = clock};
    enum void_reason reason = VOID_NONE;
    uint8_t kind = LOG_CONTROL;

    if (node == NULL || !is_enrolled(membership, node, entry, clock)) {
        return VOID_NOT_MEMBER;
    }
    kind = membership->logs->ids[entry.log].kind;
    if (entry.position >= node->cuts[kind]) {
        return VOID_CUT;
    }
    stand.rights = &membership->index->office_rights[node->office];
    stand.column = (size_t)node->place * 2 + kind;
    reason = check(&stand, role == ROLE_ADMIN ? RIGHT_MEMBER : RIGHT_BELONG,
        VOID_NOT_MEMBER);
    if (reason == VOID_NONE && role != 0) {
        reason = check(&stand, role, VOID_NO_RIGHT);
    }
    return reason;
}

bool
membership_generation(
    const struct membership *membership, struct dot dot, uint32_t *out)
{
    uint32_t slot = 0;

    if (membership->generation_count == 0) {
        return false;
    }
    slot = *index_generation(membership, dot);
    if (slot == 0) {
        return false;
    }
    *out = slot - 1;
    return true;
}

bool
membership_current(const struct membership *membership,
    const struct circle_name *circle, uint32_t *out)
{
    for (size_t i = membership->generation_count; i-- > 0;) {
        const struct generation *g = &membership->generations[i];

        if (g->is_usable && circle_equal(&g->circle, circle)) {
            *out = (uint32_t)i;
            return true;
        }
    }
    return false;
}

bool
node_in_circle(const struct membership *membership,
    const struct circle_name *circle, const struct member_node *node)
{
    const struct office *office = &membership->offices[node->office];

    if (office->is_retired || node->cuts[LOG_CONTROL] != UINT64_MAX) {
        return false;
    }
    switch ((enum circle_kind)circle->kind) {
    case CIRCLE_LINK:
        return true;
    case CIRCLE_EVERYONE:
        return (office->roles & (ROLE_READ | ROLE_WRITE)) != 0 &&
               !office->firewall;
    case CIRCLE_OFFICE:
        return office_id_equal(&office->id, &circle->office);
    case CIRCLE_NAMED:
        break;
    }
    return false;
}

bool
office_holds_bodies(const struct office *office)
{
    return office == NULL || (office->roles & ROLE_AUDIT) == 0 ||
           (office->roles & (ROLE_WRITE | ROLE_READ | ROLE_RELAY)) != 0;
}

bool
office_holds_keys(const struct office *office)
{
    return office == NULL || (office->roles & (ROLE_WRITE | ROLE_READ)) != 0 ||
           (office->roles & (ROLE_RELAY | ROLE_AUDIT)) == 0;
}

bool
membership_in_circle(const struct membership *membership,
    const struct circle_name *circle, const struct node_id *node)
{
    const struct member_node *found = membership_node(membership, node);

    return found != NULL && node_in_circle(membership, circle, found);
}

/* Was this very generation made by, or sealed to, the node? */
static bool
holds(const struct membership *membership, uint32_t generation, uint32_t node,
    const struct vclock *clock)
{
    const struct generation *g = &membership->generations[generation];
    uint32_t slot = 0;

    if (!vclock_counts(clock, g->dot)) {
        return false;
    }
    if (g->maker == node) {
        return true;
    }
    slot = *index_sealing(membership, generation, node);
    for (uint32_t s = slot - 1; slot != 0 && s != MEMBER_NONE;
         s = membership->sealings[s].previous) {
        if (vclock_counts(clock, membership->sealings[s].dot)) {
            return true;
        }
    }
    return false;
}

/*
 * The next of the generations that descend from `top` (wrap its secret, or
 * that of one that does), depth first; MEMBER_NONE after the last.
 */
static uint32_t
next_descendant(const struct membership *membership, uint32_t top, uint32_t at)
{
    const struct generation *all = membership->generations;

    if (all[at].child != MEMBER_NONE) {
        return all[at].child;
    }
    while (at != top && all[at].sibling == MEMBER_NONE) {
        at = all[at].former;
    }
    return at == top ? MEMBER_NONE : all[at].sibling;
}

bool
node_opens(const struct membership *membership, uint32_t generation,
    uint32_t node, const struct vclock *clock)
{
    for (uint32_t g = generation; g != MEMBER_NONE;
         g = next_descendant(membership, generation, g)) {
        if (holds(membership, g, node, clock)) {
            return true;
        }
    }
    return false;
}

bool
membership_opens(const struct membership *membership, uint32_t generation,
    const struct node_id *node, const struct vclock *clock)
{
    uint32_t found = index_node(membership, node);

    assert(generation < membership->generation_count);
    return found != MEMBER_NONE &&
           node_opens(membership, generation, found, clock);
}
