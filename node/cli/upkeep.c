/* SPDX-License-Identifier: Apache-2.0 */
/* verify, digest, backup, rebuild, lock, refused. */
#include <string.h>
#include <unistd.h>

#include "node/cli/cli.h"
#include "node/cli/sheet.h"

enum cli_exit
command_digest(struct cli *cli)
{
    struct api_response answer;
    enum cli_exit exit = CLI_DONE;

    if (!cli_get(cli, &answer, &exit, "/v1/digest")) {
        return exit;
    }
    return cli_print_member(cli, &answer, "digest");
}

enum cli_exit
command_verify(struct cli *cli)
{
    struct api_response answer;
    const json_t *sentences = NULL;
    enum cli_exit exit = CLI_DONE;
    json_int_t findings = 0;

    if (!cli_post(cli, "/v1/verify", json_object(), &answer, &exit)) {
        return exit;
    }
    findings = json_integer_value(json_object_get(answer.json, "findings"));
    exit = findings == 0 ? CLI_DONE : CLI_FAILED;
    if (cli->is_json) {
        (void)cli_print_json(cli, &answer);
        return exit;
    }
    sentences = json_object_get(answer.json, "sentences");
    for (size_t i = 0; i < json_array_size(sentences); i++) {
        (void)fprintf(
            cli->out, "%s\n", json_string_value(json_array_get(sentences, i)));
    }
    (void)fprintf(cli->err,
        "%lld logs, %lld entries, %lld records: %lld findings\n",
        (long long)json_integer_value(json_object_get(answer.json, "logs")),
        (long long)json_integer_value(json_object_get(answer.json, "entries")),
        (long long)json_integer_value(json_object_get(answer.json, "records")),
        (long long)findings);
    api_response_release(&answer);
    return exit;
}

/* The daemon has another working directory. */
static bool
absolute(struct buf *out, const char *path)
{
    char dir[4096];

    if (path[0] != '/') {
        if (getcwd(dir, sizeof(dir)) == NULL) {
            return false;
        }
        buf_put_text(out, dir);
        buf_put_u8(out, '/');
    }
    buf_put_text(out, path);
    buf_put_u8(out, 0);
    return buf_err(out) == ERR_OK;
}

enum cli_exit
command_backup(struct cli *cli)
{
    struct api_response answer;
    struct buf path = {0};
    json_t *body = NULL;
    enum cli_exit exit = CLI_DONE;

    if (!absolute(&path, cli->args.words[0])) {
        buf_release(&path);
        return cli_fail(cli, ERR_IO, NULL);
    }
    body = json_pack("{s:s}", "dir", (const char *)path.data);
    buf_release(&path);
    if (!cli_post(cli, "/v1/backup", body, &answer, &exit)) {
        return exit;
    }
    (void)fprintf(cli->err,
        "The copy is checked and on the disk. It holds the node's sealed "
        "keys: keep it as safe as the home.\n");
    return cli_print_member(cli, &answer, "dir");
}

enum cli_exit
command_rebuild(struct cli *cli)
{
    struct api_response answer;
    enum cli_exit exit = CLI_DONE;

    if (!cli_post(cli, "/v1/rebuild", json_object(), &answer, &exit)) {
        return exit;
    }
    (void)fprintf(cli->err, "Everything derived is made anew.\n");
    api_response_release(&answer);
    return CLI_DONE;
}

enum cli_exit
command_lock(struct cli *cli)
{
    struct api_response answer;
    enum cli_exit exit = CLI_DONE;

    if (!cli_post(cli, "/v1/lock", json_object(), &answer, &exit)) {
        return exit;
    }
    (void)fprintf(
        cli->err, "The daemon stops, and its keys are gone from memory.\n");
    api_response_release(&answer);
    return CLI_DONE;
}

enum cli_exit
command_refused(struct cli *cli)
{
    struct api_response answer;
    struct sheet sheet;
    const json_t *items = NULL;
    enum cli_exit exit = CLI_DONE;

    if (!cli_get(cli, &answer, &exit, "/v1/refused?limit=1000")) {
        return exit;
    }
    if (cli->is_json) {
        return cli_print_json(cli, &answer);
    }
    items = json_object_get(answer.json, "refused");
    sheet_init(&sheet, 3);
    sheet_put(&sheet, "OFFICE");
    sheet_put(&sheet, "ENTRY");
    sheet_put(&sheet, "REASON");
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);

        sheet_put(&sheet, cli_text(json_object_get(item, "office"), "name"));
        sheet_put(&sheet, cli_text(item, "entry"));
        sheet_put(&sheet, cli_text(item, "reason"));
    }
    api_response_release(&answer);
    return cli_print_sheet(cli, &sheet);
}
