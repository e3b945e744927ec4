/* SPDX-License-Identifier: Apache-2.0 */
/* The provers against published proofs, of trees up to 70,000 leaves. */
#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/merkle.h"
#include "tests/lib/run.h"
#include "tests/lib/vectors.h"

/* A tree as storage keeps it: with each leaf the nodes that it completes. */
struct stored_tree {
    struct hash *nodes;
    size_t *starts; /* where a leaf's nodes begin */
    struct merkle_edge edge;
    size_t used;
};

static void
stored_tree_init(struct stored_tree *tree, size_t size)
{
    memset(tree, 0, sizeof(*tree));
    /* Below two nodes a leaf, and room for what one may complete. */
    tree->nodes =
        mem_zalloc(2 * size + MERKLE_LEVELS_MAX, sizeof(*tree->nodes));
    tree->starts = mem_zalloc(size, sizeof(*tree->starts));
    ck_assert_ptr_nonnull(tree->nodes);
    ck_assert_ptr_nonnull(tree->starts);
}

static void
stored_tree_release(struct stored_tree *tree)
{
    mem_free(tree->nodes);
    mem_free(tree->starts);
}

static void
stored_tree_append(struct stored_tree *tree, struct bytes entry)
{
    struct hash leaf;

    merkle_leaf(&leaf, entry);
    tree->starts[tree->edge.size] = tree->used;
    tree->used += merkle_append(&tree->edge, &leaf, &tree->nodes[tree->used]);
}

static enum err
stored_node(void *context, unsigned level, uint64_t index, struct hash *out)
{
    const struct stored_tree *tree = context;
    const uint64_t leaf = ((index + 1) << level) - 1;

    ck_assert_uint_lt(leaf, tree->edge.size);
    *out = tree->nodes[tree->starts[leaf] + level];
    return ERR_OK;
}

/* How a file writes its hashes, and what it calls its fields. */
struct form {
    const char *file;
    size_t size;
    void (*entry)(const json_t *json, size_t index, struct buf *out);
    void (*hash)(const json_t *object, const char *name, struct buf *out);
    const char *index_field;
    const char *size_field;
    const char *proof_field;
    size_t inclusions;
    size_t consistencies;
};

static void
counting_entry(const json_t *json, size_t index, struct buf *out)
{
    (void)json;
    buf_put_u64(out, index);
}

static void
reference_entry(const json_t *json, size_t index, struct buf *out)
{
    json_t *row = json_pack("{s:O}", "leaf",
        json_array_get(json_object_get(json, "leaves"), index));

    vectors_hex(row, "leaf", out);
    json_decref(row);
}

static const struct form forms[] = {
    {"merkle/counting-tree.json", 70000, counting_entry, vectors_base64,
        "index", "size", "proof", 16, 20},
    {"merkle/reference-tree.json", 8, reference_entry, vectors_hex,
        "leaf_index", "tree_size", "path", 5, 4},
};

static uint64_t
number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    ck_assert_msg(json_is_number(value), "no number \"%s\"", name);
    return (uint64_t)json_number_value(value);
}

static void
expect_proof(const struct merkle_proof *proof, const json_t *want,
    const struct form *form)
{
    const json_t *text = NULL;
    size_t i = 0;

    ck_assert_uint_eq(proof->count, json_array_size(want));
    json_array_foreach(want, i, text)
    {
        json_t *object = json_pack("{s:O}", "hash", text);
        struct buf hash = {0};

        form->hash(object, "hash", &hash);
        ck_assert(bytes_equal(buf_bytes(&hash), bytes_hash(&proof->hashes[i])));
        buf_release(&hash);
        json_decref(object);
    }
}

static void
expect_inclusions(
    const json_t *json, const struct form *form, struct stored_tree *tree)
{
    const struct merkle_source source = {stored_node, tree};
    const json_t *rows = json_object_get(json, "inclusion");
    const json_t *row = NULL;
    size_t i = 0;

    ck_assert_uint_eq(json_array_size(rows), form->inclusions);
    json_array_foreach(rows, i, row)
    {
        struct merkle_proof proof;

        ck_assert_int_eq(
            merkle_prove_inclusion(&proof, &source,
                number(row, form->index_field), number(row, form->size_field)),
            ERR_OK);
        expect_proof(&proof, json_object_get(row, form->proof_field), form);
    }
}

static void
expect_consistencies(
    const json_t *json, const struct form *form, struct stored_tree *tree)
{
    const struct merkle_source source = {stored_node, tree};
    const json_t *rows = json_object_get(json, "consistency");
    const json_t *row = NULL;
    size_t i = 0;

    ck_assert_uint_eq(json_array_size(rows), form->consistencies);
    json_array_foreach(rows, i, row)
    {
        struct merkle_proof proof;

        ck_assert_int_eq(merkle_prove_consistency(&proof, &source,
                             number(row, "size1"), number(row, "size2")),
            ERR_OK);
        expect_proof(&proof, json_object_get(row, "proof"), form);
    }
}

START_TEST(proofs_of_published_trees_are_the_published_ones)
{
    const struct form *form = &forms[_i];
    json_t *json = vectors_json(form->file);
    struct stored_tree tree;
    struct buf entry = {0};

    stored_tree_init(&tree, form->size);
    while (tree.edge.size < form->size) {
        buf_clear(&entry);
        form->entry(json, (size_t)tree.edge.size, &entry);
        stored_tree_append(&tree, buf_bytes(&entry));
    }
    expect_inclusions(json, form, &tree);
    expect_consistencies(json, form, &tree);
    buf_release(&entry);
    stored_tree_release(&tree);
    json_decref(json);
}
END_TEST

static Suite *
proofs_suite(void)
{
    Suite *suite = suite_create("published_proofs");
    TCase *tcase = tcase_create("proofs");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(
        tcase, proofs_of_published_trees_are_the_published_ones, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    return run_suite(proofs_suite());
}
