/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of merging, read plainly (docs/protocol.md, "Records and
 * merging"). */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "tests/sim/oracle_internal.h"
#include "tests/sim/sim.h"

void
answer_release(struct answer *answer)
{
    for (size_t i = 0; i < answer->count; i++) {
        pool_release(&answer->values[i].value);
    }
    free(answer->values);
    pool_release(&answer->chosen);
    *answer = (struct answer){0};
}

void
answer_put(struct answer *answer, struct bytes value, uint8_t flags)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (bytes_equal(pool_bytes(&answer->values[i].value), value) &&
            answer->values[i].flags == flags) {
            return;
        }
    }
    answer->values = room_grow(answer->values, &answer->capacity,
        answer->count + 1, sizeof(*answer->values));
    pool_put(&answer->values[answer->count].value, value);
    answer->values[answer->count].flags = flags;
    answer->count++;
}

static void
choose(struct answer *answer, struct bytes value)
{
    answer->has_default = true;
    answer->chosen.size = 0;
    pool_put(&answer->chosen, value);
}

bool
fact_same(const struct fact_id *a, const struct fact_id *b)
{
    return a->dot.log == b->dot.log && a->dot.position == b->dot.position &&
           a->op == b->op;
}

static int
compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

bool
fact_is_newer(
    const struct asked *asked, const struct fact *a, const struct fact *b)
{
    const struct truth *truth = &asked->sim->truth;
    int order = compare_u64(truth_entry(truth, a->id.dot)->time,
        truth_entry(truth, b->id.dot)->time);

    if (order == 0) {
        order = node_id_compare(&truth->logs[a->id.dot.log].id.node,
            &truth->logs[b->id.dot.log].id.node);
    }
    if (order == 0) {
        order = compare_u64(a->id.dot.position, b->id.dot.position);
    }
    return (order == 0 ? compare_u64(a->id.op, b->id.op) : order) > 0;
}

const struct office_id *
fact_office(const struct asked *asked, const struct fact *fact)
{
    const struct sim *sim = asked->sim;

    return &sim->hosts[sim->truth.logs[fact->id.dot.log].owner]
                ->node.home.office;
}

static bool
same_office(
    const struct asked *asked, const struct fact *a, const struct fact *b)
{
    return office_id_equal(fact_office(asked, a), fact_office(asked, b));
}

bool
fact_saw(
    const struct asked *asked, const struct fact *by, const struct fact *old)
{
    const struct truth *truth = &asked->sim->truth;
    const struct truth_entry *entry = truth_entry(truth, by->id.dot);
    const struct truth_entry *older = truth_entry(truth, old->id.dot);

    if (!vclock_counts(&entry->clock, old->id.dot)) {
        return false;
    }
    if (entry->key.log == older->key.log &&
        entry->key.position == older->key.position) {
        return true;
    }
    return truth_opens(truth, older->key,
        &(struct truth_reader){&truth->logs[by->id.dot.log].id.node,
            &entry->clock, &asked->host->applied});
}

/* May this operation take the place of that one, if its author saw it? */
static bool
replaces(
    const struct asked *asked, const struct fact *by, const struct fact *old)
{
    if (by->action != ACTION_SET) {
        return false;
    }
    switch (asked->field->rule) {
    case RULE_REVIEW:
    case RULE_LATEST:
    case RULE_LADDER:
    case RULE_RESTRICT:
        return true;
    case RULE_HIGHEST:
    case RULE_LOWEST:
        return by->has_reason;
    case RULE_AUTHORITY:
        return same_office(asked, by, old);
    case RULE_ONCE:
    case RULE_SET:
    case RULE_BAN:
    case RULE_JOURNAL:
    case RULE_LEDGER:
    case RULE_OWNER:
    case RULE_COUNT:
        break;
    }
    return false;
}

bool
fact_is_current(const struct asked *asked, const struct fact *fact)
{
    for (size_t i = 0; i < asked->count; i++) {
        const struct fact *by = asked->facts[i];

        if (by != fact && replaces(asked, by, fact) &&
            fact_saw(asked, by, fact)) {
            return false;
        }
    }
    return true;
}

