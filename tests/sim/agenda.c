/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/agenda.h"

#include <stdlib.h>

#include "tests/sim/room.h"

static bool
is_before(const struct agenda_item *a, const struct agenda_item *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms
                                  : a->number < b->number;
}

static void
swap(struct agenda_item *a, struct agenda_item *b)
{
    struct agenda_item item = *a;

    *a = *b;
    *b = item;
}

void
agenda_add(struct agenda *agenda, const struct agenda_item *item)
{
    size_t at = agenda->count;

    agenda->items = room_grow(agenda->items, &agenda->capacity,
        agenda->count + 1, sizeof(*agenda->items));
    agenda->items[at] = *item;
    agenda->items[at].number = agenda->number;
    if (item->due_ms < agenda->now_ms) {
        agenda->items[at].due_ms = agenda->now_ms;
    }
    agenda->number++;
    agenda->count++;
    while (
        at > 0 && is_before(&agenda->items[at], &agenda->items[(at - 1) / 2])) {
        swap(&agenda->items[at], &agenda->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

/* Let the item at the top sink to its place. */
static void
sink(struct agenda *agenda)
{
    size_t at = 0;

    for (;;) {
        size_t least = at;

        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
            if (child < agenda->count &&
                is_before(&agenda->items[child], &agenda->items[least])) {
                least = child;
            }
        }
        if (least == at) {
            return;
        }
        swap(&agenda->items[at], &agenda->items[least]);
        at = least;
    }
}

bool
agenda_next(struct agenda *agenda, uint64_t until_ms, struct agenda_item *out)
{
    if (agenda->count == 0 || agenda->items[0].due_ms > until_ms) {
        agenda->now_ms = until_ms;
        return false;
    }
    *out = agenda->items[0];
    agenda->now_ms = out->due_ms;
    agenda->count--;
    agenda->items[0] = agenda->items[agenda->count];
    sink(agenda);
    return true;
}

void
agenda_release(struct agenda *agenda)
{
    free(agenda->items);
    *agenda = (struct agenda){0};
}
