/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a source, one after the other. */
#ifndef CORRIDOR_NODE_IMPORT_LINE_H
#define CORRIDOR_NODE_IMPORT_LINE_H

#include "node/import/source.h"

struct line_reader {
    struct source *source;
    size_t limit;   /* of a line's bytes */
    uint64_t line;  /* the number of the line last read, from 1 */
    struct buf raw; /* read, not yet given from `at` on */
    size_t at;
};

/* The source is borrowed. */
void line_reader_init(
    struct line_reader *reader, struct source *source, size_t limit);
void line_reader_release(struct line_reader *reader);

/*
 * The next line that holds more than white space, without its end; it lives
 * until the next call. ERR_NOT_FOUND at the end. ERR_TOO_BIG: a longer line,
 * stepped over. Other errors of the source end it.
 */
enum err line_reader_next(struct line_reader *reader, struct bytes *out,
    struct err_msg *msg) MUST_USE;

#endif
