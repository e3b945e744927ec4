/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence and cosignatures, for whoever shows or sends them. */
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "storage/cosign.h"
#include "storage/fork.h"
#include "storage/view_internal.h"

static_assert(VIEW_HEADS_MAX == 2 + LOG_AWAITED_MAX, "as many are kept");

void
view_marks(const struct view *view, uint8_t out[MARKS_BYTES])
{
    memcpy(out, view->snapshot->marks, MARKS_BYTES);
}

enum err
view_heads(struct view *view, const struct log_id *log,
    struct head out[VIEW_HEADS_MAX], size_t *out_count, struct err_msg *msg)
{
    struct log_state state = {0};
    uint32_t number = 0;
    size_t count = 0;
    enum err rc = view_load_log(view, log, &number, &state, msg);

    if (rc == ERR_OK) {
        if (state.has_head) {
            out[count++] = state.head;
        }
        if (state.has_target) {
            out[count++] = state.target;
        }
        for (size_t i = 0; i < state.awaited_count; i++) {
            out[count++] = state.awaited[i];
        }
        *out_count = count;
    }
    author_release(&state.author);
    return rc;
}

/* A row of evidence, which must be about the log it stands for. */
static enum err
read_evidence(const struct view *view, uint32_t log, struct bytes row,
    struct evidence_row *out)
{
    const struct log_table *logs = view_logs(view);
    enum err rc = evidence_row_decode(out, row);

    if (rc == ERR_OK && (log >= logs->count || !log_id_equal(&out->evidence.log,
                                                   &logs->ids[log]))) {
        rc = ERR_CORRUPT;
    }
    return rc;
}

