/* SPDX-License-Identifier: Apache-2.0 */
/* Exports: pages of records as lines of JSON that import reads, or CSV. */
#include <string.h>

#include "crypto/base/mem.h"
#include "node/cli/record_target.h"

struct exporting {
    struct cli *cli;
    bool is_csv;
    json_t *fields; /* CSV: the kind's field names, an array */
};

/* Signs of formulas, also as East Asian keyboards write them. */
static bool
is_formula_sign(const char *text)
{
    static const char *const wide[] = {
        "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};

    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
        if (strncmp(text, wide[i], strlen(wide[i])) == 0) {
            return true;
        }
    }
    return text[0] != '\0' && strchr("=@+-\t\r", text[0]) != NULL;
}

/*
 * A spreadsheet must not take a text for a formula. What is nothing but a
 * number or a phone number after its sign stays as it is.
 */
static bool
looks_like_formula(const char *text)
{
    bool is_number = (text[0] == '+' || text[0] == '-') && text[1] != '\0' &&
                     text[1 + strspn(text + 1, "0123456789. ")] == '\0';

    return is_formula_sign(text) && !is_number;
}

static void
print_cell(FILE *out, const char *text, bool is_first)
{
    bool is_quoted = strpbrk(text, ",;\t\"\r\n") != NULL;

    if (!is_first) {
        (void)fputc(',', out);
    }
    if (is_quoted) {
        (void)fputc('"', out);
    }
    if (looks_like_formula(text)) {
        (void)fputc('\'', out);
    }
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            (void)fputc('"', out);
        }
        (void)fputc(*text, out);
    }
    if (is_quoted) {
        (void)fputc('"', out);
    }
}

/* A value as one text: as import would read it back. */
static char *
value_text(const json_t *value)
{
    if (json_is_string(value)) {
        const char *text = json_string_value(value);
        char *copy = mem_alloc(strlen(text) + 1);

        if (copy != NULL) {
            memcpy(copy, text, strlen(text) + 1);
        }
        return copy;
    }
    return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* Codes with semicolons between; other lists as JSON. */
static char *
list_text(const json_t *array)
{
    struct buf text = {0};
    char *copy = NULL;

    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *item = json_string_value(json_array_get(array, i));

        if (item == NULL || strpbrk(item, " ,;|\"\n") != NULL) {
            buf_release(&text);
            return json_dumps(array, JSON_COMPACT);
        }
        buf_put_text(&text, i == 0 ? "" : ";");
        buf_put_text(&text, item);
    }
    buf_put_u8(&text, 0);
    copy = buf_err(&text) == ERR_OK ? mem_alloc(text.size) : NULL;
    if (copy != NULL) {
        memcpy(copy, text.data, text.size);
    }
    buf_release(&text);
    return copy;
}

static enum err
print_csv(const struct exporting *e, const json_t *record)
{
    const json_t *fields = json_object_get(record, "fields");
    FILE *out = e->cli->out;

    print_cell(out, cli_text(record, "id"), true);
    print_cell(out, cli_text(record, "parent"), false);
    for (size_t i = 0; i < json_array_size(e->fields); i++) {
        const json_t *value = json_object_get(
            fields, json_string_value(json_array_get(e->fields, i)));
        char *text = NULL;

        if (value == NULL || json_is_null(value)) {
            print_cell(out, "", false);
            continue;
        }
        text = json_is_array(value) ? list_text(value) : value_text(value);
        if (text == NULL) {
            return ERR_NOMEM;
        }
        print_cell(out, text, false);
        mem_free(text);
    }
    return fputs("\r\n", out) == EOF ? ERR_IO : ERR_OK;
}

static enum err
print_json(const struct exporting *e, const json_t *record)
{
    json_t *row = json_pack("{s:s,s:s}", "kind", cli_text(record, "kind"), "id",
        cli_text(record, "id"));
    const char *parent = cli_text(record, "parent");
    enum err rc = ERR_OK;

    if (row == NULL ||
        (parent[0] != '\0' &&
            json_object_set_new(row, "parent", json_string(parent)) != 0) ||
        json_object_update(row, json_object_get(record, "fields")) != 0) {
        json_decref(row);
        return ERR_NOMEM;
    }
    rc = cli_put_json(e->cli, row);
    json_decref(row);
    return rc;
}

static enum err
print_page(const struct exporting *e, const json_t *records)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < json_array_size(records) && rc == ERR_OK; i++) {
        const json_t *record = json_array_get(records, i);

        rc = e->is_csv ? print_csv(e, record) : print_json(e, record);
    }
    return rc;
}

/* The heading: what the kind's fields are. */
static bool
load_fields(struct exporting *e, enum cli_exit *exit)
{
    struct api_response answer;
    const json_t *kinds = NULL;

    if (!cli_get(e->cli, &answer, exit, "/v1/schema")) {
        return false;
    }
    kinds = json_object_get(answer.json, "kinds");
    e->fields = json_array();
    for (size_t i = 0; i < json_array_size(kinds); i++) {
        const json_t *kind = json_array_get(kinds, i);
        const json_t *fields = json_object_get(kind, "fields");

        if (strcmp(cli_text(kind, "name"), e->cli->args.words[0]) != 0) {
            continue;
        }
        for (size_t j = 0; j < json_array_size(fields); j++) {
            (void)json_array_append(
                e->fields, json_object_get(json_array_get(fields, j), "name"));
        }
    }
    api_response_release(&answer);
    return true;
}

static void
print_heading(const struct exporting *e)
{
    /* The mark makes spreadsheets read UTF-8. */
    (void)fputs("\xef\xbb\xbfid,parent", e->cli->out);
    for (size_t i = 0; i < json_array_size(e->fields); i++) {
        print_cell(e->cli->out, json_string_value(json_array_get(e->fields, i)),
            false);
    }
    (void)fputs("\r\n", e->cli->out);
}

/* A page from `after` on, which becomes where the next begins, or "". */
static enum cli_exit
export_page(struct exporting *e, char after[33])
{
    struct api_response answer;
    struct buf target = {0};
    const char *text = NULL;
    enum cli_exit exit = CLI_FAILED;
    enum err rc = ERR_OK;
    bool is_done = false;

    buf_put_text(&target, "/v1/records?full=1&limit=500");
    target_param(&target, "kind", e->cli->args.words[0]);
    if (after[0] != '\0') {
        target_param(&target, "after", after);
    }
    text = target_end(&target);
    is_done = text != NULL && cli_get(e->cli, &answer, &exit, text);
    buf_release(&target);
    if (!is_done) {
        return exit;
    }
    rc = print_page(e, json_object_get(answer.json, "records"));
    text = cli_text(answer.json, "next");
    after[0] = '\0';
    if (strlen(text) == 32) {
        memcpy(after, text, 33);
    }
    api_response_release(&answer);
    return rc == ERR_OK ? CLI_DONE : cli_fail(e->cli, rc, NULL);
}

enum cli_exit
command_export(struct cli *cli)
{
    struct exporting e = {.cli = cli};
    const char *format = cli_option(cli, "format");
    char after[33] = "";
    enum cli_exit exit = CLI_DONE;

    e.is_csv = format != NULL && strcmp(format, "csv") == 0;
    if (format != NULL && !e.is_csv && strcmp(format, "jsonl") != 0) {
        return cli_usage(cli, "--format is csv or jsonl");
    }
    if (e.is_csv) {
        if (!load_fields(&e, &exit)) {
            return exit;
        }
        print_heading(&e);
    }
    do {
        exit = export_page(&e, after);
    } while (exit == CLI_DONE && after[0] != '\0');
    json_decref(e.fields);
    return exit;
}
