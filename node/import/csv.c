/* SPDX-License-Identifier: Apache-2.0 */
#include "node/import/csv.h"

#include <string.h>

/* Where in a row the reader stands. */
enum state {
    CELL_START,
    IN_CELL,
    IN_QUOTES,
    AFTER_QUOTE, /* a quote within quotes: the end, or half of "" */
    ROW_END
};

enum { END_OF_FILE = -1 };

void
csv_init(struct csv *csv, struct source *source)
{
    *csv = (struct csv){.source = source, .next_line = 1};
    buf_init(&csv->raw, CSV_ROW_BYTES_MAX + (size_t)4 * SOURCE_CHUNK_BYTES);
    buf_init(&csv->text, CSV_ROW_BYTES_MAX);
}

void
csv_release(struct csv *csv)
{
    buf_wipe(&csv->raw);
    buf_wipe(&csv->text);
}

/* Drop what was parsed, to make room. */
static void
drop_parsed(struct csv *csv)
{
    size_t left = csv->raw.size - csv->at;

    if (csv->at < SOURCE_CHUNK_BYTES) {
        return;
    }
    memmove(csv->raw.data, csv->raw.data + csv->at, left);
    buf_truncate(&csv->raw, left);
    csv->at = 0;
}

/* The byte at `at`, reading on when needed. */
static enum err
byte_at(struct csv *csv, size_t at, int *out, struct err_msg *msg)
{
    while (at >= csv->raw.size && !csv->source->at_end) {
        enum err rc = source_read(csv->source, &csv->raw, msg);

        if (rc != ERR_OK) {
            return rc;
        }
    }
    *out = at < csv->raw.size ? csv->raw.data[at] : END_OF_FILE;
    return ERR_OK;
}

/* The size of the first line, without its end. */
static enum err
first_line(struct csv *csv, size_t *out, struct err_msg *msg)
{
    size_t size = 0;
    int c = 0;
    enum err rc = byte_at(csv, size, &c, msg);

    while (rc == ERR_OK && c != END_OF_FILE && c != '\n' && c != '\r' &&
           size < CSV_ROW_BYTES_MAX) {
        size++;
        rc = byte_at(csv, size, &c, msg);
    }
    *out = size;
    return rc;
}

