/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/naive_tree.h"

#include <assert.h>
#include <check.h>
#include <sodium.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"

void
naive_tree_init(struct naive_tree *tree, size_t count)
{
    const size_t cells = (count + 1) * (count + 1);

    tree->count = count;
    tree->hashes = mem_zalloc(cells, sizeof(*tree->hashes));
    tree->known = mem_zalloc(cells, sizeof(*tree->known));
    ck_assert_ptr_nonnull(tree->hashes);
    ck_assert_ptr_nonnull(tree->known);
}

void
naive_tree_release(struct naive_tree *tree)
{
    mem_free(tree->hashes);
    mem_free(tree->known);
    memset(tree, 0, sizeof(*tree));
}

/* The largest power of two below count, which is at least 2. */
static size_t
split(size_t count)
{
    size_t k = 1;

    while (2 * k < count) {
        k *= 2;
    }
    return k;
}

static void
hash_leaf(struct hash *out, size_t index)
{
    uint8_t leaf[1 + 8] = {0x00};

    num_store_u64(leaf + 1, index);
    crypto_hash_sha256(out->bytes, leaf, sizeof(leaf));
}

static void
hash_pair(struct hash *out, const struct hash *left, const struct hash *right)
{
    uint8_t pair[1 + 64] = {0x01};

    memcpy(pair + 1, left->bytes, 32);
    memcpy(pair + 33, right->bytes, 32);
    crypto_hash_sha256(out->bytes, pair, sizeof(pair));
}

const struct hash *
naive_tree_hash(struct naive_tree *tree, struct naive_range range)
{
    const size_t cell = range.start * (tree->count + 1) + range.end;
    struct hash *hash = &tree->hashes[cell];

    /* No assertion of Check: each is a system call, and this is called much. */
    if (range.start >= range.end || range.end > tree->count) {
        ck_abort_msg("no leaves [%zu, %zu)", range.start, range.end);
    }
    if (tree->known[cell]) {
        return hash;
    }
    if (range.end - range.start == 1) {
        hash_leaf(hash, range.start);
    } else {
        size_t middle = range.start + split(range.end - range.start);
        struct naive_range left = {range.start, middle};
        struct naive_range right = {middle, range.end};

        hash_pair(
            hash, naive_tree_hash(tree, left), naive_tree_hash(tree, right));
    }
    tree->known[cell] = true;
    return hash;
}

/* SUBTREE_SUBPROOF of the range, which is below the node `whole`. */
static size_t
subproof(struct naive_tree *tree, struct naive_range range,
    struct naive_range whole, bool is_known, struct hash *out)
{
    struct naive_range left = whole;
    struct naive_range right = whole;
    size_t count = 0;

    if (range.start == whole.start && range.end == whole.end) {
        if (!is_known) {
            out[0] = *naive_tree_hash(tree, whole);
        }
        return is_known ? 0 : 1;
    }
    left.end = whole.start + split(whole.end - whole.start);
    right.start = left.end;
    if (range.end <= left.end) {
        count = subproof(tree, range, left, is_known, out);
        out[count] = *naive_tree_hash(tree, right);
        return count + 1;
    }
    if (range.start < right.start) {
        /* It is across the middle: its left part is a whole node. */
        assert(range.start == whole.start);
        range.start = right.start;
        is_known = false;
    }
    count = subproof(tree, range, right, is_known, out);
    out[count] = *naive_tree_hash(tree, left);
    return count + 1;
}

size_t
naive_tree_prove(struct naive_tree *tree, struct naive_range range, size_t size,
    struct hash out[NAIVE_PROOF_MAX])
{
    struct naive_range whole = {0, size};

    assert(range.end <= size);
    return subproof(tree, range, whole, true, out);
}
