/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "node/cli/audit.h"
#include "node/cli/sheet.h"
#include "node/cli/text.h"

/* Options of every command. */
static const struct arg_option common_options[] = {{"home", "DIR"},
    {"json", NULL}, {"help", NULL}, {"passphrase-file", "FILE"},
    {"lang", "LANGUAGE"}, {NULL, NULL}};

enum { OPTIONS_MAX = 16 };

const struct command *
cli_command(const char *name)
{
    for (size_t i = 0; i < commands_count; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

const struct command *
cli_verb(const char *name, const char *verb)
{
    size_t size = strlen(name);

    for (size_t i = 0; i < audit_verbs_count; i++) {
        const char *both = audit_verbs[i].name;

        if (strncmp(both, name, size) == 0 && both[size] == ' ' &&
            strcmp(both + size + 1, verb) == 0) {
            return &audit_verbs[i];
        }
    }
    return NULL;
}

const char *
cli_option(const struct cli *cli, const char *name)
{
    return args_option(&cli->args, name);
}

enum cli_exit
cli_usage(struct cli *cli, const char *format, ...)
{
    va_list args;

    (void)fprintf(cli->err, "corridor %s: ", cli->command->name);
    va_start(args, format);
    (void)vfprintf(cli->err, format, args);
    va_end(args);
    (void)fprintf(cli->err, "\nusage: corridor %s %s\n", cli->command->name,
        cli->command->usage);
    return CLI_USAGE;
}

void
cli_say(struct cli *cli, const char *before, const char *text)
{
    struct buf out = {0};

    buf_put_text(&out, before);
    text_put(&out, bytes_text(text), 0);
    buf_put_u8(&out, '\n');
    if (buf_err(&out) == ERR_OK) {
        (void)fwrite(out.data, 1, out.size, cli->err);
    }
    buf_wipe(&out);
}

enum cli_exit
cli_fail(struct cli *cli, enum err rc, const struct err_msg *msg)
{
    const char *text =
        msg != NULL && msg->text[0] != '\0' ? msg->text : err_text(rc);

    cli_say(cli, "corridor: ", text);
    return rc == ERR_DENIED || rc == ERR_NO_KEY ? CLI_DENIED
           : rc == ERR_STALE                    ? CLI_CONFLICT
                                                : CLI_FAILED;
}

static void
say_candidates(struct cli *cli, const json_t *details)
{
    for (size_t i = 0; i < json_array_size(details); i++) {
        const json_t *item = json_array_get(details, i);

        (void)fprintf(cli->err, "  %s  %s\n", cli_text(item, "id"),
            cli_text(item, "kind"));
    }
}

static void
say_current(struct cli *cli, const json_t *record)
{
    if (json_is_object(record)) {
        (void)fprintf(cli->err,
            "  it is at version %s now, changed %s; \"corridor show %s "
            "--history\" says what has changed\n",
            cli_text(record, "version"), cli_text(record, "changed"),
            cli_text(record, "id"));
    }
}

enum cli_exit
cli_refused(struct cli *cli, const struct api_response *answer)
{
    const char *code = api_error_code(answer);
    const json_t *error = json_object_get(answer->json, "error");
    const json_t *details = json_object_get(error, "details");
    char *text = NULL;

    if (cli->is_json) {
        text = json_dumps(answer->json, JSON_COMPACT);
        (void)fprintf(cli->err, "%s\n", text != NULL ? text : "{}");
        mem_free(text);
    } else {
        cli_say(cli, "corridor: ", cli_text(error, "message"));
    }
    code = code != NULL ? code : "";
    if (!cli->is_json && strcmp(code, "ambiguous") == 0) {
        say_candidates(cli, details);
    }
    if (!cli->is_json && strcmp(code, "stale") == 0) {
        say_current(cli, details);
    }
    if (strcmp(code, "stale") == 0) {
        return CLI_CONFLICT;
    }
    return strcmp(code, "denied") == 0 || strcmp(code, "no_key") == 0
               ? CLI_DENIED
               : CLI_FAILED;
}

void
cli_progress(void *context, uint64_t done, uint64_t all)
{
    struct cli *cli = context;

    if (cli->shows_progress && all > 0) {
        (void)fprintf(cli->err, "\r%llu of %llu", (unsigned long long)done,
            (unsigned long long)all);
        if (done == all) {
            (void)fprintf(cli->err, "\n");
        }
        (void)fflush(cli->err);
    }
}

static enum err
open_client(struct cli *cli, struct err_msg *msg)
{
    struct client_options options = {.home = cli->home,
        .passphrase_file = cli_option(cli, "passphrase-file"),
        .needs_peers = cli->command->needs_peers,
        .progress = cli_progress,
        .context = cli};

    if (cli->client != NULL) {
        return ERR_OK;
    }
    if (cli->home == NULL) {
        return err_set(msg, ERR_CONFIG,
            "which home? Give --home DIR, or set CORRIDOR_HOME");
    }
    return client_open(&cli->client, &options, msg);
}

bool
cli_request(struct cli *cli, const struct client_request *request,
    struct api_response *out, enum cli_exit *out_exit)
{
    struct err_msg msg = {""};
    enum err rc = open_client(cli, &msg);

    if (rc != ERR_OK) {
        json_decref(request->body);
    } else {
        rc = client_call(cli->client, request, out, &msg);
    }
    if (rc != ERR_OK) {
        *out_exit = cli_fail(cli, rc, &msg);
        return false;
    }
    if (out->status >= 300) {
        *out_exit = cli_refused(cli, out);
        api_response_release(out);
        return false;
    }
    *out_exit = CLI_DONE;
    return true;
}

bool
cli_get(struct cli *cli, struct api_response *out, enum cli_exit *out_exit,
    const char *target)
{
    struct client_request request = {.method = "GET", .target = target};

    return cli_request(cli, &request, out, out_exit);
}

bool
cli_post(struct cli *cli, const char *target, json_t *body,
    struct api_response *out, enum cli_exit *out_exit)
{
    struct client_request request = {
        .method = "POST", .target = target, .body = body};

    if (body == NULL) {
        *out_exit = cli_fail(cli, ERR_NOMEM, NULL);
        return false;
    }
    return cli_request(cli, &request, out, out_exit);
}

bool
cli_passphrase(struct cli *cli, json_t **out, enum cli_exit *out_exit)
{
    struct bytes passphrase = {NULL, 0};
    struct err_msg msg = {""};
    json_t *json = NULL;
    enum err rc = open_client(cli, &msg);

    if (rc == ERR_OK) {
        rc = client_passphrase(cli->client, &passphrase, &msg);
    }
    if (rc == ERR_OK) {
        json = json_stringn((const char *)passphrase.data, passphrase.size);
        if (json == NULL) {
            rc = err_set(&msg, ERR_CONFIG, "the passphrase is not UTF-8");
        }
    }
    if (rc != ERR_OK) {
        *out_exit = cli_fail(cli, rc, &msg);
        return false;
    }
    *out = json;
    return true;
}

enum err
cli_put_json(struct cli *cli, const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    struct buf out = {0};
    enum err rc = text == NULL ? ERR_NOMEM : ERR_OK;

    if (rc == ERR_OK) {
        text_put_json(&out, bytes_text(text));
        buf_put_u8(&out, '\n');
        rc = buf_err(&out);
    }
    if (rc == ERR_OK && fwrite(out.data, 1, out.size, cli->out) != out.size) {
        rc = ERR_IO;
    }
    buf_wipe(&out);
    mem_free(text);
    return rc;
}

enum cli_exit
cli_print_json(struct cli *cli, struct api_response *answer)
{
    enum err rc = cli_put_json(cli, answer->json);

    api_response_release(answer);
    return rc == ERR_OK ? CLI_DONE : cli_fail(cli, rc, NULL);
}

enum cli_exit
cli_print_member(struct cli *cli, struct api_response *answer, const char *name)
{
    if (cli->is_json) {
        return cli_print_json(cli, answer);
    }
    (void)fprintf(cli->out, "%s\n", cli_text(answer->json, name));
    api_response_release(answer);
    return CLI_DONE;
}

enum cli_exit
cli_print_sheet(struct cli *cli, struct sheet *sheet)
{
    struct buf text = {0};
    enum err rc = sheet_print(sheet, &text);

    if (rc == ERR_OK &&
        fwrite(text.data, 1, text.size, cli->out) != text.size) {
        rc = ERR_IO;
    }
    sheet_release(sheet);
    buf_wipe(&text);
    return rc == ERR_OK ? CLI_DONE : cli_fail(cli, rc, NULL);
}

const char *
cli_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

/* All options that the command takes. */
static void
join_options(struct arg_option out[OPTIONS_MAX], const struct command *command)
{
    size_t count = 0;

    for (const struct arg_option *o = common_options; o->name != NULL; o++) {
        out[count++] = *o;
    }
    for (const struct arg_option *o = command->options;
         o != NULL && o->name != NULL; o++) {
        assert(count + 1 < OPTIONS_MAX);
        out[count++] = *o;
    }
    out[count] = (struct arg_option){NULL, NULL};
}

static enum cli_exit
run_command(struct cli *cli)
{
    enum cli_exit exit = CLI_DONE;
    const char *home = cli_option(cli, "home");
    const char *lang = cli_option(cli, "lang");

    cli->home = home != NULL ? home : getenv("CORRIDOR_HOME");
    cli->is_json = cli_option(cli, "json") != NULL;
    text_language(cli->lang, lang != NULL ? lang : getenv("LANG"));
    if (cli_option(cli, "help") != NULL) {
        cli_explain(cli, cli->command);
        return CLI_DONE;
    }
    if (cli->args.count < cli->command->words_min) {
        return cli_usage(cli, "something is missing");
    }
    if (cli->args.count > cli->command->words_max) {
        return cli_usage(cli, "that is too much");
    }
    exit = cli->command->run(cli);
    client_close(cli->client);
    if (fflush(cli->out) != 0 && exit == CLI_DONE) {
        exit = cli_fail(cli, ERR_IO, NULL);
    }
    return exit;
}

/*
 * The first word from argv[at] on that is no option: "--home X status" names
 * a command, and the next such word perhaps its verb.
 */
static int
find_name(int argc, char *const *argv, int at)
{
    while (at < argc && argv[at][0] == '-' && argv[at][1] != '\0') {
        bool has_value = strcmp(argv[at], "--home") == 0 ||
                         strcmp(argv[at], "--passphrase-file") == 0 ||
                         strcmp(argv[at], "--lang") == 0;

        if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
            return argc;
        }
        at += has_value ? 2 : 1;
    }
    return at;
}

static enum cli_exit
run_named(struct cli *cli, int name_at, int argc, char *const *argv)
{
    struct arg_option options[OPTIONS_MAX];
    struct err_msg msg = {""};
    const struct command *verb = NULL;
    char **rest = NULL;
    int verb_at = find_name(argc, argv, name_at + 1);
    int count = 0;
    enum cli_exit exit = CLI_USAGE;

    cli->command = cli_command(argv[name_at]);
    if (cli->command == NULL) {
        (void)fprintf(cli->err,
            "corridor: there is no command %s; \"corridor help\" lists "
            "them\n",
            argv[name_at]);
        return CLI_USAGE;
    }
    if (verb_at < argc) {
        verb = cli_verb(argv[name_at], argv[verb_at]);
    }
    cli->command = verb != NULL ? verb : cli->command;
    rest = mem_zalloc((size_t)argc, sizeof(*rest));
    if (rest == NULL) {
        return cli_fail(cli, ERR_NOMEM, NULL);
    }
    for (int i = 1; i < argc; i++) {
        if (i != name_at && (i != verb_at || verb == NULL)) {
            rest[count++] = argv[i];
        }
    }
    join_options(options, cli->command);
    if (args_parse(&cli->args, options, count, rest, &msg) != ERR_OK) {
        exit = cli_usage(cli, "%s", msg.text);
    } else {
        exit = run_command(cli);
    }
    mem_free(rest);
    return exit;
}

enum cli_exit
cli_main(int argc, char *const *argv, FILE *out, FILE *err)
{
    struct cli cli = {
        .out = out, .err = err, .shows_progress = isatty(fileno(err)) == 1};
    int name_at = find_name(argc, argv, 1);
    char help[] = "help";
    char *words[] = {argv[0], help, NULL};

    json_set_alloc_funcs(mem_alloc, mem_free);
    if (name_at >= argc) {
        bool was_asked = argc > 1;

        if (!was_asked) {
            cli.out = err;
        }
        (void)run_named(&cli, 1, 2, words);
        return was_asked ? CLI_DONE : CLI_USAGE;
    }
    return run_named(&cli, name_at, argc, argv);
}
