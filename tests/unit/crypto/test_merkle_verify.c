/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier against the naive tree: each right claim, and damaged ones. */
#include "crypto/merkle.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/lib/naive_tree.h"
#include "tests/lib/run.h"

enum {
    SUBTREE_SIZE_MAX = 40, /* every subtree of every tree up to here */
    FLIP_SIZE_MAX = 9      /* every flipped bit of every proof up to here */
};

/* The naive proof of a subtree, in the verifier's words. */
static struct merkle_claim
naive_claim(struct naive_tree *tree, struct naive_range range, size_t size,
    struct merkle_proof *out_proof)
{
    struct naive_range whole = {0, size};
    struct merkle_claim claim = {.start = range.start,
        .end = range.end,
        .size = size,
        .subtree = naive_tree_hash(tree, range),
        .root = naive_tree_hash(tree, whole)};

    out_proof->count = naive_tree_prove(tree, range, size, out_proof->hashes);
    return claim;
}

/* Is [start, end) one, by the definition? */
static bool
is_naive_subtree(size_t start, size_t end)
{
    size_t width = 1;

    while (width < end - start) {
        width *= 2;
    }
    return start % width == 0;
}

/* Every range, be it a subtree or not, of every tree of a size. */
START_TEST(every_subtree_is_proved)
{
    const size_t size = (size_t)_i;
    struct naive_tree tree = {0};

    naive_tree_init(&tree, size);
    for (size_t start = 0; start < size; start++) {
        for (size_t end = start + 1; end <= size; end++) {
            struct naive_range range = {start, end};
            struct merkle_proof proof = {0};
            struct merkle_claim claim;

            if (is_naive_subtree(start, end)) {
                claim = naive_claim(&tree, range, size, &proof);
                ck_assert_int_eq(merkle_verify(&claim, &proof), ERR_OK);
            }
        }
    }
    naive_tree_release(&tree);
}
END_TEST

/*
 * The proof of [0, end) would mostly do for [start, end) too, and pass the
 * one's hash off as the other's, if any range might be claimed.
 */
START_TEST(what_is_not_a_subtree_is_refused)
{
    const size_t size = 600;
    struct naive_tree tree = {0};

    naive_tree_init(&tree, size);
    for (size_t end = 2; end <= size; end++) {
        struct merkle_proof proof = {0};
        struct merkle_claim claim =
            naive_claim(&tree, (struct naive_range){0, end}, size, &proof);

        for (size_t start = 1; start < end && start <= 20; start++) {
            claim.start = start;
            if (!is_naive_subtree(start, end) &&
                merkle_verify(&claim, &proof) != ERR_BAD_SIGNATURE) {
                ck_abort_msg("[%zu, %zu) of %zu", start, end, size);
            }
        }
    }
    naive_tree_release(&tree);
}
END_TEST

static void
expect_refused(
    const struct merkle_claim *claim, const struct merkle_proof *proof)
{
    ck_assert_int_eq(merkle_verify(claim, proof), ERR_BAD_SIGNATURE);
}

/* Flip each bit of what a claim is made of, one at a time. */
static void
expect_flips_refused(
    const struct merkle_claim *right, const struct merkle_proof *proof)
{
    struct merkle_claim claim = *right;
    struct hash subtree = *right->subtree;
    struct hash root = *right->root;
    struct merkle_proof flipped = *proof;

    claim.subtree = &subtree;
    claim.root = &root;
    ck_assert_int_eq(merkle_verify(&claim, proof), ERR_OK);
    for (size_t bit = 0; bit < 256; bit++) {
        const uint8_t mask = (uint8_t)(1U << bit % 8);

        subtree.bytes[bit / 8] ^= mask;
        expect_refused(&claim, proof);
        subtree.bytes[bit / 8] ^= mask;
        root.bytes[bit / 8] ^= mask;
        expect_refused(&claim, proof);
        root.bytes[bit / 8] ^= mask;
        for (size_t i = 0; i < proof->count; i++) {
            flipped.hashes[i].bytes[bit / 8] ^= mask;
            expect_refused(&claim, &flipped);
            flipped.hashes[i].bytes[bit / 8] ^= mask;
        }
    }
}

/* Leave out or repeat each hash, and put each root at either end. */
static void
expect_resized_refused(
    const struct merkle_claim *claim, const struct merkle_proof *proof)
{
    const struct hash *extra[] = {
        claim->root, claim->subtree, &proof->hashes[0]};

    for (size_t i = 0; i < proof->count; i++) {
        struct merkle_proof shorter = *proof;

        memmove(&shorter.hashes[i], &shorter.hashes[i + 1],
            (proof->count - i - 1) * sizeof(struct hash));
        shorter.count--;
        expect_refused(claim, &shorter);
    }
    for (size_t i = 0; i <= proof->count; i++) {
        for (size_t k = 0; k < 3; k++) {
            struct merkle_proof longer = *proof;

            memmove(&longer.hashes[i + 1], &longer.hashes[i],
                (proof->count - i) * sizeof(struct hash));
            longer.hashes[i] = *extra[k];
            longer.count++;
            expect_refused(claim, &longer);
        }
    }
}

START_TEST(damaged_proofs_of_small_trees_are_refused)
{
    const size_t size = (size_t)_i;
    struct naive_tree tree = {0};

    naive_tree_init(&tree, size);
    for (size_t end = 1; end <= size; end++) {
        struct merkle_proof proof = {0};
        struct merkle_claim claim =
            naive_claim(&tree, (struct naive_range){0, end}, size, &proof);

        expect_flips_refused(&claim, &proof);
        expect_resized_refused(&claim, &proof);
        proof.count = 0;
        claim = naive_claim(
            &tree, (struct naive_range){end - 1, end}, size, &proof);
        expect_flips_refused(&claim, &proof);
        expect_resized_refused(&claim, &proof);
    }
    naive_tree_release(&tree);
}
END_TEST

