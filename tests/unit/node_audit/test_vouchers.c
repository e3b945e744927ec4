/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is said to vouch for a log, and what is said where a check was asked
 * for that was not made.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "node/audit/check.h"
#include "storage/disk.h"
#include "sync/model/log_key.h"
#include "tests/lib/node_audit/made_export.h"
#include "tests/lib/run.h"

enum { KEYS_MAX = 8, FORMERS = 33 };

#define NOW_S UINT64_C(1790000600)

static struct corridor_fixture f;
static struct made_export made;
static struct scratch scratch;
static struct buf keys[KEYS_MAX];
static size_t key_count;
static char dir[SCRATCH_PATH_BYTES];

static struct made_log *
log_of(size_t n, enum log_kind kind)
{
    return made_export_log(&made, &f, n, kind);
}

static void
give(size_t n, enum log_kind kind)
{
    made_log_vkey(&made, log_of(n, kind), &keys[key_count++]);
}

static void
give_cosigner(size_t n, struct buf *out)
{
    struct public_key public;
    struct note_key key;

    keys_sign_public(&public, &f.offices[n].secrets.cosign);
    cosigner_key(&key, &made.corridor, &f.offices[n].node, &public);
    note_key_format(out, &key);
}

static void
setup(void)
{
    const struct fixture_options options = {.offices = 3};
    struct fixture_ids ids = {.count = 0};

    fixture_make(&f, &options);
    for (size_t n = 0; n < 3; n++) {
        fixture_work(&f, n, n == 0 ? 40 : 12, &ids);
        fixture_sync(&f);
    }
    made_export_take(&made, &f, 0);
    key_count = 0;
    give(0, LOG_CHANGES);
    scratch_make(&scratch);
    scratch_path(dir, &scratch, "export");
}

static void
teardown(void)
{
    for (size_t i = 0; i < KEYS_MAX; i++) {
        buf_release(&keys[i]);
    }
    made_export_release(&made);
    fixture_release(&f);
    scratch_remove(&scratch);
}

static enum check_verdict
check_path(struct check_result *out, const char *path, const char *since)
{
    const char *words[KEYS_MAX] = {NULL};
    const struct check_options options = {.path = path,
        .keys = words,
        .key_count = key_count,
        .since = since,
        .now_s = NOW_S};
    struct err_msg msg = {""};

    for (size_t i = 0; i < key_count; i++) {
        words[i] = (const char *)keys[i].data;
    }
    ck_assert_msg(check_run(out, &options, &msg) == ERR_OK, "%s", msg.text);
    return check_verdict(out);
}

static bool
remarks(const struct check_result *result, bool is_gap, const char *words)
{
    for (size_t i = 0; i < result->findings.remark_count; i++) {
        const struct remark *remark = &result->findings.remarks[i];

        if (remark->is_gap == is_gap && strstr(remark->text, words) != NULL) {
            return true;
        }
    }
    return false;
}

static const struct check_vouch *
vouch_of(const struct check_result *result, const struct made_log *log)
{
    for (size_t i = 0; i < result->log_count; i++) {
        if (log_id_equal(&result->logs[i].id, &log->id)) {
            return &result->logs[i].vouch;
        }
    }
    ck_abort_msg("the log is not there");
    return NULL;
}

/* The folder of a log, or a file in it. */
static void
path_in(
    char out[2 * MADE_PATH_BYTES], const struct made_log *log, const char *name)
{
    char below[MADE_PATH_BYTES];

    made_log_path(below, log);
    snprintf(out, 2 * MADE_PATH_BYTES, "%s/%s%s%s", dir, below,
        name[0] == '\0' ? "" : "/", name);
}

