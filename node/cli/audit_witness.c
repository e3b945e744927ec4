/* SPDX-License-Identifier: Apache-2.0 */
/* "audit witness": ask outside witnesses to cosign our logs, now. */
#include "node/cli/audit.h"
#include "node/cli/text.h"

static void
print_result(struct cli *cli, const json_t *item)
{
    (void)fprintf(cli->out, "witness ");
    text_print(cli->out, cli_text(item, "name"));
    (void)fprintf(cli->out,
        ": vouches for %lld of %lld entries of our %s log\n",
        (long long)json_integer_value(json_object_get(item, "size")),
        (long long)json_integer_value(json_object_get(item, "entries")),
        cli_text(item, "log"));
}

/* Did it cosign, or had it already? Else it is said why not. */
static bool
is_vouched(struct cli *cli, const json_t *item)
{
    const char *trouble = cli_text(item, "trouble");

    if (trouble[0] == '\0') {
        return true;
    }
    (void)fprintf(cli->err, "corridor: witness ");
    text_print(cli->err, cli_text(item, "name"));
    (void)fprintf(
        cli->err, " did not cosign our %s log. ", cli_text(item, "log"));
    text_print(cli->err, trouble);
    (void)fprintf(cli->err, "\n");
    return false;
}

enum cli_exit
command_audit_witness(struct cli *cli)
{
    struct api_response answer;
    const json_t *items = NULL;
    enum cli_exit exit = CLI_DONE;
    json_t *body = json_object();
    bool is_well = true;

    if (cli->args.count > 0 && body != NULL) {
        (void)json_object_set_new(
            body, "witness", json_string(cli->args.words[0]));
    }
    if (!cli_post(cli, "/v1/audit/witness", body, &answer, &exit)) {
        return exit;
    }
    items = json_object_get(answer.json, "witnesses");
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);

        if (!cli->is_json) {
            print_result(cli, item);
        }
        is_well = is_vouched(cli, item) && is_well;
    }
    if (cli->is_json) {
        exit = cli_print_json(cli, &answer);
        return exit == CLI_DONE && !is_well ? CLI_FAILED : exit;
    }
    api_response_release(&answer);
    return is_well ? CLI_DONE : CLI_FAILED;
}
