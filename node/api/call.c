/* SPDX-License-Identifier: Apache-2.0 */
/* What resources ask of their call: its parts, its snapshot. */
#include "node/api/call.h"

#include <string.h>

#include "crypto/base/num.h"

enum err
call_store(struct api_call *call, struct err_msg *msg)
{
    if (call->node->store == NULL) {
        return err_set(msg, ERR_CONFIG,
            call->node->home.has_corridor
                ? "the node is locked: start it again with its passphrase"
                : "this home is in no corridor yet: \"corridor found NAME\" "
                  "makes one, \"corridor join LINE\" joins one");
    }
    return ERR_OK;
}

enum err
call_view(struct api_call *call, struct view **out, struct err_msg *msg)
{
    enum err rc = call_store(call, msg);

    if (rc == ERR_OK && call->view == NULL) {
        rc = view_open(&call->view, call->node->store, msg);
    }
    if (rc == ERR_OK) {
        *out = call->view;
    }
    return rc;
}

void
call_view_close(struct api_call *call)
{
    view_close(call->view);
    call->view = NULL;
}

const char *
call_param(const struct api_call *call, const char *name)
{
    for (size_t i = 0; i < call->param_count; i++) {
        if (strcmp(call->params[i].name, name) == 0) {
            return call->params[i].value;
        }
    }
    return NULL;
}

enum err
call_number(const struct api_call *call, const char *name, uint64_t usual,
    uint64_t max, uint64_t *out, struct err_msg *msg)
{
    const char *text = call_param(call, name);
    uint64_t number = usual;

    if (text != NULL && (!num_parse_u64(text, strlen(text), &number) ||
                            number == 0 || number > max)) {
        return err_set(msg, ERR_MALFORMED, "%s is a number from 1 to %llu",
            name, (unsigned long long)max);
    }
    *out = number;
    return ERR_OK;
}

const char *
call_lang(const struct api_call *call)
{
    return call_param(call, "lang");
}

const char *
body_text(const struct api_call *call, const char *name)
{
    return json_string_value(json_object_get(call->body, name));
}

enum err
body_need(const struct api_call *call, const char *name, const char **out,
    struct err_msg *msg)
{
    const char *text = body_text(call, name);

    if (text == NULL || text[0] == '\0') {
        return err_set(
            msg, ERR_MALFORMED, "the request wants a text \"%s\"", name);
    }
    *out = text;
    return ERR_OK;
}

bool
body_bool(const struct api_call *call, const char *name)
{
    return json_is_true(json_object_get(call->body, name));
}

void
call_done(struct api_call *call)
{
    call->done(call->done_context, call);
}