enum err
view_evidence(struct view *view,
    bool (*each)(void *context, const struct evidence_item *item),
    void *context, struct err_msg *msg)
{
    struct scan scan = {0};
    bool goes_on = true;
    enum err rc = scan_open(&scan, view->txn, TABLE_EVIDENCE, msg);

    while (rc == ERR_OK && goes_on && scan_next(&scan)) {
        struct evidence_row row;
        struct evidence_item item = {.evidence = &row.evidence};
        uint32_t log = 0;

        rc = key_get_u32(scan.key, &log);
        if (rc == ERR_OK) {
            rc = read_evidence(view, log, scan.value, &row);
        }
        if (rc == ERR_OK) {
            item.found_ms = row.found_ms;
            item.stored = vclock_get(&view->snapshot->stored, log);
            item.cut = membership_cut(view_membership(view), log);
            item.is_own =
                node_id_equal(&row.evidence.log.node, store_self(view->store));
            item.is_frozen = item.cut == UINT64_MAX;
            goes_on = each(context, &item);
        }
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    return rc;
}

enum err
view_evidence_of(struct view *view, const struct log_id *log,
    struct evidence *out, struct err_msg *msg)
{
    struct evidence_row found;
    struct bytes row = {0};
    struct key key;
    uint32_t number = 0;
    enum err rc = ERR_OK;

    if (!log_table_find(view_logs(view), log, &number)) {
        return ERR_NOT_FOUND;
    }
    key = key_u32(number);
    rc = txn_get(view->txn, TABLE_EVIDENCE, key_bytes(&key), &row, msg);
    if (rc == ERR_OK) {
        rc = read_evidence(view, number, row, &found);
    }
    if (rc == ERR_OK) {
        *out = found.evidence;
    }
    return rc;
}

/* The roots of one log's prefixes; many cosignatures are of the same. */
struct prefixes {
    struct entries_source entries;
    uint64_t stored;
    uint64_t size; /* of the last that was asked for, 0: none, */
    struct hash root;
};

static enum err
compare(struct prefixes *prefixes, const struct cosign_row *row,
    struct cosignature_item *out)
{
    struct merkle_source source = entries_merkle(&prefixes->entries);
    enum err rc = ERR_OK;

    out->sequence = row->sequence;
    out->is_reached = row->size <= prefixes->stored;
    if (out->is_reached && prefixes->size != row->size) {
        rc = merkle_source_root(&prefixes->root, &source, row->size);
        if (rc == ERR_OK) {
            prefixes->size = row->size;
        }
    }
    out->agrees = rc == ERR_OK && out->is_reached &&
                  hash_equal(&prefixes->root, &row->root);
    return rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc;
}

/* A log that is known and of which nothing has come has prefixes, too. */
static enum err
open_prefixes(struct view *view, const struct log_id *log, struct prefixes *out,
    struct err_msg *msg)
{
    struct log_state state = {0};
    uint32_t number = 0;
    enum err rc = view_load_log(view, log, &number, &state, msg);

    if (rc == ERR_OK) {
        *out = (struct prefixes){
            .entries = {view->txn, number}, .stored = state.edge.size};
    }
    author_release(&state.author);
    return rc;
}

enum err
view_cosignatures(struct view *view, const struct log_id *log,
    bool (*each)(void *context, const struct cosignature_item *item),
    void *context, struct err_msg *msg)
{
    struct prefixes prefixes = {.size = 0};
    struct cosign_scan scan = {.all = false};
    struct cosign_row row;
    bool goes_on = true;
    enum err rc = open_prefixes(view, log, &prefixes, msg);

    if (rc != ERR_OK) {
        return rc == ERR_NOT_FOUND ? ERR_OK : rc;
    }
    scan.log = prefixes.entries.log;
    rc = cosign_scan_open(&scan, view->txn, msg);
    while (rc == ERR_OK && goes_on && cosign_scan_next(&scan, &row)) {
        struct cosignature_item item = {
            .cosignature = cosign_of(&row, view_logs(view))};

        rc = compare(&prefixes, &row, &item);
        if (rc == ERR_OK) {
            goes_on = each(context, &item);
        }
    }
    if (rc == ERR_OK) {
        rc = cosign_scan_end(&scan, msg);
    }
    cosign_scan_close(&scan);
    return rc;
}

static int
compare_sequence(const void *a, const void *b)
{
    const struct cosign_row *x = a;
    const struct cosign_row *y = b;

    return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

/* The rows of the least sequences so far: room for twice as many, cut back to
 * those whenever it is full. */
struct choice {
    struct cosign_row *rows;
    size_t max;
    size_t count;
};

static void
cut_back(struct choice *choice)
{
    qsort(choice->rows, choice->count, sizeof(*choice->rows), compare_sequence);
    if (choice->count > choice->max) {
        choice->count = choice->max;
    }
}

static bool
is_wanted(const struct view *view, const struct cosign_row *row, uint64_t since)
{
    return row->sequence > since && row->log < view_logs(view)->count &&
           (snapshot_flags(view->snapshot, row->log) & SNAPSHOT_FORKED) == 0;
}

static enum err
choose(struct view *view, uint64_t since, struct choice *choice,
    struct err_msg *msg)
{
    struct cosign_scan scan = {.all = true};
    struct cosign_row row;
    enum err rc = cosign_scan_open(&scan, view->txn, msg);

    while (rc == ERR_OK && cosign_scan_next(&scan, &row)) {
        if (is_wanted(view, &row, since)) {
            choice->rows[choice->count++] = row;
        }
        if (choice->count == 2 * choice->max) {
            cut_back(choice);
        }
    }
    if (rc == ERR_OK) {
        rc = cosign_scan_end(&scan, msg);
    }
    cosign_scan_close(&scan);
    cut_back(choice);
    return rc;
}

enum err
view_cosignatures_since(struct view *view,
    const struct cosignature_range *range, struct cosignature_item *out,
    size_t *out_count, struct err_msg *msg)
{
    struct choice choice = {.max = range->max};
    enum err rc = ERR_OK;

    assert(range->max > 0 && range->max <= VIEW_COSIGNATURES_MAX);
    choice.rows = mem_alloc(2 * choice.max * sizeof(*choice.rows));
    if (choice.rows == NULL) {
        return ERR_NOMEM;
    }
    rc = choose(view, range->since, &choice, msg);
    for (size_t i = 0; i < choice.count && rc == ERR_OK; i++) {
        const struct cosign_row *row = &choice.rows[i];
        struct prefixes prefixes = {.size = 0};
        const struct log_id *log = &view_logs(view)->ids[row->log];

        rc = open_prefixes(view, log, &prefixes, msg);
        out[i].cosignature = cosign_of(row, view_logs(view));
        if (rc == ERR_OK) {
            rc = compare(&prefixes, row, &out[i]);
        }
    }
    if (rc == ERR_OK) {
        *out_count = choice.count;
    }
    mem_free(choice.rows);
    return rc;
}

/* Which offices vouch for how much, as one cosignature after another is
 * looked at. */
struct counting {
    const struct membership *membership;
    uint32_t author; /* its office's place */
    bool *any;       /* per office: vouches for something, */
    bool *greatest;  /* and for the greatest size so far */
    struct vouching found;
};

static void
count_office(struct counting *c, const struct member_node *node,
    const struct cosignature *cosignature)
{
    struct vouching *found = &c->found;

    if (cosignature->size > found->size) {
        found->size = cosignature->size;
        found->offices = 0;
        found->newest = 0;
        memset(c->greatest, 0, c->membership->office_count);
    }
    if (!c->any[node->office]) {
        c->any[node->office] = true;
        found->offices_any++;
    }
    if (cosignature->size < found->size) {
        return;
    }
    if (!c->greatest[node->office]) {
        c->greatest[node->office] = true;
        found->offices++;
    }
    if (cosignature->time > found->newest) {
        found->newest = cosignature->time;
    }
}

static bool
count_one(void *context, const struct cosignature_item *item)
{
    struct counting *c = context;
    const struct member_node *node =
        membership_node(c->membership, &item->cosignature.cosigner);

    if (item->agrees && node != NULL && node->office != c->author) {
        count_office(c, node, &item->cosignature);
    }
    return true;
}

enum err
view_vouch(struct view *view, const struct log_id *log, struct vouching *out,
    struct err_msg *msg)
{
    const struct membership *membership = view_membership(view);
    const struct member_node *author = membership_node(membership, &log->node);
    struct counting c = {.membership = membership,
        .author = author == NULL ? UINT32_MAX : author->office};
    enum err rc = ERR_OK;

    c.any = mem_zalloc(membership->office_count + 1, sizeof(*c.any));
    c.greatest = mem_zalloc(membership->office_count + 1, sizeof(*c.greatest));
    rc = c.any == NULL || c.greatest == NULL ? ERR_NOMEM : ERR_OK;
    if (rc == ERR_OK) {
        rc = view_cosignatures(view, log, count_one, &c, msg);
    }
    if (rc == ERR_OK) {
        *out = c.found;
    }
    mem_free(c.any);
    mem_free(c.greatest);
    return rc;
}
