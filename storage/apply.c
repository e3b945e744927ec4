/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "storage/apply_internal.h"
#include "storage/bodies.h"
#include "storage/fork.h"

enum err
apply_refuse(struct store *store, uint64_t arrival, enum void_reason reason,
    struct err_msg *msg)
{
    struct key key = key_u64(arrival);
    uint8_t value = (uint8_t)reason;

    store->refused++;
    return txn_put(
        store->txn, TABLE_REFUSED, key_bytes(&key), bytes_of(&value, 1), msg);
}

enum err
apply_rank(
    struct store *store, struct dot dot, uint64_t *out, struct err_msg *msg)
{
    struct log_state *state = store->states[dot.log];
    struct stored_entry stored;
    enum err rc = ERR_OK;

    if (dot.position + 1 == state->author.applied) {
        *out = state->author.rank;
        return ERR_OK;
    }
    rc = entries_get(store->txn, dot, &stored, msg);
    if (rc == ERR_NOT_FOUND ||
        (rc == ERR_OK && (stored.flags & ENTRY_FLAG_APPLIED) == 0)) {
        return err_set(msg, ERR_CORRUPT, "an applied entry is missing");
    }
    if (rc == ERR_OK) {
        *out = stored.rank;
    }
    return rc;
}

/* Is all that the clock counts applied here? And the rank that follows. */
static enum err
check_causes(struct store *store, const struct author *author,
    const struct delta *delta, struct applied *out, struct err_msg *msg)
{
    uint64_t rank = author->rank;

    for (size_t i = 0; i < delta->count; i++) {
        uint64_t size = num_min_u64(
            delta->items[i].size, fork_counted_max(store, delta->items[i].log));
        struct dot last = {delta->items[i].log, size - 1};
        uint64_t its = 0;
        enum err rc = ERR_OK;

        if (size == 0) {
            continue;
        }
        if (store->states[last.log]->author.applied < size) {
            out->is_blocked = true;
            return ERR_OK;
        }
        rc = apply_rank(store, last, &its, msg);
        if (rc != ERR_OK) {
            return rc;
        }
        rank = num_max_u64(rank, its);
    }
    out->rank = rank + 1;
    return ERR_OK;
}

static enum err
make_checkpoint(
    struct store *store, const struct log_state *state, struct applied *out)
{
    enum err rc = ERR_OK;

    if (state->author.applied % ENTRY_CHECKPOINT_EVERY != 0) {
        return ERR_OK;
    }
    buf_clear(&store->scratch);
    rc = author_encode(&store->scratch, &state->author);
    if (rc == ERR_OK) {
        rc = buf_err(&store->scratch);
    }
    out->checkpoint = buf_bytes(&store->scratch);
    return rc;
}

/* Past a malformed entry: it counts nothing and is listed. */
static enum err
apply_malformed(struct store *store, struct log_state *state,
    const struct stored_entry *stored, struct applied *out, struct err_msg *msg)
{
    enum err rc = author_advance(&state->author, NULL, NULL, 0);

    out->rank = state->author.rank;
    out->time = state->author.time;
    state->is_dirty = true;
    return rc == ERR_OK
               ? apply_refuse(store, stored->arrival, VOID_MALFORMED, msg)
               : rc;
}

/* "Control entries stand in control logs, the others in changes logs." */
static bool
is_of_its_log(const struct stored_entry *stored, enum log_kind kind)
{
    bool is_control = stored->entry.kind == ENTRY_CONTROL;
    bool is_change = stored->entry.kind == ENTRY_CHANGE;

    return kind == LOG_CONTROL ? !is_change : !is_control;
}

/* What an entry says beyond its clock. */
static enum err
apply_body_of(
    struct applying *a, const struct stored_entry *stored, struct err_msg *msg)
{
    enum log_kind kind = (enum log_kind)a->state->author.id.kind;

    if (!is_of_its_log(stored, kind)) {
        return apply_refuse(a->store, stored->arrival, VOID_MALFORMED, msg);
    }
    switch (stored->entry.kind) {
    case ENTRY_CONTROL:
        return apply_control(a, msg);
    case ENTRY_CHANGE:
        return apply_change(a, msg);
    default:
        return apply_refuse(a->store, stored->arrival, VOID_UNKNOWN, msg);
    }
}

/* Resolve the entry's clock; is all that it counts applied? */
static enum err
look_up(struct store *store, const struct author *author,
    const struct header *header, struct applied *out, struct err_msg *msg)
{
    enum err rc = ERR_OK;

    out->is_blocked = !header_clock_is_known(&store->logs, header);
    if (out->is_blocked) {
        return ERR_OK;
    }
    rc = header_clock_resolve(
        &store->header_clock, author, &store->logs, header);
    return rc == ERR_OK ? check_causes(store, author,
                              &store->header_clock.clock, out, msg)
                        : rc;
}

/*
 * The membership is evaluated before a change, and before a control entry
 * only when that is blocked: once for a batch of them, since each evaluation
 * looks at all statements. A cut that this overlooks is found when it is
 * evaluated, and what it overtakes is made again (state_changed.c).
 */
enum err
apply_entry(struct store *store, const struct stored_entry *stored,
    struct applied *out, struct err_msg *msg)
{
    struct log_state *state = store->states[stored->dot.log];
    struct author *author = &state->author;
    enum log_kind kind = (enum log_kind)author->id.kind;
    struct applying a = {store, state, stored, NULL, out};
    struct header header;
    enum err members = ERR_OK;
    enum err rc = header_decode(
        &header, stored->entry.header, kind, stored->dot.position);

