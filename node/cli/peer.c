/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "node/api/target.h"
#include "node/cli/cli.h"
#include "node/cli/sheet.h"

static enum cli_exit
add(struct cli *cli)
{
    struct api_response answer;
    enum cli_exit exit = CLI_DONE;
    json_t *body = json_pack("{s:s,s:o}", "office", cli->args.words[1],
        "addresses", cli_split(cli->args.words[2]));

    if (!cli_post(cli, "/v1/peers", body, &answer, &exit)) {
        return exit;
    }
    if (cli->is_json) {
        return cli_print_json(cli, &answer);
    }
    api_response_release(&answer);
    return CLI_DONE;
}

static enum cli_exit
remove_one(struct cli *cli)
{
    struct api_response answer;
    struct client_request request = {.method = "DELETE"};
    struct buf target = {0};
    enum cli_exit exit = CLI_DONE;
    bool is_done = false;

    buf_put_text(&target, "/v1/peers?office=");
    target_escape(&target, cli->args.words[1]);
    buf_put_u8(&target, 0);
    if (buf_err(&target) == ERR_OK) {
        request.target = (const char *)target.data;
        is_done = cli_request(cli, &request, &answer, &exit);
    } else {
        exit = cli_fail(cli, buf_err(&target), NULL);
    }
    buf_release(&target);
    if (is_done) {
        api_response_release(&answer);
    }
    return exit;
}

static enum cli_exit
list(struct cli *cli)
{
    struct api_response answer;
    struct sheet sheet;
    const json_t *peers = NULL;
    enum cli_exit exit = CLI_DONE;

    if (!cli_get(cli, &answer, &exit, "/v1/peers")) {
        return exit;
    }
    if (cli->is_json) {
        return cli_print_json(cli, &answer);
    }
    sheet_init(&sheet, 3);
    sheet_put(&sheet, "OFFICE");
    sheet_put(&sheet, "CODE");
    sheet_put(&sheet, "ADDRESS");
    peers = json_object_get(answer.json, "peers");
    for (size_t i = 0; i < json_array_size(peers); i++) {
        const json_t *peer = json_array_get(peers, i);
        const json_t *office = json_object_get(peer, "office");

        sheet_put(&sheet, cli_text(office, "name"));
        sheet_put(&sheet, cli_text(office, "code"));
        cli_put_list(&sheet, json_object_get(peer, "addresses"));
    }
    api_response_release(&answer);
    return cli_print_sheet(cli, &sheet);
}

enum cli_exit
command_peer(struct cli *cli)
{
    const char *verb = cli->args.words[0];

    if (strcmp(verb, "add") == 0 && cli->args.count == 3) {
        return add(cli);
    }
    if (strcmp(verb, "list") == 0 && cli->args.count == 1) {
        return list(cli);
    }
    if (strcmp(verb, "remove") == 0 && cli->args.count == 2) {
        return remove_one(cli);
    }
    return cli_usage(cli, "add, list or remove?");
}
