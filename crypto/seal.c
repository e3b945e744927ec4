/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/seal.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "crypto/base/mem.h"
#include "crypto/flat.h"
#include "crypto/hash.h"
#include "crypto/seal_internal.h"

enum {
    /* A label, three values of 32 bytes and four numbers, with heads. */
    PREFIX_BYTES_MAX = 192,
    /* Additional data up to here needs no allocation: most headers do. */
    AD_BYTES_ON_STACK = 1024,
    PAD_STEP = 32,
    PAD_STEP_UP_TO = 256
};

static_assert(
    crypto_aead_xchacha20poly1305_ietf_KEYBYTES == sizeof(struct secret_key),
    "a secret is an AEAD key");
static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == SEAL_BYTES,
    "a seal is a nonce");
static_assert(
    crypto_aead_xchacha20poly1305_ietf_ABYTES == SEAL_TAG_BYTES, "tags");

enum err
seal_aead(struct buf *out, const struct seal_aead *aead, struct bytes plaintext)
{
    uint8_t *room = NULL;

    if (plaintext.size > SIZE_MAX - SEAL_TAG_BYTES) {
        return ERR_TOO_BIG;
    }
    room = buf_extend(out, plaintext.size + SEAL_TAG_BYTES);
    if (room == NULL) {
        return buf_err(out);
    }
    crypto_aead_xchacha20poly1305_ietf_encrypt(room, NULL, plaintext.data,
        plaintext.size, aead->ad.data, aead->ad.size, NULL, aead->nonce,
        aead->key->bytes);
    return ERR_OK;
}

enum err
seal_aead_open(
    struct buf *out, const struct seal_aead *aead, struct bytes sealed)
{
    size_t before = out->size;
    uint8_t *room = NULL;
    int rc = 0;

    if (sealed.size < SEAL_TAG_BYTES) {
        return ERR_BAD_SIGNATURE;
    }
    room = buf_extend(out, sealed.size - SEAL_TAG_BYTES);
    if (room == NULL) {
        return buf_err(out);
    }
    rc = crypto_aead_xchacha20poly1305_ietf_decrypt(room, NULL, NULL,
        sealed.data, sealed.size, aead->ad.data, aead->ad.size, aead->nonce,
        aead->key->bytes);
    if (rc != 0) {
        buf_truncate(out, before);
        return ERR_BAD_SIGNATURE;
    }
    return ERR_OK;
}

void
seal_commitment(struct hash *out, const struct secret_key *content)
{
    hash_blake2b(out, bytes_of(content->bytes, sizeof(content->bytes)));
}

void
seal_keys_init(struct seal_keys *out, const struct secret_key *content)
{
    hash_derive_label(&out->aead, content, "corridor/body/1");
    hash_derive_label(&out->blind, content, "corridor/blind/1");
}

void
seal_keys_wipe(struct seal_keys *keys)
{
    mem_wipe(keys, sizeof(*keys));
}

/* BLAKE2b of an array's start and its last item, which stays where it is. */
static void
hash_prefixed(uint8_t *out, size_t size, const struct secret_key *key,
    const struct bytes parts[2])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, key == NULL ? NULL : key->bytes,
        key == NULL ? 0 : sizeof(key->bytes), size);
    crypto_generichash_update(&state, parts[0].data, parts[0].size);
    crypto_generichash_update(&state, parts[1].data, parts[1].size);
    crypto_generichash_final(&state, out, size);
    mem_wipe(&state, sizeof(state));
}

static void
put_place(struct flat *flat, const struct seal_place *place)
{
    flat_32(flat, place->corridor->bytes);
    flat_32(flat, place->node->bytes);
    flat_uint(flat, place->log_kind);
    flat_uint(flat, place->position);
}

void
seal_opening_with(struct hash *out_r, const struct seal_keys *keys,
    const struct seal_place *place, struct bytes header_unsealed)
{
    uint8_t memory[PREFIX_BYTES_MAX];
    struct flat flat = flat_array(memory, sizeof(memory), 7, "corridor/open/1");

    put_place(&flat, place);
    flat_uint(&flat, place->kind);
    flat_bytes_head(&flat, header_unsealed.size);
    hash_prefixed(out_r->bytes, sizeof(out_r->bytes), &keys->blind,
        (struct bytes[]){flat_bytes(&flat), header_unsealed});
}

void
seal_opening(struct hash *out_r, const struct secret_key *content,
    const struct seal_place *place, struct bytes header_unsealed)
{
    struct seal_keys keys = {0};

    hash_derive_label(&keys.blind, content, "corridor/blind/1");
    seal_opening_with(out_r, &keys, place, header_unsealed);
    seal_keys_wipe(&keys);
}

void
seal_compute(struct seal *out, const struct hash *r,
    const struct seal_place *place, struct bytes padded)
{
    uint8_t memory[PREFIX_BYTES_MAX];
    uint8_t hash[crypto_generichash_BYTES_MAX];
    struct flat flat = flat_array(memory, sizeof(memory), 7, "corridor/seal/1");

    flat_32(&flat, r->bytes);
    put_place(&flat, place);
    flat_bytes_head(&flat, padded.size);
    hash_prefixed(
        hash, sizeof(hash), NULL, (struct bytes[]){flat_bytes(&flat), padded});
    memcpy(out->bytes, hash, sizeof(out->bytes));
    mem_wipe(memory, sizeof(memory));
    mem_wipe(hash, sizeof(hash));
}

