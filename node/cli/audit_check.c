/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit check: what an auditor holds in hand, with a key and without a home
 * (docs/audit.md). Findings first, then a line for each log, then what was
 * not checked.
 */
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "node/audit/check.h"
#include "node/audit/report.h"
#include "node/cli/audit.h"
#include "node/cli/sheet.h"
#include "node/cli/text.h"
#include "storage/disk.h"

const struct arg_option audit_check_options[] = {
    {"key", "VKEY|FILE..."}, {"since", "PATH"}, {"o", "FILE"}, {NULL, NULL}};

enum { EXIT_UNCHECKED = 2, PROGRESS_STEP = 1 << 16 };

struct progress {
    struct cli *cli;
    bool is_shown; /* a line without its end stands on the terminal */
};

static void
on_progress(void *context, uint64_t done, uint64_t all)
{
    struct progress *progress = context;
    FILE *err = progress->cli->err;

    if (progress->cli->shows_progress && all >= PROGRESS_STEP &&
        done % PROGRESS_STEP < 256) {
        (void)fprintf(err, "\r%" PRIu64 " of %" PRIu64 " entries", done, all);
        (void)fflush(err);
        progress->is_shown = true;
    }
}

static void
print_findings(struct cli *cli, const struct findings *findings)
{
    const uint64_t total = findings_total(findings);

    for (size_t i = 0; i < findings->count; i++) {
        (void)fprintf(cli->out,
            "FINDING %s: ", finding_code_text(findings->items[i].code));
        text_print(cli->out, findings->items[i].text);
        (void)fputc('\n', cli->out);
    }
    if (total > findings->count) {
        (void)fprintf(cli->out, "and %" PRIu64 " more of these kinds\n",
            total - findings->count);
    }
    if (findings->count > 0) {
        (void)fputc('\n', cli->out);
    }
}

static void
put_number(struct sheet *sheet, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    sheet_put(sheet, text);
}

static const char *
key_text(const struct check_log *log)
{
    return !log->is_signed                     ? "NOT SIGNED"
           : log->trust == CHECK_TRUST_GIVEN   ? "given"
           : log->trust == CHECK_TRUST_DERIVED ? "derived"
                                               : "NO KEY";
}

/* "3 offices, 1 witness, 2 days ago"; "nobody". */
static void
put_vouch(struct sheet *sheet, const struct check_log *log, uint64_t now_s)
{
    const struct check_vouch *vouch = &log->vouch;
    const uint64_t age_s =
        vouch->newest_s < now_s ? now_s - vouch->newest_s : 0;
    char offices[32] = "";
    char witnesses[32] = "";
    char age[32] = "just now";
    char text[112] = "nobody";

    if (vouch->offices > 0) {
        snprintf(offices, sizeof(offices), "%u office%s, ", vouch->offices,
            vouch->offices == 1 ? "" : "s");
    }
    if (vouch->witnesses > 0) {
        snprintf(witnesses, sizeof(witnesses), "%u witness%s, ",
            vouch->witnesses, vouch->witnesses == 1 ? "" : "es");
    }
    if (age_s >= 120) {
        snprintf(age, sizeof(age), "%" PRIu64 " %s ago",
            age_s >= 172800 ? age_s / 86400
            : age_s >= 7200 ? age_s / 3600
                            : age_s / 60,
            age_s >= 172800 ? "days"
            : age_s >= 7200 ? "hours"
                            : "minutes");
    }
    if (vouch->offices + vouch->witnesses > 0) {
        snprintf(text, sizeof(text), "%s%s%s", offices, witnesses, age);
    }
    sheet_put(sheet, text);
}

/* Do the entries make what was signed? Of a checkpoint alone nobody asks. */
static const char *
signed_text(const struct check_result *result, const struct check_log *log)
{
    if (check_is_as_signed(result, log)) {
        return "yes";
    }
    return log->is_signed && (result->kind == CHECK_CHECKPOINT ||
                                 result->kind == CHECK_FORK)
               ? "?"
               : "NO";
}

static void
put_log(struct sheet *sheet, const struct check_result *result, size_t n,
    uint64_t now_s)
{
    const struct check_log *log = &result->logs[n];
    char label[LOG_LABEL_BYTES];

    log_label(label, &log->id);
    sheet_put(sheet, label);
    sheet_put(sheet, log->office);
    put_number(sheet, log->size);
    sheet_put(sheet, key_text(log));
    sheet_put(sheet, signed_text(result, log));
    if (result->is_judged) {
        put_number(sheet, log->voids);
        put_number(sheet, log->grants);
    } else {
        sheet_put(sheet, "?");
        sheet_put(sheet, "?");
    }
    put_vouch(sheet, log, now_s);
}

