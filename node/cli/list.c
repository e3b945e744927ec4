/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "node/cli/record_target.h"
#include "node/cli/sheet.h"

/* One record a line. */
static enum cli_exit
print_lines(struct cli *cli, const json_t *records)
{
    for (size_t i = 0; i < json_array_size(records); i++) {
        enum err rc = cli_put_json(cli, json_array_get(records, i));

        if (rc != ERR_OK) {
            return cli_fail(cli, rc, NULL);
        }
    }
    return CLI_DONE;
}

/* The fields that any of the records has, in the order of the pack. */
static json_t *
find_columns(const json_t *records)
{
    json_t *columns = json_object();

    for (size_t i = 0; i < json_array_size(records); i++) {
        json_t *labels = json_object_get(json_array_get(records, i), "labels");

        if (json_object_update_missing(columns, labels) != 0 &&
            labels != NULL) {
            json_decref(columns);
            return NULL;
        }
    }
    return columns;
}

static void
put_row(struct sheet *sheet, json_t *columns, const json_t *record)
{
    const json_t *conflicts = json_object_get(record, "conflicts");

    sheet_put(sheet, cli_text(record, "id"));
    for (void *iter = json_object_iter(columns); iter != NULL;
         iter = json_object_iter_next(columns, iter)) {
        sheet_put(sheet, cli_text(json_object_get(record, "texts"),
                             json_object_iter_key(iter)));
    }
    sheet_put(sheet, json_array_size(conflicts) > 0 ? "conflict" : "");
}

static enum cli_exit
print_rows(struct cli *cli, const json_t *records)
{
    struct sheet sheet;
    json_t *columns = find_columns(records);

    if (columns == NULL || json_object_size(columns) + 2 > SHEET_COLUMNS_MAX) {
        json_decref(columns);
        return cli_fail(cli, ERR_TOO_BIG, NULL);
    }
    sheet_init(&sheet, json_object_size(columns) + 2);
    sheet_put(&sheet, "ID");
    for (void *iter = json_object_iter(columns); iter != NULL;
         iter = json_object_iter_next(columns, iter)) {
        sheet_put(&sheet, json_string_value(json_object_iter_value(iter)));
    }
    sheet_put(&sheet, "");
    for (size_t i = 0; i < json_array_size(records); i++) {
        put_row(&sheet, columns, json_array_get(records, i));
    }
    json_decref(columns);
    return cli_print_sheet(cli, &sheet);
}

/* Words FIELD=VALUE as parameters. */
static bool
put_filters(struct cli *cli, struct buf *target)
{
    char name[64];

    for (size_t i = 1; i < cli->args.count; i++) {
        const char *equals = strchr(cli->args.words[i], '=');
        size_t size =
            equals == NULL ? 0 : (size_t)(equals - cli->args.words[i]);

        if (size == 0 || size >= sizeof(name)) {
            return false;
        }
        memcpy(name, cli->args.words[i], size);
        name[size] = '\0';
        target_param(target, name, equals + 1);
    }
    return true;
}

static bool
put_options(struct cli *cli, struct buf *target)
{
    static const char *const names[] = {"limit", "after"};

    target_param(target, "kind", cli->args.words[0]);
    if (!cli->is_json) {
        target_param(target, "lang", cli->lang);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (cli_option(cli, names[i]) != NULL) {
            target_param(target, names[i], cli_option(cli, names[i]));
        }
    }
    return put_filters(cli, target);
}

enum cli_exit
command_list(struct cli *cli)
{
    struct api_response answer;
    struct buf target = {0};
    const char *text = NULL;
    enum cli_exit exit = CLI_DONE;
    bool is_done = false;

    buf_put_text(&target, "/v1/records");
    if (!put_options(cli, &target)) {
        buf_release(&target);
        return cli_usage(cli, "a filter is FIELD=VALUE");
    }
    text = target_end(&target);
    is_done = text != NULL && cli_get(cli, &answer, &exit, text);
    buf_release(&target);
    if (!is_done) {
        return text == NULL ? cli_fail(cli, ERR_NOMEM, NULL) : exit;
    }
    exit = cli->is_json
               ? print_lines(cli, json_object_get(answer.json, "records"))
               : print_rows(cli, json_object_get(answer.json, "records"));
    if (exit == CLI_DONE && cli_text(answer.json, "note")[0] != '\0') {
        (void)fprintf(cli->err, "%s\n", cli_text(answer.json, "note"));
    }
    if (exit == CLI_DONE && cli_text(answer.json, "next")[0] != '\0') {
        (void)fprintf(cli->err, "There are more: --after %s\n",
            cli_text(answer.json, "next"));
    }
    api_response_release(&answer);
    return exit;
}
