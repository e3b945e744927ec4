/* SPDX-License-Identifier: Apache-2.0 */
/* What auditors ask of the API, in process. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "crypto/bundle.h"
#include "crypto/merkle.h"
#include "crypto/text.h"
#include "sync/model/disclosure.h"
#include "sync/model/log_key.h"
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
    {"control/proof", 400},
    {"control/proof?position=4096", 404},
    {"control/proof?position=0&disclose=1", 400},
    {"changes/proof?position=0", 404},
    {"other/leaves?from=0&to=1", 404},
};

START_TEST(what_is_not_there_is_refused)
{
    expect_status(refusals[_i].tail, refusals[_i].status);
}
END_TEST

START_TEST(a_node_goes_by_its_name_or_how_its_id_begins)
{
    char hex[65];
    char target[TARGET_BYTES_MAX];
    static const struct {
        const char *name; /* NULL: as many digits */
        int digits;
        unsigned status;
    } names[] = {{"server", 0, 200}, {NULL, 64, 200}, {NULL, 8, 200},
        {NULL, 4, 200}, {NULL, 3, 404}, {"serve", 0, 404}, {"", 0, 404}};

    hex_encode(hex, bytes_of(fixture.node->home.node.bytes, 32));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct api_response answer;

        (void)snprintf(target, sizeof(target),
            "/v1/audit/logs/%.*s/control/prefix?size=1",
            names[i].name != NULL ? 64 : names[i].digits,
            names[i].name != NULL ? names[i].name : hex);
        answer =
            api_fixture_expect(&fixture, "GET", target, NULL, names[i].status);
        api_response_release(&answer);
    }
}
END_TEST

/* The answer's file, verified by our node's own key. */
static struct api_response
get_file(const char *tail, const char *name, struct bytes *out_file,
    struct log_id *out_log)
{
    struct api_response answer =
        api_fixture_expect(&fixture, "GET", target_of(tail), NULL, 200);
    const char *text = json_string_value(json_object_get(answer.json, name));

    ck_assert_ptr_nonnull(text);
    *out_file = bytes_text(text);
    out_log->node = fixture.node->home.node;
    out_log->kind =
        strncmp(tail, "control", 7) == 0 ? LOG_CONTROL : LOG_CHANGES;
    return answer;
}

static void
make_case(void)
{
    struct api_response answer =
        api_fixture_expect(&fixture, "POST", "/v1/records",
            "{\"kind\":\"case\",\"fields\":{\"status\":\"new\"}}", 201);

    api_response_release(&answer);
}

START_TEST(a_proof_is_one_that_its_key_verifies)
{
    static const char *const tails[] = {
        "control/proof?position=0", "changes/proof?position=0"};
    struct log_id log;
    struct note_key key;
    struct checkpoint_keys keys = {.log = &key};
    struct proof_file file;
    struct buf leaf = {0};
    struct bytes text;
    struct api_response answer;

    make_case();
    answer = get_file(tails[_i], "proof", &text, &log);
    log_key(&key, &fixture.node->home.corridor, &log);
    ck_assert_int_eq(proof_file_read(&file, text), ERR_OK);
    text_decode(&leaf, file.extra);
    ck_assert_uint_eq(leaf.size, LEAF_BYTES);
    ck_assert_int_eq(
        proof_file_verify(&file, buf_bytes(&leaf), &keys, NULL), ERR_OK);
    ck_assert_ptr_null(json_object_get(answer.json, "disclosure"));
    api_response_release(&answer);
    buf_release(&leaf);
}
END_TEST

