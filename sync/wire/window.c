/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/wire/window.h"

#include <string.h>

#include "crypto/base/mem.h"

void
window_init(struct window *window, uint64_t now_ms)
{
    *window = (struct window){
        .batch_bytes = WINDOW_BATCH_BYTES_START,
        .changed_ms = now_ms,
    };
}

void
window_release(struct window *window)
{
    if (window != NULL) {
        mem_free(window->flights);
        *window = (struct window){0};
    }
}

size_t
window_room(const struct window *window)
{
    size_t limit = WINDOW_BATCHES * window->batch_bytes;

    if (window->count == WINDOW_FLIGHTS_MAX || window->bytes >= limit) {
        return 0;
    }
    return limit - window->bytes;
}

/* Twice the ring, its flights in order from 0. */
static enum err
grow(struct window *window)
{
    size_t capacity = window->capacity == 0 ? 8 : 2 * window->capacity;
    struct flight *flights = mem_zalloc(capacity, sizeof(*flights));

    if (flights == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < window->count; i++) {
        flights[i] = window->flights[(window->first + i) % window->capacity];
    }
    mem_free(window->flights);
    window->flights = flights;
    window->capacity = capacity;
    window->first = 0;
    return ERR_OK;
}

enum err
window_push(struct window *window, const struct flight *flight)
{
    assert(window->count < WINDOW_FLIGHTS_MAX);
    if (window->count == window->capacity && grow(window) != ERR_OK) {
        return ERR_NOMEM;
    }
    window->flights[(window->first + window->count) % window->capacity] =
        *flight;
    window->count++;
    window->bytes += flight->bytes;
    window->sent++;
    return ERR_OK;
}

/*
 * One batch's time tells of the size it had: those sent before the last
 * change say nothing new, or a whole window would halve the size eight times.
 */
static void
adapt(struct window *window, uint64_t sent_ms, uint64_t now_ms)
{
    uint64_t elapsed_ms = now_ms - sent_ms;

    if (sent_ms < window->changed_ms) {
        return;
    }
    if (elapsed_ms < WINDOW_FAST_MS &&
        window->batch_bytes < WINDOW_BATCH_BYTES_MAX) {
        window->batch_bytes *= 2;
        window->changed_ms = now_ms;
    } else if (elapsed_ms > WINDOW_SLOW_MS &&
               window->batch_bytes > WINDOW_BATCH_BYTES_MIN) {
        window->batch_bytes /= 2;
        window->changed_ms = now_ms;
    }
}

bool
window_take(struct window *window, uint64_t now_ms, struct flight *out)
{
    if (window->count == 0) {
        return false;
    }
    *out = window->flights[window->first];
    window->first = (window->first + 1) % window->capacity;
    window->count--;
    window->bytes -= out->bytes;
    window->taken++;
    adapt(window, out->sent_ms, now_ms);
    return true;
}

bool
window_check(const struct window *window)
{
    size_t bytes = 0;

    for (size_t i = 0; i < window->count; i++) {
        bytes += window->flights[(window->first + i) % window->capacity].bytes;
    }
    return bytes == window->bytes && window->count <= window->capacity &&
           window->sent - window->taken == window->count &&
           window->batch_bytes >= WINDOW_BATCH_BYTES_MIN &&
           window->batch_bytes <= WINDOW_BATCH_BYTES_MAX;
}
