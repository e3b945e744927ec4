/* SPDX-License-Identifier: Apache-2.0 */
/* What is shown of ledgers, and what they add up to. */
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/model/merge_internal.h"

/* An entry of a ledger on the way to its group. */
struct posting {
    const struct record_op *op;
    struct value_ledger entry;
    uint8_t flags;
};

struct postings {
    struct posting *postings; /* by key, then in canonical order */
    size_t count;
};

/* By what makes entries equal, then in canonical order. */
static int
compare_postings(const void *a, const void *b)
{
    const struct posting *x = a;
    const struct posting *y = b;
    int order = bytes_compare(x->entry.key, y->entry.key);

    return order != 0 ? order : (x->op > y->op) - (x->op < y->op);
}

static int
compare_postings_by_op(const void *a, const void *b)
{
    const struct posting *x = a;
    const struct posting *y = b;

    return (x->op > y->op) - (x->op < y->op);
}

static bool
same_group(const struct posting *a, const struct posting *b)
{
    return bytes_equal(a->entry.key, b->entry.key);
}

/* "A group counts once while any of its entries is unreversed." */
static void
mark_duplicates(struct posting *group, size_t count)
{
    bool is_counted = false;

    for (size_t i = 0; i < count; i++) {
        if ((group[i].flags & SHOWN_STRUCK) == 0) {
            group[i].flags |= is_counted ? SHOWN_DUPLICATE : 0;
            is_counted = true;
        }
    }
}

/* "Equal entries without a reference, by several offices." */
static void
mark_possible(
    struct posting *group, size_t count, const struct merge_view *view)
{
    const struct posting *first = NULL;
    bool is_possible = false;

    for (size_t i = 0; i < count; i++) {
        if ((group[i].flags & SHOWN_STRUCK) != 0) {
            continue;
        }
        if (first == NULL) {
            first = &group[i];
        } else if (!merge_same_office(view, first->op, group[i].op)) {
            is_possible = true;
        }
    }
    for (size_t i = 0; is_possible && i < count; i++) {
        if ((group[i].flags & SHOWN_STRUCK) == 0) {
            group[i].flags |= SHOWN_POSSIBLE;
        }
    }
}

static void
mark_groups(struct postings *all, const struct merge_view *view)
{
    size_t from = 0;

    while (from < all->count) {
        struct posting *group = &all->postings[from];
        size_t count = 1;

        while (from + count < all->count && same_group(group, &group[count])) {
            count++;
        }
        if (group->entry.reference.size > 0) {
            mark_duplicates(group, count);
        } else {
            mark_possible(group, count, view);
        }
        from += count;
    }
}

/* "A reversal names a dot", and may be anybody's. */
static enum err
postings_collect(struct postings *out, const struct record_field *ops)
{
    struct merge_names names = {0};
    enum err rc = merge_names_collect(&names, ops);

    if (rc == ERR_OK) {
        out->postings = mem_zalloc(ops->count, sizeof(*out->postings));
        rc = out->postings == NULL ? ERR_NOMEM : ERR_OK;
    }
    for (size_t i = 0; i < ops->count && rc == ERR_OK; i++) {
        struct posting posting = {.op = &ops->ops[i]};

        /* Values were checked when applied, so all of them can be read. */
        if (ops->ops[i].action != ACTION_ADD ||
            value_ledger_read(ops->ops[i].value, &posting.entry) != ERR_OK) {
            continue;
        }
        if (merge_names_find(&names, &ops->ops[i].id) != NULL) {
            posting.flags = SHOWN_STRUCK;
        }
        out->postings[out->count] = posting;
        out->count++;
    }
    merge_names_release(&names);
    return rc;
}

/* All entries with their flags, in canonical order. */
static enum err
postings_judge(struct postings *out, const struct merge_view *view,
    const struct record_field *ops)
{
    enum err rc = postings_collect(out, ops);

    if (rc == ERR_OK && out->count > 1) {
        qsort(out->postings, out->count, sizeof(*out->postings),
            compare_postings);
        mark_groups(out, view);
        qsort(out->postings, out->count, sizeof(*out->postings),
            compare_postings_by_op);
    }
    return rc;
}

