/* SPDX-License-Identifier: Apache-2.0 */
/* What the sealing modules share: the one AEAD, into and out of a buf. */
#ifndef CORRIDOR_CRYPTO_SEAL_INTERNAL_H
#define CORRIDOR_CRYPTO_SEAL_INTERNAL_H

#include "crypto/seal.h"

struct seal_aead {
    const struct secret_key *key;
    const uint8_t *nonce; /* SEAL_BYTES */
    struct bytes ad;
};

/* Append ciphertext and tag. ERR_NOMEM or ERR_TOO_BIG, of the buf. */
enum err seal_aead(struct buf *out, const struct seal_aead *aead,
    struct bytes plaintext) MUST_USE;

/* Append the plaintext; ERR_BAD_SIGNATURE leaves *out as it was. */
enum err seal_aead_open(struct buf *out, const struct seal_aead *aead,
    struct bytes sealed) MUST_USE;

#endif
