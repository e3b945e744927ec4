/* SPDX-License-Identifier: Apache-2.0 */
/* The provers against the naive tree, by full and by partial replicas. */
#include "crypto/merkle.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/lib/naive_tree.h"
#include "tests/lib/run.h"

enum { TREE_SIZE_MAX = 130 }; /* from, held and size: all up to here */

/* A replica of the naive tree that holds [0, held). */
struct replica {
    struct naive_tree tree;
    uint64_t held;
    long fail_after; /* nodes still to be read; below 0: never fails */
};

static enum err
replica_node(void *context, unsigned level, uint64_t index, struct hash *out)
{
    struct replica *replica = context;
    struct naive_range range = {
        (size_t)(index << level), (size_t)((index + 1) << level)};

    /* Each assertion of Check is a system call: too much for this path. */
    if (level >= 8 || range.end > replica->held) {
        ck_abort_msg("node %u/%ju is not held", level, (uintmax_t)index);
    }
    if (replica->fail_after == 0) {
        return ERR_IO;
    }
    replica->fail_after -= replica->fail_after > 0;
    *out = *naive_tree_hash(&replica->tree, range);
    return ERR_OK;
}

static void
replica_init(struct replica *replica, size_t count)
{
    naive_tree_init(&replica->tree, count);
    replica->held = count;
    replica->fail_after = -1;
}

static struct merkle_source
replica_source(struct replica *replica)
{
    return (struct merkle_source){replica_node, replica};
}

static void
naive_proof(struct replica *replica, struct naive_range range, uint64_t size,
    struct merkle_proof *out)
{
    out->count = 0;
    if (range.end > range.start && range.end <= size) {
        out->count =
            naive_tree_prove(&replica->tree, range, (size_t)size, out->hashes);
    }
}

static void
expect_equal(const struct merkle_proof *proof, const struct merkle_proof *want)
{
    if (proof->count != want->count ||
        memcmp(proof->hashes, want->hashes,
            want->count * sizeof(struct hash)) != 0) {
        ck_abort_msg("%zu hashes, and %zu others or in another order",
            proof->count, want->count);
    }
}

START_TEST(every_inclusion_proof_is_the_naive_one)
{
    struct replica replica = {0};
    const struct merkle_source source = replica_source(&replica);

    replica_init(&replica, TREE_SIZE_MAX);
    for (uint64_t size = 1; size <= TREE_SIZE_MAX; size++) {
        replica.held = size;
        for (uint64_t index = 0; index < size; index++) {
            struct naive_range range = {(size_t)index, (size_t)index + 1};
            struct merkle_proof want;
            struct merkle_proof proof;

            ck_assert_int_eq(
                merkle_prove_inclusion(&proof, &source, index, size), ERR_OK);
            naive_proof(&replica, range, size, &want);
            expect_equal(&proof, &want);
        }
    }
    naive_tree_release(&replica.tree);
}
END_TEST

START_TEST(a_root_that_is_read_is_the_prefixs)
{
    struct replica replica = {0};
    const struct merkle_source source = replica_source(&replica);
    struct merkle_edge grown = {.size = 0};
    struct hash root;

    replica_init(&replica, TREE_SIZE_MAX);
    for (uint64_t size = 0; size <= TREE_SIZE_MAX; size++) {
        struct hash completed[MERKLE_LEVELS_MAX];
        struct hash want;

        replica.held = size;
        ck_assert_int_eq(merkle_source_root(&root, &source, size), ERR_OK);
        merkle_root(&want, &grown);
        ck_assert(hash_equal(&root, &want));
        if (size < TREE_SIZE_MAX) {
            struct naive_range leaf = {(size_t)size, (size_t)size + 1};

            merkle_append(
                &grown, naive_tree_hash(&replica.tree, leaf), completed);
        }
    }
    replica.fail_after = 1;
    memset(&root, 7, sizeof(root));
    ck_assert_int_eq(merkle_source_root(&root, &source, 7), ERR_IO);
    ck_assert_int_eq(root.bytes[0], 7);
    naive_tree_release(&replica.tree);
}
END_TEST

START_TEST(every_consistency_proof_is_the_naive_one_and_verifies)
{
    struct replica replica = {0};
    const struct merkle_source source = replica_source(&replica);

    replica_init(&replica, TREE_SIZE_MAX);
    for (uint64_t size = 1; size <= TREE_SIZE_MAX; size++) {
        struct naive_range whole = {0, (size_t)size};
        struct merkle_claim newer = {
            .size = size, .root = naive_tree_hash(&replica.tree, whole)};

        replica.held = size;
        for (uint64_t from = 1; from <= size; from++) {
            struct naive_range range = {0, (size_t)from};
            struct merkle_proof want;
            struct merkle_proof proof;

            ck_assert_int_eq(
                merkle_prove_consistency(&proof, &source, from, size), ERR_OK);
            naive_proof(&replica, range, size, &want);
            expect_equal(&proof, &want);
            ck_assert_int_eq(
                merkle_verify_consistency(from,
                    naive_tree_hash(&replica.tree, range), &newer, &proof),
                ERR_OK);
        }
    }
    naive_tree_release(&replica.tree);
}
END_TEST

