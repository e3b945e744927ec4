/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The symmetric state of a Noise handshake (revision 34, section 5.2), which
 * the tests also drive through other patterns. Nothing is encrypted before
 * there is a key: none of the patterns used here does.
 */
#ifndef CORRIDOR_CRYPTO_NOISE_INTERNAL_H
#define CORRIDOR_CRYPTO_NOISE_INTERNAL_H

#include "crypto/noise.h"

/* InitializeSymmetric: of a zeroed state. */
void noise_start(struct noise_handshake *hs, const char *protocol_name);

/* MixHash, MixKey and MixKeyAndHash, as the specification has them. */
void noise_mix_hash(struct noise_handshake *hs, struct bytes data);
void noise_mix_key(struct noise_handshake *hs, const uint8_t input[32]);
void noise_mix_key_and_hash(
    struct noise_handshake *hs, const struct secret_key *psk);

/* MixKey(DH(own, theirs)); ERR_BAD_SIGNATURE when they agree on zero. */
enum err noise_mix_agreement(struct noise_handshake *hs,
    const struct secret_key *own, const struct public_key *theirs) MUST_USE;

/*
 * EncryptAndHash and DecryptAndHash: append to *out, which is as it was after
 * a failure: ERR_BAD_SIGNATURE, ERR_NOMEM, ERR_TOO_BIG.
 */
enum err noise_encrypt_and_hash(struct noise_handshake *hs,
    struct bytes plaintext, struct buf *out) MUST_USE;
enum err noise_decrypt_and_hash(struct noise_handshake *hs,
    struct bytes ciphertext, struct buf *out) MUST_USE;

/* Split: the key the dialler sends under, and the listener's. */
void noise_split_keys(const struct noise_handshake *hs,
    struct secret_key *dialler, struct secret_key *listener);

/* The AEAD under a counter, into and out of a buf; errors as above. */
struct noise_aead {
    const struct secret_key *key;
    uint64_t counter;
    struct bytes ad;
};
enum err noise_aead_encrypt(const struct noise_aead *aead,
    struct bytes plaintext, struct buf *out) MUST_USE;
enum err noise_aead_decrypt(const struct noise_aead *aead,
    struct bytes ciphertext, struct buf *out) MUST_USE;

#endif
