/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "audit prove": a file that proves one change to stand in its log. The
 * change is named by where it stands, or by its record: then it is the newest
 * that can be read of it, or with --all each, and the others are listed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "node/api/target.h"
#include "node/cli/audit.h"
#include "node/cli/record_target.h"
#include "node/cli/text.h"
#include "storage/disk.h"

enum { NODE_BYTES = 129, ENTRY_BYTES = 256, PATH_BYTES = 1024 };

/* "8146640f…/changes/17": an entry, as answers and people name it. */
struct place {
    char node[NODE_BYTES];
    char kind[16];
    uint64_t position;
};

/* The part up to the next slash, and the rest after it. */
static bool
take_part(const char **text, char *out, size_t size)
{
    const size_t length = strcspn(*text, "/");

    if (length == 0 || length >= size) {
        return false;
    }
    memcpy(out, *text, length);
    out[length] = '\0';
    *text += length + ((*text)[length] == '/' ? 1 : 0);
    return true;
}

/* An operation's number may stand behind it: in one entry there are several.
 */
static bool
parse_place(struct place *out, const char *text)
{
    char number[24];

    return take_part(&text, out->node, sizeof(out->node)) &&
           take_part(&text, out->kind, sizeof(out->kind)) &&
           take_part(&text, number, sizeof(number)) &&
           num_parse_u64(number, strlen(number), &out->position) &&
           strchr(text, '/') == NULL;
}

static bool
ask_proof(struct cli *cli, const struct place *place, struct api_response *out,
    enum cli_exit *exit)
{
    struct buf target = {0};
    char number[24];
    const char *text = NULL;
    bool is_done = false;

    (void)snprintf(number, sizeof(number), "%" PRIu64, place->position);
    buf_put_text(&target, "/v1/audit/logs/");
    target_escape(&target, place->node);
    buf_put_u8(&target, '/');
    target_escape(&target, place->kind);
    buf_put_text(&target, "/proof");
    target_param(&target, "position", number);
    if (cli_option(cli, "disclose") != NULL) {
        target_param(&target, "disclose", "1");
    }
    text = target_end(&target);
    *exit = CLI_FAILED;
    is_done = text != NULL && cli_get(cli, out, exit, text);
    buf_release(&target);
    return is_done;
}

/* Into a new file, or for "-" to standard output. */
static enum err
put_file(
    struct cli *cli, const char *path, const char *text, struct err_msg *msg)
{
    if (strcmp(path, "-") == 0) {
        return fputs(text, cli->out) == EOF ? ERR_IO : ERR_OK;
    }
    return disk_write(path, bytes_text(text), true, msg);
}

static void
say_proved(struct cli *cli, const struct api_response *answer)
{
    char words[ENTRY_BYTES];

    (void)snprintf(words, sizeof(words),
        "entry %lld of the %s log, of %lld that are signed, by ",
        (long long)json_integer_value(
            json_object_get(answer->json, "position")),
        cli_text(answer->json, "kind"),
        (long long)json_integer_value(json_object_get(answer->json, "size")));
    cli_say(cli, words, cli_text(answer->json, "office"));
    if (cli_option(cli, "disclose") != NULL) {
        (void)fprintf(cli->err,
            "The file holds that change in clear: give it to none but its "
            "receiver.\n");
    }
}

static enum cli_exit
prove_one(struct cli *cli, const struct place *place, const char *path)
{
    struct api_response answer;
    struct err_msg msg = {""};
    enum cli_exit exit = CLI_DONE;
    json_t *json = NULL;
    enum err rc = ERR_OK;

    if (!ask_proof(cli, place, &answer, &exit)) {
        return exit;
    }
    rc = put_file(cli, path,
        cli_text(answer.json,
            cli_option(cli, "disclose") != NULL ? "disclosure" : "proof"),
        &msg);
    if (rc == ERR_OK && cli->is_json) {
        json = json_pack("{s:s,s:s,s:s,s:O,s:O}", "node",
            cli_text(answer.json, "node"), "kind",
            cli_text(answer.json, "kind"), "file", path, "position",
            json_object_get(answer.json, "position"), "size",
            json_object_get(answer.json, "size"));
        rc = json == NULL ? ERR_NOMEM : cli_put_json(cli, json);
        json_decref(json);
    } else if (rc == ERR_OK) {
        say_proved(cli, &answer);
    }
    api_wipe_text(answer.json, "disclosure");
    api_response_release(&answer);
    return rc == ERR_OK ? CLI_DONE : cli_fail(cli, rc, &msg);
}

