/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of view only. */
#ifndef CORRIDOR_STORAGE_VIEW_INTERNAL_H
#define CORRIDOR_STORAGE_VIEW_INTERNAL_H

#include "storage/store_internal.h"
#include "storage/view.h"

struct view {
    struct store *store;
    struct snapshot *snapshot; /* clocks: of what the transaction sees */
    struct roster *roster;     /* members: at least as new as it */
    struct txn *txn;
    struct content_cache content; /* its own: views run in many threads */
    struct codec *codec;          /* made when first needed */
    struct log_table logs;        /* a copy, made when first needed */
    bool has_logs;
};

/* A reader over the view. With `deep` it can also replay headers and open
 * bodies, which needs a codec and a log table of its own. */
enum err view_reader(struct view *view, bool deep, struct reader *out) MUST_USE;

/* A log's number and row; *out has an author to be released in any case, so
 * it is handed in zeroed. ERR_NOT_FOUND. */
enum err view_load_log(struct view *view, const struct log_id *id,
    uint32_t *out_log, struct log_state *out, struct err_msg *msg) MUST_USE;

#endif
