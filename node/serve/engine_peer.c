/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of peers between sessions. */
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "node/serve/clock_walk.h"
#include "node/serve/engine_internal.h"

enum { PEER_VERSION = 2, PEER_ITEMS = 8, PEER_NAME_CHARS = 5 + 64 };

static void
peer_name(char out[PEER_NAME_CHARS + 1], const struct node_id *node)
{
    memcpy(out, "peer/", 5);
    hex_encode(out + 5, bytes_of(node->bytes, sizeof(node->bytes)));
}

void
peer_free(struct peer *peer)
{
    if (peer != NULL) {
        buf_release(&peer->clock);
        buf_release(&peer->sent);
        buf_release(&peer->heard[0]);
        buf_release(&peer->heard[1]);
        mem_free(peer);
    }
}

enum err
peer_encode(struct buf *out, const struct peer *peer)
{
    cbor_put_array(out, PEER_ITEMS);
    cbor_put_uint(out, PEER_VERSION);
    cbor_put_uint(out, peer->confirmed_ms);
    cbor_put_uint(out, peer->seen_ms);
    cbor_put_bytes(out, buf_bytes(&peer->clock));
    cbor_put_bytes(out, buf_bytes(&peer->sent));
    cbor_put_bytes(out, buf_bytes(&peer->heard[0]));
    cbor_put_bytes(out, buf_bytes(&peer->heard[1]));
    cbor_put_uint(out, peer->vouched);
    return buf_err(out);
}

/* A clock that is none is passed over: the next session says it in full. */
static void
take_clock(struct cursor *cursor, struct buf *out)
{
    struct bytes full = cbor_get_bytes(cursor);

    buf_clear(out);
    if (full.size > 0 && vclock_check(full) == ERR_OK) {
        buf_put_bytes(out, full);
    }
}

enum err
peer_decode(struct peer *peer, struct bytes note)
{
    struct cursor cursor = cursor_init(note);
    enum err rc = ERR_OK;

    if (cbor_get_array(&cursor) != PEER_ITEMS ||
        cbor_get_uint(&cursor) != PEER_VERSION) {
        return ERR_MALFORMED;
    }
    peer->confirmed_ms = cbor_get_uint(&cursor);
    peer->seen_ms = cbor_get_uint(&cursor);
    take_clock(&cursor, &peer->clock);
    take_clock(&cursor, &peer->sent);
    take_clock(&cursor, &peer->heard[0]);
    take_clock(&cursor, &peer->heard[1]);
    peer->vouched = cbor_get_uint(&cursor);
    rc = cursor_end(&cursor);
    if (rc == ERR_OK &&
        (buf_err(&peer->clock) != ERR_OK || buf_err(&peer->sent) != ERR_OK ||
            buf_err(&peer->heard[0]) != ERR_OK ||
            buf_err(&peer->heard[1]) != ERR_OK)) {
        rc = ERR_NOMEM;
    }
    return rc;
}

