/* SPDX-License-Identifier: Apache-2.0 */
/* "audit check" as a command: what it prints, and its exit status. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "node/cli/cli.h"
#include "storage/disk.h"
#include "sync/model/log_key.h"
#include "tests/lib/examples.h"
#include "tests/lib/node_audit/made_export.h"
#include "tests/lib/run.h"

enum { WORDS_MAX = 12, TEXT_BYTES = 1 << 16 };

static struct scratch scratch;
static struct corridor_fixture f;
static struct made_export made;
static char dir[SCRATCH_PATH_BYTES];
static char keys[SCRATCH_PATH_BYTES]; /* a file, as "audit key" prints it */
static char out_text[TEXT_BYTES];
static char err_text_said[TEXT_BYTES];

static void
read_back(FILE *file, char out[TEXT_BYTES])
{
    size_t size = 0;

    rewind(file);
    size = fread(out, 1, TEXT_BYTES - 1, file);
    out[size] = '\0';
    (void)fclose(file);
}

/* The command with these words; its exit status. */
static int
run(const char *const *words)
{
    char copies[WORDS_MAX][SCRATCH_PATH_BYTES + 64];
    char *argv[WORDS_MAX + 4] = {copies[0], copies[1], copies[2]};
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    int argc = 3;
    int status = 0;

    ck_assert_ptr_nonnull(out);
    ck_assert_ptr_nonnull(err);
    snprintf(copies[0], sizeof(copies[0]), "corridor");
    snprintf(copies[1], sizeof(copies[1]), "audit");
    snprintf(copies[2], sizeof(copies[2]), "check");
    for (size_t i = 0; words[i] != NULL; i++) {
        ck_assert_int_lt(argc, WORDS_MAX);
        argv[argc] = copies[argc];
        snprintf(copies[argc], sizeof(copies[argc]), "%s", words[i]);
        argc++;
    }
    status = (int)cli_main(argc, argv, out, err);
    read_back(out, out_text);
    read_back(err, err_text_said);
    return status;
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static void
setup(void)
{
    const struct fixture_options options = {.offices = 2};
    struct fixture_ids ids = {.count = 0};
    struct buf file = {0};

    memset(&f, 0, sizeof(f));
    fixture_make(&f, &options);
    fixture_work(&f, 0, 5, &ids);
    fixture_sync(&f);
    made_export_take(&made, &f, 0);
    scratch_make(&scratch);
    scratch_path(dir, &scratch, "export");
    scratch_path(keys, &scratch, "keys");
    buf_put_text(&file, "# Office 0, for paper\n");
    made_log_vkey(&made, made_export_log(&made, &f, 0, LOG_CHANGES), &file);
    file.data[file.size - 1] = '\n';
    ck_assert_int_eq(disk_write(keys, buf_bytes(&file), true, NULL), ERR_OK);
    buf_release(&file);
    made_export_write(&made, dir);
}

static void
teardown(void)
{
    made_export_release(&made);
    fixture_release(&f);
    scratch_remove(&scratch);
}

START_TEST(a_clean_export_is_a_table_and_a_sentence)
{
    ck_assert_int_eq(RUN(dir, "--key", keys), 0);
    ck_assert_ptr_nonnull(strstr(out_text, "VOUCHED FOR BY"));
    ck_assert_ptr_nonnull(strstr(out_text, "Office 1"));
    ck_assert_ptr_nonnull(strstr(out_text, "Clean"));
    ck_assert_str_eq(err_text_said, "");
}
END_TEST

START_TEST(findings_come_first_and_steer_no_terminal)
{
    char path[2 * SCRATCH_PATH_BYTES];

    snprintf(path, sizeof(path), "%s/\033[2Jowned", dir);
    ck_assert_int_eq(disk_write(path, bytes_text("x"), true, NULL), ERR_OK);
    ck_assert_int_eq(RUN(dir, "--key", keys), 1);
    ck_assert_int_eq(strncmp(out_text, "FINDING unexpected-file: ", 25), 0);
    ck_assert_ptr_null(strchr(out_text, '\033'));
    ck_assert_int_eq(RUN(dir, "--key", keys, "--json"), 1);
    ck_assert_ptr_nonnull(strstr(out_text, "\"verdict\":\"findings\""));
    ck_assert_ptr_null(strchr(out_text, '\033'));
}
END_TEST

START_TEST(what_cannot_be_checked_has_its_own_status)
{
    char other[SCRATCH_PATH_BYTES];

    ck_assert_int_eq(RUN(dir), 2);
    ck_assert_ptr_nonnull(strstr(out_text, "no key"));
    scratch_path(other, &scratch, "nowhere");
    ck_assert_int_eq(RUN(other, "--key", keys), 2);
    ck_assert_str_eq(out_text, "");
    ck_assert_str_ne(err_text_said, "");
    ck_assert_int_eq(RUN(dir, "--key", other), 2);
    ck_assert_int_eq(RUN(dir, "--key", keys, "--since", other), 2);
    ck_assert_int_eq(RUN(dir, "--keys", keys), CLI_USAGE);
}
END_TEST

START_TEST(evidence_is_written_where_it_is_wanted)
{
    struct made_log *log = made_export_log(&made, &f, 0, LOG_CHANGES);
    char before[SCRATCH_PATH_BYTES];
    char evidence[SCRATCH_PATH_BYTES];

    scratch_path(before, &scratch, "before");
    scratch_path(evidence, &scratch, "evidence");
    made_log_take_out(log, 1);
    made_log_repeat(log, 0);
    made_log_write(&made, log, before);
    ck_assert_int_eq(
        RUN(dir, "--key", keys, "--since", before, "-o", evidence), 1);
    ck_assert_ptr_nonnull(strstr(out_text, "FINDING log-rewritten"));
    ck_assert_ptr_nonnull(strstr(err_text_said, evidence));
    ck_assert_int_eq(RUN(evidence, "--key", keys), 1);
    ck_assert_ptr_nonnull(strstr(out_text, "FINDING fork"));
    /* What is there is not written over. */
    ck_assert_int_eq(
        RUN(dir, "--key", keys, "--since", before, "-o", evidence), 1);
    ck_assert_ptr_nonnull(strstr(err_text_said, "exists"));
    ck_assert_ptr_nonnull(strstr(err_text_said, "was not written"));
    /* Who did not ask for it is told how. */
    ck_assert_int_eq(RUN(dir, "--key", keys, "--since", before), 1);
    ck_assert_ptr_nonnull(strstr(err_text_said, "-o FILE"));
}
END_TEST

START_TEST(how_a_log_stands_to_last_time_is_told)
{
    struct made_log *log = made_export_log(&made, &f, 0, LOG_CHANGES);
    char before[SCRATCH_PATH_BYTES];

    scratch_path(before, &scratch, "before");
    made_log_cut(log, log->count - 2);
    made_log_write(&made, log, before);
    ck_assert_int_eq(RUN(dir, "--key", keys, "--since", before), 0);
    ck_assert_ptr_nonnull(
        strstr(out_text, ": of 1 logs there, 1 go on from what they "
                         "were, with 2 entries more; new logs: 2.\n"));
}
END_TEST

START_TEST(of_a_checkpoint_alone_nobody_says_that_it_is_not_as_signed)
{
    char path[SCRATCH_PATH_BYTES];
    struct buf note = {0};

    scratch_path(path, &scratch, "checkpoint");
    made_log_note(&made, made_export_log(&made, &f, 0, LOG_CHANGES), &note);
    ck_assert_int_eq(disk_write(path, buf_bytes(&note), true, NULL), ERR_OK);
    ck_assert_int_eq(RUN(path, "--key", keys), 0);
    ck_assert_ptr_null(strstr(out_text, "  NO  "));
    buf_release(&note);
}
END_TEST

START_TEST(help_says_what_a_newcomer_needs)
{
    static const char *const words[] = {"--key", "--since", "-o ", "--json",
        "Exit status", "corridor audit check export --key"};

    ck_assert_int_eq(RUN("--help"), 0);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        ck_assert_msg(strstr(out_text, words[i]) != NULL, "%s", words[i]);
    }
}
END_TEST

