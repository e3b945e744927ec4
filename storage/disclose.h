/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening one stored change to somebody who may read no other: what ties its
 * plaintext to its leaf (docs/protocol.md, "Disclosures"). The content key
 * stays here: of it there is only the opening secret of this one change.
 */
#ifndef CORRIDOR_STORAGE_DISCLOSE_H
#define CORRIDOR_STORAGE_DISCLOSE_H

#include "storage/view.h"
#include "sync/model/disclosure.h"

/*
 * Fill in all of *out but its proof; to be released by the caller.
 * ERR_NOT_FOUND: no such entry, or its body is not here; ERR_MALFORMED: it is
 * no change, or its form or seal is broken; ERR_NO_KEY: it is not for us;
 * ERR_GAP: it waits for entries of others; ERR_CORRUPT, ERR_NOMEM. *msg says
 * which.
 */
enum err view_disclose(struct view *view, const struct log_id *log,
    uint64_t position, struct disclosure *out, struct err_msg *msg) MUST_USE;

#endif
