/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/seal.h"

#include <string.h>

#include <sodium.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "crypto/hash.h"
#include "crypto/seal_internal.h"

static const char rest_label[] = "corridor/rest/1";
static const char nonce_label[] = "corridor/rest-nonce/1";

void
seal_rest_keys_init(struct seal_rest_keys *out, const struct secret_key *key)
{
    hash_derive_label(&out->aead, key, rest_label);
    hash_derive_label(&out->nonce, key, nonce_label);
}

void
seal_rest_keys_wipe(struct seal_rest_keys *keys)
{
    mem_wipe(keys, sizeof(*keys));
}

/* The size of ad goes first, so that it cannot be shifted into the text. */
static void
rest_nonce(uint8_t out[SEAL_BYTES], const struct secret_key *key,
    struct bytes ad, struct bytes plaintext)
{
    crypto_generichash_state state;
    uint8_t ad_size[sizeof(uint64_t)];
    struct hash hash = {{0}};

    num_store_u64(ad_size, ad.size);
    crypto_generichash_init(
        &state, key->bytes, sizeof(key->bytes), sizeof(hash.bytes));
    crypto_generichash_update(&state, ad_size, sizeof(ad_size));
    crypto_generichash_update(&state, ad.data, ad.size);
    crypto_generichash_update(&state, plaintext.data, plaintext.size);
    crypto_generichash_final(&state, hash.bytes, sizeof(hash.bytes));
    mem_wipe(&state, sizeof(state));
    memcpy(out, hash.bytes, SEAL_BYTES);
}

enum err
seal_rest_with(struct buf *out, const struct seal_rest_keys *keys,
    struct bytes ad, struct bytes plaintext)
{
    uint8_t nonce[SEAL_BYTES];
    size_t before = out->size;
    enum err rc = ERR_OK;

    rest_nonce(nonce, &keys->nonce, ad, plaintext);
    buf_put(out, nonce, sizeof(nonce));
    rc = seal_aead(out, &(struct seal_aead){&keys->aead, nonce, ad}, plaintext);
    if (rc != ERR_OK && out->size != before) {
        buf_truncate(out, before);
    }
    return rc;
}

enum err
seal_rest(struct buf *out, const struct secret_key *key, struct bytes ad,
    struct bytes plaintext)
{
    struct seal_rest_keys keys = {0};
    enum err rc = ERR_OK;

    seal_rest_keys_init(&keys, key);
    rc = seal_rest_with(out, &keys, ad, plaintext);
    seal_rest_keys_wipe(&keys);
    return rc;
}

enum err
seal_rest_open_with(struct buf *out, const struct seal_rest_keys *keys,
    struct bytes ad, struct bytes sealed)
{
    if (sealed.size < SEAL_REST_OVERHEAD) {
        return ERR_BAD_SIGNATURE;
    }
    return seal_aead_open(out,
        &(struct seal_aead){&keys->aead, sealed.data, ad},
        bytes_of(sealed.data + SEAL_BYTES, sealed.size - SEAL_BYTES));
}

enum err
seal_rest_open(struct buf *out, const struct secret_key *key, struct bytes ad,
    struct bytes sealed)
{
    struct seal_rest_keys keys = {0};
    enum err rc = ERR_OK;

    /* Opening reads the nonce, so only the other key is wanted. */
    hash_derive_label(&keys.aead, key, rest_label);
    rc = seal_rest_open_with(out, &keys, ad, sealed);
    seal_rest_keys_wipe(&keys);
    return rc;
}

/* Number, then the flag of the last: docs/protocol.md, "Attachments". */
static void
chunk_nonce(uint8_t out[SEAL_BYTES], uint64_t number, bool is_last)
{
    memset(out, 0, SEAL_BYTES);
    num_store_u64(out, number);
    out[8] = is_last ? 1 : 0;
}

enum err
seal_chunk(struct buf *out, const struct seal_chunk_options *chunk,
    struct bytes plaintext)
{
    uint8_t nonce[SEAL_BYTES];

    chunk_nonce(nonce, chunk->number, chunk->is_last);
    return seal_aead(
        out, &(struct seal_aead){chunk->key, nonce, chunk->ad}, plaintext);
}

enum err
seal_chunk_open(struct buf *out, const struct seal_chunk_options *chunk,
    struct bytes sealed)
{
    uint8_t nonce[SEAL_BYTES];

    chunk_nonce(nonce, chunk->number, chunk->is_last);
    return seal_aead_open(
        out, &(struct seal_aead){chunk->key, nonce, chunk->ad}, sealed);
}