enum err
merge_show_ledger(struct shown *out, const struct merge_view *view,
    const struct record_field *ops)
{
    struct postings all = {0};
    enum err rc = postings_judge(&all, view, ops);

    for (size_t i = 0; i < all.count && rc == ERR_OK; i++) {
        rc = shown_add_op(out, all.postings[i].op, all.postings[i].flags);
        if ((all.postings[i].flags & SHOWN_POSSIBLE) != 0) {
            out->has_conflict = true;
        }
    }
    mem_free(all.postings);
    return rc;
}

/* The place of the sum of this type and currency, or where it belongs. */
static bool
find_sum(const struct ledger_sum *sums, size_t count,
    const struct value_ledger *entry, size_t *out_at)
{
    size_t at = 0;
    int order = -1;

    while (at < count) {
        order = bytes_compare(sums[at].type, entry->type);
        if (order == 0) {
            order = bytes_compare(
                sums[at].currency, bytes_text(entry->amount.currency));
        }
        if (order >= 0) {
            break;
        }
        at++;
    }
    *out_at = at;
    return at < count && order == 0;
}

/* The currency's three letters within the value, which outlives the entry. */
static struct bytes
currency_of(const struct value_ledger *entry)
{
    /* The amount ends the key: [units, currency, exponent], where the
     * exponent is one byte and the currency the three before it. */
    return bytes_of(entry->key.data + entry->key.size - 4, 3);
}

static enum err
add_sum(struct ledger_sum *sums, size_t capacity, size_t *count,
    const struct value_ledger *entry)
{
    size_t at = 0;

    if (!find_sum(sums, *count, entry, &at)) {
        if (*count == capacity) {
            return ERR_TOO_BIG;
        }
        memmove(&sums[at + 1], &sums[at], (*count - at) * sizeof(*sums));
        sums[at] = (struct ledger_sum){
            .type = entry->type,
            .currency = currency_of(entry),
        };
        (*count)++;
    }
    if (entry->amount.exponent > sums[at].exponent) {
        sums[at].exponent = entry->amount.exponent;
    }
    return ERR_OK;
}

/* Pin a sum to the end of int64 that it left by. */
static void
overflow(struct ledger_sum *sum, bool is_negative)
{
    sum->minor = is_negative ? INT64_MIN : INT64_MAX;
    sum->has_overflow = true;
}

static void
raise_sum(struct ledger_sum *sum, const struct value_money *amount)
{
    int64_t units = amount->units;

    if (sum->has_overflow) {
        return;
    }
    for (uint8_t i = amount->exponent; i < sum->exponent; i++) {
        if (units > INT64_MAX / 10 || units < INT64_MIN / 10) {
            overflow(sum, units < 0);
            return;
        }
        units *= 10;
    }
    if (units > 0 ? sum->minor > INT64_MAX - units
                  : sum->minor < INT64_MIN - units) {
        overflow(sum, units < 0);
        return;
    }
    sum->minor += units;
}

/* First which sums there are and at which exponent, then the amounts. */
static enum err
sum_up(struct ledger_sum *out, size_t capacity, size_t *out_count,
    const struct postings *all)
{
    static const uint8_t not_counted = SHOWN_STRUCK | SHOWN_DUPLICATE;
    size_t count = 0;
    size_t at = 0;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < all->count && rc == ERR_OK; i++) {
        if ((all->postings[i].flags & not_counted) == 0) {
            rc = add_sum(out, capacity, &count, &all->postings[i].entry);
        }
    }
    for (size_t i = 0; i < all->count && rc == ERR_OK; i++) {
        const struct value_ledger *entry = &all->postings[i].entry;

        if ((all->postings[i].flags & not_counted) == 0 &&
            find_sum(out, count, entry, &at)) {
            raise_sum(&out[at], &entry->amount);
        }
    }
    if (rc == ERR_OK) {
        *out_count = count;
    }
    return rc;
}

enum err
merge_ledger(struct ledger_sum *out, size_t capacity, size_t *out_count,
    const struct merge_view *view, uint16_t field)
{
    const struct record_field *ops = record_field(view->record, field);
    struct postings all = {0};
    enum err rc = ERR_OK;

    if (ops == NULL) {
        *out_count = 0;
        return ERR_OK;
    }
    rc = postings_judge(&all, view, ops);
    if (rc == ERR_OK) {
        rc = sum_up(out, capacity, out_count, &all);
    }
    mem_free(all.postings);
    return rc;
}
