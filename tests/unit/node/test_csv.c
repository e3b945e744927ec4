/* SPDX-License-Identifier: Apache-2.0 */
#include "node/import/csv.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/lib/run.h"

enum { SHOWN_BYTES = 2048 };

/* A reader over memory, from its start. */
struct reading {
    struct bytes bytes;
    struct source *source;
    struct csv csv;
};

static void
begin(struct reading *r, struct bytes bytes)
{
    struct source_reader reader;

    r->bytes = bytes;
    r->source = mem_zalloc(1, sizeof(*r->source));
    ck_assert_ptr_nonnull(r->source);
    reader = source_of_bytes(&r->bytes);
    source_init(r->source, &reader);
    csv_init(&r->csv, r->source);
}

static void
end(struct reading *r)
{
    csv_release(&r->csv);
    mem_free(r->source);
}

/* All rows as text: cells between bars, a row a line; errors by their code. */
static void
show(struct bytes bytes, char out[SHOWN_BYTES])
{
    struct reading r;
    struct buf text = {0};
    enum err rc = ERR_OK;

    begin(&r, bytes);
    for (int i = 0; i < 100; i++) {
        rc = csv_next(&r.csv, NULL);
        if (rc == ERR_NOT_FOUND || rc == ERR_IO || rc == ERR_NOMEM) {
            break;
        }
        if (rc != ERR_OK) {
            buf_printf(&text, "!%llu\n", (unsigned long long)r.csv.line);
            continue;
        }
        for (size_t c = 0; c < r.csv.count; c++) {
            buf_put_text(&text, c == 0 ? "" : "|");
            buf_put_bytes(&text, csv_cell(&r.csv, c));
        }
        buf_put_text(&text, "\n");
    }
    if (rc == ERR_IO) {
        buf_put_text(&text, "broken\n");
    }
    buf_put_u8(&text, 0);
    ck_assert_uint_lt(text.size, SHOWN_BYTES);
    memcpy(out, text.data, text.size);
    buf_release(&text);
    end(&r);
}

static const struct {
    const char *name;
    const char *csv;
    const char *shown;
} tables[] = {
    {"commas", "a,b\n1,2\n", "a|b\n1|2\n"},
    {"semicolons", "a;b\n1,5;2\n", "a|b\n1,5|2\n"},
    {"tabs", "a\tb\n1\t2\n", "a|b\n1|2\n"},
    {"the delimiter that there is most of", "a,b;c;d\n", "a,b|c|d\n"},
    {"delimiters in quotes do not count", "\"a;;;\",b\n", "a;;;|b\n"},
    {"one column", "a\n1\n", "a\n1\n"},
    {"sep says it", "sep=;\na,b;c\n", "a,b|c\n"},
    {"sep says what is none", "sep=x\na,b\n", "sep=x\na|b\n"},
    {"CRLF", "a,b\r\n1,2\r\n", "a|b\n1|2\n"},
    {"CR alone", "a,b\r1,2\r", "a|b\n1|2\n"},
    {"no end of line at the end", "a,b\n1,2", "a|b\n1|2\n"},
    {"empty rows are nothing", "a,b\n\n,\n \n1,2\n\n", "a|b\n1|2\n"},
    {"quotes", "\"a\",\"b c\"\n", "a|b c\n"},
    {"a quote twice", "\"say \"\"ah\"\"\",b\n", "say \"ah\"|b\n"},
    {"a quote within a cell", "5\" pipe,b\n", "5\" pipe|b\n"},
    {"a new line in quotes", "\"a\nb\",c\nd,e\n", "a\nb|c\nd|e\n"},
    {"space around", " a , b \n", "a|b\n"},
    {"space after quotes", "\"a\" ,b\n", "a|b\n"},
    {"text after quotes", "a,b\n\"x\"y,1\n2,3\n", "a|b\n!2\n2|3\n"},
    {"a quote never closed breaks its line only", "a,b\n\"x,1\n2,3\n4,5\n",
        "a|b\n!2\n2|3\n4|5\n"},
    {"not UTF-8", "a,b\n\xff,1\n2,3\n", "a|b\n!2\n2|3\n"},
    {"the mark of UTF-8",
        "\xef\xbb\xbf"
        "a,b\n",
        "a|b\n"},
    {"Khmer", "\u179f\u17d2\u1790\u17b6\u1793\u1797\u17b6\u1796;b\n",
        "\u179f\u17d2\u1790\u17b6\u1793\u1797\u17b6\u1796|b\n"},
    {"nothing", "", ""},
    {"a mark alone", "\xef\xbb\xbf", ""},
};

START_TEST(tables_are_read_as_spreadsheets_write_them)
{
    char shown[SHOWN_BYTES];

    show(bytes_text(tables[_i].csv), shown);
    ck_assert_msg(
        strcmp(shown, tables[_i].shown) == 0, "%s: %s", tables[_i].name, shown);
}
END_TEST

static const struct {
    const char *name;
    const char *bytes;
    size_t size;
    const char *shown;
} utf16[] = {
    {"little end, mark",
        "\xff\xfe"
        "a\0,\0b\0\n\0",
        10, "a|b\n"},
    {"big end, mark",
        "\xfe\xff"
        "\0a\0,\0b\0\n",
        10, "a|b\n"},
    {"little end by its zeros", "a\0,\0b\0\n\0", 8, "a|b\n"},
    {"big end by its zeros", "\0a\0,\0b\0\n", 8, "a|b\n"},
    {"two and three bytes", "\xff\xfe\xe9\x00\x01\x0e\n\0", 8,
        "\u00e9\u0e01\n"},
    {"a pair", "\xff\xfe\x3d\xd8\x00\xde\n\0", 8, "\U0001f600\n"},
    {"half a pair",
        "\xff\xfe"
        "a\0\n\0\x3d\xd8"
        "b\0",
        10, "a\nbroken\n"},
    {"the second half alone", "\xff\xfe\x00\xde\n\0", 6, "broken\n"},
    {"half a unit",
        "\xff\xfe"
        "a\0\n\0b",
        7, "a\nbroken\n"},
    {"half a pair at the end",
        "\xff\xfe"
        "a\0\n\0\x3d\xd8",
        8, "a\nbroken\n"},
};

