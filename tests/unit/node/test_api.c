/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/api.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/lib/node/api_fixture.h"
#include "tests/lib/run.h"

static struct api_fixture fixture;

static void
setup(void)
{
    api_fixture_setup(&fixture, true);
}

static void
setup_bare(void)
{
    api_fixture_setup(&fixture, false);
}

static void
teardown(void)
{
    api_fixture_teardown(&fixture);
}

static struct api_response
ask(const char *method, const char *target, const char *body, unsigned status)
{
    return api_fixture_expect(&fixture, method, target, body, status);
}

static const char *
text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

/* Make a case; its target into out. */
static void
make_case(char out[64], const char *fields)
{
    char body[512];
    struct api_response response;

    (void)snprintf(
        body, sizeof(body), "{\"kind\":\"case\",\"fields\":%s}", fields);
    response = ask("POST", "/v1/records", body, 201);
    (void)snprintf(out, 64, "/v1/records/%s", text_of(response.json, "id"));
    api_response_release(&response);
}

/* The record's fields must be these, as compact JSON in sorted order. */
static void
expect_fields(const char *target, const char *want)
{
    struct api_response response = ask("GET", target, NULL, 200);
    json_t *fields = json_object_get(response.json, "fields");
    char *text = NULL;

    ck_assert_int_eq(json_object_del(fields, "owner"), 0);
    text = json_dumps(fields, JSON_COMPACT | JSON_SORT_KEYS);
    ck_assert_str_eq(text, want);
    mem_free(text);
    api_response_release(&response);
}

static void
patch(const char *target, const char *fields, unsigned status)
{
    char body[512];
    struct api_response response;

    (void)snprintf(body, sizeof(body), "{\"fields\":%s}", fields);
    response = ask("PATCH", target, body, status);
    api_response_release(&response);
}

START_TEST(what_was_set_is_shown)
{
    char target[64];

    make_case(target,
        "{\"no\":\"BKK-1\",\"status\":\"new\",\"country\":\"TH\","
        "\"issues\":[\"wages\",\"debt\"],\"doc_status\":\"unknown\"}");
    expect_fields(target, "{\"country\":\"TH\",\"doc_status\":\"unknown\","
                          "\"issues\":[\"wages\",\"debt\"],\"no\":\"BKK-1\","
                          "\"status\":\"new\"}");
}
END_TEST

START_TEST(collections_gain_and_lose_values)
{
    char target[64];

    make_case(target, "{\"issues\":\"wages, debt\"}");
    patch(target, "{\"issues+\":[\"injury\",\"debt\"]}", 200);
    expect_fields(target, "{\"issues\":[\"wages\",\"debt\",\"injury\"]}");
    patch(target, "{\"issues-\":\"debt\"}", 200);
    expect_fields(target, "{\"issues\":[\"wages\",\"injury\"]}");
    patch(target, "{\"issues-\":\"debt\"}", 404);
    patch(target, "{\"issues\":\"debt\"}", 400);
    patch(target, "{\"status+\":\"open\"}", 400);
}
END_TEST

START_TEST(items_are_struck_by_number_or_text)
{
    char target[64];

    make_case(target, "{\"notes+\":[\"a\",\"b\",\"c\",\"d\"]}");
    patch(target, "{\"notes-\":2}", 200);
    patch(target, "{\"notes-\":\"3\"}", 200);
    patch(target, "{\"notes-\":\"d\"}", 200);
    expect_fields(target, "{\"notes\":[\"a\"]}");
    patch(target, "{\"notes-\":5}", 404);
    patch(target, "{\"notes-\":0}", 404);
    patch(target, "{\"notes-\":\"b\"}", 404);
}
END_TEST

START_TEST(an_entry_reversed_no_longer_counts)
{
    char target[64];
    char body[512];
    struct api_response response;

    make_case(target, "{\"status\":\"new\"}");
    (void)snprintf(body, sizeof(body),
        "{\"kind\":\"claim\",\"parent\":\"%s\",\"fields\":{\"scheme\":"
        "\"th_sso\",\"money+\":{\"type\":\"paid\",\"payer\":\"SSO\","
        "\"reference\":\"7\",\"amount\":\"1500 THB\"}}}",
        target + strlen("/v1/records/"));
    response = ask("POST", "/v1/records", body, 201);
    (void)snprintf(
        target, sizeof(target), "/v1/records/%s", text_of(response.json, "id"));
    api_response_release(&response);
    response = ask("GET", target, NULL, 200);
    ck_assert_uint_eq(json_array_size(json_object_get(
                          json_object_get(response.json, "fields"), "money")),
        1);
    api_response_release(&response);
    patch(target, "{\"money-\":1}", 200);
    response = ask("GET", target, NULL, 200);
    ck_assert_uint_eq(json_array_size(json_object_get(
                          json_object_get(response.json, "fields"), "money")),
        0);
    api_response_release(&response);
}
END_TEST

