/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs as files. */
#include "crypto/proof_file.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "crypto/text.h"
#include "tests/lib/crypto/signer.h"
#include "tests/lib/crypto/tree.h"
#include "tests/lib/mutation.h"
#include "tests/lib/run.h"

enum { SIZE = 11, INDEX = 6 };

struct fixture {
    struct signer log;
    struct signer cosigner;
    struct checkpoint_keys keys;
    struct tree tree;
    struct buf checkpoint;
    struct proof_file file; /* of entry INDEX in SIZE */
    uint8_t leaf[8];        /* of the counting tree */
    struct buf encoded;     /* without extra */
};
static struct fixture fixture;

static void
setup(void)
{
    struct fixture *f = &fixture;
    struct merkle_source source;
    struct hash root;

    memset(f, 0, sizeof(*f));
    signer_init(&f->log, "example.com/log", NOTE_ED25519, 1);
    signer_init(&f->cosigner, "example.com/w", NOTE_COSIGNATURE, 2);
    f->keys = (struct checkpoint_keys){&f->log.key, &f->cosigner.key, 1};
    tree_init(&f->tree, SIZE, tree_counting_leaf);
    source = tree_source(&f->tree);
    tree_root(&root, &f->tree, SIZE);
    signer_checkpoint(&f->checkpoint, &f->log, SIZE, &root);
    f->file.index = INDEX;
    f->file.checkpoint = buf_bytes(&f->checkpoint);
    num_store_u64(f->leaf, INDEX);
    ck_assert_int_eq(
        merkle_prove_inclusion(&f->file.proof, &source, INDEX, SIZE), ERR_OK);
    ck_assert_int_eq(
        proof_file_write(&f->encoded, &f->file, bytes_text("")), ERR_OK);
}

static void
teardown(void)
{
    buf_release(&fixture.encoded);
    buf_release(&fixture.checkpoint);
    tree_release(&fixture.tree);
}

static struct bytes
leaf(void)
{
    return bytes_of(fixture.leaf, sizeof(fixture.leaf));
}

/* Read, verify for the fixture's leaf, and write again. */
static enum err
judge(struct bytes bytes, struct buf *out)
{
    struct proof_file file;
    struct buf extra = {0};
    enum err rc = proof_file_read(&file, bytes);

    if (rc == ERR_OK) {
        rc = proof_file_verify(&file, leaf(), &fixture.keys, NULL);
    }
    if (rc == ERR_OK) {
        text_decode(&extra, file.extra);
        rc = proof_file_write(out, &file, buf_bytes(&extra));
    }
    buf_release(&extra);
    return rc;
}

START_TEST(no_bit_of_a_proof_can_be_flipped_unseen)
{
    const struct buf *encoded = &fixture.encoded;

    ck_assert_uint_eq(
        mutation_run(buf_bytes(encoded), judge), 9 * encoded->size);
}
END_TEST

START_TEST(a_cosigned_checkpoint_stands_in_a_proof_as_it_is)
{
    struct fixture *f = &fixture;
    struct checkpoint_note note;
    struct proof_file file;
    struct buf encoded = {0};

    signer_cosign(&f->checkpoint, &f->cosigner, 77);
    f->file.checkpoint = buf_bytes(&f->checkpoint);
    ck_assert_int_eq(
        proof_file_write(&encoded, &f->file, bytes_text("")), ERR_OK);
    ck_assert_int_eq(proof_file_read(&file, buf_bytes(&encoded)), ERR_OK);
    ck_assert(bytes_equal(file.checkpoint, buf_bytes(&f->checkpoint)));
    ck_assert_int_eq(proof_file_verify(&file, leaf(), &f->keys, &note), ERR_OK);
    ck_assert_uint_eq(note.checkpoint.size, SIZE);
    ck_assert_uint_eq(note.cosigned_count, 1);
    ck_assert_uint_eq(note.lines[1].time, 77);
    buf_release(&encoded);
}
END_TEST

START_TEST(an_extra_comes_back_and_is_not_authenticated)
{
    struct fixture *f = &fixture;
    struct proof_file file;
    struct buf encoded = {0};
    struct buf extra = {0};
    size_t refused = 0;

    ck_assert_int_eq(proof_file_write(&encoded, &f->file, leaf()), ERR_OK);
    ck_assert_int_eq(proof_file_read(&file, buf_bytes(&encoded)), ERR_OK);
    text_decode(&extra, file.extra);
    ck_assert(bytes_equal(buf_bytes(&extra), leaf()));
    refused = mutation_run(buf_bytes(&encoded), judge);
    ck_assert_uint_lt(refused, 9 * encoded.size);
    ck_assert_uint_ge(refused, 9 * encoded.size - 8 * 12);
    buf_release(&encoded);
    buf_release(&extra);
}
END_TEST

