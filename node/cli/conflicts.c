/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/cli.h"
#include "node/cli/sheet.h"

static void
put_conflict(struct sheet *sheet, const json_t *record, const json_t *conflict)
{
    const json_t *values = json_object_get(conflict, "values");

    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *value = json_array_get(values, i);

        sheet_put(sheet, i == 0 ? cli_text(record, "kind") : "");
        sheet_put(sheet, i == 0 ? cli_text(record, "id") : "");
        sheet_put(sheet, i == 0 ? cli_text(conflict, "field") : "");
        sheet_put(sheet, cli_text(value, "text"));
        sheet_put(sheet, cli_text(json_object_get(value, "office"), "name"));
        sheet_put(sheet, cli_text(value, "time"));
    }
}

static enum cli_exit
print_records(struct cli *cli, const json_t *records)
{
    static const char *const heads[] = {
        "KIND", "ID", "FIELD", "VALUE", "OFFICE", "TIME"};
    struct sheet sheet;

    if (json_array_size(records) == 0) {
        (void)fprintf(cli->err, "Nothing is in conflict.\n");
        return CLI_DONE;
    }
    sheet_init(&sheet, 6);
    for (size_t i = 0; i < 6; i++) {
        sheet_put(&sheet, heads[i]);
    }
    for (size_t i = 0; i < json_array_size(records); i++) {
        const json_t *record = json_array_get(records, i);
        const json_t *conflicts = json_object_get(record, "conflicts");

        for (size_t j = 0; j < json_array_size(conflicts); j++) {
            put_conflict(&sheet, record, json_array_get(conflicts, j));
        }
    }
    (void)fprintf(cli->err, "corridor settle ID FIELD=VALUE decides one.\n");
    return cli_print_sheet(cli, &sheet);
}

enum cli_exit
command_conflicts(struct cli *cli)
{
    struct api_response answer;
    enum cli_exit exit = CLI_DONE;
    char target[64];

    (void)snprintf(target, sizeof(target), "/v1/conflicts?limit=1000%s%s",
        cli->is_json ? "" : "&lang=", cli->is_json ? "" : cli->lang);
    if (!cli_get(cli, &answer, &exit, target)) {
        return exit;
    }
    if (cli->is_json) {
        return cli_print_json(cli, &answer);
    }
    exit = print_records(cli, json_object_get(answer.json, "records"));
    api_response_release(&answer);
    return exit;
}
