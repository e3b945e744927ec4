/* SPDX-License-Identifier: Apache-2.0 */
/* What the author's reader and writer of headers share. */
#ifndef CORRIDOR_SYNC_MODEL_AUTHOR_INTERNAL_H
#define CORRIDOR_SYNC_MODEL_AUTHOR_INTERNAL_H

#include "sync/model/entry.h"

/*
 * Is the log in the author's table? All but the node's own two are there
 * because a clock counted them, so the clocks tell, without a search.
 */
bool author_has(const struct author *author, uint32_t log);

/* Does the author count logs of this kind in seen, and not in its clock? */
bool author_counts_as_seen(const struct author *author, enum log_kind kind);

#endif
