/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stranger does who was handed an export and a key: half of it, the
 * wrong one, in the wrong place. None of it accuses anybody, and each is
 * answered with what to do.
 */
#include <stdio.h>
#include <string.h>

#include "node/audit/check.h"
#include "storage/disk.h"
#include "tests/lib/node_audit/made_export.h"
#include "tests/lib/run.h"

#define NOW_S UINT64_C(1790000600)

static struct corridor_fixture f;
static struct made_export made;
static struct scratch scratch;
static struct buf key; /* of office 0's changes log: the one on paper */
static char dir[SCRATCH_PATH_BYTES];

static void
setup(void)
{
    const struct fixture_options options = {.offices = 3};
    struct fixture_ids ids = {.count = 0};

    fixture_make(&f, &options);
    for (size_t n = 0; n < 3; n++) {
        fixture_work(&f, n, 12, &ids);
        fixture_sync(&f);
    }
    made_export_take(&made, &f, 0);
    made_log_vkey(&made, made_export_log(&made, &f, 0, LOG_CHANGES), &key);
    scratch_make(&scratch);
    scratch_path(dir, &scratch, "export");
}

static void
teardown(void)
{
    made_export_release(&made);
    buf_release(&key);
    fixture_release(&f);
    scratch_remove(&scratch);
}

/* Check PATH with these keys; what the sentences are goes to `out`. */
static enum err
check_with(struct check_result *out, const char *path, const char *const *keys,
    size_t key_count, struct err_msg *msg)
{
    const struct check_options options = {
        .path = path, .keys = keys, .key_count = key_count, .now_s = NOW_S};

    *out = (struct check_result){.log_count = 0};
    return check_run(out, &options, msg);
}

static enum check_verdict
check(struct check_result *out)
{
    const char *keys[] = {(const char *)key.data};
    struct err_msg msg = {""};

    ck_assert_msg(
        check_with(out, dir, keys, 1, &msg) == ERR_OK, "%s", msg.text);
    return check_verdict(out);
}

/* Does a remark hold these words? */
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

/* Office 0 counts office 1's statements before it admits anybody else. */
START_TEST(nobody_is_a_stranger_because_statements_of_others_are_missing)
{
    struct check_result result;

    for (int kind = 0; kind < 2; kind++) {
        made_export_log(&made, &f, 1, (enum log_kind)kind)->is_left_out = true;
    }
    made_export_write(&made, dir);
    ck_assert_int_eq(check(&result), CHECK_FINDINGS);
    ck_assert_uint_gt(result.findings.counts[FINDING_CLOCK_UNSHOWN], 0);
    ck_assert_uint_eq(result.findings.counts[FINDING_NOT_A_MEMBER], 0);
    ck_assert(remarks(&result, true, "could not be judged"));
    check_result_release(&result);
}
END_TEST

static Suite *
stranger_suite(void)
{
    Suite *suite = suite_create("stranger");
    TCase *all = tcase_create("all");

    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(
        all, nobody_is_a_stranger_because_statements_of_others_are_missing);
    suite_add_tcase(suite, all);
    return suite;
}

int
main(void)
{
    return run_suite(stranger_suite());
}
