/* SPDX-License-Identifier: Apache-2.0 */
/* What the oracle's files share. */
#ifndef CORRIDOR_TESTS_SIM_ORACLE_INTERNAL_H
#define CORRIDOR_TESTS_SIM_ORACLE_INTERNAL_H

#include "sync/model/merge.h"
#include "tests/sim/oracle.h"

/* One field of one record as one host must see it. */
struct asked {
    struct sim *sim;
    struct host *host;
    const struct fact_record *record;
    const struct schema_field *field;
    const struct fact **facts; /* applied, readable: all of this field */
    size_t count;
    const struct fact **others; /* of all fields of the record */
    size_t other_count;
};

/* What must be shown. */
struct answer {
    struct expected {
        struct pool value;
        uint8_t flags; /* of enum shown_flag, but for DEFAULT */
    } * values;        /* in no order */
    size_t count;
    size_t capacity;
    bool has_default; /* then the default has this value: */
    struct pool chosen;
    bool says_conflict; /* has_conflict counts */
    bool has_conflict;
    bool is_open; /* the rule is not told here: nothing is compared */
};
void answer_release(struct answer *answer);

/* Is it newer: greater (time, node, log, position, op)? */
bool fact_is_newer(
    const struct asked *asked, const struct fact *a, const struct fact *b);
/* The office that a fact's author is of. */
const struct office_id *fact_office(
    const struct asked *asked, const struct fact *fact);
bool fact_same(const struct fact_id *a, const struct fact_id *b);
/* Could `by`'s author see `old`: counted, and its key could be opened? */
bool fact_saw(
    const struct asked *asked, const struct fact *by, const struct fact *old);
/* Does no other fact of the field replace this one? */
bool fact_is_current(const struct asked *asked, const struct fact *fact);
/* Is it named by a removal whose author could see it? NULL: none. */
const struct fact *fact_remover(
    const struct asked *asked, const struct fact *fact, bool same_office);

/* Put a value among those that must be shown, once. */
void answer_put(struct answer *answer, struct bytes value, uint8_t flags);

/* The rows of the table, by the field's rule. */
void oracle_answer(const struct asked *asked, struct answer *out);
/* oracle_owner.c: the chain of transfers. */
void oracle_owner(const struct asked *asked, struct answer *out);

#endif