const struct fact *
fact_remover(
    const struct asked *asked, const struct fact *fact, bool only_own_office)
{
    for (size_t i = 0; i < asked->count; i++) {
        const struct fact *by = asked->facts[i];

        if (by->action != ACTION_REMOVE ||
            (only_own_office && !same_office(asked, by, fact))) {
            continue;
        }
        for (size_t k = 0; k < by->dot_count; k++) {
            if (fact_same(&by->dots[k], &fact->id) &&
                fact_saw(asked, by, fact)) {
                return by;
            }
        }
    }
    return NULL;
}

/* The newest of the current values that `keep` (may be NULL) lets pass. */
static const struct fact *
newest(const struct asked *asked,
    bool (*keep)(const struct asked *asked, const struct fact *fact))
{
    const struct fact *best = NULL;

    for (size_t i = 0; i < asked->count; i++) {
        const struct fact *fact = asked->facts[i];

        if (fact->action == ACTION_SET && fact_is_current(asked, fact) &&
            (keep == NULL || keep(asked, fact)) &&
            (best == NULL || fact_is_newer(asked, fact, best))) {
            best = fact;
        }
    }
    return best;
}

static void
put_current(const struct asked *asked, struct answer *out)
{
    for (size_t i = 0; i < asked->count; i++) {
        if (asked->facts[i]->action == ACTION_SET &&
            fact_is_current(asked, asked->facts[i])) {
            answer_put(out, pool_bytes(&asked->facts[i]->value), 0);
        }
    }
}

static void
answer_review(const struct asked *asked, struct answer *out)
{
    const struct fact *best = newest(asked, NULL);

    put_current(asked, out);
    out->says_conflict = true;
    out->has_conflict = out->count > 1;
    if (best != NULL) {
        choose(out, pool_bytes(&best->value));
    }
}

static void
answer_latest(const struct asked *asked, struct answer *out)
{
    const struct fact *best = newest(asked, NULL);

    answer_put(out, pool_bytes(&best->value), 0);
    choose(out, pool_bytes(&best->value));
}

static void
answer_once(const struct asked *asked, struct answer *out)
{
    answer_put(out, pool_bytes(&asked->facts[0]->value), 0);
    choose(out, pool_bytes(&asked->facts[0]->value));
}

static bool
beats(const struct asked *asked, struct bytes a, struct bytes b)
{
    struct bytes x = {0};
    struct bytes y = {0};

    return value_code_read(a, &x) == ERR_OK &&
           value_code_read(b, &y) == ERR_OK &&
           schema_ladder_beats(asked->field->ladder, x, y);
}

/* "The current value that beats every other; if none, review." */
static void
answer_ladder(const struct asked *asked, struct answer *out)
{
    out->says_conflict = true;
    put_current(asked, out);
    for (size_t i = 0; i < out->count; i++) {
        bool beats_all = true;

        for (size_t k = 0; k < out->count; k++) {
            beats_all =
                beats_all &&
                (i == k || beats(asked, pool_bytes(&out->values[i].value),
                               pool_bytes(&out->values[k].value)));
        }
        if (beats_all) {
            choose(out, pool_bytes(&out->values[i].value));
            return;
        }
    }
    out->has_conflict = true;
    choose(out, pool_bytes(&newest(asked, NULL)->value));
}

/* Does a come before b, for this field? */
static bool
is_less(const struct asked *asked, struct bytes a, struct bytes b)
{
    int64_t x = 0;
    int64_t y = 0;
    enum err rc = schema_value_rank(asked->field, a, &x);

    if (rc == ERR_OK) {
        rc = schema_value_rank(asked->field, b, &y);
    }
    assert(rc == ERR_OK);
    return x != y ? x < y : bytes_compare(a, b) < 0;
}

static void
answer_extreme(const struct asked *asked, struct answer *out)
{
    bool highest = asked->field->rule == RULE_HIGHEST;

    put_current(asked, out);
    for (size_t i = 0; i < out->count; i++) {
        struct bytes value = pool_bytes(&out->values[i].value);

        if (i == 0 ||
            is_less(asked, pool_bytes(&out->chosen), value) == highest) {
            choose(out, value);
        }
    }
}

static void
answer_set(const struct asked *asked, struct answer *out)
{
    for (size_t i = 0; i < asked->count; i++) {
        if (asked->facts[i]->action == ACTION_ADD &&
            fact_remover(asked, asked->facts[i], false) == NULL) {
            answer_put(out, pool_bytes(&asked->facts[i]->value), 0);
        }
    }
}

