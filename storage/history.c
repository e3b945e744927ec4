/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/history.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"

void
replay_release(struct replay *replay)
{
    for (size_t i = 0; i < replay->count; i++) {
        if (replay->has[i]) {
            author_release(&replay->authors[i]);
        }
    }
    mem_free(replay->authors);
    mem_free(replay->has);
    header_clock_release(&replay->clock);
    *replay = (struct replay){0};
}

static enum err
replay_reserve(struct replay *replay)
{
    size_t count = replay->reader->logs->count;

    if (replay->count >= count) {
        return ERR_OK;
    }
    struct author *authors = mem_zalloc(count, sizeof(*authors));
    bool *has = mem_zalloc(count, sizeof(*has));

    if (authors == NULL || has == NULL) {
        mem_free(authors);
        mem_free(has);
        return ERR_NOMEM;
    }
    if (replay->count > 0) {
        memcpy(authors, replay->authors, replay->count * sizeof(*authors));
        memcpy(has, replay->has, replay->count * sizeof(*has));
    }
    mem_free(replay->authors);
    mem_free(replay->has);
    replay->authors = authors;
    replay->has = has;
    replay->count = count;
    return ERR_OK;
}

/* Place the log's author before position `dot`, or earlier. */
static enum err
replay_place(struct replay *replay, struct dot dot, struct err_msg *msg)
{
    struct author *author = &replay->authors[dot.log];
    struct dot start = {
        dot.log, dot.position - dot.position % ENTRY_CHECKPOINT_EVERY};
    struct stored_entry stored;
    enum err rc = ERR_OK;

    if (replay->has[dot.log] && author->applied <= dot.position &&
        author->applied >= start.position) {
        return ERR_OK;
    }
    rc = entries_get(replay->reader->txn, start, &stored, msg);
    if (rc != ERR_OK) {
        return rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc;
    }
    if ((stored.flags & ENTRY_FLAG_CHECKPOINT) == 0) {
        return err_set(msg, ERR_CORRUPT, "a checkpoint is missing");
    }
    if (replay->has[dot.log]) {
        author_release(author);
        replay->has[dot.log] = false;
    }
    rc = author_decode(author, replay->reader->logs, stored.checkpoint);
    if (rc == ERR_OK) {
        replay->has[dot.log] = true;
        if (author->log != dot.log || author->applied != start.position) {
            rc = ERR_CORRUPT;
        }
    }
    return rc == ERR_MALFORMED ? ERR_CORRUPT : rc;
}

