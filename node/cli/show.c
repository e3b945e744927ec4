/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "node/cli/record_target.h"
#include "node/cli/sheet.h"
#include "node/cli/text.h"

static void
print_author(struct cli *cli, const json_t *item)
{
    const json_t *office = json_object_get(item, "office");

    text_print(cli->out, cli_text(office, "name"));
    (void)fprintf(cli->out, ", %s", cli_text(item, "time"));
}

/* Under a field in conflict: who says what. */
static void
print_conflict(struct cli *cli, const json_t *details)
{
    const json_t *values = json_object_get(details, "values");

    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *value = json_array_get(values, i);

        (void)fprintf(cli->out, "    ");
        text_print(cli->out, cli_text(value, "text"));
        (void)fprintf(cli->out, "  (");
        print_author(cli, value);
        (void)fprintf(cli->out, ")\n");
    }
}

/* Items with their numbers: by these they are struck out. */
static void
print_items(struct cli *cli, const json_t *details)
{
    const json_t *values = json_object_get(details, "values");

    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *value = json_array_get(values, i);
        const json_t *flags = json_object_get(value, "flags");

        (void)fprintf(cli->out, "    %zu. ", i + 1);
        text_print(cli->out, cli_text(value, "text"));
        (void)fprintf(cli->out, "  (");
        print_author(cli, value);
        for (size_t j = 0; j < json_array_size(flags); j++) {
            (void)fprintf(
                cli->out, ", %s", json_string_value(json_array_get(flags, j)));
        }
        (void)fprintf(cli->out, ")\n");
    }
}

static void
print_field(struct cli *cli, const json_t *record, const char *name)
{
    const json_t *details =
        json_object_get(json_object_get(record, "details"), name);
    const char *rule = cli_text(details, "rule");
    bool is_items = strcmp(rule, "journal") == 0 || strcmp(rule, "ledger") == 0;
    bool is_conflict = json_is_true(json_object_get(details, "conflict"));

    text_print(cli->out, cli_text(json_object_get(record, "labels"), name));
    (void)fprintf(cli->out, " [%s]: ", name);
    if (is_items) {
        (void)fprintf(cli->out, "\n");
        print_items(cli, details);
        return;
    }
    text_print(cli->out, cli_text(json_object_get(record, "texts"), name));
    (void)fprintf(cli->out, "%s\n", is_conflict ? "  IN CONFLICT:" : "");
    if (is_conflict) {
        print_conflict(cli, details);
    }
}

static void
print_record(struct cli *cli, json_t *record)
{
    json_t *fields = json_object_get(record, "fields");
    const json_t *marks = json_object_get(record, "marks");

    (void)fprintf(cli->out, "%s %s\nversion %s, made %s, changed %s\n",
        cli_text(record, "kind"), cli_text(record, "id"),
        cli_text(record, "version"), cli_text(record, "created"),
        cli_text(record, "changed"));
    if (cli_text(record, "parent")[0] != '\0') {
        (void)fprintf(cli->out, "of %s\n", cli_text(record, "parent"));
    }
    for (size_t i = 0; i < json_array_size(marks); i++) {
        (void)fprintf(cli->out, "mark: ");
        text_print(cli->out, json_string_value(json_array_get(marks, i)));
        (void)fprintf(cli->out, "\n");
    }
    for (void *iter = json_object_iter(fields); iter != NULL;
         iter = json_object_iter_next(fields, iter)) {
        print_field(cli, record, json_object_iter_key(iter));
    }
}

static void
print_operation(struct cli *cli, const json_t *op)
{
    const char *text = cli_text(op, "text");
    const char *before = cli_text(op, "before_text");

    (void)fprintf(
        cli->out, "  %s %s", cli_text(op, "action"), cli_text(op, "field"));
    if (text[0] == '\0') {
        text = cli_text(op, "value");
    }
    if (text[0] != '\0') {
        (void)fprintf(cli->out, ": ");
        text_print(cli->out, text);
    }
    if (before[0] != '\0') {
        (void)fprintf(cli->out, "  (before: ");
        text_print(cli->out, before);
        (void)fprintf(cli->out, ")");
    }
    if (cli_text(op, "reason")[0] != '\0') {
        (void)fprintf(cli->out, "  because ");
        text_print(cli->out, cli_text(op, "reason"));
    }
    (void)fprintf(cli->out, "\n");
}

static void
print_history(struct cli *cli, const json_t *json)
{
    const json_t *history = json_object_get(json, "history");

    for (size_t i = 0; i < json_array_size(history); i++) {
        const json_t *item = json_array_get(history, i);
        const json_t *ops = json_object_get(item, "operations");

        print_author(cli, item);
        (void)fprintf(cli->out, ", ");
        text_print(cli->out, cli_text(item, "node"));
        if (cli_text(item, "void")[0] != '\0') {
            (void)fprintf(
                cli->out, "  DOES NOT COUNT: %s", cli_text(item, "void"));
        }
        (void)fprintf(cli->out, "\n");
        for (size_t j = 0; j < json_array_size(ops); j++) {
            print_operation(cli, json_array_get(ops, j));
        }
    }
}

enum cli_exit
command_show(struct cli *cli)
{
    struct api_response answer;
    bool wants_history = cli_option(cli, "history") != NULL;
    enum cli_exit exit = CLI_DONE;

    if (!record_request(cli, "GET", wants_history ? "/history" : "", NULL,
            &answer, &exit)) {
        return exit;
    }
    if (cli->is_json) {
        return cli_print_json(cli, &answer);
    }
    if (wants_history) {
        print_history(cli, answer.json);
    } else {
        print_record(cli, answer.json);
    }
    api_response_release(&answer);
    return CLI_DONE;
}
