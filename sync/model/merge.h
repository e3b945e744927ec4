/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The merge rules: one table of pure functions, a row per rule. `replaces`
 * says which current operations a new one takes the place of; `show` says
 * what a person sees of the current set, and is a function of it alone
 * (docs/protocol.md, "Records and merging").
 */
#ifndef CORRIDOR_SYNC_MODEL_MERGE_H
#define CORRIDOR_SYNC_MODEL_MERGE_H

#include "sync/model/record.h"

/* How one operation is shown. */
enum shown_flag {
    SHOWN_DEFAULT = 1,    /* what to take when one value is wanted */
    SHOWN_STRUCK = 2,     /* journal: struck out; ledger: reversed */
    SHOWN_DUPLICATE = 4,  /* ledger: the same payment, counted once already */
    SHOWN_POSSIBLE = 8,   /* ledger: a possible duplicate, without reference */
    SHOWN_ALLEGATION = 16 /* authority: not by the named office */
};

/*
 * Equal values are shown once, by the newest of the operations that say so;
 * whoever takes a value out of a set must name all of them (record_field).
 */
struct shown_value {
    const struct record_op *op; /* lives as long as the record */
    struct bytes value;         /* usually op->value; in `owned` for meets and
                                   for offices (RULE_OWNER) */
    uint8_t flags;
};

/* What a person sees of one field. */
struct shown {
    bool has_conflict; /* a person has to decide */
    bool has_default;
    struct shown_value *values; /* the default first, then canonical order */
    size_t count;
    size_t capacity;
    struct buf owned;       /* computed values (restrict) */
    struct office_id owner; /* RULE_OWNER: the owner, where has_default */
};
void shown_release(struct shown *shown);

struct merge_view {
    const struct record *record;
    const struct schema_kind *kind;   /* NULL: unknown */
    const struct schema_field *field; /* NULL: unknown, shown as review */
    const struct log_table *logs;
    const struct membership *membership;
};

/* Fill *out (cleared first, memory reused). ERR_NOMEM. */
enum err merge_show(
    struct shown *out, const struct merge_view *view, uint16_t field) MUST_USE;

/*
 * The marks of schema packs that hold for this record (only the owner may
 * close …): bit n for schema->marks[n]. Marks past the 64th are not looked at.
 * ERR_NOMEM.
 */
enum { MERGE_MARKS_MAX = 64 };
enum err merge_marks(uint64_t *out, const struct merge_view *view,
    const struct schema *schema) MUST_USE;

/* What a rule makes of the dots that an operation names. */
enum merge_naming {
    NAMES_NOTHING, /* kept, without meaning */
    NAMES_REMOVED, /* they leave the current set, and the naming with them */
    NAMES_MARKED,  /* both stay: struck out, reversed */
    NAMES_FOLLOWED /* both stay: a chain of transfers */
};

/* For record_apply: the row of a rule. */
struct merge_rule {
    const char *name;
    uint8_t actions; /* bit per enum change_action that it allows */
    enum merge_naming naming;
    /* Does `op` (counting `old`, whose key its author could open) replace
     * old? Named dots are handled by record_apply. */
    bool (*replaces)(const struct record_op *op, const struct record_op *old,
        const struct merge_view *view);
    enum err (*show)(struct shown *out, const struct merge_view *view,
        const struct record_field *ops);
};
const struct merge_rule *merge_rule(enum schema_rule rule);

/*
 * The balance of a ledger, per type and currency, in the order of their
 * bytes: entries counted once and not reversed. Amounts of one currency with
 * different exponents are added at the greatest of them. A sum that leaves
 * int64 stays at the end it left by. ERR_TOO_BIG: more sums than `capacity`;
 * ERR_NOMEM. Views live as long as the record.
 */
struct ledger_sum {
    struct bytes type;     /* code */
    struct bytes currency; /* ISO 4217 */
    int64_t minor;         /* saturates; has_overflow then */
    uint8_t exponent;
    bool has_overflow;
};
enum err merge_ledger(struct ledger_sum *out, size_t capacity,
    size_t *out_count, const struct merge_view *view, uint16_t field) MUST_USE;

#endif
