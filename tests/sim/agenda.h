/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual time: what is to happen, and when. Things due at one time happen in
 * the order in which they were put down, so one seed is one run.
 */
#ifndef CORRIDOR_TESTS_SIM_AGENDA_H
#define CORRIDOR_TESTS_SIM_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agenda_item {
    uint64_t due_ms;
    uint64_t number; /* in order of arrival: the agenda's */
    /* What to call, and with what; `epoch` is whatever tells a late item
     * that its world has ended. */
    void (*fire)(void *context, void *argument, uint64_t epoch);
    void *context;
    void *argument;
    uint64_t epoch;
};

struct agenda {
    uint64_t now_ms;
    uint64_t number;
    struct agenda_item *items; /* a heap, the first due on top */
    size_t count;
    size_t capacity;
};

/* Put an item down; one that is due in the past is due now. */
void agenda_add(struct agenda *agenda, const struct agenda_item *item);
/*
 * Take the next item that is due by `until_ms` and move the time to it. False
 * if there is none: the time is until_ms then.
 */
bool agenda_next(
    struct agenda *agenda, uint64_t until_ms, struct agenda_item *out);
/* Free what it holds. */
void agenda_release(struct agenda *agenda);

#endif
