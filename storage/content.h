/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content keys as one transaction sees them: rows of the keys table, opened,
 * cached, and written back in key order (docs/storage.md, "keys"):
 *
 *   head u64        arrival + 1 of the newest entry under the key, 0: none
 *   has u8          1: the key follows, sealed under the table key (72 bytes)
 *   …               key_info_encode's bytes
 */
#ifndef CORRIDOR_STORAGE_CONTENT_H
#define CORRIDOR_STORAGE_CONTENT_H

#include "crypto/seal.h"
#include "storage/map.h"
#include "storage/txn.h"
#include "sync/model/grant.h"

enum { CONTENT_CACHE_MAX = 16384 }; /* clean ones kept after a commit */

struct content_key {
    struct key_info info;
    uint64_t head;
    bool has_secret;
    bool has_seal;
    bool has_rest;
    bool is_dirty;
    bool is_late; /* its records are made again before the commit */
    struct secret_key secret;
    struct seal_keys seal;      /* where has_seal */
    struct seal_rest_keys rest; /* where has_rest */
};

struct content_cache {
    struct map map;              /* key_dot's 12 bytes -> struct content_key */
    struct seal_rest_keys table; /* seals content keys at rest */
    struct secret_key storage;
};

/* An empty cache that opens rows by these two keys (copied). */
void content_init(struct content_cache *cache, const struct secret_key *table,
    const struct secret_key *storage, uint64_t seed);
void content_release(struct content_cache *cache);
/* Forget all: after an abort, or when too many are kept. */
void content_clear(struct content_cache *cache);

/* The row's key, from cache or disk; lives until content_clear.
 * ERR_NOT_FOUND. */
enum err content_get(struct content_cache *cache, struct txn *txn,
    struct dot dot, struct content_key **out, struct err_msg *msg) MUST_USE;
/* A new one, not yet on the disk; ERR_EXISTS. */
enum err content_add(struct content_cache *cache, struct txn *txn,
    struct dot dot, struct content_key **out, struct err_msg *msg) MUST_USE;
/* Set the secret; the row is to be written again. */
void content_set_secret(
    struct content_key *key, const struct secret_key *secret);
/* What seals bodies under the key; made when first wanted. */
const struct seal_keys *content_seal(struct content_key *key);
/*
 * What seals values derived from them, likewise. It is made of
 *     derive(storage key, ["corridor/record/rest/1", content key]),
 * so that they die with either key.
 */
const struct seal_rest_keys *content_rest(
    const struct content_cache *cache, struct content_key *key);
/*
 * A row, and back: `dot` is the row's key. Encoding appends; decoding fills a
 * zeroed *key, to be released with key_info_release. ERR_CORRUPT, ERR_NOMEM.
 */
enum err content_row_encode(const struct content_cache *cache, struct buf *out,
    const struct content_key *key) MUST_USE;
enum err content_row_decode(const struct content_cache *cache,
    struct content_key *key, struct bytes dot, struct bytes row) MUST_USE;
/* Write the dirty ones in key order. */
enum err content_flush(
    struct content_cache *cache, struct txn *txn, struct err_msg *msg) MUST_USE;

#endif