/* Advance over one entry. ERR_MALFORMED when it counts nothing. */
static enum err
replay_step(struct replay *replay, struct author *author,
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
    struct author *author = NULL;
    enum err rc = replay_reserve(replay);

    if (rc == ERR_OK && dot.log >= replay->count) {
        rc = ERR_CORRUPT;
    }
    if (rc == ERR_OK) {
        rc = replay_place(replay, dot, msg);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    author = &replay->authors[dot.log];
    author_count_own(author, author->applied);
    while (author->applied <= dot.position) {
        struct dot next = {dot.log, author->applied};

        rc = entries_get(replay->reader->txn, next, &out->stored, msg);
        if (rc != ERR_OK) {
            return rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc;
        }
        rc = replay_step(replay, author, &out->stored, &out->header);
        if (rc != ERR_OK &&
            (rc != ERR_MALFORMED || next.position == dot.position)) {
            return rc;
        }
    }
    author_count_own(author, dot.position);
    out->author = author;
    return ERR_OK;
}

void
history_release(struct history *history)
{
    mem_free(history->entries);
    *history = (struct history){0};
}

/* qsort has no context: sort by what each entry itself carries. */
struct sortable {
    struct history_entry entry;
    struct log_id id;
};

static int
compare_entries(const void *a, const void *b)
{
    const struct sortable *x = a;
    const struct sortable *y = b;
    int by_id = 0;

    if (x->entry.rank != y->entry.rank) {
        return x->entry.rank < y->entry.rank ? -1 : 1;
    }
    if (x->entry.time != y->entry.time) {
        return x->entry.time < y->entry.time ? -1 : 1;
    }
    by_id = log_id_compare(&x->id, &y->id);
    if (by_id != 0) {
        return by_id;
    }
    return x->entry.dot.position < y->entry.dot.position
               ? -1
               : x->entry.dot.position > y->entry.dot.position;
}

static enum err
collect_chain(struct reader *reader, struct dot dot, struct history *out,
    struct err_msg *msg)
{
    struct content_key *key = NULL;
    struct stored_entry stored;
    struct header header;
    uint64_t at = 0;
    enum err rc = content_get(reader->content, reader->txn, dot, &key, msg);

    if (rc != ERR_OK) {
        return rc == ERR_NOT_FOUND ? ERR_OK : rc;
    }
    for (at = key->head; at != 0 && rc == ERR_OK; at = stored.previous) {
        rc = entries_at(reader->txn, at - 1, &stored, msg);
        if (rc == ERR_NOT_FOUND) {
            /* The entry being applied is chained before it is written. */
            break;
        }
        if (rc == ERR_OK && stored.dot.log >= reader->logs->count) {
            rc = ERR_CORRUPT;
        }
        if (rc == ERR_OK) {
            rc = header_decode(&header, stored.entry.header,
                (enum log_kind)reader->logs->ids[stored.dot.log].kind,
                stored.dot.position);
        }
        if (rc == ERR_OK) {
            rc = mem_grow((void **)&out->entries, &out->capacity,
                out->count + 1, sizeof(*out->entries));
        }
        if (rc == ERR_OK) {
            out->entries[out->count++] =
                (struct history_entry){stored.dot, stored.rank, header.time};
        }
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

static enum err
sort_history(const struct reader *reader, struct history *history)
{
    struct sortable *items = NULL;

    if (history->count < 2) {
        return ERR_OK;
    }
    items = mem_zalloc(history->count, sizeof(*items));
    if (items == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < history->count; i++) {
        items[i].entry = history->entries[i];
        items[i].id = reader->logs->ids[history->entries[i].dot.log];
    }
    qsort(items, history->count, sizeof(*items), compare_entries);
    for (size_t i = 0; i < history->count; i++) {
        history->entries[i] = items[i].entry;
    }
    mem_free(items);
    return ERR_OK;
}

enum err
history_collect(struct reader *reader, const struct dot *keys, size_t key_count,
    struct history *out, struct err_msg *msg)
{
    struct history history = {0};
    enum err rc = ERR_OK;

    for (size_t i = 0; i < key_count && rc == ERR_OK; i++) {
        rc = collect_chain(reader, keys[i], &history, msg);
    }
    if (rc == ERR_OK) {
        rc = sort_history(reader, &history);
    }
    if (rc != ERR_OK) {
        history_release(&history);
        return rc;
    }
    *out = history;
    return ERR_OK;
}

/* One entry of the walk: skip what cannot be read or is another record's. */
static enum err
walk_entry(struct reader *reader, struct replay *replay,
    const struct history_entry *entry, const struct history_walk *walk,
    struct err_msg *msg)
{
    struct history_item item = {
        .dot = entry->dot, .rank = entry->rank, .time = entry->time};
    struct replayed replayed;
    struct content_key *key = NULL;
    struct change change = {0};
    struct buf plain = {0};
    struct dot dot = {0};
    enum err rc = replay_seek(replay, entry->dot, &replayed, msg);

    if (rc == ERR_OK &&
        (!replayed.header.has_key || !author_resolve(replayed.author, NULL,
                                         replayed.header.key, &dot))) {
        rc = ERR_CORRUPT;
    }
    if (rc == ERR_OK) {
        rc = content_get(reader->content, reader->txn, dot, &key, msg);
    }
    if (rc == ERR_OK && !(key->has_secret && replayed.stored.entry.has_body)) {
        return ERR_OK;
    }
    if (rc == ERR_OK) {
        struct open_change open = {replayed.author, &replayed.header,
            &replayed.stored.entry, entry->dot, key};
        rc = reader_open_change(reader, &open, &plain, &item.void_reason);
    }
    if (rc == ERR_OK && item.void_reason == VOID_NONE) {
        rc = change_decode(&change, buf_bytes(&plain), replayed.author, NULL);
        if (rc == ERR_OK &&
            (walk->id == NULL ||
                (change.kind == walk->kind &&
                    record_id_equal(&change.record, walk->id)))) {
            item.class = key->info.class;
            item.key = key->info.key;
            item.change = &change;
            item.clock = &replayed.author->clock;
            rc = walk->each(walk->context, &item);
        } else if (rc == ERR_MALFORMED || rc == ERR_TOO_BIG) {
            rc = ERR_OK;
        }
    }
    change_release(&change);
    buf_wipe(&plain);
    return rc;
}

enum err
history_walk(struct reader *reader, const struct history *history,
    const struct history_walk *walk, struct err_msg *msg)
{
    struct replay replay = {.reader = reader};
    enum err rc = ERR_OK;

    for (size_t i = 0; i < history->count && rc == ERR_OK; i++) {
        rc = walk_entry(reader, &replay, &history->entries[i], walk, msg);
    }
    replay_release(&replay);
    return rc;
}

struct rebuilding {
    struct reader *reader;
    struct record *record;
    enum err rc;
    const struct history_item *item;
};

static bool
author_opened(void *context, struct dot dot)
{
    struct rebuilding *r = context;
    struct content_key *key = NULL;
    enum err rc =
        content_get(r->reader->content, r->reader->txn, dot, &key, NULL);

    if (rc != ERR_OK) {
        r->rc = rc == ERR_NOT_FOUND ? r->rc : rc;
        return false;
    }
    return key_opens(
        &key->info, r->reader->membership, r->item->dot.log, r->item->clock);
}

static enum err
reapply(void *context, const struct history_item *item)
{
    struct rebuilding *r = context;
    enum void_reason ignored = VOID_NONE;
    struct change_place place = {
        .dot = item->dot,
        .rank = item->rank,
        .time = item->time,
        .clock = item->clock,
        .key = item->key,
        .class = item->class,
        .corridor = r->reader->corridor,
        .logs = r->reader->logs,
        .membership = r->reader->membership,
        .opens = author_opened,
        .context = r,
    };
    enum err rc = ERR_OK;

    r->item = item;
    rc = record_apply(r->record,
        schema_kind(r->reader->schema, item->change->kind), item->change,
        &place, &ignored);
    return rc != ERR_OK ? rc : r->rc;
}

enum err
history_rebuild(struct reader *reader, const struct dot *keys, size_t key_count,
    struct record *record, struct err_msg *msg)
{
    struct rebuilding context = {.reader = reader, .record = record};
    struct history_walk walk = {.kind = record->kind,
        .id = &record->id,
        .each = reapply,
        .context = &context};
    struct history history = {0};
    enum err rc = history_collect(reader, keys, key_count, &history, msg);

    if (rc == ERR_OK) {
        rc = history_walk(reader, &history, &walk, msg);
    }
    history_release(&history);
    return rc;
}