    assert(stored->dot.position == author->applied);
    *out = (struct applied){0};
    atomic_fetch_add(&store->pulse, 1);
    a.header = &header;
    store->is_dirty = true;
    if (rc == ERR_OK && kind == LOG_CHANGES) {
        members = state_members(store, msg);
    }
    if (rc == ERR_OK && members == ERR_OK && bodies_is_hole(store, stored)) {
        out->is_blocked = true;
        return ERR_OK;
    }
    if (rc == ERR_OK && members == ERR_OK) {
        rc = look_up(store, author, &header, out, msg);
    }
    /* What was stated since may know the log, or have cut it. */
    if (rc == ERR_OK && members == ERR_OK && out->is_blocked &&
        store->membership_dirty) {
        members = state_members(store, msg);
        if (members == ERR_OK) {
            rc = look_up(store, author, &header, out, msg);
        }
    }
    if (members != ERR_OK || (rc == ERR_OK && out->is_blocked)) {
        return members;
    }
    if (rc == ERR_OK || rc == ERR_MALFORMED) {
        enum err made = make_checkpoint(store, state, out);
        rc = made == ERR_OK ? rc : made;
    }
    if (rc == ERR_MALFORMED || rc == ERR_TOO_BIG) {
        return apply_malformed(store, state, stored, out, msg);
    }
    if (rc == ERR_OK) {
        rc = author_advance(author, &store->header_clock, &header, out->rank);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    state->is_dirty = true;
    out->time = author->time;
    store->time_max = num_max_u64(store->time_max, author->time);
    /* The entry does not count itself while it is judged and merged. */
    author_count_own(author, stored->dot.position);
    rc = apply_body_of(&a, stored, msg);
    author_count_own(author, author->applied);
    return rc;
}

static void
note_applied(struct stored_entry *stored, const struct applied *applied)
{
    stored->flags |= ENTRY_FLAG_APPLIED;
    stored->previous = applied->previous;
    stored->rank = applied->rank;
    stored->time = applied->time;
    stored->checkpoint = applied->checkpoint;
    if (applied->checkpoint.size > 0) {
        stored->flags |= ENTRY_FLAG_CHECKPOINT;
    }
}

enum err
apply_append(
    struct store *store, const struct append *append, struct err_msg *msg)
{
    struct log_state *state = store->states[append->log];
    struct stored_entry stored = {
        .arrival = store->next_arrival,
        .flags = append->entry->has_body ? 0 : ENTRY_FLAG_ABSENT,
        .dot = {append->log, append->position},
        .leaf = append->nodes[0],
        .has_leaf = true,
        .nodes = append->nodes[0].bytes + sizeof(struct hash),
        .node_count = append->node_count,
        .entry = *append->entry,
    };
    struct applied applied = {.is_blocked = true};
    enum err rc = ERR_OK;

    store->is_dirty = true;
    if (state->author.applied == append->position) {
        rc = apply_entry(store, &stored, &applied, msg);
    }
    if (rc == ERR_OK && !applied.is_blocked) {
        note_applied(&stored, &applied);
    }
    if (rc == ERR_OK) {
        rc = entries_append(store->txn, &stored, msg);
    }
    if (rc == ERR_OK && state->run_next != stored.arrival) {
        rc = entries_put_run(store->txn, stored.dot, stored.arrival, msg);
    }
    if (!append->entry->has_body) {
        bodies_note_absent(state, append->position);
    }
    store->next_arrival++;
    state->run_next = store->next_arrival;
    state->is_dirty = true;
    return rc;
}

/* Is the entry's own row as it should be? If not, write it again. */
enum err
apply_rewrite(struct store *store, struct stored_entry *stored,
    const struct applied *applied, struct err_msg *msg)
{
    if ((stored->flags & ENTRY_FLAG_APPLIED) != 0 &&
        stored->previous == applied->previous &&
        stored->rank == applied->rank && stored->time == applied->time &&
        bytes_equal(stored->checkpoint, applied->checkpoint)) {
        return ERR_OK;
    }
    note_applied(stored, applied);
    return entries_rewrite(store->txn, stored, msg);
}

/* Try the next waiting entry of one log. */
static enum err
apply_next(
    struct store *store, uint32_t log, bool *out_applied, struct err_msg *msg)
{
    struct dot dot = {log, store->states[log]->author.applied};
    struct stored_entry stored;
    struct applied applied;
    struct buf copy = {.limit = ENTRY_COPY_BYTES_MAX};
    enum err rc = entries_get(store->txn, dot, &stored, msg);

    if (rc == ERR_NOT_FOUND) {
        rc = err_set(msg, ERR_CORRUPT, "a stored entry is missing");
    }
    if (rc == ERR_OK) {
        rc = entries_copy(&stored, &copy);
    }
    if (rc == ERR_OK) {
        rc = apply_entry(store, &stored, &applied, msg);
    }
    if (rc == ERR_OK && !applied.is_blocked) {
        rc = apply_rewrite(store, &stored, &applied, msg);
        *out_applied = true;
    }
    buf_release(&copy);
    return rc;
}

enum err
apply_waiting(struct store *store, struct err_msg *msg)
{
    bool progress = true;
    enum err rc = ERR_OK;

    while (progress && rc == ERR_OK) {
        progress = false;
        for (uint32_t log = 0; log < store->state_count && rc == ERR_OK;) {
            struct log_state *state = store->states[log];
            bool applied = false;

            if (state->author.applied < state->edge.size &&
                !(store->only_control &&
                    state->author.id.kind != LOG_CONTROL)) {
                rc = apply_next(store, log, &applied, msg);
            }
            progress = progress || applied;
            log += applied ? 0 : 1;
        }
    }
    return rc;
}
