/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence of forks as files. */
#include "crypto/fork_file.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "tests/lib/crypto/signer.h"
#include "tests/lib/crypto/tree.h"
#include "tests/lib/mutation.h"
#include "tests/lib/run.h"

enum { SIZE = 13, FORKED_AT = 3 };

/* A log that signed the counting tree, and another that leaves it. */
struct fixture {
    struct signer log;
    struct checkpoint_keys keys;
    struct tree kept;
    struct tree left;
    struct buf older;
    struct buf newer;
    struct fork_file file;
    struct buf encoded;
};
static struct fixture fixture;

static void
other_leaf(struct hash *out, uint64_t index)
{
    tree_counting_leaf(out, index < FORKED_AT ? index : index + 1000);
}

static void
setup(void)
{
    struct fixture *f = &fixture;

    memset(f, 0, sizeof(*f));
    signer_init(&f->log, "example.com/log", NOTE_ED25519, 1);
    f->keys = (struct checkpoint_keys){&f->log.key, NULL, 0};
    tree_init(&f->kept, SIZE, tree_counting_leaf);
    tree_init(&f->left, SIZE, other_leaf);
}

static void
teardown(void)
{
    struct fixture *f = &fixture;

    buf_release(&f->encoded);
    buf_release(&f->newer);
    buf_release(&f->older);
    tree_release(&f->left);
    tree_release(&f->kept);
}

/* Sign the tree's first `size` leaves. */
static void
sign(struct buf *out, struct tree *tree, uint64_t size)
{
    struct hash root;

    tree_root(&root, tree, size);
    buf_clear(out);
    signer_checkpoint(out, &fixture.log, size, &root);
}

/* A of size m from `a`, B of size n from the tree kept, and its root at m. */
static void
make(struct tree *a, uint64_t m, uint64_t n)
{
    struct fixture *f = &fixture;
    const struct merkle_source source = tree_source(&f->kept);

    sign(&f->older, a, m);
    sign(&f->newer, &f->kept, n);
    f->file.older = buf_bytes(&f->older);
    f->file.newer = buf_bytes(&f->newer);
    tree_root(&f->file.root, &f->kept, m < n ? m : n);
    ck_assert_int_eq(
        merkle_prove_consistency(&f->file.proof, &source, m < n ? m : n, n),
        ERR_OK);
    buf_clear(&f->encoded);
    ck_assert_int_eq(fork_file_write(&f->encoded, &f->file), ERR_OK);
}

static enum err
judge(struct bytes bytes, struct buf *out)
{
    struct fork_file file;
    enum err rc = fork_file_read(&file, bytes);

    if (rc == ERR_OK) {
        rc = fork_file_verify(&file, &fixture.keys, NULL);
    }
    return rc == ERR_OK ? fork_file_write(out, &file) : rc;
}

static const struct {
    uint64_t older;
    uint64_t newer;
} fork_rows[] = {{13, 13}, {4, 4}, {4, 13}, {8, 13}, {7, 13}, {12, 13}, {5, 8}};

START_TEST(no_bit_of_evidence_can_be_flipped_unseen)
{
    struct fixture *f = &fixture;

    make(&f->left, fork_rows[_i].older, fork_rows[_i].newer);
    ck_assert_uint_eq(
        mutation_run(buf_bytes(&f->encoded), judge), 9 * f->encoded.size);
}
END_TEST

START_TEST(evidence_comes_with_what_both_checkpoints_say)
{
    struct fixture *f = &fixture;
    struct fork_notes notes;
    struct fork_file file;

    make(&f->left, 5, 13);
    ck_assert_int_eq(fork_file_read(&file, buf_bytes(&f->encoded)), ERR_OK);
    ck_assert_int_eq(fork_file_verify(&file, &f->keys, &notes), ERR_OK);
    ck_assert_uint_eq(notes.older.checkpoint.size, 5);
    ck_assert_uint_eq(notes.newer.checkpoint.size, 13);
    ck_assert_str_eq(notes.older.checkpoint.origin, f->log.key.name);
}
END_TEST

START_TEST(what_agrees_is_no_evidence)
{
    struct fixture *f = &fixture;
    struct buf out = {0};

    for (uint64_t m = 0; m <= SIZE; m++) {
        make(&f->kept, m, SIZE);
        ck_assert_int_eq(
            judge(buf_bytes(&f->encoded), &out), ERR_BAD_SIGNATURE);
    }
    /* Before they part, both trees are one. */
    for (uint64_t m = 0; m <= FORKED_AT; m++) {
        make(&f->left, m, SIZE);
        ck_assert_int_eq(
            judge(buf_bytes(&f->encoded), &out), ERR_BAD_SIGNATURE);
    }
    buf_release(&out);
}
END_TEST

START_TEST(the_larger_checkpoint_stands_second)
{
    struct fixture *f = &fixture;
    struct buf out = {0};

    make(&f->left, 9, 5);
    ck_assert_int_eq(judge(buf_bytes(&f->encoded), &out), ERR_BAD_SIGNATURE);
    buf_release(&out);
}
END_TEST

