/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/base/list.h"

#include <check.h>

#include "tests/lib/run.h"

struct item {
    int number;
    struct list link;
};

/* The items' numbers as decimal digits, in order; both ways must agree. */
static int
digits(struct list *list)
{
    int forward = 0;
    int backward = 0;
    int power = 1;

    for (struct list *at = list->next; at != list; at = at->next) {
        forward = 10 * forward + LIST_ITEM(at, struct item, link)->number;
    }
    for (struct list *at = list->prev; at != list; at = at->prev) {
        backward += power * LIST_ITEM(at, struct item, link)->number;
        power *= 10;
    }
    ck_assert_int_eq(forward, backward);
    return forward;
}

START_TEST(items_stand_in_the_order_pushed)
{
    struct list list;
    struct item items[3] = {{.number = 1}, {.number = 2}, {.number = 3}};

    list_init(&list);
    ck_assert(list_empty(&list));
    for (size_t i = 0; i < 3; i++) {
        list_push(&list, &items[i].link);
    }
    ck_assert(!list_empty(&list));
    ck_assert_int_eq(digits(&list), 123);
    list_remove(&items[1].link);
    ck_assert_int_eq(digits(&list), 13);
    list_push(&list, &items[1].link);
    ck_assert_int_eq(digits(&list), 132);
}
END_TEST

START_TEST(removing_twice_is_harmless)
{
    struct list list;
    struct item items[2] = {{.number = 1}, {.number = 2}};

    list_init(&list);
    list_push(&list, &items[0].link);
    list_push(&list, &items[1].link);
    list_remove(&items[0].link);
    list_remove(&items[0].link);
    ck_assert_int_eq(digits(&list), 2);
    list_remove(&items[1].link);
    ck_assert(list_empty(&list));
    ck_assert(list_empty(&items[1].link));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("list");
    TCase *tcase = tcase_create("list");

    tcase_add_test(tcase, items_stand_in_the_order_pushed);
    tcase_add_test(tcase, removing_twice_is_harmless);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
