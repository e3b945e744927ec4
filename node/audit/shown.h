/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a disclosed change says, for people and programs, in the words of the
 * schema pack that is built in. It is personal data: for whoever was handed
 * the disclosure.
 */
#ifndef CORRIDOR_NODE_AUDIT_SHOWN_H
#define CORRIDOR_NODE_AUDIT_SHOWN_H

#include <jansson.h>

#include "crypto/base/bytes.h"
#include "crypto/base/err.h"

/*
 * A new reference in *out: {"record", "kind", "parent" (or null), "creates",
 * "operations": [{"field", "does", "value" (or null), "reason" (or null),
 * "names"}]}. Kinds and fields that the pack lacks are numbers, and their
 * values hex. "does" is set, add, remove or transfer; "names" counts the
 * operations that it names. ERR_MALFORMED: the plaintext breaks its form;
 * ERR_VERSION: it takes another dictionary; ERR_NOMEM.
 */
enum err shown_change(struct bytes padded, json_t **out) MUST_USE;

/* The same of the plaintext itself, in the words of that pack. */
struct schema;
enum err shown_plain(
    struct bytes plain, const struct schema *schema, json_t **out) MUST_USE;

#endif
