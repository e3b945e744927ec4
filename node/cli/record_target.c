/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/record_target.h"

#include <string.h>

#include "node/api/target.h"

void
record_target(struct buf *out, const char *id, const char *tail)
{
    buf_put_text(out, "/v1/records/");
    target_escape(out, id);
    buf_put_text(out, tail);
}

void
target_param(struct buf *out, const char *name, const char *value)
{
    bool is_first = out->size == 0 || memchr(out->data, '?', out->size) == NULL;

    buf_put_text(out, is_first ? "?" : "&");
    target_escape(out, name);
    buf_put_u8(out, '=');
    target_escape(out, value);
}

const char *
target_end(struct buf *out)
{
    buf_put_u8(out, 0);
    return buf_err(out) == ERR_OK ? (const char *)out->data : NULL;
}

bool
record_request(struct cli *cli, const char *method, const char *tail,
    json_t *body, struct api_response *out, enum cli_exit *out_exit)
{
    struct client_request request = {.method = method,
        .body = body,
        .if_match = cli_option(cli, "if-version")};
    struct buf target = {0};
    bool is_done = false;

    record_target(&target, cli->args.words[0], tail);
    if (!cli->is_json &&
        (strcmp(method, "GET") == 0 || strcmp(method, "PATCH") == 0)) {
        target_param(&target, "lang", cli->lang);
    }
    request.target = target_end(&target);
    if (request.target == NULL) {
        json_decref(body);
        *out_exit = cli_fail(cli, ERR_NOMEM, NULL);
    } else {
        is_done = cli_request(cli, &request, out, out_exit);
    }
    buf_release(&target);
    return is_done;
}
