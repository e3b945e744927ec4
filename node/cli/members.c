/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "node/cli/cli.h"
#include "node/cli/sheet.h"
#include "node/cli/text.h"

static const char *
standing(const json_t *member)
{
    if (json_is_true(json_object_get(member, "retired"))) {
        return "retired";
    }
    if (!json_is_true(json_object_get(member, "confirmed"))) {
        return "UNCONFIRMED: compare the code by voice";
    }
    return json_is_true(json_object_get(member, "firewall"))
               ? "confirmed, no case files"
               : "confirmed";
}

static enum cli_exit
list(struct cli *cli)
{
    static const char *const heads[] = {
        "OFFICE", "CODE", "COUNTRY", "ROLES", "STANDING"};
    struct api_response answer;
    struct sheet sheet;
    const json_t *members = NULL;
    enum cli_exit exit = CLI_DONE;

    if (!cli_get(cli, &answer, &exit, "/v1/members")) {
        return exit;
    }
    if (cli->is_json) {
        return cli_print_json(cli, &answer);
    }
    sheet_init(&sheet, 5);
    for (size_t i = 0; i < 5; i++) {
        sheet_put(&sheet, heads[i]);
    }
    members = json_object_get(answer.json, "members");
    for (size_t i = 0; i < json_array_size(members); i++) {
        const json_t *member = json_array_get(members, i);

        sheet_put(&sheet, cli_text(member, "name"));
        sheet_put(&sheet, cli_text(member, "code"));
        sheet_put(&sheet, cli_text(member, "country"));
        cli_put_list(&sheet, json_object_get(member, "roles"));
        sheet_put(&sheet, standing(member));
    }
    api_response_release(&answer);
    return cli_print_sheet(cli, &sheet);
}

static void
print_names(struct cli *cli, const json_t *names)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        (void)fprintf(cli->err, "%s%s", i == 0 ? " " : ", ",
            json_string_value(json_array_get(names, i)));
    }
}

static enum cli_exit
give_roles(struct cli *cli)
{
    struct api_response answer;
    json_t *roles = cli_split(cli->args.words[2]);
    const json_t *taken = NULL;
    enum cli_exit exit = CLI_DONE;

    if (!cli_post(cli, "/v1/members/roles",
            json_pack(
                "{s:s, s:o}", "office", cli->args.words[1], "roles", roles),
            &answer, &exit)) {
        return exit;
    }
    if (cli->is_json) {
        return cli_print_json(cli, &answer);
    }
    taken = json_object_get(answer.json, "taken");
    text_print(cli->err, cli_text(answer.json, "name"));
    (void)fprintf(cli->err, " has the roles");
    print_names(cli, json_object_get(answer.json, "roles"));
    (void)fprintf(cli->err, " from now on.\n");
    if (json_array_size(taken) > 0) {
        (void)fprintf(cli->err, "What it did by the roles");
        print_names(cli, taken);
        (void)fprintf(cli->err,
            " counts as far as it has reached this node, and no further.\n");
    }
    api_response_release(&answer);
    return CLI_DONE;
}

static enum cli_exit
confirm(struct cli *cli)
{
    struct api_response answer;
    enum cli_exit exit = CLI_DONE;

    if (!cli_post(cli, "/v1/members/confirm",
            json_pack("{s:s}", "code", cli->args.words[1]), &answer, &exit)) {
        return exit;
    }
    if (cli->is_json) {
        return cli_print_json(cli, &answer);
    }
    text_print(cli->err, cli_text(answer.json, "name"));
    (void)fprintf(cli->err, " is confirmed.\n");
    api_response_release(&answer);
    return CLI_DONE;
}

enum cli_exit
command_members(struct cli *cli)
{
    size_t count = cli->args.count;

    if (count == 0) {
        return list(cli);
    }
    if (count == 2 && strcmp(cli->args.words[0], "confirm") == 0) {
        return confirm(cli);
    }
    if (count == 3 && strcmp(cli->args.words[0], "roles") == 0) {
        return give_roles(cli);
    }
    return cli_usage(
        cli, "members, members confirm CODE, or members roles OFFICE ROLE,...");
}
