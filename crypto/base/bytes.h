/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Byte strings: a borrowed view, and fixed-size values that are structs so
 * that two of them cannot be swapped unseen.
 */
#ifndef CORRIDOR_CRYPTO_BASE_BYTES_H
#define CORRIDOR_CRYPTO_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A borrowed view: data may be NULL when size is 0. */
struct bytes {
    const uint8_t *data;
    size_t size;
};

struct hash {
    uint8_t bytes[32]; /* SHA-256 or BLAKE2b-256, as the user says */
};
struct corridor_id {
    uint8_t bytes[32]; /* SHA-256 of the founding body */
};
struct office_id {
    uint8_t bytes[32]; /* the office's Ed25519 public key */
};
struct node_id {
    uint8_t bytes[32]; /* the node's Ed25519 signing public key */
};
struct public_key {
    uint8_t bytes[32]; /* Ed25519 or X25519, as the user says */
};
struct secret_key {
    uint8_t bytes[32]; /* seed, scalar or symmetric key: wipe after use */
};
struct signature {
    uint8_t bytes[64]; /* Ed25519 */
};
struct record_id {
    uint8_t bytes[16]; /* 48-bit milliseconds, then 80 bits of hash */
};

static inline struct bytes
bytes_of(const void *data, size_t size)
{
    struct bytes b = {data, size};
    return b;
}

/* The view of a NUL-ended text, without its NUL. */
struct bytes bytes_text(const char *text);

/* Equal in size and content; not for secrets. */
bool bytes_equal(struct bytes a, struct bytes b);

/* memcmp order, a prefix before what it is a prefix of: <0, 0, >0. */
int bytes_compare(struct bytes a, struct bytes b);

/* Is it well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms)? */
bool bytes_are_utf8(struct bytes text);

/* All bytes zero? In constant time, so secrets may be asked. */
bool bytes_are_zero(struct bytes b);

/* memcmp of 32 bytes: for node ids, office ids, hashes. */
static inline struct bytes
bytes_hash(const struct hash *hash)
{
    return bytes_of(hash->bytes, sizeof(hash->bytes));
}
bool hash_equal(const struct hash *a, const struct hash *b);
bool node_id_equal(const struct node_id *a, const struct node_id *b);
int node_id_compare(const struct node_id *a, const struct node_id *b);
bool office_id_equal(const struct office_id *a, const struct office_id *b);
bool corridor_id_equal(
    const struct corridor_id *a, const struct corridor_id *b);
bool record_id_equal(const struct record_id *a, const struct record_id *b);
int record_id_compare(const struct record_id *a, const struct record_id *b);

#endif
