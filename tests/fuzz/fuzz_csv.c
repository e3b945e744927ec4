/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files to import. The first byte says in which form the rest is read; each
 * row must be bounded, and its lines must go up.
 */
#include <string.h>

#include "crypto/base/mem.h"
#include "node/import/csv.h"
#include "node/import/rows.h"
#include "tests/fuzz/fuzz.h"

static void
try_csv(struct source *source)
{
    struct csv csv;
    uint64_t last = 0;
    enum err rc = ERR_OK;

    csv_init(&csv, source);
    do {
        rc = csv_next(&csv, NULL);
        if (rc != ERR_OK && rc != ERR_MALFORMED && rc != ERR_TOO_BIG) {
            break;
        }
        assert(csv.line > last);
        last = csv.line;
        assert(csv.count <= CSV_CELLS_MAX);
        assert(rc != ERR_OK || csv.row.size <= CSV_ROW_BYTES_MAX + 1);
        for (size_t i = 0; rc == ERR_OK && i <= csv.count; i++) {
            assert(bytes_are_utf8(csv_cell(&csv, i)));
        }
    } while (true);
    assert(rc == ERR_NOT_FOUND || rc == ERR_IO);
    csv_release(&csv);
}

static void
try_rows(struct source *source, bool is_csv)
{
    struct rows *rows = NULL;
    enum err rc = rows_new(&rows, source, is_csv);
    uint64_t last = 0;

    assert(rc == ERR_OK);
    while (rc == ERR_OK || rc == ERR_MALFORMED || rc == ERR_TOO_BIG) {
        struct rows_row row = {0};

        rc = rows_next(rows, &row, NULL);
        assert((rc == ERR_OK) == (row.json != NULL));
        if (rc == ERR_OK) {
            assert(json_is_object(row.json) && row.line > last);
            last = row.line;
        }
        json_decref(row.json);
    }
    rows_free(rows);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes bytes = {NULL, 0};
    struct source_reader reader = source_of_bytes(&bytes);
    struct source *source = NULL;

    if (size == 0) {
        return 0;
    }
    source = mem_zalloc(1, sizeof(*source));
    assert(source != NULL);
    bytes = bytes_of(data + 1, size - 1);
    source_init(source, &reader);
    if (data[0] % 3 == 0) {
        try_csv(source);
    } else {
        try_rows(source, data[0] % 3 == 1);
    }
    mem_free(source);
    return 0;
}
