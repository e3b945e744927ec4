/* SPDX-License-Identifier: Apache-2.0 */
/* "audit export": the logs that are held, as folders for auditors. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "crypto/note.h"
#include "node/audit/export.h"
#include "node/cli/audit.h"
#include "node/cli/sheet.h"

enum { FOLDER_BYTES = 128, TARGET_BYTES = 256, NODE_PREFIX_CHARS_MIN = 4 };

struct exports {
    struct cli *cli;
    struct outdir dir;
    const json_t *log; /* the one under way */
    struct sheet sheet;
    json_t *done; /* what --json prints of each */
    enum cli_exit exit;
};

/* One request about the log under way. */
static enum err
ask(struct exports *e, struct api_response *out, struct err_msg *msg,
    const char *tail)
{
    char target[TARGET_BYTES];
    struct client_request request = {.method = "GET", .target = target};
    enum err rc = ERR_OK;

    (void)snprintf(target, sizeof(target), "/v1/audit/logs/%s/%s/%s",
        cli_text(e->log, "node"), cli_text(e->log, "kind"), tail);
    rc = client_call(e->cli->client, &request, out, msg);
    if (rc == ERR_OK && out->status >= 300) {
        const char *text = api_error_message(out);

        rc = err_set(msg, ERR_IO, "%s", text != NULL ? text : "no answer");
        api_response_release(out);
    }
    return rc;
}

/* Octets, appended. */
static enum err
ask_bytes(
    struct exports *e, struct buf *out, struct err_msg *msg, const char *tail)
{
    struct api_response answer;
    enum err rc = ask(e, &answer, msg, tail);

    if (rc != ERR_OK) {
        return rc;
    }
    if (answer.is_bytes) {
        buf_put_bytes(out, buf_bytes(&answer.bytes));
        rc = buf_err(out);
    } else {
        rc = err_set(msg, ERR_MALFORMED, "the answer is not octets");
    }
    api_response_release(&answer);
    return rc;
}

static enum err
get_leaves(void *context, uint64_t from, uint64_t to, struct buf *out,
    struct err_msg *msg)
{
    char tail[96];

    (void)snprintf(
        tail, sizeof(tail), "leaves?from=%" PRIu64 "&to=%" PRIu64, from, to);
    return ask_bytes(context, out, msg, tail);
}

static enum err
get_headers(void *context, uint64_t from, uint64_t to, struct buf *out,
    struct err_msg *msg)
{
    char tail[96];

    (void)snprintf(
        tail, sizeof(tail), "headers?from=%" PRIu64 "&to=%" PRIu64, from, to);
    return ask_bytes(context, out, msg, tail);
}

static bool
get_hash(struct hash *out, const json_t *json)
{
    const char *text = json_string_value(json);

    return text != NULL &&
           hex_decode(text, strlen(text), out->bytes, sizeof(out->bytes));
}

static bool
read_prefix(struct export_prefix *out, const json_t *json)
{
    const json_t *proof = json_object_get(json, "proof");
    json_int_t size = json_integer_value(json_object_get(json, "head_size"));

    out->head_size = size > 0 ? (uint64_t)size : 0;
    out->proof.count = json_array_size(proof);
    if (size <= 0 || out->proof.count > MERKLE_PROOF_MAX ||
        !get_hash(&out->root, json_object_get(json, "root")) ||
        !get_hash(&out->head_root, json_object_get(json, "head_root"))) {
        return false;
    }
    for (size_t i = 0; i < out->proof.count; i++) {
        if (!get_hash(&out->proof.hashes[i], json_array_get(proof, i))) {
            return false;
        }
    }
    return true;
}

static enum err
get_prefix(void *context, uint64_t size, struct export_prefix *out,
    struct err_msg *msg)
{
    struct api_response answer;
    char tail[64];
    enum err rc = ERR_OK;

    (void)snprintf(tail, sizeof(tail), "prefix?size=%" PRIu64, size);
    rc = ask(context, &answer, msg, tail);
    if (rc != ERR_OK) {
        return rc;
    }
    if (!read_prefix(out, answer.json)) {
        rc = err_set(msg, ERR_MALFORMED, "the answer about a prefix");
    }
    api_response_release(&answer);
    return rc;
}

static void
on_progress(void *context, uint64_t done, uint64_t all)
{
    const struct exports *e = context;

    cli_progress(e->cli, done, all);
}

