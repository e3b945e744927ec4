/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a node, for paper: what each is on a line that begins with a
 * number sign, the key on the next. "audit check --key FILE" reads the same.
 */
#include <string.h>

#include "node/cli/audit.h"
#include "node/cli/record_target.h"
#include "node/cli/text.h"

static const char *
explain(const char *what)
{
    return strcmp(what, "control") == 0
               ? "control log: memberships, circles, erasures"
           : strcmp(what, "changes") == 0
               ? "changes log: changes of records"
               : "cosigner: that it has seen the logs of others";
}

static void
print_key(struct cli *cli, const json_t *key)
{
    (void)fprintf(cli->out, "# ");
    text_print(cli->out, cli_text(key, "office"));
    (void)fprintf(cli->out, ", node ");
    text_print(cli->out, cli_text(key, "name"));
    (void)fprintf(cli->out, ", %s\n%s\n", explain(cli_text(key, "what")),
        cli_text(key, "vkey"));
}

enum cli_exit
command_audit_key(struct cli *cli)
{
    struct api_response answer;
    struct buf target = {0};
    const json_t *keys = NULL;
    const char *text = NULL;
    enum cli_exit exit = CLI_FAILED;
    bool is_done = false;

    buf_put_text(&target, "/v1/audit/keys");
    if (cli->args.count > 0) {
        target_param(&target, "node", cli->args.words[0]);
    }
    text = target_end(&target);
    is_done = text != NULL && cli_get(cli, &answer, &exit, text);
    buf_release(&target);
    if (!is_done) {
        return exit;
    }
    if (cli->is_json) {
        return cli_print_json(cli, &answer);
    }
    keys = json_object_get(answer.json, "keys");
    for (size_t i = 0; i < json_array_size(keys); i++) {
        print_key(cli, json_array_get(keys, i));
    }
    api_response_release(&answer);
    return CLI_DONE;
}