START_TEST(who_vouches_for_less_is_not_counted_with_who_vouches_for_more)
{
    struct check_result result;
    struct made_log *log = log_of(0, LOG_CHANGES);

    made_log_cosign(&made, log, &f, 1, 1790000300);
    made_log_vouch_before(&made, log, &f, 2, 5);
    made_export_write(&made, dir);
    ck_assert_int_eq(check_path(&result, dir, NULL), CHECK_CLEAN);
    ck_assert_uint_eq(vouch_of(&result, log)->offices, 1);
    ck_assert_uint_eq(vouch_of(&result, log)->size, log->count);
    ck_assert_uint_eq(vouch_of(&result, log)->newest_s, 1790000300);
    check_result_release(&result);
}
END_TEST

START_TEST(an_office_s_own_word_hides_nobody_else_s)
{
    struct check_result result;
    struct made_log *log = log_of(0, LOG_CHANGES);

    made_log_cosign(&made, log, &f, 0, 1790000300);
    made_log_vouch_before(&made, log, &f, 2, 5);
    made_export_write(&made, dir);
    ck_assert_int_eq(check_path(&result, dir, NULL), CHECK_CLEAN);
    ck_assert_uint_eq(vouch_of(&result, log)->offices, 1);
    ck_assert_uint_eq(vouch_of(&result, log)->size, 5);
    check_result_release(&result);
}
END_TEST

/* Without certificates a cosigner's key is what whoever wrote it says. */
START_TEST(keys_that_only_the_export_claims_vouch_for_nothing)
{
    struct check_result result;
    struct made_log *log = log_of(0, LOG_CHANGES);
    struct made_log *other = log_of(1, LOG_CONTROL);

    made.without_headers = true;
    for (size_t n = 0; n < 3; n++) {
        if (n > 0) {
            give(n, LOG_CHANGES);
        }
        give(n, LOG_CONTROL);
        if (n == 1) {
            give_cosigner(1, &other->cosigner);
            buf_put_u8(&other->cosigner, '\n');
        }
    }
    made_log_cosign(&made, log, &f, 1, 1790000300);
    made_export_write(&made, dir);
    ck_assert_int_eq(check_path(&result, dir, NULL), CHECK_CLEAN);
    ck_assert(remarks(&result, false, "were not counted"));
    ck_assert_uint_eq(vouch_of(&result, log)->offices, 0);
    check_result_release(&result);

    give_cosigner(1, &keys[key_count]);
    buf_put_u8(&keys[key_count++], '\0');
    ck_assert_int_eq(check_path(&result, dir, NULL), CHECK_CLEAN);
    ck_assert(!remarks(&result, false, "were not counted"));
    ck_assert_uint_eq(vouch_of(&result, log)->offices, 1);
    ck_assert_uint_eq(vouch_of(&result, log)->witnesses, 0);
    check_result_release(&result);
}
END_TEST

/* Anybody may witness: what is not checked is no fault of the log. */
START_TEST(a_witness_whose_key_was_not_given_is_a_gap)
{
    struct check_result result;
    struct made_log *log = log_of(0, LOG_CHANGES);

    made_log_witness(&made, log, "witness.example/w1", &keys[key_count]);
    made_export_write(&made, dir);
    ck_assert_int_eq(check_path(&result, dir, NULL), CHECK_UNCHECKED);
    ck_assert(remarks(&result, true, "\"witness.example/w1\""));
    ck_assert_uint_eq(vouch_of(&result, log)->witnesses, 0);
    check_result_release(&result);
    key_count++;
    ck_assert_int_eq(check_path(&result, dir, NULL), CHECK_CLEAN);
    ck_assert_uint_eq(vouch_of(&result, log)->witnesses, 1);
    check_result_release(&result);
}
END_TEST

