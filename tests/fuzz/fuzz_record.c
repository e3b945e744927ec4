/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Halves of records: what is decoded encodes to the same bytes, is in order,
 * has a canonical form, and can be shown, whatever its values are.
 */
#include <assert.h>

#include "tests/fuzz/fuzz.h"
#include "tests/lib/record_world.h"

static void
check_shown(const struct world *world, const struct record *record)
{
    struct shown shown = {0};
    struct ledger_sum sums[4];
    size_t count = 0;

    for (uint16_t field = 0; field <= F_UNKNOWN; field++) {
        struct merge_view view = world_view(world, record, field);
        enum err rc = merge_show(&shown, &view, field);

        assert(rc == ERR_OK);
        rc = merge_ledger(sums, 4, &count, &view, field);
        assert(rc == ERR_OK || rc == ERR_TOO_BIG);
    }
    shown_release(&shown);
}

static void
check_record(const struct world *world, const struct record *record,
    struct bytes encoded)
{
    bool sealed = record_has_half(record, true);
    struct buf out = {0};
    enum err rc = record_encode(&out, record, sealed);

    assert(rc == ERR_OK);
    assert(bytes_equal(buf_bytes(&out), encoded));
    assert(record_check(record, &world->logs));
    buf_clear(&out);
    rc = record_canonical(&out, record, &world->logs);
    assert(rc == ERR_OK);
    assert(cbor_valid(buf_bytes(&out)));
    check_shown(world, record);
    buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world world;
    struct record record;

    world_init(&world, 0);
    record_init(&record, &world.record, WORLD_KIND);
    if (record_decode(&record, &world.logs, bytes_of(data, size)) == ERR_OK) {
        check_record(&world, &record, bytes_of(data, size));
    }
    record_release(&record);
    world_release(&world);
    return 0;
}
