/* SPDX-License-Identifier: Apache-2.0 */
/* Looking after a node: digest, verify, backup, rebuild, lock. */
#include <stdio.h>
#include <string.h>

#include "node/api/routes.h"
#include "storage/disk.h"
#include "storage/verify.h"

enum { FINDINGS_MAX = 1000, FILE_BYTES_MAX = 1024 * 1024 };

void
digest_get(struct api_call *call)
{
    struct err_msg msg = {""};
    struct view *view = NULL;
    struct digest_result result;
    json_t *json = NULL;
    enum err rc = call_view(call, &view, &msg);

    if (rc == ERR_OK) {
        rc = view_digest(view, &result, &msg);
    }
    if (rc != ERR_OK) {
        reply_err(call, rc, &msg);
        return;
    }
    json = json_object();
    put_hex(&json, "digest", bytes_hash(&result.digest));
    put_number(&json, "records", result.records);
    reply(call, 200, json);
}

/* The sink's context is the findings; progress goes to the API's own. */
struct verifying {
    json_t *findings;
    const struct api_options *options;
};

static void
verify_finding(void *context, const char *sentence)
{
    struct verifying *v = context;

    if (json_array_size(v->findings) < FINDINGS_MAX) {
        put_item(&v->findings, json_string(sentence));
    }
}

static void
verify_progress(void *context, uint64_t done, uint64_t all)
{
    const struct verifying *v = context;

    if (v->options->progress != NULL) {
        v->options->progress(v->options->context, done, all);
    }
}

void
verify_post(struct api_call *call)
{
    struct err_msg msg = {""};
    struct verifying v = {json_array(), &call->api->options};
    struct verify_sink sink = {verify_finding, verify_progress, &v};
    struct verify_report report = {0};
    json_t *json = NULL;
    enum err rc = call_store(call, &msg);

    if (rc == ERR_OK) {
        rc = store_verify(call->node->store, &sink, &report, &msg);
    }
    if (rc != ERR_OK) {
        json_decref(v.findings);
        reply_err(call, rc, &msg);
        return;
    }
    json = json_object();
    put_number(&json, "logs", report.logs);
    put_number(&json, "entries", report.entries);
    put_number(&json, "records", report.records);
    put_number(&json, "findings", report.findings);
    put(&json, "sentences", v.findings);
    reply(call, 200, json);
}

/* One of the home's files; one that is not there is left out. */
static enum err
copy_file(const struct home *home, const char *dir, const char *name,
    struct err_msg *msg)
{
    char from[HOME_PATH_BYTES_MAX + 32];
    char to[HOME_PATH_BYTES_MAX + 32];
    struct buf content = {0};
    enum err rc = ERR_CONFIG;

    if (home_path(from, sizeof(from), home, name) &&
        (size_t)snprintf(to, sizeof(to), "%s/%s", dir, name) < sizeof(to)) {
        rc = disk_read(&content, from, FILE_BYTES_MAX, msg);
        if (rc == ERR_NOT_FOUND) {
            return ERR_OK;
        }
        if (rc == ERR_OK) {
            rc = disk_write(to, buf_bytes(&content), true, msg);
        }
    }
    buf_wipe(&content);
    return rc;
}

static enum err
backup(struct api_call *call, const char *dir, struct err_msg *msg)
{
    static const char *const names[] = {
        "home.ini", "node.key", "corridor.conf"};
    char data[HOME_PATH_BYTES_MAX + 32];
    enum err rc = ERR_OK;

    if (dir[0] != '/' || strlen(dir) > HOME_PATH_BYTES_MAX) {
        return err_set(msg, ERR_MALFORMED,
            "dir is an absolute path of at most %d bytes", HOME_PATH_BYTES_MAX);
    }
    rc = disk_make_dir(dir, msg);
    if (rc == ERR_OK) {
        (void)snprintf(data, sizeof(data), "%s/data", dir);
        rc = env_copy(store_env(call->node->store), data, msg);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (rc == ERR_OK) {
            rc = copy_file(&call->node->home, dir, names[i], msg);
        }
    }
    return rc;
}

void
backup_post(struct api_call *call)
{
    struct err_msg msg = {""};
    const char *dir = NULL;
    json_t *json = NULL;
    enum err rc = body_need(call, "dir", &dir, &msg);

    if (rc == ERR_OK) {
        rc = call_store(call, &msg);
    }
    if (rc == ERR_OK) {
        rc = backup(call, dir, &msg);
    }
    if (rc != ERR_OK) {
        reply_err(call, rc, &msg);
        return;
    }
    json = json_object();
    put_text(&json, "dir", dir);
    reply(call, 200, json);
}

void
rebuild_post(struct api_call *call)
{
    struct err_msg msg = {""};
    struct store_progress progress = {
        call->api->options.progress, call->api->options.context};
    enum err rc = call_store(call, &msg);

    if (rc == ERR_OK && call->node->has_thread) {
        rc = err_set(&msg, ERR_CONFIG,
            "stop the daemon first: rebuilding wants the store for itself");
    }
    if (rc == ERR_OK) {
        rc = store_rebuild(call->node->store,
            progress.report != NULL ? &progress : NULL, &msg);
    }
    if (rc != ERR_OK) {
        reply_err(call, rc, &msg);
        return;
    }
    reply(call, 200, json_object());
}

void
lock_post(struct api_call *call)
{
    if (call->api->options.stop == NULL) {
        reply_error(call, 409, "config",
            "no daemon runs here, so no key is in memory", NULL);
        return;
    }
    reply(call, 200, json_object());
    call->after = AFTER_STOP;
}
