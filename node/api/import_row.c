/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/import_row.h"

#include <string.h>

#include "crypto/base/hex.h"
#include "node/api/find.h"
#include "node/api/record_json.h"
#include "node/values/zawgyi.h"

enum { ROW_BYTES_MAX = 128 * 1024, ID_DIGITS = 32 };

void
importing_release(struct importing *importing)
{
    draft_release(&importing->change.draft);
    buf_wipe(&importing->content);
    json_decref(importing->names);
}

/* "case/0123…" of a name made before. */
static enum err
find_name(const struct importing *importing, const char *name,
    struct imported *out, struct err_msg *msg)
{
    const char *text =
        json_string_value(json_object_get(importing->names, name));
    const char *slash = text == NULL ? NULL : strchr(text, '/');
    const struct schema_kind *kind =
        slash == NULL ? NULL
                      : schema_kind_by_name(importing->call->node->schema,
                            bytes_of(text, (size_t)(slash - text)));

    if (kind == NULL || !hex_decode(slash + 1, strlen(slash + 1), out->id.bytes,
                            sizeof(out->id.bytes))) {
        return err_set(msg, ERR_NOT_FOUND,
            "no row before this one made a record of that name");
    }
    out->kind = kind->number;
    return ERR_OK;
}

static enum err
resolve(void *context, const char *text, char out[33], struct err_msg *msg)
{
    struct importing *importing = context;
    struct imported found;
    enum err rc = ERR_OK;

    if (text[0] != '#') {
        return find_resolve(importing->call, text, out, msg);
    }
    rc = find_name(importing, text, &found, msg);
    if (rc == ERR_OK) {
        hex_encode(out, bytes_of(found.id.bytes, sizeof(found.id.bytes)));
    }
    return rc;
}

/* The record that a row without "#" speaks of. */
static enum err
find_target(struct importing *importing, const char *text, struct imported *out,
    struct err_msg *msg)
{
    struct found_record found[2];
    struct view *view = NULL;
    size_t count = 0;
    enum err rc = call_view(importing->call, &view, msg);

    if (rc == ERR_OK) {
        rc = view_find(view, bytes_text(text), found, 2, &count, msg);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (count != 1) {
        return err_set(msg, count == 0 ? ERR_NOT_FOUND : ERR_EXISTS,
            count == 0 ? "there is no record here whose id begins so"
                       : "several records' ids begin so: write more of it");
    }
    out->kind = found[0].kind;
    out->id = found[0].id;
    return ERR_OK;
}

/* What the row makes or edits: sets the change's kind, id and is_new. */
static enum err
read_target(
    struct importing *importing, const json_t *json, struct err_msg *msg)
{
    const char *kind_name = json_string_value(json_object_get(json, "kind"));
    const char *id = json_string_value(json_object_get(json, "id"));
    const struct schema_kind *kind = importing->kind;
    struct record_change *change = &importing->change;
    struct imported target = {.kind = 0};
    enum err rc = ERR_OK;

    if (json_object_get(json, "id") != NULL && id == NULL) {
        return err_set(msg, ERR_MALFORMED, "id is not a text");
    }
    if (kind_name != NULL) {
        rc = find_kind(importing->call->node->schema, kind_name, &kind, msg);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    change->is_new = id == NULL || (id[0] == '#' && kind != NULL);
    if (change->is_new) {
        if (kind == NULL) {
            return err_set(
                msg, ERR_MALFORMED, "the row names neither a kind nor an id");
        }
        change->kind = kind->number;
        return ERR_OK;
    }
    rc = id[0] == '#' ? find_name(importing, id, &target, msg)
                      : find_target(importing, id, &target, msg);
    if (rc == ERR_OK && kind != NULL && kind->number != target.kind) {
        rc = err_set(msg, ERR_MALFORMED, "that record is not a %s", kind->name);
    }
    change->kind = target.kind;
    change->id = target.id;
    return rc;
}

static int
put_dump(const char *text, size_t size, void *context)
{
    struct buf *out = context;

    buf_put(out, text, size);
    return buf_err(out) == ERR_OK ? 0 : -1;
}

/* Names mean what this file made: so the records meant go in as well. */
static enum err
put_meant(struct importing *importing, const json_t *value, struct err_msg *msg)
{
    const char *text = json_string_value(value);
    struct imported found;
    enum err rc = ERR_OK;

    if (text != NULL && text[0] == '#' &&
        find_name(importing, text, &found, NULL) == ERR_OK) {
        buf_put(&importing->content, found.id.bytes, sizeof(found.id.bytes));
    }
    for (size_t i = 0; i < json_array_size(value) && rc == ERR_OK; i++) {
        const char *item = json_string_value(json_array_get(value, i));

        if (item != NULL && item[0] == '#' &&
            find_name(importing, item, &found, NULL) == ERR_OK) {
            buf_put(
                &importing->content, found.id.bytes, sizeof(found.id.bytes));
        }
    }
    rc = buf_err(&importing->content);
    return rc == ERR_OK ? rc : err_set(msg, rc, "the row is too big");
}

/* What the row is known by. */
static enum err
put_content(struct importing *importing, const struct import_row *row,
    struct err_msg *msg)
{
    const struct record_change *change = &importing->change;
    struct buf *content = &importing->content;
    union {
        const json_t *from;
        json_t *to;
    } object = {.from = row->json};
    enum err rc = ERR_OK;

