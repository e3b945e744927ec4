/* SPDX-License-Identifier: Apache-2.0 */
/* "audit offices": who is a member by whose act, and all that was stated. */
#include <string.h>

#include "node/cli/audit.h"
#include "node/cli/record_target.h"
#include "node/cli/sheet.h"
#include "node/cli/text.h"

enum { COLUMNS = 7 };

static const char *
standing(const json_t *office)
{
    if (json_is_true(json_object_get(office, "retired"))) {
        return "retired";
    }
    return json_is_true(json_object_get(office, "confirmed")) ? "confirmed"
                                                              : "UNCONFIRMED";
}

/* The names of its nodes; of those that were retired it says so. */
static void
put_nodes(struct sheet *sheet, const json_t *nodes)
{
    struct buf cell = {0};

    for (size_t i = 0; i < json_array_size(nodes); i++) {
        const json_t *node = json_array_get(nodes, i);

        buf_put_text(&cell, i == 0 ? "" : ", ");
        buf_put_text(&cell, cli_text(node, "name"));
        if (json_is_integer(json_object_get(node, "control_cut"))) {
            buf_put_text(&cell, " (retired)");
        }
    }
    buf_put_u8(&cell, 0);
    sheet_put(sheet, buf_err(&cell) == ERR_OK ? (const char *)cell.data : NULL);
    buf_release(&cell);
}

static enum cli_exit
print_offices(struct cli *cli, const json_t *offices)
{
    static const char *const heads[COLUMNS] = {
        "OFFICE", "CODE", "ROLES", "STANDING", "ADMITTED BY", "WHEN", "NODES"};
    struct sheet sheet;

    sheet_init(&sheet, COLUMNS);
    for (size_t i = 0; i < COLUMNS; i++) {
        sheet_put(&sheet, heads[i]);
    }
    for (size_t i = 0; i < json_array_size(offices); i++) {
        const json_t *office = json_array_get(offices, i);
        const json_t *admitted = json_object_get(office, "admitted");
        const json_t *by = json_object_get(admitted, "office");

        sheet_put(&sheet, cli_text(office, "name"));
        sheet_put(&sheet, cli_text(office, "code"));
        cli_put_list(&sheet, json_object_get(office, "roles"));
        sheet_put(&sheet, standing(office));
        sheet_put(&sheet, json_is_true(json_object_get(office, "founder"))
                              ? "founder"
                              : cli_text(by, "name"));
        sheet_put(&sheet, cli_text(admitted, "time"));
        put_nodes(&sheet, json_object_get(office, "nodes"));
    }
    return cli_print_sheet(cli, &sheet);
}

static void
print_events(struct cli *cli, const json_t *events)
{
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);

        (void)fprintf(cli->out, "%s  ", cli_text(event, "time"));
        text_print(cli->out, cli_text(event, "text"));
        if (cli_text(event, "void")[0] != '\0') {
            (void)fprintf(
                cli->out, "  DOES NOT COUNT: %s", cli_text(event, "void"));
        }
        (void)fprintf(cli->out, "\n");
    }
}

/* The next page's events into the first one; false: the fault was said. */
static bool
add_page(struct cli *cli, json_t *all, enum cli_exit *out_exit)
{
    struct api_response answer;
    struct buf target = {0};
    const char *text = NULL;
    bool is_done = false;

    buf_put_text(&target, "/v1/audit/offices");
    target_param(&target, "after", cli_text(all, "next"));
    text = target_end(&target);
    is_done = text != NULL && cli_get(cli, &answer, out_exit, text);
    buf_release(&target);
    if (!is_done) {
        return false;
    }
    is_done =
        json_array_extend(json_object_get(all, "events"),
            json_object_get(answer.json, "events")) == 0 &&
        json_object_set(all, "next", json_object_get(answer.json, "next")) == 0;
    api_response_release(&answer);
    if (!is_done) {
        *out_exit = cli_fail(cli, ERR_NOMEM, NULL);
    }
    return is_done;
}

enum cli_exit
command_audit_offices(struct cli *cli)
{
    struct api_response answer;
    enum cli_exit exit = CLI_FAILED;

    if (!cli_get(cli, &answer, &exit, "/v1/audit/offices")) {
        return exit;
    }
    while (cli_text(answer.json, "next")[0] != '\0') {
        if (!add_page(cli, answer.json, &exit)) {
            api_response_release(&answer);
            return exit;
        }
    }
    if (cli->is_json) {
        return cli_print_json(cli, &answer);
    }
    exit = print_offices(cli, json_object_get(answer.json, "offices"));
    if (exit == CLI_DONE) {
        (void)fprintf(cli->out, "\n");
        print_events(cli, json_object_get(answer.json, "events"));
    }
    api_response_release(&answer);
    return exit;
}
