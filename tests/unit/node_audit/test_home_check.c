/* SPDX-License-Identifier: Apache-2.0 */
/* A home, checked without its keys. */
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "node/audit/check.h"
#include "node/home.h"
#include "storage/txn.h"
#include "storage/vouch.h"
#include "sync/model/log_key.h"
#include "tests/lib/node_audit/made_export.h"
#include "tests/lib/run.h"

#define NOW_S UINT64_C(1790000600)

static struct corridor_fixture f;
static struct buf key; /* of office 0's changes log */
static char path[SCRATCH_PATH_BYTES];

/* The store of office 0 becomes a home's. */
static void
settle(void)
{
    struct home home;
    char data[SCRATCH_PATH_BYTES + 8];
    const struct home_options options = {.path = path,
        .office_name = "Office 0",
        .node_name = "Node 0",
        .country = "",
        .type = "",
        .passphrase = bytes_text("a passphrase of the tests"),
        .is_cheap = true};

    fixture_close(&f, 0);
    scratch_path(path, &f.scratch, "home");
    ck_assert_msg(home_make(&options, &f.msg) == ERR_OK, "%s", f.msg.text);
    ck_assert_int_eq(home_load(&home, path, &f.msg), ERR_OK);
    home.has_corridor = true;
    home.corridor = f.corridor;
    snprintf(home.corridor_name, sizeof(home.corridor_name), "A corridor");
    ck_assert_int_eq(home_save(&home, &f.msg), ERR_OK);
    snprintf(data, sizeof(data), "%s/data", path);
    ck_assert_int_eq(rename(f.offices[0].dir, data), 0);
}

static void
setup(void)
{
    const struct fixture_options options = {.offices = 2};
    const struct log_id log = {.kind = LOG_CHANGES};
    struct log_id own = log;
    struct fixture_ids ids = {.count = 0};
    struct note_key vkey;

    fixture_make(&f, &options);
    fixture_work(&f, 0, 4, &ids);
    fixture_work(&f, 1, 4, &ids);
    fixture_sync(&f);
    own.node = f.offices[0].node;
    log_key(&vkey, &f.corridor, &own);
    key = (struct buf){0};
    note_key_format(&key, &vkey);
    buf_put_u8(&key, '\0');
}

static void
teardown(void)
{
    buf_release(&key);
    fixture_release(&f);
}

static enum err
run(struct check_result *out, struct err_msg *msg)
{
    const char *keys[] = {(const char *)key.data};
    const struct check_options options = {
        .path = path, .keys = keys, .key_count = 1, .now_s = NOW_S};

    return check_run(out, &options, msg);
}

static enum check_verdict
check(struct check_result *out)
{
    struct err_msg msg = {""};

    ck_assert_msg(run(out, &msg) == ERR_OK, "%s", msg.text);
    return check_verdict(out);
}

START_TEST(a_sound_home_is_clean)
{
    struct check_result result;

    settle();
    ck_assert_int_eq(check(&result), CHECK_CLEAN);
    ck_assert_int_eq(result.kind, CHECK_HOME);
    ck_assert(result.is_judged);
    ck_assert_uint_eq(result.log_count, 4);
    for (size_t i = 0; i < 4; i++) {
        ck_assert(result.logs[i].is_whole);
        ck_assert_uint_eq(result.logs[i].judged, result.logs[i].size);
        ck_assert_int_ne(result.logs[i].trust, CHECK_TRUST_NONE);
    }
    check_result_release(&result);
}
END_TEST

START_TEST(who_vouches_is_counted)
{
    struct check_result result;
    size_t count = 0;

    fixture_begin(&f, 0);
    ck_assert_int_eq(store_cosign(f.offices[0].store, &count, &f.msg), ERR_OK);
    fixture_commit(&f, 0);
    settle();
    ck_assert_int_eq(check(&result), CHECK_CLEAN);
    for (size_t i = 0; i < result.log_count; i++) {
        const struct check_log *log = &result.logs[i];
        const bool is_own = node_id_equal(&log->id.node, &f.offices[0].node);

        ck_assert_uint_eq(log->vouch.offices, is_own ? 0 : 1);
        ck_assert_uint_eq(log->vouch.size, is_own ? 0 : log->size);
    }
    check_result_release(&result);
}
END_TEST

