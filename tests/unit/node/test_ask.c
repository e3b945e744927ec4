/* SPDX-License-Identifier: Apache-2.0 */
/* Asking witnesses: another node, and ones that answer what they like. */
#include "node/witness/ask.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "node/witness/answer.h"
#include "sync/model/log_key.h"
#include "tests/lib/node/api_fixture.h"
#include "tests/lib/run.h"

static struct api_fixture asker;
static struct api_fixture other; /* the witness */
static struct witness_policy policy;
static struct witness_policy others_policy;
static atomic_bool stop;

/* What the next answers are, instead of the other node's own. */
static const char *canned[8];
static unsigned canned_status[8];
static size_t canned_count;
static size_t asked;
static char last_url[300];

static enum err
post(const struct fetch *fetch, unsigned *out_status, struct buf *out,
    struct err_msg *msg)
{
    const struct witness witness = {
        .node = other.node, .policy = &others_policy};
    struct witness_answer answer;
    size_t n = asked++;

    (void)snprintf(last_url, sizeof(last_url), "%s", fetch->url);
    if (n < canned_count && canned_status[n] == 0) {
        return err_set(msg, ERR_IO, "Could not connect to server");
    }
    if (n < canned_count) {
        *out_status = canned_status[n];
        buf_put_text(out, canned[n]);
        return buf_err(out);
    }
    witness_add_checkpoint(&witness, fetch->body, &answer);
    *out_status = answer.status;
    buf_put_bytes(out, buf_bytes(&answer.body));
    buf_release(&answer.body);
    return buf_err(out);
}

static void
put_keys(struct buf *logs, struct buf *witnesses)
{
    struct node_public public;
    struct note_key key;

    for (int kind = LOG_CONTROL; kind <= LOG_CHANGES; kind++) {
        struct log_id id = {asker.node->home.node, (uint8_t)kind};

        log_key(&key, &asker.node->home.corridor, &id);
        buf_put_text(logs, "log ");
        note_key_format(logs, &key);
        buf_put_u8(logs, '\n');
    }
    node_secrets_public(&public, other.node->secrets);
    cosigner_key(
        &key, &other.node->home.corridor, &public.sign, &public.cosign);
    buf_put_text(witnesses, "witness friend ");
    note_key_format(witnesses, &key);
    buf_put_text(witnesses, " https://w.example/prefix/\n");
}

static void
setup(void)
{
    struct buf logs = {0};
    struct buf witnesses = {0};

    api_fixture_setup(&asker, true);
    api_fixture_setup(&other, true);
    put_keys(&logs, &witnesses);
    ck_assert_int_eq(
        policy_parse(&others_policy, buf_bytes(&logs), NULL), ERR_OK);
    ck_assert_int_eq(
        policy_parse(&policy, buf_bytes(&witnesses), NULL), ERR_OK);
    buf_release(&logs);
    buf_release(&witnesses);
    canned_count = 0;
    asked = 0;
    atomic_store(&stop, false);
}

static void
teardown(void)
{
    policy_release(&policy);
    policy_release(&others_policy);
    api_fixture_teardown(&other);
    api_fixture_teardown(&asker);
}

static enum err
try_ask(
    const char *only, struct ask_result out[ASK_RESULTS_MAX], size_t *out_count)
{
    const struct ask_options options = {.node = asker.node,
        .policy = &policy,
        .only = only,
        .stop = &stop,
        .post = post};
    struct err_msg msg = {""};

    return ask_witnesses(&options, out, out_count, &msg);
}

