/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence that one key signed two histories of one log, as a file
 * (docs/protocol.md, "Forks"): checkpoint A of size m, checkpoint B of size
 * n >= m, the root r that B's tree has at size m, and the proof of that.
 *
 *     corridor-fork@v1
 *     <base64 of r>
 *     <base64 of a hash>                   PROOF(m, n), lowest first
 *     …
 *     (an empty line)
 *     <A's note, as it is>
 *     (an empty line)
 *     <B's note, as it is>
 *
 * Where m = n, r is B's root and there is no proof.
 */
#ifndef CORRIDOR_CRYPTO_FORK_FILE_H
#define CORRIDOR_CRYPTO_FORK_FILE_H

#include "crypto/checkpoint_note.h"
#include "crypto/merkle.h"

enum { FORK_FILE_BYTES_MAX = 256 * 1024 };

struct fork_file {
    struct hash root; /* r */
    struct merkle_proof proof;
    struct bytes older; /* A */
    struct bytes newer; /* B */
};

/* Append the file. ERR_NOMEM, ERR_TOO_BIG. */
enum err fork_file_write(
    struct buf *out, const struct fork_file *file) MUST_USE;

/* Read one: views into `encoded`. ERR_MALFORMED, ERR_TOO_BIG. */
enum err fork_file_read(struct fork_file *out, struct bytes encoded) MUST_USE;

/*
 * Is it evidence against the log whose key this is? The errors of
 * checkpoint_note_verify for either checkpoint; ERR_BAD_SIGNATURE: A is
 * larger than B, the proof does not lead from (A's size, r) to B's root, or
 * r is A's root, so that nothing was forked. The notes may be NULL.
 */
struct fork_notes {
    struct checkpoint_note older;
    struct checkpoint_note newer;
};
enum err fork_file_verify(const struct fork_file *file,
    const struct checkpoint_keys *keys, struct fork_notes *out) MUST_USE;

#endif
