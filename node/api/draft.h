/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drafts: what a person asks of a record, as the operations of one edit
 * (docs/api.md, "Fields in requests"):
 *
 *   "status": "open"       set; on collections of a new record, add
 *   "issues+": "debt"      add one or several: set, ban, journal, ledger
 *   "issues-": "debt"      remove by value; strike an item by number or text;
 *                          reverse an entry by number or value
 *   "owner": "Vientiane"   hand over, following the last transfer
 *
 * What changes nothing (the value that stands already, an item that is there)
 * makes no operation. A draft owns what its operations point to.
 */
#ifndef CORRIDOR_NODE_API_DRAFT_H
#define CORRIDOR_NODE_API_DRAFT_H

#include <jansson.h>

#include "storage/store.h"
#include "sync/model/merge.h"

struct draft_scope {
    const struct schema *schema;
    const struct schema_kind *kind;
    const struct membership *membership;
    const struct log_table *logs;
    const struct office_id *office; /* our own */
    const struct record *record;    /* as it stands; NULL: it is new */
    /* Rows add to collections without a "+", and name fields by labels. */
    bool is_import;
    /* An id as written ("0123ab", "#c12") as 32 digits and a NUL. */
    enum err (*resolve)(
        void *context, const char *text, char out[33], struct err_msg *msg);
    void *context;
};

struct draft_op; /* an operation whose values are offsets yet */

struct draft {
    struct draft_op *items;
    size_t item_capacity;
    struct buf bytes; /* values and reasons */
    struct op_id *dots;
    size_t dot_count;
    size_t dot_capacity;
    struct change_op *ops; /* after draft_finish */
    size_t op_capacity;
    size_t count;
};

void draft_clear(struct draft *draft); /* keeps the memory */
/* Free what it holds; zeroed is fine. */
void draft_release(struct draft *draft);

/*
 * Add what `fields` asks; `reason` may be NULL. ERR_MALFORMED, ERR_NOT_FOUND,
 * ERR_EXISTS (an ambiguous name), ERR_DENIED, with the field named in *msg;
 * ERR_NOMEM. The draft is to be cleared then.
 */
enum err draft_fields(struct draft *draft, const struct draft_scope *scope,
    const json_t *fields, const char *reason, struct err_msg *msg) MUST_USE;
/* Add one operation that settles a field's conflict. ERR_CONFIG: none. */
enum err draft_settle(struct draft *draft, const struct draft_scope *scope,
    const char *field, const json_t *value, const char *reason,
    struct err_msg *msg) MUST_USE;
/* For a new record: its owner fields begin with our own office. ERR_NOMEM. */
enum err draft_owners(
    struct draft *draft, const struct draft_scope *scope) MUST_USE;
/* Give the operations their values: ops and count are ready. ERR_NOMEM. */
enum err draft_finish(struct draft *draft) MUST_USE;

/* The value with names and short ids in it resolved: a new reference. */
enum err draft_resolve(json_t **out, const struct draft_scope *scope,
    const struct schema_field *field, const json_t *json,
    struct err_msg *msg) MUST_USE;
/* Name the field in *msg, unless it is named there already; returns rc. */
enum err draft_fault(enum err rc, const struct schema_field *field,
    struct err_msg *msg) MUST_USE;
/* Of a row: is it no field but "kind", "id", "parent" or "reason"? */
bool draft_is_row_word(const struct schema_kind *kind, const char *name);
/* A field by its name, and in imports by its label in any language. */
const struct schema_field *draft_field(
    const struct draft_scope *scope, const char *name, size_t size);

#endif
