/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/sheet.h"

#include "crypto/base/mem.h"
#include "node/cli/text.h"

void
sheet_init(struct sheet *sheet, size_t columns)
{
    assert(columns > 0 && columns <= SHEET_COLUMNS_MAX);
    *sheet = (struct sheet){.columns = columns};
}

void
sheet_release(struct sheet *sheet)
{
    buf_wipe(&sheet->text);
    mem_free(sheet->ends);
    *sheet = (struct sheet){0};
}

void
sheet_put(struct sheet *sheet, const char *cell)
{
    if (mem_grow((void **)&sheet->ends, &sheet->capacity, sheet->count + 1,
            sizeof(*sheet->ends)) != ERR_OK) {
        sheet->failed = true;
        return;
    }
    text_put(&sheet->text, bytes_text(cell == NULL ? "" : cell),
        SHEET_CELL_WIDTH_MAX);
    sheet->ends[sheet->count++] = sheet->text.size;
}

static struct bytes
cell_at(const struct sheet *sheet, size_t n)
{
    size_t start = n == 0 ? 0 : sheet->ends[n - 1];

    if (sheet->text.size == 0) {
        return bytes_of(NULL, 0);
    }

    return bytes_of(sheet->text.data + start, sheet->ends[n] - start);
}

static void
measure(const struct sheet *sheet, size_t widths[SHEET_COLUMNS_MAX])
{
    for (size_t i = 0; i < SHEET_COLUMNS_MAX; i++) {
        widths[i] = 0;
    }
    for (size_t i = 0; i < sheet->count; i++) {
        size_t width = text_width(cell_at(sheet, i));
        size_t column = i % sheet->columns;

        widths[column] = width > widths[column] ? width : widths[column];
    }
}

enum err
sheet_print(struct sheet *sheet, struct buf *out)
{
    size_t widths[SHEET_COLUMNS_MAX];

    while (sheet->count % sheet->columns != 0 && !sheet->failed) {
        sheet_put(sheet, NULL);
    }
    if (sheet->failed || buf_err(&sheet->text) != ERR_OK) {
        return sheet->failed ? ERR_NOMEM : buf_err(&sheet->text);
    }
    measure(sheet, widths);
    for (size_t i = 0; i < sheet->count; i++) {
        struct bytes cell = cell_at(sheet, i);
        size_t column = i % sheet->columns;
        bool is_last = column + 1 == sheet->columns;

        buf_put_bytes(out, cell);
        for (size_t pad = text_width(cell);
             !is_last && pad < widths[column] + 2; pad++) {
            buf_put_u8(out, ' ');
        }
        if (is_last) {
            while (out->size > 0 && out->data[out->size - 1] == ' ') {
                buf_truncate(out, out->size - 1);
            }
            buf_put_u8(out, '\n');
        }
    }
    return buf_err(out);
}
