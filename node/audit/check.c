/* SPDX-License-Identifier: Apache-2.0 */
#include "node/audit/check.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "node/audit/check_internal.h"

static const char *const kinds[] = {
    [CHECK_EXPORT] = "export",
    [CHECK_LOG] = "log",
    [CHECK_HOME] = "home",
    [CHECK_CHECKPOINT] = "checkpoint",
    [CHECK_PROOF] = "proof",
    [CHECK_DISCLOSURE] = "disclosure",
    [CHECK_FORK] = "fork",
};

const char *
check_kind_text(enum check_kind kind)
{
    return kinds[kind];
}

void
check_result_release(struct check_result *result)
{
    for (size_t i = 0; i < result->log_count; i++) {
        struct check_log *log = &result->logs[i];

        for (size_t k = 0; k < log->former_count; k++) {
            buf_release(&log->formers[k].note);
        }
        mem_free(log->formers);
        buf_release(&log->note);
    }
    mem_free(result->logs);
    findings_release(&result->findings);
    buf_release(&result->evidence);
    json_decref(result->shown);
    *result = (struct check_result){0};
}

enum check_verdict
check_verdict(const struct check_result *result)
{
    if (findings_total(&result->findings) > 0) {
        return CHECK_FINDINGS;
    }
    return result->findings.has_gap ? CHECK_UNCHECKED : CHECK_CLEAN;
}

bool
check_is_as_signed(
    const struct check_result *result, const struct check_log *log)
{
    const bool is_one = /* entry of the log */
        result->kind == CHECK_PROOF || result->kind == CHECK_DISCLOSURE;

    /* Hashes alone give a root as well, where entries could not be read. */
    return log->is_whole && (is_one || log->leaves >= log->size);
}

struct check_log *
check_add_log(struct check *check)
{
    struct check_result *result = check->result;

    if (mem_grow((void **)&result->logs, &result->log_capacity,
            result->log_count + 1, sizeof(*result->logs)) != ERR_OK) {
        return NULL;
    }
    result->logs[result->log_count] = (struct check_log){.path = ""};
    return &result->logs[result->log_count++];
}

void
check_progress(struct check *check, uint64_t more)
{
    check->done += more;
    if (check->options->progress != NULL) {
        check->options->progress(
            check->options->context, check->done, check->all);
    }
}

/* A folder: a home, an export, or a log of one. */
static enum err
check_folder(struct check *check)
{
    enum err rc = tree_open(&check->root, check->options->path, check->msg);

    if (rc != ERR_OK) {
        return rc;
    }
    return check_is_home(&check->root) ? check_home(check)
                                       : check_export(check);
}

static enum err
run(struct check *check)
{
    enum tree_kind kind = TREE_OTHER;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < check->options->key_count && rc == ERR_OK; i++) {
        rc = trusted_add(&check->trusted, check->options->keys[i], check->msg);
    }
    if (rc == ERR_OK) {
        rc = tree_kind_of(check->options->path, &kind, check->msg);
    }
    if (rc == ERR_OK && check->options->since != NULL) {
        rc = since_load(check);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    switch (kind) {
    case TREE_FOLDER:
        rc = check_folder(check);
        break;
    case TREE_FILE:
        rc = check_file(check);
        break;
    case TREE_OTHER:
    case TREE_CLOSED:
        rc = err_set(check->msg, ERR_CONFIG,
            "%s is neither a folder nor a file", check->options->path);
        break;
    }
    return rc != ERR_OK ? rc : check->result->findings.rc;
}

static int
compare_logs(const void *a, const void *b)
{
    const struct check_log *left = a;
    const struct check_log *right = b;

    return log_id_compare(&left->id, &right->id);
}

enum err
check_run(struct check_result *out, const struct check_options *options,
    struct err_msg *msg)
{
    struct check_result result = {.kind = CHECK_EXPORT};
    struct check check = {.options = options,
        .result = &result,
        .root = {-1},
        .since = {.tree = {-1}},
        .msg = msg};
    enum err rc = run(&check);

    if (rc == ERR_OK) {
        check_tell_keys(&check);
        check_absent_witnesses(&check);
        rc = result.findings.rc;
    }
    if (result.log_count > 1) {
        qsort(
            result.logs, result.log_count, sizeof(*result.logs), compare_logs);
    }
    trusted_release(&check.trusted);
    since_release(&check.since);
    tree_close(&check.root);
    glance_close(check.glance);
    mem_free(check.cosigners);
    mem_free(check.cosigner_offices);
    mem_free(check.seen_offices);
    mem_free(check.found);
    mem_free(check.absent);
    mem_free(check.unread);
    if (rc != ERR_OK) {
        check_result_release(&result);
        return rc;
    }
    *out = result;
    return ERR_OK;
}
