/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/cli.h"

enum cli_exit
command_found(struct cli *cli)
{
    struct api_response answer;
    json_t *passphrase = NULL;
    json_t *body = NULL;
    enum cli_exit exit = CLI_DONE;

    if (!cli_passphrase(cli, &passphrase, &exit)) {
        return exit;
    }
    body = json_pack("{s:s,s:b,s:o}", "name", cli->args.words[0],
        "share_by_default", cli_option(cli, "share-by-default") != NULL,
        "passphrase", passphrase);
    if (!cli_post(cli, "/v1/corridor", body, &answer, &exit)) {
        return exit;
    }
    (void)fprintf(cli->err,
        "The corridor is founded. \"corridor invite\" asks others in.\n");
    return cli_print_member(cli, &answer, "id");
}
