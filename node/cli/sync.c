/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/cli.h"

enum cli_exit
command_sync(struct cli *cli)
{
    struct api_response answer;
    const char *timeout = cli_option(cli, "timeout");
    unsigned long long seconds = 60;
    json_t *body = NULL;
    enum cli_exit exit = CLI_DONE;

    if (timeout != NULL && !args_duration(timeout, &seconds)) {
        return cli_usage(cli, "--timeout wants a time, as 60s or 5m");
    }
    body = json_pack("{s:I}", "timeout_ms", (json_int_t)(seconds * 1000));
    if (cli->args.count > 0 && body != NULL &&
        json_object_set_new(body, "office", json_string(cli->args.words[0])) !=
            0) {
        json_decref(body);
        return cli_usage(cli, "the office's name is not UTF-8");
    }
    if (!cli_post(cli, "/v1/sync", body, &answer, &exit)) {
        return exit;
    }
    if (cli->is_json) {
        return cli_print_json(cli, &answer);
    }
    (void)fprintf(cli->err, "Both sides have confirmed.\n");
    api_response_release(&answer);
    return CLI_DONE;
}
