/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C2SP signed notes (signed-note v1.0.0), tlog checkpoints
 * (tlog-checkpoint v1.0.0) and cosignatures (tlog-cosignature v1.0.1,
 * type 0x04), byte for byte (docs/protocol.md, "Heads").
 */
#ifndef CORRIDOR_CRYPTO_NOTE_H
#define CORRIDOR_CRYPTO_NOTE_H

#include "crypto/base/buf.h"
#include "crypto/base/bytes.h"
#include "crypto/base/err.h"

enum {
    NOTE_BYTES_MAX = 64 * 1024,
    NOTE_NAME_BYTES_MAX = 255,
    NOTE_SIGNATURES_MAX = 100,
    CHECKPOINT_BYTES_MAX = 4096, /* its text, extension lines included */
    NOTE_ED25519 = 0x01,
    NOTE_COSIGNATURE = 0x04
};

/* A verifier key: "<name>+<hex id>+<base64(type, key)>". */
struct note_key {
    char name[NOTE_NAME_BYTES_MAX + 1];
    uint32_t id;
    uint8_t type; /* NOTE_ED25519 or NOTE_COSIGNATURE */
    struct public_key key;
};

/*
 * Fill in name, type, key and the id they make. ERR_MALFORMED: a name that is
 * empty, too long, not UTF-8, or holds a space of any kind, a control
 * character or a plus sign; another type.
 */
enum err note_key_make(struct note_key *out, const char *name, uint8_t type,
    const struct public_key *key) MUST_USE;
/*
 * Read a verifier key. ERR_MALFORMED: not of that form, or an id that is not
 * the key's; ERR_VERSION: a type not known here. *out is untouched then.
 */
enum err note_key_parse(struct note_key *out, struct bytes vkey) MUST_USE;
void note_key_format(struct buf *out, const struct note_key *key);

/* One signature line. */
struct note_signature {
    struct bytes name;
    uint32_t id;
    uint8_t bytes[72]; /* 64, or time (8) and 64 for cosignatures */
    size_t size; /* of a kind whose signatures are longer than 72: 0 */
};

/* A parsed note: views into the given bytes. */
struct note {
    struct bytes text; /* with its last newline */
    size_t signature_count;
    struct note_signature signatures[NOTE_SIGNATURES_MAX];
};

/*
 * Strict parse: UTF-8, no control characters, at least one signature line,
 * padded base64. ERR_MALFORMED or ERR_TOO_BIG; *out is untouched then.
 */
enum err note_parse(struct note *out, struct bytes encoded) MUST_USE;

/*
 * Verify against the known keys: unknown (name, id) pairs are ignored; a
 * known one that does not hold refuses the note; none verified: refused.
 * ERR_OK or ERR_BAD_SIGNATURE; *out_verified (may be NULL) gets how many of
 * the keys signed, each counted once.
 */
enum err note_verify(const struct note *note, const struct note_key *keys,
    size_t key_count, size_t *out_verified) MUST_USE;

/*
 * Append a signature line of an Ed25519 key, whose seed this is, over `text`.
 * A note is its text, a newline, and such lines. ERR_MALFORMED: a key of
 * another type, or a text that a note cannot hold; ERR_TOO_BIG; ERR_NOMEM.
 */
enum err note_sign(struct buf *out, const struct note_key *key,
    const struct secret_key *seed, struct bytes text) MUST_USE;
/* Append the line for a signature of 1 to 72 bytes made elsewhere. */
void note_put_signature(struct buf *out, const struct note_key *key,
    struct bytes signature);

/*
 * A checkpoint's three lines; extension lines must not be there when one is
 * made, and are kept as a view when one is parsed.
 */
struct checkpoint {
    char origin[NOTE_NAME_BYTES_MAX + 1];
    uint64_t size;
    struct hash root;
    struct bytes extensions;
};
void checkpoint_format(struct buf *out, const struct checkpoint *checkpoint);
/*
 * ERR_TOO_BIG, or ERR_MALFORMED: not of that form, an empty extension line, a
 * size of 0 with another root than that of no leaves. *out is untouched then.
 */
enum err checkpoint_parse(
    struct checkpoint *out, struct bytes text) MUST_USE;

/*
 * cosignature/v1: sign or verify `text` (a whole checkpoint text) as seen at
 * `time` (Unix seconds, below 2^63). The 72 bytes are time u64 and the
 * signature. Text beyond CHECKPOINT_BYTES_MAX must not be signed, and does not
 * verify: ERR_BAD_SIGNATURE.
 */
void cosignature_sign(uint8_t out[72], const struct secret_key *seed,
    uint64_t time, struct bytes text);
enum err cosignature_verify(const struct public_key *key,
    const uint8_t signature[72], struct bytes text) MUST_USE;

#endif
