/* SPDX-License-Identifier: Apache-2.0 */
#include "node/values/zawgyi.h"

#include <check.h>

#include "tests/lib/run.h"

/* The same words in both encodings: Myanmar; good; thank you; from Shan. */
static const char *const zawgyi[] = {
    "\u103b\u1019\u1014\u1039\u1019\u102c",
    "\u1031\u1000\u102c\u1004\u1039\u1038",
    "\u1031\u1000\u103a\u1038\u1007\u1030\u1038",
    "\u1021\u101c\u102f\u1015\u1039 \u1031\u1015\u1038",
};
static const char *const plain[] = {
    "\u1019\u103c\u1014\u103a\u1019\u102c",
    "\u1000\u1031\u102c\u1004\u103a\u1038",
    "\u1000\u103b\u1031\u1038\u1007\u1030\u1038",
    "\u1021\u101c\u102f\u1015\u103a \u1015\u1031\u1038",
    "\u1019\u1004\u103a\u1039\u1002\u101c\u102c\u1015\u102b",
    "\u101e\u1014\u1039\u1010\u102c",
    "\u1075\u102d\u107c\u103a\u1076\u101d\u103a\u1088",
    "Daw Hla",
    "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
    "",
};

START_TEST(zawgyi_is_noticed)
{
    ck_assert_uint_ge(zawgyi_score(bytes_text(zawgyi[_i])), ZAWGYI_CERTAIN);
}
END_TEST

START_TEST(unicode_is_left_alone)
{
    ck_assert_uint_lt(zawgyi_score(bytes_text(plain[_i])), ZAWGYI_ASK);
}
END_TEST

START_TEST(a_mixed_text_is_for_a_person_to_judge)
{
    unsigned score =
        zawgyi_score(bytes_text("\u103b\u1019\u1014\u1039\u1019\u102c "
                                "\u1000\u1031\u102c\u1004\u103a\u1038"));

    ck_assert_uint_ge(score, ZAWGYI_ASK);
    ck_assert_uint_lt(score, ZAWGYI_CERTAIN);
}
END_TEST

START_TEST(broken_utf8_does_no_harm)
{
    static const uint8_t broken[] = {0xe1, 0x80, 0xff, 0xe1, 0x80};

    ck_assert_uint_eq(zawgyi_score(bytes_of(broken, sizeof(broken))), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("zawgyi");
    TCase *rules = tcase_create("rules");

    tcase_add_loop_test(
        rules, zawgyi_is_noticed, 0, sizeof(zawgyi) / sizeof(zawgyi[0]));
    tcase_add_loop_test(
        rules, unicode_is_left_alone, 0, sizeof(plain) / sizeof(plain[0]));
    tcase_add_test(rules, a_mixed_text_is_for_a_person_to_judge);
    tcase_add_test(rules, broken_utf8_does_no_harm);
    suite_add_tcase(suite, rules);
    return run_suite(suite);
}