/* One change of a record on a line: where it stands, when, by whom, which
 * fields it is about; never what they hold. */
static void
list_change(struct cli *cli, const json_t *item)
{
    const json_t *operations = json_object_get(item, "operations");
    struct buf line = {0};
    struct place place;

    if (!parse_place(&place, cli_text(item, "entry"))) {
        return;
    }
    buf_printf(&line, "  %s/%s/%" PRIu64 "  %s  %s:", place.node, place.kind,
        place.position, cli_text(item, "time"),
        cli_text(json_object_get(item, "office"), "name"));
    for (size_t i = 0; i < json_array_size(operations); i++) {
        buf_printf(
            &line, " %s", cli_text(json_array_get(operations, i), "field"));
    }
    buf_put_u8(&line, 0);
    if (buf_err(&line) == ERR_OK) {
        cli_say(cli, "", (const char *)line.data);
    }
    buf_release(&line);
}

static enum cli_exit
prove_each(struct cli *cli, const json_t *history, const char *dir)
{
    struct err_msg msg = {""};
    enum cli_exit exit = CLI_DONE;
    enum err rc = disk_make_dir(dir, &msg);

    if (rc != ERR_OK) {
        return cli_fail(cli, rc, &msg);
    }
    for (size_t i = 0; i < json_array_size(history) && exit == CLI_DONE; i++) {
        const json_t *item = json_array_get(history, i);
        struct place place;
        char path[PATH_BYTES];

        if (!parse_place(&place, cli_text(item, "entry"))) {
            return cli_fail(cli, ERR_MALFORMED, NULL);
        }
        if ((size_t)snprintf(path, sizeof(path), "%s/%.8s-%s-%" PRIu64 "%s",
                dir, place.node, place.kind, place.position,
                cli_option(cli, "disclose") != NULL
                    ? ".disclosure"
                    : ".tlog-proof") >= sizeof(path)) {
            return cli_usage(cli, "the path is too long");
        }
        exit = prove_one(cli, &place, path);
    }
    return exit;
}

static enum cli_exit
prove_newest(struct cli *cli, const json_t *history, const char *path)
{
    const size_t count = json_array_size(history);
    const json_t *newest = json_array_get(history, count - 1);
    struct place place;
    enum cli_exit exit = CLI_DONE;

    if (!parse_place(&place, cli_text(newest, "entry"))) {
        return cli_fail(cli, ERR_MALFORMED, NULL);
    }
    exit = prove_one(cli, &place, path);
    if (exit == CLI_DONE && count > 1 && !cli->is_json) {
        (void)fprintf(cli->err,
            "This is the newest change of the record. Those before it, which "
            "\"audit prove\" takes too:\n");
        for (size_t i = 0; i + 1 < count; i++) {
            list_change(cli, json_array_get(history, i));
        }
    }
    return exit;
}

static enum cli_exit
prove_record(struct cli *cli, const char *path)
{
    struct api_response answer;
    const json_t *history = NULL;
    enum cli_exit exit = CLI_DONE;

    if (!record_request(cli, "GET", "/history", NULL, &answer, &exit)) {
        return exit;
    }
    history = json_object_get(answer.json, "history");
    if (json_array_size(history) == 0) {
        (void)fprintf(
            cli->err, "corridor: no change of that record is readable here\n");
        exit = CLI_DENIED;
    } else if (cli_option(cli, "all") != NULL) {
        exit = prove_each(cli, history, path);
    } else {
        exit = prove_newest(cli, history, path);
    }
    api_response_release(&answer);
    return exit;
}

enum cli_exit
command_audit_prove(struct cli *cli)
{
    const char *path = cli_option(cli, "o");
    struct place place;

    if (path == NULL || path[0] == '\0') {
        return cli_usage(cli, "where to? -o FILE");
    }
    if (strchr(cli->args.words[0], '/') == NULL) {
        return prove_record(cli, path);
    }
    if (!parse_place(&place, cli->args.words[0])) {
        return cli_usage(cli, "an entry is written NODE/changes/POSITION or "
                              "NODE/control/POSITION");
    }
    if (cli_option(cli, "all") != NULL) {
        return cli_usage(cli, "--all is about a record");
    }
    return prove_one(cli, &place, path);
}
