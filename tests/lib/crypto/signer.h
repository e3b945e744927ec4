/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs and cosigners with repeatable keys, for tests of what they sign.
 * Whatever goes wrong in here ends the program.
 */
#ifndef CORRIDOR_TESTS_LIB_CRYPTO_SIGNER_H
#define CORRIDOR_TESTS_LIB_CRYPTO_SIGNER_H

#include "crypto/note.h"

struct signer {
    struct note_key key;
    struct secret_key seed;
};

/* A key of NOTE_ED25519 or NOTE_COSIGNATURE whose seed is 32 equal bytes. */
void signer_init(
    struct signer *signer, const char *name, uint8_t type, uint8_t seed_byte);

/* Append a log's checkpoint: its text, an empty line, its signature. */
void signer_checkpoint(struct buf *out, const struct signer *log, uint64_t size,
    const struct hash *root);

/* Append a line of the cosigner's to the note, whose text this is. */
void signer_cosign_text(struct buf *note, const struct signer *cosigner,
    uint64_t time, struct bytes text);
/* The same, over the text of the note that it reads. */
void signer_cosign(
    struct buf *note, const struct signer *cosigner, uint64_t time);

#endif
