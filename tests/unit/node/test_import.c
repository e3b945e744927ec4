/* SPDX-License-Identifier: Apache-2.0 */
/* Imports through the API: what comes in, what comes in again, what not. */
#include "node/api/api.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "node/sample/sample.h"
#include "tests/lib/node/api_fixture.h"
#include "tests/lib/run.h"

static struct api_fixture fixture;

static void
setup(void)
{
    api_fixture_setup(&fixture, true);
}

static void
teardown(void)
{
    api_fixture_teardown(&fixture);
}

/* Import rows given as JSON; the statuses, by their first letters. */
static void
import(const char *rows, char out[64])
{
    char body[4096];
    struct api_response response;
    const json_t *answers = NULL;

    (void)snprintf(body, sizeof(body), "{\"rows\":[%s]}", rows);
    response = api_fixture_expect(&fixture, "POST", "/v1/import", body, 200);
    answers = json_object_get(response.json, "rows");
    ck_assert_uint_lt(json_array_size(answers), 64);
    for (size_t i = 0; i < json_array_size(answers); i++) {
        out[i] = json_string_value(
            json_object_get(json_array_get(answers, i), "status"))[0];
    }
    out[json_array_size(answers)] = '\0';
    api_response_release(&response);
}

static size_t
count_records(const char *kind)
{
    char target[64];
    struct api_response response;
    size_t count = 0;

    (void)snprintf(
        target, sizeof(target), "/v1/records?kind=%s&limit=1000", kind);
    response = api_fixture_expect(&fixture, "GET", target, NULL, 200);
    count = json_array_size(json_object_get(response.json, "records"));
    api_response_release(&response);
    return count;
}

static const char family[] =
    "{\"kind\":\"person\",\"id\":\"#p1\",\"pseudonym\":\"Heron\"},"
    "{\"kind\":\"case\",\"id\":\"#c1\",\"person\":\"#p1\","
    "\"issues+\":[\"debt\"]},"
    "{\"kind\":\"claim\",\"id\":\"#l1\",\"parent\":\"#c1\","
    "\"scheme\":\"th_sso\"},"
    "{\"id\":\"#c1\",\"status\":\"open\",\"notes+\":\"called\"}";

START_TEST(rows_make_and_update_records_by_their_names)
{
    char got[64];
    struct api_response response;
    const json_t *record = NULL;

    import(family, got);
    ck_assert_str_eq(got, "mmmu");
    response = api_fixture_expect(
        &fixture, "GET", "/v1/records?kind=case&full=1", NULL, 200);
    record = json_array_get(json_object_get(response.json, "records"), 0);
    record = json_object_get(record, "fields");
    ck_assert_str_eq(
        json_string_value(json_object_get(record, "status")), "open");
    ck_assert_uint_eq(
        strlen(json_string_value(json_object_get(record, "person"))), 32);
    api_response_release(&response);
}
END_TEST

START_TEST(importing_again_changes_nothing)
{
    char got[64];
    struct api_response before;
    struct api_response after;

    import(family, got);
    before = api_fixture_expect(&fixture, "GET", "/v1/digest", NULL, 200);
    import(family, got);
    ck_assert_str_eq(got, "uuuu"); /* unchanged, all of them */
    after = api_fixture_expect(&fixture, "GET", "/v1/digest", NULL, 200);
    ck_assert(json_equal(before.json, after.json));
    api_response_release(&before);
    api_response_release(&after);
    ck_assert_uint_eq(count_records("case"), 1);
}
END_TEST

START_TEST(an_interrupted_import_is_completed_by_repeating_it)
{
    char got[64];

    import("{\"kind\":\"person\",\"id\":\"#p1\",\"pseudonym\":\"Heron\"}", got);
    ck_assert_str_eq(got, "m");
    import(family, got);
    ck_assert_str_eq(got, "ummu");
    ck_assert_uint_eq(count_records("person"), 1);
}
END_TEST

START_TEST(equal_rows_are_as_many_records)
{
    struct api_response response;
    static const char body[] =
        "{\"kind\":\"case\",\"rows\":[{\"country\":\"TH\"},"
        "{\"country\":\"TH\"}],\"repeats\":[0,1]}";

    for (int i = 0; i < 2; i++) {
        response =
            api_fixture_expect(&fixture, "POST", "/v1/import", body, 200);
        api_response_release(&response);
        ck_assert_uint_eq(count_records("case"), 2);
    }
}
END_TEST

START_TEST(names_may_come_from_earlier_requests)
{
    char got[64];
    char body[512];
    struct api_response response;
    const json_t *answer = NULL;

    import("{\"kind\":\"case\",\"id\":\"#c1\",\"no\":\"1\"}", got);
    response =
        api_fixture_expect(&fixture, "GET", "/v1/records?kind=case", NULL, 200);
    answer = json_array_get(json_object_get(response.json, "records"), 0);
    (void)snprintf(body, sizeof(body),
        "{\"rows\":[{\"id\":\"#c1\",\"status\":\"open\"}],"
        "\"names\":{\"#c1\":\"case/%s\"}}",
        json_string_value(json_object_get(answer, "id")));
    api_response_release(&response);
    response = api_fixture_expect(&fixture, "POST", "/v1/import", body, 200);
    answer = json_array_get(json_object_get(response.json, "rows"), 0);
    ck_assert_str_eq(
        json_string_value(json_object_get(answer, "status")), "updated");
    api_response_release(&response);
}
END_TEST

