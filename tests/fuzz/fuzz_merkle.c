/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs: any claim with any proof is judged in bounded time; and for any
 * three sizes a partial replica's proof is that of a full one, and holds.
 */
#include <assert.h>
#include <string.h>

#include "crypto/base/cursor.h"
#include "crypto/base/num.h"
#include "crypto/merkle.h"
#include "tests/fuzz/fuzz.h"

/* start, end, size, subtree, root, then the proof's hashes. */
static void
try_claim(struct cursor cursor)
{
    struct hash subtree;
    struct hash root;
    struct merkle_proof proof = {0};
    struct merkle_claim claim = {.subtree = &subtree, .root = &root};

    claim.start = cursor_u64(&cursor);
    claim.end = cursor_u64(&cursor);
    claim.size = cursor_u64(&cursor);
    cursor_copy(&cursor, subtree.bytes, sizeof(subtree.bytes));
    cursor_copy(&cursor, root.bytes, sizeof(root.bytes));
    while (cursor_left(&cursor) >= sizeof(struct hash) &&
           proof.count < MERKLE_PROOF_MAX) {
        cursor_copy(
            &cursor, proof.hashes[proof.count++].bytes, sizeof(struct hash));
    }
    if (merkle_verify(&claim, &proof) == ERR_OK) {
        /* It speaks for the whole proof: one more hash is too many. */
        assert(claim.start < claim.end && claim.end <= claim.size);
        if (proof.count < MERKLE_PROOF_MAX) {
            proof.hashes[proof.count++] = root;
            assert(merkle_verify(&claim, &proof) == ERR_BAD_SIGNATURE);
        }
    }
}

/* A tree of equal leaves: every node of a level is the same. */
static enum err
equal_node(void *context, unsigned level, uint64_t index, struct hash *out)
{
    const struct hash *levels = context;

    assert(level < MERKLE_LEVELS_MAX);
    assert(index < UINT64_MAX >> level);
    *out = levels[level];
    return ERR_OK;
}

static void
equal_root(struct hash *out, const struct hash *levels, uint64_t size)
{
    struct merkle_edge edge = {.size = size};

    memcpy(edge.hashes, levels, sizeof(edge.hashes));
    merkle_root(out, &edge);
}

static void
try_sizes(uint64_t from, uint64_t held, uint64_t size)
{
    struct hash levels[MERKLE_LEVELS_MAX] = {{{0}}};
    const struct merkle_source source = {equal_node, levels};
    struct merkle_proof beyond;
    struct merkle_proof whole;
    struct merkle_proof partial;
    const struct merkle_partial tree = {held, size, &beyond};
    struct hash old_root;
    struct hash root;
    struct merkle_claim newer = {.size = size, .root = &root};
    enum err rc = ERR_OK;

    for (size_t i = 1; i < MERKLE_LEVELS_MAX; i++) {
        merkle_node(&levels[i], &levels[i - 1], &levels[i - 1]);
    }
    equal_root(&old_root, levels, from);
    equal_root(&root, levels, size);
    rc = merkle_prove_consistency(&beyond, &source, held, size);
    assert(rc == ERR_OK);
    rc = merkle_prove_consistency(&whole, &source, from, size);
    assert(rc == ERR_OK);
    rc = merkle_prove_partial(&partial, &source, &tree, from);
    assert(rc == ERR_OK);
    assert(partial.count == whole.count);
    assert(memcmp(partial.hashes, whole.hashes,
               whole.count * sizeof(struct hash)) == 0);
    rc = merkle_verify_consistency(from, &old_root, &newer, &partial);
    assert(rc == ERR_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor cursor = cursor_init(bytes_of(data, size));
    uint64_t a = 0;
    uint64_t b = 0;
    uint64_t c = 0;
    uint64_t low = 0;
    uint64_t high = 0;

    try_claim(cursor);
    a = cursor_u64(&cursor);
    b = cursor_u64(&cursor);
    c = cursor_u64(&cursor);
    if (!cursor.failed) {
        low = num_min_u64(a, num_min_u64(b, c));
        high = num_max_u64(a, num_max_u64(b, c));
        /* The one in the middle: each of two sums may wrap, not the sum. */
        try_sizes(low, a + b + c - low - high, high);
    }
    return 0;
}