START_TEST(another_leaf_or_another_place_is_refused)
{
    struct fixture *f = &fixture;
    struct proof_file file = f->file;
    const uint64_t indices[] = {0, INDEX - 1, INDEX + 1, SIZE, UINT64_MAX};

    ck_assert_int_eq(
        proof_file_verify(&file, bytes_text("other"), &f->keys, NULL),
        ERR_BAD_SIGNATURE);
    for (size_t i = 0; i < sizeof(indices) / sizeof(*indices); i++) {
        file.index = indices[i];
        ck_assert_int_eq(proof_file_verify(&file, leaf(), &f->keys, NULL),
            ERR_BAD_SIGNATURE);
    }
}
END_TEST

static const struct {
    const char *what;
    const char *head; /* before the checkpoint */
} bad_rows[] = {
    {"nothing", ""},
    {"another version", "c2sp.org/tlog-proof@v2\nindex 6\n\n"},
    {"no index", "c2sp.org/tlog-proof@v1\n\n"},
    {"an index with zeros", "c2sp.org/tlog-proof@v1\nindex 06\n\n"},
    {"two indices", "c2sp.org/tlog-proof@v1\nindex 6\nindex 6\n\n"},
    {"an empty extra", "c2sp.org/tlog-proof@v1\nextra \nindex 6\n\n"},
    {"two extras",
        "c2sp.org/tlog-proof@v1\nextra AA==\nextra AA==\nindex 6\n\n"},
    {"an extra behind", "c2sp.org/tlog-proof@v1\nindex 6\nextra AA==\n\n"},
    {"carriage returns", "c2sp.org/tlog-proof@v1\r\nindex 6\r\n\r\n"},
    {"no empty line", "c2sp.org/tlog-proof@v1\nindex 6\n"},
    {"a short hash", "c2sp.org/tlog-proof@v1\nindex 6\nAA==\n\n"},
};

START_TEST(a_proof_of_another_form_is_refused)
{
    struct proof_file file = {.index = 99};
    struct buf encoded = {0};

    buf_put_text(&encoded, bad_rows[_i].head);
    buf_put_bytes(&encoded, buf_bytes(&fixture.checkpoint));
    ck_assert_msg(proof_file_read(&file, buf_bytes(&encoded)) == ERR_MALFORMED,
        "%s", bad_rows[_i].what);
    ck_assert_uint_eq(file.index, 99);
    buf_release(&encoded);
}
END_TEST

START_TEST(a_proof_is_bounded)
{
    struct fixture *f = &fixture;
    uint8_t *extra = mem_zalloc(1, PROOF_FILE_BYTES_MAX + 1);
    struct proof_file file = f->file;
    struct buf encoded = {0};

    ck_assert_ptr_nonnull(extra);
    ck_assert_int_eq(proof_file_write(&encoded, &file,
                         bytes_of(extra, PROOF_FILE_EXTRA_BYTES_MAX)),
        ERR_OK);
    ck_assert_int_eq(proof_file_read(&file, buf_bytes(&encoded)), ERR_OK);
    ck_assert_int_eq(proof_file_write(&encoded, &file,
                         bytes_of(extra, PROOF_FILE_EXTRA_BYTES_MAX + 1)),
        ERR_TOO_BIG);
    ck_assert_int_eq(
        proof_file_read(&file, bytes_of(extra, PROOF_FILE_BYTES_MAX + 1)),
        ERR_TOO_BIG);
    ck_assert_int_eq(
        proof_file_read(&file, bytes_of(extra, PROOF_FILE_BYTES_MAX)),
        ERR_MALFORMED);
    file.checkpoint = bytes_of(extra, PROOF_FILE_BYTES_MAX);
    buf_clear(&encoded);
    ck_assert_int_eq(
        proof_file_write(&encoded, &file, bytes_text("")), ERR_TOO_BIG);
    ck_assert_uint_eq(encoded.size, 0);
    buf_release(&encoded);
    mem_free(extra);
}
END_TEST

START_TEST(without_memory_nothing_is_written)
{
    struct fixture *f = &fixture;
    enum err rc = ERR_NOMEM;

    for (long n = 0; rc == ERR_NOMEM; n++) {
        struct buf out = {0};

        mem_fault_after(n);
        rc = proof_file_write(&out, &f->file, leaf());
        mem_fault_after(-1);
        buf_release(&out);
        ck_assert_int_lt(n, 100);
    }
    ck_assert_int_eq(rc, ERR_OK);
}
END_TEST

static Suite *
proof_file_suite(void)
{
    Suite *suite = suite_create("proof_file");
    TCase *proofs = tcase_create("proofs");

    tcase_add_checked_fixture(proofs, setup, teardown);
    tcase_add_test(proofs, no_bit_of_a_proof_can_be_flipped_unseen);
    tcase_add_test(proofs, a_cosigned_checkpoint_stands_in_a_proof_as_it_is);
    tcase_add_test(proofs, an_extra_comes_back_and_is_not_authenticated);
    tcase_add_test(proofs, another_leaf_or_another_place_is_refused);
    tcase_add_loop_test(proofs, a_proof_of_another_form_is_refused, 0,
        sizeof(bad_rows) / sizeof(*bad_rows));
    tcase_add_test(proofs, a_proof_is_bounded);
    tcase_add_test(proofs, without_memory_nothing_is_written);
    suite_add_tcase(suite, proofs);
    return suite;
}

int
main(void)
{
    return run_suite(proof_file_suite());
}
