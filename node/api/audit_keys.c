/* SPDX-License-Identifier: Apache-2.0 */
/* The keys with which what nodes signed is checked. */
#include <string.h>

#include "crypto/base/hex.h"
#include "node/api/audit.h"
#include "node/api/offices.h"
#include "node/api/routes.h"
#include "sync/model/log_key.h"

enum { NODE_PREFIX_CHARS_MIN = 4 };

bool
audit_is_meant(const struct member_node *node, struct bytes text)
{
    char hex[2 * sizeof(node->cert.keys.sign.bytes) + 1];

    hex_encode(hex,
        bytes_of(node->cert.keys.sign.bytes, sizeof(node->cert.keys.sign)));
    return (text.size >= NODE_PREFIX_CHARS_MIN && text.size < sizeof(hex) &&
               memcmp(hex, text.data, text.size) == 0) ||
           bytes_equal(bytes_text(node->cert.node_name), text);
}

static json_t *
key_json(const struct member_node *node, const char *what,
    const struct note_key *key)
{
    json_t *json = json_object();

    put_hex(&json, "node",
        bytes_of(node->cert.keys.sign.bytes, sizeof(node->cert.keys.sign)));
    put_text(&json, "office", node->cert.office_name);
    put_text(&json, "name", node->cert.node_name);
    put_text(&json, "what", what);
    put(&json, "vkey", audit_vkey_json(key));
    return json;
}

static void
put_keys(json_t **array, const struct corridor_id *corridor,
    const struct member_node *node)
{
    static const char *const names[] = {"control", "changes"};
    struct log_id log = {.node = node->cert.keys.sign};
    struct note_key key;

    for (uint8_t kind = LOG_CONTROL; kind <= LOG_CHANGES; kind++) {
        log.kind = kind;
        log_key(&key, corridor, &log);
        put_item(array, key_json(node, names[kind], &key));
    }
    cosigner_key(
        &key, corridor, &node->cert.keys.sign, &node->cert.keys.cosign);
    put_item(array, key_json(node, "cosigner", &key));
}

void
audit_keys(struct api_call *call)
{
    const char *text = call_param(call, "node");
    const struct membership *membership = NULL;
    struct err_msg msg = {""};
    struct view *view = NULL;
    json_t *array = NULL;
    json_t *json = NULL;
    enum err rc = call_view(call, &view, &msg);

    if (rc != ERR_OK) {
        reply_err(call, rc, &msg);
        return;
    }
    membership = view_membership(view);
    array = json_array();
    for (size_t i = 0; i < membership->node_count; i++) {
        const struct member_node *node = &membership->nodes[i];

        if (text != NULL ? audit_is_meant(node, bytes_text(text))
                         : node_id_equal(
                               &node->cert.keys.sign, &call->node->home.node)) {
            put_keys(&array, view_corridor(view), node);
        }
    }
    if (array != NULL && json_array_size(array) == 0) {
        json_decref(array);
        reply_error(call, 404, "not_found",
            "no member's node has that name, nor an id that begins so", NULL);
        return;
    }
    json = json_object();
    put_text(&json, "corridor", membership->name);
    put(&json, "keys", array);
    reply(call, 200, json);
}
