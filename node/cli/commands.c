/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/audit.h"

static const struct arg_option init_options[] = {{"office", "NAME"},
    {"node", "NAME"}, {"country", "CC"}, {"type", "TYPE"},
    {"office-key", "FILE"}, {NULL, NULL}};
static const struct arg_option found_options[] = {
    {"share-by-default", NULL}, {NULL, NULL}};
static const struct arg_option invite_options[] = {{"roles", "ROLE,..."},
    {"expires", "TIME"}, {"address", "HOST:PORT,..."}, {"for", "CODE"},
    {NULL, NULL}};
static const struct arg_option timeout_options[] = {
    {"timeout", "TIME"}, {NULL, NULL}};
static const struct arg_option serve_options[] = {
    {"listen", "ADDRESS"}, {"api", "ADDRESS"}, {NULL, NULL}};
static const struct arg_option new_options[] = {
    {"parent", "ID"}, {"reason", "TEXT"}, {NULL, NULL}};
static const struct arg_option show_options[] = {
    {"history", NULL}, {NULL, NULL}};
static const struct arg_option list_options[] = {
    {"limit", "N"}, {"after", "ID"}, {NULL, NULL}};
static const struct arg_option set_options[] = {
    {"if-version", "VERSION"}, {"reason", "TEXT"}, {NULL, NULL}};
static const struct arg_option import_options[] = {
    {"format", "csv|jsonl"}, {"keep-zawgyi", NULL}, {NULL, NULL}};
static const struct arg_option export_options[] = {
    {"format", "csv|jsonl"}, {NULL, NULL}};
static const struct arg_option sample_options[] = {
    {"cases", "N"}, {"seed", "S"}, {NULL, NULL}};

const struct command commands[] = {
    {"init", "--office NAME [--node NAME] [--country CC] [--type TYPE]",
        "make a home: keys and settings of one node", init_options, 0, 0, false,
        command_init},
    {"found", "NAME [--share-by-default]", "found a corridor", found_options, 1,
        1, false, command_found},
    {"invite",
        "[--roles ROLE,...] [--expires TIME] [--address HOST:PORT,...] "
        "[--for CODE]",
        "print a line with which another office joins", invite_options, 0, 0,
        false, command_invite},
    {"join", "LINE [--timeout TIME]",
        "join a corridor by an invitation (- reads it from standard input)",
        timeout_options, 1, 1, true, command_join},
    {"serve", "[--listen ADDRESS] [--api ADDRESS]", "run the daemon",
        serve_options, 0, 0, false, command_serve},
    {"sync", "[OFFICE] [--timeout TIME]",
        "exchange with one office or all until both sides confirm",
        timeout_options, 0, 1, true, command_sync},
    {"peer", "add OFFICE ADDRESS | list | remove OFFICE",
        "where to reach other offices", NULL, 1, 3, false, command_peer},
    {"members", "[confirm CODE | roles OFFICE ROLE,...]",
        "who is in the corridor; confirm an office's code; give an office "
        "other roles",
        NULL, 0, 3, false, command_members},
    {"new", "KIND FIELD=VALUE... [--parent ID]",
        "make a record and print its id; - for lines of FIELD=VALUE on "
        "standard input, which no list of processes shows",
        new_options, 1, ARGS_WORDS_MAX, false, command_new},
    {"show", "ID [--history]", "show a record", show_options, 1, 1, false,
        command_show},
    {"list", "KIND [FIELD=VALUE...] [--limit N] [--after ID]",
        "list records, newest first", list_options, 1, ARGS_WORDS_MAX, false,
        command_list},
    {"set",
        "ID FIELD=VALUE... [--if-version VERSION] [--reason TEXT]; also "
        "FIELD+=VALUE, FIELD-=VALUE",
        "edit a record and print its version", set_options, 2, ARGS_WORDS_MAX,
        false, command_set},
    {"conflicts", "", "list what a person has to decide", NULL, 0, 0, false,
        command_conflicts},
    {"settle", "ID FIELD=VALUE [--reason TEXT]", "decide a conflict",
        set_options, 2, 2, false, command_settle},
    {"import", "[KIND] FILE [--format csv|jsonl] [--keep-zawgyi]",
        "take in a table or lines of JSON (- for standard input)",
        import_options, 1, 2, false, command_import},
    {"export", "KIND [--format csv|jsonl]", "print all records of a kind",
        export_options, 1, 1, false, command_export},
    {"sample", "--cases N [--seed S]", "print made-up records to import",
        sample_options, 0, 0, false, command_sample},
    {"status", "", "how this node stands", NULL, 0, 0, false, command_status},
    {"refused", "", "list entries that do not count, and why", NULL, 0, 0,
        false, command_refused},
    {"audit", "VERB [WORDS]",
        "export, prove and check what was signed; \"corridor help audit\"",
        NULL, 0, ARGS_WORDS_MAX, false, command_audit},
    {"verify", "", "check everything that is stored", NULL, 0, 0, false,
        command_verify},
    {"digest", "", "print one hash over all readable records", NULL, 0, 0,
        false, command_digest},
    {"backup", "DIR", "copy the home into a new directory", NULL, 1, 1, false,
        command_backup},
    {"rebuild", "", "make all derived tables anew from the entries", NULL, 0, 0,
        false, command_rebuild},
    {"lock", "", "stop the daemon, and so drop its keys", NULL, 0, 0, false,
        command_lock},
    {"help", "[COMMAND | KIND]", "explain a command, or a kind's fields", NULL,
        0, 2, false, command_help},
};
const size_t commands_count = sizeof(commands) / sizeof(commands[0]);
