/* SPDX-License-Identifier: Apache-2.0 */
/* Imports: many rows in one write, an answer for each. */
#include <string.h>

#include "node/api/find.h"
#include "node/api/import_row.h"
#include "node/api/record_json.h"
#include "node/api/routes.h"

enum { IMPORT_ROWS_MAX = 8192 };

struct job_input {
    struct api_call *call;
    const json_t *rows;
    const json_t *repeats;
    const json_t *names;
    const struct schema_kind *kind;
    json_t *answers;
};

static json_t *
done_json(const struct importing *importing, const struct import_result *done)
{
    static const char *const words[ROW_COUNT] = {
        "made", "updated", "unchanged"};
    json_t *json = json_object();

    put_text(&json, "status", words[done->status]);
    put_hex(&json, "id", bytes_of(done->id.bytes, sizeof(done->id.bytes)));
    put(&json, "kind",
        record_kind_json(importing->call->node->schema, done->kind));
    if (done->looks_zawgyi) {
        put_text(
            &json, "warning", "a text may be written in Zawgyi: look at it");
    }
    return json;
}

static json_t *
failed_json(enum err rc, const struct err_msg *msg)
{
    json_t *json = json_object();

    put_text(&json, "status", "error");
    put_text(&json, "error", msg->text[0] != '\0' ? msg->text : err_text(rc));
    return json;
}

/* Is it the row that is at fault, and not the machine? */
static bool
is_of_row(enum err rc)
{
    return rc == ERR_MALFORMED || rc == ERR_TOO_BIG || rc == ERR_DENIED ||
           rc == ERR_NO_KEY || rc == ERR_NOT_FOUND || rc == ERR_EXISTS ||
           rc == ERR_CONFIG || rc == ERR_STALE;
}

/* One row and its answer. An error leaves the transaction as it was, or
 * dirty. */
static enum err
run_row(struct job_input *input, struct importing *importing,
    struct store *store, size_t n, struct err_msg *msg)
{
    json_int_t repeats = json_integer_value(json_array_get(input->repeats, n));
    struct import_row row = {.json = json_array_get(input->rows, n),
        .repeats = repeats > 0 ? (uint64_t)repeats : 0};
    struct import_result done;
    enum err rc = import_row_run(importing, store, &row, &done, msg);

    if (rc == ERR_OK) {
        store_settle(store);
        put_item(&input->answers, done_json(importing, &done));
    } else if (is_of_row(rc) && !store_is_dirty(store)) {
        put_item(&input->answers, failed_json(rc, msg));
        rc = ERR_OK;
    }
    return rc;
}

/*
 * All rows. Where the machine fails in the midst of them, without leaving
 * half of a row, what was done before stands, and the rest is answered so.
 */
static enum err
run_rows(struct job_input *input, struct importing *importing,
    struct store *store, struct err_msg *msg)
{
    size_t count = json_array_size(input->rows);
    struct err_msg row_msg = {""};
    enum err rc = ERR_OK;
    size_t n = 0;

    for (; n < count && rc == ERR_OK; n++) {
        row_msg.text[0] = '\0';
        rc = run_row(input, importing, store, n, &row_msg);
    }
    if (rc != ERR_OK && (store_is_dirty(store) || n == 1)) {
        if (msg != NULL) {
            *msg = row_msg;
        }
        return rc;
    }
    for (n = rc == ERR_OK ? n : n - 1; n < count; n++) {
        put_item(&input->answers, failed_json(rc, &row_msg));
    }
    return input->answers == NULL ? ERR_NOMEM : ERR_OK;
}

/* Starts from its inputs each time, as it may be run twice. */
static enum err
run(void *context, struct store *store, struct err_msg *msg)
{
    struct job_input *input = context;
    struct importing importing = {.call = input->call,
        .kind = input->kind,
        .keeps_zawgyi = body_bool(input->call, "keep_zawgyi")};
    union {
        const json_t *from;
        json_t *to;
    } names = {.from = input->names};
    enum err rc = ERR_OK;

    json_decref(input->answers);
    input->answers = json_array();
    importing.names = names.to != NULL ? json_copy(names.to) : json_object();
    rc = importing.names == NULL ? ERR_NOMEM
                                 : run_rows(input, &importing, store, msg);
    importing_release(&importing);
    call_view_close(input->call);
    return rc;
}

static enum err
read_input(struct job_input *input, struct err_msg *msg)
{
    struct api_call *call = input->call;
    const char *name = body_text(call, "kind");

    input->rows = json_object_get(call->body, "rows");
    input->repeats = json_object_get(call->body, "repeats");
    input->names = json_object_get(call->body, "names");
    if (!json_is_array(input->rows)) {
        return err_set(
            msg, ERR_MALFORMED, "the request wants an array \"rows\"");
    }
    if (json_array_size(input->rows) > IMPORT_ROWS_MAX) {
        return err_set(msg, ERR_TOO_BIG, "more than %d rows in one request",
            IMPORT_ROWS_MAX);
    }
    if (input->names != NULL && !json_is_object(input->names)) {
        return err_set(msg, ERR_MALFORMED, "names is not an object");
    }
    return name == NULL
               ? ERR_OK
               : find_kind(call->node->schema, name, &input->kind, msg);
}

void
import_post(struct api_call *call)
{
    struct job_input input = {.call = call};
    struct err_msg msg = {""};
    json_t *json = NULL;
    enum err rc = call_store(call, &msg);

    if (rc == ERR_OK) {
        rc = read_input(&input, &msg);
    }
    if (rc == ERR_OK) {
        rc = node_write(call->node, run, &input, &msg);
    }
    if (rc != ERR_OK) {
        json_decref(input.answers);
        reply_err(call, rc, &msg);
        return;
    }
    json = json_object();
    put(&json, "rows", input.answers);
    reply(call, 200, json);
}
