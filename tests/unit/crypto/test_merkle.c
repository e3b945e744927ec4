/* SPDX-License-Identifier: Apache-2.0 */
/* Appending, roots, and the published vectors. */
#include "crypto/merkle.h"

#include <check.h>
#include <string.h>

#include "crypto/base/num.h"
#include "tests/lib/naive_tree.h"
#include "tests/lib/run.h"
#include "tests/lib/vectors.h"

enum { COUNTING_SIZE = 70000 }; /* leaves of counting-tree.json */

/* A hash of a vector: 32 bytes, or something that cannot be a hash. */
static bool
vector_hash(const json_t *text, struct hash *out)
{
    json_t *object = json_pack("{s:O}", "hash", text);
    struct buf buf = {0};
    bool is_hash = false;

    ck_assert_ptr_nonnull(object);
    vectors_base64(object, "hash", &buf);
    is_hash = buf.size == sizeof(out->bytes);
    if (is_hash) {
        memcpy(out->bytes, buf.data, sizeof(out->bytes));
    }
    buf_release(&buf);
    json_decref(object);
    return is_hash;
}

/* A size of a vector; JSON's reals round 2^64 - 1 up. */
static uint64_t
vector_number(const json_t *object, const char *name)
{
    const json_t *number = json_object_get(object, name);
    double value = json_number_value(number);

    ck_assert_msg(json_is_number(number), "no number \"%s\"", name);
    return value >= 18446744073709551615.0 ? UINT64_MAX : (uint64_t)value;
}

static bool
vector_proof(const json_t *object, struct merkle_proof *out)
{
    const json_t *proof = json_object_get(object, "proof");

    out->count = json_array_size(proof);
    ck_assert_uint_le(out->count, MERKLE_PROOF_MAX);
    for (size_t i = 0; i < out->count; i++) {
        if (!vector_hash(json_array_get(proof, i), &out->hashes[i])) {
            return false;
        }
    }
    return true;
}

/* A published vector in the verifier's words. */
struct published {
    struct merkle_claim claim;
    struct hash subtree;
    struct hash root;
    struct merkle_proof proof;
    bool want_error;
};

static bool
published_hashes(const json_t *vector, struct published *out,
    const char *subtree, const char *root)
{
    out->claim.subtree = &out->subtree;
    out->claim.root = &out->root;
    out->want_error = json_is_true(json_object_get(vector, "wantErr"));
    return vector_hash(json_object_get(vector, subtree), &out->subtree) &&
           vector_hash(json_object_get(vector, root), &out->root) &&
           vector_proof(vector, &out->proof);
}

static enum err
verify_inclusion(const json_t *vector, struct published *p)
{
    p->claim.start = vector_number(vector, "leafIdx");
    p->claim.end = p->claim.start + 1;
    p->claim.size = vector_number(vector, "treeSize");
    return merkle_verify_inclusion(&p->claim, &p->proof);
}

static enum err
verify_consistency(const json_t *vector, struct published *p)
{
    p->claim.size = vector_number(vector, "size2");
    return merkle_verify_consistency(
        vector_number(vector, "size1"), &p->subtree, &p->claim, &p->proof);
}

/* A leaf in a subtree [start, end): that is a tree of its own. */
static enum err
verify_subtree_inclusion(const json_t *vector, struct published *p)
{
    uint64_t start = vector_number(vector, "start");
    uint64_t end = vector_number(vector, "end");
    uint64_t leaf = vector_number(vector, "leafIdx");
    uint64_t width = 1;

    if (end <= start || leaf < start) {
        return ERR_BAD_SIGNATURE;
    }
    while (width < end - start) {
        width *= 2;
    }
    if (start % width != 0) {
        return ERR_BAD_SIGNATURE;
    }
    p->claim.start = leaf - start;
    p->claim.end = p->claim.start + 1;
    p->claim.size = end - start;
    return merkle_verify_inclusion(&p->claim, &p->proof);
}

static enum err
verify_subtree(const json_t *vector, struct published *p)
{
    p->claim.start = vector_number(vector, "start");
    p->claim.end = vector_number(vector, "end");
    p->claim.size = vector_number(vector, "size");
    if (p->claim.start == p->claim.end) {
        p->want_error = true; /* an empty subtree is no claim here */
    }
    return merkle_verify(&p->claim, &p->proof);
}

static const struct {
    const char *file;
    const char *subtree;
    const char *root;
    enum err (*verify)(const json_t *vector, struct published *p);
    size_t accepted; /* how many must be, of those that are representable */
    size_t count;
} published_rows[] = {
    {"merkle/inclusion.json", "leafHash", "root", verify_inclusion, 6, 98},
    {"merkle/consistency.json", "root1", "root2", verify_consistency, 5, 98},
    {"merkle/subtreeinclusion.json", "leafHash", "root",
        verify_subtree_inclusion, 12, 204},
    {"merkle/subtreeconsistency.json", "root1", "root2", verify_subtree, 5,
        118},
};

