/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key pairs, signatures and node certificates (docs/protocol.md, "Keys").
 * No key has two uses. Randomness is handed in as seeds: this module draws
 * none but through keys_random, which node/ calls.
 */
#ifndef CORRIDOR_CRYPTO_KEYS_H
#define CORRIDOR_CRYPTO_KEYS_H

#include "crypto/base/buf.h"
#include "crypto/base/bytes.h"
#include "crypto/base/err.h"

enum {
    CERT_NAME_BYTES_MAX = 128, /* office and node names, UTF-8 */
    CERT_TYPE_BYTES_MAX = 32,  /* office type, a code word */
    CERT_BYTES_MAX = 1024      /* a whole encoded certificate */
};

/*
 * All secrets of one node: five seeds of 32 bytes, one per use, the storage
 * key (seals what the database derives) and its table key's root. Keep it in
 * mem_secret_alloc memory; wipe with mem_secret_free.
 */
struct node_secrets {
    struct secret_key sign;    /* Ed25519 seed: heads, certificates */
    struct secret_key noise;   /* X25519: the link's static key */
    struct secret_key seal;    /* X25519: opens sealed keys */
    struct secret_key cosign;  /* Ed25519 seed: cosignatures */
    struct secret_key clock;   /* Ed25519 seed: clocks passed on */
    struct secret_key storage; /* symmetric: derived values at rest */
};

/* The public halves, as certificates carry them. */
struct node_public {
    struct node_id sign; /* Ed25519: names the node */
    struct public_key noise;
    struct public_key seal;
    struct public_key cosign;
    struct public_key clock;
};

/*
 * Random bytes from the system; for node/ and tests. Like mem_secret_alloc it
 * also makes libsodium choose the processor's fastest routines.
 */
void keys_random(void *out, size_t size);

/* Ed25519 (RFC 8032) from a seed: its public half. */
void keys_sign_public(
    struct public_key *out, const struct secret_key *seed);
/* Sign; the public half is derived anew, so it costs two multiplications. */
void keys_sign(struct signature *out, const struct secret_key *seed,
    struct bytes message);
/* ERR_OK or ERR_BAD_SIGNATURE. */
enum err keys_verify(const struct public_key *key, struct bytes message,
    const struct signature *signature) MUST_USE;
/* The same for a node's signing key and an office key. */
enum err keys_verify_node(const struct node_id *node, struct bytes message,
    const struct signature *signature) MUST_USE;
enum err keys_verify_office(const struct office_id *office,
    struct bytes message, const struct signature *signature) MUST_USE;

/* X25519 public half. */
void keys_box_public(struct public_key *out, const struct secret_key *secret);
/*
 * Is it a usable X25519 public half? Not the few points of small order, with
 * which every agreement yields zero.
 */
bool keys_box_is_usable(const struct public_key *key);

/* Draw all of a node's secrets; derive their public halves. */
void node_secrets_random(struct node_secrets *out);
void node_secrets_public(
    struct node_public *out, const struct node_secrets *secrets);

/*
 * A node certificate: the office says "this node is mine". Encoded as CBOR
 *   [body bstr, office signature bstr(64), node signature bstr(64)]
 *   body = ["corridor/certificate/1", corridor bstr(32), office bstr(32),
 *           sign, noise, seal, cosign, clock bstr(32) each,
 *           office name tstr, node name tstr, country tstr(2 or 0),
 *           type tstr, time uint (Unix milliseconds)]
 * Both signatures are over body. Corridor is all zeros in a founding
 * statement, whose hash becomes the corridor's id.
 */
struct cert {
    struct corridor_id corridor;
    struct office_id office;
    struct node_public keys;
    char office_name[CERT_NAME_BYTES_MAX + 1]; /* UTF-8, NUL-ended */
    char node_name[CERT_NAME_BYTES_MAX + 1];
    char country[3]; /* ISO 3166-1 alpha-2 capitals, or "" */
    char type[CERT_TYPE_BYTES_MAX + 1]; /* [a-z_]+, or "" */
    uint64_t time_ms;
};

/*
 * Is it a name as certificates have them: UTF-8 of 1 to CERT_NAME_BYTES_MAX
 * bytes without the control characters that cert_encode lists?
 */
bool cert_name_is_valid(struct bytes name);

/*
 * Append the certificate, signed with the office's and the node's seeds, to
 * *out. ERR_MALFORMED for names that are empty, too long, not UTF-8 or hold
 * control characters (C0, C1, DEL, line and paragraph separators, and the
 * bidirectional controls U+202A to U+202E and U+2066 to U+2069), a country or
 * type that breaks its alphabet, two equal keys, or a Noise or sealing key
 * with which no agreement is possible; ERR_DENIED for a seed that is not the
 * one of the key the certificate names; ERR_NOMEM.
 */
enum err cert_encode(struct buf *out, const struct cert *cert,
    const struct secret_key *office, const struct secret_key *sign) MUST_USE;

/*
 * Decode and verify both signatures. ERR_MALFORMED, ERR_VERSION (another
 * label) or ERR_BAD_SIGNATURE; *out untouched then. All that cert_encode
 * calls malformed is refused here too.
 */
enum err cert_decode(struct cert *out, struct bytes encoded) MUST_USE;

#endif
