/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checkpoint with all its signatures, checked in one call: the log's own,
 * and those of the cosigners that are known (docs/protocol.md, "Heads").
 *
 * Tools for transparency logs pass over signature lines of unknown keys. So
 * that a damaged line cannot hide as an unknown one, each line is told with
 * what came of it.
 */
#ifndef CORRIDOR_CRYPTO_CHECKPOINT_NOTE_H
#define CORRIDOR_CRYPTO_CHECKPOINT_NOTE_H

#include "crypto/note.h"

enum checkpoint_line_state {
    CHECKPOINT_LINE_LOG,      /* the log's signature, and it holds */
    CHECKPOINT_LINE_COSIGNED, /* by a known cosigner, and it holds */
    CHECKPOINT_LINE_BROKEN,   /* by a known cosigner, and it does not hold */
    CHECKPOINT_LINE_UNKNOWN   /* (name, id) is nobody's: cannot be checked */
};

struct checkpoint_line {
    enum checkpoint_line_state state;
    struct bytes name; /* as it stands there */
    uint32_t id;
    size_t cosigner; /* index among the keys: COSIGNED, BROKEN */
    uint64_t time;   /* Unix seconds it was cosigned at: COSIGNED */
};

/* What is known: the log's key, whose name is the origin it signs for. */
struct checkpoint_keys {
    const struct note_key *log;
    const struct note_key *cosigners;
    size_t cosigner_count;
};

/* Views into the given bytes, and copies; owns nothing. */
struct checkpoint_note {
    struct checkpoint checkpoint;
    struct bytes text; /* that was signed */
    size_t line_count;
    struct checkpoint_line lines[NOTE_SIGNATURES_MAX]; /* in their order */
    size_t cosigned_count; /* how many of each state */
    size_t broken_count;
    size_t unknown_count;
};

/* The note's three lines, unverified: to learn whose checkpoint it is. */
enum err checkpoint_note_peek(
    struct checkpoint *out, struct bytes encoded) MUST_USE;

/*
 * Read and check. ERR_MALFORMED or ERR_TOO_BIG: not a checkpoint's note.
 * ERR_BAD_SIGNATURE: another origin than the log key's name, no line of the
 * log's, or one that does not hold. Lines of cosigners are judged in `lines`.
 */
enum err checkpoint_note_read(struct checkpoint_note *out, struct bytes encoded,
    const struct checkpoint_keys *keys) MUST_USE;
/* The same, and ERR_BAD_SIGNATURE for any broken line. */
enum err checkpoint_note_verify(struct checkpoint_note *out,
    struct bytes encoded, const struct checkpoint_keys *keys) MUST_USE;

/*
 * A note by cosigners, as exporters write over a lesser size: read as above,
 * but the log's own line need not stand there; where it does it must hold.
 * ERR_BAD_SIGNATURE: another origin, or no line of a cosigner that holds.
 */
enum err checkpoint_note_vouched(struct checkpoint_note *out,
    struct bytes encoded, const struct checkpoint_keys *keys) MUST_USE;

/*
 * Signature lines without their text, as a witness answers with them, over
 * `text`. ERR_MALFORMED, ERR_TOO_BIG; ERR_BAD_SIGNATURE: a known key's line
 * that does not hold, or no line of a known key. keys->log may be NULL: it
 * is not read. Only text, lines and counts of *out are set.
 */
enum err checkpoint_note_answer(struct checkpoint_note *out,
    struct bytes answer, struct bytes text,
    const struct checkpoint_keys *keys) MUST_USE;

#endif
