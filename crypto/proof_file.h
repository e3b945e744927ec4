/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A proof that an entry stands in a log, as a file: c2sp.org/tlog-proof@v1
 * (docs/protocol.md, "Proofs"). Corridor writes the entry's 68-byte leaf as
 * the extra data, which the proof then authenticates.
 *
 *     c2sp.org/tlog-proof@v1
 *     extra <base64>                       may be left out
 *     index <decimal>
 *     <base64 of a hash>                   lowest sibling first
 *     …
 *     (an empty line)
 *     <the checkpoint's note, as it is>
 */
#ifndef CORRIDOR_CRYPTO_PROOF_FILE_H
#define CORRIDOR_CRYPTO_PROOF_FILE_H

#include "crypto/checkpoint_note.h"
#include "crypto/merkle.h"

enum {
    PROOF_FILE_EXTRA_BYTES_MAX = 64 * 1024,
    PROOF_FILE_BYTES_MAX = 256 * 1024
};

struct proof_file {
    struct bytes extra; /* in base64; empty where there is none */
    uint64_t index;
    struct merkle_proof proof;
    struct bytes checkpoint;
};

/*
 * Append the file, with `extra` (as it is, not in base64; empty: no line).
 * The file's own `extra` is not read. ERR_NOMEM; ERR_TOO_BIG: an extra or a
 * whole beyond its limit.
 */
enum err proof_file_write(struct buf *out, const struct proof_file *file,
    struct bytes extra) MUST_USE;

/*
 * Read one: views into `encoded`. ERR_MALFORMED, ERR_TOO_BIG. The checkpoint
 * is read when it is verified.
 */
enum err proof_file_read(struct proof_file *out, struct bytes encoded) MUST_USE;

/*
 * Does the entry whose bytes are `leaf` stand at the file's index in the log
 * whose checkpoint it holds? The errors of checkpoint_note_verify, and
 * ERR_BAD_SIGNATURE for a proof that does not hold. *out_note (may be NULL)
 * gets the checkpoint.
 */
enum err proof_file_verify(const struct proof_file *file, struct bytes leaf,
    const struct checkpoint_keys *keys,
    struct checkpoint_note *out_note) MUST_USE;

#endif
