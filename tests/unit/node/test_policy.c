/* SPDX-License-Identifier: Apache-2.0 */
/* The file witness.policy. */
#include "node/witness/policy.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "node/witness/rate.h"
#include "tests/lib/run.h"

#define LOG \
    "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
#define WITNESS \
    "test-witness+26349ef0+BIQDFTUlktisMqJzWn8qhteWrRr4dLcQ9R37T+8LQyQF"

static const struct {
    const char *name;
    const char *text;
    const char *fault; /* NULL: it is read */
    size_t logs;
    size_t witnesses;
} texts[] = {
    {"nothing", "", NULL, 0, 0},
    {"comments", "# one\n\n  \t\n#two", NULL, 0, 0},
    {"a log", "log " LOG "\n", NULL, 1, 0},
    {"a log with its address", "log " LOG " https://sum.golang.org\n", NULL, 1,
        0},
    {"a witness", "witness out " WITNESS " https://w.example/x/\n", NULL, 0, 1},
    {"both, and no quorum",
        "log " LOG "\r\nwitness out\t" WITNESS " http://w.example\nquorum none",
        NULL, 1, 1},
    {"another word", "logs " LOG, "line 1", 0, 0},
    {"a group", "\ngroup g any out\n", "line 2", 0, 0},
    {"a quorum", "quorum g\n", "line 1", 0, 0},
    {"a quorum of more words", "quorum none at all\n", "line 1", 0, 0},
    {"no key", "log\n", "line 1", 0, 0},
    {"a damaged key", "log " LOG "A\n", "line 1", 0, 0},
    {"too many words", "log " LOG " a b\n", "line 1", 0, 0},
    {"far too many words", "log a b c d e f g\n", "line 1", 0, 0},
    {"a witness's key for a log", "log " WITNESS "\n", "line 1", 0, 0},
    {"a log's key for a witness", "witness out " LOG " https://w.example\n",
        "line 1", 0, 0},
    {"a witness without an address", "witness out " WITNESS "\n", "line 1", 0,
        0},
    {"another scheme", "witness out " WITNESS " file:///etc/passwd\n", "line 1",
        0, 0},
    {"a log twice", "log " LOG "\nlog " LOG "\n", "line 2", 0, 0},
    {"a witness twice",
        "witness a " WITNESS " https://a.example\n"
        "witness b " WITNESS " https://b.example\n",
        "line 2", 0, 0},
};

START_TEST(a_policy_is_read_or_its_fault_told)
{
    struct witness_policy policy;
    struct err_msg msg = {""};
    enum err rc = policy_parse(&policy, bytes_text(texts[_i].text), &msg);

    if (texts[_i].fault == NULL) {
        ck_assert_msg(rc == ERR_OK, "%s: %s", texts[_i].name, msg.text);
        ck_assert_uint_eq(policy.log_count, texts[_i].logs);
        ck_assert_uint_eq(policy.witness_count, texts[_i].witnesses);
    } else {
        ck_assert_msg(rc == ERR_CONFIG, "%s", texts[_i].name);
        ck_assert_ptr_nonnull(strstr(msg.text, texts[_i].fault));
    }
    policy_release(&policy);
}
END_TEST

START_TEST(a_url_has_no_slash_at_its_end)
{
    struct witness_policy policy;

    ck_assert_int_eq(
        policy_parse(&policy,
            bytes_text("witness out " WITNESS " https://w.example/x//\n"),
            NULL),
        ERR_OK);
    ck_assert_str_eq(policy.witnesses[0].url, "https://w.example/x");
    ck_assert_str_eq(policy.witnesses[0].name, "out");
    policy_release(&policy);
}
END_TEST

/* At its limit and beyond. */
START_TEST(logs_are_so_many)
{
    struct witness_policy policy;
    struct buf text = {0};

    for (unsigned i = 0; i <= POLICY_LOGS_MAX; i++) {
        struct public_key public;
        struct note_key key;
        char name[32];

        memset(&public, 7, sizeof(public));
        snprintf(name, sizeof(name), "log-%u", i);
        ck_assert_int_eq(
            note_key_make(&key, name, NOTE_ED25519, &public), ERR_OK);
        buf_put_text(&text, "log ");
        note_key_format(&text, &key);
        buf_put_u8(&text, '\n');
        if (i + 1 >= POLICY_LOGS_MAX) {
            ck_assert_int_eq(policy_parse(&policy, buf_bytes(&text), NULL),
                i < POLICY_LOGS_MAX ? ERR_OK : ERR_CONFIG);
            policy_release(&policy);
        }
    }
    buf_release(&text);
}
END_TEST

START_TEST(no_memory_is_told)
{
    enum err rc = ERR_NOMEM;

    for (long n = 0; rc == ERR_NOMEM; n++) {
        struct witness_policy policy;

        mem_fault_after(n);
        rc = policy_parse(&policy, bytes_text("log " LOG "\n"), NULL);
        mem_fault_after(-1);
        policy_release(&policy);
    }
    ck_assert_int_eq(rc, ERR_OK);
}
END_TEST

START_TEST(an_address_may_ask_so_often)
{
    static struct rate rate;
    const struct secret_key key = {{1}};
    const struct bytes one = bytes_text("address1");
    const struct bytes other = bytes_text("address2");
    uint64_t now_ms = 1000;

    rate_init(&rate, &key);
    for (int i = 0; i < RATE_BURST; i++) {
        ck_assert(rate_take(&rate, one, now_ms));
    }
    ck_assert(!rate_take(&rate, one, now_ms));
    ck_assert(rate_take(&rate, other, now_ms));
    ck_assert(!rate_take(&rate, one, now_ms + RATE_REFILL_MS - 1));
    ck_assert(rate_take(&rate, one, now_ms + RATE_REFILL_MS));
    ck_assert(!rate_take(&rate, one, now_ms + RATE_REFILL_MS));
    now_ms += (uint64_t)RATE_BURST * RATE_REFILL_MS * 10;
    for (int i = 0; i < RATE_BURST; i++) {
        ck_assert(rate_take(&rate, one, now_ms));
    }
    ck_assert(!rate_take(&rate, one, now_ms));
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("policy");
    TCase *tc = tcase_create("policy");

    tcase_add_loop_test(tc, a_policy_is_read_or_its_fault_told, 0,
        sizeof(texts) / sizeof(texts[0]));
    tcase_add_test(tc, a_url_has_no_slash_at_its_end);
    tcase_add_test(tc, logs_are_so_many);
    tcase_add_test(tc, no_memory_is_told);
    tcase_add_test(tc, an_address_may_ask_so_often);
    suite_add_tcase(s, tc);
    return s;
}

int
main(void)
{
    return run_suite(suite());
}
