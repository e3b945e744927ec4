/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries: what travels comes back the same; and a header that is accepted
 * moves its author to a state that can be stored and read again.
 */
#include <assert.h>

#include "sync/model/entry.h"
#include "tests/fuzz/fuzz.h"

enum { APPLIED = 5 };

static void
start(struct author *author, struct log_table *logs, enum log_kind kind)
{
    struct log_id id = {.kind = (uint8_t)kind};

    assert(author_init(author, logs, &id) == ERR_OK);
    while (author->applied < APPLIED) {
        assert(author_advance(author, NULL, NULL, 0) == ERR_OK);
    }
}

static void
check_state(const struct author *author, const struct log_table *logs)
{
    struct buf out = {0};
    struct author again = {0};

    assert(author_encode(&out, author) == ERR_OK);
    assert(author_decode(&again, logs, buf_bytes(&out)) == ERR_OK);
    assert(vclock_equal(&again.clock, &author->clock));
    assert(vclock_equal(&again.seen, &author->seen));
    author_release(&again);
    buf_release(&out);
}

static void
try_header(const struct entry *entry, enum log_kind kind)
{
    struct log_table logs = {0};
    struct author author = {0};
    struct header header = {0};
    struct header_clock clock = {0};
    struct grant grant = {0};
    struct change_body body;

    start(&author, &logs, kind);
    if (header_decode(&header, entry->header, kind, APPLIED) == ERR_OK) {
        assert(
            header.unsealed.size + ENTRY_SEAL_ITEM_BYTES == entry->header.size);
        for (size_t i = 0; i < header.grant_count; i++) {
            header_grant(&grant, &header, i);
        }
        if (change_body_split(&body, &header, entry->body) == ERR_OK) {
            assert(body.sealed.size > SEAL_TAG_BYTES);
        }
        if (header_clock_resolve(&clock, &author, &logs, &header) == ERR_OK) {
            assert(author_advance(&author, &clock, &header, 1) == ERR_OK);
            assert(author.applied == APPLIED + 1);
            check_state(&author, &logs);
        }
    }
    header_clock_release(&clock);
    author_release(&author);
    log_table_release(&logs);
}

/* An entry as in a frame. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor cursor = cursor_init(bytes_of(data, size));
    struct entry entry = {0};
    struct buf out = {0};

    if (entry_get(&entry, &cursor) == ERR_OK) {
        entry_put(&out, &entry);
        assert(bytes_equal(buf_bytes(&out),
            bytes_of(data, (size_t)(cursor.pos - cursor.start))));
        try_header(&entry, LOG_CONTROL);
        try_header(&entry, LOG_CHANGES);
    }
    buf_release(&out);
    return 0;
}
