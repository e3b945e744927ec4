/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Merkle tree wholly in memory, of up to some millions of leaves: what
 * provers and tiles are made from in tests. It is built a level at a time
 * from the one below, unlike the code under test, which goes leaf by leaf.
 */
#ifndef CORRIDOR_TESTS_LIB_CRYPTO_TREE_H
#define CORRIDOR_TESTS_LIB_CRYPTO_TREE_H

#include "crypto/merkle.h"

struct tree {
    uint64_t size;
    struct hash *levels[MERKLE_LEVELS_MAX]; /* level l: size >> l nodes */
};

/* Makes leaf hash `index`. */
typedef void (*tree_leaf_fn)(struct hash *out, uint64_t index);

/* Leaf i is the number i as 8 bytes, big-endian, as in tests/lib. */
void tree_counting_leaf(struct hash *out, uint64_t index);

/* Make the tree of `size` leaves; it is released by tree_release. */
void tree_init(struct tree *tree, uint64_t size, tree_leaf_fn leaf);
void tree_release(struct tree *tree);

/* The tree as a source; a node that is not complete in it aborts. */
struct merkle_source tree_source(struct tree *tree);

/* The root of its first `size` leaves. */
void tree_root(struct hash *out, const struct tree *tree, uint64_t size);

#endif
