/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/cli.h"

static bool
put_lists(struct cli *cli, json_t *body)
{
    static const struct {
        const char *option;
        const char *member;
    } lists[] = {{"roles", "roles"}, {"address", "addresses"}};

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        const char *text = cli_option(cli, lists[i].option);

        if (text != NULL &&
            json_object_set_new(body, lists[i].member, cli_split(text)) != 0) {
            return false;
        }
    }
    return true;
}

enum cli_exit
command_invite(struct cli *cli)
{
    struct api_response answer;
    const char *expires = cli_option(cli, "expires");
    const char *code = cli_option(cli, "for");
    unsigned long long seconds = 0;
    json_t *body = json_object();
    enum cli_exit exit = CLI_DONE;
    bool is_whole = body != NULL && put_lists(cli, body);

    if (expires != NULL && !args_duration(expires, &seconds)) {
        json_decref(body);
        return cli_usage(cli, "--expires wants a time, as 24h or 7d");
    }
    if (expires != NULL) {
        is_whole = is_whole && json_object_set_new(body, "expires_s",
                                   json_integer((json_int_t)seconds)) == 0;
    }
    if (code != NULL) {
        is_whole = is_whole &&
                   json_object_set_new(body, "for", json_string(code)) == 0;
    }
    if (!is_whole) {
        json_decref(body);
        return cli_fail(cli, ERR_NOMEM, NULL);
    }
    if (!cli_post(cli, "/v1/invites", body, &answer, &exit)) {
        return exit;
    }
    (void)fprintf(cli->err,
        "Good until %s%s. Whoever has the line can join: send it as you "
        "would a key.\n",
        cli_text(answer.json, "expires"),
        code != NULL ? ", for that office only" : "");
    return cli_print_member(cli, &answer, "line");
}
