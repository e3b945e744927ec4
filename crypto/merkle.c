/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/merkle.h"

#include <assert.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/merkle_internal.h"

/* RFC 6962, section 2.1: what is hashed before a leaf and before a pair. */
static const uint8_t leaf_prefix = 0x00;
static const uint8_t node_prefix = 0x01;

void
merkle_leaf(struct hash *out, struct bytes entry)
{
    const struct bytes parts[] = {{&leaf_prefix, 1}, entry};

    hash_sha256_parts(out, parts, 2);
}

void
merkle_node(struct hash *out, const struct hash *left, const struct hash *right)
{
    uint8_t pair[1 + 2 * sizeof(struct hash)];

    pair[0] = node_prefix;
    memcpy(pair + 1, left->bytes, sizeof(left->bytes));
    memcpy(pair + 1 + sizeof(left->bytes), right->bytes, sizeof(right->bytes));
    hash_sha256(out, bytes_of(pair, sizeof(pair)));
}

/*
 * Appending is counting in binary: the new leaf is a carry, which combines
 * with the perfect subtree of its own height wherever there is one.
 */
size_t
merkle_append(
    struct merkle_edge *edge, const struct hash *leaf, struct hash *completed)
{
    struct hash carry = *leaf;
    unsigned level = 0;

    assert(edge->size < UINT64_MAX);
    completed[0] = carry;
    while (bit_is_set(edge->size, level)) {
        merkle_node(&carry, &edge->hashes[level], &carry);
        level++;
        completed[level] = carry;
    }
    edge->hashes[level] = carry;
    edge->size++;
    return level + 1;
}

void
merkle_root(struct hash *out, const struct merkle_edge *edge)
{
    struct hash root;
    unsigned level = 0;

    if (edge->size == 0) {
        hash_sha256(out, bytes_of(NULL, 0));
        return;
    }
    level = trailing_zeros(edge->size);
    root = edge->hashes[level];
    for (level++; level < MERKLE_LEVELS_MAX; level++) {
        if (bit_is_set(edge->size, level)) {
            merkle_node(&root, &edge->hashes[level], &root);
        }
    }
    *out = root;
}

/*
 * A verifier at work (RFC 9162, section 2.1.4.2, widened to subtrees). The
 * indices of the subtree's first and last leaf and of the tree's last leaf
 * are shifted right together, which is one level up; two hashes grow: of the
 * subtree as the proof has it, and of the tree.
 */
struct check {
    uint64_t first;
    uint64_t last;
    uint64_t tree_last;
    struct hash subtree;
    struct hash root;
};

static void
check_shift(struct check *check)
{
    check->first >>= 1;
    check->last >>= 1;
    check->tree_last >>= 1;
}

/* Up to the largest node that ends where the subtree ends. */
static void
check_start(struct check *check)
{
    const bool ends_with_tree = check->last == check->tree_last;

    while (check->first != check->last &&
           (ends_with_tree || bit_is_set(check->last, 0))) {
        check_shift(check);
    }
}

/* Take one hash of the proof; false if it is one too many. */
static bool
check_step(struct check *check, const struct hash *hash)
{
    if (check->tree_last == 0) {
        return false;
    }
    if (bit_is_set(check->last, 0) || check->last == check->tree_last) {
        if (check->first < check->last) {
            merkle_node(&check->subtree, hash, &check->subtree);
        }
        merkle_node(&check->root, hash, &check->root);
        /* The last node of a level without a sibling is its own parent. It
         * ends, because the last index is not 0 here. */
        while (!bit_is_set(check->last, 0)) {
            check_shift(check);
        }
    } else {
        merkle_node(&check->root, &check->root, hash);
    }
    check_shift(check);
    return true;
}

/* Is `start` a multiple of the least power of two >= count (1 or more)? */
static bool
is_subtree(uint64_t start, uint64_t count)
{
    uint64_t mask = count - 1;

    for (unsigned shift = 1; shift < 64; shift *= 2) {
        mask |= mask >> shift;
    }
    return (start & mask) == 0;
}

/* Follow the proof to its end: check->subtree and check->root are the hashes
 * that it makes, of which the subtree's may be the claim's own. */
static enum err
follow(struct check *check, const struct merkle_claim *claim,
    const struct merkle_proof *proof)
{
    size_t next = 0;

    *check = (struct check){.first = claim->start};
    if (claim->start >= claim->end || claim->end > claim->size ||
        !is_subtree(claim->start, claim->end - claim->start) ||
        proof->count > MERKLE_PROOF_MAX) {
        return ERR_BAD_SIGNATURE;
    }
    check->last = claim->end - 1;
    check->tree_last = claim->size - 1;
    check_start(check);
    if (check->first == check->last) {
        if (claim->subtree == NULL) {
            return ERR_NOT_FOUND;
        }
        check->subtree = *claim->subtree;
    } else if (proof->count > 0) {
        check->subtree = proof->hashes[next++];
    } else {
        return ERR_BAD_SIGNATURE;
    }
    check->root = check->subtree;
    for (; next < proof->count; next++) {
        if (!check_step(check, &proof->hashes[next])) {
            return ERR_BAD_SIGNATURE;
        }
    }
    return check->tree_last == 0 && hash_equal(&check->root, claim->root)
               ? ERR_OK
               : ERR_BAD_SIGNATURE;
}

enum err
merkle_verify(
    const struct merkle_claim *claim, const struct merkle_proof *proof)
{
    struct check check;
    enum err rc = follow(&check, claim, proof);

    if (rc == ERR_OK && !hash_equal(&check.subtree, claim->subtree)) {
        rc = ERR_BAD_SIGNATURE;
    }
    return rc;
}

enum err
merkle_proved_root(struct hash *out, uint64_t old_size,
    const struct merkle_claim *newer, const struct merkle_proof *proof)
{
    const struct merkle_claim claim = {
        .end = old_size, .size = newer->size, .root = newer->root};
    struct check check;
    enum err rc = follow(&check, &claim, proof);

    if (rc == ERR_OK) {
        *out = check.subtree;
    }
    return rc;
}

enum err
merkle_verify_inclusion(
    const struct merkle_claim *claim, const struct merkle_proof *proof)
{
    if (claim->start >= claim->end || claim->end - claim->start != 1) {
        return ERR_BAD_SIGNATURE;
    }
    return merkle_verify(claim, proof);
}

enum err
merkle_verify_consistency(uint64_t old_size, const struct hash *old_root,
    const struct merkle_claim *newer, const struct merkle_proof *proof)
{
    const struct merkle_edge nothing = {0};
    struct merkle_claim claim = {
        .end = old_size,
        .size = newer->size,
        .subtree = old_root,
        .root = newer->root,
    };
    struct hash empty;

    if (old_size > 0) {
        return merkle_verify(&claim, proof);
    }
    /* The empty tree is part of every tree, and its root is known. */
    merkle_root(&empty, &nothing);
    if (proof->count > 0 || !hash_equal(old_root, &empty) ||
        (newer->size == 0 && !hash_equal(newer->root, &empty))) {
        return ERR_BAD_SIGNATURE;
    }
    return ERR_OK;
}