/* All sizes from the loop's number on, in steps of the loop's length. */
enum { PARTIAL_PARTS = 10 };

START_TEST(a_partial_replica_proves_every_prefix_of_what_it_holds)
{
    struct replica replica = {0};
    const struct merkle_source source = replica_source(&replica);
    size_t proved = 0;

    replica_init(&replica, TREE_SIZE_MAX);
    for (uint64_t size = (uint64_t)_i; size <= TREE_SIZE_MAX;
         size += PARTIAL_PARTS) {
        for (uint64_t held = 0; held <= size; held++) {
            struct naive_range range = {0, (size_t)held};
            struct merkle_proof beyond;
            const struct merkle_partial tree = {held, size, &beyond};

            naive_proof(&replica, range, size, &beyond);
            replica.held = held;
            for (uint64_t from = 0; from <= held; from++) {
                struct merkle_proof want;
                struct merkle_proof proof;
                enum err rc = ERR_OK;

                range.end = (size_t)from;
                naive_proof(&replica, range, size, &want);
                rc = merkle_prove_partial(&proof, &source, &tree, from);
                if (rc != ERR_OK) {
                    ck_abort_msg("from %ju: %d", (uintmax_t)from, rc);
                }
                expect_equal(&proof, &want);
                proved++;
            }
        }
    }
    ck_assert_uint_gt(proved, 10000);
    naive_tree_release(&replica.tree);
}
END_TEST

START_TEST(what_is_out_of_order_is_refused)
{
    struct replica replica = {0};
    const struct merkle_source source = replica_source(&replica);
    struct merkle_proof beyond = {0};
    struct merkle_proof proof;
    struct merkle_partial tree = {3, 5, &beyond};

    replica_init(&replica, 8);
    naive_proof(&replica, (struct naive_range){0, 3}, 5, &beyond);
    ck_assert_int_eq(
        merkle_prove_inclusion(&proof, &source, 8, 8), ERR_MALFORMED);
    ck_assert_int_eq(
        merkle_prove_inclusion(&proof, &source, 0, 0), ERR_MALFORMED);
    ck_assert_int_eq(
        merkle_prove_consistency(&proof, &source, 9, 8), ERR_MALFORMED);
    ck_assert_int_eq(
        merkle_prove_partial(&proof, &source, &tree, 4), ERR_MALFORMED);
    tree.size = 2;
    ck_assert_int_eq(
        merkle_prove_partial(&proof, &source, &tree, 1), ERR_MALFORMED);
    naive_tree_release(&replica.tree);
}
END_TEST

START_TEST(a_proof_beyond_of_another_length_is_refused)
{
    struct replica replica = {0};
    const struct merkle_source source = replica_source(&replica);

    replica_init(&replica, 16);
    for (uint64_t held = 1; held < 16; held++) {
        struct naive_range range = {0, (size_t)held};
        struct merkle_proof beyond = {0};
        struct merkle_proof proof;
        const struct merkle_partial tree = {held, 16, &beyond};
        size_t right = 0;

        naive_proof(&replica, range, 16, &beyond);
        right = beyond.count;
        for (beyond.count = 0; beyond.count < 8; beyond.count++) {
            ck_assert_int_eq(merkle_prove_partial(&proof, &source, &tree, 1),
                beyond.count == right ? ERR_OK : ERR_MALFORMED);
        }
    }
    naive_tree_release(&replica.tree);
}
END_TEST

START_TEST(a_failing_source_is_passed_on_and_leaves_no_trace)
{
    struct replica replica = {0};
    const struct merkle_source source = replica_source(&replica);
    struct merkle_proof beyond = {0};
    const struct merkle_partial tree = {91, 117, &beyond};
    struct merkle_proof untouched;
    enum err rc = ERR_IO;
    long reads = 0;

    replica_init(&replica, TREE_SIZE_MAX);
    naive_proof(&replica, (struct naive_range){0, 91}, 117, &beyond);
    memset(&untouched, 0x5a, sizeof(untouched));
    for (; rc != ERR_OK && reads < 100; reads++) {
        struct merkle_proof proof = untouched;

        replica.fail_after = reads;
        rc = merkle_prove_partial(&proof, &source, &tree, 75);
        if (rc != ERR_OK) {
            ck_assert_int_eq(rc, ERR_IO);
            ck_assert_mem_eq(&proof, &untouched, sizeof(proof));
        }
    }
    ck_assert_int_eq(rc, ERR_OK);
    ck_assert_int_gt(reads, 3);
    naive_tree_release(&replica.tree);
}
END_TEST

