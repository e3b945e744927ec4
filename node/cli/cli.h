/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: a table of commands, one file each. What a machine reads
 * goes to standard output and nothing else does; progress, hints and errors
 * go to standard error.
 */
#ifndef CORRIDOR_NODE_CLI_CLI_H
#define CORRIDOR_NODE_CLI_CLI_H

#include <stdio.h>

#include "node/cli/args.h"
#include "node/cli/client.h"

/* Exit statuses: docs/man/corridor.1, EXIT STATUS. */
enum cli_exit {
    CLI_DONE = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_CONFLICT = 3, /* stale, or in conflict */
    CLI_DENIED = 4
};

struct command;

struct cli {
    const struct command *command;
    struct args args; /* words after the command's name */
    const char *home;
    bool is_json;
    char lang[12];
    FILE *out;
    FILE *err;
    struct client *client; /* opened by the first request */
    bool shows_progress;   /* standard error is a terminal */
};

typedef enum cli_exit command_fn(struct cli *cli);

struct command {
    const char *name;
    const char *usage;                /* the words after the name */
    const char *summary;              /* one line */
    const struct arg_option *options; /* its own; NULL: none */
    size_t words_min;
    size_t words_max;
    bool needs_peers;
    command_fn *run;
};

extern const struct command commands[];
extern const size_t commands_count;

/* By its name, or its name and verb ("audit", "export"); NULL: none. */
const struct command *cli_command(const char *name);
const struct command *cli_verb(const char *name, const char *verb);

/* Print how a command is used: its words, what it does, its options. */
void cli_explain(struct cli *cli, const struct command *command);

/* Run a whole command line; argv[0] is the program's name. */
enum cli_exit cli_main(int argc, char *const *argv, FILE *out, FILE *err);

/* An option's value, NULL if it was not given. */
const char *cli_option(const struct cli *cli, const char *name);

/* Say what is wrong with the words, and how they should be. */
enum cli_exit cli_usage(struct cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Say an error that is not an API answer. */
enum cli_exit cli_fail(struct cli *cli, enum err rc, const struct err_msg *msg);
/* Say an API error, and what goes with it; the exit status that it means. */
enum cli_exit cli_refused(struct cli *cli, const struct api_response *answer);

/*
 * One request. True: *out is a success, to be released. False: the error was
 * said, and *out_exit is what to return. `body` is taken.
 */
bool cli_request(struct cli *cli, const struct client_request *request,
    struct api_response *out, enum cli_exit *out_exit);
/* The same for the usual ones; `format` makes the target. */
bool cli_get(struct cli *cli, struct api_response *out, enum cli_exit *out_exit,
    const char *target);
bool cli_post(struct cli *cli, const char *target, json_t *body,
    struct api_response *out, enum cli_exit *out_exit);
/* The passphrase, as a JSON text for a request's body. */
bool cli_passphrase(struct cli *cli, json_t **out, enum cli_exit *out_exit);

/* Say a text on a line of cli->err, after `before`: without controls, since
 * names and values of others may stand in it. */
void cli_say(struct cli *cli, const char *before, const char *text);
/* Print JSON on one line; ERR_NOMEM, ERR_IO. */
enum err cli_put_json(struct cli *cli, const json_t *json) MUST_USE;
/* Print the answer as JSON on one line and release it: what --json does. */
enum cli_exit cli_print_json(struct cli *cli, struct api_response *answer);
/* Print a member's text on a line of its own and release the answer. */
enum cli_exit cli_print_member(
    struct cli *cli, struct api_response *answer, const char *name);

/* Say how far long work has come, on a terminal; `context` is the cli. */
void cli_progress(void *context, uint64_t done, uint64_t all);

struct sheet;
/* Print and release a sheet. */
enum cli_exit cli_print_sheet(struct cli *cli, struct sheet *sheet);

/* A text of `object`, "" if it is not there or none. */
const char *cli_text(const json_t *object, const char *name);

/*
 * Words "FIELD=VALUE", "FIELD+=VALUE", "FIELD-=VALUE" from words[first] on as
 * a request's fields; "-" stands for lines of such on standard input. NULL,
 * and the fault was said, if one is not so.
 */
json_t *cli_fields(struct cli *cli, size_t first);

/* "read,write" as an array of texts; NULL without memory. */
json_t *cli_split(const char *text);
/* An array of texts into a cell, with commas between. */
void cli_put_list(struct sheet *sheet, const json_t *array);

command_fn command_init, command_found, command_invite, command_join,
    command_serve, command_sync, command_peer, command_members, command_new,
    command_show, command_list, command_set, command_conflicts, command_settle,
    command_import, command_export, command_sample, command_status,
    command_verify, command_digest, command_backup, command_rebuild,
    command_lock, command_refused, command_help;

#endif
