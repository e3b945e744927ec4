/* SPDX-License-Identifier: Apache-2.0 */
/* Joining by a line, between real servers. */
#include <check.h>
#include <jansson.h>
#include <string.h>

#include "node/api/api.h"
#include "tests/lib/node/sites.h"
#include "tests/lib/run.h"

static struct sites sites;

static void
setup(void)
{
    sites_setup(&sites);
}

static void
teardown(void)
{
    sites_teardown(&sites);
}

#define WAIT_FOR(condition) SITES_WAIT_FOR(&sites, condition)

START_TEST(an_office_joins_by_a_line_and_keeps_the_corridor)
{
    sites_make_corridor(&sites, false);
    ck_assert(sites.site[1].node->home.has_corridor);
    ck_assert_str_eq(sites.site[1].node->home.corridor_name, "Mekong");
    sites_close(&sites, 1);
    sites_open(&sites, 1, NULL, false);
    ck_assert_ptr_nonnull(sites.site[1].node->store);
    sites_write_record(&sites, 0);
    sites_sync(&sites, 1);
    ck_assert_msg(sites.site[1].rc == ERR_OK, "%s", sites.site[1].json);
    ck_assert_uint_eq(sites_stat(&sites, 1).records, 1);
}
END_TEST

static void
on_called(void *context, struct api_call *call)
{
    struct site *site = context;

    site->rc = api_call_answer(call)->status < 300 ? ERR_OK : ERR_CLOSED;
    site->is_done = true;
}

/* Begin POST /v1/join at site 1, with a line of site 0's. */
static struct api_call *
begin_post_join(struct api *api, const char *passphrase)
{
    struct invite invitation;
    struct buf line = {0};
    struct api_request request = {.method = "POST", .target = "/v1/join"};
    struct api_call *call = NULL;

    sites_invite(&sites, 0, &invitation);
    ck_assert_int_eq(invite_format(&line, &invitation), ERR_OK);
    request.json = json_pack("{s:s%,s:s}", "line", (const char *)line.data,
        line.size, "passphrase", passphrase);
    ck_assert_ptr_nonnull(request.json);
    ck_assert_int_eq(api_call_new(&call, api, &request), ERR_OK);
    json_decref(request.json);
    buf_release(&line);
    sites.site[1].is_done = false;
    api_call_run(call);
    return call;
}

static void
expect_status(struct api *api, const char *target, unsigned status)
{
    struct api_request request = {.method = "GET", .target = target};
    struct api_response response;

    api_dispatch(api, &request, &response);
    ck_assert_msg(response.status == status, "%s: %u, not %u", target,
        response.status, status);
    api_response_release(&response);
}

START_TEST(while_a_home_joins_nothing_looks_at_its_store)
{
    struct api_options options = {0};
    struct api *api = NULL;
    struct api_call *call = NULL;

    sites_open(&sites, 0, "127.0.0.1:0", false);
    sites_open(&sites, 1, NULL, false);
    sites_found(&sites, 0);
    options.node = sites.site[1].node;
    options.server = sites.site[1].server;
    ck_assert_int_eq(api_new(&api, &options), ERR_OK);
    call = begin_post_join(api, "not the passphrase");
    api_call_start(call, on_called, &sites.site[1]);
    ck_assert(sites.site[1].is_done && sites.site[1].rc != ERR_OK);
    expect_status(api, "/v1/status", 200);
    api_call_free(call);

    call = begin_post_join(api, sites_passphrase);
    expect_status(api, "/v1/members", 409);
    api_call_start(call, on_called, &sites.site[1]);
    ck_assert(!sites.site[1].is_done);
    expect_status(api, "/v1/status", 409);
    expect_status(api, "/v1/schema", 200);
    WAIT_FOR(sites.site[1].is_done);
    ck_assert_int_eq(sites.site[1].rc, ERR_OK);
    expect_status(api, "/v1/members", 200);
    api_call_free(call);
    api_free(api);
}
END_TEST

START_TEST(a_wrong_or_withdrawn_line_lets_nobody_in)
{
    struct invite invitation;
    uint64_t timeout_ms = 250;

    sites_open(&sites, 0, "127.0.0.1:0", false);
    sites_open(&sites, 1, NULL, false);
    sites_found(&sites, 0);
    sites_invite(&sites, 0, &invitation);
    invitation.secret.bytes[0] ^= 1;
    /* The one where it is called and stays silent. */
    memcpy(invitation.addresses[0], invitation.addresses[1],
        sizeof(invitation.addresses[0]));
    invitation.address_count = 1;
    /* Until the time is enough for one attempt on this machine. */
    do {
        timeout_ms *= 2;
        sites_begin_join(&sites, 1, &invitation, timeout_ms);
        WAIT_FOR(sites.site[1].is_done);
        ck_assert_int_eq(sites.site[1].rc, ERR_BUSY);
        ck_assert(!sites.site[1].node->home.has_corridor);
    } while (strstr(sites.site[1].msg.text, "no answer") == NULL &&
             timeout_ms < SITES_REQUEST_MS);
    ck_assert_ptr_nonnull(strstr(sites.site[1].msg.text, "no answer"));
    /* The right one does, afterwards, in the same home. */
    sites_join(&sites, 1, 0);
}
END_TEST

START_TEST(a_line_with_another_offices_code_is_not_followed)
{
    struct invite invitation;
    struct office_id other;

    sites_open(&sites, 0, "127.0.0.1:0", false);
    sites_open(&sites, 1, NULL, false);
    sites_found(&sites, 0);
    sites_invite(&sites, 0, &invitation);
    memset(&other, 7, sizeof(other));
    office_code(invitation.code, &other);
    sites_begin_join(&sites, 1, &invitation, SITES_REQUEST_MS);
    WAIT_FOR(sites.site[1].is_done);
    ck_assert_int_eq(sites.site[1].rc, ERR_DENIED);
    ck_assert_ptr_nonnull(strstr(sites.site[1].msg.text, "the line says"));
    ck_assert(!sites.site[1].node->home.has_corridor);
}
END_TEST

START_TEST(a_line_that_was_used_is_refused)
{
    struct invite invitation;

    sites_open(&sites, 0, "127.0.0.1:0", false);
    sites_open(&sites, 1, NULL, false);
    sites_open(&sites, 2, NULL, false);
    sites_found(&sites, 0);
    sites_invite(&sites, 0, &invitation);
    sites_begin_join(&sites, 1, &invitation, SITES_REQUEST_MS);
    WAIT_FOR(sites.site[1].is_done);
    ck_assert_int_eq(sites.site[1].rc, ERR_OK);
    sites_begin_join(&sites, 2, &invitation, SITES_REQUEST_MS);
    WAIT_FOR(sites.site[2].is_done);
    ck_assert_int_eq(sites.site[2].rc, ERR_DENIED);
    ck_assert(!sites.site[2].node->home.has_corridor);
}
END_TEST

static Suite *
join_suite(void)
{
    Suite *suite = suite_create("join");
    TCase *tcase = tcase_create("join");

    tcase_set_timeout(tcase, SITES_TEST_S);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, an_office_joins_by_a_line_and_keeps_the_corridor);
    tcase_add_test(tcase, while_a_home_joins_nothing_looks_at_its_store);
    tcase_add_test(tcase, a_wrong_or_withdrawn_line_lets_nobody_in);
    tcase_add_test(tcase, a_line_with_another_offices_code_is_not_followed);
    tcase_add_test(tcase, a_line_that_was_used_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    return run_suite(join_suite());
}
