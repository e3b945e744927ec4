/* SPDX-License-Identifier: Apache-2.0 */
#include "node/serve/clock_walk.h"

#include "crypto/base/cbor.h"

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

uint64_t
clock_excess(struct bytes clock, struct bytes other, bool only_control)
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
        if (a.size > counted && !(only_control && a.id.kind != LOG_CONTROL)) {
            excess += a.size - counted;
        }
    }
    return excess;
}
