/* SPDX-License-Identifier: Apache-2.0 */
#include "node/serve/events.h"

void
events_init(struct events *events)
{
    list_init(&events->subscribers);
}

void
events_subscribe(struct events *events, struct events_subscriber *subscriber)
{
    list_push(&events->subscribers, &subscriber->link);
}

void
events_unsubscribe(struct events_subscriber *subscriber)
{
    list_remove(&subscriber->link);
}

void
events_publish(struct events *events, enum events_type type)
{
    struct list *at = events->subscribers.next;

    while (at != &events->subscribers) {
        struct events_subscriber *subscriber =
            LIST_ITEM(at, struct events_subscriber, link);
        at = at->next;
        subscriber->on_event(subscriber, type);
    }
}
