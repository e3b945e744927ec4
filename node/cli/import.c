/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Imports: rows of a file in batches, an answer for each. Broken rows are
 * said and skipped; a file that was taken in before changes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "node/cli/cli.h"
#include "node/cli/names.h"
#include "node/import/rows.h"

enum {
    BATCH_ROWS_MAX = 8192, /* a write, and so a commit */
    BATCH_BYTES_MAX = API_IMPORT_BYTES_MAX - 4096, /* of a request's body */
    FAULTS_SHOWN_MAX = 1000
};

struct importing {
    struct cli *cli;
    const char *kind; /* or NULL */
    struct names names;
    json_t *rows;
    json_t *repeats;
    json_t *known; /* names that the rows speak of */
    uint64_t lines[BATCH_ROWS_MAX];
    size_t count;
    size_t bytes;
    uint64_t made;
    uint64_t updated;
    uint64_t unchanged;
    uint64_t faults;
};

static void
say_line(struct importing *in, uint64_t line, const char *text)
{
    char before[48];

    (void)snprintf(
        before, sizeof(before), "line %llu: ", (unsigned long long)line);
    cli_say(in->cli, before, text);
}

static void
say_fault(struct importing *in, uint64_t line, const char *text)
{
    in->faults++;
    if (in->faults <= FAULTS_SHOWN_MAX) {
        say_line(in, line, text);
    } else if (in->faults == FAULTS_SHOWN_MAX + 1) {
        (void)fprintf(in->cli->err, "more faults are counted, not shown\n");
    }
}

static bool
batch_begin(struct importing *in)
{
    in->rows = json_array();
    in->repeats = json_array();
    in->known = json_object();
    in->count = 0;
    in->bytes = 0;
    return in->rows != NULL && in->repeats != NULL && in->known != NULL;
}

static void
batch_drop(struct importing *in)
{
    json_decref(in->rows);
    json_decref(in->repeats);
    json_decref(in->known);
    in->rows = NULL;
    in->repeats = NULL;
    in->known = NULL;
}

/* Tell what a name stands for, if a row of an earlier batch gave it. */
static enum err
put_known(struct importing *in, const json_t *value)
{
    const char *name = json_string_value(value);
    struct record_id id;
    char hex[2 * sizeof(id.bytes) + 1];
    const char *kind = NULL;

    if (name == NULL || name[0] != '#' ||
        json_object_get(in->known, name) != NULL) {
        return ERR_OK;
    }
    kind = names_find(&in->names, name, &id);
    if (kind == NULL) {
        return ERR_OK;
    }
    hex_encode(hex, bytes_of(id.bytes, sizeof(id.bytes)));
    in->bytes += strlen(name) + strlen(kind) + sizeof(hex) + 6;
    return json_object_set_new(
               in->known, name, json_sprintf("%s/%s", kind, hex)) == 0
               ? ERR_OK
               : ERR_NOMEM;
}

/* Names stand in values, in lists of them, and in "record" of kin. */
static enum err
put_names_of(struct importing *in, const json_t *value)
{
    enum err rc = put_known(in, value);

    if (rc == ERR_OK) {
        rc = put_known(in, json_object_get(value, "record"));
    }
    for (size_t i = 0; i < json_array_size(value) && rc == ERR_OK; i++) {
        const json_t *item = json_array_get(value, i);

        rc = put_known(in, item);
        if (rc == ERR_OK) {
            rc = put_known(in, json_object_get(item, "record"));
        }
    }
    return rc;
}

/* What the row adds to the body, but for the names that it speaks of. */
static size_t
row_bytes(const struct rows_row *row)
{
    return json_dumpb(row->json, NULL, 0, JSON_COMPACT) + 12;
}