START_TEST(utf16_is_read_in_either_order)
{
    char shown[SHOWN_BYTES];

    show(bytes_of(utf16[_i].bytes, utf16[_i].size), shown);
    /* What stands in the same piece before the break is lost with it. */
    if (strstr(utf16[_i].shown, "broken") != NULL) {
        ck_assert_ptr_nonnull(strstr(shown, "broken"));
        return;
    }
    ck_assert_msg(
        strcmp(shown, utf16[_i].shown) == 0, "%s: %s", utf16[_i].name, shown);
}
END_TEST

/* `count` cells in a row. */
static enum err
read_cells(size_t count)
{
    struct buf text = {0};
    struct reading r;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < count; i++) {
        buf_put_text(&text, i == 0 ? "x" : ",x");
    }
    begin(&r, buf_bytes(&text));
    rc = csv_next(&r.csv, NULL);
    end(&r);
    buf_release(&text);
    return rc;
}

START_TEST(a_row_has_at_most_so_many_cells)
{
    ck_assert_int_eq(read_cells(CSV_CELLS_MAX - 1), ERR_OK);
    ck_assert_int_eq(read_cells(CSV_CELLS_MAX), ERR_OK);
    ck_assert_int_eq(read_cells(CSV_CELLS_MAX + 1), ERR_TOO_BIG);
}
END_TEST

/* A row of `size` bytes, its end not counted, then a good one. */
static void
check_long(size_t size, enum err want)
{
    struct buf text = {0};
    struct reading r;
    uint8_t *row = NULL;

    buf_put_text(&text, "a,b\n");
    row = buf_extend(&text, size);
    ck_assert_ptr_nonnull(row);
    memset(row, 'x', size);
    buf_put_text(&text, "\n1,2\n");
    begin(&r, buf_bytes(&text));
    ck_assert_int_eq(csv_next(&r.csv, NULL), ERR_OK);
    ck_assert_int_eq(csv_next(&r.csv, NULL), want);
    ck_assert_int_eq(csv_next(&r.csv, NULL), ERR_OK);
    ck_assert_uint_eq(r.csv.line, 3);
    ck_assert_uint_eq(csv_cell(&r.csv, 1).size, 1);
    ck_assert_int_eq(csv_next(&r.csv, NULL), ERR_NOT_FOUND);
    end(&r);
    buf_release(&text);
}

START_TEST(a_row_has_at_most_so_many_bytes)
{
    check_long(CSV_ROW_BYTES_MAX - 1, ERR_OK);
    check_long(CSV_ROW_BYTES_MAX, ERR_OK);
    check_long(CSV_ROW_BYTES_MAX + 1, ERR_TOO_BIG);
    check_long(CSV_ROW_BYTES_MAX * 3, ERR_TOO_BIG);
}
END_TEST

START_TEST(rows_and_characters_cross_the_pieces_read)
{
    struct buf text = {0};
    struct reading r;
    size_t rows = 0;

    while (text.size < (size_t)SOURCE_CHUNK_BYTES * 3) {
        buf_put_text(&text, "\u0e01\u0e33,\"a\nb\"\r\n");
    }
    begin(&r, buf_bytes(&text));
    while (csv_next(&r.csv, NULL) == ERR_OK) {
        ck_assert_uint_eq(r.csv.count, 2);
        ck_assert_uint_eq(csv_cell(&r.csv, 0).size, 6);
        ck_assert(bytes_equal(csv_cell(&r.csv, 1), bytes_text("a\nb")));
        ck_assert_uint_eq(r.csv.line, 2 * rows + 1);
        rows++;
    }
    ck_assert_uint_eq(rows, text.size / 14);
    end(&r);
    buf_release(&text);
}
END_TEST

START_TEST(a_failing_allocation_is_an_error)
{
    bool was_hit = true;

    for (long n = 0; was_hit; n++) {
        struct reading r;
        enum err rc = ERR_OK;

        begin(&r, bytes_text("a,b\n\"1\n\",2\n"));
        mem_fault_after(n);
        while (rc == ERR_OK) {
            rc = csv_next(&r.csv, NULL);
        }
        was_hit = mem_fault_hit();
        mem_fault_after(-1);
        ck_assert_int_eq(rc, was_hit ? ERR_NOMEM : ERR_NOT_FOUND);
        end(&r);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("csv");
    TCase *tcase = tcase_create("csv");

    tcase_add_loop_test(tcase, tables_are_read_as_spreadsheets_write_them, 0,
        sizeof(tables) / sizeof(tables[0]));
    tcase_add_loop_test(tcase, utf16_is_read_in_either_order, 0,
        sizeof(utf16) / sizeof(utf16[0]));
    tcase_add_test(tcase, a_row_has_at_most_so_many_cells);
    tcase_add_test(tcase, a_row_has_at_most_so_many_bytes);
    tcase_add_test(tcase, rows_and_characters_cross_the_pieces_read);
    tcase_add_test(tcase, a_failing_allocation_is_an_error);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