/* Who cosigns with which key: beside the folders of the node's logs. */
static enum err
put_cosigner(struct exports *e, struct err_msg *msg)
{
    const char *vkey = cli_text(e->log, "cosigner");
    char name[FOLDER_BYTES];
    struct buf line = {0};
    enum err rc = ERR_OK;

    if (vkey[0] == '\0') {
        return ERR_OK;
    }
    buf_put_text(&line, vkey);
    buf_put_u8(&line, '\n');
    (void)snprintf(name, sizeof(name), "%s/cosigner", cli_text(e->log, "node"));
    rc = buf_err(&line);
    if (rc == ERR_OK) {
        rc = outdir_replace(&e->dir, name, buf_bytes(&line), msg);
    }
    buf_release(&line);
    return rc;
}

/* The notes about lesser sizes, views of the answer. */
static enum err
read_vouched(const json_t *log, struct export_vouched **out)
{
    const json_t *array = json_object_get(log, "vouched");
    const size_t count = json_array_size(array);
    struct export_vouched *vouched = mem_zalloc(count + 1, sizeof(*vouched));

    if (vouched == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(array, i);

        vouched[i].size =
            (uint64_t)json_integer_value(json_object_get(item, "size"));
        vouched[i].note = bytes_text(cli_text(item, "checkpoint"));
    }
    *out = vouched;
    return ERR_OK;
}

static enum err
export_one(struct exports *e, struct export_result *out, struct err_msg *msg)
{
    const struct export_source source = {
        get_leaves, get_headers, get_prefix, on_progress, e};
    char folder[FOLDER_BYTES];
    struct export_log log = {.folder = folder,
        .vkey = bytes_text(cli_text(e->log, "vkey")),
        .checkpoint = bytes_text(cli_text(e->log, "checkpoint")),
        .with_headers = cli_option(e->cli, "headers") != NULL};
    struct export_vouched *vouched = NULL;
    enum err rc = ERR_OK;

    (void)snprintf(folder, sizeof(folder), "%s/%s", cli_text(e->log, "node"),
        cli_text(e->log, "kind"));
    log.vouched_count = json_array_size(json_object_get(e->log, "vouched"));
    rc = read_vouched(e->log, &vouched);
    log.vouched = vouched;
    if (rc == ERR_OK) {
        rc = export_log(&e->dir, &log, &source, out, msg);
    }
    if (rc == ERR_OK) {
        rc = put_cosigner(e, msg);
    }
    mem_free(vouched);
    return rc;
}

static const char *
describe(const struct export_result *result)
{
    if (result->verdict == EXPORT_AHEAD) {
        return "has more entries than this node: left as it is";
    }
    if (result->was_mended) {
        return "was damaged: written again";
    }
    return result->files == 0 ? "nothing new" : "";
}

static void
tell(struct exports *e, const struct export_result *result)
{
    json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:b,s:b}", "node",
        cli_text(e->log, "node"), "office", cli_text(e->log, "office"), "name",
        cli_text(e->log, "name"), "kind", cli_text(e->log, "kind"), "size",
        (json_int_t)result->size, "from", (json_int_t)result->from, "files",
        (json_int_t)result->files, "ahead", result->verdict == EXPORT_AHEAD,
        "mended", result->was_mended);
    char number[32];

    (void)json_array_append_new(e->done, json);
    sheet_put(&e->sheet, cli_text(e->log, "office"));
    sheet_put(&e->sheet, cli_text(e->log, "name"));
    sheet_put(&e->sheet, cli_text(e->log, "kind"));
    (void)snprintf(number, sizeof(number), "%" PRIu64, result->size);
    sheet_put(&e->sheet, number);
    (void)snprintf(number, sizeof(number), "%" PRIu64,
        result->verdict == EXPORT_AHEAD ? 0 : result->size - result->from);
    sheet_put(&e->sheet, number);
    (void)snprintf(number, sizeof(number), "%" PRIu64, result->files);
    sheet_put(&e->sheet, number);
    sheet_put(&e->sheet, describe(result));
}

/* Is the log one that was asked for? By its node's or office's name, or how
 * its node's id begins. */
static bool
is_wanted(const struct exports *e, const json_t *log)
{
    const char *want = cli_option(e->cli, "log");

    return want == NULL || strcmp(cli_text(log, "name"), want) == 0 ||
           strcmp(cli_text(log, "office"), want) == 0 ||
           (strlen(want) >= NODE_PREFIX_CHARS_MIN &&
               strncmp(cli_text(log, "node"), want, strlen(want)) == 0);
}

