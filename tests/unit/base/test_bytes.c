/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/base/bytes.h"

#include <check.h>
#include <string.h>

#include "tests/lib/run.h"

static int
sign(int value)
{
    return (value > 0) - (value < 0);
}

static const struct {
    const char *a;
    const char *b;
    int order;
} pairs[] = {
    {"", "", 0},
    {"", "a", -1},
    {"a", "a", 0},
    {"a", "ab", -1},
    {"ab", "b", -1},
    {"a\x7f", "a\x80", -1},
    {"\xff", "a", 1},
};

START_TEST(order_is_bytewise_and_a_prefix_goes_first)
{
    struct bytes a = bytes_text(pairs[_i].a);
    struct bytes b = bytes_text(pairs[_i].b);

    ck_assert_int_eq(sign(bytes_compare(a, b)), pairs[_i].order);
    ck_assert_int_eq(sign(bytes_compare(b, a)), -pairs[_i].order);
    ck_assert(bytes_equal(a, b) == (pairs[_i].order == 0));
}
END_TEST

START_TEST(empty_views_need_no_memory)
{
    struct bytes none = bytes_of(NULL, 0);

    ck_assert(bytes_equal(none, bytes_text("")));
    ck_assert_int_lt(bytes_compare(none, bytes_text("a")), 0);
    ck_assert(bytes_are_utf8(none));
    ck_assert(bytes_are_zero(none));
}
END_TEST

/* RFC 3629, section 4: at each border of its table, both sides. */
static const struct {
    const char *text;
    bool valid;
} texts[] = {
    {"plain", true},
    {"\x7f", true},
    {"\x80", false},
    {"\xbf", false},
    {"\xc1\xbf", false},
    {"\xc2\x7f", false},
    {"\xc2\x80", true},
    {"\xc2\xbf", true},
    {"\xc2\xc0", false},
    {"\xdf\xbf", true},
    {"\xe0\x9f\xbf", false},
    {"\xe0\xa0\x80", true},
    {"\xe1\x80\x80", true},
    {"\xe1\x80\x7f", false},
    {"\xe1\x80\xc0", false},
    {"\xec\xbf\xbf", true},
    {"\xed\x9f\xbf", true},
    {"\xed\xa0\x80", false},
    {"\xed\xbf\xbf", false},
    {"\xee\x80\x80", true},
    {"\xef\xbf\xbf", true},
    {"\xf0\x8f\xbf\xbf", false},
    {"\xf0\x90\x80\x80", true},
    {"\xf0\x90\x80\x7f", false},
    {"\xf0\x90\xc0\x80", false},
    {"\xf3\xbf\xbf\xbf", true},
    {"\xf4\x8f\xbf\xbf", true},
    {"\xf4\x90\x80\x80", false},
    {"\xf5\x80\x80\x80", false},
    {"\xff", false},
    {"a\xc2", false},
    {"a\xe1\x80", false},
    {"a\xf1\x80\x80", false},
    {"\xc2\x80\xe1\x80\x80\xf1\x80\x80\x80z", true},
};

START_TEST(utf8_is_what_rfc_3629_says)
{
    ck_assert_msg(bytes_are_utf8(bytes_text(texts[_i].text)) == texts[_i].valid,
        "row %d", _i);
}
END_TEST

START_TEST(one_byte_of_many_makes_them_not_zero)
{
    uint8_t bytes[33] = {0};

    ck_assert(bytes_are_zero(bytes_of(bytes, sizeof(bytes))));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = 0x10;
        ck_assert(!bytes_are_zero(bytes_of(bytes, sizeof(bytes))));
        bytes[i] = 0;
    }
}
END_TEST

START_TEST(ids_are_equal_when_every_byte_is)
{
    struct node_id node[2] = {{{0}}, {{0}}};
    struct office_id office[2] = {{{0}}, {{0}}};
    struct corridor_id corridor[2] = {{{0}}, {{0}}};
    struct hash hash[2] = {{{0}}, {{0}}};

    ck_assert(node_id_equal(&node[0], &node[1]));
    ck_assert(office_id_equal(&office[0], &office[1]));
    ck_assert(corridor_id_equal(&corridor[0], &corridor[1]));
    ck_assert(hash_equal(&hash[0], &hash[1]));
    node[1].bytes[31] = 1;
    office[1].bytes[31] = 1;
    corridor[1].bytes[31] = 1;
    hash[1].bytes[31] = 1;
    ck_assert(!node_id_equal(&node[0], &node[1]));
    ck_assert(!office_id_equal(&office[0], &office[1]));
    ck_assert(!corridor_id_equal(&corridor[0], &corridor[1]));
    ck_assert(!hash_equal(&hash[0], &hash[1]));
    ck_assert_int_lt(node_id_compare(&node[0], &node[1]), 0);
    ck_assert_int_gt(node_id_compare(&node[1], &node[0]), 0);
}
END_TEST

START_TEST(record_ids_order_by_their_first_difference)
{
    struct record_id a = {{1, 0xff}};
    struct record_id b = {{2, 0}};

    ck_assert_int_lt(record_id_compare(&a, &b), 0);
    ck_assert(!record_id_equal(&a, &b));
    b = a;
    ck_assert(record_id_equal(&a, &b));
    b.bytes[15] = 1;
    ck_assert(!record_id_equal(&a, &b));
}
END_TEST

START_TEST(a_hash_as_bytes_is_all_of_it)
{
    struct hash hash = {{1, 2, 3}};

    ck_assert(bytes_equal(bytes_hash(&hash), bytes_of(hash.bytes, 32)));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("bytes");
    TCase *tcase = tcase_create("bytes");

    tcase_add_loop_test(tcase, order_is_bytewise_and_a_prefix_goes_first, 0,
        sizeof(pairs) / sizeof(*pairs));
    tcase_add_test(tcase, empty_views_need_no_memory);
    tcase_add_loop_test(
        tcase, utf8_is_what_rfc_3629_says, 0, sizeof(texts) / sizeof(*texts));
    tcase_add_test(tcase, one_byte_of_many_makes_them_not_zero);
    tcase_add_test(tcase, ids_are_equal_when_every_byte_is);
    tcase_add_test(tcase, record_ids_order_by_their_first_difference);
    tcase_add_test(tcase, a_hash_as_bytes_is_all_of_it);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
