/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing of bodies, of keys, and of values at rest. XChaCha20-Poly1305
 * throughout; sealed boxes are libsodium's crypto_box_seal (X25519,
 * XSalsa20-Poly1305) (docs/protocol.md, "Sealing").
 */
#ifndef CORRIDOR_CRYPTO_SEAL_H
#define CORRIDOR_CRYPTO_SEAL_H

#include "crypto/base/buf.h"
#include "crypto/base/bytes.h"
#include "crypto/base/err.h"

enum {
    SEAL_BYTES = 24,         /* the seal in a header, which is the nonce */
    SEAL_TAG_BYTES = 16,
    SEAL_WRAPPED_BYTES = 48, /* a key wrapped by a member */
    SEAL_BOXED_BYTES = 80,   /* a key sealed to a public half */
    SEAL_BOX_OVERHEAD = 48
};

struct seal {
    uint8_t bytes[SEAL_BYTES];
};

/*
 * Where a body stands. `header` is the encoded header without its seal, for
 * computing it, or whole, as additional data.
 */
struct seal_place {
    const struct corridor_id *corridor;
    const struct node_id *node;
    uint8_t log_kind; /* 0 control, 1 changes */
    uint64_t position;
    uint8_t kind;
};

/* BLAKE2b-256 of a content key, whole: its public commitment. */
void seal_commitment(struct hash *out, const struct secret_key *content);

/*
 * The opening secret of one change:
 * r = keyed BLAKE2b-256(blinding key; ["corridor/open/1", corridor, node,
 *     log kind, position, kind, header without seal])
 * with blinding key = derive(content, ["corridor/blind/1"]).
 */
void seal_opening(struct hash *out_r, const struct secret_key *content,
    const struct seal_place *place, struct bytes header_unsealed);

/*
 * The seal: first 24 bytes of BLAKE2b-512 of the CBOR array
 * ["corridor/seal/1", r, corridor, node, log kind, position, padded].
 */
void seal_compute(struct seal *out, const struct hash *r,
    const struct seal_place *place, struct bytes padded);

/*
 * Append the sealed body (padded plaintext under the AEAD key
 * derive(content, ["corridor/body/1"]), nonce = seal, additional data = CBOR
 * ["corridor/ad/1", corridor, node, log kind, position, kind, header]).
 */
enum err seal_body(struct buf *out, const struct secret_key *content,
    const struct seal_place *place, struct bytes header,
    const struct seal *seal, struct bytes padded) MUST_USE;

/*
 * Open a body and recompute its seal from header_unsealed: appends the padded
 * plaintext. ERR_BAD_SIGNATURE when the tag or the seal does not hold.
 */
struct seal_open_options {
    const struct secret_key *content;
    const struct seal_place *place;
    struct bytes header;
    struct bytes header_unsealed;
    const struct seal *seal;
};
enum err seal_body_open(struct buf *out,
    const struct seal_open_options *options, struct bytes body) MUST_USE;

/* Padded size: a multiple of 32 up to 256, Padme beyond (PURBs, 2019). */
size_t seal_padded_size(size_t size);

/*
 * Wrap a content key for a circle by one who holds its secret: key =
 * derive(circle secret, ["corridor/wrap/1"]), nonce = the first 24 bytes of
 * the commitment, additional data = CBOR ["corridor/wrap/1", corridor,
 * generation node, log kind, position, commitment]. 48 bytes.
 */
struct seal_wrap_place {
    const struct corridor_id *corridor;
    const struct node_id *node; /* the generation's dot */
    uint8_t log_kind;
    uint64_t position;
    const struct hash *commitment;
};
void seal_wrap(uint8_t out[SEAL_WRAPPED_BYTES],
    const struct secret_key *circle, const struct seal_wrap_place *place,
    const struct secret_key *content);
/* ERR_BAD_SIGNATURE when it does not open or breaks the commitment. */
enum err seal_unwrap(struct secret_key *out, const struct secret_key *circle,
    const struct seal_wrap_place *place,
    const uint8_t wrapped[SEAL_WRAPPED_BYTES]) MUST_USE;

/*
 * Seal 32 bytes to an X25519 public half, and open with its secret. The
 * ephemeral key is drawn inside (libsodium draws it itself).
 */
enum err seal_box(uint8_t out[SEAL_BOXED_BYTES],
    const struct public_key *to, const struct secret_key *content) MUST_USE;
enum err seal_box_open(struct secret_key *out,
    const struct secret_key *secret,
    const uint8_t boxed[SEAL_BOXED_BYTES]) MUST_USE;

/*
 * Values at rest. Nonce = first 24 bytes of keyed BLAKE2b(derive(key,
 * ["corridor/rest-nonce/1"]); ad size u64, ad, plaintext), stored first: 40
 * bytes more than the plaintext. `ad` names table and row.
 */
enum { SEAL_REST_OVERHEAD = SEAL_BYTES + SEAL_TAG_BYTES };
enum err seal_rest(struct buf *out, const struct secret_key *key,
    struct bytes ad, struct bytes plaintext) MUST_USE;
enum err seal_rest_open(struct buf *out, const struct secret_key *key,
    struct bytes ad, struct bytes sealed) MUST_USE;

/* One ChaCha20-Poly1305-IETF or raw AEAD is never exposed beyond these. */

#endif
