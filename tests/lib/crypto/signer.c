/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/crypto/signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/keys.h"

static void
demand(enum err rc, const char *what)
{
    if (rc != ERR_OK) {
        fprintf(stderr, "%s: %s\n", what, err_text(rc));
        abort();
    }
}

void
signer_init(
    struct signer *signer, const char *name, uint8_t type, uint8_t seed_byte)
{
    struct public_key public;

    memset(signer, 0, sizeof(*signer));
    memset(signer->seed.bytes, seed_byte, sizeof(signer->seed.bytes));
    keys_sign_public(&public, &signer->seed);
    demand(note_key_make(&signer->key, name, type, &public), name);
}

void
signer_checkpoint(struct buf *out, const struct signer *log, uint64_t size,
    const struct hash *root)
{
    struct checkpoint checkpoint = {.size = size, .root = *root};
    struct buf text = {0};

    memcpy(checkpoint.origin, log->key.name, sizeof(checkpoint.origin));
    checkpoint_format(&text, &checkpoint);
    buf_put_bytes(out, buf_bytes(&text));
    buf_put_u8(out, '\n');
    demand(note_sign(out, &log->key, &log->seed, buf_bytes(&text)), "sign");
    buf_release(&text);
}

void
signer_cosign_text(struct buf *note, const struct signer *cosigner,
    uint64_t time, struct bytes text)
{
    uint8_t signature[72];

    cosignature_sign(signature, &cosigner->seed, time, text);
    note_put_signature(
        note, &cosigner->key, bytes_of(signature, sizeof(signature)));
    demand(buf_err(note), "cosign");
}

void
signer_cosign(struct buf *note, const struct signer *cosigner, uint64_t time)
{
    struct buf text = {0};
    struct note parsed;

    demand(note_parse(&parsed, buf_bytes(note)), "parse");
    buf_put_bytes(&text, parsed.text); /* the note may move */
    signer_cosign_text(note, cosigner, time, buf_bytes(&text));
    buf_release(&text);
}