/*
 * The additional data of a body. libsodium wants it in one piece: on the
 * caller's stack, or for a great header on the heap.
 */
struct body_ad {
    uint8_t *heap;
    struct bytes bytes;
    uint8_t stack[AD_BYTES_ON_STACK];
};

static enum err
body_ad_init(
    struct body_ad *ad, const struct seal_place *place, struct bytes header)
{
    uint8_t *memory = ad->stack;
    struct flat flat = {0};

    ad->heap = NULL;
    if (header.size > sizeof(ad->stack) - PREFIX_BYTES_MAX) {
        if (header.size > BUF_LIMIT) {
            return ERR_TOO_BIG;
        }
        ad->heap = mem_alloc(PREFIX_BYTES_MAX + header.size);
        if (ad->heap == NULL) {
            return ERR_NOMEM;
        }
        memory = ad->heap;
    }
    flat = flat_array(memory, PREFIX_BYTES_MAX, 7, "corridor/ad/1");
    put_place(&flat, place);
    flat_uint(&flat, place->kind);
    flat_bytes_head(&flat, header.size);
    if (header.size != 0) {
        memcpy(memory + flat.size, header.data, header.size);
    }
    ad->bytes = bytes_of(memory, flat.size + header.size);
    return ERR_OK;
}

enum err
seal_body_with(struct buf *out, const struct seal_keys *keys,
    const struct seal_body_options *options, struct bytes padded)
{
    struct body_ad ad;
    enum err rc = body_ad_init(&ad, options->place, options->header);

    if (rc == ERR_OK) {
        rc = seal_aead(out,
            &(struct seal_aead){&keys->aead, options->seal->bytes, ad.bytes},
            padded);
        mem_free(ad.heap);
    }
    return rc;
}

enum err
seal_body(struct buf *out, const struct secret_key *content,
    const struct seal_place *place, struct bytes header,
    const struct seal *seal, struct bytes padded)
{
    const struct seal_body_options options = {
        .place = place, .header = header, .seal = seal};
    struct seal_keys keys = {0};
    enum err rc = ERR_OK;

    hash_derive_label(&keys.aead, content, "corridor/body/1");
    rc = seal_body_with(out, &keys, &options, padded);
    seal_keys_wipe(&keys);
    return rc;
}

/* Does the seal commit to this text, in this place, under this header? */
static bool
seal_holds(const struct seal_keys *keys,
    const struct seal_open_options *options, struct bytes padded)
{
    struct hash r = {{0}};
    struct seal seal = {{0}};

    seal_opening_with(&r, keys, options->place, options->header_unsealed);
    seal_compute(&seal, &r, options->place, padded);
    mem_wipe(&r, sizeof(r));
    return sodium_memcmp(
               seal.bytes, options->seal->bytes, sizeof(seal.bytes)) == 0;
}

enum err
seal_body_open_with(struct buf *out, const struct seal_keys *keys,
    const struct seal_open_options *options, struct bytes body)
{
    struct body_ad ad;
    size_t before = out->size;
    enum err rc = body_ad_init(&ad, options->place, options->header);

    if (rc != ERR_OK) {
        return rc;
    }
    rc = seal_aead_open(out,
        &(struct seal_aead){&keys->aead, options->seal->bytes, ad.bytes}, body);
    mem_free(ad.heap);
    if (rc == ERR_OK && !seal_holds(keys, options,
                            bytes_of(out->data + before, out->size - before))) {
        mem_wipe(out->data + before, out->size - before);
        buf_truncate(out, before);
        rc = ERR_BAD_SIGNATURE;
    }
    return rc;
}

enum err
seal_body_open(
    struct buf *out, const struct seal_open_options *options, struct bytes body)
{
    struct seal_keys keys = {0};
    enum err rc = ERR_OK;

    seal_keys_init(&keys, options->content);
    rc = seal_body_open_with(out, &keys, options, body);
    seal_keys_wipe(&keys);
    return rc;
}

static unsigned
log2_floor(size_t value)
{
    unsigned log = 0;

    while (value > 1) {
        value >>= 1;
        log++;
    }
    return log;
}

/*
 * Padme (PURBs, 2019, section 4): of a size with exponent e only the upper
 * 1 + log2(e) + 1 bits may be set, so that a size tells little and wastes at
 * most 12 %.
 */
size_t
seal_padded_size(size_t size)
{
    unsigned exponent = log2_floor(size);
    size_t mask = 0;

    assert(size <= SIZE_MAX / 2);
    if (size <= PAD_STEP_UP_TO) {
        mask = PAD_STEP - 1;
        return size == 0 ? PAD_STEP : (size + mask) & ~mask;
    }
    mask = ((size_t)1 << (exponent - log2_floor(exponent) - 1)) - 1;
    return (size + mask) & ~mask;
}
