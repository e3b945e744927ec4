/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "audit access": who was granted what, by whom, when, for what purpose, until
 * when. Everybody's grants, as they are in clear; or those of one record, with
 * the offices that could read it.
 */
#include <string.h>

#include "node/api/target.h"
#include "node/cli/audit.h"
#include "node/cli/record_target.h"
#include "node/cli/sheet.h"
#include "node/cli/text.h"

enum { COLUMNS = 7, SHEET_ROWS_MAX = 50000, KEY_CHARS = 8 };

#define PAGE "5000"

/* "81466404/12": enough of a key's name to see which rows are of one. */
static void
put_key(struct sheet *sheet, const char *key)
{
    const char *slash = strrchr(key, '/');
    struct buf cell = {0};

    if (slash == NULL || strlen(key) < KEY_CHARS) {
        sheet_put(sheet, key);
        return;
    }
    buf_put(&cell, key, KEY_CHARS);
    buf_put_text(&cell, slash);
    buf_put_u8(&cell, 0);
    sheet_put(sheet, buf_err(&cell) == ERR_OK ? (const char *)cell.data : NULL);
    buf_release(&cell);
}

static const char *
purpose_text(const char *purpose)
{
    static const struct {
        const char *name;
        const char *text;
    } all[] = {{"own", "own file"}, {"policy", "the corridor's policy"},
        {"share", "shared by hand"}, {"refer", "referred"},
        {"emergency", "EMERGENCY"}};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (strcmp(all[i].name, purpose) == 0) {
            return all[i].text;
        }
    }
    return purpose;
}

static void
begin_sheet(struct sheet *sheet)
{
    static const char *const heads[COLUMNS] = {
        "WHEN", "OFFICE", "GAVE TO", "CLASS", "PURPOSE", "UNTIL", "KEY"};

    sheet_init(sheet, COLUMNS);
    for (size_t i = 0; i < COLUMNS; i++) {
        sheet_put(sheet, heads[i]);
    }
}

static void
put_grants(struct sheet *sheet, const json_t *grants)
{
    for (size_t i = 0; i < json_array_size(grants); i++) {
        const json_t *grant = json_array_get(grants, i);
        const json_t *office = json_object_get(grant, "office");

        sheet_put(sheet, cli_text(grant, "time"));
        sheet_put(sheet, cli_text(office, "name"));
        sheet_put(sheet, cli_text(grant, "circle"));
        sheet_put(sheet, cli_text(grant, "class"));
        sheet_put(sheet, purpose_text(cli_text(grant, "purpose")));
        sheet_put(sheet, cli_text(grant, "until"));
        put_key(sheet, cli_text(grant, "key"));
    }
}

/* One grant a line. */
static enum cli_exit
print_lines(struct cli *cli, const json_t *grants)
{
    for (size_t i = 0; i < json_array_size(grants); i++) {
        enum err rc = cli_put_json(cli, json_array_get(grants, i));

        if (rc != ERR_OK) {
            return cli_fail(cli, rc, NULL);
        }
    }
    return CLI_DONE;
}

/* The page that begins after `after`, if that is not empty. */
static bool
get_page(struct cli *cli, const struct buf *after, struct api_response *out,
    enum cli_exit *out_exit)
{
    struct buf target = {0};
    const char *text = NULL;
    bool is_done = false;

    buf_put_text(&target, "/v1/audit/access");
    target_param(&target, "limit", PAGE);
    if (after->size > 0) {
        target_param(&target, "after", (const char *)after->data);
    }
    text = target_end(&target);
    if (text == NULL) {
        *out_exit = cli_fail(cli, ERR_NOMEM, NULL);
    } else {
        is_done = cli_get(cli, out, out_exit, text);
    }
    buf_release(&target);
    return is_done;
}

/* Remember where the next page begins; false: there is none. */
static bool
note_next(struct buf *after, const json_t *page)
{
    const char *next = cli_text(page, "next");

    buf_clear(after);
    if (next[0] == '\0') {
        return false;
    }
    buf_put_text(after, next);
    buf_put_u8(after, 0);
    return true;
}

/* All grants, page by page; a table of very many is begun again. */
static enum cli_exit
print_all(struct cli *cli)
{
    struct buf after = {0};
    struct sheet sheet;
    size_t rows = 0;
    bool has_next = true;
    enum cli_exit exit = CLI_DONE;

    begin_sheet(&sheet);
    while (has_next && exit == CLI_DONE) {
        struct api_response answer;
        const json_t *grants = NULL;

        if (!get_page(cli, &after, &answer, &exit)) {
            break;
        }
        grants = json_object_get(answer.json, "grants");
        has_next = note_next(&after, answer.json);
        if (buf_err(&after) != ERR_OK) {
            exit = cli_fail(cli, buf_err(&after), NULL);
        } else if (cli->is_json) {
            exit = print_lines(cli, grants);
        } else {
            put_grants(&sheet, grants);
            rows += json_array_size(grants);
        }
        api_response_release(&answer);
        if (rows >= SHEET_ROWS_MAX && exit == CLI_DONE) {
            exit = cli_print_sheet(cli, &sheet);
            begin_sheet(&sheet);
            rows = 0;
        }
    }
    buf_release(&after);
    if (exit == CLI_DONE && !cli->is_json) {
        return cli_print_sheet(cli, &sheet);
    }
    sheet_release(&sheet);
    return exit;
}

/* Who could open it: what has been read cannot be taken back. */
static void
print_readers(struct cli *cli, const json_t *readers)
{
    (void)fprintf(cli->out, "\nOffices that could read it:\n");
    for (size_t i = 0; i < json_array_size(readers); i++) {
        const json_t *reader = json_array_get(readers, i);
        const json_t *classes = json_object_get(reader, "classes");

        (void)fprintf(cli->out, "  ");
        text_print(cli->out, cli_text(reader, "name"));
        for (size_t j = 0; j < json_array_size(classes); j++) {
            (void)fprintf(cli->out, "%s%s", j == 0 ? ": " : ", ",
                json_string_value(json_array_get(classes, j)));
        }
        (void)fprintf(cli->out, "%s\n",
            json_is_true(json_object_get(reader, "retired"))
                ? " (retired; it keeps what it has read)"
                : "");
    }
}

static enum cli_exit
print_record(struct cli *cli)
{
    struct api_response answer;
    struct buf target = {0};
    struct sheet sheet;
    const char *text = NULL;
    enum cli_exit exit = CLI_FAILED;
    bool is_done = false;

    buf_put_text(&target, "/v1/audit/access/");
    target_escape(&target, cli->args.words[0]);
    text = target_end(&target);
    is_done = text != NULL && cli_get(cli, &answer, &exit, text);
    buf_release(&target);
    if (!is_done) {
        return text == NULL ? cli_fail(cli, ERR_NOMEM, NULL) : exit;
    }
    if (cli->is_json) {
        return cli_print_json(cli, &answer);
    }
    begin_sheet(&sheet);
    put_grants(&sheet, json_object_get(answer.json, "grants"));
    exit = cli_print_sheet(cli, &sheet);
    if (exit == CLI_DONE) {
        print_readers(cli, json_object_get(answer.json, "readers"));
    }
    api_response_release(&answer);
    return exit;
}

enum cli_exit
command_audit_access(struct cli *cli)
{
    return cli->args.count == 0 ? print_all(cli) : print_record(cli);
}
