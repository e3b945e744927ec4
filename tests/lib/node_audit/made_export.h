/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An export made in a test: the logs of a corridor fixture as entries that
 * can be bent at will, written as folders from their description alone
 * (docs/protocol.md, "Tiles"), and signed with their authors' keys.
 */
#ifndef CORRIDOR_TESTS_LIB_NODE_AUDIT_MADE_EXPORT_H
#define CORRIDOR_TESTS_LIB_NODE_AUDIT_MADE_EXPORT_H

#include "crypto/bundle.h"
#include "tests/lib/storage/corridor_fixture.h"

enum { MADE_LOGS_MAX = 16, MADE_PATH_BYTES = 512 };

struct made_entry {
    uint8_t kind;
    enum bundle_body state;
    struct buf header;
    struct buf body;       /* where state is BUNDLE_BODY_HERE */
    struct hash body_hash; /* always */
};

struct made_log {
    struct log_id id;
    struct secret_key seed; /* of its author */
    struct made_entry *entries;
    size_t count;
    size_t capacity;
    struct buf lines;    /* cosignatures, as they stand on the checkpoint */
    struct buf cosigner; /* its node's key as a cosigner, on a line */
    struct buf former;   /* a note of a lesser size, without its signature */
    size_t former_size;  /* 0: none */
    bool is_left_out;
};

struct made_export {
    struct corridor_id corridor;
    struct made_log logs[MADE_LOGS_MAX];
    size_t count;
    bool without_headers;
};

/* Every log that office `n` holds, with the keys of all offices. */
void made_export_take(
    struct made_export *out, struct corridor_fixture *f, size_t n);
void made_export_release(struct made_export *made);

/* The log of office n; fails if it is not there. */
struct made_log *made_export_log(struct made_export *made,
    const struct corridor_fixture *f, size_t n, enum log_kind kind);

/* Take an entry out, or set its kind-0 or kind-2 body. */
void made_log_take_out(struct made_log *log, size_t position);
/* A copy of an entry at the end. */
void made_log_repeat(struct made_log *log, size_t position);
/* Only the first so many. */
void made_log_cut(struct made_log *log, size_t count);

/* Root of the log as it is, and the text that its author signs. */
void made_log_root(const struct made_log *log, struct hash *out);
void made_log_text(const struct made_export *made, const struct made_log *log,
    struct buf *out);
/* The whole checkpoint: signed, with the cosignatures. */
void made_log_note(const struct made_export *made, const struct made_log *log,
    struct buf *out);
/* A cosignature by office n's node over the log as it is now. */
void made_log_cosign(const struct made_export *made, struct made_log *log,
    const struct corridor_fixture *f, size_t n, uint64_t time_s);
/* The same over its first `size` entries, to stand in vouched/<size>. */
void made_log_vouch_before(const struct made_export *made, struct made_log *log,
    const struct corridor_fixture *f, size_t n, size_t size);
/* One by a witness of that name from outside; its verifier key to *out_vkey. */
void made_log_witness(const struct made_export *made, struct made_log *log,
    const char *name, struct buf *out_vkey);

/* The verifier key of a log, ended by a NUL. */
void made_log_vkey(const struct made_export *made, const struct made_log *log,
    struct buf *out);

/* Write one log's folder, or all; folders are made. */
void made_log_write(const struct made_export *made, const struct made_log *log,
    const char *dir);
void made_export_write(const struct made_export *made, const char *dir);
/* "<node>/changes" of a log. */
void made_log_path(char out[MADE_PATH_BYTES], const struct made_log *log);

#endif
