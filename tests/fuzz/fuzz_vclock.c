/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clocks: a full form and a delta each have one encoding, and what a delta
 * leads to is a full form.
 */
#include <assert.h>

#include "sync/model/vclock.h"
#include "tests/fuzz/fuzz.h"

static void
try_full(struct bytes full)
{
    struct log_table logs = {0};
    struct vclock clock = {0};
    struct vclock_name name;
    struct buf out = {0};

    if (vclock_decode(&clock, &logs, full) == ERR_OK) {
        assert(vclock_encode(&out, &clock, &logs) == ERR_OK);
        assert(bytes_equal(buf_bytes(&out), full));
        vclock_name(&name, full);
    } else {
        assert(logs.count == 0);
    }
    vclock_release(&clock);
    log_table_release(&logs);
    buf_release(&out);
}

static void
try_delta(struct bytes base, struct bytes delta)
{
    struct buf full = {0};
    struct buf again = {0};

    if (vclock_delta_decode(&full, base, delta) == ERR_OK) {
        assert(vclock_check(buf_bytes(&full)) == ERR_OK);
        assert(vclock_delta_encode(&again, base, buf_bytes(&full)) == ERR_OK);
        assert(bytes_equal(buf_bytes(&again), delta));
    } else {
        assert(full.size == 0);
    }
    buf_release(&full);
    buf_release(&again);
}

/* A full form; or the size of a base in two bytes, the base, and a delta. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor cursor = cursor_init(bytes_of(data, size));
    struct bytes base = {NULL, 0};

    try_full(bytes_of(data, size));
    base = cursor_take(&cursor, cursor_u16(&cursor));
    if (!cursor.failed) {
        try_delta(base, cursor_take(&cursor, cursor_left(&cursor)));
    }
    return 0;
}
