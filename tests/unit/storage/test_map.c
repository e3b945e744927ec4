/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/map.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "tests/lib/run.h"

enum { COUNT = 5000, KEY_BYTES = 12 };

static int values[COUNT];

static void
name_of(uint8_t key[KEY_BYTES], size_t n)
{
    memset(key, 0, KEY_BYTES);
    num_store_u64(key + 4, n);
}

static void
fill(struct map *map, size_t count)
{
    uint8_t key[KEY_BYTES];

    for (size_t n = 0; n < count; n++) {
        name_of(key, n);
        ck_assert_int_eq(map_add(map, key, &values[n]), ERR_OK);
    }
}

START_TEST(every_value_is_found_under_its_key)
{
    struct map map;
    uint8_t key[KEY_BYTES];

    map_init(&map, KEY_BYTES, 7);
    name_of(key, 0);
    ck_assert_ptr_null(map_find(&map, key));
    fill(&map, COUNT);
    ck_assert_uint_eq(map.count, COUNT);
    for (size_t n = 0; n < COUNT; n++) {
        name_of(key, n);
        ck_assert_ptr_eq(map_find(&map, key), &values[n]);
    }
    name_of(key, COUNT);
    ck_assert_ptr_null(map_find(&map, key));
    map_release(&map);
}
END_TEST

START_TEST(a_walk_meets_every_value_once)
{
    struct map map;
    bool met[COUNT] = {false};
    size_t index = 0;
    size_t count = 0;
    int *value = NULL;

    map_init(&map, KEY_BYTES, 7);
    fill(&map, COUNT);
    while ((value = map_next(&map, &index)) != NULL) {
        ck_assert(!met[value - values]);
        met[value - values] = true;
        count++;
    }
    ck_assert_uint_eq(count, COUNT);
    map_release(&map);
}
END_TEST

START_TEST(a_cleared_map_is_empty_and_takes_the_same_again)
{
    struct map map;
    uint8_t key[KEY_BYTES];
    size_t index = 0;

    map_init(&map, KEY_BYTES, 7);
    map_clear(&map);
    fill(&map, 100);
    map_clear(&map);
    ck_assert_uint_eq(map.count, 0);
    ck_assert_ptr_null(map_next(&map, &index));
    name_of(key, 3);
    ck_assert_ptr_null(map_find(&map, key));
    fill(&map, 100);
    ck_assert_ptr_eq(map_find(&map, key), &values[3]);
    map_release(&map);
}
END_TEST

START_TEST(without_memory_nothing_is_added_and_nothing_lost)
{
    struct map map;
    uint8_t key[KEY_BYTES];
    size_t n = 0;

    map_init(&map, KEY_BYTES, 7);
    fill(&map, 32);
    for (n = 32; n < COUNT; n++) {
        enum err rc = ERR_OK;

        name_of(key, n);
        mem_fault_after(0);
        rc = map_add(&map, key, &values[n]);
        mem_fault_after(-1);
        if (rc != ERR_OK) {
            break;
        }
    }
    ck_assert_uint_lt(n, COUNT);
    ck_assert_ptr_null(map_find(&map, key));
    ck_assert_uint_eq(map.count, n);
    ck_assert_int_eq(map_add(&map, key, &values[n]), ERR_OK);
    for (size_t i = 0; i <= n; i++) {
        name_of(key, i);
        ck_assert_ptr_eq(map_find(&map, key), &values[i]);
    }
    map_release(&map);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("map");
    TCase *tcase = tcase_create("map");

    tcase_add_test(tcase, every_value_is_found_under_its_key);
    tcase_add_test(tcase, a_walk_meets_every_value_once);
    tcase_add_test(tcase, a_cleared_map_is_empty_and_takes_the_same_again);
    tcase_add_test(tcase, without_memory_nothing_is_added_and_nothing_lost);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
