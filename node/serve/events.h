/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens in the server, told to whoever subscribed: the API's event
 * stream, above all. On the loop's thread. Subscribers ask for details
 * themselves; a burst of commits may come as one event.
 */
#ifndef CORRIDOR_NODE_SERVE_EVENTS_H
#define CORRIDOR_NODE_SERVE_EVENTS_H

#include "crypto/base/list.h"

enum events_type {
    EVENTS_CHANGED, /* entries were committed: records may have changed */
    EVENTS_PEERS,   /* a peer connected, went, or confirmed */
    EVENTS_STOPPING /* close what you have on the loop */
};

struct events_subscriber {
    struct list link;
    void (*on_event)(
        struct events_subscriber *subscriber, enum events_type type);
};

struct events {
    struct list subscribers;
};

/* Nobody has subscribed. */
void events_init(struct events *events);
/* The subscriber is borrowed until it unsubscribes, which it may do in
 * on_event too, but of itself alone. */
void events_subscribe(
    struct events *events, struct events_subscriber *subscriber);
/* Twice is harmless, once it was subscribed. */
void events_unsubscribe(struct events_subscriber *subscriber);
/* Tell all of them. */
void events_publish(struct events *events, enum events_type type);

#endif
