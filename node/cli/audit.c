/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/audit.h"

static const struct arg_option export_options[] = {
    {"log", "NODE"}, {"headers", NULL}, {NULL, NULL}};

static const struct arg_option prove_options[] = {
    {"o", "FILE"}, {"disclose", NULL}, {"all", NULL}, {NULL, NULL}};

static const struct arg_option forks_options[] = {{"o", "DIR"}, {NULL, NULL}};

const struct command audit_verbs[] = {
    {"audit export", "DIR [--log NODE] [--headers]",
        "write the logs into a directory that auditors' tools read; again, it "
        "writes what is new",
        export_options, 1, 1, false, command_audit_export},
    {"audit check",
        "PATH --key VKEY|FILE [--key …] [--since PATH] [-o EVIDENCE]",
        "check an export, a proof, evidence of a fork, or a home, with a key",
        audit_check_options, 1, 1, false, command_audit_check},
    {"audit access", "[FILE]",
        "list who was given which key, by whom and for what; of one record, "
        "who could read it",
        NULL, 0, 1, false, command_audit_access},
    {"audit offices", "",
        "list who admitted, enrolled, changed, confirmed and retired whom",
        NULL, 0, 0, false, command_audit_offices},
    {"audit forks", "[-o DIR]",
        "list the logs that were signed in two versions; -o writes the "
        "evidence of each into a file",
        forks_options, 0, 0, false, command_audit_forks},
    {"audit key", "[NODE]",
        "print the keys with which this node's logs are checked, for paper",
        NULL, 0, 1, false, command_audit_key},
    {"audit prove", "RECORD | NODE/KIND/POSITION -o FILE [--disclose] [--all]",
        "prove that a change stands in its log; --disclose opens that one "
        "change to whoever has the file",
        prove_options, 1, 1, false, command_audit_prove},
    {"audit witness", "[WITNESS]",
        "ask the witnesses that witness.policy names, or one of them, to "
        "cosign this node's logs",
        NULL, 0, 1, true, command_audit_witness},
};
const size_t audit_verbs_count = sizeof(audit_verbs) / sizeof(audit_verbs[0]);

static void
list_verbs(FILE *out)
{
    for (size_t i = 0; i < audit_verbs_count; i++) {
        (void)fprintf(out, "  corridor %s %s\n      %s\n", audit_verbs[i].name,
            audit_verbs[i].usage, audit_verbs[i].summary);
    }
}

enum cli_exit
command_audit(struct cli *cli)
{
    if (cli->args.count == 0) {
        (void)fprintf(cli->err, "corridor audit: what is to be done?\n");
    } else {
        (void)fprintf(cli->err, "corridor audit: there is no audit %s\n",
            cli->args.words[0]);
    }
    list_verbs(cli->err);
    return CLI_USAGE;
}
