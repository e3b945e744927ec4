/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/record_target.h"

enum cli_exit
command_settle(struct cli *cli)
{
    struct api_response answer;
    const char *reason = cli_option(cli, "reason");
    json_t *fields = cli_fields(cli, 1);
    void *iter = fields == NULL ? NULL : json_object_iter(fields);
    json_t *body = NULL;
    enum cli_exit exit = CLI_DONE;

    if (iter == NULL) {
        return CLI_USAGE;
    }
    body = json_pack("{s:s,s:O,s:s*}", "field", json_object_iter_key(iter),
        "value", json_object_iter_value(iter), "reason", reason);
    json_decref(fields);
    if (body == NULL) {
        return cli_fail(cli, ERR_NOMEM, NULL);
    }
    if (!record_request(cli, "POST", "/settle", body, &answer, &exit)) {
        return exit;
    }
    return cli_print_member(cli, &answer, "version");
}