START_TEST(published_proofs_hold_and_damaged_ones_do_not)
{
    json_t *vectors = vectors_json(published_rows[_i].file);
    const json_t *vector = NULL;
    size_t accepted = 0;
    size_t i = 0;

    ck_assert_uint_eq(json_array_size(vectors), published_rows[_i].count);
    json_array_foreach(vectors, i, vector)
    {
        struct published p = {0};
        const char *name = vectors_text(vector, "name");
        enum err rc = ERR_BAD_SIGNATURE;

        if (published_hashes(vector, &p, published_rows[_i].subtree,
                published_rows[_i].root)) {
            rc = published_rows[_i].verify(vector, &p);
        } else if (!p.want_error) {
            continue; /* a root that has not 32 bytes */
        }
        ck_assert_msg((rc != ERR_OK) == p.want_error, "%s: %d", name, rc);
        accepted += rc == ERR_OK;
    }
    ck_assert_uint_eq(accepted, published_rows[_i].accepted);
    json_decref(vectors);
}
END_TEST

/* The leaf of counting-tree.json with that index. */
static void
counting_leaf(struct hash *out, uint64_t index)
{
    uint8_t leaf[8];

    num_store_u64(leaf, index);
    merkle_leaf(out, bytes_of(leaf, sizeof(leaf)));
}

START_TEST(appending_gives_the_published_roots_of_the_counting_tree)
{
    json_t *vectors = vectors_json("merkle/counting-tree.json");
    const json_t *rows = json_object_get(vectors, "roots");
    struct merkle_edge edge = {0};
    struct hash completed[MERKLE_LEVELS_MAX];
    const json_t *row = NULL;
    size_t i = 0;

    ck_assert_uint_eq(json_array_size(rows), 56);
    json_array_foreach(rows, i, row)
    {
        uint64_t size = (uint64_t)json_number_value(json_array_get(row, 0));
        struct hash want;
        struct hash root;

        ck_assert(vector_hash(json_array_get(row, 1), &want));
        while (edge.size < size) {
            struct hash leaf;

            counting_leaf(&leaf, edge.size);
            merkle_append(&edge, &leaf, completed);
        }
        merkle_root(&root, &edge);
        ck_assert_msg(hash_equal(&root, &want), "size %ju", (uintmax_t)size);
    }
    ck_assert_uint_eq(edge.size, COUNTING_SIZE);
    json_decref(vectors);
}
END_TEST

START_TEST(the_reference_leaves_have_the_reference_roots)
{
    json_t *vectors = vectors_json("merkle/reference-tree.json");
    const json_t *leaves = json_object_get(vectors, "leaves");
    const json_t *roots = json_object_get(vectors, "roots");
    struct merkle_edge edge = {0};
    struct hash completed[MERKLE_LEVELS_MAX];

    ck_assert_uint_eq(json_array_size(roots), 9);
    for (size_t i = 0; i < 9; i++) {
        json_t *row = json_pack("{s:O}", "root", json_array_get(roots, i));
        struct buf want = {0};
        struct buf entry = {0};
        struct hash hash;

        vectors_hex(row, "root", &want);
        merkle_root(&hash, &edge);
        ck_assert(bytes_equal(bytes_hash(&hash), buf_bytes(&want)));
        if (i < 8) {
            ck_assert_int_eq(
                json_object_set(row, "leaf", json_array_get(leaves, i)), 0);
            vectors_hex(row, "leaf", &entry);
            merkle_leaf(&hash, buf_bytes(&entry));
            merkle_append(&edge, &hash, completed);
        }
        buf_release(&entry);
        buf_release(&want);
        json_decref(row);
    }
    json_decref(vectors);
}
END_TEST

START_TEST(a_leaf_completes_the_nodes_that_end_with_it_lowest_first)
{
    struct naive_tree tree = {0};
    struct merkle_edge edge = {0};

    naive_tree_init(&tree, 64);
    for (size_t leaf = 0; leaf < tree.count; leaf++) {
        struct hash completed[MERKLE_LEVELS_MAX];
        struct hash hash;
        size_t count = 0;

        counting_leaf(&hash, leaf);
        count = merkle_append(&edge, &hash, completed);
        ck_assert_uint_ge(count, 1);
        ck_assert_uint_eq((leaf + 1) % ((size_t)1 << (count - 1)), 0);
        ck_assert_uint_ne((leaf + 1) % ((size_t)1 << count), 0);
        for (size_t level = 0; level < count; level++) {
            struct naive_range range = {
                leaf + 1 - ((size_t)1 << level), leaf + 1};

            ck_assert(
                hash_equal(&completed[level], naive_tree_hash(&tree, range)));
        }
    }
    naive_tree_release(&tree);
}
END_TEST

