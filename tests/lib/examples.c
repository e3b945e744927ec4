/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/examples.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/hex.h"

enum { LINE_BYTES_MAX = 512, NAME_BYTES_MAX = 64 };

static const char path[] = CORRIDOR_VECTORS "/../../docs/protocol.md";

/* The page, read block by block. */
struct reader {
    FILE *file;
    char line[LINE_BYTES_MAX];
    char name[NAME_BYTES_MAX]; /* of the block at hand */
    bool is_text;
};

static void
reader_open(struct reader *reader)
{
    reader->file = fopen(path, "r");
    ck_assert_msg(reader->file != NULL, "there is no %s", path);
}

static bool
reader_line(struct reader *reader)
{
    if (fgets(reader->line, LINE_BYTES_MAX, reader->file) == NULL) {
        return false;
    }
    ck_assert_msg(strchr(reader->line, '\n') != NULL, "a line is too long");
    return true;
}

/* Go to the next example's first line; false at the end of the page. */
static bool
reader_next(struct reader *reader)
{
    while (reader_line(reader)) {
        if (sscanf(reader->line, "```example %63s", reader->name) == 1) {
            reader->is_text = false;
            return true;
        }
        if (sscanf(reader->line, "```text %63s", reader->name) == 1) {
            reader->is_text = true;
            return true;
        }
    }
    return false;
}

/* The digits of a line without its spaces and comment. */
static void
put_digits(struct buf *digits, const char *line)
{
    for (; *line != '\0' && *line != '#'; line++) {
        if (*line != ' ' && *line != '\n') {
            buf_put_u8(digits, (uint8_t)*line);
        }
    }
}

static void
reader_block(struct reader *reader, struct buf *out)
{
    struct buf digits = {0};
    uint8_t *room = NULL;

    while (reader_line(reader) && strncmp(reader->line, "```", 3) != 0) {
        if (reader->is_text) {
            buf_put_text(out, reader->line);
        } else {
            put_digits(&digits, reader->line);
        }
    }
    room = buf_extend(out, digits.size / 2);
    ck_assert_ptr_nonnull(room);
    ck_assert_msg(digits.size == 0 || hex_decode((const char *)digits.data,
                                          digits.size, room, digits.size / 2),
        "%s is not hexadecimal", reader->name);
    buf_release(&digits);
}

void
examples_get(const char *name, struct buf *out)
{
    struct reader reader;
    bool found = false;

    reader_open(&reader);
    while (!found && reader_next(&reader)) {
        found = strcmp(reader.name, name) == 0;
    }
    ck_assert_msg(found, "%s has no example %s", path, name);
    reader_block(&reader, out);
    fclose(reader.file);
}

size_t
examples_count(const char *prefix)
{
    struct reader reader;
    size_t count = 0;

    reader_open(&reader);
    while (reader_next(&reader)) {
        count += strncmp(reader.name, prefix, strlen(prefix)) == 0;
    }
    fclose(reader.file);
    return count;
}
