/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/find.h"

#include <stdio.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "node/api/record_json.h"
#include "node/api/standing.h"

enum { CANDIDATES_MAX = 10, ID_DIGITS = 32 };

static void
reply_candidates(struct api_call *call, const struct found_record *found,
    size_t count, const struct schema *schema)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t *json = json_object();

        put_hex(&json, "id",
            bytes_of(found[i].id.bytes, sizeof(found[i].id.bytes)));
        put(&json, "kind", record_kind_json(schema, found[i].kind));
        put_item(&array, json);
    }
    reply_error(call, 409, "ambiguous",
        "several records' ids begin so: write more of it", array);
}

/* A relay or auditor says so: there is more here than it can show. */
static enum err
not_found(struct view *view, struct err_msg *msg)
{
    char sentence[STANDING_BYTES];
    enum err rc = standing_sentence(sentence, view, msg);

    return rc != ERR_OK ? rc
                        : err_set(msg, ERR_NOT_FOUND,
                              "there is no record here whose id begins so%s%s",
                              sentence[0] == '\0' ? "" : ". ", sentence);
}

bool
find_record(
    struct api_call *call, struct bytes prefix, struct found_record *out)
{
    struct found_record found[CANDIDATES_MAX];
    struct view *view = NULL;
    struct err_msg msg = {""};
    size_t count = 0;
    enum err rc = call_view(call, &view, &msg);

    if (rc == ERR_OK) {
        rc = view_find(view, prefix, found, CANDIDATES_MAX, &count, &msg);
    }
    if (rc == ERR_OK && count == 0) {
        rc = not_found(view, &msg);
    }
    if (rc != ERR_OK) {
        reply_err(call, rc, &msg);
        return false;
    }
    if (count > 1) {
        reply_candidates(call, found, count, view_schema(view));
        return false;
    }
    *out = found[0];
    return true;
}

enum err
find_resolve(void *context, const char *text, char out[33], struct err_msg *msg)
{
    struct api_call *call = context;
    struct found_record found[2];
    uint8_t id[ID_DIGITS / 2];
    struct view *view = NULL;
    size_t count = 0;
    enum err rc = ERR_OK;

    /* Whole ids may speak of records that are not here, or not yet. */
    if (hex_decode(text, strlen(text), id, sizeof(id))) {
        hex_encode(out, bytes_of(id, sizeof(id)));
        return ERR_OK;
    }
    rc = call_view(call, &view, msg);
    if (rc == ERR_OK) {
        rc = view_find(view, bytes_text(text), found, 2, &count, msg);
    }
    if (rc == ERR_OK && count == 0) {
        rc = not_found(view, msg);
    }
    if (rc == ERR_OK && count > 1) {
        rc = err_set(
            msg, ERR_EXISTS, "several records' ids begin so: write more of it");
    }
    if (rc == ERR_OK) {
        hex_encode(out, bytes_of(found[0].id.bytes, sizeof(id)));
    }
    return rc;
}

bool
find_version(const char *text, struct version *out)
{
    return hex_decode(text, strlen(text), out->bytes, sizeof(out->bytes));
}

static const struct schema_kind *
kind_by_label(const struct schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->label_count; i++) {
        const struct schema_label *label = &schema->labels[i];

        if (label->target == TARGET_KIND && strcmp(label->text, name) == 0) {
            return schema_kind_by_name(schema, bytes_text(label->scope));
        }
    }
    return NULL;
}

enum err
find_kind(const struct schema *schema, const char *name,
    const struct schema_kind **out, struct err_msg *msg)
{
    const struct schema_kind *kind =
        schema_kind_by_name(schema, bytes_text(name));
    char known[ERR_MSG_SIZE / 2] = "";
    size_t used = 0;

    if (kind == NULL) {
        kind = kind_by_label(schema, name);
    }
    if (kind != NULL) {
        *out = kind;
        return ERR_OK;
    }
    for (size_t i = 0; i < schema->kind_count; i++) {
        size_t size = strlen(schema->kinds[i].name);

        if (!schema->kinds[i].reserved && used + size + 2 < sizeof(known)) {
            used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
                used == 0 ? "" : " ", schema->kinds[i].name);
        }
    }
    return err_set(msg, ERR_MALFORMED,
        "there is no such kind of record; these are: %s", known);
}
