/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/cli.h"

enum cli_exit
command_new(struct cli *cli)
{
    struct api_response answer;
    const char *parent = cli_option(cli, "parent");
    const char *reason = cli_option(cli, "reason");
    json_t *fields = cli_fields(cli, 1);
    json_t *body = NULL;
    enum cli_exit exit = CLI_DONE;

    if (fields == NULL) {
        return CLI_USAGE;
    }
    body = json_pack("{s:s,s:o,s:s*,s:s*}", "kind", cli->args.words[0],
        "fields", fields, "parent", parent, "reason", reason);
    if (!cli_post(cli, "/v1/records", body, &answer, &exit)) {
        return exit;
    }
    return cli_print_member(cli, &answer, "id");
}
