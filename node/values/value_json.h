/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as people and programs write them, and back: JSON for the API and
 * for import, single texts for the command line (docs/schema.md, "Values").
 * What is stored is the CBOR of sync/model/value.h.
 *
 * Digits of Khmer, Lao, Thai, Burmese, Shan and full-width scripts count as
 * 0-9 in dates, amounts, phone and id numbers; a year of 2400 or more is
 * Buddhist. The text as written is kept beside what was made of it. Nothing
 * is guessed: what can be read in two ways is refused, and the message says
 * how to write it. Messages never repeat the value, which may be personal.
 */
#ifndef CORRIDOR_NODE_VALUES_VALUE_JSON_H
#define CORRIDOR_NODE_VALUES_VALUE_JSON_H

#include <jansson.h>

#include "crypto/base/buf.h"
#include "crypto/base/err.h"
#include "sync/model/schema.h"
#include "sync/model/value.h"

/*
 * Append the value's CBOR to out. ERR_MALFORMED (with the reason in *msg,
 * which may be NULL), ERR_TOO_BIG or ERR_NOMEM leave out as it was.
 *
 * A JSON string is read as a text; other JSON as the type's object or array.
 * A text that starts with { or [ is read as JSON where the type has such a
 * form. JSON null is no value of any type: see field_from_json().
 */
enum err value_from_json(enum value_type type, const json_t *json,
    struct buf *out, struct err_msg *msg) MUST_USE;
enum err value_from_text(enum value_type type, const char *text,
    struct buf *out, struct err_msg *msg) MUST_USE;

/*
 * A new reference in *out: the plainest JSON that value_from_json() reads
 * back as the same value. ERR_MALFORMED for a value not of the type.
 */
enum err value_to_json(
    enum value_type type, struct bytes value, json_t **out) MUST_USE;

/*
 * The same for what a field may hold: null stands for "no value" where the
 * field's rule allows that, and codes must be in the pack: ERR_NOT_FOUND
 * with the codes there are in *msg.
 */
enum err field_from_json(const struct schema_field *field, const json_t *json,
    struct buf *out, struct err_msg *msg) MUST_USE;
enum err field_from_text(const struct schema_field *field, const char *text,
    struct buf *out, struct err_msg *msg) MUST_USE;
enum err field_to_json(const struct schema_field *field, struct bytes value,
    json_t **out) MUST_USE;

#endif