START_TEST(what_changes_nothing_writes_nothing)
{
    char target[64];
    struct api_response a;
    struct api_response b;

    make_case(target, "{\"status\":\"new\",\"issues+\":\"debt\"}");
    a = ask("GET", target, NULL, 200);
    b = ask("PATCH", target,
        "{\"fields\":{\"status\":\"new\",\"issues+\":\"debt\"}}", 200);
    ck_assert(json_is_false(json_object_get(b.json, "changed")));
    ck_assert_str_eq(a.etag, b.etag);
    api_response_release(&a);
    api_response_release(&b);
}
END_TEST

START_TEST(a_stale_edit_is_refused_and_shows_what_is_there)
{
    char target[64];
    struct api_response seen;
    struct api_response now;
    struct api_response answer;

    make_case(target, "{\"status\":\"new\"}");
    seen = ask("GET", target, NULL, 200);
    patch(target, "{\"status\":\"open\"}", 200);
    answer = api_fixture_ask(&fixture, "PATCH", target,
        "{\"fields\":{\"status\":\"closed\"}}", seen.etag);
    ck_assert_uint_eq(answer.status, 412);
    ck_assert_str_eq(api_error_code(&answer), "stale");
    ck_assert_str_eq(
        text_of(json_object_get(
                    json_object_get(
                        json_object_get(answer.json, "error"), "details"),
                    "fields"),
            "status"),
        "open");
    api_response_release(&answer);
    now = ask("GET", target, NULL, 200);
    answer = api_fixture_ask(&fixture, "PATCH", target,
        "{\"fields\":{\"status\":\"closed\"}}", now.etag);
    ck_assert_uint_eq(answer.status, 200);
    api_response_release(&answer);
    api_response_release(&now);
    api_response_release(&seen);
    expect_fields(target, "{\"status\":\"closed\"}");
}
END_TEST

START_TEST(a_version_that_is_none_is_stale)
{
    static const char *const versions[] = {"\"x\"", "*", "\"\"",
        "\"00112233445566778899\"", "W/\"0011223344556677\""};
    char target[64];
    struct api_response answer;

    make_case(target, "{\"status\":\"new\"}");
    answer = api_fixture_ask(&fixture, "PATCH", target,
        "{\"fields\":{\"status\":\"new\"}}", versions[_i]);
    ck_assert_uint_eq(answer.status, 412);
    api_response_release(&answer);
}
END_TEST

START_TEST(a_beginning_of_an_id_will_do)
{
    char target[64];
    struct api_response response;

    make_case(target, "{\"no\":\"1\"}");
    expect_fields(target, "{\"no\":\"1\"}");
    target[strlen("/v1/records/") + 28] = '\0';
    expect_fields(target, "{\"no\":\"1\"}");
    target[strlen("/v1/records/") + 4] = '\0';
    expect_fields(target, "{\"no\":\"1\"}");
    target[strlen("/v1/records/") + 3] = '\0';
    response = ask("GET", target, NULL, 400);
    api_response_release(&response);
}
END_TEST

START_TEST(an_ambiguous_beginning_lists_the_candidates)
{
    char target[64];
    struct api_response response;

    make_case(target, "{\"no\":\"1\"}");
    make_case(target, "{\"no\":\"2\"}");
    /* Ids begin with the time: these are of the same minute or the next. */
    target[strlen("/v1/records/") + 4] = '\0';
    response = ask("GET", target, NULL, 409);
    ck_assert_str_eq(api_error_code(&response), "ambiguous");
    ck_assert_uint_eq(json_array_size(json_object_get(
                          json_object_get(response.json, "error"), "details")),
        2);
    api_response_release(&response);
}
END_TEST

