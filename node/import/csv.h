/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables as spreadsheets save them: cells with commas, semicolons or tabs
 * between, quotes around what holds these, "" for a quote inside, rows ended
 * by LF, CRLF or CR, new lines within quotes. The delimiter is the one that
 * the first row holds most of, or what a first row "sep=X" says, where X is one
 * of these or a bar.
 *
 * A broken row is reported by itself: reading goes on after it. A quote that
 * is never closed breaks its own line only, not all that follows.
 */
#ifndef CORRIDOR_NODE_IMPORT_CSV_H
#define CORRIDOR_NODE_IMPORT_CSV_H

#include "node/import/source.h"

enum { CSV_CELLS_MAX = 256, CSV_ROW_BYTES_MAX = 256 * 1024 };

struct csv {
    struct source *source;
    uint8_t delimiter; /* 0 until the first row was looked at */
    uint64_t line;     /* of the row last read, from 1 */
    uint64_t next_line;
    struct buf raw; /* read, not yet parsed from `at` on */
    size_t at;
    struct bytes row; /* the row last read as it stands in the file */
    struct buf text;  /* its cells, one after the other */
    size_t ends[CSV_CELLS_MAX];
    size_t count;
};

/* The source is borrowed. */
void csv_init(struct csv *csv, struct source *source);
void csv_release(struct csv *csv);

/*
 * The next row that is not empty. ERR_NOT_FOUND at the end; ERR_MALFORMED
 * or ERR_TOO_BIG for a broken row, which csv->line names: call again for
 * those after it. ERR_IO and ERR_NOMEM end it.
 */
enum err csv_next(struct csv *csv, struct err_msg *msg) MUST_USE;
/* The nth cell of the row last read, without white space around it; empty
 * past the last. It lives until the next row is read. */
struct bytes csv_cell(const struct csv *csv, size_t n);

#endif
