/* SPDX-License-Identifier: Apache-2.0 */
#include "node/import/rows.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/lib/run.h"

struct reading {
    struct bytes bytes;
    struct source *source;
    struct rows *rows;
};

static void
begin(struct reading *r, struct bytes bytes, bool is_csv)
{
    struct source_reader reader;

    r->bytes = bytes;
    r->source = mem_zalloc(1, sizeof(*r->source));
    ck_assert_ptr_nonnull(r->source);
    reader = source_of_bytes(&r->bytes);
    source_init(r->source, &reader);
    ck_assert_int_eq(rows_new(&r->rows, r->source, is_csv), ERR_OK);
}

static void
end(struct reading *r)
{
    rows_free(r->rows);
    mem_free(r->source);
}

/* The next row must be this one. */
static void
expect(struct reading *r, uint64_t line, uint32_t repeats, const char *json)
{
    struct rows_row row = {0};
    char *text = NULL;

    ck_assert_int_eq(rows_next(r->rows, &row, NULL), ERR_OK);
    text = json_dumps(row.json, JSON_COMPACT);
    ck_assert_str_eq(text, json);
    ck_assert_uint_eq(row.line, line);
    ck_assert_uint_eq(row.repeats, repeats);
    mem_free(text);
    json_decref(row.json);
}

static void
expect_err(struct reading *r, uint64_t line, enum err want)
{
    struct rows_row row = {0};

    ck_assert_int_eq(rows_next(r->rows, &row, NULL), want);
    ck_assert_ptr_null(row.json);
    if (want != ERR_NOT_FOUND) {
        ck_assert_uint_eq(row.line, line);
    }
}

START_TEST(lines_of_json_come_with_their_numbers)
{
    struct reading r;

    begin(&r, bytes_text("{\"a\":1}\n\n  \r\n{\"b\":\"x\"}\r\n{\"c\":[]}"),
        false);
    expect(&r, 1, 0, "{\"a\":1}");
    expect(&r, 4, 0, "{\"b\":\"x\"}");
    expect(&r, 5, 0, "{\"c\":[]}");
    expect_err(&r, 0, ERR_NOT_FOUND);
    end(&r);
}
END_TEST

START_TEST(broken_lines_break_nothing_else)
{
    struct reading r;

    begin(&r,
        bytes_text("{\"a\":1\n[1]\n{\"a\":1,\"a\":2}\n{\"a\":1}x\n"
                   "{\"a\":\"\xff\"}\n{\"a\":2}\n"),
        false);
    for (uint64_t line = 1; line <= 5; line++) {
        expect_err(&r, line, ERR_MALFORMED);
    }
    expect(&r, 6, 0, "{\"a\":2}");
    end(&r);
}
END_TEST

START_TEST(equal_rows_are_counted)
{
    struct reading r;

    begin(
        &r, bytes_text("{\"a\":1}\n{\"a\":2}\n{\"a\":1}\n{\"a\":1}\n"), false);
    expect(&r, 1, 0, "{\"a\":1}");
    expect(&r, 2, 0, "{\"a\":2}");
    expect(&r, 3, 1, "{\"a\":1}");
    expect(&r, 4, 2, "{\"a\":1}");
    end(&r);
}
END_TEST

START_TEST(equal_rows_are_counted_in_long_files)
{
    struct buf text = {0};
    struct reading r;

    for (unsigned i = 0; i < 6000; i++) {
        buf_printf(&text, "{\"a\":%u}\n", i % 3000);
    }
    begin(&r, buf_bytes(&text), false);
    for (unsigned i = 0; i < 6000; i++) {
        struct rows_row row = {0};

        ck_assert_int_eq(rows_next(r.rows, &row, NULL), ERR_OK);
        ck_assert_uint_eq(row.repeats, i / 3000);
        json_decref(row.json);
    }
    end(&r);
    buf_release(&text);
}
END_TEST

