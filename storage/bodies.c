/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/bodies.h"

#include "crypto/base/num.h"
#include "crypto/hash.h"

bool
bodies_unwanted(const struct store *store)
{
    const struct office *self =
        membership_office(&store->membership, &store->options.office);

    /* Nobody sends anything to the retired: nothing is due to them. */
    return self != NULL && (self->is_retired || !office_holds_bodies(self));
}

void
bodies_drop(const struct store *store, struct batch *batch)
{
    if (!bodies_unwanted(store)) {
        return;
    }
    for (size_t i = 0; i < batch->count; i++) {
        struct entry *entry = &batch->entries[i];

        if (entry->kind == ENTRY_CHANGE && entry->has_body) {
            hash_sha256(&entry->body_hash, entry->body);
            entry->has_body = false;
            entry->body = bytes_of(NULL, 0);
        }
    }
}

/*
 * docs/protocol.md, "Entries": a body may be absent only where an erasure
 * covers it, and none does yet; or because this node may not hold bodies,
 * which are those of changes only.
 */
enum err
bodies_check(const struct store *store, const struct batch *batch)
{
    bool may_lack = bodies_unwanted(store);

    for (size_t i = 0; i < batch->count; i++) {
        if (!batch->entries[i].has_body &&
            !(may_lack && batch->entries[i].kind == ENTRY_CHANGE)) {
            return ERR_DENIED;
        }
    }
    return ERR_OK;
}

void
bodies_note_absent(struct log_state *state, uint64_t position)
{
    if (state->absent.count == 0) {
        state->absent.from = position;
    }
    state->absent.count++;
    state->absent.to = position + 1;
    state->is_dirty = true;
}

uint64_t
bodies_told(const struct store *store, const struct log_state *state)
{
    return state->absent.count == 0 || bodies_unwanted(store)
               ? state->edge.size
               : state->absent.from;
}

bool
bodies_is_hole(const struct store *store, const struct stored_entry *stored)
{
    const struct author *author = &store->states[stored->dot.log]->author;

    /* A change in a control log is void, whatever it holds. */
    return stored->entry.kind == ENTRY_CHANGE && !stored->entry.has_body &&
           author->id.kind == LOG_CHANGES && !bodies_unwanted(store);
}

/* Entries of the batch that are held already, from the first hole on. */
static uint64_t
held_end(const struct log_state *state, const struct batch *batch)
{
    return num_min_u64(batch->from + batch->count, state->edge.size);
}

/* The entry as it is stored, if its body is absent and the batch brings it;
 * ERR_NOT_FOUND: there is nothing to do. */
static enum err
find_hole(struct store *store, struct dot dot, const struct entry *brought,
    struct stored_entry *out, struct err_msg *msg)
{
    enum err rc = entries_get(store->txn, dot, out, msg);

    if (rc == ERR_NOT_FOUND) {
        return err_set(msg, ERR_CORRUPT, "a stored entry is missing");
    }
    return rc == ERR_OK && (out->entry.has_body || !brought->has_body)
               ? ERR_NOT_FOUND
               : rc;
}

enum err
bodies_compare(struct store *store, uint32_t log, const struct batch *batch,
    bool *out_fills, struct err_msg *msg)
{
    const struct log_state *state = store->states[log];
    uint64_t end = held_end(state, batch);
    bool fills = false;

    if (bodies_unwanted(store) || state->absent.count == 0 ||
        batch->from >= state->absent.to) {
        *out_fills = false;
        return ERR_OK;
    }
    for (uint64_t at = batch->from; at < end; at++) {
        const struct entry *brought = &batch->entries[at - batch->from];
        struct stored_entry stored;
        struct hash hash;
        enum err rc =
            find_hole(store, (struct dot){log, at}, brought, &stored, msg);

        if (rc == ERR_NOT_FOUND) {
            continue;
        }
        if (rc != ERR_OK) {
            return rc;
        }
        hash_sha256(&hash, brought->body);
        if (!hash_equal(&hash, &stored.entry.body_hash)) {
            return err_set(msg, ERR_BAD_SIGNATURE,
                "a body is not the one that its entry was stored with");
        }
        fills = true;
    }
    /* Of what lies between the holes nothing is missing: pass over it. */
    *out_fills = fills || (batch->from <= state->absent.from &&
                              end > state->absent.from);
    return ERR_OK;
}

static enum err
fill_one(struct store *store, struct log_state *state,
    struct stored_entry *stored, struct bytes body, struct err_msg *msg)
{
    enum err rc = ERR_OK;

    stored->flags &= (uint8_t)~ENTRY_FLAG_ABSENT;
    stored->entry.has_body = true;
    stored->entry.body = body;
    rc = entries_rewrite(store->txn, stored, msg);
    if (rc == ERR_OK) {
        state->absent.count--;
    }
    return rc;
}

enum err
bodies_fill(struct store *store, uint32_t log, const struct batch *batch,
    struct err_msg *msg)
{
    struct log_state *state = store->states[log];
    uint64_t end = held_end(state, batch);
    enum err rc = ERR_OK;

    store->is_dirty = true;
    state->is_dirty = true;
    for (uint64_t at = batch->from; at < end && rc == ERR_OK; at++) {
        const struct entry *brought = &batch->entries[at - batch->from];
        struct stored_entry stored;

        rc = find_hole(store, (struct dot){log, at}, brought, &stored, msg);
        if (rc == ERR_OK) {
            rc = fill_one(store, state, &stored, brought->body, msg);
        }
        rc = rc == ERR_NOT_FOUND ? ERR_OK : rc;
    }
    if (batch->from <= state->absent.from && end > state->absent.from) {
        state->absent.from = end;
    }
    if (state->absent.count == 0) {
        state->absent.from = 0;
        state->absent.to = 0;
    }
    return rc;
}
