/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by draft.c and its parts by verb. */
#ifndef CORRIDOR_NODE_API_DRAFT_INTERNAL_H
#define CORRIDOR_NODE_API_DRAFT_INTERNAL_H

#include "node/api/draft.h"

struct draft_op {
    struct change_op op; /* its pointers are set by draft_finish */
    size_t value_at;     /* in bytes */
    size_t reason_at;
    size_t dots_at; /* in dots */
};

/* A new operation at the end; NULL without memory. It lives until the next. */
struct draft_op *draft_push(
    struct draft *draft, uint16_t field, enum change_action action);
/* The operation's value, copied; it must be the last one. */
enum err draft_put_value(
    struct draft *draft, struct draft_op *op, struct bytes value) MUST_USE;
enum err draft_put_dot(
    struct draft *draft, struct draft_op *op, const struct op_id *id) MUST_USE;

/* What is shown of a field as the record stands; empty if it is new. */
enum err draft_shown(struct shown *out, const struct draft_scope *scope,
    const struct schema_field *field) MUST_USE;

/* "field-": remove, strike, reverse what `json` says. */
enum err draft_remove(struct draft *draft, const struct draft_scope *scope,
    const struct schema_field *field, const json_t *json,
    struct err_msg *msg) MUST_USE;
/* Hand over: an operation that follows all ends of the chain. */
enum err draft_transfer(struct draft *draft, const struct draft_scope *scope,
    const struct schema_field *field, const json_t *json,
    struct err_msg *msg) MUST_USE;

#endif
