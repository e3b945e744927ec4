/* SPDX-License-Identifier: Apache-2.0 */
/* Asking outside witnesses, and what came of it. */
#include "crypto/base/mem.h"
#include "node/api/routes.h"
#include "node/api/witnesses.h"
#include "node/serve/config.h"
#include "node/witness/ask.h"
#include "storage/tiles.h"

static const char *
log_name(enum log_kind kind)
{
    return kind == LOG_CONTROL ? "control" : "changes";
}

/* Is it a part of the log as it is held here? */
static enum err
compare(struct view *view, const struct log_id *log,
    const struct witnessed *item, bool *out_agrees, uint64_t *out_entries,
    struct err_msg *msg)
{
    struct tiles_prefix prefix;
    struct head head = {0};
    enum err rc = tiles_prefix(view, log, item->size, &prefix, msg);

    *out_agrees = rc == ERR_OK &&
                  (item->size == 0 || hash_equal(&prefix.root, &item->root));
    if (rc == ERR_OK) {
        *out_entries = prefix.head.size;
        return rc;
    }
    if (rc == ERR_GAP) {
        rc = view_head(view, log, &head, msg);
    }
    *out_entries = head.size;
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

enum err
witnesses_read(struct witnessed_list *out, struct view *view,
    const struct log_id *log, struct err_msg *msg)
{
    struct witnessed_list list = {.count = 0};
    size_t kept = 0;
    enum err rc = ERR_OK;

    if (node_id_equal(&log->node, view_self(view))) {
        rc = witnessed_read(&list, view, (enum log_kind)log->kind, msg);
    }
    for (size_t i = 0; i < list.count && rc == ERR_OK; i++) {
        uint64_t entries = 0;
        bool agrees = false;

        rc = compare(view, log, &list.items[i], &agrees, &entries, msg);
        if (rc == ERR_OK && agrees && list.items[i].size > 0) {
            list.items[kept++] = list.items[i];
        }
    }
    if (rc != ERR_OK) {
        witnessed_release(&list);
        return rc;
    }
    list.count = kept;
    *out = list;
    return ERR_OK;
}

static enum err
item_json(struct view *view, const struct log_id *log,
    const struct witnessed *item, json_t **out, struct err_msg *msg)
{
    enum { MS_PER_SECOND = 1000 };
    uint64_t entries = 0;
    bool agrees = false;
    json_t *json = NULL;
    enum err rc = compare(view, log, item, &agrees, &entries, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    json = json_object();
    put_text(&json, "name", item->witness.name);
    put_text(&json, "url", item->witness.url);
    put_text(&json, "log", log_name((enum log_kind)log->kind));
    put_number(&json, "size", item->size);
    put_number(&json, "entries", entries);
    put(&json, "agrees", json_boolean(agrees));
    put_number(&json, "time_ms", item->time * MS_PER_SECOND);
    put_number(&json, "failing_ms", item->failing_ms);
    put_text(&json, "trouble", item->trouble);
    *out = json;
    return ERR_OK;
}

static enum err
put_kind(
    json_t **array, struct view *view, enum log_kind kind, struct err_msg *msg)
{
    struct log_id log = {.kind = (uint8_t)kind};
    struct witnessed_list list = {.count = 0};
    enum err rc = witnessed_read(&list, view, kind, msg);

    log.node = *view_self(view);
    for (size_t i = 0; i < list.count && rc == ERR_OK; i++) {
        json_t *item = NULL;

        rc = item_json(view, &log, &list.items[i], &item, msg);
        if (rc == ERR_OK) {
            put_item(array, item);
        }
    }
    witnessed_release(&list);
    return rc;
}

enum err
witnesses_put(json_t **json, struct view *view, struct err_msg *msg)
{
    json_t *array = json_array();
    enum err rc = put_kind(&array, view, LOG_CONTROL, msg);

    if (rc == ERR_OK) {
        rc = put_kind(&array, view, LOG_CHANGES, msg);
    }
    if (rc != ERR_OK) {
        json_decref(array);
        return rc;
    }
    put(json, "witnesses", array);
    return ERR_OK;
}

static json_t *
result_json(const struct ask_result *result)
{
    json_t *json = json_object();

    put_text(&json, "name", result->witness->name);
    put_text(&json, "url", result->witness->url);
    put_text(&json, "log", log_name(result->kind));
    put(&json, "asked", json_boolean(result->was_asked));
    put_number(&json, "size", result->size);
    put_number(&json, "entries", result->entries);
    put_text(&json, "trouble", result->trouble);
    return json;
}

/* The operator's files as they are now. */
static enum err
load_policy(
    struct api_call *call, struct witness_policy *out, struct err_msg *msg)
{
    char path[HOME_PATH_BYTES_MAX + 32];

    if (!home_path(path, sizeof(path), &call->node->home, "witness.policy")) {
        return err_set(msg, ERR_CONFIG, "the home's path is too long");
    }
    return policy_load(out, path, msg);
}

static enum err
enter(void *context, struct err_msg *msg)
{
    struct api_call *call = context;

    return api_enter(call->api, msg);
}

static void
leave(void *context)
{
    struct api_call *call = context;

    api_leave(call->api);
}

void
audit_witness(struct api_call *call)
{
    struct witness_policy policy = {.log_count = 0};
    struct ask_result *results = mem_zalloc(ASK_RESULTS_MAX, sizeof(*results));
    struct ask_options options = {.node = call->node,
        .policy = &policy,
        .gate = {enter, leave, call},
        .only = body_text(call, "witness"),
        .stop = &call->api->is_stopping,
        .post = fetch_post};
    struct err_msg msg = {""};
    size_t count = 0;
    json_t *array = NULL;
    json_t *json = NULL;
    enum err rc =
        results == NULL ? ERR_NOMEM : load_policy(call, &policy, &msg);

    if (rc == ERR_OK) {
        rc = ask_witnesses(&options, results, &count, &msg);
    }
    if (rc == ERR_OK) {
        array = json_array();
        for (size_t i = 0; i < count; i++) {
            put_item(&array, result_json(&results[i]));
        }
        json = json_object();
        put(&json, "witnesses", array);
        reply(call, 200, json);
    } else {
        reply_err(call, rc, &msg);
    }
    policy_release(&policy);
    mem_free(results);
}
