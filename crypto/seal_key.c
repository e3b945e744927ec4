/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/seal.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "crypto/base/mem.h"
#include "crypto/flat.h"
#include "crypto/hash.h"

enum { AD_BYTES_MAX = 160 };

static const char wrap_label[] = "corridor/wrap/1";

static_assert(
    sizeof(struct secret_key) + crypto_aead_xchacha20poly1305_ietf_ABYTES ==
        SEAL_WRAPPED_BYTES,
    "a wrapped key is the key and a tag");
static_assert(crypto_box_SEALBYTES == SEAL_BOX_OVERHEAD, "sealed boxes");
static_assert(sizeof(struct secret_key) + SEAL_BOX_OVERHEAD == SEAL_BOXED_BYTES,
    "a boxed key is the key and the box's overhead");

/* Is this the key that was committed to? */
static bool
is_committed(
    const struct secret_key *content, const struct seal_wrap_place *place)
{
    struct hash commitment = {{0}};

    seal_commitment(&commitment, content);
    return hash_equal(&commitment, place->commitment);
}

static struct bytes
wrap_ad(uint8_t memory[AD_BYTES_MAX], const struct seal_wrap_place *place)
{
    struct flat flat = flat_array(memory, AD_BYTES_MAX, 6, wrap_label);

    flat_32(&flat, place->corridor->bytes);
    flat_32(&flat, place->node->bytes);
    flat_uint(&flat, place->log_kind);
    flat_uint(&flat, place->position);
    flat_32(&flat, place->commitment->bytes);
    return flat_bytes(&flat);
}

void
seal_wrap(uint8_t out[SEAL_WRAPPED_BYTES], const struct secret_key *circle,
    const struct seal_wrap_place *place, const struct secret_key *content)
{
    struct secret_key key = {{0}};
    uint8_t memory[AD_BYTES_MAX];
    struct bytes ad = wrap_ad(memory, place);

    /* The nonce comes from the commitment: another key would repeat it. */
    assert(is_committed(content, place));
    hash_derive_label(&key, circle, wrap_label);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, content->bytes,
        sizeof(content->bytes), ad.data, ad.size, NULL,
        place->commitment->bytes, key.bytes);
    mem_wipe(&key, sizeof(key));
}

enum err
seal_unwrap(struct secret_key *out, const struct secret_key *circle,
    const struct seal_wrap_place *place,
    const uint8_t wrapped[SEAL_WRAPPED_BYTES])
{
    struct secret_key key = {{0}};
    struct secret_key content = {{0}};
    uint8_t memory[AD_BYTES_MAX];
    struct bytes ad = wrap_ad(memory, place);
    enum err rc = ERR_BAD_SIGNATURE;

    hash_derive_label(&key, circle, wrap_label);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(content.bytes, NULL, NULL,
            wrapped, SEAL_WRAPPED_BYTES, ad.data, ad.size,
            place->commitment->bytes, key.bytes) == 0 &&
        is_committed(&content, place)) {
        *out = content;
        rc = ERR_OK;
    }
    mem_wipe(&key, sizeof(key));
    mem_wipe(&content, sizeof(content));
    return rc;
}

enum err
seal_box(uint8_t out[SEAL_BOXED_BYTES], const struct public_key *to,
    const struct secret_key *content)
{
    uint8_t boxed[SEAL_BOXED_BYTES];

    if (crypto_box_seal(
            boxed, content->bytes, sizeof(content->bytes), to->bytes) != 0) {
        return ERR_MALFORMED;
    }
    memcpy(out, boxed, sizeof(boxed));
    return ERR_OK;
}

enum err
seal_box_open(struct secret_key *out, const struct secret_key *secret,
    const uint8_t boxed[SEAL_BOXED_BYTES])
{
    struct secret_key content = {{0}};
    uint8_t own[crypto_box_PUBLICKEYBYTES];
    enum err rc = ERR_BAD_SIGNATURE;

    crypto_scalarmult_base(own, secret->bytes);
    if (crypto_box_seal_open(
            content.bytes, boxed, SEAL_BOXED_BYTES, own, secret->bytes) == 0) {
        *out = content;
        rc = ERR_OK;
    }
    mem_wipe(&content, sizeof(content));
    return rc;
}
