/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/names.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/lib/run.h"

enum { MANY = 5000 };

static void
name_of(char out[32], unsigned n)
{
    (void)snprintf(out, 32, "#c%u", n);
}

static struct record_id
id_of(unsigned n)
{
    struct record_id id = {{(uint8_t)(n >> 8), (uint8_t)n}};

    return id;
}

START_TEST(every_name_is_found_again)
{
    struct names names = {0};
    struct record_id got;
    char name[32];

    for (unsigned i = 0; i < MANY; i++) {
        struct record_id id = id_of(i);

        name_of(name, i);
        ck_assert_ptr_null(names_find(&names, name, &got));
        ck_assert_int_eq(
            names_put(&names, name, i % 2 == 0 ? "case" : "person", &id),
            ERR_OK);
    }
    for (unsigned i = 0; i < MANY; i++) {
        struct record_id id = id_of(i);

        name_of(name, i);
        ck_assert_str_eq(
            names_find(&names, name, &got), i % 2 == 0 ? "case" : "person");
        ck_assert(record_id_equal(&got, &id));
    }
    names_release(&names);
}
END_TEST

START_TEST(the_last_record_of_a_name_counts)
{
    struct names names = {0};
    struct record_id a = id_of(1);
    struct record_id b = id_of(2);
    struct record_id got;

    ck_assert_int_eq(names_put(&names, "#x", "case", &a), ERR_OK);
    ck_assert_int_eq(names_put(&names, "#x", "claim", &b), ERR_OK);
    ck_assert_uint_eq(names.count, 1);
    ck_assert_str_eq(names_find(&names, "#x", &got), "claim");
    ck_assert(record_id_equal(&got, &b));
    names_release(&names);
}
END_TEST

START_TEST(kinds_are_bounded)
{
    struct names names = {0};
    struct record_id id = id_of(1);
    char kind[32];

    for (unsigned i = 0; i < NAMES_KINDS_MAX; i++) {
        name_of(kind, i);
        ck_assert_int_eq(names_put(&names, "#x", kind, &id), ERR_OK);
    }
    ck_assert_int_eq(names_put(&names, "#x", "one more", &id), ERR_TOO_BIG);
    ck_assert_int_eq(
        names_put(&names, "#y", "a kind's name of more than 32 bytes", &id),
        ERR_TOO_BIG);
    names_release(&names);
}
END_TEST

START_TEST(a_failing_allocation_is_an_error)
{
    bool was_hit = true;

    for (long n = 0; was_hit; n++) {
        struct names names = {0};
        struct record_id id = id_of(1);
        enum err rc = ERR_OK;
        char name[32];

        mem_fault_after(n);
        for (unsigned i = 0; i < 200 && rc == ERR_OK; i++) {
            name_of(name, i);
            rc = names_put(&names, name, "case", &id);
        }
        was_hit = mem_fault_hit();
        mem_fault_after(-1);
        ck_assert_int_eq(rc, was_hit ? ERR_NOMEM : ERR_OK);
        names_release(&names);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("names");
    TCase *tcase = tcase_create("names");

    tcase_add_test(tcase, every_name_is_found_again);
    tcase_add_test(tcase, the_last_record_of_a_name_counts);
    tcase_add_test(tcase, kinds_are_bounded);
    tcase_add_test(tcase, a_failing_allocation_is_an_error);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
