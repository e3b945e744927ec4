/* SPDX-License-Identifier: Apache-2.0 */
/* Heads that come by other ways than a session: as notes, with an export. */
#include <string.h>

#include "node/api/audit.h"
#include "node/api/routes.h"
#include "storage/vouch.h"
#include "sync/model/log_key.h"

/* What is told to the writer, and what came of it. */
struct hearing {
    struct log_id log;
    struct head head;
    struct accept_result result;
    bool is_news;
    bool is_forked;
};

static enum err
hear(void *context, struct store *store, struct err_msg *msg)
{
    struct hearing *h = context;
    enum err rc = store_head(store, &h->log, &h->head, &h->result, msg);

    h->is_news = rc == ERR_OK;
    /* Of a log whose fork is known nothing more is wanted. */
    h->is_forked = rc == ERR_FORK || (rc == ERR_OK && h->result.is_forked);
    return rc == ERR_STALE || rc == ERR_FORK ? ERR_OK : rc;
}

/* Which of the logs held here has this origin? */
static enum err
find_log(const struct view *view, const char *origin, struct log_id *out,
    struct err_msg *msg)
{
    size_t count = 0;
    const struct log_id *order = view_order(view, &count);

    for (size_t i = 0; i < count; i++) {
        char name[LOG_ORIGIN_BYTES_MAX + 1];

        log_origin(name, view_corridor(view), &order[i]);
        if (strcmp(name, origin) == 0) {
            *out = order[i];
            return ERR_OK;
        }
    }
    return err_set(
        msg, ERR_NOT_FOUND, "that checkpoint is of no log that is held here");
}

/* The log's own signature below the note. */
static enum err
find_signature(const struct note *note, const struct note_key *key,
    struct signature *out, struct err_msg *msg)
{
    for (size_t i = 0; i < note->signature_count; i++) {
        const struct note_signature *line = &note->signatures[i];

        if (line->id == key->id && line->size == sizeof(out->bytes) &&
            bytes_equal(line->name, bytes_text(key->name))) {
            memcpy(out->bytes, line->bytes, sizeof(out->bytes));
            return ERR_OK;
        }
    }
    return err_set(
        msg, ERR_BAD_SIGNATURE, "the log has not signed that checkpoint");
}

static enum err
read_head(const struct view *view, struct bytes text, struct hearing *out,
    struct err_msg *msg)
{
    struct checkpoint checkpoint;
    struct note_key key;
    struct note note;
    enum err rc = note_parse(&note, text);

    if (rc == ERR_OK) {
        rc = checkpoint_parse(&checkpoint, note.text);
    }
    if (rc == ERR_OK && checkpoint.extensions.size > 0) {
        rc = ERR_MALFORMED; /* no log of ours has any: its text is another */
    }
    if (rc != ERR_OK) {
        return err_set(msg, rc, "\"checkpoint\" is not a checkpoint's note");
    }
    rc = find_log(view, checkpoint.origin, &out->log, msg);
    if (rc == ERR_OK) {
        log_key(&key, view_corridor(view), &out->log);
        rc = find_signature(&note, &key, &out->head.signature, msg);
    }
    out->head.size = checkpoint.size;
    out->head.root = checkpoint.root;
    return rc;
}

void
audit_heads(struct api_call *call)
{
    struct hearing hearing = {.is_news = false};
    struct err_msg msg = {""};
    struct view *view = NULL;
    const char *text = NULL;
    json_t *json = NULL;
    enum err rc = body_need(call, "checkpoint", &text, &msg);

    if (rc == ERR_OK) {
        rc = call_view(call, &view, &msg);
    }
    if (rc == ERR_OK) {
        rc = read_head(view, bytes_text(text), &hearing, &msg);
    }
    if (rc == ERR_OK) {
        json = json_object();
        audit_put_log(&json, view, &hearing.log);
        call_view_close(call);
        rc = node_write(call->node, hear, &hearing, &msg);
    }
    if (rc != ERR_OK) {
        json_decref(json);
        reply_err(call, rc, &msg);
        return;
    }
    put_number(&json, "size", hearing.head.size);
    put(&json, "news", json_boolean(hearing.is_news));
    put(&json, "forked", json_boolean(hearing.is_forked));
    reply(call, 200, json);
}
