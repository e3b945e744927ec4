/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/history.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/base/mem.h"

/* An entry that was applied and chained once is there, and well formed. */
static enum err
as_corrupt(enum err rc, struct err_msg *msg)
{
    if (rc == ERR_NOT_FOUND || rc == ERR_MALFORMED || rc == ERR_TOO_BIG) {
        return err_set(msg, ERR_CORRUPT, "a stored entry is damaged");
    }
    return rc;
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
    uint64_t left = 0; /* a damaged chain may lead back into itself */
    enum err rc = content_get(reader->content, reader->txn, dot, &key, msg);

    if (rc != ERR_OK) {
        return rc == ERR_NOT_FOUND ? ERR_OK : rc;
    }
    rc = entries_next(reader->txn, &left, msg);
    for (at = key->head; at != 0 && rc == ERR_OK; at = stored.previous) {
        if (left == 0) {
            return err_set(msg, ERR_CORRUPT, "a chain of changes is damaged");
        }
        left--;
        rc = entries_at(reader->txn, at - 1, &stored, msg);
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
                (struct history_entry){.dot = stored.dot,
                    .key = dot,
                    .rank = stored.rank,
                    .time = stored.time};
        }
    }
    return as_corrupt(rc, msg);
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
history_collect(struct reader *reader, const struct history_keys *keys,
    struct history *out, struct err_msg *msg)
{
    struct history history = {0};
    enum err rc = ERR_OK;

    for (size_t i = 0; i < keys->count && rc == ERR_OK; i++) {
        rc = collect_chain(reader, keys->keys[i], &history, msg);
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

/* One entry on its walk. */
struct walked {
    const struct history_entry *entry;
    struct replayed replayed;
    struct content_key *key;
    struct buf plain;
    struct change change;
};

static enum err
find_entry(struct reader *reader, struct replay *replay, struct walked *w,
    struct err_msg *msg)
{
    struct dot dot = {0};
    enum err rc = replay_seek(replay, w->entry->dot, &w->replayed, msg);

    if (rc == ERR_OK && (!w->replayed.header.has_key ||
                            !author_resolve(w->replayed.author, NULL,
                                w->replayed.header.key, &dot))) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK && (dot.log != w->entry->key.log ||
                            dot.position != w->entry->key.position)) {
        rc = ERR_MALFORMED; /* another key's chain was linked to */
    }
    if (rc == ERR_OK) {
        rc = content_get(reader->content, reader->txn, dot, &w->key, msg);
    }
    return as_corrupt(rc, msg);
}

/* Open and decode; *out_void tells why it is void, if it is. */
static enum err
read_change(struct reader *reader, struct walked *w, enum void_reason *out_void)
{
    struct open_change open = {w->replayed.author, &w->replayed.header,
        &w->replayed.stored.entry, w->entry->dot, w->key};
    enum err rc = reader_open_change(reader, &open, &w->plain, out_void);

    if (rc != ERR_OK || *out_void != VOID_NONE) {
        return rc;
    }
    rc = reader_decode_change(reader, &w->change, buf_bytes(&w->plain),
        w->replayed.author, w->entry->dot);
    if (rc == ERR_MALFORMED || rc == ERR_TOO_BIG) {
        *out_void = VOID_MALFORMED;
        rc = ERR_OK;
    }
    return rc;
}

static bool
is_wanted(const struct history_walk *walk, const struct change *change)
{
    return walk->id == NULL || (change->kind == walk->kind &&
                                   record_id_equal(&change->record, walk->id));
}

/* Skip what cannot be read or is another record's. */
static enum err
walk_entry(struct reader *reader, struct replay *replay, struct walked *w,
    const struct history_walk *walk, struct err_msg *msg)
{
    struct history_item item = {.dot = w->entry->dot,
        .rank = w->entry->rank,
        .time = w->entry->time,
        .change = &w->change};
    enum err rc = find_entry(reader, replay, w, msg);

    if (rc != ERR_OK ||
        !(w->key->has_secret && w->replayed.stored.entry.has_body)) {
        return rc;
    }
    rc = read_change(reader, w, &item.void_reason);
    if (rc != ERR_OK) {
        return rc;
    }
    item.arrival = w->replayed.stored.arrival;
    item.class = w->key->info.class;
    item.key = w->key->info.key;
    item.clock = &w->replayed.author->clock;
    if (item.void_reason == VOID_NONE) {
        return is_wanted(walk, &w->change) ? walk->each(walk->context, &item)
                                           : ERR_OK;
    }
    return walk->judge == NULL ? ERR_OK
                               : walk->judge->judged(walk->judge->context,
                                     item.arrival, item.void_reason);
}

enum err
history_walk(struct reader *reader, const struct history *history,
    const struct history_walk *walk, struct err_msg *msg)
{
    struct replay own = {.reader = reader};
    struct replay *replay = reader->replay != NULL ? reader->replay : &own;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < history->count && rc == ERR_OK; i++) {
        struct walked w = {.entry = &history->entries[i]};

        rc = walk_entry(reader, replay, &w, walk, msg);
        change_release(&w.change);
        buf_wipe(&w.plain);
    }
    replay_release(&own);
    return rc;
}

struct rebuilding {
    struct reader *reader;
    struct record *record;
    const struct history_judge *judge;
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
    enum void_reason reason = VOID_NONE;
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
        &place, &reason);
    if (rc == ERR_OK) {
        rc = r->rc;
    }
    if (rc == ERR_OK && r->judge != NULL) {
        rc = r->judge->judged(r->judge->context, item->arrival, reason);
    }
    return rc;
}

enum err
history_rebuild(struct reader *reader, const struct history_keys *keys,
    const struct history_judge *judge, struct record *record,
    struct err_msg *msg)
{
    struct rebuilding context = {
        .reader = reader, .record = record, .judge = judge};
    struct history_walk walk = {.kind = record->kind,
        .id = &record->id,
        .each = reapply,
        .context = &context,
        .judge = judge};
    struct history history = {0};
    enum err rc = history_collect(reader, keys, &history, msg);

    if (rc == ERR_OK) {
        rc = history_walk(reader, &history, &walk, msg);
    }
    history_release(&history);
    return rc;
}
