/* SPDX-License-Identifier: Apache-2.0 */
/* Logs that were signed in two versions: the evidence, and what to do. */
#include <string.h>

#include "crypto/fork_file.h"
#include "node/api/audit.h"
#include "node/api/routes.h"
#include "node/api/vouching.h"
#include "storage/vouch.h"
#include "sync/model/log_key.h"

/* Forks being put. */
struct forks {
    struct view *view;
    bool with_files;
    json_t *array;
    enum err rc;
};

static const char *
kind_of(const struct log_id *log)
{
    return log->kind == LOG_CONTROL ? "control" : "changes";
}

/* Whose log it is, in what state, and what people do about it. */
static void
put_sentence(
    struct buf *out, const struct view *view, const struct evidence_item *item)
{
    const struct evidence *evidence = item->evidence;
    const struct member_node *node =
        membership_node(view_membership(view), &evidence->log.node);

    if (item->is_own) {
        buf_printf(out, "This node's own %s log", kind_of(&evidence->log));
    } else if (node != NULL) {
        buf_printf(out, "The %s log of node %s of %s", kind_of(&evidence->log),
            node->cert.node_name, node->cert.office_name);
    } else {
        buf_printf(out, "The %s log of a node that is no member's",
            kind_of(&evidence->log));
    }
    buf_printf(out, " was signed in two versions, of %llu and %llu entries.",
        (unsigned long long)evidence->a.size,
        (unsigned long long)evidence->b.size);
    if (item->is_own) {
        buf_put_text(out,
            " Its home runs twice, or was restored from a copy. Nobody takes "
            "its entries any more, and it writes none: stop the copy, enrol a "
            "new node of this office, and have this one retired.");
    } else if (item->is_frozen) {
        buf_put_text(out,
            " Its entries are no longer taken; what was taken stays. Speak "
            "with that office: its home runs twice, was restored from a copy, "
            "or somebody has its key. It enrols a new node, and this one is "
            "retired.");
    } else {
        buf_printf(out,
            " A retirement decides it: its first %llu entries count, here and "
            "everywhere.",
            (unsigned long long)item->cut);
    }
}

/* A buffer as a member; its failure as the call's. */
static void
put_buf(json_t **json, const char *name, struct buf *text)
{
    put(json, name,
        buf_err(text) == ERR_OK
            ? json_stringn((const char *)text->data, text->size)
            : NULL);
    buf_release(text);
}

static enum err
put_file(
    json_t **json, const struct view *view, const struct evidence *evidence)
{
    struct fork_file file = {.root = evidence->root, .proof = evidence->proof};
    struct buf older = {0};
    struct buf newer = {0};
    struct buf text = {0};
    enum err rc = ERR_OK;

    log_checkpoint(&older, view_corridor(view), &evidence->log, &evidence->a);
    log_checkpoint(&newer, view_corridor(view), &evidence->log, &evidence->b);
    file.older = buf_bytes(&older);
    file.newer = buf_bytes(&newer);
    rc = buf_err(&older) == ERR_OK && buf_err(&newer) == ERR_OK
             ? fork_file_write(&text, &file)
             : ERR_NOMEM;
    buf_release(&older);
    buf_release(&newer);
    put_buf(json, "file", &text);
    return rc;
}

static bool
put_fork(void *context, const struct evidence_item *item)
{
    struct forks *forks = context;
    const struct evidence *evidence = item->evidence;
    json_t *json = json_object();
    json_t *sizes = json_array();
    struct buf text = {0};

    put_sentence(&text, forks->view, item);
    put_buf(&json, "text", &text);
    audit_put_log(&json, forks->view, &evidence->log);
    put_time(&json, "found", item->found_ms);
    put_item(&sizes, json_integer((json_int_t)evidence->a.size));
    put_item(&sizes, json_integer((json_int_t)evidence->b.size));
    put(&json, "sizes", sizes);
    put_number(&json, "held", item->stored);
    put(&json, "own", json_boolean(item->is_own));
    put(&json, "frozen", json_boolean(item->is_frozen));
    if (item->is_frozen) {
        put(&json, "cut", json_null());
    } else {
        put_number(&json, "cut", item->cut);
    }
    if (forks->with_files) {
        forks->rc = put_file(&json, forks->view, evidence);
    }
    put_item(&forks->array, json);
    return forks->rc == ERR_OK;
}

enum err
vouching_put_forks(
    json_t **json, struct view *view, bool with_files, struct err_msg *msg)
{
    struct forks forks = {.view = view, .with_files = with_files};
    enum err rc = ERR_OK;

    forks.array = json_array();
    rc = view_evidence(view, put_fork, &forks, msg);
    rc = rc == ERR_OK ? forks.rc : rc;
    if (rc != ERR_OK) {
        json_decref(forks.array);
        return rc;
    }
    put(json, "forks", forks.array);
    return ERR_OK;
}

void
audit_forks(struct api_call *call)
{
    struct err_msg msg = {""};
    struct view *view = NULL;
    json_t *json = json_object();
    enum err rc = call_view(call, &view, &msg);

    if (rc == ERR_OK) {
        rc = vouching_put_forks(&json, view, true, &msg);
    }
    if (rc != ERR_OK) {
        json_decref(json);
        reply_err(call, rc, &msg);
        return;
    }
    reply(call, 200, json);
}