START_TEST(lists_are_by_value_and_in_pages)
{
    char target[128];
    struct api_response page;
    struct api_response rest;

    make_case(target, "{\"no\":\"1\",\"country\":\"TH\"}");
    make_case(target, "{\"no\":\"2\",\"country\":\"MY\"}");
    make_case(target, "{\"no\":\"3\",\"country\":\"TH\"}");
    page = ask("GET", "/v1/records?kind=case&country=TH&limit=1", NULL, 200);
    ck_assert_uint_eq(
        json_array_size(json_object_get(page.json, "records")), 1);
    (void)snprintf(target, sizeof(target),
        "/v1/records?kind=case&country=TH&after=%s",
        text_of(page.json, "next"));
    rest = ask("GET", target, NULL, 200);
    ck_assert_uint_eq(
        json_array_size(json_object_get(rest.json, "records")), 1);
    ck_assert(json_is_null(json_object_get(rest.json, "next")));
    api_response_release(&page);
    api_response_release(&rest);
}
END_TEST

/* The text of the case's field for a reader of that language. */
static void
expect_text(
    const char *target, const char *lang, const char *field, const char *want)
{
    char whole[96];
    struct api_response response;

    (void)snprintf(whole, sizeof(whole), "%s?lang=%s", target, lang);
    response = ask("GET", whole, NULL, 200);
    ck_assert_str_eq(
        text_of(json_object_get(response.json, "texts"), field), want);
    api_response_release(&response);
}

START_TEST(a_language_is_said_where_it_is_another)
{
    char target[64];

    make_case(target, "{\"summary\":{\"text\":\"Wages owed\",\"lang\":\"en\"},"
                      "\"assignee\":\"desk 1\"}");
    expect_text(target, "en", "summary", "Wages owed");
    expect_text(target, "km", "summary", "Wages owed [en]");
    expect_text(target, "km", "assignee", "desk 1");
}
END_TEST

START_TEST(history_says_before_and_after)
{
    char target[96];
    struct api_response response;
    const json_t *history = NULL;
    const json_t *op = NULL;

    make_case(target, "{\"summary\":\"a\"}");
    patch(target, "{\"summary\":\"b\"}", 200);
    (void)snprintf(
        target + strlen(target), sizeof(target) - strlen(target), "/history");
    response = ask("GET", target, NULL, 200);
    history = json_object_get(response.json, "history");
    ck_assert_uint_eq(json_array_size(history), 2);
    op = json_array_get(
        json_object_get(json_array_get(history, 1), "operations"), 0);
    ck_assert_str_eq(text_of(op, "before"), "a");
    ck_assert_str_eq(text_of(op, "value"), "b");
    ck_assert_str_eq(
        text_of(json_object_get(json_array_get(history, 1), "office"), "name"),
        "Ministry");
    api_response_release(&response);
}
END_TEST