START_TEST(a_root_that_the_larger_tree_never_had_is_no_evidence)
{
    struct fixture *f = &fixture;
    const uint64_t sizes[] = {4, 5, 13};

    for (size_t i = 0; i < 3; i++) {
        make(&f->left, sizes[i], SIZE);
        tree_root(&f->file.root, &f->kept, sizes[i] - 1);
        ck_assert_int_eq(
            fork_file_verify(&f->file, &f->keys, NULL), ERR_BAD_SIGNATURE);
    }
}
END_TEST

START_TEST(two_logs_are_no_fork)
{
    struct fixture *f = &fixture;
    struct signer other;
    struct hash root;
    struct buf note = {0};

    make(&f->left, 5, SIZE);
    tree_root(&root, &f->left, 5);
    signer_init(&other, "example.com/log2", NOTE_ED25519, 1);
    signer_checkpoint(&note, &other, 5, &root);
    f->file.older = buf_bytes(&note);
    ck_assert_int_eq(
        fork_file_verify(&f->file, &f->keys, NULL), ERR_BAD_SIGNATURE);
    buf_release(&note);
}
END_TEST

START_TEST(cosignatures_may_stand_in_evidence)
{
    struct fixture *f = &fixture;
    struct signer cosigner;
    struct checkpoint_keys keys = f->keys;
    struct fork_notes notes;
    struct fork_file file;

    signer_init(&cosigner, "example.com/w", NOTE_COSIGNATURE, 2);
    keys.cosigners = &cosigner.key;
    keys.cosigner_count = 1;
    make(&f->left, 5, SIZE);
    signer_cosign(&f->older, &cosigner, 55);
    f->file.older = buf_bytes(&f->older);
    buf_clear(&f->encoded);
    ck_assert_int_eq(fork_file_write(&f->encoded, &f->file), ERR_OK);
    ck_assert_int_eq(fork_file_read(&file, buf_bytes(&f->encoded)), ERR_OK);
    ck_assert(bytes_equal(file.older, buf_bytes(&f->older)));
    ck_assert(bytes_equal(file.newer, buf_bytes(&f->newer)));
    ck_assert_int_eq(fork_file_verify(&file, &keys, &notes), ERR_OK);
    ck_assert_uint_eq(notes.older.cosigned_count, 1);
    ck_assert_uint_eq(notes.newer.cosigned_count, 0);
}
END_TEST

START_TEST(evidence_is_bounded)
{
    uint8_t *bytes = mem_zalloc(1, FORK_FILE_BYTES_MAX + 1);
    struct fork_file file = {.proof = {.count = 0}};
    struct buf out = {0};

    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_eq(
        fork_file_read(&file, bytes_of(bytes, FORK_FILE_BYTES_MAX + 1)),
        ERR_TOO_BIG);
    ck_assert_int_eq(
        fork_file_read(&file, bytes_of(bytes, FORK_FILE_BYTES_MAX)),
        ERR_MALFORMED);
    file.older = bytes_of(bytes, FORK_FILE_BYTES_MAX);
    ck_assert_int_eq(fork_file_write(&out, &file), ERR_TOO_BIG);
    ck_assert_uint_eq(out.size, 0);
    buf_release(&out);
    mem_free(bytes);
}
END_TEST

START_TEST(without_memory_nothing_is_written)
{
    struct fixture *f = &fixture;
    enum err rc = ERR_NOMEM;

    make(&f->left, 5, SIZE);
    for (long n = 0; rc == ERR_NOMEM; n++) {
        struct buf out = {0};

        mem_fault_after(n);
        rc = fork_file_write(&out, &f->file);
        mem_fault_after(-1);
        buf_release(&out);
        ck_assert_int_lt(n, 100);
    }
    ck_assert_int_eq(rc, ERR_OK);
}
END_TEST

static Suite *
fork_file_suite(void)
{
    Suite *suite = suite_create("fork_file");
    TCase *forks = tcase_create("forks");

    tcase_add_checked_fixture(forks, setup, teardown);
    tcase_add_loop_test(forks, no_bit_of_evidence_can_be_flipped_unseen, 0,
        sizeof(fork_rows) / sizeof(*fork_rows));
    tcase_add_test(forks, evidence_comes_with_what_both_checkpoints_say);
    tcase_add_test(forks, what_agrees_is_no_evidence);
    tcase_add_test(forks, the_larger_checkpoint_stands_second);
    tcase_add_test(forks, a_root_that_the_larger_tree_never_had_is_no_evidence);
    tcase_add_test(forks, two_logs_are_no_fork);
    tcase_add_test(forks, cosignatures_may_stand_in_evidence);
    tcase_add_test(forks, evidence_is_bounded);
    tcase_add_test(forks, without_memory_nothing_is_written);
    suite_add_tcase(suite, forks);
    return suite;
}

int
main(void)
{
    return run_suite(fork_file_suite());
}
