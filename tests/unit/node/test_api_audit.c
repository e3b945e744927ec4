/* SPDX-License-Identifier: Apache-2.0 */
/* What auditors ask of the API, in process. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/bundle.h"
#include "crypto/merkle.h"
#include "crypto/note.h"
#include "tests/lib/node/api_fixture.h"
#include "tests/lib/run.h"

enum { TARGET_BYTES_MAX = 512, LEAF_BYTES = 68 };

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

/* "/v1/audit/logs/<our node>/<tail>". */
static const char *
target_of(const char *tail)
{
    static char target[TARGET_BYTES_MAX];
    char hex[65];

    hex_encode(hex, bytes_of(fixture.node->home.node.bytes, 32));
    (void)snprintf(target, sizeof(target), "/v1/audit/logs/%s/%s", hex, tail);
    return target;
}

static void
expect_status(const char *tail, unsigned status)
{
    struct api_response answer =
        api_fixture_expect(&fixture, "GET", target_of(tail), NULL, status);

    ck_assert(!answer.is_bytes);
    api_response_release(&answer);
}

/* The log's checkpoint, verified by the key that stands beside it. */
static struct checkpoint
get_checkpoint(const char *kind)
{
    struct api_response answer =
        api_fixture_expect(&fixture, "GET", "/v1/audit/logs", NULL, 200);
    const json_t *logs = json_object_get(answer.json, "logs");
    struct checkpoint checkpoint = {.size = 0};

    for (size_t i = 0; i < json_array_size(logs); i++) {
        const json_t *log = json_array_get(logs, i);
        const char *text =
            json_string_value(json_object_get(log, "checkpoint"));
        const char *vkey = json_string_value(json_object_get(log, "vkey"));
        struct note note;
        struct note_key key;

        if (strcmp(json_string_value(json_object_get(log, "kind")), kind) !=
            0) {
            continue;
        }
        ck_assert(text != NULL && vkey != NULL);
        ck_assert_int_eq(note_parse(&note, bytes_text(text)), ERR_OK);
        ck_assert_int_eq(note_key_parse(&key, bytes_text(vkey)), ERR_OK);
        ck_assert_int_eq(note_verify(&note, &key, 1, NULL), ERR_OK);
        ck_assert_int_eq(checkpoint_parse(&checkpoint, note.text), ERR_OK);
        checkpoint.extensions = bytes_of(NULL, 0);
    }
    api_response_release(&answer);
    ck_assert_uint_gt(checkpoint.size, 0);
    return checkpoint;
}

START_TEST(leaves_are_octets_of_the_signed_tree)
{
    struct checkpoint checkpoint = get_checkpoint("control");
    struct api_response answer;
    struct merkle_edge edge = {0};
    struct hash completed[MERKLE_LEVELS_MAX];
    struct hash hash;
    struct cursor cursor;
    char tail[64];

    (void)snprintf(tail, sizeof(tail), "control/leaves?from=0&to=%llu",
        (unsigned long long)checkpoint.size);
    answer = api_fixture_expect(&fixture, "GET", target_of(tail), NULL, 200);
    ck_assert(answer.is_bytes && answer.json == NULL);
    cursor = cursor_init(buf_bytes(&answer.bytes));
    while (cursor_left(&cursor) > 0) {
        struct bytes leaf = bundle_next(&cursor);

        ck_assert_uint_eq(leaf.size, LEAF_BYTES);
        merkle_leaf(&hash, leaf);
        (void)merkle_append(&edge, &hash, completed);
    }
    merkle_root(&hash, &edge);
    ck_assert(hash_equal(&hash, &checkpoint.root));
    api_response_release(&answer);
}
END_TEST

START_TEST(headers_are_octets_of_as_many_entries)
{
    struct checkpoint checkpoint = get_checkpoint("control");
    struct api_response answer;
    struct cursor cursor;
    char tail[64];

    (void)snprintf(tail, sizeof(tail), "control/headers?from=0&to=%llu",
        (unsigned long long)checkpoint.size);
    answer = api_fixture_expect(&fixture, "GET", target_of(tail), NULL, 200);
    ck_assert(answer.is_bytes);
    cursor = cursor_init(buf_bytes(&answer.bytes));
    for (uint64_t i = 0; i < checkpoint.size; i++) {
        ck_assert_int_eq(bundle_next_header(&cursor).state, BUNDLE_BODY_HERE);
    }
    ck_assert_int_eq(cursor_end(&cursor), ERR_OK);
    api_response_release(&answer);
}
END_TEST

static const struct {
    const char *tail;
    unsigned status;
} refusals[] = {
    {"control/leaves", 400},
    {"control/leaves?from=0", 400},
    {"control/leaves?from=0&to=0", 400},
    {"control/leaves?from=2&to=1", 400},
    {"control/leaves?from=0&to=4097", 400},
    {"control/leaves?from=-1&to=1", 400},
    {"control/leaves?from=0&to=4096", 404},
    {"control/headers?from=0&to=4096", 404},
    {"control/prefix?size=4096", 409},
    {"control/prefix", 400},
    {"other/leaves?from=0&to=1", 404},
};

START_TEST(what_is_not_there_is_refused)
{
    expect_status(refusals[_i].tail, refusals[_i].status);
}
END_TEST

START_TEST(a_log_is_named_by_its_whole_node)
{
    struct api_response answer = api_fixture_expect(&fixture, "GET",
        "/v1/audit/logs/0123/control/prefix?size=1", NULL, 404);

    api_response_release(&answer);
}
END_TEST

START_TEST(a_prefix_leads_to_the_checkpoint)
{
    struct checkpoint checkpoint = get_checkpoint("control");
    struct api_response answer = api_fixture_expect(
        &fixture, "GET", target_of("control/prefix?size=1"), NULL, 200);
    const char *head =
        json_string_value(json_object_get(answer.json, "head_root"));
    char hex[65];

    hex_encode(hex, bytes_hash(&checkpoint.root));
    ck_assert_str_eq(head, hex);
    ck_assert_int_eq(
        json_integer_value(json_object_get(answer.json, "head_size")),
        (json_int_t)checkpoint.size);
    api_response_release(&answer);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("api_audit");
    TCase *tcase = tcase_create("api_audit");
    int count = (int)(sizeof(refusals) / sizeof(refusals[0]));

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, leaves_are_octets_of_the_signed_tree);
    tcase_add_test(tcase, headers_are_octets_of_as_many_entries);
    tcase_add_loop_test(tcase, what_is_not_there_is_refused, 0, count);
    tcase_add_test(tcase, a_log_is_named_by_its_whole_node);
    tcase_add_test(tcase, a_prefix_leads_to_the_checkpoint);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
