/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stranger does who was handed an export and a key: half of it, the
 * wrong one, in the wrong place. None of it accuses anybody, and each is
 * answered with what to do.
 */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/keys.h"
#include "node/audit/check.h"
#include "storage/disk.h"
#include "sync/model/log_key.h"
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

/* The key of a log of another corridor, or of a log that has no entries. */
static void
make_key(struct buf *out, const struct corridor_id *corridor)
{
    const struct secret_key seed = {{'n'}};
    struct log_id log = {.kind = LOG_CHANGES};
    struct public_key public;
    struct note_key made_key;

    keys_sign_public(&public, &seed);
    memcpy(log.node.bytes, public.bytes, 32);
    log_key(&made_key, corridor, &log);
    note_key_format(out, &made_key);
    buf_put_u8(out, '\0');
    ck_assert_int_eq(buf_err(out), ERR_OK);
}

static const struct corridor_id elsewhere = {{0xee, 1}};

/* Which keys are given, and what is said of it. */
static const struct {
    bool has_own;   /* the one on paper */
    bool has_other; /* one of another corridor */
    bool has_empty; /* one of a log that is not here */
    enum check_verdict verdict;
    bool is_gap;
    const char *words;
} given[] = {
    {false, false, false, CHECK_UNCHECKED, true, "Give one with --key"},
    {false, true, false, CHECK_UNCHECKED, true, "not the one that you mean"},
    {true, true, false, CHECK_CLEAN, false, "key of another corridor"},
    {true, false, true, CHECK_CLEAN, false, "no entry yet, or was left out"},
};

START_TEST(keys_that_reach_nothing_are_told)
{
    const char *keys[3];
    size_t count = 0;
    struct buf other = {0};
    struct buf empty = {0};
    struct check_result result;
    struct err_msg msg = {""};

    make_key(&other, &elsewhere);
    make_key(&empty, &made.corridor);
    if (given[_i].has_own) {
        keys[count++] = (const char *)key.data;
    }
    if (given[_i].has_other) {
        keys[count++] = (const char *)other.data;
    }
    if (given[_i].has_empty) {
        keys[count++] = (const char *)empty.data;
    }
    made_export_write(&made, dir);
    ck_assert_int_eq(check_with(&result, dir, keys, count, &msg), ERR_OK);
    ck_assert_int_eq(check_verdict(&result), given[_i].verdict);
    ck_assert(remarks(&result, given[_i].is_gap, given[_i].words));
    ck_assert_uint_eq(result.findings.remark_count, 1);
    check_result_release(&result);
    buf_release(&other);
    buf_release(&empty);
}
END_TEST

static const struct {
    const char *path; /* below a log's folder; NULL: the node's */
    const char *words;
} unreadable[] = {
    {NULL, "/control/checkpoint could not be read: no permission"},
    {"", "/changes/checkpoint could not be read: no permission"},
    {"checkpoint", "/changes/checkpoint could not be read"},
    {"vkey", "/changes/vkey could not be read"},
    {"../cosigner", "/cosigner could not be read"},
    {"headers", "/changes/headers could not be read"},
    {"tile", "changes: tile/entries/000"},
    {"tile/0", "changes: tile/0/000"},
    {"tile/entries", "changes: tile/entries/000"},
};

/* Nobody is accused for what may not be read, and it is named. */
START_TEST(what_may_not_be_read_is_a_gap_and_named)
{
    const struct made_log *log = made_export_log(&made, &f, 1, LOG_CHANGES);
    char path[SCRATCH_PATH_BYTES + MADE_PATH_BYTES + 16];
    char below[MADE_PATH_BYTES];
    struct check_result result;
    const bool is_root = geteuid() == 0; /* who may read everything */

    if (is_root) {
        scratch_remove(&scratch);
        ck_assert_int_eq(setegid(65534), 0);
        ck_assert_int_eq(seteuid(65534), 0);
        scratch_make(&scratch); /* nobody's own */
        scratch_path(dir, &scratch, "export");
    }
    made_export_write(&made, dir);
    made_log_path(below, log);
    if (unreadable[_i].path == NULL) {
        *strchr(below, '/') = '\0';
    }
    (void)snprintf(path, sizeof(path), "%s/%s/%s", dir, below,
        unreadable[_i].path == NULL ? "" : unreadable[_i].path);
    ck_assert_int_eq(chmod(path, 0), 0);
    ck_assert_int_eq(check(&result), CHECK_UNCHECKED);
    ck_assert_uint_eq(findings_total(&result.findings), 0);
    ck_assert(remarks(&result, true, unreadable[_i].words));
    check_result_release(&result);
    ck_assert_int_eq(chmod(path, 0700), 0);
    if (is_root) {
        /* Whoever looks for leaks at the end traces the process, which the
         * change of user forbade. */
        ck_assert_int_eq(seteuid(0), 0);
        ck_assert_int_eq(setegid(0), 0);
        ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
    }
}
END_TEST

/* Office 2 vouches, and is known by statements that wait for others. */
START_TEST(no_cosigner_is_unknown_because_statements_are_missing)
{
    struct check_result result;

    made_log_cosign(
        &made, made_export_log(&made, &f, 0, LOG_CHANGES), &f, 2, NOW_S - 5);
    for (int kind = 0; kind < 2; kind++) {
        made_export_log(&made, &f, 1, (enum log_kind)kind)->is_left_out = true;
    }
    made_export_write(&made, dir);
    ck_assert_int_eq(check(&result), CHECK_FINDINGS);
    ck_assert_uint_eq(result.findings.counts[FINDING_UNKNOWN_SIGNATURE], 0);
    check_result_release(&result);
}
END_TEST

