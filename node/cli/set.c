/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/record_target.h"

enum cli_exit
command_set(struct cli *cli)
{
    struct api_response answer;
    const char *reason = cli_option(cli, "reason");
    json_t *fields = cli_fields(cli, 1);
    json_t *body = NULL;
    enum cli_exit exit = CLI_DONE;

    if (fields == NULL) {
        return CLI_USAGE;
    }
    body = json_pack("{s:o,s:s*}", "fields", fields, "reason", reason);
    if (body == NULL) {
        return cli_fail(cli, ERR_NOMEM, NULL);
    }
    if (!record_request(cli, "PATCH", "", body, &answer, &exit)) {
        return exit;
    }
    return cli_print_member(cli, &answer, "version");
}
