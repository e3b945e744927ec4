/* SPDX-License-Identifier: Apache-2.0 */
#include "node/import/line.h"

#include <string.h>

void
line_reader_init(
    struct line_reader *reader, struct source *source, size_t limit)
{
    *reader = (struct line_reader){.source = source, .limit = limit};
    buf_init(&reader->raw, limit + (size_t)4 * SOURCE_CHUNK_BYTES);
}

void
line_reader_release(struct line_reader *reader)
{
    buf_wipe(&reader->raw);
}

/* Room for more: what was given away makes place for what is left. */
static enum err
read_more(struct line_reader *reader, struct err_msg *msg)
{
    size_t left = reader->raw.size - reader->at;

    if (left > 0 && reader->at > 0) {
        memmove(reader->raw.data, reader->raw.data + reader->at, left);
    }
    buf_truncate(&reader->raw, left);
    reader->at = 0;
    return source_read(reader->source, &reader->raw, msg);
}

static bool
is_blank(struct bytes line)
{
    for (size_t i = 0; i < line.size; i++) {
        if (line.data[i] != ' ' && line.data[i] != '\t' &&
            line.data[i] != '\r') {
            return false;
        }
    }
    return true;
}

/* One line, its LF taken; ERR_NOT_FOUND at the end. */
static enum err
next_line(struct line_reader *reader, struct bytes *out, struct err_msg *msg)
{
    bool is_too_big = false;
    size_t seen = 0; /* bytes from `at` on without an LF */

    for (;;) {
        size_t left = reader->raw.size - reader->at;
        const uint8_t *start = left > 0 ? reader->raw.data + reader->at : NULL;
        const uint8_t *end =
            left > seen ? memchr(start + seen, '\n', left - seen) : NULL;
        enum err rc = ERR_OK;

        if (end != NULL || (reader->source->at_end && left > 0)) {
            size_t size = end != NULL ? (size_t)(end - start) : left;

            reader->at += size + (end != NULL ? 1 : 0);
            reader->line++;
            *out = bytes_of(start, size);
            return is_too_big || size > reader->limit ? ERR_TOO_BIG : ERR_OK;
        }
        if (reader->source->at_end) {
            return is_too_big ? ERR_TOO_BIG : ERR_NOT_FOUND;
        }
        seen = left;
        if (left > reader->limit) {
            is_too_big = true;
            reader->at = reader->raw.size;
            seen = 0;
        }
        rc = read_more(reader, msg);
        if (rc != ERR_OK) {
            return rc;
        }
    }
}

enum err
line_reader_next(
    struct line_reader *reader, struct bytes *out, struct err_msg *msg)
{
    struct bytes line = {NULL, 0};
    enum err rc = next_line(reader, &line, msg);

    while (rc == ERR_OK && is_blank(line)) {
        rc = next_line(reader, &line, msg);
    }
    if (rc == ERR_TOO_BIG) {
        return err_set(msg, rc, "a line of more than %zu bytes", reader->limit);
    }
    if (rc == ERR_OK) {
        *out = line;
    }
    return rc;
}
