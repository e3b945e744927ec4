/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/watch.h"

#include <stdio.h>

#include "sync/wire/frame.h"
#include "sync/wire/link.h"
#include "sync/wire/session.h"
#include "tests/sim/check.h"
#include "tests/sim/hostile.h"
#include "tests/sim/sim.h"
#include "tests/sim/words.h"

enum { WATCH_LOG_CHARS = 32 };

/* The run of this process: the wrapped functions have no other way to it. */
static struct sim *watched;

void
watch_begin(struct sim *sim)
{
    watched = sim;
}

void
watch_end(void)
{
    watched = NULL;
}

enum err __real_session_step(
    struct session *session, const struct event *event, struct effects *out);
enum err __wrap_session_step(
    struct session *session, const struct event *event, struct effects *out);
enum err __real_store_accept(struct store *store, struct bytes encoded,
    struct accept_result *out, struct err_msg *msg);
enum err __wrap_store_accept(struct store *store, struct bytes encoded,
    struct accept_result *out, struct err_msg *msg);
enum err __real_view_batch(struct view *view, const struct view_range *range,
    struct buf *out, uint64_t *out_to, struct err_msg *msg);
enum err __wrap_view_batch(struct view *view, const struct view_range *range,
    struct buf *out, uint64_t *out_to, struct err_msg *msg);
enum err __real_link_flush(struct link *link, struct buf *out);
enum err __wrap_link_flush(struct link *link, struct buf *out);
void randombytes_buf(void *const out, const size_t size);

enum err
__wrap_session_step(
    struct session *session, const struct event *event, struct effects *out)
{
    struct session_status status;
    enum err rc = __real_session_step(session, event, out);

    if (!session_check(session)) {
        sim_fail(watched, VIOLATION_ERROR, "a session is not sound");
    }
    for (size_t i = 0; rc == ERR_OK && i < out->count; i++) {
        if (out->items[i].type == EFFECT_PEER_CLOCK) {
            session_status(session, &status);
            check_claim(watched, &status.peer, out->items[i].u.peer_clock);
        }
    }
    return rc;
}

static const struct host *
host_of(const struct store *store)
{
    for (size_t i = 0; i < watched->host_count; i++) {
        if (watched->hosts[i]->node.store == store) {
            return watched->hosts[i];
        }
    }
    return NULL;
}

static const char *
log_name(const struct log_id *log, char out[WATCH_LOG_CHARS])
{
    const char *host = "?";

    for (size_t i = 0; i < watched->host_count; i++) {
        if (node_id_equal(host_id(watched->hosts[i]), &log->node)) {
            host = watched->hosts[i]->name;
        }
    }
    snprintf(out, WATCH_LOG_CHARS, "%s's %s", host,
        log->kind == LOG_CONTROL ? "control log" : "changes");
    return out;
}

enum err
__wrap_store_accept(struct store *store, struct bytes encoded,
    struct accept_result *out, struct err_msg *msg)
{
    const struct host *host = host_of(store);
    char name[WATCH_LOG_CHARS];
    struct frame_entries entries;
    enum err rc = __real_store_accept(store, encoded, out, msg);

    if (host != NULL && frame_entries_peek(&entries, encoded) == ERR_OK) {
        sim_say(watched, "%s takes %s from %zu to %zu: %s", host->name,
            log_name(&entries.log, name), (size_t)entries.from,
            (size_t)(entries.from + entries.count), err_text(rc));
    }
    return rc;
}

enum err
__wrap_view_batch(struct view *view, const struct view_range *range,
    struct buf *out, uint64_t *out_to, struct err_msg *msg)
{
    size_t start = out->size;
    enum err rc = __real_view_batch(view, range, out, out_to, msg);

    if (rc == ERR_OK && watched->acting != NULL &&
        watched->acting->is_hostile && out->size > start) {
        hostile_batch(watched->acting, out, start, out_to);
    }
    return rc;
}

enum err
__wrap_link_flush(struct link *link, struct buf *out)
{
    if (watched->acting != NULL && watched->acting->is_hostile) {
        hostile_frames(watched->acting, &link->frames);
    }
    if (watched->acting != NULL && watched->acting->is_dishonest &&
        link->keys != NULL) {
        words_bend(watched->acting, &link->frames);
    }
    return __real_link_flush(link, out);
}

/* libsodium's own randomness: sealed boxes and keys repeat with the seed. */
void
randombytes_buf(void *const out, const size_t size)
{
    static struct prng before;

    prng_fill(watched == NULL ? &before : &watched->prng, out, size);
}
