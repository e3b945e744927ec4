/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file to import as JSON objects, one a row: lines of JSON as they stand,
 * or a table whose first row names the fields (docs/api.md, "Import"). Empty
 * cells are left out. Each row comes with its line and how often the very
 * same row stood before it, so that equal rows can be told apart when the
 * file is read again.
 */
#ifndef CORRIDOR_NODE_IMPORT_ROWS_H
#define CORRIDOR_NODE_IMPORT_ROWS_H

#include <jansson.h>

#include "node/import/source.h"

enum { ROWS_LINE_BYTES_MAX = 64 * 1024 };

struct rows;

struct rows_row {
    json_t *json;     /* an object; the caller's to release */
    uint64_t line;    /* from 1 */
    uint32_t repeats; /* equal rows before this one */
};

/* The source is borrowed. ERR_NOMEM. */
enum err rows_new(
    struct rows **out, struct source *source, bool is_csv) MUST_USE;
void rows_free(struct rows *rows); /* NULL is fine */

/*
 * The next row. ERR_NOT_FOUND at the end; ERR_MALFORMED, ERR_TOO_BIG: a
 * broken row, of which out->line alone is set; go on with the next. All else
 * ends it.
 */
enum err rows_next(
    struct rows *rows, struct rows_row *out, struct err_msg *msg) MUST_USE;

#endif
