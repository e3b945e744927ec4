/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record's history: the stored changes of its content keys' chains, each
 * with the clock its author had (docs/storage.md, "Chains").
 */
#ifndef CORRIDOR_STORAGE_HISTORY_H
#define CORRIDOR_STORAGE_HISTORY_H

#include "storage/replay.h"
#include "storage/view.h"

/* Content keys. */
struct history_keys {
    const struct dot *keys;
    size_t count;
};

/* The entries under these content keys, in canonical order. */
struct history_entry {
    struct dot dot;
    struct dot key;
    uint64_t rank;
    uint64_t time;
};
struct history {
    struct history_entry *entries;
    size_t count;
    size_t capacity;
};
void history_release(struct history *history);
enum err history_collect(struct reader *reader, const struct history_keys *keys,
    struct history *out, struct err_msg *msg) MUST_USE;

/* Told of each entry that is found to stand, or to be void. */
struct history_judge {
    enum err (*judged)(
        void *context, uint64_t arrival, enum void_reason reason);
    void *context;
};

/* Call `each` for every readable change of a record, oldest first. `each`
 * returns an error to stop. What cannot be opened or decoded is judged. */
struct history_walk {
    uint16_t kind;              /* with any record: ignored */
    const struct record_id *id; /* NULL: every record's */
    enum err (*each)(void *context, const struct history_item *item);
    void *context;
    const struct history_judge *judge; /* NULL: nobody asks */
};
enum err history_walk(struct reader *reader, const struct history *history,
    const struct history_walk *walk, struct err_msg *msg) MUST_USE;

/* Apply to *record (initialised, empty) every readable change of it under
 * these keys, in canonical order; `judge` may be NULL. */
enum err history_rebuild(struct reader *reader, const struct history_keys *keys,
    const struct history_judge *judge, struct record *record,
    struct err_msg *msg) MUST_USE;

#endif