START_TEST(older_checkpoints_beyond_the_limit_are_said_to_be_unread)
{
    struct check_result result;
    struct made_log *log = log_of(0, LOG_CHANGES);

    ck_assert_uint_gt(log->count, FORMERS);
    for (size_t size = 1; size <= FORMERS; size++) {
        buf_release(&log->former);
        made_log_vouch_before(&made, log, &f, 1, size);
        made_export_write(&made, dir);
        if (size == FORMERS - 1) {
            ck_assert_int_eq(check_path(&result, dir, NULL), CHECK_CLEAN);
            ck_assert_uint_eq(vouch_of(&result, log)->size, size);
            ck_assert_uint_eq(vouch_of(&result, log)->offices, 1);
            check_result_release(&result);
        }
    }
    ck_assert_int_eq(check_path(&result, dir, NULL), CHECK_UNCHECKED);
    ck_assert(remarks(&result, true, "not looked at"));
    check_result_release(&result);
}
END_TEST

/* It would say the same twice over. */
START_TEST(a_note_beside_the_log_is_of_a_lesser_size)
{
    struct check_result result;
    struct made_log *log = log_of(0, LOG_CHANGES);

    made_log_vouch_before(&made, log, &f, 1, log->count);
    made_export_write(&made, dir);
    ck_assert_int_eq(check_path(&result, dir, NULL), CHECK_FINDINGS);
    check_result_release(&result);
}
END_TEST

START_TEST(what_was_kept_of_another_log_compares_nothing)
{
    struct check_result result;
    char log[2 * MADE_PATH_BYTES];
    char checkpoint[2 * MADE_PATH_BYTES];
    char other[2 * MADE_PATH_BYTES];

    made_export_write(&made, dir);
    path_in(log, log_of(0, LOG_CHANGES), "");
    path_in(checkpoint, log_of(0, LOG_CHANGES), "checkpoint");
    path_in(other, log_of(1, LOG_CONTROL), "checkpoint");
    ck_assert_int_eq(check_path(&result, log, checkpoint), CHECK_CLEAN);
    check_result_release(&result);
    ck_assert_int_eq(check_path(&result, log, dir), CHECK_CLEAN);
    check_result_release(&result);
    ck_assert_int_eq(check_path(&result, checkpoint, checkpoint), CHECK_CLEAN);
    check_result_release(&result);
    ck_assert_int_eq(check_path(&result, log, other), CHECK_UNCHECKED);
    ck_assert(remarks(&result, true, "of other logs"));
    check_result_release(&result);
    ck_assert_int_eq(check_path(&result, checkpoint, other), CHECK_UNCHECKED);
    ck_assert(remarks(&result, true, "of other logs"));
    check_result_release(&result);
}
END_TEST

/* With headers, what others count of it would be found missing. */
START_TEST(without_headers_a_log_of_a_given_key_has_to_be_there)
{
    struct check_result result;

    made.without_headers = true;
    for (size_t n = 0; n < 3; n++) {
        if (n > 0) {
            give(n, LOG_CHANGES);
        }
        give(n, LOG_CONTROL);
    }
    log_of(1, LOG_CHANGES)->is_left_out = true;
    made_export_write(&made, dir);
    ck_assert_int_eq(check_path(&result, dir, NULL), CHECK_UNCHECKED);
    ck_assert(remarks(&result, true, "which is not here"));
    check_result_release(&result);
}
END_TEST

static Suite *
vouchers_suite(void)
{
    Suite *suite = suite_create("vouchers");
    TCase *all = tcase_create("all");

    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(
        all, who_vouches_for_less_is_not_counted_with_who_vouches_for_more);
    tcase_add_test(all, an_office_s_own_word_hides_nobody_else_s);
    tcase_add_test(all, keys_that_only_the_export_claims_vouch_for_nothing);
    tcase_add_test(
        all, older_checkpoints_beyond_the_limit_are_said_to_be_unread);
    tcase_add_test(all, a_witness_whose_key_was_not_given_is_a_gap);
    tcase_add_test(all, a_note_beside_the_log_is_of_a_lesser_size);
    tcase_add_test(all, what_was_kept_of_another_log_compares_nothing);
    tcase_add_test(all, without_headers_a_log_of_a_given_key_has_to_be_there);
    suite_add_tcase(suite, all);
    return suite;
}

int
main(void)
{
    return run_suite(vouchers_suite());
}
