/* SPDX-License-Identifier: Apache-2.0 */
/* Values as a person reads them, in a language. */
#ifndef CORRIDOR_NODE_API_RECORD_TEXT_H
#define CORRIDOR_NODE_API_RECORD_TEXT_H

#include "node/api/record_json.h"

/*
 * The text of one value, or of a collection's values with commas between:
 * codes by their labels, offices by their names, records by the first digits
 * of their ids. NULL without memory.
 */
json_t *record_text(const struct record_view *view,
    const struct schema_field *field, const json_t *value);

#endif
