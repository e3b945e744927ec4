/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames and their payloads: what is accepted encodes to the same bytes, and
 * a stream is taken in whole frames within it.
 */
#include <assert.h>

#include "crypto/base/mem.h"
#include "sync/wire/frame.h"
#include "tests/fuzz/fuzz.h"

static void
check_same(const struct buf *again, struct bytes bytes)
{
    assert(buf_err(again) == ERR_OK);
    assert(bytes_equal(buf_bytes(again), bytes));
}

static void
try_clock(struct bytes bytes, struct buf *again)
{
    struct frame_clock clock = {0};

    buf_clear(again);
    if (frame_clock_decode(&clock, bytes) == ERR_OK) {
        frame_clock_encode(again, &clock);
        check_same(again, bytes);
    }
}

static void
try_want(struct bytes bytes, struct buf *again)
{
    struct frame_want want = {0};

    buf_clear(again);
    if (frame_want_decode(&want, bytes) == ERR_OK) {
        frame_want_encode(again, &want);
        check_same(again, bytes);
        frame_want_release(&want);
    }
}

static void
try_number(struct bytes bytes, struct buf *again)
{
    uint64_t number = 0;

    buf_clear(again);
    if (frame_number_decode(&number, bytes) == ERR_OK) {
        frame_number_encode(again, number);
        check_same(again, bytes);
    }
}

static void
try_hellos(struct bytes bytes, struct buf *again)
{
    struct hello_first first = {0};
    struct hello_second second = {0};

    buf_clear(again);
    if (hello_first_decode(&first, bytes) == ERR_OK) {
        hello_first_encode(again, &first);
        check_same(again, bytes);
    }
    buf_clear(again);
    if (hello_second_decode(&second, bytes) == ERR_OK) {
        hello_second_encode(again, &second);
        check_same(again, bytes);
    }
}

static void
try_head(struct bytes bytes, struct buf *again)
{
    struct log_id log = {0};
    struct head head = {0};

    buf_clear(again);
    if (frame_head_decode(&log, &head, bytes) == ERR_OK) {
        frame_head_encode(again, &log, &head);
        check_same(again, bytes);
    }
}

static void
try_entries(struct bytes bytes)
{
    struct frame_entries entries = {0};

    if (frame_entries_peek(&entries, bytes) == ERR_OK) {
        assert(entries.count >= 1 && entries.count <= LOG_BATCH_ENTRIES_MAX);
        assert(entries.log.kind <= LOG_CHANGES);
    }
}

static void
try_stream(struct bytes stream)
{
    struct frame frame = {0};

    while (frame_next(&frame, stream) == ERR_OK) {
        assert(frame.size == FRAME_HEAD_BYTES + frame.payload.size);
        assert(frame.size <= stream.size);
        assert(frame.payload.data + frame.payload.size ==
               stream.data + frame.size);
        stream = bytes_of(stream.data + frame.size, stream.size - frame.size);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes bytes = bytes_of(data, size);
    struct buf again = {0};

    try_clock(bytes, &again);
    try_want(bytes, &again);
    try_number(bytes, &again);
    try_hellos(bytes, &again);
    try_head(bytes, &again);
    try_entries(bytes);
    try_stream(bytes);
    buf_release(&again);
    return 0;
}
