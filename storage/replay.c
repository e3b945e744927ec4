/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/replay.h"

#include <assert.h>

void
replay_release(struct replay *replay)
{
    for (size_t i = 0; i < REPLAY_SLOTS; i++) {
        if (replay->slots[i].has) {
            author_release(&replay->slots[i].author);
        }
    }
    header_clock_release(&replay->clock);
    *replay = (struct replay){0};
}

/* An entry that was applied once is there, and well formed. */
static enum err
as_corrupt(enum err rc, struct err_msg *msg)
{
    if (rc == ERR_NOT_FOUND || rc == ERR_MALFORMED || rc == ERR_TOO_BIG) {
        return err_set(msg, ERR_CORRUPT, "a stored entry is damaged");
    }
    return rc;
}

/* The slot that has least to go to `dot`, from `from` on; or NULL. */
static struct replay_slot *
find_slot(struct replay *replay, struct dot dot, uint64_t from)
{
    struct replay_slot *best = NULL;

    for (size_t i = 0; i < REPLAY_SLOTS; i++) {
        struct replay_slot *slot = &replay->slots[i];

        if (slot->has && slot->author.log == dot.log &&
            slot->author.applied >= from &&
            slot->author.applied <= dot.position &&
            (best == NULL || slot->author.applied > best->author.applied)) {
            best = slot;
        }
    }
    return best;
}

struct author *
replay_before(struct replay *replay, struct dot dot)
{
    struct replay_slot *slot = find_slot(replay, dot, dot.position);

    if (slot == NULL) {
        return NULL;
    }
    author_count_own(&slot->author, dot.position);
    return &slot->author;
}

static struct replay_slot *
oldest_slot(struct replay *replay)
{
    struct replay_slot *oldest = &replay->slots[0];

    for (size_t i = 1; i < REPLAY_SLOTS; i++) {
        if (replay->slots[i].used < oldest->used) {
            oldest = &replay->slots[i];
        }
    }
    if (oldest->has) {
        author_release(&oldest->author);
        oldest->has = false;
    }
    return oldest;
}

/* A slot at the checkpoint `start`. */
static enum err
load_slot(struct replay *replay, struct dot start, struct replay_slot **out,
    struct err_msg *msg)
{
    struct replay_slot *slot = oldest_slot(replay);
    struct stored_entry stored;
    enum err rc = entries_get(replay->reader->txn, start, &stored, msg);

    if (rc == ERR_OK && (stored.flags & ENTRY_FLAG_CHECKPOINT) == 0) {
        return err_set(msg, ERR_CORRUPT, "a checkpoint is missing");
    }
    if (rc == ERR_OK) {
        rc = author_decode(
            &slot->author, replay->reader->logs, stored.checkpoint);
    }
    if (rc != ERR_OK) {
        return as_corrupt(rc, msg);
    }
    slot->has = true;
    slot->follow =
        (struct entries_follow){.txn = replay->reader->txn, .next = start};
    if (slot->author.log != start.log ||
        slot->author.applied != start.position) {
        return as_corrupt(ERR_MALFORMED, msg);
    }
    *out = slot;
    return ERR_OK;
}

/* Advance over one entry. ERR_MALFORMED when it counts nothing. */
static enum err
step(struct replay *replay, struct author *author,
    const struct stored_entry *stored, struct header *header)
{
    enum log_kind kind = (enum log_kind)author->id.kind;
    enum err rc =
        header_decode(header, stored->entry.header, kind, author->applied);

    if (rc == ERR_OK) {
        rc = header_clock_resolve(
            &replay->clock, author, replay->reader->logs, header);
    }
    if (rc == ERR_OK) {
        return author_advance(author, &replay->clock, header, stored->rank);
    }
    if (rc == ERR_MALFORMED || rc == ERR_TOO_BIG) {
        rc = author_advance(author, NULL, NULL, 0);
        return rc == ERR_OK ? ERR_MALFORMED : rc;
    }
    return rc;
}

enum err
replay_seek(struct replay *replay, struct dot dot, struct replayed *out,
    struct err_msg *msg)
{
    struct dot start = {
        dot.log, dot.position - dot.position % ENTRY_CHECKPOINT_EVERY};
    struct replay_slot *slot = NULL;
    struct author *author = NULL;
    enum err rc = ERR_OK;

    if (dot.log >= replay->reader->logs->count) {
        return as_corrupt(ERR_MALFORMED, msg);
    }
    slot = find_slot(replay, dot, start.position);
    if (slot == NULL) {
        rc = load_slot(replay, start, &slot, msg);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    assert(slot != NULL);
    slot->used = ++replay->turn;
    author = &slot->author;
    author_count_own(author, author->applied);
    while (author->applied <= dot.position) {
        bool is_last = author->applied == dot.position;

        rc = entries_follow(&slot->follow, &out->stored, msg);
        if (rc == ERR_OK) {
            rc = step(replay, author, &out->stored, &out->header);
        }
        if (rc != ERR_OK && (rc != ERR_MALFORMED || is_last)) {
            return as_corrupt(rc, msg);
        }
    }
    author_count_own(author, dot.position);
    out->author = author;
    return ERR_OK;
}
