/* SPDX-License-Identifier: Apache-2.0 */
/* Logs as auditors are given them: heads, leaves, headers, prefixes. */
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/base/num.h"
#include "node/api/audit.h"
#include "node/api/routes.h"
#include "storage/tiles.h"
#include "sync/model/log_key.h"

static const char *const kinds[] = {"control", "changes"};

enum err
audit_number(
    struct api_call *call, const char *name, uint64_t *out, struct err_msg *msg)
{
    const char *text = call_param(call, name);
    uint64_t number = 0;

    if (text == NULL || !num_parse_u64(text, strlen(text), &number) ||
        number > LOG_SIZE_MAX) {
        return err_set(
            msg, ERR_MALFORMED, "the request wants a number \"%s\"", name);
    }
    *out = number;
    return ERR_OK;
}

static enum err
find_node(struct api_call *call, struct bytes text, struct node_id *out,
    struct err_msg *msg)
{
    const struct membership *membership = NULL;
    struct view *view = NULL;
    size_t count = 0;
    enum err rc = call_view(call, &view, msg);

    if (rc != ERR_OK || hex_decode((const char *)text.data, text.size,
                            out->bytes, sizeof(out->bytes))) {
        return rc;
    }
    membership = view_membership(view);
    for (size_t i = 0; i < membership->node_count; i++) {
        if (audit_is_meant(&membership->nodes[i], text)) {
            *out = membership->nodes[i].cert.keys.sign;
            count++;
        }
    }
    if (count > 1) {
        return err_set(msg, ERR_EXISTS,
            "several nodes have that name, or ids that begin so: write the "
            "id's 64 digits");
    }
    return count == 1 ? ERR_OK
                      : err_set(msg, ERR_NOT_FOUND,
                            "no member's node has that name, nor an id that "
                            "begins so");
}

enum err
audit_log(struct api_call *call, struct log_id *out, struct err_msg *msg)
{
    struct log_id log = {.kind = LOG_CONTROL};
    enum err rc = ERR_OK;

    if (bytes_equal(call->args[1], bytes_text(kinds[LOG_CHANGES]))) {
        log.kind = LOG_CHANGES;
    } else if (!bytes_equal(call->args[1], bytes_text(kinds[LOG_CONTROL]))) {
        return err_set(msg, ERR_NOT_FOUND, "a log is control or changes");
    }
    rc = find_node(call, call->args[0], &log.node, msg);
    if (rc == ERR_OK) {
        *out = log;
    }
    return rc;
}

static enum err
read_range(struct api_call *call, struct log_id *log, struct tiles_range *out,
    struct err_msg *msg)
{
    enum err rc = audit_log(call, log, msg);

    if (rc == ERR_OK) {
        rc = audit_number(call, "from", &out->from, msg);
    }
    if (rc == ERR_OK) {
        rc = audit_number(call, "to", &out->to, msg);
    }
    if (rc == ERR_OK &&
        (out->from >= out->to || out->to - out->from > AUDIT_ENTRIES_MAX)) {
        rc = err_set(msg, ERR_MALFORMED, "\"to\" is beyond \"from\" by 1 to %d",
            AUDIT_ENTRIES_MAX);
    }
    out->log = log;
    return rc;
}

void
audit_leaves(struct api_call *call)
{
    struct tiles_range range = {0};
    struct err_msg msg = {""};
    struct view *view = NULL;
    struct buf out = {0};
    struct log_id log;
    enum err rc = read_range(call, &log, &range, &msg);

    if (rc == ERR_OK) {
        rc = call_view(call, &view, &msg);
    }
    if (rc == ERR_OK) {
        rc = tiles_leaves(view, &range, &out, &msg);
    }
    if (rc != ERR_OK) {
        buf_release(&out);
        reply_err(call, rc, &msg);
        return;
    }
    reply_bytes(call, &out);
}

void
audit_headers(struct api_call *call)
{
    struct tiles_range range = {0};
    struct err_msg msg = {""};
    struct view *view = NULL;
    struct buf out = {0};
    struct log_id log;
    uint64_t to = 0;
    enum err rc = read_range(call, &log, &range, &msg);

    if (rc == ERR_OK) {
        rc = call_view(call, &view, &msg);
    }
    if (rc == ERR_OK) {
        rc = tiles_headers(view, &range, AUDIT_HEADERS_BYTES, &out, &to, &msg);
    }
    if (rc != ERR_OK) {
        buf_release(&out);
        reply_err(call, rc, &msg);
        return;
    }
    reply_bytes(call, &out);
}