/* Of the control log, the first of the two. */
static struct ask_result
ask_all(void)
{
    struct ask_result results[ASK_RESULTS_MAX];
    size_t count = 0;

    asked = 0;
    ck_assert_int_eq(try_ask(NULL, results, &count), ERR_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(results[0].kind, LOG_CONTROL);
    ck_assert_int_eq(results[1].kind, LOG_CHANGES);
    return results[0];
}

static struct witnessed
kept(void)
{
    struct witnessed_list list = {.count = 0};
    struct witnessed item = {.size = 0};
    struct view *view = NULL;

    ck_assert_int_eq(view_open(&view, asker.node->store, NULL), ERR_OK);
    ck_assert_int_eq(witnessed_read(&list, view, LOG_CONTROL, NULL), ERR_OK);
    view_close(view);
    if (list.count > 0) {
        item = list.items[0];
    }
    witnessed_release(&list);
    return item;
}

static void
grow(void)
{
    struct api_response answer = api_fixture_expect(&asker, "POST",
        "/v1/records", "{\"kind\":\"agency\",\"fields\":{}}", 201);

    api_response_release(&answer);
}

START_TEST(a_witness_is_asked_once_for_what_is_new)
{
    struct ask_result result = ask_all();

    ck_assert_str_eq(last_url, "https://w.example/prefix/add-checkpoint");
    ck_assert(result.was_asked && !result.has_failed);
    ck_assert_uint_gt(result.size, 0);
    ck_assert_uint_eq(result.size, result.entries);
    ck_assert_uint_eq(kept().size, result.size);
    result = ask_all();
    ck_assert(!result.was_asked && !result.has_failed);
    ck_assert_uint_eq(asked, 0);
}
END_TEST

START_TEST(the_changes_log_goes_from_size_to_size)
{
    struct ask_result results[ASK_RESULTS_MAX];
    uint64_t last = 0;
    size_t count = 0;

    for (int i = 0; i < 5; i++) {
        grow();
        ck_assert_int_eq(try_ask("friend", results, &count), ERR_OK);
        ck_assert_msg(!results[1].has_failed, "%s", results[1].trouble);
        ck_assert(results[1].was_asked);
        ck_assert_uint_gt(results[1].size, last);
        last = results[1].size;
    }
}
END_TEST

static enum err
forget(void *context, struct store *store, struct err_msg *msg)
{
    (void)context;
    return store_put_note(
        store, bytes_text("witnessed/control"), (struct bytes){0}, msg);
}

/* What was kept is lost: it asks from where the witness is. */
START_TEST(it_goes_on_from_the_size_that_it_is_told)
{
    struct ask_result result = ask_all();
    uint64_t size = result.size;

    ck_assert_int_eq(node_write(asker.node, forget, NULL, NULL), ERR_OK);
    result = ask_all();
    ck_assert_uint_eq(asked, 2);
    ck_assert(result.was_asked && !result.has_failed);
    ck_assert_uint_eq(result.size, size);
    ck_assert_uint_eq(kept().size, size);
}
END_TEST

static const struct {
    const char *name;
    unsigned status[4];
    const char *body[4];
    const char *trouble;
} answers[] = {
    {"nobody there", {0}, {""}, "Could not connect"},
    {"no cosignature", {200}, {"hello\n"}, "no cosignature"},
    {"nothing", {200}, {""}, "no cosignature"},
    {"another's", {200},
        {"— test-witness "
         "JjSe8AAAAABpmI8+HVh4f06FDH/kr4CtoQ63zVC31E8aT7JHzJMkLcOEIAGPiBG/"
         "IatdHdPk1mKe23SDzKi04+Tmzub1qcwuVG78DQ==\n"},
        "no cosignature"},
    {"no size", {409}, {"nine\n"}, "409"},
    {"the same size", {409}, {"0\n"}, "FORK"},
    {"more than there is", {409}, {"4000\n"}, "older copy"},
    {"one size and another", {409, 409, 409}, {"1\n", "0\n", "1\n"},
        "another size each time"},
    {"not signed", {403}, {""}, "another key"},
    {"not known", {404}, {""}, "audit key"},
    {"not proved", {422}, {""}, "FORK"},
    {"too busy", {503}, {""}, "too much"},
    {"too often", {429}, {""}, "too much"},
    {"elsewhere", {302}, {""}, "302"},
    {"broken", {500}, {"oops"}, "500"},
};

START_TEST(what_is_no_cosignature_is_told_and_not_kept)
{
    struct ask_result result;
    struct witnessed item;

    for (canned_count = 0; canned_count < 4; canned_count++) {
        if (answers[_i].body[canned_count] == NULL) {
            break;
        }
        canned[canned_count] = answers[_i].body[canned_count];
        canned_status[canned_count] = answers[_i].status[canned_count];
    }
    result = ask_all();
    ck_assert_msg(result.has_failed &&
                      strstr(result.trouble, answers[_i].trouble) != NULL,
        "%s: %s", answers[_i].name, result.trouble);
    item = kept();
    ck_assert_uint_eq(item.size, 0);
    ck_assert_str_eq(item.trouble, result.trouble);
    ck_assert_uint_gt(item.failing_ms, 0);
    /* The next time it may do. */
    canned_count = 0;
    result = ask_all();
    ck_assert(!result.has_failed);
    ck_assert_uint_eq(kept().failing_ms, 0);
}
END_TEST

START_TEST(what_was_kept_stays_when_asking_fails)
{
    struct ask_result results[ASK_RESULTS_MAX];
    uint64_t size = 0;
    size_t count = 0;

    grow();
    ck_assert_int_eq(try_ask(NULL, results, &count), ERR_OK);
    size = results[1].size;
    ck_assert_uint_gt(size, 0);
    grow();
    canned_count = 1;
    canned_status[0] = 0;
    asked = 0;
    ck_assert_int_eq(try_ask(NULL, results, &count), ERR_OK);
    ck_assert(results[1].has_failed);
    ck_assert_uint_eq(results[1].size, size);
    ck_assert_uint_gt(results[1].entries, size);
}
END_TEST

START_TEST(nobody_to_ask_and_told_to_stop_are_errors)
{
    struct ask_result results[ASK_RESULTS_MAX];
    size_t count = 0;

    ck_assert_int_eq(try_ask("nobody", results, &count), ERR_NOT_FOUND);
    policy.witness_count = 0;
    ck_assert_int_eq(try_ask(NULL, results, &count), ERR_NOT_FOUND);
    policy.witness_count = 1;
    atomic_store(&stop, true);
    ck_assert_int_eq(try_ask(NULL, results, &count), ERR_CLOSED);
    ck_assert_uint_eq(asked, 0);
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("ask");
    TCase *tc = tcase_create("ask");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_witness_is_asked_once_for_what_is_new);
    tcase_add_test(tc, the_changes_log_goes_from_size_to_size);
    tcase_add_test(tc, it_goes_on_from_the_size_that_it_is_told);
    tcase_add_loop_test(tc, what_is_no_cosignature_is_told_and_not_kept, 0,
        sizeof(answers) / sizeof(answers[0]));
    tcase_add_test(tc, what_was_kept_stays_when_asking_fails);
    tcase_add_test(tc, nobody_to_ask_and_told_to_stop_are_errors);
    suite_add_tcase(s, tc);
    return s;
}

int
main(void)
{
    return run_suite(suite());
}
