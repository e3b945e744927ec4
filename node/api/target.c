/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/target.h"

#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "node/api/call.h"

/*
 * Decode text[0..size) in place, where a form's "+" is a space in queries.
 * The new size, or SIZE_MAX for an escape that is none.
 */
static size_t
decode(char *text, size_t size, bool is_query)
{
    size_t out = 0;

    for (size_t i = 0; i < size; i++, out++) {
        uint8_t byte = 0;

        if (text[i] == '+' && is_query) {
            text[out] = ' ';
        } else if (text[i] != '%') {
            text[out] = text[i];
        } else if (size - i < 3 || !hex_decode(text + i + 1, 2, &byte, 1) ||
                   byte == 0) {
            return SIZE_MAX;
        } else {
            text[out] = (char)byte;
            i += 2;
        }
    }
    text[out] = '\0';
    return out;
}

static bool
decode_part(char *text, size_t size, bool is_query)
{
    size_t decoded = decode(text, size, is_query);

    return decoded != SIZE_MAX && bytes_are_utf8(bytes_of(text, decoded));
}

/* "name=value" into the next parameter. */
static enum err
add_param(struct api_call *call, char *text, size_t size, struct err_msg *msg)
{
    char *equals = memchr(text, '=', size);
    size_t name_size = equals != NULL ? (size_t)(equals - text) : size;
    char *value = text + name_size;

    if (size == 0) {
        return ERR_OK;
    }
    if (call->param_count == CALL_PARAMS_MAX) {
        return err_set(
            msg, ERR_TOO_BIG, "more than %d parameters", CALL_PARAMS_MAX);
    }
    if (equals != NULL) {
        value = equals + 1;
        if (!decode_part(value, size - name_size - 1, true)) {
            return err_set(msg, ERR_MALFORMED, "a parameter is not UTF-8 text");
        }
    }
    if (!decode_part(text, name_size, true)) {
        return err_set(msg, ERR_MALFORMED, "a parameter is not UTF-8 text");
    }
    call->params[call->param_count].name = text;
    call->params[call->param_count].value = equals != NULL ? value : "";
    call->param_count++;
    return ERR_OK;
}

static enum err
split_query(struct api_call *call, char *query, struct err_msg *msg)
{
    enum err rc = ERR_OK;

    while (rc == ERR_OK && *query != '\0') {
        size_t size = strcspn(query, "&");
        bool is_last = query[size] == '\0';

        query[size] = '\0';
        rc = add_param(call, query, size, msg);
        query += size + (is_last ? 0 : 1);
    }
    return rc;
}

enum err
target_split(struct api_call *call, const char *target, const char **out_path,
    struct err_msg *msg)
{
    size_t size = strlen(target);
    char *query = NULL;

    if (size > API_TARGET_BYTES_MAX) {
        return err_set(msg, ERR_TOO_BIG, "the target is too long");
    }
    call->text = mem_copy(target, size + 1);
    if (call->text == NULL) {
        return ERR_NOMEM;
    }
    query = strchr(call->text, '?');
    if (query != NULL) {
        *query = '\0';
        query++;
    }
    if (!decode_part(call->text, strlen(call->text), false)) {
        return err_set(msg, ERR_MALFORMED, "the path is not UTF-8 text");
    }
    *out_path = call->text;
    return query != NULL ? split_query(call, query, msg) : ERR_OK;
}

bool
target_match(const char *path, const char *pattern, struct api_call *call)
{
    const char *at = path;
    struct bytes args[CALL_ARGS_MAX] = {{NULL, 0}};
    size_t count = 0;

    for (; *pattern != '\0'; pattern++) {
        if (*pattern == '*') {
            size_t size = strcspn(at, "/");

            assert(count < CALL_ARGS_MAX);
            if (size == 0) {
                return false;
            }
            args[count++] = bytes_of(at, size);
            at += size;
        } else if (*at++ != *pattern) {
            return false;
        }
    }
    if (*at != '\0') {
        return false;
    }
    memcpy(call->args, args, sizeof(args));
    return true;
}

void
target_escape(struct buf *out, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (size_t i = 0; text[i] != '\0'; i++) {
        if (strchr(plain, text[i]) != NULL) {
            buf_put_u8(out, (uint8_t)text[i]);
        } else {
            buf_printf(out, "%%%02X", (unsigned)(uint8_t)text[i]);
        }
    }
}