static void
answer_journal(const struct asked *asked, struct answer *out)
{
    for (size_t i = 0; i < asked->count; i++) {
        const struct fact *fact = asked->facts[i];

        if (fact->action == ACTION_ADD) {
            answer_put(out, pool_bytes(&fact->value),
                fact_remover(asked, fact, true) != NULL ? SHOWN_STRUCK : 0);
        }
    }
}

/* "A group counts once while any of its entries is unreversed": of those with
 * one key and a reference, all unreversed ones but one are duplicates. */
static void
answer_ledger(const struct asked *asked, struct answer *out)
{
    for (size_t i = 0; i < asked->count; i++) {
        const struct fact *fact = asked->facts[i];
        struct value_ledger entry;
        bool is_first = true;

        if (fact->action != ACTION_ADD) {
            continue;
        }
        if (fact_remover(asked, fact, false) != NULL) {
            answer_put(out, pool_bytes(&fact->value), SHOWN_STRUCK);
            continue;
        }
        if (value_ledger_read(pool_bytes(&fact->value), &entry) != ERR_OK) {
            out->is_open = true;
            return;
        }
        /* Which of equal ones counts is a matter of rank: here the first of
         * equal values counts, and the rest are told apart by value only. */
        for (size_t k = 0; k < i; k++) {
            struct value_ledger older;

            if (asked->facts[k]->action == ACTION_ADD &&
                fact_remover(asked, asked->facts[k], false) == NULL &&
                value_ledger_read(
                    pool_bytes(&asked->facts[k]->value), &older) == ERR_OK &&
                bytes_equal(entry.key, older.key)) {
                is_first = false;
            }
        }
        answer_put(out, pool_bytes(&fact->value),
            is_first || entry.reference.size == 0 ? 0 : SHOWN_DUPLICATE);
    }
}

static const struct office_id *
creator_office(const struct asked *asked)
{
    return &asked->sim->hosts[asked->record->creator]->node.home.office;
}

/* "The named office's current value; others' are allegations." */
static void
answer_authority(const struct asked *asked, struct answer *out)
{
    struct office_id named;
    const struct office_id *authority = creator_office(asked);

    if (asked->field->authority != 0) {
        authority = NULL;
        for (size_t i = 0; i < asked->other_count; i++) {
            if (asked->others[i]->field == asked->field->authority) {
                if (asked->others[i]->action != ACTION_SET ||
                    value_office_read(pool_bytes(&asked->others[i]->value),
                        &named) != ERR_OK) {
                    out->is_open = true; /* an owner's chain */
                    return;
                }
                authority = &named;
            }
        }
    }
    for (size_t i = 0; i < asked->count; i++) {
        const struct fact *fact = asked->facts[i];
        bool is_own = authority != NULL &&
                      office_id_equal(fact_office(asked, fact), authority);

        if (fact_is_current(asked, fact)) {
            answer_put(
                out, pool_bytes(&fact->value), is_own ? 0 : SHOWN_ALLEGATION);
        }
    }
}

/* "Texts as review": the meets of other types are left to their tests. */
static void
answer_restrict(const struct asked *asked, struct answer *out)
{
    size_t current = 0;

    put_current(asked, out);
    for (size_t i = 0; i < asked->count; i++) {
        current += fact_is_current(asked, asked->facts[i]) ? 1 : 0;
    }
    out->is_open = out->count > 1 || current == 0;
}

void
oracle_answer(const struct asked *asked, struct answer *out)
{
    switch (asked->field->rule) {
    case RULE_ONCE:
        answer_once(asked, out);
        break;
    case RULE_REVIEW:
        answer_review(asked, out);
        break;
    case RULE_LATEST:
        answer_latest(asked, out);
        break;
    case RULE_SET:
    case RULE_BAN:
        answer_set(asked, out);
        break;
    case RULE_JOURNAL:
        answer_journal(asked, out);
        break;
    case RULE_LEDGER:
        answer_ledger(asked, out);
        break;
    case RULE_LADDER:
        answer_ladder(asked, out);
        break;
    case RULE_HIGHEST:
    case RULE_LOWEST:
        answer_extreme(asked, out);
        break;
    case RULE_RESTRICT:
        answer_restrict(asked, out);
        break;
    case RULE_AUTHORITY:
        answer_authority(asked, out);
        break;
    case RULE_OWNER:
        oracle_owner(asked, out);
        break;
    case RULE_COUNT:
        break;
    }
}
