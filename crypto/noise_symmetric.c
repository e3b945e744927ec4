/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/noise_internal.h"

#include <string.h>

#include <sodium.h>

#include "crypto/base/mem.h"
#include "crypto/hash.h"

enum { KEYS_MAX = 3 };

static_assert(
    crypto_auth_hmacsha256_BYTES == sizeof(struct secret_key), "HMAC-SHA256");

static void
hmac(struct secret_key *out, const struct secret_key *key,
    const struct bytes parts[2])
{
    crypto_auth_hmacsha256_state state;

    crypto_auth_hmacsha256_init(&state, key->bytes, sizeof(key->bytes));
    crypto_auth_hmacsha256_update(&state, parts[0].data, parts[0].size);
    crypto_auth_hmacsha256_update(&state, parts[1].data, parts[1].size);
    crypto_auth_hmacsha256_final(&state, out->bytes);
    mem_wipe(&state, sizeof(state));
}

/*
 * HKDF (RFC 5869) as section 4.3 has it: a temporary key from the chaining
 * key and the input, and from it `count` outputs, each from the one before
 * and its number, from 1.
 */
static void
hkdf(struct secret_key out[KEYS_MAX], size_t count, const struct secret_key *ck,
    struct bytes input)
{
    struct secret_key temporary = {{0}};
    struct bytes before = {NULL, 0};

    hmac(&temporary, ck, (struct bytes[]){input, {NULL, 0}});
    for (size_t i = 0; i < count; i++) {
        uint8_t number = (uint8_t)(i + 1);

        hmac(&out[i], &temporary,
            (struct bytes[]){before, bytes_of(&number, sizeof(number))});
        before = bytes_of(out[i].bytes, sizeof(out[i].bytes));
    }
    mem_wipe(&temporary, sizeof(temporary));
}

static void
set_key(struct noise_handshake *hs, const struct secret_key *key)
{
    hs->k = *key;
    hs->has_key = true;
    hs->counter = 0;
}

void
noise_start(struct noise_handshake *hs, const char *protocol_name)
{
    struct bytes name = bytes_text(protocol_name);

    /* Section 5.2: a name longer than a hash is hashed, else padded. */
    memset(hs->h.bytes, 0, sizeof(hs->h.bytes));
    if (name.size > sizeof(hs->h.bytes)) {
        hash_sha256(&hs->h, name);
    } else {
        memcpy(hs->h.bytes, name.data, name.size);
    }
    memcpy(hs->ck.bytes, hs->h.bytes, sizeof(hs->ck.bytes));
}

void
noise_mix_hash(struct noise_handshake *hs, struct bytes data)
{
    struct bytes parts[2] = {bytes_hash(&hs->h), data};
    struct hash h = {{0}};

    hash_sha256_parts(&h, parts, 2);
    hs->h = h;
}

void
noise_mix_key(struct noise_handshake *hs, const uint8_t input[32])
{
    struct secret_key keys[KEYS_MAX] = {{{0}}};

    hkdf(keys, 2, &hs->ck, bytes_of(input, 32));
    hs->ck = keys[0];
    set_key(hs, &keys[1]);
    mem_wipe(keys, sizeof(keys));
}

void
noise_mix_key_and_hash(struct noise_handshake *hs, const struct secret_key *psk)
{
    struct secret_key keys[KEYS_MAX] = {{{0}}};

    hkdf(keys, 3, &hs->ck, bytes_of(psk->bytes, sizeof(psk->bytes)));
    hs->ck = keys[0];
    noise_mix_hash(hs, bytes_of(keys[1].bytes, sizeof(keys[1].bytes)));
    set_key(hs, &keys[2]);
    mem_wipe(keys, sizeof(keys));
}

enum err
noise_mix_agreement(struct noise_handshake *hs, const struct secret_key *own,
    const struct public_key *theirs)
{
    uint8_t agreed[crypto_scalarmult_BYTES];
    enum err rc = ERR_BAD_SIGNATURE;

    if (crypto_scalarmult(agreed, own->bytes, theirs->bytes) == 0) {
        noise_mix_key(hs, agreed);
        rc = ERR_OK;
    }
    mem_wipe(agreed, sizeof(agreed));
    return rc;
}

static struct noise_aead
aead_of(const struct noise_handshake *hs)
{
    assert(hs->has_key);
    return (struct noise_aead){
        .key = &hs->k, .counter = hs->counter, .ad = bytes_hash(&hs->h)};
}

enum err
noise_encrypt_and_hash(
    struct noise_handshake *hs, struct bytes plaintext, struct buf *out)
{
    const struct noise_aead aead = aead_of(hs);
    size_t before = out->size;
    enum err rc = noise_aead_encrypt(&aead, plaintext, out);

    if (rc == ERR_OK) {
        hs->counter++;
        noise_mix_hash(hs, bytes_of(out->data + before, out->size - before));
    }
    return rc;
}

enum err
noise_decrypt_and_hash(
    struct noise_handshake *hs, struct bytes ciphertext, struct buf *out)
{
    const struct noise_aead aead = aead_of(hs);
    enum err rc = noise_aead_decrypt(&aead, ciphertext, out);

    if (rc == ERR_OK) {
        hs->counter++;
        noise_mix_hash(hs, ciphertext);
    }
    return rc;
}

void
noise_split_keys(const struct noise_handshake *hs, struct secret_key *dialler,
    struct secret_key *listener)
{
    struct secret_key keys[KEYS_MAX] = {{{0}}};

    hkdf(keys, 2, &hs->ck, bytes_of(NULL, 0));
    *dialler = keys[0];
    *listener = keys[1];
    mem_wipe(keys, sizeof(keys));
}