    content->limit = ROW_BYTES_MAX;
    buf_clear(content);
    buf_put_text(content, "row/1");
    buf_put_u16(content, change->kind);
    buf_put_u64(content, row->repeats);
    if (!change->is_new) {
        buf_put(content, change->id.bytes, sizeof(change->id.bytes));
    }
    if (json_dump_callback(
            row->json, put_dump, content, JSON_COMPACT | JSON_SORT_KEYS) != 0) {
        rc = buf_err(content);
        return err_set(msg, rc == ERR_OK ? ERR_NOMEM : rc,
            rc == ERR_TOO_BIG ? "the row is too big" : "no memory");
    }
    for (void *iter = json_object_iter(object.to); iter != NULL && rc == ERR_OK;
         iter = json_object_iter_next(object.to, iter)) {
        rc = put_meant(importing, json_object_iter_value(iter), msg);
    }
    return rc;
}

/* Burmese is where a lead byte of its block stands; the rest is not asked. */
static unsigned
score(const json_t *value)
{
    const char *text = json_string_value(value);

    if (text == NULL || strchr(text, '\xe1') == NULL) {
        return 0;
    }
    return zawgyi_score(bytes_text(text));
}

static unsigned
score_within(const json_t *value)
{
    union {
        const json_t *from;
        json_t *to;
    } object = {.from = value};
    unsigned most = score(value);

    for (void *iter = json_object_iter(object.to); iter != NULL;
         iter = json_object_iter_next(object.to, iter)) {
        unsigned one = score(json_object_iter_value(iter));

        most = one > most ? one : most;
    }
    return most;
}

/* "Detected and reported, never converted in silence." */
static enum err
check_zawgyi(const struct importing *importing, const json_t *json,
    bool *out_looks, struct err_msg *msg)
{
    union {
        const json_t *from;
        json_t *to;
    } object = {.from = json};

    for (void *iter = json_object_iter(object.to); iter != NULL;
         iter = json_object_iter_next(object.to, iter)) {
        const json_t *value = json_object_iter_value(iter);
        unsigned most = score_within(value);

        for (size_t i = 0; i < json_array_size(value); i++) {
            unsigned one = score_within(json_array_get(value, i));

            most = one > most ? one : most;
        }
        *out_looks = *out_looks || most >= ZAWGYI_ASK;
        if (most >= ZAWGYI_CERTAIN && !importing->keeps_zawgyi) {
            return err_set(msg, ERR_MALFORMED,
                "%s is written in Zawgyi: convert the file to Unicode",
                json_object_iter_key(iter));
        }
    }
    return ERR_OK;
}

/* Later rows may speak of it. */
static enum err
learn_name(struct importing *importing, const json_t *json,
    const struct imported *made)
{
    const char *id = json_string_value(json_object_get(json, "id"));
    const struct schema_kind *kind =
        schema_kind(importing->call->node->schema, made->kind);
    char hex[ID_DIGITS + 1];

    if (id == NULL || id[0] != '#' || !importing->change.is_new ||
        kind == NULL) {
        return ERR_OK;
    }
    hex_encode(hex, bytes_of(made->id.bytes, sizeof(made->id.bytes)));
    return json_object_set_new(importing->names, id,
               json_sprintf("%s/%s", kind->name, hex)) == 0
               ? ERR_OK
               : ERR_NOMEM;
}

static enum err
change_row(struct importing *importing, struct store *store,
    const struct import_row *row, struct imported *out, struct err_msg *msg)
{
    struct record_change *change = &importing->change;
    enum err rc = ERR_OK;

    change->node = importing->call->node;
    change->fields = row->json;
    change->parent = json_string_value(json_object_get(row->json, "parent"));
    change->reason = json_string_value(json_object_get(row->json, "reason"));
    change->is_import = true;
    change->resolve = resolve;
    change->context = importing;
    rc = record_change_run(change, store, msg);
    if (rc == ERR_OK) {
        out->kind = change->kind;
        out->id = change->result.id;
        rc = store_import_put(store, buf_bytes(&importing->content), out, msg);
    }
    return rc;
}

enum err
import_row_run(struct importing *importing, struct store *store,
    const struct import_row *row, struct import_result *out,
    struct err_msg *msg)
{
    struct record_change *change = &importing->change;
    struct import_result result = {.status = ROW_UNCHANGED};
    struct imported imported = {.kind = 0};
    enum err rc =
        json_is_object(row->json)
            ? check_zawgyi(importing, row->json, &result.looks_zawgyi, msg)
            : err_set(msg, ERR_MALFORMED, "not a JSON object");

    if (rc == ERR_OK) {
        rc = read_target(importing, row->json, msg);
    }
    if (rc == ERR_OK) {
        rc = put_content(importing, row, msg);
    }
    if (rc == ERR_OK) {
        rc = store_import_find(
            store, buf_bytes(&importing->content), &imported, msg);
        if (rc == ERR_NOT_FOUND) {
            rc = change_row(importing, store, row, &imported, msg);
            result.status = change->is_new         ? ROW_MADE
                            : change->is_unchanged ? ROW_UNCHANGED
                                                   : ROW_UPDATED;
        }
    }
    if (rc == ERR_OK) {
        rc = learn_name(importing, row->json, &imported);
    }
    if (rc == ERR_OK) {
        result.kind = imported.kind;
        result.id = imported.id;
        *out = result;
    }
    return rc;
}
