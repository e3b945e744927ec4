/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "crypto/base/mem.h"
#include "tests/lib/model/world.h"

void
world_eval(const struct world *world, const bool *keep, struct membership *out)
{
    struct control *kept = mem_zalloc(world->count + 1, sizeof(*kept));
    size_t count = 0;

    ck_assert_ptr_nonnull(kept);
    for (size_t i = 0; i < world->count; i++) {
        if (keep == NULL || keep[i]) {
            kept[count++] = world->controls[i];
        }
    }
    ck_assert_int_eq(
        membership_eval(out, &world->corridor, &world->logs, kept, count),
        ERR_OK);
    mem_free(kept);
}
