/* SPDX-License-Identifier: Apache-2.0 */
/* What sessions are told with each clock: marks, and limits of forked logs;
 * and evidence that is new (docs/protocol.md, "Session"). */
#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "node/serve/engine_internal.h"
#include "storage/vouch.h"

static_assert(
    sizeof(struct frame_marks) == MARKS_BYTES, "as the store makes them");

uint64_t
marks_limit(const struct engine *engine, const struct log_id *log)
{
    for (size_t i = 0; i < engine->limit_count; i++) {
        if (log_id_equal(&engine->limits[i].log, log)) {
            return engine->limits[i].size;
        }
    }
    return UINT64_MAX;
}

bool
engine_is_forked(const struct engine *engine)
{
    for (size_t i = 0; i < engine->limit_count; i++) {
        if (node_id_equal(
                &engine->limits[i].log.node, &engine->node->home.node)) {
            return true;
        }
    }
    return false;
}

/* Limits being read. */
struct reading {
    struct engine *engine;
    bool is_first;
    struct reconcile_limit *limits;
    size_t count;
    size_t capacity;
    enum err rc;
};

static void
report_fork(struct engine *engine, const struct evidence_item *item)
{
    const struct log_id *log = &item->evidence->log;
    const char *kind = log->kind == LOG_CONTROL ? "control" : "changes";
    char name[DIAG_NODE_CHARS + 1];

    diag_node(name, &log->node);
    if (item->is_own) {
        diag_say(engine->diag, DIAG_ERROR,
            "FORK: the %s log of this very node was signed in two versions: "
            "its home runs twice, or was restored from a copy. It writes no "
            "more; \"corridor status\" says what to do",
            kind);
        return;
    }
    diag_say(engine->diag, DIAG_ERROR,
        "FORK: the %s log of node %s was signed in two versions; %s; "
        "\"corridor status\" says what to do",
        kind, name,
        item->is_frozen ? "its entries are no longer taken"
                        : "it counts up to its cut");
}

static bool
add_limit(void *context, const struct evidence_item *item)
{
    struct reading *reading = context;
    struct engine *engine = reading->engine;
    const struct log_id *log = &item->evidence->log;
    struct buf payload = {0};

    reading->rc = mem_grow((void **)&reading->limits, &reading->capacity,
        reading->count + 1, sizeof(*reading->limits));
    if (reading->rc != ERR_OK) {
        return false;
    }
    reading->limits[reading->count].log = *log;
    reading->limits[reading->count].size = item->is_frozen ? 0 : item->cut;
    reading->count++;
    if (marks_limit(engine, log) != UINT64_MAX) {
        return true;
    }
    report_fork(engine, item);
    if (!reading->is_first &&
        evidence_encode(&payload, item->evidence) == ERR_OK) {
        frame_put(&engine->news, FRAME_FORK, buf_bytes(&payload));
    }
    buf_release(&payload);
    return true;
}

static int
compare_limits(const void *a, const void *b)
{
    const struct reconcile_limit *x = a;
    const struct reconcile_limit *y = b;

    return log_id_compare(&x->log, &y->log);
}

static bool
is_same(const struct engine *engine, const struct reading *reading)
{
    if (reading->count != engine->limit_count) {
        return false;
    }
    for (size_t i = 0; i < reading->count; i++) {
        if (!log_id_equal(&reading->limits[i].log, &engine->limits[i].log) ||
            reading->limits[i].size != engine->limits[i].size) {
            return false;
        }
    }
    return true;
}

enum err
marks_read(struct engine *engine, struct view *view, bool is_first,
    bool *out_has_changed, struct err_msg *msg)
{
    struct reading reading = {.engine = engine, .is_first = is_first};
    struct frame_marks marks;
    enum err rc = ERR_OK;

    view_marks(view, (uint8_t *)&marks);
    rc = view_evidence(view, add_limit, &reading, msg);
    if (rc == ERR_OK) {
        rc = reading.rc;
    }
    if (rc != ERR_OK) {
        mem_free(reading.limits);
        return rc;
    }
    if (reading.count > 0) {
        qsort(reading.limits, reading.count, sizeof(*reading.limits),
            compare_limits);
    }
    *out_has_changed = memcmp(&marks, &engine->marks, sizeof(marks)) != 0 ||
                       !is_same(engine, &reading);
    mem_free(engine->limits);
    engine->limits = reading.limits;
    engine->limit_count = reading.count;
    engine->marks = marks;
    return ERR_OK;
}

void
marks_tell_news(struct engine *engine)
{
    struct list *at = engine->calls.next;
    struct buf news = engine->news;

    if (news.size == 0) {
        return;
    }
    engine->news = (struct buf){0};
    for (; at != &engine->calls; at = at->next) {
        struct call *call = LIST_ITEM(at, struct call, link);

        if (say_may(call)) {
            say_frames(call, buf_bytes(&news));
        }
    }
    buf_release(&news);
}
