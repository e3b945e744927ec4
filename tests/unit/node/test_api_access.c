/* SPDX-License-Identifier: Apache-2.0 */
/* Who was granted what, and who let whom in, as the API tells it. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "node/api/target.h"
#include "tests/lib/node/api_fixture.h"
#include "tests/lib/run.h"

enum { RECORDS = 4, TARGET_BYTES_MAX = 1024 };

static struct api_fixture fixture;
static char newest[64];

static void
setup(void)
{
    api_fixture_setup(&fixture, true);
    for (int i = 0; i < RECORDS; i++) {
        struct api_response answer = api_fixture_expect(&fixture, "POST",
            "/v1/records",
            i == 0 ? "{\"kind\":\"agency\",\"fields\":{\"licence_no\":\"7\"}}"
                   : "{\"kind\":\"case\",\"fields\":{\"status\":\"new\"}}",
            201);

        (void)snprintf(newest, sizeof(newest), "%s",
            json_string_value(json_object_get(answer.json, "id")));
        api_response_release(&answer);
    }
}

static void
teardown(void)
{
    api_fixture_teardown(&fixture);
}

static struct api_response
get(const char *target, unsigned status)
{
    return api_fixture_expect(&fixture, "GET", target, NULL, status);
}

/* All pages of `array`, each of one item, in one array. */
static json_t *
walk(const char *path, const char *array)
{
    json_t *all = json_array();
    char target[TARGET_BYTES_MAX];
    const char *next = NULL;

    (void)snprintf(target, sizeof(target), "%s?limit=1", path);
    do {
        struct api_response answer = get(target, 200);
        struct buf escaped = {0};
        const json_t *items = json_object_get(answer.json, array);

        ck_assert_uint_eq(json_array_size(items), 1);
        ck_assert_int_eq(json_array_append(all, json_array_get(items, 0)), 0);
        next = json_string_value(json_object_get(answer.json, "next"));
        if (next != NULL) {
            target_escape(&escaped, next);
            ck_assert_int_eq(buf_err(&escaped), ERR_OK);
            (void)snprintf(target, sizeof(target), "%s?limit=1&after=%.*s",
                path, (int)escaped.size, (const char *)escaped.data);
        }
        buf_release(&escaped);
        api_response_release(&answer);
    } while (next != NULL);
    return all;
}

START_TEST(pages_of_one_come_to_the_whole)
{
    static const char *const rows[][2] = {
        {"/v1/audit/access", "grants"}, {"/v1/audit/offices", "events"}};
    struct api_response whole = get(rows[_i][0], 200);
    json_t *pages = walk(rows[_i][0], rows[_i][1]);
    const json_t *items = json_object_get(whole.json, rows[_i][1]);

    ck_assert_uint_ge(json_array_size(items), RECORDS);
    ck_assert(json_equal(pages, items));
    ck_assert(json_is_null(json_object_get(whole.json, "next")));
    json_decref(pages);
    api_response_release(&whole);
}
END_TEST

START_TEST(a_page_begins_where_one_ended_alone)
{
    static const char *const rows[] = {
        "access?after=",
        "access?after=12",
        "access?after=00/changes/1/1",
        "access?limit=0",
        "access?limit=5001",
        "offices?after=",
        "offices?after=-1",
        "offices?after=18446744073709551615",
        "offices?limit=5001",
    };
    char target[TARGET_BYTES_MAX];
    struct api_response answer;

    (void)snprintf(target, sizeof(target), "/v1/audit/%s", rows[_i]);
    answer = get(target, 400);
    api_response_release(&answer);
}
END_TEST

START_TEST(after_takes_a_log_that_is_known_and_nothing_behind)
{
    struct api_response answer = get("/v1/audit/access?limit=1", 200);
    const char *next = json_string_value(json_object_get(answer.json, "next"));
    const char *const tails[] = {"/", "/1", "x", "%00"};
    char target[TARGET_BYTES_MAX];

    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        struct api_response refused;

        (void)snprintf(target, sizeof(target), "/v1/audit/access?after=%s%s",
            next, tails[i]);
        refused = get(target, 400);
        api_response_release(&refused);
    }
    (void)snprintf(target, sizeof(target), "/v1/audit/access?after=%s", next);
    target[strlen("/v1/audit/access?after=")] ^= 1; /* another node's log */
    api_response_release(&answer);
    answer = get(target, 400);
    api_response_release(&answer);
}
END_TEST

START_TEST(of_a_record_keys_grants_and_readers_are_told)
{
    char target[TARGET_BYTES_MAX];
    struct api_response answer;
    const json_t *reader = NULL;
    const json_t *key = NULL;
    const json_t *grant = NULL;

    (void)snprintf(target, sizeof(target), "/v1/audit/access/%s", newest);
    answer = get(target, 200);
    ck_assert_str_eq(
        json_string_value(json_object_get(answer.json, "id")), newest);
    ck_assert_uint_eq(json_array_size(json_object_get(answer.json, "keys")), 1);
    key = json_array_get(json_object_get(answer.json, "keys"), 0);
    grant = json_array_get(json_object_get(answer.json, "grants"), 0);
    ck_assert(json_is_false(json_object_get(key, "replaced")));
    ck_assert(
        json_equal(json_object_get(key, "key"), json_object_get(grant, "key")));
    ck_assert_str_eq(
        json_string_value(json_object_get(grant, "purpose")), "own");
    ck_assert_str_eq(json_string_value(
                         json_object_get(json_object_get(grant, "to"), "name")),
        json_string_value(json_object_get(grant, "circle")));
    ck_assert_uint_eq(
        json_array_size(json_object_get(answer.json, "readers")), 1);
    reader = json_array_get(json_object_get(answer.json, "readers"), 0);
    ck_assert_str_eq(json_string_value(
                         json_array_get(json_object_get(reader, "classes"), 0)),
        "case");
    api_response_release(&answer);
    answer = get("/v1/audit/access/ffffffff", 404);
    api_response_release(&answer);
    answer = get("/v1/audit/access/0", 400);
    api_response_release(&answer);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("api_access");
    TCase *tcase = tcase_create("api_access");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, pages_of_one_come_to_the_whole, 0, 2);
    tcase_add_loop_test(tcase, a_page_begins_where_one_ended_alone, 0, 9);
    tcase_add_test(tcase, after_takes_a_log_that_is_known_and_nothing_behind);
    tcase_add_test(tcase, of_a_record_keys_grants_and_readers_are_told);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
