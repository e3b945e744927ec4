/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an auditor is given of a log, read from a view: leaves and headers in
 * the form of bundles (crypto/bundle.h), and proofs. Tiles are made of the
 * leaves by whoever wants them: so they are proved to be those of the signed
 * root, whatever has become of our disk since.
 */
#ifndef CORRIDOR_STORAGE_TILES_H
#define CORRIDOR_STORAGE_TILES_H

#include "storage/view.h"

/* Entries [from, to) of a log. */
struct tiles_range {
    const struct log_id *log;
    uint64_t from;
    uint64_t to;
};

/*
 * Append the leaves of the range, 70 bytes an entry: their size as u16, and
 * the 68 bytes that the tree commits to. ERR_NOT_FOUND: the range is not held
 * in full; ERR_CORRUPT.
 */
enum err tiles_leaves(struct view *view, const struct tiles_range *range,
    struct buf *out, struct err_msg *msg) MUST_USE;

/*
 * Append headers with what is held of their bodies: the bodies of control and
 * erase entries, and of changes only whether they are here. The range is cut
 * after `bytes_max` at the next multiple of 256, and *out_to says where.
 */
enum err tiles_headers(struct view *view, const struct tiles_range *range,
    size_t bytes_max, struct buf *out, uint64_t *out_to,
    struct err_msg *msg) MUST_USE;

/*
 * Is the tree of the first `size` entries a prefix of the greatest head that
 * is held in full? Its root, and PROOF(size, head.size). ERR_NOT_FOUND: no
 * head is held; ERR_GAP: the head has fewer entries.
 */
struct tiles_prefix {
    struct head head;
    struct hash root; /* at `size` */
    struct merkle_proof proof;
};
enum err tiles_prefix(struct view *view, const struct log_id *log,
    uint64_t size, struct tiles_prefix *out, struct err_msg *msg) MUST_USE;

/*
 * One entry, and its inclusion in the greatest head that is held in full.
 * Errors as of tiles_prefix. The entry's views live as long as the view.
 */
struct tiles_inclusion {
    struct head head;
    struct entry entry; /* its body's hash too */
    uint8_t leaf[ENTRY_LEAF_BYTES];
    struct merkle_proof proof; /* PATH(position, head.size) */
};
enum err tiles_inclusion(struct view *view, const struct log_id *log,
    uint64_t position, struct tiles_inclusion *out,
    struct err_msg *msg) MUST_USE;

#endif
