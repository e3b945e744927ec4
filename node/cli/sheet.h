/* SPDX-License-Identifier: Apache-2.0 */
/* Tables for a terminal: cells of texts, columns that line up. */
#ifndef CORRIDOR_NODE_CLI_SHEET_H
#define CORRIDOR_NODE_CLI_SHEET_H

#include "crypto/base/buf.h"

enum { SHEET_COLUMNS_MAX = 64, SHEET_CELL_WIDTH_MAX = 48 };

struct sheet {
    size_t columns;
    struct buf text; /* the cells, one after the other */
    size_t *ends;    /* of each cell in text */
    size_t count;    /* of cells */
    size_t capacity;
    bool failed; /* no memory: printing says so */
};

/* Columns: 1..SHEET_COLUMNS_MAX. */
void sheet_init(struct sheet *sheet, size_t columns);
void sheet_release(struct sheet *sheet);

/* The next cell, from left to right and row by row; the first row is the
 * heading. NULL counts as "". */
void sheet_put(struct sheet *sheet, const char *cell);

/* Append all rows, each ended by a newline. A row that is not full is filled
 * up. ERR_NOMEM, ERR_TOO_BIG. */
enum err sheet_print(struct sheet *sheet, struct buf *out) MUST_USE;

#endif
