/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes and key derivation. SHA-256 is what logs and outside formats use;
 * BLAKE2b is what corridor derives with. Every derivation hashes one CBOR
 * array that starts with its own label, so no two can collide
 * (docs/protocol.md, "Hashes and derivations").
 */
#ifndef CORRIDOR_CRYPTO_HASH_H
#define CORRIDOR_CRYPTO_HASH_H

#include "crypto/base/bytes.h"

/* SHA-256 (FIPS 180-4). */
void hash_sha256(struct hash *out, struct bytes data);
/* SHA-256 of the concatenation of `count` views. */
void hash_sha256_parts(
    struct hash *out, const struct bytes *parts, size_t count);

/* BLAKE2b-256, without and with a 32-byte key (RFC 7693). */
void hash_blake2b(struct hash *out, struct bytes data);
void hash_blake2b_keyed(
    struct hash *out, const struct secret_key *key, struct bytes data);
/* BLAKE2b-512 of the concatenation of `count` views. */
void hash_blake2b_512(uint8_t out[64], const struct bytes *parts, size_t count);

/*
 * SipHash-2-4 under the first 16 bytes of the key: 64 bits for tables of our
 * own, ten times as fast as the others for short texts. Never for what others
 * must not be able to forge.
 */
void hash_short_keyed(
    uint8_t out[8], const struct secret_key *key, struct bytes data);

/* Derive a secret: keyed BLAKE2b-256 of the CBOR array `item`. */
void hash_derive(
    struct secret_key *out, const struct secret_key *key, struct bytes item);
/* The same for a bare label: CBOR array [label]. */
void hash_derive_label(
    struct secret_key *out, const struct secret_key *key, const char *label);

#endif