/* Flip a bit of the last byte of a row. */
static void
spoil(enum table table, struct bytes row_key)
{
    struct env *env = NULL;
    struct txn *txn = NULL;
    struct bytes value;
    struct buf copy = {0};
    char data[SCRATCH_PATH_BYTES + 8];

    snprintf(data, sizeof(data), "%s/data", path);
    ck_assert_int_eq(env_open(&env, data, NULL, &f.msg), ERR_OK);
    ck_assert_int_eq(txn_begin(&txn, env, true, &f.msg), ERR_OK);
    ck_assert_int_eq(txn_get(txn, table, row_key, &value, &f.msg), ERR_OK);
    buf_put_bytes(&copy, value);
    copy.data[copy.size - 1] ^= 1;
    ck_assert_int_eq(
        txn_put(txn, table, row_key, buf_bytes(&copy), &f.msg), ERR_OK);
    ck_assert_int_eq(txn_commit(txn, &f.msg), ERR_OK);
    env_close(env);
    buf_release(&copy);
}

START_TEST(an_entry_that_rotted_is_found)
{
    struct check_result result;
    const struct key last = key_u64(3); /* any arrival that has no checkpoint */

    settle();
    spoil(TABLE_ENTRIES, key_bytes(&last));
    ck_assert_int_eq(check(&result), CHECK_FINDINGS);
    ck_assert_uint_eq(result.findings.counts[FINDING_ROOT_MISMATCH] +
                          result.findings.counts[FINDING_LEAF_WRONG],
        1);
    check_result_release(&result);
}
END_TEST

/* Two heads of one size by office 1. */
static void
make_evidence(struct evidence *out)
{
    *out = (struct evidence){
        .log = {f.offices[1].node, LOG_CHANGES}, .a = {.size = 9}};
    memset(out->a.root.bytes, 'a', 32);
    out->b.size = 9;
    memset(out->b.root.bytes, 'b', 32);
    out->root = out->b.root;
    ck_assert_int_eq(log_head_sign(&out->a, &f.corridor, &out->log,
                         &f.offices[1].secrets.sign),
        ERR_OK);
    ck_assert_int_eq(log_head_sign(&out->b, &f.corridor, &out->log,
                         &f.offices[1].secrets.sign),
        ERR_OK);
}

START_TEST(evidence_that_it_keeps_is_told)
{
    struct check_result result;
    struct evidence evidence;

    make_evidence(&evidence);
    fixture_begin(&f, 0);
    ck_assert_int_eq(
        store_evidence(f.offices[0].store, &evidence, &f.msg), ERR_OK);
    fixture_commit(&f, 0);
    settle();
    ck_assert_int_eq(check(&result), CHECK_FINDINGS);
    ck_assert_uint_eq(result.findings.counts[FINDING_FORK], 1);
    ck_assert_uint_eq(findings_total(&result.findings), 1);
    check_result_release(&result);
}
END_TEST

START_TEST(a_home_without_a_corridor_holds_nothing_to_check)
{
    struct check_result result;
    struct err_msg msg = {""};
    const struct home_options options = {.path = path,
        .office_name = "Office 0",
        .node_name = "Node 0",
        .country = "",
        .type = "",
        .passphrase = bytes_text("a passphrase of the tests"),
        .is_cheap = true};

    scratch_path(path, &f.scratch, "empty");
    ck_assert_int_eq(home_make(&options, &f.msg), ERR_OK);
    ck_assert_int_eq(run(&result, &msg), ERR_CONFIG);
    ck_assert_uint_gt(strlen(msg.text), 0);
}
END_TEST

START_TEST(a_check_survives_each_failing_allocation)
{
    struct check_result result;
    enum err rc = ERR_NOMEM;

    settle();
    for (long n = 0; rc != ERR_OK; n++) {
        mem_fault_after(n);
        rc = run(&result, NULL);
        mem_fault_after(-1);
        ck_assert_msg(rc == ERR_OK || rc == ERR_NOMEM, "%s", err_text(rc));
    }
    ck_assert_int_eq(check_verdict(&result), CHECK_CLEAN);
    check_result_release(&result);
}
END_TEST

static Suite *
home_suite(void)
{
    Suite *suite = suite_create("home_check");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, 240);
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, a_sound_home_is_clean);
    tcase_add_test(all, who_vouches_is_counted);
    tcase_add_test(all, an_entry_that_rotted_is_found);
    tcase_add_test(all, evidence_that_it_keeps_is_told);
    tcase_add_test(all, a_home_without_a_corridor_holds_nothing_to_check);
    tcase_add_test(all, a_check_survives_each_failing_allocation);
    suite_add_tcase(suite, all);
    return suite;
}

int
main(void)
{
    return run_suite(home_suite());
}
