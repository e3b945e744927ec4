/* SPDX-License-Identifier: Apache-2.0 */
/* Forks and vouches, for the status and for auditors: docs/api.md. */
#ifndef CORRIDOR_NODE_API_VOUCHING_H
#define CORRIDOR_NODE_API_VOUCHING_H

#include <jansson.h>

#include "storage/view.h"

/* Put "forks": what is known of logs that were signed in two versions, with
 * the evidence as files if `with_files`. */
enum err vouching_put_forks(json_t **json, struct view *view, bool with_files,
    struct err_msg *msg) MUST_USE;

/* Put "vouches": how many logs other offices vouch for, and those of `self`. */
enum err vouching_put(json_t **json, struct view *view,
    const struct node_id *self, struct err_msg *msg) MUST_USE;

#endif