static enum err
batch_add(struct importing *in, const struct rows_row *row, size_t bytes)
{
    enum err rc = ERR_OK;

    for (void *iter = json_object_iter(row->json); iter != NULL && rc == ERR_OK;
         iter = json_object_iter_next(row->json, iter)) {
        rc = put_names_of(in, json_object_iter_value(iter));
    }
    if (rc == ERR_OK && (json_array_append(in->rows, row->json) != 0 ||
                            json_array_append_new(in->repeats,
                                json_integer(row->repeats)) != 0)) {
        rc = ERR_NOMEM;
    }
    in->lines[in->count++] = row->line;
    in->bytes += bytes;
    return rc;
}

/* A name that this row gave. */
static enum err
learn(struct importing *in, const json_t *row, const json_t *answer)
{
    const char *name = cli_text(row, "id");
    const char *hex = cli_text(answer, "id");
    struct record_id id;

    if (name[0] != '#' ||
        !hex_decode(hex, strlen(hex), id.bytes, sizeof(id.bytes))) {
        return ERR_OK;
    }
    return names_put(&in->names, name, cli_text(answer, "kind"), &id);
}

static enum err
take_answer(struct importing *in, size_t n, json_t *answer)
{
    const char *status = cli_text(answer, "status");

    in->made += strcmp(status, "made") == 0;
    in->updated += strcmp(status, "updated") == 0;
    in->unchanged += strcmp(status, "unchanged") == 0;
    if (strcmp(status, "error") == 0) {
        say_fault(in, in->lines[n], cli_text(answer, "error"));
    }
    if (cli_text(answer, "warning")[0] != '\0') {
        say_line(in, in->lines[n], cli_text(answer, "warning"));
    }
    if (in->cli->is_json) {
        enum err rc = json_object_set_new(answer, "line",
                          json_integer((json_int_t)in->lines[n])) == 0
                          ? cli_put_json(in->cli, answer)
                          : ERR_NOMEM;

        if (rc != ERR_OK) {
            return rc;
        }
    }
    return learn(in, json_array_get(in->rows, n), answer);
}

static enum cli_exit
take_answers(struct importing *in, const json_t *answers)
{
    enum err rc =
        json_array_size(answers) == in->count ? ERR_OK : ERR_MALFORMED;

    for (size_t i = 0; i < in->count && rc == ERR_OK; i++) {
        rc = take_answer(in, i, json_array_get(answers, i));
    }
    return rc == ERR_OK ? CLI_DONE : cli_fail(in->cli, rc, NULL);
}

static void
say_progress(const struct importing *in)
{
    if (in->cli->shows_progress) {
        (void)fprintf(in->cli->err, "\r%llu rows",
            (unsigned long long)(in->made + in->updated + in->unchanged +
                                 in->faults));
        (void)fflush(in->cli->err);
    }
}

static enum cli_exit
batch_send(struct importing *in)
{
    struct api_response answer;
    enum cli_exit exit = CLI_DONE;
    json_t *body = NULL;

    if (in->count == 0) {
        return CLI_DONE;
    }
    body = json_pack("{s:O,s:O,s:O,s:b,s:s*}", "rows", in->rows, "repeats",
        in->repeats, "names", in->known, "keep_zawgyi",
        cli_option(in->cli, "keep-zawgyi") != NULL, "kind", in->kind);
    if (!cli_post(in->cli, "/v1/import", body, &answer, &exit)) {
        return exit;
    }
    exit = take_answers(in, json_object_get(answer.json, "rows"));
    api_response_release(&answer);
    batch_drop(in);
    say_progress(in);
    if (exit == CLI_DONE && !batch_begin(in)) {
        exit = cli_fail(in->cli, ERR_NOMEM, NULL);
    }
    return exit;
}

/* Names that a row speaks of are counted for the most that they can be. */
enum { NAMES_BYTES_MAX = 64 * 1024 };