static void
check_line(size_t size, enum err want)
{
    struct buf text = {0};
    struct reading r;
    struct rows_row row = {0};
    uint8_t *inner = NULL;

    buf_put_text(&text, "{\"a\":\"");
    inner = buf_extend(&text, size - 8);
    memset(inner, 'x', size - 8);
    buf_put_text(&text, "\"}\n{}\n");
    begin(&r, buf_bytes(&text), false);
    ck_assert_int_eq(rows_next(r.rows, &row, NULL), want);
    json_decref(row.json);
    expect(&r, 2, 0, "{}");
    end(&r);
    buf_release(&text);
}

START_TEST(a_line_has_at_most_so_many_bytes)
{
    check_line(ROWS_LINE_BYTES_MAX - 1, ERR_OK);
    check_line(ROWS_LINE_BYTES_MAX, ERR_OK);
    check_line(ROWS_LINE_BYTES_MAX + 1, ERR_TOO_BIG);
    check_line(ROWS_LINE_BYTES_MAX * 9, ERR_TOO_BIG);
}
END_TEST

START_TEST(a_tables_first_row_names_the_fields)
{
    struct reading r;

    begin(&r, bytes_text("id,no,issues\n#1,7,\n,8,\"debt;wages\"\n"), true);
    expect(&r, 2, 0, "{\"id\":\"#1\",\"no\":\"7\"}");
    expect(&r, 3, 0, "{\"no\":\"8\",\"issues\":\"debt;wages\"}");
    expect_err(&r, 0, ERR_NOT_FOUND);
    end(&r);
}
END_TEST

START_TEST(cells_without_a_name_are_faults)
{
    struct reading r;

    begin(&r, bytes_text("a,,a\n1\n1,2\n1,,3\n1,,,4\n5\n"), true);
    expect(&r, 2, 0, "{\"a\":\"1\"}");
    expect_err(&r, 3, ERR_MALFORMED);
    expect_err(&r, 4, ERR_MALFORMED);
    expect_err(&r, 5, ERR_MALFORMED);
    expect(&r, 6, 0, "{\"a\":\"5\"}");
    end(&r);
}
END_TEST

START_TEST(the_mark_before_formulas_is_taken_off)
{
    struct reading r;

    begin(&r, bytes_text("a,b\n'=1+1,'+x\n'tis,'\n"), true);
    expect(&r, 2, 0, "{\"a\":\"=1+1\",\"b\":\"+x\"}");
    expect(&r, 3, 0, "{\"a\":\"'tis\",\"b\":\"'\"}");
    end(&r);
}
END_TEST

START_TEST(a_failing_allocation_is_an_error)
{
    bool was_hit = true;

    for (long n = 0; was_hit; n++) {
        struct reading r;
        struct rows_row row = {0};
        enum err rc = ERR_OK;

        begin(&r, bytes_text("a,b\n1,2\n3,4\n"), _i == 1);
        mem_fault_after(n);
        while (rc == ERR_OK || rc == ERR_MALFORMED) {
            rc = rows_next(r.rows, &row, NULL);
            json_decref(row.json);
            row.json = NULL;
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
    Suite *suite = suite_create("rows");
    TCase *tcase = tcase_create("rows");

    tcase_add_test(tcase, lines_of_json_come_with_their_numbers);
    tcase_add_test(tcase, broken_lines_break_nothing_else);
    tcase_add_test(tcase, equal_rows_are_counted);
    tcase_add_test(tcase, equal_rows_are_counted_in_long_files);
    tcase_add_test(tcase, a_line_has_at_most_so_many_bytes);
    tcase_add_test(tcase, a_tables_first_row_names_the_fields);
    tcase_add_test(tcase, cells_without_a_name_are_faults);
    tcase_add_test(tcase, the_mark_before_formulas_is_taken_off);
    tcase_add_loop_test(tcase, a_failing_allocation_is_an_error, 0, 2);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