START_TEST(a_disclosure_is_read_out)
{
    char path[SCRATCH_PATH_BYTES];
    struct buf file = {0};

    scratch_path(path, &scratch, "disclosure");
    examples_get("disclosure/file", &file);
    ck_assert_int_eq(disk_write(path, buf_bytes(&file), true, NULL), ERR_OK);
    /* Its log's key is another's, so it is read and not believed. */
    ck_assert_int_eq(RUN(path, "--key", keys), 2);
    ck_assert_ptr_nonnull(strstr(out_text,
        "The change creates the case 01a0c4506c00377055e9012cb2b5baf4:\n"));
    ck_assert_ptr_nonnull(strstr(out_text, "\nEntry "));
    buf_release(&file);
}
END_TEST

static Suite *
cli_check_suite(void)
{
    Suite *suite = suite_create("cli_check");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, 60);
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, a_clean_export_is_a_table_and_a_sentence);
    tcase_add_test(all, findings_come_first_and_steer_no_terminal);
    tcase_add_test(all, what_cannot_be_checked_has_its_own_status);
    tcase_add_test(all, evidence_is_written_where_it_is_wanted);
    tcase_add_test(all, how_a_log_stands_to_last_time_is_told);
    tcase_add_test(
        all, of_a_checkpoint_alone_nobody_says_that_it_is_not_as_signed);
    tcase_add_test(all, help_says_what_a_newcomer_needs);
    tcase_add_test(all, a_disclosure_is_read_out);
    suite_add_tcase(suite, all);
    return suite;
}

int
main(void)
{
    return run_suite(cli_check_suite());
}