static const struct {
    const char *method;
    const char *target;
    const char *body;
    unsigned status;
    const char *code;
} faults[] = {
    {"GET", "/", NULL, 404, "not_found"},
    {"GET", "/v1/nothing", NULL, 404, "not_found"},
    {"GET", "/v1/records/", NULL, 404, "not_found"},
    {"GET", "/v1/records/0123/4567", NULL, 404, "not_found"},
    {"PUT", "/v1/records", NULL, 405, "method"},
    {"LONGERTHAN8", "/v1/records", NULL, 405, "method"},
    {"GET", "/v1/records", NULL, 400, "malformed"},
    {"GET", "/v1/records?kind=nothing", NULL, 400, "malformed"},
    {"GET", "/v1/records?kind=employer", NULL, 400, "malformed"},
    {"GET", "/v1/records?kind=case&limit=0", NULL, 400, "malformed"},
    {"GET", "/v1/records?kind=case&limit=1001", NULL, 400, "malformed"},
    {"GET", "/v1/records?kind=case&limit=x", NULL, 400, "malformed"},
    {"GET", "/v1/records?kind=case&after=01", NULL, 400, "malformed"},
    {"GET", "/v1/records?kind=case&nothing=1", NULL, 400, "malformed"},
    {"GET", "/v1/records?kind=case&country=XX", NULL, 404, "not_found"},
    {"GET", "/v1/records?kind=%zz", NULL, 400, "malformed"},
    {"GET", "/v1/records?kind=%00", NULL, 400, "malformed"},
    {"GET", "/v1/records?kind=%ff", NULL, 400, "malformed"},
    {"GET", "/v1/records?kind=%4", NULL, 400, "malformed"},
    {"GET", "/v1/%ff", NULL, 400, "malformed"},
    {"GET", "/v1/records/0123456789abcdef", NULL, 404, "not_found"},
    {"GET", "/v1/records/xyzw", NULL, 400, "malformed"},
    {"POST", "/v1/records", NULL, 400, "malformed"},
    {"POST", "/v1/records", "{", 400, "malformed"},
    {"POST", "/v1/records", "[]", 400, "malformed"},
    {"POST", "/v1/records", "{\"kind\":\"case\",\"kind\":\"case\"}", 400,
        "malformed"},
    {"POST", "/v1/records", "{\"kind\":1,\"fields\":{}}", 400, "malformed"},
    {"POST", "/v1/records", "{\"kind\":\"case\"}", 400, "malformed"},
    {"POST", "/v1/records", "{\"kind\":\"case\",\"fields\":[]}", 400,
        "malformed"},
    {"POST", "/v1/records", "{\"kind\":\"case\",\"fields\":{\"nothing\":1}}",
        400, "malformed"},
    {"POST", "/v1/records",
        "{\"kind\":\"case\",\"fields\":{\"country\":\"XX\"}}", 404,
        "not_found"},
    {"POST", "/v1/records",
        "{\"kind\":\"case\",\"fields\":{\"owner\":\"Nobody\"}}", 404,
        "not_found"},
    {"POST", "/v1/records", "{\"kind\":\"claim\",\"fields\":{}}", 400,
        "malformed"},
    {"POST", "/v1/records",
        "{\"kind\":\"claim\",\"parent\":\"0123456789abcdef\",\"fields\":{}}",
        404, "not_found"},
    {"POST", "/v1/members/confirm", "{\"code\":\"x\"}", 400, "malformed"},
    {"POST", "/v1/members/roles", "{\"roles\":[\"read\"]}", 400, "malformed"},
    {"POST", "/v1/members/roles", "{\"office\":\"Ministry\",\"roles\":[]}", 400,
        "malformed"},
    {"POST", "/v1/members/roles",
        "{\"office\":\"Ministry\",\"roles\":[\"king\"]}", 400, "malformed"},
    {"POST", "/v1/members/roles",
        "{\"office\":\"Nobody\",\"roles\":[\"read\"]}", 404, "not_found"},
    {"POST", "/v1/members/roles",
        "{\"office\":\"Ministry\",\"roles\":[\"read\"]}", 403, "denied"},
    {"POST", "/v1/peers", "{\"office\":\"x\",\"addresses\":[\"y\"]}", 400,
        "malformed"},
    {"POST", "/v1/peers", "{\"office\":\"x\",\"addresses\":[\"y:1\"]}", 404,
        "not_found"},
    {"DELETE", "/v1/peers", NULL, 400, "malformed"},
    {"POST", "/v1/invites", "{\"addresses\":[\"nowhere\"]}", 400, "malformed"},
    {"POST", "/v1/invites", "{\"addresses\":[\"a:1\"],\"roles\":[\"king\"]}",
        400, "malformed"},
    {"POST", "/v1/invites", "{\"addresses\":[\"a:1\"],\"expires_s\":7776001}",
        400, "malformed"},
    {"POST", "/v1/backup", "{\"dir\":\"relative\"}", 400, "malformed"},
    {"POST", "/v1/import", "{}", 400, "malformed"},
    {"POST", "/v1/corridor", "{\"name\":\"again\"}", 409, "exists"},
    {"POST", "/v1/lock", NULL, 409, "config"},
    {"POST", "/v1/sync", "{}", 409, "config"},
};

START_TEST(faults_have_a_status_a_word_and_a_sentence)
{
    struct api_response response = ask(faults[_i].method, faults[_i].target,
        faults[_i].body, faults[_i].status);

    ck_assert_str_eq(api_error_code(&response), faults[_i].code);
    ck_assert_str_ne(api_error_message(&response), "");
    api_response_release(&response);
}
END_TEST

START_TEST(without_a_corridor_it_is_said_what_to_do)
{
    static const char *const targets[] = {
        "/v1/records?kind=case", "/v1/members", "/v1/digest", "/v1/conflicts"};
    struct api_response response = ask("GET", targets[_i], NULL, 409);

    ck_assert_str_eq(api_error_code(&response), "config");
    ck_assert_ptr_nonnull(strstr(api_error_message(&response), "found"));
    api_response_release(&response);
    response = ask("GET", "/v1/status", NULL, 200);
    ck_assert(json_is_null(json_object_get(response.json, "corridor")));
    api_response_release(&response);
}
END_TEST

