/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Merkle tree of RFC 6962 as its definitions read, recursive and slow:
 * what crypto/merkle is compared with. Leaf i is the number i as 8 bytes,
 * big-endian, as in vectors/merkle/counting-tree.json.
 */
#ifndef CORRIDOR_TESTS_LIB_NAIVE_TREE_H
#define CORRIDOR_TESTS_LIB_NAIVE_TREE_H

#include "crypto/base/bytes.h"

struct naive_tree {
    size_t count;        /* leaves */
    struct hash *hashes; /* MTH(D[start:end]) at start * (count + 1) + end */
    bool *known;
};

/* The leaves [start, end), start < end. */
struct naive_range {
    size_t start;
    size_t end;
};

enum { NAIVE_PROOF_MAX = 65 };

/* A tree of at most some hundreds of leaves. */
void naive_tree_init(struct naive_tree *tree, size_t count);
void naive_tree_release(struct naive_tree *tree);

/* MTH(D[start:end]); it lives as long as the tree. */
const struct hash *naive_tree_hash(
    struct naive_tree *tree, struct naive_range range);

/*
 * The consistency proof of a subtree in the tree of the first `size` leaves:
 * PATH(i, size) is that of [i, i + 1), PROOF(m, size) that of [0, m).
 * Returns how many hashes were written.
 */
size_t naive_tree_prove(struct naive_tree *tree, struct naive_range range,
    size_t size, struct hash out[NAIVE_PROOF_MAX]);

#endif