/* May the next log be tried? What is wrong with one folder is not with all. */
static bool
goes_on(enum err rc)
{
    return rc == ERR_OK || rc == ERR_FORK || rc == ERR_BAD_SIGNATURE ||
           rc == ERR_GAP || rc == ERR_CORRUPT || rc == ERR_CONFIG;
}

/*
 * What is there contradicts the log that is held: the node is to know, keep
 * both heads as evidence, and tell the others. That there is a fork has been
 * said already, so that this fails is no news.
 */
static void
report_fork(struct exports *e)
{
    struct client_request request = {
        .method = "POST", .target = "/v1/audit/heads"};
    struct api_response answer = {0};
    struct buf note = {0};
    char name[FOLDER_BYTES];

    (void)snprintf(name, sizeof(name), "%s/%s/checkpoint",
        cli_text(e->log, "node"), cli_text(e->log, "kind"));
    if (tree_read(&note, &e->dir.tree, name, NOTE_BYTES_MAX) == ERR_OK) {
        request.body = json_pack(
            "{s:s%}", "checkpoint", (const char *)note.data, note.size);
    }
    if (request.body != NULL &&
        client_call(e->cli->client, &request, &answer, NULL) == ERR_OK &&
        json_is_true(json_object_get(answer.json, "forked"))) {
        (void)fprintf(e->cli->err,
            "The two heads are kept as evidence and told to all offices. "
            "Nothing more is taken of that log, nor written if it is ours, "
            "until a retirement decides.\n");
    }
    api_response_release(&answer);
    buf_release(&note);
}

static void
export_all(struct exports *e, const json_t *logs)
{
    bool was_found = false;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < json_array_size(logs) && goes_on(rc); i++) {
        struct export_result result = {.verdict = EXPORT_DONE};
        struct err_msg msg = {""};

        e->log = json_array_get(logs, i);
        if (!is_wanted(e, e->log)) {
            continue;
        }
        was_found = true;
        if (cli_text(e->log, "checkpoint")[0] == '\0') {
            continue; /* no head of it is held in full yet */
        }
        rc = export_one(e, &result, &msg);
        if (rc == ERR_OK) {
            tell(e, &result);
        } else {
            e->exit = cli_fail(e->cli, rc, &msg);
        }
        if (rc == ERR_FORK) {
            report_fork(e);
        }
    }
    if (!was_found) {
        (void)fprintf(e->cli->err,
            "corridor: no log of a node or office of that name, or of an id "
            "that begins so, is held here\n");
        e->exit = CLI_FAILED;
    }
}

static enum cli_exit
print_done(struct exports *e, bool has_some)
{
    json_t *json = NULL;
    enum err rc = ERR_OK;

    if (!e->cli->is_json && has_some) {
        json_decref(e->done);
        return cli_print_sheet(e->cli, &e->sheet);
    }
    sheet_release(&e->sheet);
    if (!e->cli->is_json) {
        json_decref(e->done);
        return CLI_DONE;
    }
    json = json_pack("{s:s,s:o}", "dir", e->dir.path, "logs", e->done);
    rc = json == NULL ? ERR_NOMEM : cli_put_json(e->cli, json);
    json_decref(json);
    return rc == ERR_OK ? CLI_DONE : cli_fail(e->cli, rc, NULL);
}

enum cli_exit
command_audit_export(struct cli *cli)
{
    static const char *const heads[] = {
        "OFFICE", "NODE", "LOG", "ENTRIES", "NEW", "FILES", ""};
    struct exports e = {.cli = cli, .exit = CLI_DONE};
    struct api_response answer;
    struct err_msg msg = {""};
    enum cli_exit exit = CLI_DONE;
    enum err rc = ERR_OK;

    if (!cli_get(cli, &answer, &exit, "/v1/audit/logs")) {
        return exit;
    }
    rc = outdir_open(&e.dir, cli->args.words[0], &msg);
    if (rc != ERR_OK) {
        exit = cli_fail(cli, rc, &msg);
    } else {
        e.done = json_array();
        sheet_init(&e.sheet, sizeof(heads) / sizeof(heads[0]));
        for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
            sheet_put(&e.sheet, heads[i]);
        }
        export_all(&e, json_object_get(answer.json, "logs"));
        exit = print_done(&e, json_array_size(e.done) > 0);
        exit = e.exit != CLI_DONE ? e.exit : exit;
    }
    outdir_close(&e.dir);
    api_response_release(&answer);
    return exit;
}