START_TEST(a_body_has_at_most_so_many_bytes)
{
    struct buf body = {0};
    struct api_request request = {
        .method = "POST", .target = "/v1/members/confirm"};
    struct api_response response;

    buf_put_text(&body, "{\"code\":\"");
    while (body.size < API_BODY_BYTES_MAX + 1U - 2U - (unsigned)_i) {
        buf_put_u8(&body, 'x');
    }
    buf_put_text(&body, "\"}");
    request.body = buf_bytes(&body);
    api_dispatch(fixture.api, &request, &response);
    ck_assert_uint_eq(response.status, _i == 0 ? 413 : 400);
    api_response_release(&response);
    buf_release(&body);
}
END_TEST

START_TEST(an_invitation_is_one_line)
{
    struct api_response response = ask("POST", "/v1/invites",
        "{\"addresses\":[\"192.0.2.1:7443\"],\"roles\":[\"read\"]}", 201);
    const char *line = text_of(response.json, "line");

    ck_assert_int_eq(strncmp(line, "corridor-invite-1:", 18), 0);
    ck_assert_ptr_null(strchr(line, '\n'));
    api_response_release(&response);
}
END_TEST

START_TEST(what_is_stored_is_found_sound)
{
    char target[64];
    struct api_response response;

    make_case(target, "{\"status\":\"new\",\"doc_status\":\"unknown\"}");
    response = ask("POST", "/v1/verify", "{}", 200);
    ck_assert_int_eq(
        json_integer_value(json_object_get(response.json, "findings")), 0);
    ck_assert_int_eq(
        json_integer_value(json_object_get(response.json, "records")), 1);
    api_response_release(&response);
}
END_TEST

START_TEST(rebuilding_changes_no_digest)
{
    char target[64];
    struct api_response before;
    struct api_response after;
    struct api_response response;

    make_case(target, "{\"status\":\"new\",\"doc_status\":\"unknown\"}");
    before = ask("GET", "/v1/digest", NULL, 200);
    response = ask("POST", "/v1/rebuild", "{}", 200);
    api_response_release(&response);
    after = ask("GET", "/v1/digest", NULL, 200);
    ck_assert_str_eq(
        text_of(before.json, "digest"), text_of(after.json, "digest"));
    api_response_release(&before);
    api_response_release(&after);
}
END_TEST

static TCase *
case_of(const char *name, void (*begin)(void))
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, begin, teardown);
    return tcase;
}

int
main(void)
{
    Suite *suite = suite_create("api");
    TCase *tcase = case_of("founded", setup);
    TCase *bare = case_of("bare", setup_bare);

    tcase_add_test(tcase, what_was_set_is_shown);
    tcase_add_test(tcase, collections_gain_and_lose_values);
    tcase_add_test(tcase, items_are_struck_by_number_or_text);
    tcase_add_test(tcase, an_entry_reversed_no_longer_counts);
    tcase_add_test(tcase, what_changes_nothing_writes_nothing);
    tcase_add_test(tcase, a_stale_edit_is_refused_and_shows_what_is_there);
    tcase_add_loop_test(tcase, a_version_that_is_none_is_stale, 0, 5);
    tcase_add_test(tcase, a_beginning_of_an_id_will_do);
    tcase_add_test(tcase, an_ambiguous_beginning_lists_the_candidates);
    tcase_add_test(tcase, lists_are_by_value_and_in_pages);
    tcase_add_test(tcase, a_language_is_said_where_it_is_another);
    tcase_add_test(tcase, history_says_before_and_after);
    tcase_add_loop_test(tcase, faults_have_a_status_a_word_and_a_sentence, 0,
        sizeof(faults) / sizeof(faults[0]));
    tcase_add_loop_test(tcase, a_body_has_at_most_so_many_bytes, 0, 2);
    tcase_add_test(tcase, an_invitation_is_one_line);
    tcase_add_test(tcase, what_is_stored_is_found_sound);
    tcase_add_test(tcase, rebuilding_changes_no_digest);
    tcase_add_loop_test(bare, without_a_corridor_it_is_said_what_to_do, 0, 4);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, bare);
    return run_suite(suite);
}
