/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/noise.h"

#include <string.h>

#include <sodium.h>

#include "crypto/base/mem.h"
#include "crypto/noise_internal.h"

static_assert(
    crypto_aead_chacha20poly1305_ietf_KEYBYTES == sizeof(struct secret_key),
    "a secret is an AEAD key");
static_assert(
    crypto_aead_chacha20poly1305_ietf_ABYTES == NOISE_TAG_BYTES, "tags");

/* Four zero bytes and the counter, here alone little-endian (section 12.3). */
static void
nonce_of(
    uint8_t out[crypto_aead_chacha20poly1305_ietf_NPUBBYTES], uint64_t counter)
{
    memset(out, 0, 4);
    for (unsigned i = 0; i < 8; i++) {
        out[4 + i] = (uint8_t)(counter >> 8 * i);
    }
}

enum err
noise_aead_encrypt(
    const struct noise_aead *aead, struct bytes plaintext, struct buf *out)
{
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    uint8_t *room = NULL;

    if (plaintext.size > NOISE_MESSAGE_BYTES_MAX - NOISE_TAG_BYTES) {
        return ERR_TOO_BIG;
    }
    room = buf_extend(out, plaintext.size + NOISE_TAG_BYTES);
    if (room == NULL) {
        return buf_err(out);
    }
    nonce_of(nonce, aead->counter);
    crypto_aead_chacha20poly1305_ietf_encrypt(room, NULL, plaintext.data,
        plaintext.size, aead->ad.data, aead->ad.size, NULL, nonce,
        aead->key->bytes);
    return ERR_OK;
}

enum err
noise_aead_decrypt(
    const struct noise_aead *aead, struct bytes ciphertext, struct buf *out)
{
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    size_t before = out->size;
    uint8_t *room = NULL;

    if (ciphertext.size < NOISE_TAG_BYTES) {
        return ERR_MALFORMED;
    }
    if (ciphertext.size > NOISE_MESSAGE_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    room = buf_extend(out, ciphertext.size - NOISE_TAG_BYTES);
    if (room == NULL) {
        return buf_err(out);
    }
    nonce_of(nonce, aead->counter);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(room, NULL, NULL,
            ciphertext.data, ciphertext.size, aead->ad.data, aead->ad.size,
            nonce, aead->key->bytes) != 0) {
        buf_truncate(out, before);
        return ERR_BAD_SIGNATURE;
    }
    return ERR_OK;
}

/* The last counter is kept for Rekey (section 5.1). */
static bool
is_used_up(const struct noise_cipher *cipher)
{
    return cipher->counter == UINT64_MAX;
}

enum err
noise_encrypt(
    struct noise_cipher *cipher, struct bytes plaintext, struct buf *out)
{
    const struct noise_aead aead = {
        .key = &cipher->key, .counter = cipher->counter};
    enum err rc = ERR_CLOSED;

    if (!is_used_up(cipher)) {
        rc = noise_aead_encrypt(&aead, plaintext, out);
        cipher->counter += rc == ERR_OK;
    }
    return rc;
}

enum err
noise_decrypt(
    struct noise_cipher *cipher, struct bytes ciphertext, struct buf *out)
{
    const struct noise_aead aead = {
        .key = &cipher->key, .counter = cipher->counter};
    enum err rc = ERR_CLOSED;

    if (!is_used_up(cipher)) {
        rc = noise_aead_decrypt(&aead, ciphertext, out);
        cipher->counter += rc == ERR_OK;
    }
    return rc;
}

/* The first 32 bytes of 32 zeros encrypted under the last counter. */
void
noise_rekey(struct noise_cipher *cipher)
{
    static const uint8_t zeros[sizeof(cipher->key.bytes)] = {0};
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    uint8_t sealed[sizeof(zeros) + NOISE_TAG_BYTES];

    nonce_of(nonce, UINT64_MAX);
    crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, zeros,
        sizeof(zeros), NULL, 0, NULL, nonce, cipher->key.bytes);
    memcpy(cipher->key.bytes, sealed, sizeof(cipher->key.bytes));
    mem_wipe(sealed, sizeof(sealed));
}

void
noise_cipher_wipe(struct noise_cipher *cipher)
{
    mem_wipe(cipher, sizeof(*cipher));
}
