/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/args.h"

#include <check.h>
#include <string.h>

#include "crypto/base/buf.h"
#include "tests/lib/run.h"

static const struct arg_option options[] = {{"json", NULL}, {"home", "DIR"},
    {"help", NULL}, {"o", "FILE"}, {"key", "KEY..."}, {NULL, NULL}};

enum { WORDS_MAX = 8 };

/* Options as "name=value", then words, with spaces between. */
static enum err
parse(const char *const *argv, char *out, size_t size, struct err_msg *msg)
{
    struct args args;
    char copies[WORDS_MAX][64];
    char *words[WORDS_MAX + 1] = {NULL};
    struct buf text = {0};
    int argc = 0;
    enum err rc = ERR_OK;

    for (; argc < WORDS_MAX && argv[argc] != NULL; argc++) {
        memcpy(copies[argc], argv[argc], strlen(argv[argc]) + 1);
        words[argc] = copies[argc];
    }
    rc = args_parse(&args, options, argc, words, msg);
    if (rc != ERR_OK) {
        return rc;
    }
    for (size_t i = 0; i < args.option_count; i++) {
        buf_printf(&text, "%s=%s ", args.names[i], args.values[i]);
    }
    for (size_t i = 0; i < args.count; i++) {
        buf_printf(&text, "%s ", args.words[i]);
    }
    ck_assert_uint_lt(text.size, size);
    buf_put_u8(&text, 0);
    memcpy(out, text.data, text.size);
    buf_release(&text);
    return ERR_OK;
}

static const struct {
    const char *argv[WORDS_MAX];
    const char *want; /* NULL: refused */
} rows[] = {
    {{NULL}, ""},
    {{"a", "b"}, "a b "},
    {{"--json", "a"}, "json= a "},
    {{"a", "--json", "b"}, "json= a b "},
    {{"--home", "x", "a"}, "home=x a "},
    {{"--home=x", "a"}, "home=x a "},
    {{"--home=", "a"}, "home= a "},
    {{"--home", "--json"}, "home=--json "},
    {{"-h"}, "help= "},
    {{"-", "a=-5"}, "- a=-5 "},
    {{"--", "--json", "-x"}, "--json -x "},
    {{"issues-=debt", "notes+=--x"}, "issues-=debt notes+=--x "},
    {{"-o", "x", "a"}, "o=x a "},
    {{"--key", "x", "--key=y"}, "key=x key=y "},
    {{"-o"}, NULL},
    {{"--o", "x"}, NULL},
    {{"-o", "x", "-o", "y"}, NULL},
    {{"-oo", "x"}, NULL},
    {{"--home"}, NULL},
    {{"--json=yes"}, NULL},
    {{"--jso"}, NULL},
    {{"--jsonx"}, NULL},
    {{"--"}, ""},
    {{"-x"}, NULL},
    {{"--json", "--json"}, NULL},
    {{"--home", "x", "--home=y"}, NULL},
};

START_TEST(words_and_options_are_told_apart)
{
    char got[256] = "";
    struct err_msg msg = {""};
    enum err rc = parse(rows[_i].argv, got, sizeof(got), &msg);

    if (rows[_i].want == NULL) {
        ck_assert_int_eq(rc, ERR_CONFIG);
        ck_assert_str_ne(msg.text, "");
    } else {
        ck_assert_msg(rc == ERR_OK, "row %d: %s", _i, msg.text);
        ck_assert_str_eq(got, rows[_i].want);
    }
}
END_TEST

START_TEST(an_option_that_may_repeat_gives_all_its_values)
{
    char first[] = "--key=a";
    char other[] = "--home=h";
    char second[] = "--key=b";
    char *words[] = {first, other, second, NULL};
    struct args args;
    size_t at = 0;

    ck_assert_int_eq(args_parse(&args, options, 3, words, NULL), ERR_OK);
    ck_assert_str_eq(args_option_next(&args, "key", &at), "a");
    ck_assert_str_eq(args_option_next(&args, "key", &at), "b");
    ck_assert_ptr_null(args_option_next(&args, "key", &at));
    ck_assert_str_eq(args_option(&args, "key"), "a");
}
END_TEST

/* `count` words. */
static enum err
parse_many(int count)
{
    static char word[] = "w";
    static char *words[ARGS_WORDS_MAX + 2];
    struct args args;

    for (int i = 0; i < count; i++) {
        words[i] = word;
    }
    return args_parse(&args, options, count, words, NULL);
}

START_TEST(there_are_at_most_so_many_words)
{
    ck_assert_int_eq(parse_many(ARGS_WORDS_MAX - 1), ERR_OK);
    ck_assert_int_eq(parse_many(ARGS_WORDS_MAX), ERR_OK);
    ck_assert_int_eq(parse_many(ARGS_WORDS_MAX + 1), ERR_CONFIG);
}
END_TEST

static const struct {
    const char *text;
    unsigned long long seconds; /* 0: refused */
} durations[] = {
    {"1", 1},
    {"90s", 90},
    {"5m", 300},
    {"24h", 86400},
    {"7d", 604800},
    {"4294967295d", 4294967295ULL * 86400},
    {"4294967296", 0},
    {"0", 0},
    {"0d", 0},
    {"", 0},
    {"d", 0},
    {"-1", 0},
    {"1.5h", 0},
    {"1 h", 0},
    {"1w", 0},
    {"01", 0},
};

START_TEST(times_have_units)
{
    unsigned long long seconds = 0;
    bool is_one = args_duration(durations[_i].text, &seconds);

    ck_assert_int_eq(is_one, durations[_i].seconds != 0);
    ck_assert_uint_eq(seconds, durations[_i].seconds);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("args");
    TCase *tcase = tcase_create("args");

    tcase_add_loop_test(tcase, words_and_options_are_told_apart, 0,
        sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(tcase, an_option_that_may_repeat_gives_all_its_values);
    tcase_add_test(tcase, there_are_at_most_so_many_words);
    tcase_add_loop_test(
        tcase, times_have_units, 0, sizeof(durations) / sizeof(durations[0]));
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