static enum cli_exit
print_logs(struct cli *cli, const struct check_result *result, uint64_t now_s)
{
    static const char *const heads[] = {"LOG", "OFFICE", "ENTRIES", "KEY",
        "AS SIGNED", "VOID", "GRANTS", "VOUCHED FOR BY"};
    struct sheet sheet;

    if (result->log_count == 0) {
        return CLI_DONE;
    }
    sheet_init(&sheet, sizeof(heads) / sizeof(heads[0]));
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        sheet_put(&sheet, heads[i]);
    }
    for (size_t i = 0; i < result->log_count; i++) {
        put_log(&sheet, result, i, now_s);
    }
    return cli_print_sheet(cli, &sheet);
}

/* Where the entry of a proof stands. */
static void
print_entry(struct cli *cli, const struct check_result *result)
{
    if (result->has_entry) {
        (void)fprintf(cli->out,
            "\nEntry %" PRIu64 " of this log, counted from 0, is the one that "
            "the file is about.\n",
            result->entry);
    }
}

/* How the logs stand to what was kept from last time. */
static void
print_since(struct cli *cli, const struct check_result *result)
{
    const char *since = cli_option(cli, "since");
    uint64_t more = 0;
    size_t known = 0;
    size_t going_on = 0;

    for (size_t i = 0; i < result->log_count; i++) {
        const struct check_log *log = &result->logs[i];

        known += log->has_since;
        going_on += log->goes_on;
        more += log->goes_on ? log->size - log->since_size : 0;
    }
    if (since != NULL && known > 0) {
        (void)fprintf(cli->out,
            "\nSince %s: of %" PRIu64 " logs there, %zu go on from what they "
            "were, with %" PRIu64 " entries more; new logs: %zu.\n",
            since, known + result->findings.counts[FINDING_LOG_MISSING],
            going_on, more, result->log_count - known);
    }
}

/* "  status: set "new"": what an operation does. */
static void
print_operation(struct cli *cli, const json_t *operation)
{
    const json_t *field = json_object_get(operation, "field");
    const json_t *value = json_object_get(operation, "value");
    const char *what = cli_text(operation, "does");
    const char *reason = cli_text(operation, "reason");
    const json_int_t names =
        json_integer_value(json_object_get(operation, "names"));
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    (void)fprintf(cli->out, "  ");
    if (json_is_string(field)) {
        text_print(cli->out, json_string_value(field));
    } else {
        (void)fprintf(
            cli->out, "field %lld", (long long)json_integer_value(field));
    }
    (void)fprintf(cli->out, ": %s ", what);
    text_print(cli->out, json_is_string(value)  ? json_string_value(value)
                         : !json_is_null(value) ? (text != NULL ? text : "?")
                         : strcmp(what, "transfer") == 0 ? "to its own office"
                                                         : "");
    if (names > 0) {
        (void)fprintf(cli->out, " (of %lld earlier)", (long long)names);
    }
    if (reason[0] != '\0') {
        (void)fprintf(cli->out, ", because: ");
        text_print(cli->out, reason);
    }
    (void)fputc('\n', cli->out);
    mem_free(text);
}

/* What a disclosed change says. */
static void
print_change(struct cli *cli, const json_t *change)
{
    const json_t *operations = json_object_get(change, "operations");

    if (change == NULL) {
        return;
    }
    (void)fprintf(cli->out, "\nThe change %s the %s %s:\n",
        json_is_true(json_object_get(change, "creates")) ? "creates" : "is of",
        json_is_string(json_object_get(change, "kind"))
            ? cli_text(change, "kind")
            : "record",
        cli_text(change, "record"));
    for (size_t i = 0; i < json_array_size(operations); i++) {
        print_operation(cli, json_array_get(operations, i));
    }
}

static void
print_remarks(struct cli *cli, const struct findings *findings)
{
    if (findings->remark_count > 0) {
        (void)fprintf(cli->out, "\nNot checked, or worth knowing:\n");
    }
    for (size_t i = 0; i < findings->remark_count; i++) {
        (void)fprintf(cli->out, findings->remarks[i].is_gap ? "  ! " : "  - ");
        text_print(cli->out, findings->remarks[i].text);
        (void)fputc('\n', cli->out);
    }
}

static void
print_verdict(struct cli *cli, const struct check_result *result)
{
    const uint64_t total = findings_total(&result->findings);

    switch (check_verdict(result)) {
    case CHECK_CLEAN:
        (void)fprintf(
            cli->out, "\nClean: what was checked is what was signed.\n");
        break;
    case CHECK_FINDINGS:
        (void)fprintf(cli->out,
            "\n%" PRIu64 " finding%s. \"corridor help CODE\" says what one "
            "means, docs/audit.md what to do.\n",
            total, total == 1 ? "" : "s");
        break;
    case CHECK_UNCHECKED:
        (void)fprintf(cli->out,
            "\nNothing was found, but not all could be checked: see the lines "
            "marked with !.\n");
        break;
    }
}

