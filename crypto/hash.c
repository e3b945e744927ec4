/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hash.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

enum { LABEL_BYTES_MAX = 255 };

static_assert(sizeof(struct hash) == crypto_hash_sha256_BYTES, "a SHA-256");
static_assert(sizeof(struct hash) == crypto_generichash_BYTES, "a BLAKE2b");

void
hash_sha256(struct hash *out, struct bytes data)
{
    crypto_hash_sha256(out->bytes, data.data, data.size);
}

void
hash_sha256_parts(struct hash *out, const struct bytes *parts, size_t count)
{
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < count; i++) {
        crypto_hash_sha256_update(&state, parts[i].data, parts[i].size);
    }
    crypto_hash_sha256_final(&state, out->bytes);
}

void
hash_blake2b(struct hash *out, struct bytes data)
{
    crypto_generichash(
        out->bytes, sizeof(out->bytes), data.data, data.size, NULL, 0);
}

void
hash_blake2b_keyed(
    struct hash *out, const struct secret_key *key, struct bytes data)
{
    crypto_generichash(out->bytes, sizeof(out->bytes), data.data, data.size,
        key->bytes, sizeof(key->bytes));
}

void
hash_short_keyed(
    uint8_t out[8], const struct secret_key *key, struct bytes data)
{
    static_assert(crypto_shorthash_BYTES == 8 &&
                      crypto_shorthash_KEYBYTES <= sizeof(key->bytes),
        "a short hash and its key");
    crypto_shorthash(out, data.data, data.size, key->bytes);
}

void
hash_blake2b_512(uint8_t out[64], const struct bytes *parts, size_t count)
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, 64);
    for (size_t i = 0; i < count; i++) {
        crypto_generichash_update(&state, parts[i].data, parts[i].size);
    }
    crypto_generichash_final(&state, out, 64);
    /* The parts may be secret, and the state holds the last of them. */
    sodium_memzero(&state, sizeof(state));
}

void
hash_derive(
    struct secret_key *out, const struct secret_key *key, struct bytes item)
{
    crypto_generichash(out->bytes, sizeof(out->bytes), item.data, item.size,
        key->bytes, sizeof(key->bytes));
}

/*
 * The item is written here and not by the CBOR writer because that one
 * allocates, and a derivation must not be able to fail.
 */
void
hash_derive_label(
    struct secret_key *out, const struct secret_key *key, const char *label)
{
    uint8_t item[3 + LABEL_BYTES_MAX];
    size_t size = strlen(label);
    size_t used = 0;

    assert(size <= LABEL_BYTES_MAX);
    item[used++] = 0x81; /* an array of one item, */
    if (size < 24) {
        item[used++] = (uint8_t)(0x60 + size); /* a short text */
    } else {
        item[used++] = 0x78; /* or one with its size in a byte */
        item[used++] = (uint8_t)size;
    }
    memcpy(item + used, label, size);
    hash_derive(out, key, bytes_of(item, used + size));
}
