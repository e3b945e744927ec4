/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts that values are made of, for value.c and value_parts.c only.
 * Each reads one part from the cursor and fails it if a rule of value.h is
 * broken; what is returned after a failure is of no use.
 */
#ifndef CORRIDOR_SYNC_MODEL_VALUE_INTERNAL_H
#define CORRIDOR_SYNC_MODEL_VALUE_INTERNAL_H

#include "crypto/base/cursor.h"
#include "sync/model/value.h"

/* Fail the cursor unless `claim` holds. */
void value_need(struct cursor *cursor, bool claim);
/* An array of exactly `count` items. */
void value_get_count(struct cursor *cursor, size_t count);
/* text, short, code and dt as value.h has them; null is returned as empty. */
struct bytes value_get_text(struct cursor *cursor);
struct bytes value_get_short(struct cursor *cursor);
struct bytes value_get_short_or_empty(struct cursor *cursor);
struct bytes value_get_short_or_null(struct cursor *cursor);
struct bytes value_get_code(struct cursor *cursor);
void value_get_date(struct cursor *cursor, struct value_date *out);
void value_get_money(struct cursor *cursor, struct value_money *out);

#endif
