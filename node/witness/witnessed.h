/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What outside witnesses have cosigned of our own two logs, and how asking
 * them goes: a note for each log, "witnessed/control" and "witnessed/changes",
 * with one item for each witness (docs/storage.md, "peers").
 *
 * An item, all numbers big-endian, texts with their size as u16 before them:
 *
 *     name, url, vkey        texts
 *     size u64               entries that were cosigned last; 0: none yet
 *     root 32, time u64, signature 64
 *     failing u64            Unix ms since when asking fails; 0: it does not
 *     trouble                text: why
 */
#ifndef CORRIDOR_NODE_WITNESS_WITNESSED_H
#define CORRIDOR_NODE_WITNESS_WITNESSED_H

#include "node/witness/policy.h"
#include "storage/view.h"

enum { WITNESSED_MAX = 16, WITNESSED_TROUBLE_BYTES_MAX = 300 };

struct witnessed {
    struct policy_witness witness;
    uint64_t size;
    struct hash root;
    uint64_t time; /* Unix seconds */
    struct signature signature;
    uint64_t failing_ms;
    char trouble[WITNESSED_TROUBLE_BYTES_MAX + 1];
};

struct witnessed_list {
    struct witnessed *items;
    size_t count;
};
/* Empty it; zeroed is fine. */
void witnessed_release(struct witnessed_list *list);

/* A note's value, appended; and read strictly: ERR_MALFORMED; ERR_NOMEM. */
enum err witnessed_encode(
    struct buf *out, const struct witnessed_list *list) MUST_USE;
enum err witnessed_decode(
    struct witnessed_list *out, struct bytes encoded) MUST_USE;

/* Of our own log of that kind; empty where nothing is kept. */
enum err witnessed_read(struct witnessed_list *out, struct view *view,
    enum log_kind kind, struct err_msg *msg) MUST_USE;

/* The item of the witness with that key; NULL. */
struct witnessed *witnessed_find(
    const struct witnessed_list *list, const struct note_key *key);

/*
 * Part of a write transaction: keep what came of asking, in place of what is
 * there of this witness. A cosignature of fewer entries than the one there
 * does not replace it. Beyond WITNESSED_MAX the one of the fewest entries
 * goes.
 */
enum err witnessed_put(struct store *store, enum log_kind kind,
    const struct witnessed *item, struct err_msg *msg) MUST_USE;

/* Append the cosignature as a line of a note. */
void witnessed_put_line(struct buf *out, const struct witnessed *item);

#endif
