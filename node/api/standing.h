/* SPDX-License-Identifier: Apache-2.0 */
/* What a node can do with what it holds, if its office relays or audits, or
 * lacks content that it is due (docs/operations.md, "Auditors and relays"). */
#ifndef CORRIDOR_NODE_API_STANDING_H
#define CORRIDOR_NODE_API_STANDING_H

#include <jansson.h>

#include "storage/view.h"

enum { STANDING_BYTES = 256 };

/* That it relays or audits, as a sentence; empty if it does neither. */
enum err standing_sentence(
    char out[STANDING_BYTES], struct view *view, struct err_msg *msg) MUST_USE;

/* For the status: "standing" of docs/api.md. */
enum err standing_put(
    json_t **json, struct view *view, struct err_msg *msg) MUST_USE;

/* Does our office open anything at all, by its role? */
bool standing_opens(const struct view *view);

#endif
