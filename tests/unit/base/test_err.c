/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/base/err.h"

#include <check.h>
#include <stdbool.h>
#include <string.h>

#include "tests/lib/run.h"

START_TEST(every_code_has_words_of_its_own)
{
    const char *text = err_text((enum err)_i);

    ck_assert_ptr_nonnull(text);
    ck_assert_uint_gt(strlen(text), 0);
    ck_assert_str_ne(text, err_text(ERR_COUNT));
    for (int other = 0; other < _i; other++) {
        ck_assert_str_ne(text, err_text((enum err)other));
    }
}
END_TEST

START_TEST(unknown_codes_have_words_too)
{
    ck_assert_str_eq(err_text(ERR_COUNT), "unknown error");
}
END_TEST

START_TEST(set_returns_its_code_and_formats)
{
    struct err_msg msg = {"old"};

    ck_assert_int_eq(err_set(&msg, ERR_IO, "open %s: %d", "a", 5), ERR_IO);
    ck_assert_str_eq(msg.text, "open a: 5");
    ck_assert_int_eq(err_set(NULL, ERR_FULL, "unseen"), ERR_FULL);
}
END_TEST

START_TEST(set_may_quote_the_message_it_replaces)
{
    struct err_msg msg = {"inner"};

    err_ignore(err_set(&msg, ERR_IO, "outer (%s)", msg.text));
    ck_assert_str_eq(msg.text, "outer (inner)");
}
END_TEST

START_TEST(prefix_goes_before_the_message_or_the_codes_words)
{
    struct err_msg msg = {""};

    ck_assert_int_eq(err_prefix(&msg, ERR_FULL, "map %d GiB", 3), ERR_FULL);
    ck_assert_str_eq(msg.text, "map 3 GiB: no space left");
    err_ignore(err_prefix(&msg, ERR_FULL, "open store"));
    ck_assert_str_eq(msg.text, "open store: map 3 GiB: no space left");
    ck_assert_int_eq(err_prefix(NULL, ERR_IO, "unseen"), ERR_IO);
}
END_TEST

/* The last character of a text that is one byte too long, and its size. */
static const struct {
    const char *last;
    size_t size;
} sequences[] = {
    {"a", 1},
    {"\xc3\xbc", 2},
    {"\xe6\xb0\xb4", 3},
    {"\xf0\x90\x85\x91", 4},
};

/* ERR_MSG_SIZE - 1 bytes fit: let `last` end `over` bytes beyond that. */
static void
long_text(char *out, const char *last, size_t over)
{
    size_t before = ERR_MSG_SIZE - 1 + over - strlen(last);

    memset(out, 'x', before);
    memcpy(out + before, last, strlen(last) + 1);
}

START_TEST(cutting_never_splits_a_sequence)
{
    const char *last = sequences[_i].last;
    size_t size = sequences[_i].size;
    char text[ERR_MSG_SIZE + 8];

    for (size_t over = 0; over <= size; over++) {
        struct err_msg msg = {""};
        size_t fits = ERR_MSG_SIZE - 1 + over - size;

        long_text(text, last, over);
        err_ignore(err_set(&msg, ERR_IO, "%s", text));
        ck_assert_uint_eq(
            strlen(msg.text), over == 0 ? ERR_MSG_SIZE - 1 : fits);
        ck_assert_int_eq(strncmp(msg.text, text, strlen(msg.text)), 0);
    }
}
END_TEST

START_TEST(a_prefix_too_long_leaves_a_text)
{
    struct err_msg msg = {"rest"};
    char text[2 * ERR_MSG_SIZE];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    err_ignore(err_prefix(&msg, ERR_IO, "%s", text));
    ck_assert_uint_eq(strlen(msg.text), ERR_MSG_SIZE - 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("err");
    TCase *tcase = tcase_create("err");

    tcase_add_loop_test(tcase, every_code_has_words_of_its_own, 0, ERR_COUNT);
    tcase_add_test(tcase, unknown_codes_have_words_too);
    tcase_add_test(tcase, set_returns_its_code_and_formats);
    tcase_add_test(tcase, set_may_quote_the_message_it_replaces);
    tcase_add_test(tcase, prefix_goes_before_the_message_or_the_codes_words);
    tcase_add_loop_test(tcase, cutting_never_splits_a_sequence, 0,
        sizeof(sequences) / sizeof(*sequences));
    tcase_add_test(tcase, a_prefix_too_long_leaves_a_text);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
