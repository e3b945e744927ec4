/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes, checkpoints and verifier keys: what is read is written again as the
 * same bytes, and what is written verifies.
 */
#include <assert.h>
#include <string.h>

#include "crypto/keys.h"
#include "crypto/note.h"
#include "tests/fuzz/fuzz.h"

static void
try_key(struct bytes vkey)
{
    struct note_key key;
    struct buf out = {0};

    if (note_key_parse(&key, vkey) == ERR_OK) {
        note_key_format(&out, &key);
        assert(bytes_equal(buf_bytes(&out), vkey));
    }
    buf_release(&out);
}

static void
try_checkpoint(struct bytes text)
{
    struct checkpoint checkpoint;
    struct bytes extensions;
    struct buf out = {0};

    if (checkpoint_parse(&checkpoint, text) == ERR_OK) {
        extensions = checkpoint.extensions;
        checkpoint.extensions = bytes_of(NULL, 0);
        checkpoint_format(&out, &checkpoint);
        buf_put_bytes(&out, extensions);
        assert(bytes_equal(buf_bytes(&out), text));
    }
    buf_release(&out);
}

/* The note as it was read; false where a line is longer than we keep. */
static bool
write_note(struct buf *out, const struct note *note)
{
    buf_put_bytes(out, note->text);
    buf_put_u8(out, '\n');
    for (size_t i = 0; i < note->signature_count; i++) {
        const struct note_signature *line = &note->signatures[i];
        struct note_key key = {.id = line->id};

        assert(line->size <= sizeof(line->bytes));
        if (line->size == 0 || line->name.size > NOTE_NAME_BYTES_MAX) {
            return false;
        }
        memcpy(key.name, line->name.data, line->name.size);
        note_put_signature(out, &key, bytes_of(line->bytes, line->size));
    }
    return true;
}

/* Sign what was read, with the key of a seed of sevens. */
static void
try_signing(struct buf *encoded, const struct note *note)
{
    struct secret_key seed;
    struct public_key public;
    struct note_key key;
    struct note again;
    enum err rc = ERR_OK;

    memset(seed.bytes, 7, sizeof(seed.bytes));
    keys_sign_public(&public, &seed);
    rc = note_key_make(&key, "fuzz", NOTE_ED25519, &public);
    assert(rc == ERR_OK);
    rc = note_verify(note, &key, 1, NULL);
    assert(rc == ERR_BAD_SIGNATURE);
    rc = note_sign(encoded, &key, &seed, note->text);
    assert(rc == ERR_OK);
    rc = note_parse(&again, buf_bytes(encoded));
    assert(rc == ERR_OK || rc == ERR_TOO_BIG);
    if (rc == ERR_OK) {
        assert(bytes_equal(again.text, note->text));
        rc = note_verify(&again, &key, 1, NULL);
        assert(rc == ERR_OK);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes bytes = bytes_of(data, size);
    struct note note;
    struct buf encoded = {0};

    try_key(bytes);
    try_checkpoint(bytes);
    if (note_parse(&note, bytes) == ERR_OK) {
        try_checkpoint(note.text);
        if (write_note(&encoded, &note)) {
            assert(bytes_equal(buf_bytes(&encoded), bytes));
            try_signing(&encoded, &note);
        }
    }
    buf_release(&encoded);
    return 0;
}
