/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own entries: headers that count what is applied here, sealed bodies,
 * statements; appended by the same path as everybody's.
 */
#include "storage/local.h"

#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "sync/model/hlc.h"

void
local_random(struct store *store, void *out, size_t size)
{
    store->options.random(store->options.random_context, out, size);
}

enum err
local_log(struct store *store, enum log_kind kind, uint32_t *out)
{
    struct log_id id = {store->self.sign, (uint8_t)kind};

    return state_log(store, &id, out);
}

/* What is applied here, of one kind of log or of all. */
static enum err
applied_clock(
    struct store *store, bool control, bool changes, struct vclock *out)
{
    enum err rc = ERR_OK;

    vclock_clear(out);
    for (uint32_t i = 0; i < store->state_count && rc == ERR_OK; i++) {
        const struct author *author = &store->states[i]->author;
        bool wanted = author->id.kind == LOG_CONTROL ? control : changes;

        if (wanted && author->applied > 0) {
            rc = vclock_raise(out, i, author->applied);
        }
    }
    return rc;
}

enum err
local_clock(struct store *store, enum log_kind kind, struct local_clock *out)
{
    uint32_t own = 0;
    enum err rc = applied_clock(store, true, kind == LOG_CHANGES, &out->clock);

    if (rc == ERR_OK && kind == LOG_CONTROL) {
        rc = applied_clock(store, false, true, &out->seen);
    }
    /* What was counted once may wait again (storage/bodies.h), or be part of a
     * log that is frozen before its end is back here after a restore; what a
     * log says of others never runs back. */
    if (rc == ERR_OK) {
        rc = local_log(store, kind, &own);
    }
    if (rc == ERR_OK) {
        rc = vclock_merge(&out->clock, &store->states[own]->author.clock);
    }
    if (rc == ERR_OK && kind == LOG_CONTROL) {
        rc = vclock_merge(&out->seen, &store->states[own]->author.seen);
    }
    return rc;
}

void
local_clock_release(struct local_clock *clock)
{
    vclock_release(&clock->clock);
    vclock_release(&clock->seen);
}

uint64_t
local_time(struct store *store, const struct log_state *state)
{
    return hlc_next(state->author.time, store->time_max, store->wall_ms);
}

enum err
local_check(struct store *store, uint32_t log, struct err_msg *msg)
{
    const struct log_state *state = store->states[log];

    if (state->is_forked) {
        return err_set(msg, ERR_FORK,
            "this node's log was continued elsewhere (by a copy of its home, "
            "or before a restore), so two versions of it are signed: nothing "
            "more is written to it, what was written stays; enrol a new node "
            "of this office, and have this one retired");
    }
    if (state->has_target || state->awaited_count > 0 ||
        state->author.applied != state->edge.size) {
        return err_set(msg, ERR_BUSY,
            "this node's own log is not fully read back yet (an older copy of "
            "its home was put back): sync with the offices that hold the rest; "
            "if none does any more, enrol a new node of this office");
    }
    return ERR_OK;
}

enum err
local_check_right(struct store *store, struct dot next,
    const struct local_clock *clock, struct err_msg *msg)
{
    const struct office *self =
        membership_office(&store->membership, &store->options.office);
    enum void_reason reason =
        membership_allows(&store->membership, next, &clock->clock, ROLE_WRITE);

    if (reason == VOID_NONE) {
        return ERR_OK;
    }
    if (office_holds_keys(self)) {
        return err_set(msg, ERR_DENIED, "this office may not write here: %s",
            void_reason_text(reason));
    }
    return err_set(msg, ERR_DENIED,
        (self->roles & ROLE_RELAY) != 0
            ? "this office relays: it carries records and may not write any"
            : "this office audits: it may look over what others signed, and "
              "not write records");
}

enum err
local_append(struct store *store, uint32_t log, const struct entry *entry,
    struct dot *out, struct err_msg *msg)
{
    struct log_state *state = store->states[log];
    struct hash nodes[MERKLE_LEVELS_MAX];
    struct hash leaf;
    struct append append = {
        .log = log,
        .position = state->edge.size,
        .entry = entry,
        .nodes = nodes,
    };
    struct merkle_edge edge = state->edge;
    enum err rc = local_check(store, log, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    entry_leaf_hash(&leaf, entry);
    append.node_count = merkle_append(&edge, &leaf, nodes);
    rc = apply_append(store, &append, msg);
    if (rc == ERR_OK) {
        state->edge = edge;
        state->signs = true;
        state->is_dirty = true;
        *out = (struct dot){log, append.position};
    }
    return rc;
}

enum err
store_state(struct store *store, struct bytes statement, struct dot *out,
    struct err_msg *msg)
{
    struct local_clock clock = {0};
    struct buf header = {0};
    struct entry entry = {.kind = ENTRY_CONTROL, .has_body = true};
    struct header_out options = {0};
    struct seal seal;
    uint32_t log = 0;
    enum err rc = local_log(store, LOG_CONTROL, &log);

    if (rc == ERR_OK) {
        rc = local_clock(store, LOG_CONTROL, &clock);
    }
    if (rc == ERR_OK) {
        options.time = local_time(store, store->states[log]);
        options.clock = &clock.clock;
        options.seen = &clock.seen;
        rc = header_encode(
            &header, &store->states[log]->author, &store->logs, &options);
    }
    if (rc == ERR_OK) {
        local_random(store, seal.bytes, sizeof(seal.bytes));
        header_put_seal(&header, &seal);
        rc = buf_err(&header);
    }
    if (rc == ERR_OK) {
        entry.header = buf_bytes(&header);
        entry.body = statement;
        hash_sha256(&entry.body_hash, statement);
        rc = local_append(store, log, &entry, out, msg);
    }
    if (rc == ERR_OK) {
        rc = state_members(store, msg);
    }
    buf_release(&header);
    local_clock_release(&clock);
    return rc;
}

enum err
store_name_dot(struct store *store, struct dot dot, struct author_dot *out)
{
    struct local_clock clock = {0};
    struct header_clock resolved = {0};
    struct buf bytes = {0};
    struct header header;
    struct header_out options = {0};
    struct seal seal = {{0}};
    uint32_t log = 0;
    enum err rc = local_log(store, LOG_CONTROL, &log);

    /* The next statement's clock may name the log for the first time: write
     * that header, and read from it how it will. */
    if (rc == ERR_OK) {
        rc = local_clock(store, LOG_CONTROL, &clock);
    }
    if (rc == ERR_OK) {
        options.time = store->states[log]->author.time;
        options.clock = &clock.clock;
        options.seen = &clock.seen;
        rc = header_encode(
            &bytes, &store->states[log]->author, &store->logs, &options);
    }
    if (rc == ERR_OK) {
        header_put_seal(&bytes, &seal);
        rc = buf_err(&bytes);
    }
    if (rc == ERR_OK) {
        rc = header_decode(&header, buf_bytes(&bytes), LOG_CONTROL,
            store->states[log]->edge.size);
    }
    if (rc == ERR_OK) {
        rc = header_clock_resolve(
            &resolved, &store->states[log]->author, &store->logs, &header);
    }
    if (rc == ERR_OK &&
        !author_name_with(&store->states[log]->author, &resolved, dot, out)) {
        rc = ERR_NOT_FOUND;
    }
    header_clock_release(&resolved);
    buf_release(&bytes);
    local_clock_release(&clock);
    return rc;
}
