/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An intrusive doubly linked ring: the head is a link, items embed one.
 * Lists own nothing.
 */
#ifndef CORRIDOR_CRYPTO_BASE_LIST_H
#define CORRIDOR_CRYPTO_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *prev;
};

/* The struct of `type` that embeds `link` as `member`. */
#define LIST_ITEM(link, type, member) \
    ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void
list_init(struct list *list)
{
    list->next = list;
    list->prev = list;
}
static inline bool
list_empty(const struct list *list)
{
    return list->next == list;
}
static inline void
list_push(struct list *list, struct list *item)
{
    item->prev = list->prev;
    item->next = list;
    list->prev->next = item;
    list->prev = item;
}
/* Take an item out and leave it a ring of its own, so twice is harmless. */
static inline void
list_remove(struct list *item)
{
    item->prev->next = item->next;
    item->next->prev = item->prev;
    list_init(item);
}

#endif
