/* SPDX-License-Identifier: Apache-2.0 */
/* How many offices vouch for the logs that are held here. */
#include "node/api/vouching.h"

#include <string.h>

#include "node/api/audit.h"
#include "storage/vouch.h"

/* Over all logs that are held and not forked. */
struct tally {
    uint64_t logs;
    uint64_t vouched;    /* by an office other than the author's */
    uint64_t in_full;    /* the same, for all entries that are held */
    uint64_t oldest;     /* Unix seconds: of their newest vouches the oldest */
    struct log_id stale; /* and which log that is of */
    json_t *own;
};

static void
put_own(struct tally *tally, const struct view_log *log,
    const struct vouching *vouching)
{
    json_t *json = json_object();

    put_text(
        &json, "kind", log->id.kind == LOG_CONTROL ? "control" : "changes");
    put_number(&json, "entries", log->stored);
    put_number(&json, "vouched", vouching->size);
    put_number(&json, "offices", vouching->offices);
    if (vouching->size == 0) {
        put(&json, "newest", json_null());
    } else {
        put_time(&json, "newest", vouching->newest * 1000);
    }
    put_item(&tally->own, json);
}

static enum err
count_log(struct view *view, uint32_t number, const struct node_id *self,
    struct tally *tally, struct err_msg *msg)
{
    struct vouching vouching = {0};
    struct view_log log;
    enum err rc = view_log(view, number, &log);

    if (rc != ERR_OK || log.stored == 0 || log.is_forked) {
        return rc;
    }
    rc = view_vouch(view, &log.id, &vouching, msg);
    if (rc != ERR_OK) {
        return rc;
    }
    tally->logs++;
    if (vouching.size > 0) {
        tally->vouched++;
        tally->in_full += vouching.size == log.stored;
        if (tally->oldest == 0 || vouching.newest < tally->oldest) {
            tally->oldest = vouching.newest;
            tally->stale = log.id;
        }
    }
    if (node_id_equal(&log.id.node, self)) {
        put_own(tally, &log, &vouching);
    }
    return ERR_OK;
}

static void
put_oldest(json_t **json, const struct view *view, const struct tally *tally)
{
    json_t *oldest = json_object();

    if (tally->vouched == 0) {
        json_decref(oldest);
        put(json, "oldest", json_null());
        return;
    }
    audit_put_log(&oldest, view, &tally->stale);
    put_time(&oldest, "time", tally->oldest * 1000);
    put(json, "oldest", oldest);
}

enum err
vouching_put(json_t **json, struct view *view, const struct node_id *self,
    struct err_msg *msg)
{
    struct tally tally = {.own = json_array()};
    json_t *vouches = NULL;
    size_t count = 0;
    enum err rc = ERR_OK;

    (void)view_order(view, &count);
    for (uint32_t i = 0; rc == ERR_OK && i < count; i++) {
        rc = count_log(view, i, self, &tally, msg);
    }
    if (rc != ERR_OK) {
        json_decref(tally.own);
        return rc;
    }
    vouches = json_object();
    put_number(&vouches, "logs", tally.logs);
    put_number(&vouches, "vouched", tally.vouched);
    put_number(&vouches, "in_full", tally.in_full);
    put_oldest(&vouches, view, &tally);
    put(&vouches, "own", tally.own);
    put(json, "vouches", vouches);
    return ERR_OK;
}