static json_t *
proof_json(const struct merkle_proof *proof)
{
    json_t *array = json_array();
    char hex[2 * sizeof(struct hash) + 1];

    for (size_t i = 0; i < proof->count; i++) {
        hex_encode(hex, bytes_hash(&proof->hashes[i]));
        put_item(&array, json_string(hex));
    }
    return array;
}

void
audit_prefix(struct api_call *call)
{
    struct tiles_prefix prefix;
    struct err_msg msg = {""};
    struct view *view = NULL;
    struct log_id log;
    uint64_t size = 0;
    json_t *json = NULL;
    enum err rc = audit_log(call, &log, &msg);

    if (rc == ERR_OK) {
        rc = audit_number(call, "size", &size, &msg);
    }
    if (rc == ERR_OK) {
        rc = call_view(call, &view, &msg);
    }
    if (rc == ERR_OK) {
        rc = tiles_prefix(view, &log, size, &prefix, &msg);
    }
    if (rc != ERR_OK) {
        reply_err(call, rc, &msg);
        return;
    }
    json = json_object();
    put_number(&json, "size", size);
    put_hex(&json, "root", bytes_hash(&prefix.root));
    put_number(&json, "head_size", prefix.head.size);
    put_hex(&json, "head_root", bytes_hash(&prefix.head.root));
    put(&json, "proof", proof_json(&prefix.proof));
    reply(call, 200, json);
}

/* What the membership knows of the node; nothing of a stranger's. */
void
audit_put_log(json_t **json, const struct view *view, const struct log_id *log)
{
    const struct member_node *node =
        membership_node(view_membership(view), &log->node);

    put_hex(json, "node", bytes_of(log->node.bytes, sizeof(log->node.bytes)));
    put_text(json, "office", node != NULL ? node->cert.office_name : "");
    put_text(json, "name", node != NULL ? node->cert.node_name : "");
    put_text(json, "kind", kinds[log->kind]);
}

static json_t *
cosigner_json(const struct view *view, const struct node_id *id)
{
    const struct member_node *node = membership_node(view_membership(view), id);
    struct note_key key;

    if (node == NULL) {
        return json_null();
    }
    cosigner_key(&key, view_corridor(view), id, &node->cert.keys.cosign);
    return audit_vkey_json(&key);
}

static enum err
log_json(struct view *view, const struct log_id *log, json_t **out,
    struct err_msg *msg)
{
    struct note_key key;
    struct head head = {0};
    json_t *json = NULL;
    enum err rc = view_head(view, log, &head, msg);
    bool has_head = rc == ERR_OK;

    if (!has_head && rc != ERR_NOT_FOUND) {
        return rc;
    }
    json = json_object();
    audit_put_log(&json, view, log);
    put(&json, "cosigner", cosigner_json(view, &log->node));
    log_key(&key, view_corridor(view), log);
    put(&json, "vkey", audit_vkey_json(&key));
    put_number(&json, "size", head.size);
    rc = ERR_OK;
    if (has_head) {
        rc = audit_put_checkpoints(&json, view, log, &head, msg);
    }
    if (rc != ERR_OK) {
        json_decref(json);
        return rc;
    }
    *out = json;
    return ERR_OK;
}

void
audit_logs(struct api_call *call)
{
    const struct log_id *order = NULL;
    struct err_msg msg = {""};
    struct view *view = NULL;
    size_t count = 0;
    json_t *array = NULL;
    json_t *json = NULL;
    enum err rc = call_view(call, &view, &msg);

    if (rc == ERR_OK) {
        order = view_order(view, &count);
        array = json_array();
    }
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        json_t *item = NULL;

        rc = log_json(view, &order[i], &item, &msg);
        if (rc == ERR_OK) {
            put_item(&array, item);
        }
    }
    if (rc != ERR_OK) {
        json_decref(array);
        reply_err(call, rc, &msg);
        return;
    }
    json = json_object();
    put_hex(&json, "corridor",
        bytes_of(view_corridor(view)->bytes, sizeof(struct corridor_id)));
    put_text(&json, "name", view_membership(view)->name);
    put(&json, "logs", array);
    reply(call, 200, json);
}