/* A tree of equal leaves: every node of a level is the same. */
static enum err
equal_node(void *context, unsigned level, uint64_t index, struct hash *out)
{
    const struct hash *levels = context;

    ck_assert_uint_lt(level, MERKLE_LEVELS_MAX);
    ck_assert_uint_le(index, (UINT64_MAX >> level) - 1);
    *out = levels[level];
    return ERR_OK;
}

/* The root of `size` equal leaves. */
static struct hash
equal_root(const struct hash *levels, uint64_t size)
{
    struct merkle_edge edge = {.size = size};
    struct hash root;

    memcpy(edge.hashes, levels, sizeof(edge.hashes));
    merkle_root(&root, &edge);
    return root;
}

static const uint64_t great_sizes[] = {1, 2, 3, (uint64_t)1 << 32,
    ((uint64_t)1 << 62) + 1, ((uint64_t)1 << 63) - 1, (uint64_t)1 << 63,
    ((uint64_t)1 << 63) + 1, UINT64_MAX - 2, UINT64_MAX - 1, UINT64_MAX};

enum { GREAT_COUNT = sizeof(great_sizes) / sizeof(great_sizes[0]) };

/* One from <= held <= size of the rows above. */
static void
expect_great_proof(
    struct hash *levels, uint64_t from, uint64_t held, uint64_t size)
{
    const struct merkle_source source = {equal_node, levels};
    struct hash old_root = equal_root(levels, from);
    struct hash root = equal_root(levels, size);
    struct merkle_claim newer = {.size = size, .root = &root};
    struct merkle_proof beyond;
    struct merkle_proof whole;
    struct merkle_proof partial;
    const struct merkle_partial tree = {held, size, &beyond};

    ck_assert_int_eq(
        merkle_prove_consistency(&beyond, &source, held, size), ERR_OK);
    ck_assert_int_eq(
        merkle_prove_consistency(&whole, &source, from, size), ERR_OK);
    ck_assert_int_eq(
        merkle_prove_partial(&partial, &source, &tree, from), ERR_OK);
    expect_equal(&partial, &whole);
    ck_assert_uint_le(whole.count, MERKLE_PROOF_MAX);
    ck_assert_int_eq(
        merkle_verify_consistency(from, &old_root, &newer, &whole), ERR_OK);
    if (whole.count > 0) {
        whole.count--;
        ck_assert_int_eq(
            merkle_verify_consistency(from, &old_root, &newer, &whole),
            ERR_BAD_SIGNATURE);
    }
}

START_TEST(proofs_hold_to_the_greatest_size)
{
    const uint64_t size = great_sizes[_i];
    struct hash levels[MERKLE_LEVELS_MAX];
    struct hash root;
    struct merkle_proof proof;
    struct merkle_claim claim = {size - 1, size, size, &levels[0], &root};

    merkle_leaf(&levels[0], bytes_text("leaf"));
    for (size_t i = 1; i < MERKLE_LEVELS_MAX; i++) {
        merkle_node(&levels[i], &levels[i - 1], &levels[i - 1]);
    }
    for (int h = 0; h <= _i; h++) {
        for (int f = 0; f <= h; f++) {
            expect_great_proof(levels, great_sizes[f], great_sizes[h], size);
        }
    }
    root = equal_root(levels, size);
    ck_assert_int_eq(
        merkle_prove_inclusion(&proof,
            &(struct merkle_source){equal_node, levels}, size - 1, size),
        ERR_OK);
    ck_assert_int_eq(merkle_verify_inclusion(&claim, &proof), ERR_OK);
}
END_TEST

static Suite *
prove_suite(void)
{
    Suite *suite = suite_create("merkle_prove");
    TCase *tcase = tcase_create("prove");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, every_inclusion_proof_is_the_naive_one);
    tcase_add_test(tcase, a_root_that_is_read_is_the_prefixs);
    tcase_add_test(
        tcase, every_consistency_proof_is_the_naive_one_and_verifies);
    tcase_add_loop_test(tcase,
        a_partial_replica_proves_every_prefix_of_what_it_holds, 0,
        PARTIAL_PARTS);
    tcase_add_test(tcase, what_is_out_of_order_is_refused);
    tcase_add_test(tcase, a_proof_beyond_of_another_length_is_refused);
    tcase_add_test(tcase, a_failing_source_is_passed_on_and_leaves_no_trace);
    tcase_add_loop_test(
        tcase, proofs_hold_to_the_greatest_size, 0, GREAT_COUNT);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    return run_suite(prove_suite());
}
