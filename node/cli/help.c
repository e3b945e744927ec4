/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "node/cli/audit.h"
#include "node/cli/cli.h"
#include "node/cli/sheet.h"
#include "sync/model/schema.h"
#include "sync/packs/packs.h"

static enum cli_exit
list_commands(struct cli *cli)
{
    (void)fprintf(cli->out,
        "usage: corridor COMMAND [WORDS] [--home DIR] [--json] [--help]\n"
        "                [--passphrase-file FILE] [--lang LANGUAGE]\n\n");
    for (size_t i = 0; i < commands_count; i++) {
        (void)fprintf(
            cli->out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    return CLI_DONE;
}

/* "code: wages, overtime": what a field may hold. */
static void
put_type(struct sheet *sheet, const struct schema_field *field)
{
    struct buf text = {0};

    buf_put_text(&text, value_type_name(field->type));
    if (field->list != NULL) {
        buf_printf(&text, " of %s", field->list->name);
    }
    buf_put_u8(&text, 0);
    sheet_put(sheet, buf_err(&text) == ERR_OK ? (const char *)text.data : NULL);
    buf_release(&text);
}

static enum cli_exit
explain_kind(struct cli *cli, const struct schema *schema,
    const struct schema_kind *kind)
{
    static const char *const heads[] = {
        "FIELD", "TYPE", "RULE", "CLASS", "LABEL"};
    struct sheet sheet;

    sheet_init(&sheet, 5);
    for (size_t i = 0; i < 5; i++) {
        sheet_put(&sheet, heads[i]);
    }
    for (size_t i = 0; i < kind->count; i++) {
        const struct schema_field *field = &kind->fields[i];

        sheet_put(&sheet, field->name);
        put_type(&sheet, field);
        sheet_put(&sheet, schema_rule_name(field->rule));
        sheet_put(&sheet, schema_class_name(field->class));
        sheet_put(&sheet, schema_field_label(schema, kind, field, cli->lang));
    }
    return cli_print_sheet(cli, &sheet);
}

static enum cli_exit
find_kind_help(struct cli *cli, const char *name)
{
    const struct bytes *text = pack_text("mekong");
    struct schema *schema = NULL;
    const struct schema_kind *kind = NULL;
    enum cli_exit exit = CLI_USAGE;

    if (text == NULL || schema_parse(*text, &schema, NULL) != ERR_OK) {
        return cli_fail(cli, ERR_NOMEM, NULL);
    }
    kind = schema_kind_by_name(schema, bytes_text(name));
    if (kind != NULL) {
        exit = explain_kind(cli, schema, kind);
    } else {
        (void)fprintf(cli->err,
            "corridor: there is neither a command nor a kind of record named "
            "%s\n",
            name);
    }
    schema_free(schema);
    return exit;
}

static enum cli_exit
explain_command(struct cli *cli, const struct command *command)
{
    (void)fprintf(cli->out, "usage: corridor %s %s\n\n%s\n", command->name,
        command->usage, command->summary);
    for (const struct arg_option *o = command->options;
         o != NULL && o->name != NULL; o++) {
        (void)fprintf(
            cli->out, "  --%s %s\n", o->name, o->value != NULL ? o->value : "");
    }
    return CLI_DONE;
}

/* The verbs of a command that has some, after its own explanation. */
static void
list_verbs(struct cli *cli, const struct command *command)
{
    for (size_t i = 0; i < audit_verbs_count; i++) {
        const struct command *verb = &audit_verbs[i];
        size_t size = strlen(command->name);

        if (strncmp(verb->name, command->name, size) == 0 &&
            verb->name[size] == ' ') {
            (void)fprintf(cli->out, "\n  %s %s\n      %s\n", verb->name,
                verb->usage, verb->summary);
        }
    }
}

enum cli_exit
command_help(struct cli *cli)
{
    const char *const *words = cli->args.words;
    const struct command *command = NULL;

    if (cli->args.count == 0) {
        return list_commands(cli);
    }
    if (cli->args.count == 2) {
        command = cli_verb(words[0], words[1]);
        return command != NULL
                   ? explain_command(cli, command)
                   : cli_usage(cli, "there is no %s %s", words[0], words[1]);
    }
    command = cli_command(words[0]);
    if (command == NULL) {
        return find_kind_help(cli, words[0]);
    }
    (void)explain_command(cli, command);
    list_verbs(cli, command);
    return CLI_DONE;
}
