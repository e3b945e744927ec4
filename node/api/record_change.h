/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One edit asked for by JSON, done within a write transaction: from the
 * record as it stands there, so that nothing is stale by accident.
 */
#ifndef CORRIDOR_NODE_API_RECORD_CHANGE_H
#define CORRIDOR_NODE_API_RECORD_CHANGE_H

#include "node/api/draft.h"
#include "node/node.h"

struct record_change {
    struct node *node;
    uint16_t kind;
    bool is_new;
    struct record_id id;  /* unless is_new */
    const json_t *fields; /* an object; in imports the whole row */
    const char *parent;   /* is_new: as written, or NULL */
    const char *reason;   /* or NULL */
    const char *settle;   /* a field to settle instead, or NULL */
    const json_t *settle_value;
    bool has_version;
    struct version version;
    bool is_import;
    enum err (*resolve)(
        void *context, const char *text, char out[33], struct err_msg *msg);
    void *context;
    struct draft draft; /* zeroed at first; reused; to be released */
    /* After record_change_run: */
    struct edit_result result;
    bool is_unchanged; /* nothing was to be done, nothing was written */
};

/*
 * Do it. Errors as of store_edit and the draft; ERR_STALE also where nothing
 * was to be changed but the version is another.
 */
enum err record_change_run(struct record_change *change, struct store *store,
    struct err_msg *msg) MUST_USE;

#endif