START_TEST(an_index_at_or_beyond_the_size_is_refused)
{
    struct naive_tree tree = {0};
    struct merkle_proof proof = {0};
    struct merkle_claim claim;

    naive_tree_init(&tree, 1);
    claim = naive_claim(&tree, (struct naive_range){0, 1}, 1, &proof);
    ck_assert_int_eq(merkle_verify_inclusion(&claim, &proof), ERR_OK);
    claim.start = 1;
    claim.end = 2;
    ck_assert_int_eq(
        merkle_verify_inclusion(&claim, &proof), ERR_BAD_SIGNATURE);
    claim.start = UINT64_MAX;
    claim.end = 0;
    ck_assert_int_eq(
        merkle_verify_inclusion(&claim, &proof), ERR_BAD_SIGNATURE);
    claim = (struct merkle_claim){0, 1, 0, claim.subtree, claim.root};
    ck_assert_int_eq(
        merkle_verify_inclusion(&claim, &proof), ERR_BAD_SIGNATURE);
    naive_tree_release(&tree);
}
END_TEST

START_TEST(an_inclusion_claim_on_two_leaves_is_refused)
{
    struct naive_tree tree = {0};
    struct merkle_proof proof = {0};
    struct merkle_claim claim;

    naive_tree_init(&tree, 4);
    claim = naive_claim(&tree, (struct naive_range){2, 4}, 4, &proof);
    ck_assert_int_eq(merkle_verify(&claim, &proof), ERR_OK);
    ck_assert_int_eq(
        merkle_verify_inclusion(&claim, &proof), ERR_BAD_SIGNATURE);
    naive_tree_release(&tree);
}
END_TEST

START_TEST(a_count_beyond_the_limit_is_refused_unread)
{
    struct merkle_proof *proof = mem_zalloc(1, sizeof(*proof));
    struct hash hash = {{0}};
    struct merkle_claim claim = {0, 1, UINT64_MAX, &hash, &hash};

    ck_assert_ptr_nonnull(proof);
    proof->count = MERKLE_PROOF_MAX + 1;
    ck_assert_int_eq(merkle_verify(&claim, proof), ERR_BAD_SIGNATURE);
    proof->count = SIZE_MAX;
    ck_assert_int_eq(merkle_verify(&claim, proof), ERR_BAD_SIGNATURE);
    mem_free(proof);
}
END_TEST

START_TEST(from_size_zero_only_the_empty_proof_holds)
{
    const struct merkle_edge nothing = {0};
    const struct hash other = {{1}};
    struct merkle_proof proof = {0};
    struct merkle_claim newer = {.size = 5, .root = &other};
    struct hash empty;

    merkle_root(&empty, &nothing);
    ck_assert_int_eq(
        merkle_verify_consistency(0, &empty, &newer, &proof), ERR_OK);
    ck_assert_int_eq(merkle_verify_consistency(0, &other, &newer, &proof),
        ERR_BAD_SIGNATURE);
    proof.count = 1;
    ck_assert_int_eq(merkle_verify_consistency(0, &empty, &newer, &proof),
        ERR_BAD_SIGNATURE);
    proof.count = 0;
    newer.size = 0;
    ck_assert_int_eq(merkle_verify_consistency(0, &empty, &newer, &proof),
        ERR_BAD_SIGNATURE);
    newer.root = &empty;
    ck_assert_int_eq(
        merkle_verify_consistency(0, &empty, &newer, &proof), ERR_OK);
}
END_TEST

START_TEST(the_older_tree_is_not_the_larger_one)
{
    struct naive_tree tree = {0};
    struct merkle_proof proof = {0};
    struct merkle_claim claim;

    naive_tree_init(&tree, 3);
    claim = naive_claim(&tree, (struct naive_range){0, 2}, 2, &proof);
    ck_assert_int_eq(
        merkle_verify_consistency(2, claim.root, &claim, &proof), ERR_OK);
    ck_assert_int_eq(merkle_verify_consistency(3, claim.root, &claim, &proof),
        ERR_BAD_SIGNATURE);
    naive_tree_release(&tree);
}
END_TEST

static Suite *
verify_suite(void)
{
    Suite *suite = suite_create("merkle_verify");
    TCase *verify = tcase_create("verify");

    tcase_set_timeout(verify, 60);
    tcase_add_loop_test(
        verify, every_subtree_is_proved, 1, SUBTREE_SIZE_MAX + 1);
    tcase_add_test(verify, what_is_not_a_subtree_is_refused);
    tcase_add_loop_test(verify, damaged_proofs_of_small_trees_are_refused, 1,
        FLIP_SIZE_MAX + 1);
    tcase_add_test(verify, an_index_at_or_beyond_the_size_is_refused);
    tcase_add_test(verify, an_inclusion_claim_on_two_leaves_is_refused);
    tcase_add_test(verify, a_count_beyond_the_limit_is_refused_unread);
    tcase_add_test(verify, from_size_zero_only_the_empty_proof_holds);
    tcase_add_test(verify, the_older_tree_is_not_the_larger_one);
    suite_add_tcase(suite, verify);
    return suite;
}

int
main(void)
{
    return run_suite(verify_suite());
}
