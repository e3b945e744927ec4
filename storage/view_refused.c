/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does not count, and why. Two sources: the table, for what an entry's
 * own log, key and record say once and for all; and the membership, whose
 * verdicts on statements change as others come. Both by arrival.
 */
#include <stdlib.h>

#include "crypto/base/mem.h"
#include "storage/view_internal.h"

struct refused_at {
    uint64_t arrival;
    struct refused_item item;
};

struct listing {
    struct scan scan;
    bool has_row; /* the scan stands at one */
    struct refused_at row;
    struct refused_at *statements; /* newest first */
    size_t count;
    size_t next;
};

static int
compare_newest_first(const void *a, const void *b)
{
    const struct refused_at *x = a;
    const struct refused_at *y = b;

    return (x->arrival < y->arrival) - (x->arrival > y->arrival);
}

/* The roster may be newer than the view: what came later is left out. */
static enum err
list_statements(struct listing *listing, struct view *view, struct err_msg *msg)
{
    const struct roster *roster = view->roster;

    if (roster->refused_count == 0) {
        return ERR_OK;
    }
    listing->statements =
        mem_zalloc(roster->refused_count, sizeof(*listing->statements));
    if (listing->statements == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < roster->refused_count; i++) {
        struct stored_entry stored;
        enum err rc =
            entries_get(view->txn, roster->refused[i].dot, &stored, msg);

        if (rc == ERR_OK) {
            listing->statements[listing->count] =
                (struct refused_at){stored.arrival, roster->refused[i]};
            listing->count++;
        } else if (rc != ERR_NOT_FOUND) {
            return rc;
        }
    }
    qsort(listing->statements, listing->count, sizeof(*listing->statements),
        compare_newest_first);
    return ERR_OK;
}

static enum err
read_row(struct listing *listing, struct view *view, struct err_msg *msg)
{
    struct bytes value = listing->scan.value;
    struct stored_entry stored;
    enum err rc = ERR_OK;

    if (!listing->has_row) {
        return ERR_OK;
    }
    rc = key_get_u64(listing->scan.key, &listing->row.arrival);
    if (rc == ERR_OK &&
        (value.size != 1 || value.data[0] >= VOID_REASON_COUNT)) {
        rc = ERR_CORRUPT;
    }
    if (rc == ERR_OK) {
        rc = entries_at(view->txn, listing->row.arrival, &stored, msg);
    }
    if (rc == ERR_OK) {
        listing->row.item.dot = stored.dot;
        listing->row.item.reason = (enum void_reason)value.data[0];
    }
    return rc;
}

/* The newest that was not given yet; NULL at the end. */
static enum err
take_newest(struct listing *listing, struct view *view,
    struct refused_item *out, bool *out_is_end, struct err_msg *msg)
{
    bool has_statement = listing->next < listing->count;

    *out_is_end = !has_statement && !listing->has_row;
    if (*out_is_end) {
        return ERR_OK;
    }
    if (has_statement &&
        (!listing->has_row || listing->statements[listing->next].arrival >
                                  listing->row.arrival)) {
        *out = listing->statements[listing->next++].item;
        return ERR_OK;
    }
    *out = listing->row.item;
    listing->has_row = scan_prev(&listing->scan);
    return read_row(listing, view, msg);
}

enum err
view_refused(struct view *view,
    bool (*each)(void *context, const struct refused_item *item), void *context,
    struct err_msg *msg)
{
    struct listing listing = {.count = 0};
    struct bytes none = {0};
    bool is_end = false;
    enum err rc = scan_open(&listing.scan, view->txn, TABLE_REFUSED, msg);

    if (rc == ERR_OK) {
        rc = list_statements(&listing, view, msg);
    }
    if (rc == ERR_OK) {
        listing.has_row = scan_last(&listing.scan, none);
        rc = read_row(&listing, view, msg);
    }
    while (rc == ERR_OK && !is_end) {
        struct refused_item item = {.reason = VOID_NONE};

        rc = take_newest(&listing, view, &item, &is_end, msg);
        if (rc == ERR_OK && !is_end && !each(context, &item)) {
            is_end = true;
        }
    }
    if (rc == ERR_OK) {
        rc = scan_end(&listing.scan, msg);
    }
    scan_close(&listing.scan);
    mem_free(listing.statements);
    return rc;
}