static enum cli_exit
print_report(struct cli *cli, const struct check_result *result, uint64_t now_s)
{
    enum cli_exit exit = CLI_DONE;

    if (cli->is_json) {
        json_t *json = report_json(result);
        enum err rc = json == NULL ? ERR_NOMEM : cli_put_json(cli, json);

        json_decref(json);
        return rc == ERR_OK ? CLI_DONE : cli_fail(cli, rc, NULL);
    }
    print_findings(cli, &result->findings);
    exit = print_logs(cli, result, now_s);
    print_entry(cli, result);
    print_since(cli, result);
    print_change(cli, result->shown);
    print_remarks(cli, &result->findings);
    print_verdict(cli, result);
    return exit;
}

/* The evidence of a rewritten log, where it is wanted. */
static enum err
write_evidence(
    struct cli *cli, const struct check_result *result, struct err_msg *msg)
{
    const char *path = cli_option(cli, "o");
    enum err rc = ERR_OK;

    (void)fflush(cli->out); /* the report stands first, wherever both go */

    if (path == NULL || result->evidence.size == 0) {
        if (path == NULL && result->evidence.size > 0) {
            (void)fprintf(
                cli->err, "-o FILE would write the evidence into a file.\n");
        }
        return ERR_OK;
    }
    rc = disk_write(path, buf_bytes(&result->evidence), true, msg);
    if (rc == ERR_OK) {
        (void)fprintf(cli->err, "The evidence is in %s.\n", path);
        if (result->findings.counts[FINDING_LOG_REWRITTEN] > 1) {
            (void)fprintf(cli->err,
                "It is of the first such log alone: for that of another, "
                "check the folder of that log.\n");
        }
        return ERR_OK;
    }
    return err_prefix(msg, rc, "the evidence was not written");
}

/* All values of --key; none may be passed over. */
static enum err
gather_keys(const struct cli *cli, const char *out[CHECK_KEYS_MAX],
    size_t *out_count, struct err_msg *msg)
{
    size_t at = 0;
    size_t count = 0;
    const char *word = NULL;

    while ((word = args_option_next(&cli->args, "key", &at)) != NULL) {
        if (count == CHECK_KEYS_MAX) {
            return err_set(msg, ERR_TOO_BIG,
                "more than %d times --key: put the keys into one file",
                CHECK_KEYS_MAX);
        }
        out[count++] = word;
    }
    *out_count = count;
    return ERR_OK;
}

/* The exit status of what was checked, once somebody was told. */
static enum cli_exit
finish(struct cli *cli, const struct check_result *result, enum cli_exit exit)
{
    struct err_msg msg = {""};
    enum err rc = write_evidence(cli, result, &msg);

    if (rc != ERR_OK) {
        (void)cli_fail(cli, rc, &msg);
    }
    if (exit == CLI_DONE && (fflush(cli->out) != 0 || ferror(cli->out) != 0)) {
        (void)cli_fail(
            cli, ERR_IO, &(struct err_msg){"the report could not be written"});
        exit = CLI_FAILED;
    }
    return exit == CLI_DONE ? (enum cli_exit)check_verdict(result)
                            : (enum cli_exit)EXIT_UNCHECKED;
}

/* What is mapped is gone: the file of a home's database was cut, or its disk
 * cannot be read. Little may be called here. */
static void
on_bus_error(int number)
{
    static const char sentence[] =
        "corridor: the home's database was cut short, or its disk fails: get "
        "another copy\n";
    ssize_t said = write(STDERR_FILENO, sentence, sizeof(sentence) - 1);

    (void)number;
    (void)said;
    _exit(EXIT_UNCHECKED);
}

static void
watch_for_cut_files(void)
{
    struct sigaction action = {.sa_handler = on_bus_error};

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGBUS, &action, NULL); /* cannot fail for SIGBUS */
}

enum cli_exit
command_audit_check(struct cli *cli)
{
    const char *keys[CHECK_KEYS_MAX];
    struct progress progress = {cli, false};
    struct check_options options = {.path = cli->args.words[0],
        .keys = keys,
        .since = cli_option(cli, "since"),
        .now_s = (uint64_t)time(NULL),
        .progress = on_progress,
        .context = &progress};
    struct check_result result;
    struct err_msg msg = {""};
    enum cli_exit exit = CLI_DONE;
    enum err rc = gather_keys(cli, keys, &options.key_count, &msg);

    watch_for_cut_files();
    if (rc == ERR_OK) {
        rc = check_run(&result, &options, &msg);
    }
    if (progress.is_shown) {
        (void)fputc('\n', cli->err);
    }
    if (rc != ERR_OK) {
        (void)cli_fail(cli, rc, &msg);
        return (enum cli_exit)EXIT_UNCHECKED;
    }
    exit = finish(cli, &result, print_report(cli, &result, options.now_s));
    check_result_release(&result);
    return exit;
}