/* One row into the batch, which goes out when it is full. */
static enum cli_exit
import_row(struct importing *in, const struct rows_row *row)
{
    enum cli_exit exit = CLI_DONE;
    enum err rc = ERR_OK;
    size_t bytes = row_bytes(row);
    size_t most = bytes + NAMES_BYTES_MAX;

    if (most > BATCH_BYTES_MAX) {
        say_fault(in, row->line, "the row is too big");
        return CLI_DONE;
    }
    if (in->count == BATCH_ROWS_MAX || in->bytes + most > BATCH_BYTES_MAX) {
        exit = batch_send(in);
    }
    if (exit == CLI_DONE) {
        rc = batch_add(in, row, bytes);
        exit = rc == ERR_OK ? CLI_DONE : cli_fail(in->cli, rc, NULL);
    }
    return exit;
}

static enum cli_exit
import_rows(struct importing *in, struct rows *rows)
{
    enum cli_exit exit = CLI_DONE;

    while (exit == CLI_DONE) {
        struct rows_row row = {0};
        struct err_msg msg = {""};
        enum err rc = rows_next(rows, &row, &msg);

        if (rc == ERR_NOT_FOUND) {
            return batch_send(in);
        }
        if (rc == ERR_MALFORMED || rc == ERR_TOO_BIG) {
            say_fault(in, row.line, msg.text);
            continue;
        }
        exit =
            rc == ERR_OK ? import_row(in, &row) : cli_fail(in->cli, rc, &msg);
        json_decref(row.json);
    }
    return exit;
}

static bool
has_ending(const char *path, const char *ending)
{
    size_t size = strlen(path);
    size_t tail = strlen(ending);

    return size > tail && strcmp(path + size - tail, ending) == 0;
}

/* By --format, or by the file's name. */
static bool
find_format(const struct cli *cli, const char *path, bool *out_csv)
{
    const char *format = cli_option(cli, "format");

    if (format != NULL) {
        *out_csv = strcmp(format, "csv") == 0;
        return *out_csv || strcmp(format, "jsonl") == 0;
    }
    *out_csv = has_ending(path, ".csv") || has_ending(path, ".tsv") ||
               has_ending(path, ".txt");
    return *out_csv || has_ending(path, ".jsonl") ||
           has_ending(path, ".ndjson") || strcmp(path, "-") == 0;
}

static enum cli_exit
import_fd(struct importing *in, int *fd, bool is_csv)
{
    struct source *source = mem_zalloc(1, sizeof(*source));
    struct source_reader reader = source_of_file(fd);
    struct rows *rows = NULL;
    enum cli_exit exit = CLI_FAILED;

    if (source == NULL || !batch_begin(in)) {
        exit = cli_fail(in->cli, ERR_NOMEM, NULL);
        mem_free(source);
        return exit;
    }
    source_init(source, &reader);
    exit = rows_new(&rows, source, is_csv) == ERR_OK
               ? import_rows(in, rows)
               : cli_fail(in->cli, ERR_NOMEM, NULL);
    rows_free(rows);
    mem_free(source);
    return exit;
}

enum cli_exit
command_import(struct cli *cli)
{
    struct importing in = {.cli = cli};
    const char *path = cli->args.words[cli->args.count - 1];
    struct err_msg msg = {""};
    enum cli_exit exit = CLI_DONE;
    bool is_csv = false;
    int fd = STDIN_FILENO;

    in.kind = cli->args.count == 2 ? cli->args.words[0] : NULL;
    if (!find_format(cli, path, &is_csv)) {
        return cli_usage(cli, "of which form is it? Give --format");
    }
    if (strcmp(path, "-") != 0) {
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            return cli_fail(cli,
                err_set(&msg, ERR_IO, "open %s: %s", path, strerror(errno)),
                &msg);
        }
    }
    exit = import_fd(&in, &fd, is_csv);
    if (fd != STDIN_FILENO) {
        (void)close(fd);
    }
    batch_drop(&in);
    names_release(&in.names);
    (void)fprintf(cli->err,
        "%s%llu made, %llu updated, %llu unchanged, %llu faults\n",
        cli->shows_progress ? "\r" : "", (unsigned long long)in.made,
        (unsigned long long)in.updated, (unsigned long long)in.unchanged,
        (unsigned long long)in.faults);
    return exit == CLI_DONE && in.faults > 0 ? CLI_FAILED : exit;
}