static const struct {
    const char *name;
    const char *row;
} broken[] = {
    {"no object", "[1]"},
    {"neither kind nor id", "{\"no\":\"1\"}"},
    {"an unknown kind", "{\"kind\":\"ship\"}"},
    {"an id that is no text", "{\"kind\":\"case\",\"id\":1}"},
    {"an unknown name", "{\"id\":\"#c9\",\"status\":\"open\"}"},
    {"an unknown id", "{\"id\":\"0123456789\",\"status\":\"open\"}"},
    {"an unknown field", "{\"kind\":\"case\",\"hull\":\"x\"}"},
    {"an unknown code", "{\"kind\":\"case\",\"country\":\"XX\"}"},
    {"an unknown person", "{\"kind\":\"case\",\"person\":\"#p9\"}"},
    {"a date that is none", "{\"kind\":\"case\",\"due\":\"2026-02-30\"}"},
    {"no parent", "{\"kind\":\"claim\",\"scheme\":\"th_sso\"}"},
    {"another's record", "{\"kind\":\"case\",\"owner\":\"Nobody\"}"},
    {"Zawgyi", "{\"kind\":\"case\",\"summary\":\"\u101e\u102e\u101f\u102d\u102f"
               "\u1020\u1039 \u1031\u1019\u102c\u1004\u1039\u1031\u1021\u1038"
               "\u1019\u1030\"}"},
};

START_TEST(a_broken_row_is_answered_and_breaks_nothing_else)
{
    char rows[1024];
    char got[64];

    (void)snprintf(rows, sizeof(rows),
        "{\"kind\":\"case\",\"no\":\"1\"},%s,{\"kind\":\"case\",\"no\":\"2\"}",
        broken[_i].row);
    import(rows, got);
    ck_assert_msg(strcmp(got, "mem") == 0, "%s: %s", broken[_i].name, got);
    ck_assert_uint_eq(count_records("case"), 2);
}
END_TEST

START_TEST(tables_come_as_offices_write_them)
{
    char got[64];
    struct api_response response;
    const json_t *fields = NULL;

    /* Labels for names, local digits, a Buddhist year, codes in one cell. */
    import("{\"kind\":\"Case\",\"Country\":\"TH\","
           "\"due\":\"\u0e52\u0e55\u0e56\u0e59-03-01\","
           "\"issues\":\"debt; wages\"}",
        got);
    ck_assert_str_eq(got, "m");
    response =
        api_fixture_expect(&fixture, "GET", "/v1/records?kind=case", NULL, 200);
    fields = json_object_get(
        json_array_get(json_object_get(response.json, "records"), 0), "fields");
    ck_assert_str_eq(json_string_value(json_object_get(
                         json_object_get(fields, "due"), "date")),
        "2026-03-01");
    ck_assert_uint_eq(json_array_size(json_object_get(fields, "issues")), 2);
    api_response_release(&response);
}
END_TEST

/* Files of the generator, in requests of one file each. */
START_TEST(made_up_files_come_in_whole_and_once)
{
    struct sample_options options = {.seed = 5};
    struct buf file = {0};
    size_t faults = 0;

    for (uint64_t n = 0; n < 40; n++) {
        struct buf body = {0};
        struct api_request request = {.method = "POST", .target = "/v1/import"};
        struct api_response response;
        const json_t *answers = NULL;

        buf_clear(&file);
        ck_assert_int_eq(sample_file(&options, n % 20, &file), ERR_OK);
        buf_put_text(&body, "{\"rows\":[");
        for (size_t i = 0; i + 1 < file.size; i++) {
            buf_put_u8(&body, file.data[i] == '\n' ? ',' : file.data[i]);
        }
        buf_put_text(&body, "]}");
        request.body = buf_bytes(&body);
        api_dispatch(fixture.api, &request, &response);
        ck_assert_uint_eq(response.status, 200);
        answers = json_object_get(response.json, "rows");
        for (size_t i = 0; i < json_array_size(answers); i++) {
            const char *status = json_string_value(
                json_object_get(json_array_get(answers, i), "status"));

            faults += strcmp(status, "error") == 0;
            ck_assert(n < 20 || strcmp(status, "unchanged") == 0);
        }
        api_response_release(&response);
        buf_release(&body);
    }
    ck_assert_uint_eq(faults, 0);
    ck_assert_uint_eq(count_records("case"), 20);
    buf_release(&file);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("import");
    TCase *tcase = tcase_create("import");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, rows_make_and_update_records_by_their_names);
    tcase_add_test(tcase, importing_again_changes_nothing);
    tcase_add_test(tcase, an_interrupted_import_is_completed_by_repeating_it);
    tcase_add_test(tcase, equal_rows_are_as_many_records);
    tcase_add_test(tcase, names_may_come_from_earlier_requests);
    tcase_add_loop_test(tcase, a_broken_row_is_answered_and_breaks_nothing_else,
        0, sizeof(broken) / sizeof(broken[0]));
    tcase_add_test(tcase, tables_come_as_offices_write_them);
    tcase_add_test(tcase, made_up_files_come_in_whole_and_once);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