START_TEST(a_disclosure_opens_the_change)
{
    struct log_id log;
    struct note_key key;
    struct checkpoint_keys keys = {.log = &key};
    struct disclosure_place place = {&fixture.node->home.corridor, &log};
    struct disclosure disclosure;
    struct bytes text;
    struct api_response answer;

    make_case();
    answer = get_file(
        "changes/proof?position=0&disclose=1", "disclosure", &text, &log);
    log_key(&key, &fixture.node->home.corridor, &log);
    ck_assert_int_eq(disclosure_read(&disclosure, text), ERR_OK);
    ck_assert_int_eq(
        disclosure_verify(&disclosure, &place, &keys, NULL), ERR_OK);
    ck_assert_ptr_null(json_object_get(answer.json, "proof"));
    disclosure_release(&disclosure);
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

/* Hand over a head of our changes log with this root, signed by ourselves. */
static struct api_response
hand_over(uint64_t size, const struct hash *root, unsigned status)
{
    struct log_id log = {.node = fixture.node->home.node, .kind = LOG_CHANGES};
    struct head head = {.size = size, .root = *root};
    struct buf note = {0};
    struct api_response answer;
    json_t *body = NULL;
    char *text = NULL;

    ck_assert_int_eq(log_head_sign(&head, &fixture.node->home.corridor, &log,
                         &fixture.node->secrets->sign),
        ERR_OK);
    log_checkpoint(&note, &fixture.node->home.corridor, &log, &head);
    body =
        json_pack("{s:s%}", "checkpoint", (const char *)note.data, note.size);
    text = json_dumps(body, JSON_COMPACT);
    ck_assert_ptr_nonnull(text);
    answer =
        api_fixture_expect(&fixture, "POST", "/v1/audit/heads", text, status);
    mem_free(text);
    json_decref(body);
    buf_release(&note);
    return answer;
}

static void
expect_heard(struct api_response *answer, bool is_forked)
{
    ck_assert_int_eq(
        json_is_true(json_object_get(answer->json, "forked")), is_forked);
    api_response_release(answer);
}

START_TEST(a_head_of_another_history_is_evidence)
{
    struct checkpoint checkpoint;
    struct api_response answer;
    struct hash other;

    make_case();
    checkpoint = get_checkpoint("changes");
    answer = hand_over(checkpoint.size, &checkpoint.root, 200);
    ck_assert(json_is_false(json_object_get(answer.json, "news")));
    expect_heard(&answer, false);
    make_case();
    answer = hand_over(checkpoint.size, &checkpoint.root, 200);
    expect_heard(&answer, false);
    other = checkpoint.root;
    other.bytes[0] ^= 1;
    answer = hand_over(checkpoint.size, &other, 200);
    ck_assert(json_is_true(json_object_get(answer.json, "news")));
    expect_heard(&answer, true);
    answer = hand_over(checkpoint.size, &other, 200);
    ck_assert(json_is_false(json_object_get(answer.json, "news")));
    expect_heard(&answer, true);
    answer = api_fixture_ask(&fixture, "POST", "/v1/records",
        "{\"kind\":\"case\",\"fields\":{\"status\":\"new\"}}", NULL);
    ck_assert_uint_eq(answer.status, 409);
    ck_assert_str_eq(api_error_code(&answer), "fork");
    api_response_release(&answer);
}
END_TEST

static const struct {
    const char *body;
    unsigned status;
} no_heads[] = {
    {"{}", 400},
    {"{\"checkpoint\":\"\"}", 400},
    {"{\"checkpoint\":\"x\\n1\\n\\n\"}", 400},
    {"{\"checkpoint\":\"x\\n1\\n"
     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\\n\\n"
     "\u2014 x AAAAAA==\\n\"}",
        400},
    {"{\"checkpoint\":\"x\\n1\\n"
     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\\n\\n"
     "\u2014 x AAAAAAAAAAA=\\n\"}",
        404},
};

START_TEST(what_is_no_head_of_ours_is_refused)
{
    struct api_response answer = api_fixture_expect(&fixture, "POST",
        "/v1/audit/heads", no_heads[_i].body, no_heads[_i].status);

    api_response_release(&answer);
}
END_TEST

START_TEST(a_head_that_nobody_signed_is_refused)
{
    struct checkpoint checkpoint;
    struct api_response answer;
    struct secret_key *sign = &fixture.node->secrets->sign;

    make_case();
    checkpoint = get_checkpoint("changes");
    checkpoint.root.bytes[0] ^= 1;
    sign->bytes[0] ^= 1;
    answer = hand_over(checkpoint.size, &checkpoint.root, 400);
    sign->bytes[0] ^= 1;
    ck_assert_str_eq(api_error_code(&answer), "bad_signature");
    api_response_release(&answer);
    make_case();
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
    tcase_add_test(tcase, a_node_goes_by_its_name_or_how_its_id_begins);
    tcase_add_loop_test(tcase, a_proof_is_one_that_its_key_verifies, 0, 2);
    tcase_add_test(tcase, a_disclosure_opens_the_change);
    tcase_add_test(tcase, a_head_of_another_history_is_evidence);
    tcase_add_loop_test(tcase, what_is_no_head_of_ours_is_refused, 0,
        (int)(sizeof(no_heads) / sizeof(no_heads[0])));
    tcase_add_test(tcase, a_head_that_nobody_signed_is_refused);
    tcase_add_test(tcase, a_prefix_leads_to_the_checkpoint);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