START_TEST(nodes_stand_at_the_published_positions)
{
    json_t *vectors = vectors_json("merkle/counting-tree.json");
    const json_t *rows = json_object_get(vectors, "stored");
    struct merkle_edge edge = {0};
    uint64_t stored = 0;
    size_t found = 0;

    ck_assert_uint_eq(json_array_size(rows), 15);
    while (edge.size < COUNTING_SIZE) {
        struct hash completed[MERKLE_LEVELS_MAX];
        uint64_t leaf = edge.size;
        size_t count = merkle_append(&edge, &(struct hash){{0}}, completed);
        const json_t *row = NULL;
        size_t i = 0;

        json_array_foreach(rows, i, row)
        {
            uint64_t level =
                (uint64_t)json_number_value(json_array_get(row, 0));
            uint64_t index =
                (uint64_t)json_number_value(json_array_get(row, 1));
            uint64_t position =
                (uint64_t)json_number_value(json_array_get(row, 2));

            if (((index + 1) << level) - 1 == leaf) {
                ck_assert_uint_lt(level, count);
                ck_assert_uint_eq(stored + level, position);
                found++;
            }
        }
        stored += count;
    }
    ck_assert_uint_eq(found, 15);
    json_decref(vectors);
}
END_TEST

START_TEST(the_edge_holds_to_the_greatest_size)
{
    const struct hash leaf = {{0}};
    struct hash completed[MERKLE_LEVELS_MAX];
    struct merkle_edge edge = {.size = ((uint64_t)1 << 63) - 1};

    ck_assert_uint_eq(merkle_append(&edge, &leaf, completed), 64);
    ck_assert_uint_eq(edge.size, (uint64_t)1 << 63);
    edge.size = UINT64_MAX - 1;
    ck_assert_uint_eq(merkle_append(&edge, &leaf, completed), 1);
    ck_assert_uint_eq(edge.size, UINT64_MAX);
}
END_TEST

START_TEST(published_subtree_proofs_of_the_counting_tree_hold)
{
    json_t *vectors = vectors_json("merkle/counting-tree.json");
    const json_t *roots = json_object_get(vectors, "roots");
    const json_t *rows = json_object_get(vectors, "subtree");
    const json_t *row = NULL;
    const json_t *pair = NULL;
    size_t i = 0;
    size_t j = 0;
    size_t verified = 0;

    json_array_foreach(rows, i, row)
    {
        struct merkle_proof proof;
        struct hash subtree;
        struct hash root;
        struct merkle_claim claim = {vector_number(row, "start"),
            vector_number(row, "end"), vector_number(row, "size"), &subtree,
            &root};

        ck_assert(vector_proof(row, &proof));
        ck_assert(vector_hash(json_object_get(row, "hash"), &subtree));
        json_array_foreach(roots, j, pair)
        {
            double size = json_number_value(json_array_get(pair, 0));

            if ((uint64_t)size == claim.size) {
                ck_assert(vector_hash(json_array_get(pair, 1), &root));
                ck_assert_int_eq(merkle_verify(&claim, &proof), ERR_OK);
                verified++;
            }
        }
    }
    ck_assert_uint_eq(verified, 13);
    json_decref(vectors);
}
END_TEST

static Suite *
merkle_suite(void)
{
    Suite *suite = suite_create("merkle");
    TCase *grow = tcase_create("grow");
    TCase *published = tcase_create("published");

    tcase_set_timeout(grow, 60);
    tcase_add_test(
        grow, appending_gives_the_published_roots_of_the_counting_tree);
    tcase_add_test(grow, the_reference_leaves_have_the_reference_roots);
    tcase_add_test(
        grow, a_leaf_completes_the_nodes_that_end_with_it_lowest_first);
    tcase_add_test(grow, nodes_stand_at_the_published_positions);
    tcase_add_test(grow, the_edge_holds_to_the_greatest_size);
    suite_add_tcase(suite, grow);
    tcase_set_timeout(published, 60);
    tcase_add_loop_test(
        published, published_proofs_hold_and_damaged_ones_do_not, 0, 4);
    tcase_add_test(
        published, published_subtree_proofs_of_the_counting_tree_hold);
    suite_add_tcase(suite, published);
    return suite;
}

int
main(void)
{
    return run_suite(merkle_suite());
}
