/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/sheet.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "node/cli/text.h"
#include "tests/lib/run.h"

static const struct {
    const char *name;
    const char *text;
    size_t width;
} widths[] = {
    {"empty", "", 0},
    {"Latin", "abc", 3},
    {"a mark on a letter", "e\u0301", 1},
    {"Vietnamese", "Vi\u1ec7t Nam", 8},
    {"Thai with vowel and tone", "\u0e19\u0e49\u0e33", 2},
    {"Thai word", "\u0e44\u0e17\u0e22", 3},
    {"Lao with marks", "\u0e9b\u0eb0\u0ec0\u0e97\u0e94", 5},
    {"Khmer with a sign", "\u1780\u17c6", 1},
    {"wide", "\u65e5\u672c", 4},
    {"joined emoji", "\U0001f468\u200d\U0001f469\u200d\U0001f467", 2},
    {"not UTF-8", "a\xff", 2},
    {"a control", "a\tb", 3},
};

START_TEST(width_is_of_what_a_reader_sees)
{
    ck_assert_msg(text_width(bytes_text(widths[_i].text)) == widths[_i].width,
        "%s: %zu", widths[_i].name, text_width(bytes_text(widths[_i].text)));
}
END_TEST

static const struct {
    const char *name;
    const char *text;
    size_t width_max;
    const char *want;
} shown[] = {
    {"whole", "abc", 3, "abc"},
    {"cut", "abcd", 3, "ab\u2026"},
    {"not cut", "abcd", 0, "abcd"},
    {"between clusters", "\u0e19\u0e49\u0e33\u0e19\u0e49\u0e33", 3,
        "\u0e19\u0e49\u0e33\u2026"},
    {"before a wide one", "\u65e5\u672c", 3, "\u65e5\u2026"},
    {"new lines", "a\nb\tc\rd", 0, "a b c d"},
    {"controls", "a\x1b[31mb\x7f", 0, "a?[31mb?"},
    {"directions", "a\u202eb\u2066c", 0, "a?b?c"},
    {"title of a window",
        "a\x1b]0;x\x07\xc2\x9b"
        "2J",
        0, "a?]0;x??2J"},
    {"line separators", "a\u2028b", 0, "a?b"},
    {"not UTF-8", "a\xff\xfe", 0, "a\ufffd\ufffd"},
};

START_TEST(texts_go_out_on_one_line_without_controls)
{
    struct buf out = {0};

    text_put(&out, bytes_text(shown[_i].text), shown[_i].width_max);
    ck_assert_msg(bytes_equal(buf_bytes(&out), bytes_text(shown[_i].want)),
        "%s: %.*s", shown[_i].name, (int)out.size, (const char *)out.data);
    buf_release(&out);
}
END_TEST

/* A value may hold the one-byte beginning of a terminal's commands. */
START_TEST(json_goes_out_with_its_controls_escaped)
{
    static const char text[] = "{\"a\":\"\\n\xc2\x9b"
                               "31m\u202e\u0e01\x7f\"}";
    static const char want[] = "{\"a\":\"\\n\\u009b31m\\u202e\u0e01\\u007f\"}";
    struct buf out = {0};

    text_put_json(&out, bytes_text(text));
    ck_assert_msg(bytes_equal(buf_bytes(&out), bytes_text(want)), "%.*s",
        (int)out.size, (const char *)out.data);
    buf_release(&out);
}
END_TEST

static const struct {
    const char *lang;
    const char *want;
} languages[] = {{"km_KH.UTF-8", "km"}, {"th", "th"}, {"shn_MM", "shn"},
    {"C", "en"}, {"C.UTF-8", "en"}, {"POSIX", "en"}, {"", "en"}, {NULL, "en"},
    {"my@x", "my"}};

START_TEST(the_language_is_that_of_the_locale)
{
    char got[12];

    text_language(got, languages[_i].lang);
    ck_assert_str_eq(got, languages[_i].want);
}
END_TEST

static void
fill(struct sheet *sheet)
{
    sheet_init(sheet, 3);
    sheet_put(sheet, "ID");
    sheet_put(sheet, "NAME");
    sheet_put(sheet, "");
    sheet_put(sheet, "\u65e5\u672c");
    sheet_put(sheet, "\u0e19\u0e49\u0e33");
    sheet_put(sheet, NULL);
    sheet_put(sheet, "1");
}

START_TEST(columns_line_up_in_every_script)
{
    static const char want[] = "ID    NAME\n"
                               "\u65e5\u672c  \u0e19\u0e49\u0e33\n"
                               "1\n";
    struct sheet sheet;
    struct buf out = {0};

    fill(&sheet);
    ck_assert_int_eq(sheet_print(&sheet, &out), ERR_OK);
    ck_assert_msg(bytes_equal(buf_bytes(&out), bytes_text(want)), "%.*s",
        (int)out.size, (const char *)out.data);
    sheet_release(&sheet);
    buf_release(&out);
}
END_TEST

START_TEST(a_failing_allocation_is_an_error)
{
    bool was_hit = true;

    for (long n = 0; was_hit; n++) {
        struct sheet sheet;
        struct buf out = {0};
        enum err rc = ERR_OK;

        mem_fault_after(n);
        fill(&sheet);
        rc = sheet_print(&sheet, &out);
        was_hit = mem_fault_hit();
        mem_fault_after(-1);
        ck_assert_int_eq(rc, was_hit ? ERR_NOMEM : ERR_OK);
        sheet_release(&sheet);
        buf_release(&out);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sheet");
    TCase *tcase = tcase_create("sheet");

    tcase_add_loop_test(tcase, width_is_of_what_a_reader_sees, 0,
        sizeof(widths) / sizeof(widths[0]));
    tcase_add_loop_test(tcase, texts_go_out_on_one_line_without_controls, 0,
        sizeof(shown) / sizeof(shown[0]));
    tcase_add_test(tcase, json_goes_out_with_its_controls_escaped);
    tcase_add_loop_test(tcase, the_language_is_that_of_the_locale, 0,
        sizeof(languages) / sizeof(languages[0]));
    tcase_add_test(tcase, columns_line_up_in_every_script);
    tcase_add_test(tcase, a_failing_allocation_is_an_error);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
