/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often an address may ask: a bucket that fills with time and that each
 * request takes from. Addresses share a fixed table of buckets, so that
 * strangers cannot make it grow.
 */
#ifndef CORRIDOR_NODE_WITNESS_RATE_H
#define CORRIDOR_NODE_WITNESS_RATE_H

#include "crypto/base/bytes.h"

enum {
    RATE_BUCKETS = 256,
    RATE_BURST = 60,     /* requests that a full bucket holds */
    RATE_REFILL_MS = 200 /* for one more */
};

struct rate_bucket {
    uint64_t full_ms; /* when it will be full; before now: it is */
};
struct rate {
    struct secret_key key; /* who shares a bucket is not for others to choose */
    struct rate_bucket buckets[RATE_BUCKETS];
};

/* All full; `key` is random. */
void rate_init(struct rate *rate, const struct secret_key *key);
/* May it ask now? If so, it has. Times never go back. */
bool rate_take(struct rate *rate, struct bytes address, uint64_t now_ms);

#endif
