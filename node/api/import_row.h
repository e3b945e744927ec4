/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row of an import, within a write transaction (docs/api.md, "Import").
 * A row is known by its content, what it speaks of, and how many equal rows
 * stood before it in its file; one that was taken in before changes nothing.
 */
#ifndef CORRIDOR_NODE_API_IMPORT_ROW_H
#define CORRIDOR_NODE_API_IMPORT_ROW_H

#include "node/api/call.h"
#include "node/api/record_change.h"

enum row_status { ROW_MADE, ROW_UPDATED, ROW_UNCHANGED, ROW_COUNT };

struct importing {
    struct api_call *call;
    const struct schema_kind *kind; /* of rows that name none; NULL */
    json_t *names; /* "#c12" -> "case/0123…", as far as they are known */
    bool keeps_zawgyi;
    struct record_change change;
    struct buf content;
};

struct import_row {
    const json_t *json;
    uint64_t repeats;
};

struct import_result {
    enum row_status status;
    uint16_t kind;
    struct record_id id;
    bool looks_zawgyi; /* perhaps; nothing was done about it */
};

/*
 * Take in one row. Errors are the row's own if the store is not dirty then.
 */
enum err import_row_run(struct importing *importing, struct store *store,
    const struct import_row *row, struct import_result *out,
    struct err_msg *msg) MUST_USE;
void importing_release(struct importing *importing);

#endif
