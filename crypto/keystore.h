/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sealed form of secrets, as bytes: what a keystore file holds. Argon2id
 * of a passphrase, then XChaCha20-Poly1305 (docs/storage.md, "Keystore").
 *
 *   offset size
 *        0    8  "CORRKEY1"
 *        8    1  what it holds: enum keystore_kind
 *        9    1  Argon2id version, 0x13
 *       10    2  zero
 *       12    4  passes (opslimit), big-endian
 *       16    4  memory in KiB, big-endian
 *       20   16  salt
 *       36   24  nonce
 *       60    n  ciphertext and tag; bytes 0 to 59 are additional data
 *
 * The plaintext is CBOR: ["corridor/keystore/1", bstr(32)…]: the office's
 * seed, or a node's secrets in the order of struct node_secrets. So a file has
 * one size for each kind.
 *
 * Argon2id (RFC 9106) runs with one lane and gives 32 bytes; the passes are
 * libsodium's opslimit, the memory times 1024 its memlimit.
 */
#ifndef CORRIDOR_CRYPTO_KEYSTORE_H
#define CORRIDOR_CRYPTO_KEYSTORE_H

#include "crypto/keys.h"

enum keystore_kind {
    KEYSTORE_OFFICE = 1, /* the office key's seed */
    KEYSTORE_NODE = 2    /* struct node_secrets */
};

enum {
    KEYSTORE_PASSES = 3,
    KEYSTORE_KIB = 64 * 1024,
    KEYSTORE_PASSES_MIN = 1,
    KEYSTORE_KIB_MIN = 8,
    KEYSTORE_PASSES_MAX = 64,        /* refuse to work longer for a file */
    KEYSTORE_KIB_MAX = 1024 * 1024,
    KEYSTORE_BYTES_MAX = 4096,
    PASSPHRASE_BYTES_MAX = 1024
};

/* Cost, salt and nonce; the salt and nonce are random, handed in. */
struct keystore_options {
    uint32_t passes;
    uint32_t kib;
    uint8_t salt[16];
    uint8_t nonce[24];
};

/* The usual cost, with fresh salt and nonce. */
void keystore_options_random(struct keystore_options *out);

/*
 * Append the sealed form. ERR_NOMEM also when Argon2id gets no memory;
 * ERR_TOO_BIG and ERR_MALFORMED for a cost above and below the limits, and
 * ERR_TOO_BIG for a passphrase beyond its own. An empty one is taken: who
 * asks for it decides.
 */
enum err keystore_seal_node(struct buf *out, const struct node_secrets *in,
    struct bytes passphrase, const struct keystore_options *options) MUST_USE;
enum err keystore_seal_office(struct buf *out, const struct secret_key *seed,
    struct bytes passphrase, const struct keystore_options *options) MUST_USE;

/*
 * Open. ERR_DENIED: wrong passphrase (or altered bytes, which nobody can tell
 * apart); ERR_VERSION: not this format or another kind; ERR_MALFORMED;
 * ERR_TOO_BIG: a cost, file or passphrase beyond the limits; ERR_NOMEM. Takes
 * about 0.1 to 0.3 s: never call it on an event loop.
 */
enum err keystore_open_node(struct node_secrets *out, struct bytes sealed,
    struct bytes passphrase) MUST_USE;
enum err keystore_open_office(struct secret_key *out, struct bytes sealed,
    struct bytes passphrase) MUST_USE;

#endif
