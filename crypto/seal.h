/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing of bodies, of keys, and of values at rest. XChaCha20-Poly1305
 * throughout; sealed boxes are libsodium's crypto_box_seal (X25519,
 * XSalsa20-Poly1305) (docs/protocol.md, "Sealing"). What is handed in never
 * lies in the output; what is appended is taken off again on failure.
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
 * The two keys that a content key stands for, derived once for much work:
 * the functions that end in _with take them. Wipe after use.
 */
struct seal_keys {
    struct secret_key aead;  /* derive(content, ["corridor/body/1"]) */
    struct secret_key blind; /* derive(content, ["corridor/blind/1"]) */
};
void seal_keys_init(struct seal_keys *out, const struct secret_key *content);
void seal_keys_wipe(struct seal_keys *keys);

/*
 * The opening secret of one change:
 * r = keyed BLAKE2b-256(blinding key; ["corridor/open/1", corridor, node,
 *     log kind, position, kind, header without seal])
 * with blinding key = derive(content, ["corridor/blind/1"]).
 */
void seal_opening(struct hash *out_r, const struct secret_key *content,
    const struct seal_place *place, struct bytes header_unsealed);
void seal_opening_with(struct hash *out_r, const struct seal_keys *keys,
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
 * ERR_NOMEM, ERR_TOO_BIG.
 */
enum err seal_body(struct buf *out, const struct secret_key *content,
    const struct seal_place *place, struct bytes header,
    const struct seal *seal, struct bytes padded) MUST_USE;
struct seal_body_options {
    const struct seal_place *place;
    struct bytes header;
    const struct seal *seal;
};
enum err seal_body_with(struct buf *out, const struct seal_keys *keys,
    const struct seal_body_options *options, struct bytes padded) MUST_USE;

/*
 * Open a body and recompute its seal from header_unsealed: appends the padded
 * plaintext. ERR_BAD_SIGNATURE when the tag or the seal does not hold (or
 * the body is too short to have a tag), ERR_NOMEM, ERR_TOO_BIG. With keys
 * handed in, options->content is not read.
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
enum err seal_body_open_with(struct buf *out, const struct seal_keys *keys,
    const struct seal_open_options *options, struct bytes body) MUST_USE;

/*
 * Padded size: a multiple of 32 (never 0) up to 256, Padme beyond (PURBs,
 * 2019). At most SIZE_MAX / 2 is asked about.
 */
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
/* `content` must be the key committed to: the nonce depends on it. */
void seal_wrap(uint8_t out[SEAL_WRAPPED_BYTES],
    const struct secret_key *circle, const struct seal_wrap_place *place,
    const struct secret_key *content);
/* ERR_BAD_SIGNATURE when it does not open or breaks the commitment. */
enum err seal_unwrap(struct secret_key *out, const struct secret_key *circle,
    const struct seal_wrap_place *place,
    const uint8_t wrapped[SEAL_WRAPPED_BYTES]) MUST_USE;

/*
 * Seal 32 bytes to an X25519 public half, and open with its secret. The
 * ephemeral key is drawn inside (libsodium draws it itself). ERR_MALFORMED
 * for a public half with which no agreement is possible, ERR_BAD_SIGNATURE
 * for a box that does not open.
 */
enum err seal_box(uint8_t out[SEAL_BOXED_BYTES],
    const struct public_key *to, const struct secret_key *content) MUST_USE;
enum err seal_box_open(struct secret_key *out,
    const struct secret_key *secret,
    const uint8_t boxed[SEAL_BOXED_BYTES]) MUST_USE;

/*
 * Values at rest, under derive(key, ["corridor/rest/1"]). Nonce = first 24
 * bytes of keyed BLAKE2b-256(derive(key, ["corridor/rest-nonce/1"]); ad size
 * u64, ad, plaintext), stored first: 40 bytes more than the plaintext. `ad`
 * names table and row. ERR_BAD_SIGNATURE when it does not open (too short
 * included), ERR_NOMEM, ERR_TOO_BIG. As above, keys may be derived once.
 */
enum { SEAL_REST_OVERHEAD = SEAL_BYTES + SEAL_TAG_BYTES };
struct seal_rest_keys {
    struct secret_key aead;
    struct secret_key nonce;
};
void seal_rest_keys_init(
    struct seal_rest_keys *out, const struct secret_key *key);
void seal_rest_keys_wipe(struct seal_rest_keys *keys);
enum err seal_rest(struct buf *out, const struct secret_key *key,
    struct bytes ad, struct bytes plaintext) MUST_USE;
enum err seal_rest_with(struct buf *out, const struct seal_rest_keys *keys,
    struct bytes ad, struct bytes plaintext) MUST_USE;
enum err seal_rest_open(struct buf *out, const struct secret_key *key,
    struct bytes ad, struct bytes sealed) MUST_USE;
enum err seal_rest_open_with(struct buf *out,
    const struct seal_rest_keys *keys, struct bytes ad,
    struct bytes sealed) MUST_USE;

/*
 * One chunk of a stream (an attachment, a bundle) under a random key that
 * seals this stream and nothing else. Nonce = number u64, 1 for the last
 * chunk or else 0, zeros: no chunk can be moved, and none cut off the end.
 * 16 bytes more than the plaintext. Errors as for values at rest.
 */
struct seal_chunk_options {
    const struct secret_key *key;
    uint64_t number; /* 0, 1, 2 … */
    bool is_last;
    struct bytes ad; /* what the stream is; may be empty */
};
enum err seal_chunk(struct buf *out, const struct seal_chunk_options *chunk,
    struct bytes plaintext) MUST_USE;
enum err seal_chunk_open(struct buf *out,
    const struct seal_chunk_options *chunk, struct bytes sealed) MUST_USE;

/* The raw AEAD is never exposed beyond these. */

#endif
