/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/cli.h"
#include "node/cli/text.h"

/* Who has confirmed what: an auditor holds less than there is. */
static void
print_offices(struct cli *cli, json_t *offices)
{
    bool has_synced = false;

    for (void *at = json_object_iter(offices); at != NULL;
         at = json_object_iter_next(offices, at)) {
        const json_t *office = json_object_iter_value(at);

        has_synced =
            has_synced || json_is_true(json_object_get(office, "synced"));
    }
    if (has_synced) {
        (void)fprintf(cli->err, "Both sides have confirmed.\n");
    }
    for (void *at = json_object_iter(offices); at != NULL;
         at = json_object_iter_next(offices, at)) {
        const json_t *office = json_object_iter_value(at);

        if (json_is_true(json_object_get(office, "headers_confirmed"))) {
            text_print(cli->err, cli_text(office, "name"));
            (void)fprintf(cli->err,
                " has confirmed control entries and headers only: it audits, "
                "and holds no content.\n");
        }
    }
}

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
    print_offices(cli, json_object_get(answer.json, "offices"));
    api_response_release(&answer);
    return CLI_DONE;
}
