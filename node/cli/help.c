/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "node/audit/finding.h"
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

/* For a stranger who has the program, a folder and a key, and nothing else. */
static const char audit_check_text[] =
    "\n"
    "PATH is an export, or one log's folder of it; a proof, a disclosure, or\n"
    "evidence of a fork; a checkpoint; or a home. Nothing else is needed: no\n"
    "home of one's own, no daemon, no network.\n"
    "\n"
    "  --key VKEY|FILE  a key that you know to be the office's, or a file of\n"
    "                   such keys, a line each, as \"corridor audit key\" "
    "prints\n"
    "                   them: one is enough for an export with headers; a\n"
    "                   witness's key too; may be given again\n"
    "  --since PATH     an export or a checkpoint that was kept from last "
    "time,\n"
    "                   or that another office gave you: nothing may be "
    "shorter\n"
    "                   or other than it was there\n"
    "  -o FILE          where to write the evidence if a log was signed in "
    "two\n"
    "                   versions\n"
    "  --json           the report for programs\n"
    "\n"
    "Exit status: 0 clean, 1 findings, 2 it could not be checked, or not all "
    "of\n"
    "it. \"corridor help CODE\" says what a finding means.\n"
    "\n"
    "  corridor audit check export --key keys.txt\n"
    "  corridor audit check export --key keys.txt --since last-year -o "
    "evidence\n"
    "  corridor audit check change.disclosure --key keys.txt\n";

void
cli_explain(struct cli *cli, const struct command *command)
{
    (void)fprintf(cli->out, "usage: corridor %s %s\n\n%s\n", command->name,
        command->usage, command->summary);
    if (command->run == command_audit_check) {
        (void)fputs(audit_check_text, cli->out);
        return;
    }
    for (const struct arg_option *o = command->options;
         o != NULL && o->name != NULL; o++) {
        (void)fprintf(cli->out, "  %s%s %s\n", o->name[1] == '\0' ? "-" : "--",
            o->name, o->value != NULL ? o->value : "");
    }
}

/* What a finding of an audit means; false: it is no code of one. */
static bool
explain_finding(struct cli *cli, const char *word)
{
    for (size_t i = 0; i < FINDING_CODES; i++) {
        const enum finding_code code = (enum finding_code)i;

        if (strcmp(word, finding_code_text(code)) == 0) {
            (void)fprintf(cli->out,
                "%s\n\n%s\ndocs/audit.md says what to do about it.\n", word,
                finding_code_meaning(code));
            return true;
        }
    }
    return false;
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
        if (command == NULL) {
            return cli_usage(cli, "there is no %s %s", words[0], words[1]);
        }
        cli_explain(cli, command);
        return CLI_DONE;
    }
    command = cli_command(words[0]);
    if (command == NULL) {
        return explain_finding(cli, words[0]) ? CLI_DONE
                                              : find_kind_help(cli, words[0]);
    }
    cli_explain(cli, command);
    list_verbs(cli, command);
    return CLI_DONE;
}
