/* SPDX-License-Identifier: Apache-2.0 */
/* Single files: the examples of docs/protocol.md, whole and bent. */
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "node/audit/check.h"
#include "node/audit/report.h"
#include "node/audit/shown.h"
#include "storage/disk.h"
#include "sync/model/log_key.h"
#include "tests/lib/examples.h"
#include "tests/lib/flips.h"
#include "tests/lib/run.h"
#include "tests/lib/scratch.h"

#define NOW_S UINT64_C(1790000600)

static struct scratch scratch;
static struct buf vkey;
static char path[SCRATCH_PATH_BYTES];

/* The key of the story's log. */
static void
setup(void)
{
    struct corridor_id corridor;
    struct log_id log = {.kind = LOG_CHANGES};
    struct buf node = {0};
    struct note_key key;

    scratch_make(&scratch);
    scratch_path(path, &scratch, "file");
    memset(corridor.bytes, 0xc0, sizeof(corridor.bytes));
    examples_get("model/node", &node);
    memcpy(log.node.bytes, node.data, sizeof(log.node.bytes));
    log_key(&key, &corridor, &log);
    vkey = (struct buf){0};
    note_key_format(&vkey, &key);
    buf_put_u8(&vkey, '\0');
    buf_release(&node);
}

static void
teardown(void)
{
    buf_release(&vkey);
    scratch_remove(&scratch);
}

static enum check_verdict
check(struct bytes file, struct check_result *out)
{
    const char *words[] = {(const char *)vkey.data};
    const struct check_options options = {
        .path = path, .keys = words, .key_count = 1, .now_s = NOW_S};
    struct err_msg msg = {""};

    ck_assert_int_eq(disk_write(path, file, false, NULL), ERR_OK);
    ck_assert_msg(check_run(out, &options, &msg) == ERR_OK, "%s", msg.text);
    return check_verdict(out);
}

/* Of a file that may be told for nothing that could be checked. */
static enum check_verdict
check_bent(struct bytes file, struct check_result *out)
{
    const char *words[] = {(const char *)vkey.data};
    const struct check_options options = {
        .path = path, .keys = words, .key_count = 1, .now_s = NOW_S};
    struct err_msg msg = {""};
    enum err rc = ERR_OK;

    *out = (struct check_result){.log_count = 0};
    ck_assert_int_eq(disk_write(path, file, false, NULL), ERR_OK);
    rc = check_run(out, &options, &msg);
    ck_assert_msg(rc == ERR_OK || rc == ERR_CONFIG, "%s", msg.text);
    return rc == ERR_OK ? check_verdict(out) : CHECK_UNCHECKED;
}

static const struct {
    const char *name;
    const char *start; /* which tells what it is */
    enum check_kind kind;
    enum check_verdict verdict;
    enum finding_code code; /* of CHECK_FINDINGS */
} rows[] = {
    {"audit/proof", "c2sp.org/tlog-proof@v1\n", CHECK_PROOF, CHECK_CLEAN, 0},
    {"disclosure/file", "corridor-disclosure@v1\n", CHECK_DISCLOSURE,
        CHECK_CLEAN, 0},
    {"audit/fork", "corridor-fork@v1\n", CHECK_FORK, CHECK_FINDINGS,
        FINDING_FORK},
    {"audit/checkpoint", "corridor.internal/", CHECK_CHECKPOINT, CHECK_CLEAN,
        0},
};

START_TEST(the_examples_are_what_they_say)
{
    struct buf file = {0};
    struct check_result result;

    examples_get(rows[_i].name, &file);
    ck_assert_int_eq(check(buf_bytes(&file), &result), rows[_i].verdict);
    ck_assert_int_eq(result.kind, rows[_i].kind);
    ck_assert_uint_eq(findings_total(&result.findings),
        rows[_i].verdict == CHECK_FINDINGS ? 1 : 0);
    ck_assert(rows[_i].verdict == CHECK_CLEAN ||
              result.findings.counts[rows[_i].code] == 1);
    ck_assert_uint_eq(result.log_count, 1);
    ck_assert_int_eq(result.logs[0].trust, CHECK_TRUST_GIVEN);
    check_result_release(&result);
    buf_release(&file);
}
END_TEST

/* One in the start makes it a file of which nothing is known. A checkpoint's
 * lines by keys that were not given cannot be checked: the example of one has
 * such a line, so its bits are flipped elsewhere (test_tamper.c). */
