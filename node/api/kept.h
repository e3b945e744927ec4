/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an edit did not replace: of a field that shows the highest or the
 * lowest of what was said, a value that goes less far joins the others, and
 * what was shown stays, unless a reason is given (docs/api.md, "Records").
 */
#ifndef CORRIDOR_NODE_API_KEPT_H
#define CORRIDOR_NODE_API_KEPT_H

#include "node/api/call.h"
#include "node/api/record_change.h"

/*
 * Of a change that was written: an array of {"field","value"}, with "text"
 * where a language is asked for, for each field that shows another value than
 * was set. NULL: there is none, or no saying.
 */
json_t *kept_json(struct api_call *call, const struct record_change *change);

#endif
