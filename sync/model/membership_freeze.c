/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/model/membership_internal.h"

void
index_free(struct member_index *index)
{
    if (index == NULL) {
        return;
    }
    mem_free(index->log_nodes);
    mem_free(index->offices);
    mem_free(index->keys);
    mem_free(index->office_rights);
    mem_free(index->counted);
    mem_free(index->cuts);
    mem_free(index->evidence);
    mem_free(index->evidence_first);
    mem_free(index->generations);
    mem_free(index->sealings);
    mem_free(index);
}

/* Sizes of the arrays, and where each office's part begins. */
static void
count_rights(struct eval *eval, size_t *out_counted, size_t *out_cuts)
{
    struct membership *m = eval->m;
    size_t counted = 0;
    size_t cuts = 0;

    for (uint32_t i = 0; i < m->office_count; i++) {
        struct office_rights *rights = &m->index->office_rights[i];
        const struct seat *seat = eval_seat_of(eval, i);

        rights->gives = (uint32_t)m->right_count;
        for (uint32_t g = seat->gives; g != MEMBER_NONE;
             g = eval->gives[g].next) {
            rights->give_count++;
        }
        rights->takes = rights->gives + rights->give_count;
        for (uint32_t t = seat->takes; t != MEMBER_NONE;
             t = eval->takes[t].next) {
            rights->take_count += !eval->takes[t].is_node;
        }
        m->right_count += rights->give_count + rights->take_count;
        rights->node_count = seat->node_count;
        rights->counted = counted;
        rights->cuts = cuts;
        counted += (size_t)rights->give_count * rights->take_count;
        cuts += (size_t)rights->take_count * rights->node_count * 2;
    }
    *out_counted = counted;
    *out_cuts = cuts;
}

static void
freeze_take(
    struct eval *eval, uint32_t office, const struct take *take, uint32_t place)
{
    struct membership *m = eval->m;
    const struct office_rights *rights = &m->index->office_rights[office];
    uint64_t *cuts =
        m->index->cuts + rights->cuts + (size_t)place * rights->node_count * 2;
    bool *counted = m->index->counted + rights->counted + place;

    m->rights[rights->takes + place].roles = take->roles;
    for (size_t i = 0; i < m->node_count; i++) {
        const struct member_node *node = &m->nodes[i];

        for (uint8_t kind = 0; node->office == office && kind <= LOG_CHANGES;
             kind++) {
            struct log_id log = {node->cert.keys.sign, kind};

            cuts[node->place * 2 + kind] = take_cut(eval, take, &log);
        }
    }
    for (uint32_t g = eval_seat_of(eval, office)->gives; g != MEMBER_NONE;
         g = eval->gives[g].next) {
        *counted = take_is_counted(
            eval, take, &eval->controls[eval->gives[g].control].clock);
        counted += rights->take_count;
    }
}

static void
freeze_office(struct eval *eval, uint32_t office)
{
    struct membership *m = eval->m;
    const struct seat *seat = eval_seat_of(eval, office);
    const struct office_rights *rights = &m->index->office_rights[office];
    uint32_t place = 0;

    for (uint32_t g = seat->gives; g != MEMBER_NONE; g = eval->gives[g].next) {
        m->rights[rights->gives + place++] =
            (struct right){eval->controls[eval->gives[g].control].dot,
                eval->gives[g].roles, eval->gives[g].firewall};
    }
    place = 0;
    for (uint32_t t = seat->takes; t != MEMBER_NONE; t = eval->takes[t].next) {
        if (!eval->takes[t].is_node) {
            freeze_take(eval, office, &eval->takes[t], place++);
        }
    }
}

/* An office with its place, to sort by id. */
struct by_id {
    struct office_id id;
    uint32_t office;
};

static int
compare_ids(const void *left, const void *right)
{
    const struct by_id *a = left;
    const struct by_id *b = right;

    return memcmp(a->id.bytes, b->id.bytes, sizeof(a->id.bytes));
}

static enum err
sort_offices(struct membership *m)
{
    struct by_id *all = mem_zalloc(m->office_count + 1, sizeof(*all));

    m->index->offices =
        mem_zalloc(m->office_count + 1, sizeof(*m->index->offices));
    if (all == NULL || m->index->offices == NULL) {
        mem_free(all);
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < m->office_count; i++) {
        all[i] = (struct by_id){m->offices[i].id, i};
    }
    qsort(all, m->office_count, sizeof(*all), compare_ids);
    for (size_t i = 0; i < m->office_count; i++) {
        m->index->offices[i] = all[i].office;
    }
    mem_free(all);
    return ERR_OK;
}

enum err
rights_freeze(struct eval *eval)
{
    struct membership *m = eval->m;
    struct member_index *index = m->index;
    size_t counted = 0;
    size_t cuts = 0;
    enum err rc = sort_offices(m);

    if (rc != ERR_OK) {
        return rc;
    }
    index->office_rights =
        mem_zalloc(m->office_count + 1, sizeof(*index->office_rights));
    if (index->office_rights == NULL) {
        return ERR_NOMEM;
    }
    count_rights(eval, &counted, &cuts);
    m->rights = mem_zalloc(m->right_count + 1, sizeof(*m->rights));
    index->counted = mem_zalloc(counted + 1, sizeof(*index->counted));
    index->cuts = mem_zalloc(cuts + 1, sizeof(*index->cuts));
    if (m->rights == NULL || index->counted == NULL || index->cuts == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < m->office_count; i++) {
        freeze_office(eval, i);
    }
    return ERR_OK;
}

/* Sort the evidence by node, keeping its order: by counting. */
enum err
evidence_freeze(struct eval *eval)
{
    struct membership *m = eval->m;
    struct member_index *index = m->index;

    index->evidence_first =
        mem_zalloc(m->node_count + 2, sizeof(*index->evidence_first));
    index->evidence =
        mem_zalloc(eval->evidence_count + 1, sizeof(*index->evidence));
    if (index->evidence_first == NULL || index->evidence == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < eval->evidence_count; i++) {
        index->evidence_first[eval->evidence[i].node + 2]++;
    }
    for (size_t i = 2; i < m->node_count + 2; i++) {
        index->evidence_first[i] += index->evidence_first[i - 1];
    }
    /* Each start is one place late, and moves to its own as it fills. */
    for (size_t i = 0; i < eval->evidence_count; i++) {
        const struct evidence *e = &eval->evidence[i];

        index->evidence[index->evidence_first[e->node + 1]++] = *e;
    }
    return ERR_OK;
}