START_TEST(no_flipped_bit_is_what_it_was)
{
    struct buf file = {0};

    examples_get(rows[_i].name, &file);
    for (size_t bit = 0; bit < 8 * file.size; bit += FLIP_STEP) {
        struct check_result result;

        file.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_msg(check_bent(buf_bytes(&file), &result) ==
                          (bit / 8 < strlen(rows[_i].start) ? CHECK_UNCHECKED
                                                            : CHECK_FINDINGS),
            "%s, byte %zu, bit %zu", rows[_i].name, bit / 8, bit % 8);
        ck_assert_uint_eq(result.findings.counts[FINDING_FORK], 0);
        check_result_release(&result);
        file.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    buf_release(&file);
}
END_TEST

START_TEST(no_cut_file_is_what_it_was)
{
    struct buf file = {0};

    examples_get(rows[_i].name, &file);
    for (size_t size = 0; size < file.size; size++) {
        struct check_result result;

        ck_assert_msg(check_bent(bytes_of(file.data, size), &result) ==
                          (size < strlen(rows[_i].start) ? CHECK_UNCHECKED
                                                         : CHECK_FINDINGS),
            "%s cut at %zu", rows[_i].name, size);
        ck_assert_uint_eq(result.findings.counts[FINDING_FORK], 0);
        check_result_release(&result);
    }
    buf_release(&file);
}
END_TEST

START_TEST(a_file_survives_each_failing_allocation)
{
    const char *words[] = {(const char *)vkey.data};
    const struct check_options options = {
        .path = path, .keys = words, .key_count = 1, .now_s = NOW_S};
    struct buf file = {0};
    struct check_result result;
    enum err rc = ERR_NOMEM;

    examples_get(rows[_i].name, &file);
    ck_assert_int_eq(disk_write(path, buf_bytes(&file), false, NULL), ERR_OK);
    for (long n = 0; rc != ERR_OK; n++) {
        mem_fault_after(n);
        rc = check_run(&result, &options, NULL);
        mem_fault_after(-1);
        ck_assert_msg(rc == ERR_OK || rc == ERR_NOMEM, "%s", err_text(rc));
    }
    ck_assert_int_eq(check_verdict(&result), rows[_i].verdict);
    check_result_release(&result);
    buf_release(&file);
}
END_TEST

START_TEST(without_a_key_nothing_is_called_clean)
{
    const struct check_options options = {.path = path, .now_s = NOW_S};
    struct buf file = {0};
    struct check_result result;

    examples_get("audit/proof", &file);
    ck_assert_int_eq(disk_write(path, buf_bytes(&file), false, NULL), ERR_OK);
    ck_assert_int_eq(check_run(&result, &options, NULL), ERR_OK);
    ck_assert_int_eq(check_verdict(&result), CHECK_UNCHECKED);
    check_result_release(&result);
    buf_release(&file);
}
END_TEST

START_TEST(the_report_for_machines_holds_it_all)
{
    struct buf file = {0};
    struct check_result result;
    json_t *json = NULL;
    const json_t *log = NULL;

    examples_get("audit/proof", &file);
    (void)check(buf_bytes(&file), &result);
    json = report_json(&result);
    ck_assert_str_eq(
        json_string_value(json_object_get(json, "verdict")), "clean");
    log = json_array_get(json_object_get(json, "logs"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(log, "key")), "given");
    ck_assert_int_eq(json_integer_value(json_object_get(log, "size")), 2);
    json_decref(json);
    check_result_release(&result);
    buf_release(&file);
}
END_TEST

START_TEST(a_disclosure_says_what_the_change_does)
{
    struct buf file = {0};
    struct check_result result;
    const json_t *operation = NULL;

    examples_get("disclosure/file", &file);
    (void)check(buf_bytes(&file), &result);
    ck_assert_ptr_nonnull(result.shown);
    ck_assert_str_eq(
        json_string_value(json_object_get(result.shown, "kind")), "case");
    ck_assert_str_eq(json_string_value(json_object_get(result.shown, "record")),
        "01a0c4506c00377055e9012cb2b5baf4");
    ck_assert(json_is_true(json_object_get(result.shown, "creates")));
    operation = json_array_get(json_object_get(result.shown, "operations"), 0);
    ck_assert_str_eq(
        json_string_value(json_object_get(operation, "does")), "set");
    check_result_release(&result);
    buf_release(&file);
}
END_TEST

static const struct {
    const char *bytes; /* CBOR of a plaintext, as it is behind its size */
    size_t size;
} broken[] = {
    {"\x80", 1},             /* an empty array */
    {"\x83\x40\x03\x80", 4}, /* would hold, with no operations */
    {"\x83\x40\x03\x81\x80", 5},
    {"\x83\x40\x03\x81\x83\x01\x09\x00", 8},
    {"\x83\x40\x03\x80\x00", 5},
};

START_TEST(a_change_that_breaks_its_form_is_not_shown)
{
    uint8_t padded[32] = {0};
    json_t *json = NULL;
    enum err rc = ERR_OK;

    padded[0] = (uint8_t)(sizeof(padded) - 1 - broken[_i].size);
    memcpy(padded + 1, broken[_i].bytes, broken[_i].size);
    rc = shown_change(bytes_of(padded, sizeof(padded)), &json);
    ck_assert_int_eq(rc, _i == 1 ? ERR_OK : ERR_MALFORMED);
    json_decref(json);
}
END_TEST

static Suite *
files_suite(void)
{
    Suite *suite = suite_create("files");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, 240);
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_loop_test(all, the_examples_are_what_they_say, 0, 4);
    tcase_add_loop_test(all, no_flipped_bit_is_what_it_was, 0, 3);
    tcase_add_loop_test(all, no_cut_file_is_what_it_was, 0, 3);
    tcase_add_loop_test(all, a_file_survives_each_failing_allocation, 0, 4);
    tcase_add_test(all, a_disclosure_says_what_the_change_does);
    tcase_add_loop_test(all, a_change_that_breaks_its_form_is_not_shown, 0,
        sizeof(broken) / sizeof(broken[0]));
    tcase_add_test(all, without_a_key_nothing_is_called_clean);
    tcase_add_test(all, the_report_for_machines_holds_it_all);
    suite_add_tcase(suite, all);
    return suite;
}

int
main(void)
{
    return run_suite(files_suite());
}
