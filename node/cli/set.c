/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/record_target.h"
#include "node/cli/text.h"

/* What was set without being shown. */
static void
say_kept(struct cli *cli, const json_t *kept)
{
    for (size_t i = 0; i < json_array_size(kept); i++) {
        const json_t *item = json_array_get(kept, i);

        text_print(cli->err, cli_text(item, "field"));
        (void)fprintf(cli->err, ": your value joins the others, and \"");
        text_print(cli->err, cli_text(item, "text"));
        (void)fprintf(cli->err,
            "\" stays shown, as it goes further; with --reason TEXT yours "
            "replaces it\n");
    }
}

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
    if (!cli->is_json) {
        say_kept(cli, json_object_get(answer.json, "kept"));
    }
    return cli_print_member(cli, &answer, "version");
}
