/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authors' states at chosen entries: from the nearest checkpoint before, or
 * from where an earlier question left off, header by header
 * (docs/storage.md, "entries").
 */
#ifndef CORRIDOR_STORAGE_REPLAY_H
#define CORRIDOR_STORAGE_REPLAY_H

#include "storage/reader.h"

enum { REPLAY_SLOTS = 32 }; /* places that are kept, in any logs */

struct replay_slot {
    bool has;
    uint64_t used; /* the turn when it was */
    struct author author;
    struct entries_follow follow; /* to the author's next entry */
};

/* Zeroed but for the reader, which must outlive it. */
struct replay {
    struct reader *reader;
    struct replay_slot slots[REPLAY_SLOTS];
    uint64_t turn;
    struct header_clock clock; /* of the entry asked for last */
};
void replay_release(struct replay *replay);

/* An entry with its author's state just after it (the own log counted up to
 * the entry, exclusively). Lives until the next call. */
struct replayed {
    struct stored_entry stored;
    struct header header;
    struct author *author;
};
/* Entries of one log are best asked for in rising order. ERR_CORRUPT also
 * when the entry is missing or breaks its format: it was applied once. */
enum err replay_seek(struct replay *replay, struct dot dot,
    struct replayed *out, struct err_msg *msg) MUST_USE;

/* The author just before this entry, all of its log before it counted, if an
 * earlier question left off there; else NULL. Lives until the next call. */
struct author *replay_before(struct replay *replay, struct dot dot);

#endif
