/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/node/api_fixture.h"

#include <check.h>

static const char words[] = "a passphrase";

void
api_fixture_setup(struct api_fixture *fixture, bool is_founded)
{
    struct home_options home = {.office_name = "Ministry",
        .node_name = "server",
        .country = "LA",
        .type = "ministry",
        .passphrase = bytes_text(words),
        .is_cheap = true};
    struct node_options options = {.passphrase = bytes_text(words)};
    struct api_options api = {.node = NULL};
    struct err_msg msg = {""};

    scratch_make(&fixture->scratch);
    scratch_path(fixture->home, &fixture->scratch, "home");
    home.path = fixture->home;
    options.home = fixture->home;
    ck_assert_msg(home_make(&home, &msg) == ERR_OK, "%s", msg.text);
    ck_assert_msg(
        node_open(&fixture->node, &options, &msg) == ERR_OK, "%s", msg.text);
    if (is_founded) {
        ck_assert_msg(node_found(fixture->node, "Mekong", 0, bytes_text(words),
                          &msg) == ERR_OK,
            "%s", msg.text);
    }
    api.node = fixture->node;
    ck_assert_int_eq(api_new(&fixture->api, &api), ERR_OK);
}

void
api_fixture_teardown(struct api_fixture *fixture)
{
    api_free(fixture->api);
    node_close(fixture->node);
    scratch_remove(&fixture->scratch);
}

struct api_response
api_fixture_ask(struct api_fixture *fixture, const char *method,
    const char *target, const char *body, const char *if_match)
{
    struct api_request request = {.method = method,
        .target = target,
        .body = bytes_text(body == NULL ? "" : body),
        .if_match = if_match};
    struct api_response response;

    api_dispatch(fixture->api, &request, &response);
    ck_assert(response.json != NULL || response.is_bytes);
    return response;
}

struct api_response
api_fixture_expect(struct api_fixture *fixture, const char *method,
    const char *target, const char *body, unsigned status)
{
    struct api_response response =
        api_fixture_ask(fixture, method, target, body, NULL);

    if (response.status != status) {
        char *text = json_dumps(response.json, JSON_COMPACT);

        ck_abort_msg("%s %s: %u: %s", method, target, response.status,
            text == NULL ? "" : text);
    }
    return response;
}