/* Offices 1 and 2 vouch for a checkpoint that is handed over by itself. */
START_TEST(some_cosigners_keys_make_no_strangers_of_the_others)
{
    struct made_log *log = made_export_log(&made, &f, 0, LOG_CHANGES);
    struct made_log *other = made_export_log(&made, &f, 1, LOG_CONTROL);
    const char *keys[] = {(const char *)key.data, NULL};
    char path[SCRATCH_PATH_BYTES];
    struct buf note = {0};
    struct check_result result;
    struct err_msg msg = {""};

    made_log_cosign(&made, log, &f, 1, NOW_S - 5);
    made_log_cosign(&made, log, &f, 2, NOW_S - 5);
    made_log_note(&made, log, &note);
    scratch_path(path, &scratch, "checkpoint");
    ck_assert_int_eq(disk_write(path, buf_bytes(&note), true, NULL), ERR_OK);
    other->cosigner.data[other->cosigner.size - 1] = '\0'; /* its newline */
    keys[1] = (const char *)other->cosigner.data;
    for (size_t count = 1; count <= 2; count++) {
        ck_assert_int_eq(check_with(&result, path, keys, count, &msg), ERR_OK);
        ck_assert_int_eq(
            check_verdict(&result), count == 1 ? CHECK_CLEAN : CHECK_UNCHECKED);
        ck_assert_uint_eq(
            result.logs[0].vouch.offices + result.logs[0].vouch.witnesses,
            count - 1);
        ck_assert(remarks(&result, count == 2, "were not checked"));
        check_result_release(&result);
    }
    buf_release(&note);
}
END_TEST

/* The hashes give the root without them; nobody has seen the entries. */
START_TEST(a_log_is_not_as_signed_while_its_entries_cannot_be_read)
{
    const struct made_log *log = made_export_log(&made, &f, 1, LOG_CHANGES);
    char path[SCRATCH_PATH_BYTES + MADE_PATH_BYTES + 32];
    char below[MADE_PATH_BYTES];
    struct check_result result;
    size_t as_signed = 0;

    made_export_write(&made, dir);
    made_log_path(below, log);
    (void)snprintf(path, sizeof(path), "%s/%s/tile/entries/000.p/%zu", dir,
        below, log->count);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(check(&result), CHECK_FINDINGS);
    for (size_t i = 0; i < result.log_count; i++) {
        as_signed += check_is_as_signed(&result, &result.logs[i]);
    }
    ck_assert_uint_eq(as_signed, result.log_count - 1);
    check_result_release(&result);
}
END_TEST

/* What is in the place of an export, or of last year's, and what is said. */
static const struct {
    const char *name;    /* below the scratch folder */
    const char *content; /* NULL: a folder */
    bool is_since;
    const char *words;
} places[] = {
    {"notes.txt", "keep me\n", false, "nothing that can be checked"},
    {"empty", "", false, "nothing that can be checked"},
    {"folder", NULL, false, "neither an export, nor a log"},
    {"node/changes", NULL, false, "the folder of one node"},
    {"notes.txt", "keep me\n", true, "takes one that was kept"},
    {"folder", NULL, true, "holds no checkpoint"},
    {"home/home.ini", "", true, "is a home: make an export"},
};

START_TEST(what_is_no_export_is_told_for_what_it_is)
{
    const char *keys[] = {(const char *)key.data};
    char path[SCRATCH_PATH_BYTES];
    char *slash = NULL;
    struct check_options options = {.keys = keys, .key_count = 1};
    struct check_result result;
    struct err_msg msg = {""};

    made_export_write(&made, dir);
    scratch_path(path, &scratch, places[_i].name);
    slash = strrchr(path, '/');
    if (strchr(places[_i].name, '/') != NULL) {
        *slash = '\0';
        ck_assert_int_eq(mkdir(path, 0700), 0);
        *slash = '/';
    }
    if (places[_i].content == NULL) {
        ck_assert_int_eq(mkdir(path, 0700), 0);
    } else {
        ck_assert_int_eq(
            disk_write(path, bytes_text(places[_i].content), false, NULL),
            ERR_OK);
    }
    if (strchr(places[_i].name, '/') != NULL) {
        *slash = '\0';
    }
    options.path = places[_i].is_since ? dir : path;
    options.since = places[_i].is_since ? path : NULL;
    ck_assert_int_eq(check_run(&result, &options, &msg), ERR_CONFIG);
    ck_assert_msg(strstr(msg.text, places[_i].words) != NULL, "%s", msg.text);
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
    tcase_add_loop_test(all, keys_that_reach_nothing_are_told, 0,
        sizeof(given) / sizeof(given[0]));
    tcase_add_test(all, no_cosigner_is_unknown_because_statements_are_missing);
    tcase_add_test(all, some_cosigners_keys_make_no_strangers_of_the_others);
    tcase_add_test(
        all, a_log_is_not_as_signed_while_its_entries_cannot_be_read);
    tcase_add_loop_test(all, what_may_not_be_read_is_a_gap_and_named, 0,
        sizeof(unreadable) / sizeof(unreadable[0]));
    tcase_add_loop_test(all, what_is_no_export_is_told_for_what_it_is, 0,
        sizeof(places) / sizeof(places[0]));
    suite_add_tcase(suite, all);
    return suite;
}

int
main(void)
{
    return run_suite(stranger_suite());
}
