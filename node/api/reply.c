/* SPDX-License-Identifier: Apache-2.0 */
/* Answers, and the JSON that they are made of. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "node/api/call.h"

/* Each error's status and word: docs/api.md, "Errors". */
static const struct {
    unsigned status;
    const char *code;
} errors[ERR_COUNT] = {
    [ERR_OK] = {500, "internal"},
    [ERR_NOMEM] = {503, "no_memory"},
    [ERR_MALFORMED] = {400, "malformed"},
    [ERR_TOO_BIG] = {413, "too_big"},
    [ERR_VERSION] = {409, "version"},
    [ERR_BAD_SIGNATURE] = {400, "bad_signature"},
    [ERR_FORK] = {409, "fork"},
    [ERR_GAP] = {409, "gap"},
    [ERR_DENIED] = {403, "denied"},
    [ERR_NO_KEY] = {403, "no_key"},
    [ERR_STALE] = {412, "stale"},
    [ERR_NOT_FOUND] = {404, "not_found"},
    [ERR_EXISTS] = {409, "exists"},
    [ERR_FULL] = {507, "full"},
    [ERR_BUSY] = {503, "busy"},
    [ERR_CORRUPT] = {500, "corrupt"},
    [ERR_IO] = {500, "io"},
    [ERR_CONFIG] = {409, "config"},
    [ERR_CLOSED] = {503, "closed"},
};

void
api_response_release(struct api_response *response)
{
    json_decref(response->json);
    buf_release(&response->bytes);
    *response = (struct api_response){0};
}

void
reply(struct api_call *call, unsigned status, json_t *json)
{
    json_decref(call->response.json);
    call->response.json = json;
    call->response.status = json == NULL ? 503 : status;
}

void
reply_bytes(struct api_call *call, struct buf *bytes)
{
    enum err rc = buf_err(bytes);

    if (rc != ERR_OK) {
        buf_release(bytes);
        reply_err(call, rc, NULL);
        return;
    }
    buf_release(&call->response.bytes);
    call->response.bytes = *bytes;
    call->response.is_bytes = true;
    call->response.status = 200;
    *bytes = (struct buf){.limit = bytes->limit};
}

void
reply_error(struct api_call *call, unsigned status, const char *code,
    const char *message, json_t *details)
{
    json_t *error = json_object();
    json_t *json = json_object();

    put_text(&error, "code", code);
    put_text(&error, "message", message);
    if (details != NULL) {
        put(&error, "details", details);
    }
    put(&json, "error", error);
    reply(call, status, json);
}

void
reply_err(struct api_call *call, enum err rc, const struct err_msg *msg)
{
    const char *text =
        msg != NULL && msg->text[0] != '\0' ? msg->text : err_text(rc);

    reply_error(call, errors[rc].status, errors[rc].code, text, NULL);
}

static void
version_hex(char *out, const struct version *version)
{
    hex_encode(out, bytes_of(version->bytes, sizeof(version->bytes)));
}

void
reply_version(struct api_call *call, const struct version *version)
{
    char hex[2 * VERSION_BYTES + 1];

    version_hex(hex, version);
    snprintf(call->response.etag, sizeof(call->response.etag), "\"%s\"", hex);
}

void
api_wipe_text(json_t *object, const char *name)
{
    union {
        const char *from;
        char *to;
    } text = {.from = json_string_value(json_object_get(object, name))};

    if (text.to != NULL) {
        mem_wipe(text.to, strlen(text.to));
    }
}

static const char *
error_member(const struct api_response *response, const char *name)
{
    return json_string_value(
        json_object_get(json_object_get(response->json, "error"), name));
}

const char *
api_error_code(const struct api_response *response)
{
    return error_member(response, "code");
}

const char *
api_error_message(const struct api_response *response)
{
    return error_member(response, "message");
}

void
put(json_t **object, const char *name, json_t *value)
{
    if (json_object_set_new(*object, name, value) != 0) {
        json_decref(*object);
        *object = NULL;
    }
}

void
put_item(json_t **array, json_t *value)
{
    if (json_array_append_new(*array, value) != 0) {
        json_decref(*array);
        *array = NULL;
    }
}

void
put_text(json_t **object, const char *name, const char *text)
{
    put(object, name, json_string(text));
}

void
put_number(json_t **object, const char *name, uint64_t number)
{
    put(object, name, json_integer((json_int_t)number));
}

void
put_hex(json_t **object, const char *name, struct bytes bytes)
{
    char hex[2 * 64 + 1];

    assert(bytes.size <= 64);
    hex_encode(hex, bytes);
    put_text(object, name, hex);
}

void
put_time(json_t **object, const char *name, uint64_t unix_ms)
{
    char text[32] = "";
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm parts;

    if (unix_ms / 1000 > (uint64_t)INT32_MAX * 64 ||
        gmtime_r(&seconds, &parts) == NULL ||
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        put(object, name, json_null());
        return;
    }
    put_text(object, name, text);
}
