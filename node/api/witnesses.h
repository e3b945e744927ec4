/* SPDX-License-Identifier: Apache-2.0 */
/* What outside witnesses have cosigned of our own logs, for the status and for
 * checkpoints (docs/operations.md, "Witnesses"). */
#ifndef CORRIDOR_NODE_API_WITNESSES_H
#define CORRIDOR_NODE_API_WITNESSES_H

#include <jansson.h>

#include "node/witness/witnessed.h"

/* Put "witnesses", an array. */
enum err witnesses_put(
    json_t **json, struct view *view, struct err_msg *msg) MUST_USE;

/*
 * Those of what is kept of a log that have cosigned a part of it as it is held
 * here; none of another node's log.
 */
enum err witnesses_read(struct witnessed_list *out, struct view *view,
    const struct log_id *log, struct err_msg *msg) MUST_USE;

#endif
