/* SPDX-License-Identifier: Apache-2.0 */
#include "node/serve/clock_walk.h"

#include "crypto/base/cbor.h"
#include "crypto/base/num.h"

void
clock_walk_begin(struct clock_walk *walk, struct bytes full)
{
    walk->cursor = cursor_init(full);
    walk->left = full.size == 0 ? 0 : cbor_get_array(&walk->cursor) / 2;
}

bool
clock_walk_next(struct clock_walk *walk)
{
    uint8_t id[LOG_ID_BYTES];

    if (walk->left == 0) {
        return false;
    }
    walk->left--;
    cbor_get_fixed(&walk->cursor, id, sizeof(id));
    walk->size = cbor_get_uint(&walk->cursor);
    if (walk->cursor.failed || log_id_decode(&walk->id, id) != ERR_OK) {
        walk->left = 0;
        return false;
    }
    return true;
}

static uint64_t
limit_of(const struct clock_terms *terms, const struct log_id *log)
{
    for (size_t i = 0; i < terms->limit_count; i++) {
        if (log_id_equal(&terms->limits[i].log, log)) {
            return terms->limits[i].size;
        }
    }
    return UINT64_MAX;
}

uint64_t
clock_excess(
    struct bytes clock, struct bytes other, const struct clock_terms *terms)
{
    struct clock_walk a;
    struct clock_walk b;
    uint64_t excess = 0;
    bool has_b = false;

    clock_walk_begin(&a, clock);
    clock_walk_begin(&b, other);
    has_b = clock_walk_next(&b);
    while (clock_walk_next(&a)) {
        uint64_t counted = 0;

        while (has_b && log_id_compare(&b.id, &a.id) < 0) {
            has_b = clock_walk_next(&b);
        }
        if (has_b && log_id_equal(&b.id, &a.id)) {
            counted = b.size;
        }
        if (!(terms->only_control && a.id.kind != LOG_CONTROL)) {
            uint64_t size = num_min_u64(a.size, limit_of(terms, &a.id));
            excess += size > counted ? size - counted : 0;
        }
    }
    return excess;
}
