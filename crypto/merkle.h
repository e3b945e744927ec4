/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Merkle tree of RFC 6962, section 2.1 (SHA-256): appending, roots,
 * inclusion and consistency proofs, one verifier for all of them, and proofs
 * by a replica that holds only a prefix (docs/protocol.md, "Logs").
 *
 * Node (level l, index i) is the root of leaves [i << l, (i + 1) << l).
 * Leaf p completes the nodes of levels 0 to ctz(p + 1): those are stored
 * with it, lowest first, and never rewritten.
 */
#ifndef CORRIDOR_CRYPTO_MERKLE_H
#define CORRIDOR_CRYPTO_MERKLE_H

#include "crypto/base/bytes.h"
#include "crypto/base/err.h"

enum {
    MERKLE_LEVELS_MAX = 64,
    MERKLE_PROOF_MAX = 65 /* hashes in any proof */
};

/* The perfect subtrees of a tree of `size` leaves; hashes[l] is valid where
 * bit l of size is set: the left edge that appends and roots need. */
struct merkle_edge {
    uint64_t size;
    struct hash hashes[MERKLE_LEVELS_MAX];
};

struct merkle_proof {
    size_t count;
    struct hash hashes[MERKLE_PROOF_MAX]; /* lowest first */
};

/* The hash of a leaf, and of the node above two (RFC 6962, section 2.1). */
void merkle_leaf(struct hash *out, struct bytes entry); /* 0x00 prefix */
void merkle_node(
    struct hash *out, const struct hash *left, const struct hash *right);

/*
 * Append a leaf hash. Writes the nodes it completes (levels 0, 1, …) to
 * `completed`, which has room for MERKLE_LEVELS_MAX, and returns their
 * number: 1 + ctz(old size + 1).
 */
size_t merkle_append(
    struct merkle_edge *edge, const struct hash *leaf, struct hash *completed);

/* The tree's root; of no leaves: SHA-256 of nothing. */
void merkle_root(struct hash *out, const struct merkle_edge *edge);

/* Reads node (level, index), complete in the reader's tree. */
struct merkle_source {
    enum err (*node)(
        void *context, unsigned level, uint64_t index, struct hash *out);
    void *context;
};

/* The root of a source's first `size` leaves, which it must hold. The source's
 * own error; *out is untouched then. */
enum err merkle_source_root(struct hash *out,
    const struct merkle_source *source, uint64_t size) MUST_USE;

/*
 * The provers. ERR_MALFORMED for an index or sizes out of order, otherwise
 * the source's own error; *out is untouched then.
 *
 * PATH(index, size), index < size; all of `size` is held by the source.
 */
enum err merkle_prove_inclusion(struct merkle_proof *out,
    const struct merkle_source *source, uint64_t index, uint64_t size) MUST_USE;

/* PROOF(from, size), 0 <= from <= size; from 0 or size: the empty proof. */
enum err merkle_prove_consistency(struct merkle_proof *out,
    const struct merkle_source *source, uint64_t from, uint64_t size) MUST_USE;

/*
 * PROOF(from, size) by a replica that holds only [0, held) with `beyond` =
 * PROOF(held, size), as received and verified: from <= held <= size. Also
 * ERR_MALFORMED: `beyond` has not as many hashes as PROOF(held, size) has.
 */
struct merkle_partial {
    uint64_t held;
    uint64_t size;
    const struct merkle_proof *beyond;
};
enum err merkle_prove_partial(struct merkle_proof *out,
    const struct merkle_source *source, const struct merkle_partial *tree,
    uint64_t from) MUST_USE;

/*
 * The one verifier: is the subtree [start, end) with hash `subtree` part of
 * the tree of `size` leaves with `root`? (the subtree consistency proof of
 * the Merkle tree certificates draft, section 4). ERR_OK or
 * ERR_BAD_SIGNATURE. start must be a multiple of the least power of two
 * that is at least end - start; 0 <= start < end <= size.
 */
struct merkle_claim {
    uint64_t start;
    uint64_t end;
    uint64_t size;
    const struct hash *subtree;
    const struct hash *root;
};
enum err merkle_verify(const struct merkle_claim *claim,
    const struct merkle_proof *proof) MUST_USE;

/*
 * Inclusion of one leaf hash (the claim's end is its start + 1), and
 * consistency of two roots (of `newer` only size and root are read). From
 * size 0 only the empty proof is right, with the root of no leaves.
 */
enum err merkle_verify_inclusion(const struct merkle_claim *claim,
    const struct merkle_proof *proof) MUST_USE;
enum err merkle_verify_consistency(uint64_t old_size,
    const struct hash *old_root, const struct merkle_claim *newer,
    const struct merkle_proof *proof) MUST_USE;

/*
 * The root that the newer tree really has at old_size, by a consistency proof
 * that does not go on from the root that was expected: what shows a fork. A
 * proof from a size that is a power of two does not hold that root:
 * ERR_NOT_FOUND. ERR_BAD_SIGNATURE: it does not lead to the newer root either.
 */
enum err merkle_proved_root(struct hash *out, uint64_t old_size,
    const struct merkle_claim *newer,
    const struct merkle_proof *proof) MUST_USE;

#endif
