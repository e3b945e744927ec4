/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keys.h"

#include <string.h>

#include <sodium.h>

#include "crypto/base/mem.h"

static_assert(crypto_sign_SEEDBYTES == sizeof(struct secret_key), "seeds");
static_assert(crypto_sign_PUBLICKEYBYTES == sizeof(struct public_key), "keys");
static_assert(crypto_sign_BYTES == sizeof(struct signature), "signatures");
static_assert(
    crypto_scalarmult_SCALARBYTES == sizeof(struct secret_key), "scalars");
static_assert(
    crypto_scalarmult_BYTES == sizeof(struct public_key), "agreements");

void
keys_random(void *out, size_t size)
{
    int rc = sodium_init();

    assert(rc >= 0);
    randombytes_buf(out, size);
}

void
keys_sign_public(struct public_key *out, const struct secret_key *seed)
{
    uint8_t pair[crypto_sign_SECRETKEYBYTES];

    crypto_sign_seed_keypair(out->bytes, pair, seed->bytes);
    mem_wipe(pair, sizeof(pair));
}

void
keys_sign(
    struct signature *out, const struct secret_key *seed, struct bytes message)
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    uint8_t pair[crypto_sign_SECRETKEYBYTES];

    crypto_sign_seed_keypair(public, pair, seed->bytes);
    crypto_sign_detached(out->bytes, NULL, message.data, message.size, pair);
    mem_wipe(pair, sizeof(pair));
}

static enum err
verify(
    const uint8_t *key, struct bytes message, const struct signature *signature)
{
    int rc = crypto_sign_verify_detached(
        signature->bytes, message.data, message.size, key);

    return rc == 0 ? ERR_OK : ERR_BAD_SIGNATURE;
}

enum err
keys_verify(const struct public_key *key, struct bytes message,
    const struct signature *signature)
{
    return verify(key->bytes, message, signature);
}

enum err
keys_verify_node(const struct node_id *node, struct bytes message,
    const struct signature *signature)
{
    return verify(node->bytes, message, signature);
}

enum err
keys_verify_office(const struct office_id *office, struct bytes message,
    const struct signature *signature)
{
    return verify(office->bytes, message, signature);
}

void
keys_box_public(struct public_key *out, const struct secret_key *secret)
{
    crypto_scalarmult_base(out->bytes, secret->bytes);
}

bool
keys_box_is_usable(const struct public_key *key)
{
    /* Any scalar will do: clamping makes each a multiple of the cofactor. */
    static const struct secret_key scalar = {{1}};
    uint8_t agreed[crypto_scalarmult_BYTES];

    return crypto_scalarmult(agreed, scalar.bytes, key->bytes) == 0;
}

void
node_secrets_random(struct node_secrets *out)
{
    keys_random(out, sizeof(*out));
}

void
node_secrets_public(struct node_public *out, const struct node_secrets *secrets)
{
    struct public_key sign = {{0}};

    keys_sign_public(&sign, &secrets->sign);
    memcpy(out->sign.bytes, sign.bytes, sizeof(out->sign.bytes));
    keys_box_public(&out->noise, &secrets->noise);
    keys_box_public(&out->seal, &secrets->seal);
    keys_sign_public(&out->cosign, &secrets->cosign);
    keys_sign_public(&out->clock, &secrets->clock);
}
