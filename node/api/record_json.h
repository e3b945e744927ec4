/* SPDX-License-Identifier: Apache-2.0 */
/* Records as JSON (docs/api.md, "A record"). */
#ifndef CORRIDOR_NODE_API_RECORD_JSON_H
#define CORRIDOR_NODE_API_RECORD_JSON_H

#include <jansson.h>

#include "storage/view.h"
#include "sync/model/merge.h"

/* A record and what it is read with; all borrowed. */
struct record_view {
    const struct record *record;
    const struct schema *schema;
    const struct membership *membership;
    const struct log_table *logs;
    const char *lang; /* labels and texts in it are wanted, or NULL */
    bool listed_only; /* fields that stand in lists */
    bool has_details; /* who wrote which current value when */
};

/* The kind's name, "kind-31" for one that the pack lacks. */
json_t *record_kind_json(const struct schema *schema, uint16_t kind);
/* The field's name, "field-9" for one that the pack lacks: into out. */
enum { RECORD_NAME_BYTES = SCHEMA_WORD_MAX + 1 };
void record_field_name(char out[RECORD_NAME_BYTES],
    const struct schema_kind *kind, uint16_t field);

/* The whole record. ERR_NOMEM. */
enum err record_json(json_t **out, const struct record_view *view) MUST_USE;
/* What `fields` holds of one field, from what is shown of it. ERR_NOMEM. */
enum err record_field_json(json_t **out, const struct schema_field *field,
    const struct shown *shown) MUST_USE;
/* The record's fields in conflict: an array of {"field", "rule", "values"}. */
enum err record_conflicts_json(
    json_t **out, const struct record_view *view) MUST_USE;
/* One value; of an unknown field {"cbor": hex}. */
enum err record_value_json(json_t **out, const struct schema_field *field,
    struct bytes value) MUST_USE;
/* {"log", "position", "op"} of an operation. */
json_t *record_op_json(const struct log_table *logs, const struct op_id *id);
/* {"office", "node"} of whoever writes a log. */
void record_put_author(json_t **object, const struct membership *membership,
    const struct log_table *logs, uint32_t log);

#endif
