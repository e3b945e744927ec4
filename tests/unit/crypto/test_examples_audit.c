/* SPDX-License-Identifier: Apache-2.0 */
/* The worked examples of docs/protocol.md, "Audit files". */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/fork_file.h"
#include "crypto/proof_file.h"
#include "crypto/witness_request.h"
#include "tests/lib/crypto/signer.h"
#include "tests/lib/examples.h"
#include "tests/lib/run.h"

enum { EXAMPLES = 4, LEAF_BYTES = 68, TIME = 1790000000 };

/* The story's log, and the node 22…22 as its cosigner. */
struct fixture {
    struct signer log;
    struct signer cosigner;
    struct checkpoint_keys keys;
    struct buf leaf;              /* the story's */
    uint8_t other[2][LEAF_BYTES]; /* of the same bytes 01, and 02 */
    struct hash hashes[3];        /* of the leaf and of these */
    struct buf first;             /* its head, of size 1 */
    struct buf made;
};
static struct fixture fixture;

#define CORRIDOR_NAME \
    "corridor.internal/" \
    "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0/"
static const char log_name[] = CORRIDOR_NAME
    "8146640f02493af4fbc54fe33388e75dc2c937ae0b7727cc2b2afb1b75199a3e/changes";
static const char cosigner_name[] = CORRIDOR_NAME
    "2222222222222222222222222222222222222222222222222222222222222222"
    "/cosigner";

static void
setup(void)
{
    struct fixture *f = &fixture;

    memset(f, 0, sizeof(*f));
    signer_init(&f->log, log_name, NOTE_ED25519, 0x5e);
    signer_init(&f->cosigner, cosigner_name, NOTE_COSIGNATURE, 0x63);
    f->keys = (struct checkpoint_keys){&f->log.key, &f->cosigner.key, 1};
    examples_get("model/leaf", &f->leaf);
    merkle_leaf(&f->hashes[0], buf_bytes(&f->leaf));
    for (size_t i = 0; i < 2; i++) {
        memset(f->other[i], (int)i + 1, LEAF_BYTES);
        merkle_leaf(&f->hashes[1 + i], bytes_of(f->other[i], LEAF_BYTES));
    }
    signer_checkpoint(&f->first, &f->log, 1, &f->hashes[0]);
}

static void
teardown(void)
{
    buf_release(&fixture.made);
    buf_release(&fixture.first);
    buf_release(&fixture.leaf);
}

/* The log's head over two leaves. */
static void
sign_two(struct buf *out, const struct hash *first, const struct hash *second)
{
    struct hash root;

    merkle_node(&root, first, second);
    signer_checkpoint(out, &fixture.log, 2, &root);
}

static void
expect(const char *name)
{
    struct buf example = {0};

    examples_get(name, &example);
    if (!bytes_equal(buf_bytes(&example), buf_bytes(&fixture.made))) {
        printf("%.*s", (int)fixture.made.size, (char *)fixture.made.data);
        fflush(stdout);
        ck_abort_msg("%s: the code makes something else", name);
    }
    buf_release(&example);
}

START_TEST(a_cosigned_checkpoint_is_as_documented)
{
    struct fixture *f = &fixture;
    struct checkpoint_note note;

    buf_put_bytes(&f->made, buf_bytes(&f->first));
    signer_cosign(&f->made, &f->cosigner, TIME);
    ck_assert_int_eq(
        checkpoint_note_verify(&note, buf_bytes(&f->made), &f->keys), ERR_OK);
    ck_assert_uint_eq(note.cosigned_count, 1);
    expect("audit/checkpoint");
}
END_TEST

START_TEST(a_proof_is_as_documented)
{
    struct fixture *f = &fixture;
    struct proof_file file = {.index = 0};
    struct buf note = {0};

    sign_two(&note, &f->hashes[0], &f->hashes[2]);
    file.checkpoint = buf_bytes(&note);
    file.proof.hashes[file.proof.count++] = f->hashes[2];
    ck_assert_int_eq(
        proof_file_verify(&file, buf_bytes(&f->leaf), &f->keys, NULL), ERR_OK);
    ck_assert_int_eq(
        proof_file_write(&f->made, &file, buf_bytes(&f->leaf)), ERR_OK);
    expect("audit/proof");
    buf_release(&note);
}
END_TEST

START_TEST(evidence_of_a_fork_is_as_documented)
{
    struct fixture *f = &fixture;
    struct fork_file file = {.root = f->hashes[1]};
    struct buf note = {0};

    sign_two(&note, &f->hashes[1], &f->hashes[2]);
    file.older = buf_bytes(&f->first);
    file.newer = buf_bytes(&note);
    file.proof.hashes[file.proof.count++] = f->hashes[2];
    ck_assert_int_eq(fork_file_verify(&file, &f->keys, NULL), ERR_OK);
    ck_assert_int_eq(fork_file_write(&f->made, &file), ERR_OK);
    expect("audit/fork");
    buf_release(&note);
}
END_TEST

START_TEST(a_request_to_a_witness_is_as_documented)
{
    struct fixture *f = &fixture;
    struct witness_request request = {.old_size = 1};
    struct buf note = {0};

    sign_two(&note, &f->hashes[0], &f->hashes[2]);
    request.checkpoint = buf_bytes(&note);
    request.proof.hashes[request.proof.count++] = f->hashes[2];
    ck_assert_int_eq(witness_request_write(&f->made, &request), ERR_OK);
    expect("audit/request");
    buf_release(&note);
}
END_TEST

START_TEST(every_example_is_checked)
{
    ck_assert_uint_eq(examples_count("audit/"), EXAMPLES);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("examples of audit files");
    TCase *tcase = tcase_create("examples");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_cosigned_checkpoint_is_as_documented);
    tcase_add_test(tcase, a_proof_is_as_documented);
    tcase_add_test(tcase, evidence_of_a_fork_is_as_documented);
    tcase_add_test(tcase, a_request_to_a_witness_is_as_documented);
    tcase_add_test(tcase, every_example_is_checked);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
