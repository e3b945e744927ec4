/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a witness. */
#include "crypto/witness_request.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/checkpoint_note.h"
#include "tests/lib/crypto/signer.h"
#include "tests/lib/crypto/tree.h"
#include "tests/lib/mutation.h"
#include "tests/lib/run.h"

enum { SIZE = 13, OLD = 6 };

struct fixture {
    struct signer log;
    struct checkpoint_keys keys;
    struct tree tree;
    struct buf checkpoint;
    struct witness_request request;
    struct buf encoded;
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
    f->keys = (struct checkpoint_keys){&f->log.key, NULL, 0};
    tree_init(&f->tree, SIZE, tree_counting_leaf);
    source = tree_source(&f->tree);
    tree_root(&root, &f->tree, SIZE);
    signer_checkpoint(&f->checkpoint, &f->log, SIZE, &root);
    f->request.old_size = OLD;
    f->request.checkpoint = buf_bytes(&f->checkpoint);
    ck_assert_int_eq(
        merkle_prove_consistency(&f->request.proof, &source, OLD, SIZE),
        ERR_OK);
    ck_assert_int_eq(witness_request_write(&f->encoded, &f->request), ERR_OK);
}

static void
teardown(void)
{
    buf_release(&fixture.encoded);
    buf_release(&fixture.checkpoint);
    tree_release(&fixture.tree);
}

/* As a witness that has the tree at OLD judges a request. */
static enum err
judge(struct bytes bytes, struct buf *out)
{
    struct fixture *f = &fixture;
    struct witness_request request;
    struct checkpoint_note note;
    struct merkle_claim newer = {.root = &note.checkpoint.root};
    struct hash old_root;
    enum err rc = witness_request_read(&request, bytes);

    if (rc == ERR_OK) {
        rc = checkpoint_note_verify(&note, request.checkpoint, &f->keys);
    }
    if (rc == ERR_OK && request.old_size != OLD) {
        rc = ERR_STALE;
    }
    if (rc == ERR_OK) {
        tree_root(&old_root, &f->tree, OLD);
        newer.size = note.checkpoint.size;
        rc = merkle_verify_consistency(OLD, &old_root, &newer, &request.proof);
    }
    return rc == ERR_OK ? witness_request_write(out, &request) : rc;
}

START_TEST(no_bit_of_a_request_can_be_flipped_unseen)
{
    const struct buf *encoded = &fixture.encoded;

    ck_assert_uint_eq(
        mutation_run(buf_bytes(encoded), judge), 9 * encoded->size);
}
END_TEST

START_TEST(a_request_holds_at_most_63_hashes)
{
    struct fixture *f = &fixture;
    struct witness_request request;
    struct buf longer = {0};
    const char line[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

    memset(f->request.proof.hashes, 0, sizeof(f->request.proof.hashes));
    f->request.proof.count = WITNESS_PROOF_MAX + 1;
    buf_clear(&f->encoded);
    ck_assert_int_eq(
        witness_request_write(&f->encoded, &f->request), ERR_TOO_BIG);
    f->request.proof.count = WITNESS_PROOF_MAX;
    ck_assert_int_eq(witness_request_write(&f->encoded, &f->request), ERR_OK);
    ck_assert_int_eq(
        witness_request_read(&request, buf_bytes(&f->encoded)), ERR_OK);
    ck_assert_uint_eq(request.proof.count, WITNESS_PROOF_MAX);
    buf_put(&longer, f->encoded.data, strlen("old 6\n"));
    buf_put_text(&longer, line);
    buf_put(&longer, f->encoded.data + strlen("old 6\n"),
        f->encoded.size - strlen("old 6\n"));
    ck_assert_int_eq(
        witness_request_read(&request, buf_bytes(&longer)), ERR_MALFORMED);
    buf_release(&longer);
}
END_TEST

START_TEST(a_request_is_bounded)
{
    uint8_t *bytes = mem_zalloc(1, WITNESS_REQUEST_BYTES_MAX + 1);
    struct witness_request request = {.old_size = 0};
    struct buf out = {0};

    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_eq(witness_request_read(&request,
                         bytes_of(bytes, WITNESS_REQUEST_BYTES_MAX + 1)),
        ERR_TOO_BIG);
    ck_assert_int_eq(witness_request_read(
                         &request, bytes_of(bytes, WITNESS_REQUEST_BYTES_MAX)),
        ERR_MALFORMED);
    request.checkpoint = bytes_of(bytes, WITNESS_REQUEST_BYTES_MAX);
    ck_assert_int_eq(witness_request_write(&out, &request), ERR_TOO_BIG);
    ck_assert_uint_eq(out.size, 0);
    buf_release(&out);
    mem_free(bytes);
}
END_TEST

static enum err
recode_conflict(struct bytes bytes, struct buf *out)
{
    uint64_t size = 0;
    const enum err rc = witness_conflict_read(&size, bytes);

    return rc == ERR_OK ? witness_conflict_write(out, size) : rc;
}

static const struct {
    const char *text;
    uint64_t size;
    enum err rc;
} conflict_rows[] = {
    {"0\n", 0, ERR_OK},
    {"20852014\n", 20852014, ERR_OK},
    {"18446744073709551615\n", UINT64_MAX, ERR_OK},
    {"18446744073709551616\n", 9, ERR_MALFORMED},
    {"118446744073709551615\n", 9, ERR_TOO_BIG},
    {"", 9, ERR_MALFORMED},
    {"\n", 9, ERR_MALFORMED},
    {"5", 9, ERR_MALFORMED},
    {"05\n", 9, ERR_MALFORMED},
    {"5\n\n", 9, ERR_MALFORMED},
    {"5\r\n", 9, ERR_MALFORMED},
    {" 5\n", 9, ERR_MALFORMED},
};

START_TEST(a_conflict_names_a_size)
{
    const struct bytes text = bytes_text(conflict_rows[_i].text);
    uint64_t size = 9;

    ck_assert_int_eq(witness_conflict_read(&size, text), conflict_rows[_i].rc);
    ck_assert_uint_eq(size, conflict_rows[_i].size);
    if (conflict_rows[_i].rc == ERR_OK) {
        ck_assert_uint_gt(mutation_run(text, recode_conflict), 0);
    }
}
END_TEST

START_TEST(without_memory_nothing_is_written)
{
    struct fixture *f = &fixture;
    enum err rc = ERR_NOMEM;

    for (long n = 0; rc == ERR_NOMEM; n++) {
        struct buf out = {0};

        mem_fault_after(n);
        rc = witness_request_write(&out, &f->request);
        mem_fault_after(-1);
        buf_release(&out);
        ck_assert_int_lt(n, 100);
    }
    ck_assert_int_eq(rc, ERR_OK);
}
END_TEST

static Suite *
witness_request_suite(void)
{
    Suite *suite = suite_create("witness_request");
    TCase *requests = tcase_create("requests");

    tcase_add_checked_fixture(requests, setup, teardown);
    tcase_add_test(requests, no_bit_of_a_request_can_be_flipped_unseen);
    tcase_add_test(requests, a_request_holds_at_most_63_hashes);
    tcase_add_test(requests, a_request_is_bounded);
    tcase_add_loop_test(requests, a_conflict_names_a_size, 0,
        sizeof(conflict_rows) / sizeof(*conflict_rows));
    tcase_add_test(requests, without_memory_nothing_is_written);
    suite_add_tcase(suite, requests);
    return suite;
}

int
main(void)
{
    return run_suite(witness_request_suite());
}
