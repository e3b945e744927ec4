/* SPDX-License-Identifier: Apache-2.0 */
#include "node/serve/diag.h"

#include <check.h>
#include <string.h>

#include "tests/lib/run.h"

static char said[DIAG_LINE_BYTES_MAX];

static void
keep(void *context, enum diag_level level, const char *line)
{
    (void)context;
    (void)level;
    (void)memcpy(said, line, strlen(line) + 1);
}

static const struct {
    const char *name;
    const char *text;
    const char *want;
} rows[] = {
    {"plain", "Embassy, Bangkok", "Embassy, Bangkok"},
    {"letters", "\u1780\u17c2 \u00e9 \u2013", "\u1780\u17c2 \u00e9 \u2013"},
    {"a line of its own", "a\ncorridor: error", "a?corridor: error"},
    {"an escape sequence", "\x1b[2Ja\x7f", "?[2Ja?"},
    {"controls beyond ASCII", "a\xc2\x80\xc2\x9b\xc2\xa0", "a????\xc2\xa0"},
    {"separators", "a\u2027\u2028\u2029", "a\u2027??????"},
    {"directions", "\u202a\u202e\u202f", "??????\u202f"},
    {"isolates", "\u2065\u2066\u2069\u206a", "\u2065??????\u206a"},
    {"cut off", "a\xe2\x80", "a\xe2\x80"},
    {"nothing", "", ""},
};

START_TEST(others_texts_forge_nothing)
{
    struct diag diag = {.level = DIAG_INFO, .write = keep};

    diag_say(&diag, DIAG_INFO, "%s", rows[_i].text);
    ck_assert_msg(
        strcmp(said, rows[_i].want) == 0, "%s: %s", rows[_i].name, said);
}
END_TEST

START_TEST(below_its_level_it_says_nothing)
{
    struct diag diag = {.level = DIAG_WARNING, .write = keep};

    said[0] = '\0';
    diag_say(&diag, DIAG_INFO, "no");
    ck_assert_str_eq(said, "");
    diag_say(&diag, DIAG_WARNING, "yes");
    ck_assert_str_eq(said, "yes");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("diag");
    TCase *tcase = tcase_create("diag");

    tcase_add_loop_test(
        tcase, others_texts_forge_nothing, 0, sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(tcase, below_its_level_it_says_nothing);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