static enum err
choose_delimiter(struct csv *csv, struct err_msg *msg)
{
    static const char delimiters[] = ",;\t";
    size_t most = 0;
    size_t size = 0;
    enum err rc = first_line(csv, &size, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    csv->delimiter = ',';
    if (size == 5 && memcmp(csv->raw.data, "sep=", 4) == 0 &&
        memchr(",;\t|", csv->raw.data[4], 4) != NULL) {
        csv->delimiter = csv->raw.data[4];
        csv->at = 5;
        return ERR_OK;
    }
    for (size_t d = 0; delimiters[d] != '\0'; d++) {
        size_t count = 0;
        bool in_quotes = false;

        for (size_t i = 0; i < size; i++) {
            in_quotes ^= csv->raw.data[i] == '"';
            count += !in_quotes && csv->raw.data[i] == (uint8_t)delimiters[d];
        }
        if (count > most) {
            most = count;
            csv->delimiter = (uint8_t)delimiters[d];
        }
    }
    return ERR_OK;
}

static enum err
end_cell(struct csv *csv, struct err_msg *msg)
{
    if (csv->count == CSV_CELLS_MAX) {
        return err_set(
            msg, ERR_TOO_BIG, "more than %d cells in a row", CSV_CELLS_MAX);
    }
    csv->ends[csv->count] = csv->text.size;
    csv->count++;
    return ERR_OK;
}

/* One byte of a cell or what ends it: the next state. */
static enum err
step(struct csv *csv, enum state *state, int c, struct err_msg *msg)
{
    bool is_break = c == '\n' || c == '\r' || c == END_OF_FILE;

    if (*state == IN_QUOTES) {
        if (c == '"') {
            *state = AFTER_QUOTE;
        } else if (c == END_OF_FILE) {
            return err_set(
                msg, ERR_MALFORMED, "a quote is opened and never closed");
        } else {
            buf_put_u8(&csv->text, (uint8_t)c);
        }
        return ERR_OK;
    }
    if (c == csv->delimiter || is_break) {
        *state = is_break ? ROW_END : CELL_START;
        return end_cell(csv, msg);
    }
    if (c == '"' && *state != IN_CELL) {
        if (*state == AFTER_QUOTE) {
            buf_put_u8(&csv->text, '"');
        }
        *state = IN_QUOTES;
        return ERR_OK;
    }
    if (*state == AFTER_QUOTE && c != ' ') {
        return err_set(msg, ERR_MALFORMED,
            "text after the quote that ends a cell; a quote inside quotes "
            "is written twice");
    }
    if (*state != AFTER_QUOTE) {
        buf_put_u8(&csv->text, (uint8_t)c);
        *state = IN_CELL;
    }
    return ERR_OK;
}

/* Parse from csv->at; *out_end is behind what was taken. */
static enum err
parse_row(struct csv *csv, size_t *out_end, struct err_msg *msg)
{
    enum state state = CELL_START;
    size_t at = csv->at;
    enum err rc = ERR_OK;

    buf_clear(&csv->text);
    csv->count = 0;
    while (state != ROW_END) {
        int c = 0;

        rc = byte_at(csv, at, &c, msg);
        if (rc == ERR_OK) {
            rc = step(csv, &state, c, msg);
        }
        if (rc == ERR_OK && at - csv->at > CSV_ROW_BYTES_MAX) {
            rc = err_set(msg, ERR_TOO_BIG,
                "a row of more than %d bytes; is a quote not closed?",
                CSV_ROW_BYTES_MAX);
        }
        if (rc != ERR_OK) {
            return rc;
        }
        at++;
    }
    *out_end = at - 1;
    return buf_err(&csv->text);
}

/* Over the end of line at `at`, if one is there. */
static enum err
skip_break(struct csv *csv, size_t at, struct err_msg *msg)
{
    int c = 0;
    enum err rc = byte_at(csv, at, &c, msg);

    if (rc == ERR_OK && c == '\r') {
        at++;
        rc = byte_at(csv, at, &c, msg);
        if (rc == ERR_OK && c == '\n') {
            at++;
        }
    } else if (rc == ERR_OK && c == '\n') {
        at++;
    }
    csv->at = at;
    return rc;
}

/* "A quote that is never closed breaks its own line only." */
static enum err
skip_line(struct csv *csv, struct err_msg *msg)
{
    size_t at = csv->at;
    int c = 0;
    enum err rc = byte_at(csv, at, &c, msg);

    while (rc == ERR_OK && c != '\n' && c != '\r' && c != END_OF_FILE) {
        at++;
        rc = byte_at(csv, at, &c, msg);
        if (at - csv->at >= CSV_ROW_BYTES_MAX) {
            csv->at = at;
            drop_parsed(csv);
            at = csv->at;
        }
    }
    csv->next_line++;
    return rc == ERR_OK ? skip_break(csv, at, msg) : rc;
}

static uint64_t
count_breaks(struct bytes text)
{
    uint64_t count = 0;

    for (size_t i = 0; i < text.size; i++) {
        bool is_pair = text.data[i] == '\r' && i + 1 < text.size &&
                       text.data[i + 1] == '\n';

        count += text.data[i] == '\n' || (text.data[i] == '\r' && !is_pair);
    }
    return count;
}

static bool
is_empty(const struct csv *csv)
{
    for (size_t i = 0; i < csv->count; i++) {
        if (csv_cell(csv, i).size > 0) {
            return false;
        }
    }
    return true;
}

/* One row, empty or not. */
static enum err
next_row(struct csv *csv, struct err_msg *msg)
{
    size_t end = 0;
    int c = 0;
    enum err rc = byte_at(csv, csv->at, &c, msg);

    csv->line = csv->next_line;
    if (rc == ERR_OK && c == END_OF_FILE) {
        return ERR_NOT_FOUND;
    }
    if (rc == ERR_OK) {
        rc = parse_row(csv, &end, msg);
        if (rc == ERR_MALFORMED || rc == ERR_TOO_BIG) {
            enum err skipped = skip_line(csv, msg);

            return skipped == ERR_OK ? rc : skipped;
        }
    }
    if (rc != ERR_OK) {
        return rc;
    }
    csv->next_line++;
    rc = skip_break(csv, end, msg);
    csv->row = bytes_of(csv->raw.data + end, 0);
    return rc;
}

enum err
csv_next(struct csv *csv, struct err_msg *msg)
{
    size_t start = 0;
    enum err rc = ERR_OK;

    if (csv->delimiter == 0) {
        rc = choose_delimiter(csv, msg);
        if (rc == ERR_OK && csv->at > 0) {
            csv->next_line++;
            rc = skip_break(csv, csv->at, msg);
        }
    }
    do {
        if (rc != ERR_OK) {
            return rc;
        }
        drop_parsed(csv);
        start = csv->at;
        rc = next_row(csv, msg);
    } while (rc != ERR_OK || is_empty(csv));
    csv->row.size = (size_t)(csv->row.data - (csv->raw.data + start));
    csv->row.data = csv->raw.data + start;
    csv->next_line += count_breaks(csv->row);
    if (!bytes_are_utf8(csv->row)) {
        return err_set(msg, ERR_MALFORMED,
            "not UTF-8: save the file again as \"CSV UTF-8\" or as Unicode "
            "text");
    }
    return ERR_OK;
}

static bool
is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct bytes
csv_cell(const struct csv *csv, size_t n)
{
    size_t start = n == 0 || n > csv->count ? 0 : csv->ends[n - 1];
    struct bytes cell = {NULL, 0};

    if (n >= csv->count || csv->text.size == 0) {
        return cell;
    }
    cell = bytes_of(csv->text.data + start, csv->ends[n] - start);
    while (cell.size > 0 && is_space(cell.data[0])) {
        cell.data++;
        cell.size--;
    }
    while (cell.size > 0 && is_space(cell.data[cell.size - 1])) {
        cell.size--;
    }
    return cell;
}
