/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Noise_IKpsk0_25519_ChaChaPoly_SHA256 (Noise revision 34): the handshake
 * and the two transport ciphers. Ephemeral keys are handed in: pure.
 *
 *   <- s (known)      -> psk, e, es, s, ss, payload     message 1
 *                     <- e, ee, se, payload             message 2
 *
 * Limits: a Noise message is at most 65,535 bytes. Errors say nothing but
 * ERR_BAD_SIGNATURE (tag or key agreement), ERR_MALFORMED (too short),
 * ERR_TOO_BIG, ERR_CLOSED (a cipher's counter is used up) and ERR_NOMEM;
 * after any of them the state must be released: a handshake that failed has
 * wiped itself, and using it again is asserted. Outputs are as they were.
 * What is handed in never lies in the output.
 */
#ifndef CORRIDOR_CRYPTO_NOISE_H
#define CORRIDOR_CRYPTO_NOISE_H

#include "crypto/base/buf.h"
#include "crypto/base/bytes.h"
#include "crypto/base/err.h"

enum {
    NOISE_MESSAGE_BYTES_MAX = 65535,
    NOISE_TAG_BYTES = 16,
    NOISE_FIRST_OVERHEAD = 32 + 48 + 16, /* message 1 beyond its payload */
    NOISE_SECOND_OVERHEAD = 32 + 16      /* message 2 beyond its payload */
};

/* One direction of the transport. */
struct noise_cipher {
    struct secret_key key;
    uint64_t counter;
};

struct noise_handshake {
    struct hash h;
    struct secret_key ck;
    struct secret_key k;
    bool has_key;
    uint64_t counter;
    struct secret_key s; /* our static secret */
    struct secret_key e; /* our ephemeral secret */
    struct public_key rs;
    struct public_key re;
    bool is_dialler;
    uint8_t step; /* messages done: 0, 1, 2; 3 when it failed */
};

/*
 * Begin as dialler (remote_static known) or listener (remote_static NULL).
 * `prologue` is mixed in; the psk is 32 bytes; `ephemeral` a fresh X25519
 * secret. All are copied.
 */
struct noise_options {
    struct bytes prologue;
    const struct secret_key *psk;
    const struct secret_key *local_static;
    const struct secret_key *ephemeral;
    const struct public_key *remote_static;
};
void noise_init_dialler(
    struct noise_handshake *hs, const struct noise_options *options);
void noise_init_listener(
    struct noise_handshake *hs, const struct noise_options *options);

/* Append message 1 (dialler) or 2 (listener) with its payload to *out. */
enum err noise_write(struct noise_handshake *hs, struct bytes payload,
    struct buf *out) MUST_USE;

/*
 * Read message 1 (listener) or 2 (dialler); the payload is appended to *out.
 * After message 1 the listener finds the dialler's static key in hs->rs.
 * Trying several psks: begin anew for each, on the same bytes.
 */
enum err noise_read(struct noise_handshake *hs, struct bytes message,
    struct buf *out) MUST_USE;

/*
 * After both messages: the two ciphers and the handshake hash (names the
 * session in diagnostics; may be NULL). Wipes *hs.
 */
void noise_split(struct noise_handshake *hs, struct noise_cipher *send,
    struct noise_cipher *receive, struct hash *handshake_hash);

/* Wipe all keys. */
void noise_wipe(struct noise_handshake *hs);
void noise_cipher_wipe(struct noise_cipher *cipher);

/* Transport: append ciphertext and tag, or plaintext. No additional data. */
enum err noise_encrypt(struct noise_cipher *cipher, struct bytes plaintext,
    struct buf *out) MUST_USE;
enum err noise_decrypt(struct noise_cipher *cipher, struct bytes ciphertext,
    struct buf *out) MUST_USE;

/* Noise section 11.3: the key is replaced, the counter goes on. */
void noise_rekey(struct noise_cipher *cipher);

#endif