/* What its note says; a peer never met, or a note that is none, is empty. */
static enum err
load(struct engine *engine, struct peer *peer)
{
    char name[PEER_NAME_CHARS + 1];
    struct view *view = NULL;
    struct buf note = {0};
    enum err rc = view_open(&view, engine->node->store, NULL);

    if (rc != ERR_OK) {
        return rc;
    }
    peer_name(name, &peer->node);
    rc = view_note(view, bytes_text(name), &note, NULL);
    if (rc == ERR_OK && peer_decode(peer, buf_bytes(&note)) != ERR_OK) {
        struct node_id node = peer->node;
        struct peer *empty = mem_zalloc(1, sizeof(*empty));
        rc = empty == NULL ? ERR_NOMEM : ERR_NOT_FOUND;
        if (empty != NULL) {
            struct peer was = *peer;
            *peer = *empty;
            peer->node = node;
            *empty = was;
            peer_free(empty);
        }
    }
    buf_release(&note);
    view_close(view);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

static struct peer *
find(struct engine *engine, const struct node_id *node)
{
    for (size_t i = 0; i < engine->peer_count; i++) {
        if (node_id_equal(&engine->peers[i]->node, node)) {
            return engine->peers[i];
        }
    }
    return NULL;
}

struct peer *
peer_get(struct engine *engine, const struct node_id *node)
{
    struct peer *peer = find(engine, node);

    if (peer != NULL) {
        return peer;
    }
    if (mem_grow((void **)&engine->peers, &engine->peer_capacity,
            engine->peer_count + 1, sizeof(*engine->peers)) != ERR_OK) {
        return NULL;
    }
    peer = mem_zalloc(1, sizeof(*peer));
    if (peer == NULL) {
        return NULL;
    }
    peer->node = *node;
    peer->save_ms = UINT64_MAX;
    if (load(engine, peer) != ERR_OK) {
        peer_free(peer);
        return NULL;
    }
    engine->peers[engine->peer_count] = peer;
    engine->peer_count++;
    return peer;
}

static void
touch(struct engine *engine, struct peer *peer)
{
    peer->seen_ms = engine->ops.wall_ms(engine->ops.context);
    if (!peer->is_dirty) {
        peer->is_dirty = true;
        peer->save_ms = engine_now(engine) + ENGINE_PEER_SAVE_MS;
    }
}

/* Replace it whole, or (without memory) empty it: that is always true too. */
static void
replace(struct buf *out, struct bytes bytes)
{
    buf_clear(out);
    buf_put_bytes(out, bytes);
    if (buf_err(out) != ERR_OK) {
        buf_clear(out);
    }
}

void
peer_set_clock(struct engine *engine, struct peer *peer, struct bytes clock)
{
    replace(&peer->clock, clock);
    touch(engine, peer);
    engine->wants_hold = true;
}

void
peer_set_bases(struct engine *engine, struct peer *peer, struct bytes sent,
    struct bytes heard)
{
    if (sent.size > 0) {
        replace(&peer->sent, sent);
    }
    if (heard.size > 0 && !bytes_equal(heard, buf_bytes(&peer->heard[0]))) {
        struct buf older = peer->heard[1];
        peer->heard[1] = peer->heard[0];
        peer->heard[0] = older;
        replace(&peer->heard[0], heard);
    }
    touch(engine, peer);
}

void
peer_set_vouched(struct engine *engine, struct peer *peer, uint64_t sequence)
{
    peer->vouched = sequence;
    touch(engine, peer);
}

/* One peer's note, on its way to the writer. */
struct peer_job {
    struct job job;
    struct post post;
    struct engine *engine;
    struct node_id node;
    struct buf note;
    enum err rc;
};

static enum err
save_run(struct job *job, struct store *store, struct err_msg *msg)
{
    struct peer_job *save = LIST_ITEM(job, struct peer_job, job);
    char name[PEER_NAME_CHARS + 1];

    peer_name(name, &save->node);
    return store_put_note(store, bytes_text(name), buf_bytes(&save->note), msg);
}

/* On the writer's thread. */
static void
save_done(struct job *job, enum err rc, const struct err_msg *msg)
{
    struct peer_job *save = LIST_ITEM(job, struct peer_job, job);

    (void)msg;
    save->rc = rc;
    engine_post(save->engine, &save->post);
}

static void
save_deliver(struct post *post)
{
    struct peer_job *save = LIST_ITEM(post, struct peer_job, post);
    struct engine *engine = save->engine;
    struct peer *peer = find(engine, &save->node);

    engine_job_done(engine);
    /* A note that was not written costs the next session some bytes. */
    if (save->rc != ERR_OK && peer != NULL && engine->is_started) {
        touch(engine, peer);
    }
    buf_release(&save->note);
    mem_free(save);
}

static void
save(struct engine *engine, struct peer *peer)
{
    struct peer_job *job = mem_zalloc(1, sizeof(*job));

    peer->save_ms = engine_now(engine) + ENGINE_PEER_SAVE_MS;
    if (job == NULL) {
        return;
    }
    job->job.run = save_run;
    job->job.done = save_done;
    job->post.deliver = save_deliver;
    job->engine = engine;
    job->node = peer->node;
    if (peer_encode(&job->note, peer) != ERR_OK ||
        engine_submit(engine, &job->job) != ERR_OK) {
        buf_release(&job->note);
        mem_free(job);
        return;
    }
    peer->is_dirty = false;
    peer->save_ms = UINT64_MAX;
}

void
peer_save(struct engine *engine, bool all)
{
    uint64_t now_ms = engine_now(engine);

    for (size_t i = 0; i < engine->peer_count; i++) {
        struct peer *peer = engine->peers[i];
        if (peer->is_dirty && (all || now_ms >= peer->save_ms)) {
            save(engine, peer);
        }
    }
}

uint64_t
peer_wake_ms(const struct engine *engine)
{
    uint64_t wake_ms = UINT64_MAX;

    for (size_t i = 0; i < engine->peer_count; i++) {
        if (engine->peers[i]->is_dirty) {
            wake_ms = num_min_u64(wake_ms, engine->peers[i]->save_ms);
        }
    }
    return wake_ms;
}

void
peer_save_one(struct engine *engine, const struct node_id *node)
{
    struct peer *peer = find(engine, node);

    if (peer != NULL && peer->is_dirty && engine->is_started) {
        save(engine, peer);
    }
}

void
peer_forget(struct engine *engine)
{
    for (size_t i = 0; i < engine->peer_count; i++) {
        peer_free(engine->peers[i]);
    }
    engine->peer_count = 0;
}

static struct call *
find_call(struct engine *engine, const struct node_id *node)
{
    struct list *at = engine->calls.next;

    for (; at != &engine->calls; at = at->next) {
        struct call *call = LIST_ITEM(at, struct call, link);
        if (!call->is_closed && call->is_confirmed &&
            node_id_equal(&call->peer, node)) {
            return call;
        }
    }
    return NULL;
}

static enum err
read_role(struct engine *engine, struct peer_status *out)
{
    struct view *view = NULL;
    enum err rc = view_open(&view, engine->node->store, NULL);

    if (rc == ERR_OK) {
        out->lacks_bodies = !view_takes_bodies(view, &out->node);
    }
    view_close(view);
    return rc;
}

/* What either side has not got, but for what nobody waits for. */
static void
count_entries(const struct engine *engine, const struct peer *peer,
    struct peer_status *out)
{
    struct bytes ours = buf_bytes(&engine->clock);
    struct bytes theirs = buf_bytes(&peer->clock);
    struct clock_terms terms = {0};

    /* What is stranded in a forked log of ours is in nobody's hands. */
    if (!engine_is_forked(engine)) {
        terms.limits = engine->limits;
        terms.limit_count = engine->limit_count;
    }
    terms.only_control = engine->lacks_bodies && !out->lacks_bodies;
    out->waiting = clock_excess(ours, theirs, &terms);
    terms.limits = engine->limits;
    terms.limit_count = engine->limit_count;
    terms.only_control = out->lacks_bodies && !engine->lacks_bodies;
    out->missing = clock_excess(theirs, ours, &terms);
}

enum err
engine_peer_status(
    struct engine *engine, const struct node_id *node, struct peer_status *out)
{
    struct peer_status status = {.node = *node};
    struct peer *peer = NULL;
    struct call *call = NULL;
    enum err rc = ERR_OK;

    if (!engine->is_started) {
        *out = status;
        return ERR_OK;
    }
    peer = peer_get(engine, node);
    if (peer == NULL) {
        return ERR_NOMEM;
    }
    status.confirmed_ms = peer->confirmed_ms;
    status.seen_ms = peer->seen_ms;
    rc = read_role(engine, &status);
    if (rc != ERR_OK) {
        return rc;
    }
    count_entries(engine, peer, &status);
    call = find_call(engine, node);
    if (call != NULL) {
        struct session_status session;
        session_status(call->session, &session);
        status.is_connected = true;
        status.is_dialler = call->is_dialler;
        status.is_synced = session.is_synced && !status.lacks_bodies &&
                           !engine_is_forked(engine);
        status.has_headers = (status.lacks_bodies || engine->lacks_bodies) &&
                             call->level == LEVEL_FULL && status.waiting == 0 &&
                             status.missing == 0;
        status.level = call->level;
        status.bytes_sent = session.bytes_sent;
        status.bytes_received = session.bytes_received;
        if (status.is_synced) {
            status.confirmed_ms = engine->ops.wall_ms(engine->ops.context);
        }
    }
    *out = status;
    return ERR_OK;
}
