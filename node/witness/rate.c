/* SPDX-License-Identifier: Apache-2.0 */
#include "node/witness/rate.h"

#include <string.h>

#include "crypto/base/num.h"
#include "crypto/hash.h"

void
rate_init(struct rate *rate, const struct secret_key *key)
{
    memset(rate, 0, sizeof(*rate));
    rate->key = *key;
}

bool
rate_take(struct rate *rate, struct bytes address, uint64_t now_ms)
{
    static const uint64_t span_ms = (uint64_t)RATE_BURST * RATE_REFILL_MS;
    struct rate_bucket *bucket = NULL;
    uint8_t hash[8];
    uint64_t full_ms = 0;

    hash_short_keyed(hash, &rate->key, address);
    bucket = &rate->buckets[num_load_u64(hash) % RATE_BUCKETS];
    full_ms = num_max_u64(bucket->full_ms, now_ms) + RATE_REFILL_MS;
    if (full_ms - now_ms > span_ms) {
        return false;
    }
    bucket->full_ms = full_ms;
    return true;
}
