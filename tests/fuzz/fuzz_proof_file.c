/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text files of proofs, of forks, and requests to witnesses with their
 * answers: what is read is written again as the same bytes, and nothing
 * verifies under a key that signed none of it.
 */
#include <assert.h>
#include <string.h>

#include "crypto/fork_file.h"
#include "crypto/keys.h"
#include "crypto/proof_file.h"
#include "crypto/text.h"
#include "crypto/witness_request.h"
#include "tests/fuzz/fuzz.h"

/* A log named as the text says, or else "log", and a cosigner. */
static void
make_keys(struct note_key *log, struct note_key *cosigner, struct bytes note)
{
    struct checkpoint checkpoint = {.origin = "log"};
    struct secret_key seed;
    struct public_key public;
    enum err rc = checkpoint_note_peek(&checkpoint, note);

    err_ignore(rc); /* the name is "log" then */
    memset(seed.bytes, 7, sizeof(seed.bytes));
    keys_sign_public(&public, &seed);
    if (note_key_make(log, checkpoint.origin, NOTE_ED25519, &public) !=
        ERR_OK) {
        rc = note_key_make(log, "log", NOTE_ED25519, &public);
        assert(rc == ERR_OK);
    }
    rc = note_key_make(cosigner, "cosigner", NOTE_COSIGNATURE, &public);
    assert(rc == ERR_OK);
}

static void
expect_same(struct buf *out, struct bytes bytes)
{
    assert(buf_err(out) == ERR_OK);
    assert(bytes_equal(buf_bytes(out), bytes));
    buf_clear(out);
}

static void
try_proof(struct buf *out, struct bytes bytes)
{
    struct proof_file file;
    struct note_key log;
    struct note_key cosigner;
    const struct checkpoint_keys keys = {&log, &cosigner, 1};
    struct buf extra = {0};
    enum err rc = proof_file_read(&file, bytes);

    if (rc == ERR_OK) {
        text_decode(&extra, file.extra);
        rc = proof_file_write(out, &file, buf_bytes(&extra));
        assert(rc == ERR_OK);
        expect_same(out, bytes);
        make_keys(&log, &cosigner, file.checkpoint);
        rc = proof_file_verify(&file, buf_bytes(&extra), &keys, NULL);
        assert(rc != ERR_OK);
    }
    buf_release(&extra);
}

static void
try_fork(struct buf *out, struct bytes bytes)
{
    struct fork_file file;
    struct note_key log;
    struct note_key cosigner;
    const struct checkpoint_keys keys = {&log, &cosigner, 1};
    enum err rc = fork_file_read(&file, bytes);

    if (rc == ERR_OK) {
        rc = fork_file_write(out, &file);
        assert(rc == ERR_OK);
        expect_same(out, bytes);
        make_keys(&log, &cosigner, file.newer);
        rc = fork_file_verify(&file, &keys, NULL);
        assert(rc != ERR_OK);
    }
}

static void
try_request(struct buf *out, struct bytes bytes)
{
    struct witness_request request;
    uint64_t size = 0;
    enum err rc = witness_request_read(&request, bytes);

    if (rc == ERR_OK) {
        rc = witness_request_write(out, &request);
        assert(rc == ERR_OK);
        expect_same(out, bytes);
    }
    if (witness_conflict_read(&size, bytes) == ERR_OK) {
        rc = witness_conflict_write(out, size);
        assert(rc == ERR_OK);
        expect_same(out, bytes);
    }
}

/* As a note, and as the answer of a witness to a short text. */
static void
try_note(struct bytes bytes)
{
    struct note_key log;
    struct note_key cosigner;
    const struct checkpoint_keys keys = {&log, &cosigner, 1};
    struct checkpoint_note note;
    enum err rc = ERR_OK;

    make_keys(&log, &cosigner, bytes);
    rc = checkpoint_note_read(&note, bytes, &keys);
    assert(rc != ERR_OK);
    rc = checkpoint_note_answer(&note, bytes, bytes_text("text\n"), &keys);
    assert(rc != ERR_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes bytes = bytes_of(data, size);
    struct buf out = {0};

    try_proof(&out, bytes);
    try_fork(&out, bytes);
    try_request(&out, bytes);
    try_note(bytes);
    buf_release(&out);
    return 0;
}
