/* SPDX-License-Identifier: Apache-2.0 */
/* One change, disclosed: the story's of docs/protocol.md. */
#include "sync/model/disclosure.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "sync/model/log.h"
#include "tests/lib/crypto/signer.h"
#include "tests/lib/crypto/tree.h"
#include "tests/lib/examples.h"
#include "tests/lib/mutation.h"
#include "tests/lib/run.h"

enum { SIZE = 5 };

struct fixture {
    struct corridor_id corridor;
    struct log_id log;
    struct disclosure_place place;
    struct signer signer;
    struct checkpoint_keys keys;
    struct tree tree;
    struct buf checkpoint;
    struct disclosure disclosure;
    struct buf encoded;
};
static struct fixture fixture;

/* An example of a fixed size. */
static void
get_fixed(const char *name, void *out, size_t size)
{
    struct buf example = {0};

    examples_get(name, &example);
    ck_assert_uint_eq(example.size, size);
    memcpy(out, example.data, size);
    buf_release(&example);
}

/* The story's leaf is the first, and others follow. */
static void
make_leaf(struct hash *out, uint64_t index)
{
    tree_counting_leaf(out, index);
    if (index == 0) {
        get_fixed("model/leaf-hash", out->bytes, sizeof(out->bytes));
    }
}

/* The head of `size` leaves, and the proof of the first. */
static void
sign(struct fixture *f, uint64_t size)
{
    const struct merkle_source source = tree_source(&f->tree);
    struct hash root;

    tree_root(&root, &f->tree, size);
    buf_clear(&f->checkpoint);
    signer_checkpoint(&f->checkpoint, &f->signer, size, &root);
    f->disclosure.proof.index = 0;
    f->disclosure.proof.checkpoint = buf_bytes(&f->checkpoint);
    ck_assert_int_eq(
        merkle_prove_inclusion(&f->disclosure.proof.proof, &source, 0, size),
        ERR_OK);
    buf_clear(&f->encoded);
    ck_assert_int_eq(disclosure_write(&f->encoded, &f->disclosure), ERR_OK);
}

static void
setup(void)
{
    struct fixture *f = &fixture;
    char origin[LOG_ORIGIN_BYTES_MAX + 1];
    uint8_t leaf[ENTRY_LEAF_BYTES];

    memset(f, 0, sizeof(*f));
    memset(f->corridor.bytes, 0xc0, sizeof(f->corridor.bytes));
    get_fixed("model/node", f->log.node.bytes, sizeof(f->log.node.bytes));
    f->log.kind = LOG_CHANGES;
    f->place = (struct disclosure_place){&f->corridor, &f->log};
    log_origin(origin, &f->corridor, &f->log);
    signer_init(&f->signer, origin, NOTE_ED25519, 0x5e);
    f->keys = (struct checkpoint_keys){&f->signer.key, NULL, 0};
    tree_init(&f->tree, SIZE, make_leaf);
    examples_get("model/header", &f->disclosure.header);
    examples_get("model/frame", &f->disclosure.plaintext);
    get_fixed("model/opening", f->disclosure.opening.bytes, 32);
    get_fixed("model/leaf", leaf, sizeof(leaf));
    memcpy(f->disclosure.body_hash.bytes, leaf + 36, 32);
    sign(f, SIZE);
}

static void
teardown(void)
{
    struct fixture *f = &fixture;

    disclosure_release(&f->disclosure);
    buf_release(&f->encoded);
    buf_release(&f->checkpoint);
    tree_release(&f->tree);
}

static enum err
judge(struct bytes bytes, struct buf *out)
{
    struct disclosure disclosure = {.proof = {.index = 0}};
    enum err rc = disclosure_read(&disclosure, bytes);

    if (rc == ERR_OK) {
        rc =
            disclosure_verify(&disclosure, &fixture.place, &fixture.keys, NULL);
    }
    if (rc == ERR_OK) {
        rc = disclosure_write(out, &disclosure);
    }
    disclosure_release(&disclosure);
    return rc;
}

START_TEST(no_bit_of_a_disclosure_can_be_flipped_unseen)
{
    const struct buf *encoded = &fixture.encoded;

    ck_assert_uint_eq(
        mutation_run(buf_bytes(encoded), judge), 9 * encoded->size);
}
END_TEST

START_TEST(a_disclosure_is_as_documented)
{
    struct fixture *f = &fixture;
    struct buf example = {0};

    sign(f, 1);
    examples_get("disclosure/file", &example);
    if (!bytes_equal(buf_bytes(&example), buf_bytes(&f->encoded))) {
        printf("%.*s", (int)f->encoded.size, (char *)f->encoded.data);
        fflush(stdout);
        ck_abort_msg("the code makes something else");
    }
    ck_assert_uint_eq(examples_count("disclosure/"), 1);
    buf_release(&example);
}
END_TEST

START_TEST(its_leaf_is_the_one_in_the_log)
{
    struct fixture *f = &fixture;
    struct checkpoint_note note;
    struct disclosure read = {.proof = {.index = 0}};
    struct hash hash;
    uint8_t leaf[ENTRY_LEAF_BYTES];

    ck_assert_int_eq(disclosure_read(&read, buf_bytes(&f->encoded)), ERR_OK);
    ck_assert_int_eq(
        disclosure_verify(&read, &f->place, &f->keys, &note), ERR_OK);
    ck_assert_uint_eq(note.checkpoint.size, SIZE);
    disclosure_leaf(leaf, &read);
    merkle_leaf(&hash, bytes_of(leaf, sizeof(leaf)));
    ck_assert(hash_equal(&hash, &f->tree.levels[0][0]));
    disclosure_release(&read);
}
END_TEST

START_TEST(it_holds_for_no_other_log)
{
    struct fixture *f = &fixture;
    struct corridor_id corridor = {{1}};
    struct log_id control = f->log;
    struct log_id node = f->log;
    const struct disclosure_place places[] = {
        {&corridor, &f->log}, {&f->corridor, &control}, {&f->corridor, &node}};

    control.kind = LOG_CONTROL;
    node.node.bytes[0] ^= 1;
    for (size_t i = 0; i < 3; i++) {
        struct signer signer;
        struct checkpoint_keys keys = {&signer.key, NULL, 0};
        char origin[LOG_ORIGIN_BYTES_MAX + 1];

        ck_assert_int_eq(
            disclosure_verify(&f->disclosure, &places[i], &f->keys, NULL),
            ERR_BAD_SIGNATURE);
        /* Even where the other log's key is at hand. */
        log_origin(origin, places[i].corridor, places[i].log);
        signer_init(&signer, origin, NOTE_ED25519, 0x5e);
        ck_assert_int_eq(
            disclosure_verify(&f->disclosure, &places[i], &keys, NULL),
            ERR_BAD_SIGNATURE);
    }
}
END_TEST

START_TEST(the_seal_must_be_of_this_plaintext)
{
    struct fixture *f = &fixture;

    buf_put_u8(&f->disclosure.plaintext, 0);
    ck_assert_int_eq(
        disclosure_verify(&f->disclosure, &f->place, &f->keys, NULL),
        ERR_BAD_SIGNATURE);
    buf_truncate(&f->disclosure.plaintext, f->disclosure.plaintext.size - 2);
    ck_assert_int_eq(
        disclosure_verify(&f->disclosure, &f->place, &f->keys, NULL),
        ERR_BAD_SIGNATURE);
}
END_TEST

START_TEST(a_proof_with_extra_data_is_refused)
{
    struct fixture *f = &fixture;
    struct disclosure read = {.proof = {.index = 77}};
    struct buf encoded = {0};
    const char *at = strstr((char *)f->encoded.data, "index ");
    const size_t before = (size_t)((const uint8_t *)at - f->encoded.data);

    buf_put(&encoded, f->encoded.data, before);
    buf_put_text(&encoded, "extra AA==\n");
    buf_put(&encoded, at, f->encoded.size - before);
    ck_assert_int_eq(
        disclosure_read(&read, buf_bytes(&encoded)), ERR_MALFORMED);
    ck_assert_uint_eq(read.proof.index, 77);
    buf_release(&encoded);
}
END_TEST

START_TEST(a_disclosure_is_bounded)
{
    struct fixture *f = &fixture;
    struct disclosure read = {.proof = {.index = 0}};
    uint8_t *bytes = mem_zalloc(1, DISCLOSURE_BYTES_MAX + 1);
    struct buf encoded = {0};

    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_eq(
        disclosure_read(&read, bytes_of(bytes, DISCLOSURE_BYTES_MAX + 1)),
        ERR_TOO_BIG);
    ck_assert_int_eq(
        disclosure_read(&read, bytes_of(bytes, DISCLOSURE_BYTES_MAX)),
        ERR_MALFORMED);
    buf_put(&f->disclosure.plaintext, bytes,
        ENTRY_BODY_BYTES_MAX - f->disclosure.plaintext.size);
    ck_assert_int_eq(disclosure_write(&encoded, &f->disclosure), ERR_OK);
    ck_assert_int_eq(disclosure_read(&read, buf_bytes(&encoded)), ERR_OK);
    disclosure_release(&read);
    buf_put_u8(&f->disclosure.plaintext, 0);
    buf_clear(&encoded);
    ck_assert_int_eq(disclosure_write(&encoded, &f->disclosure), ERR_OK);
    ck_assert_int_eq(
        disclosure_read(&read, buf_bytes(&encoded)), ERR_MALFORMED);
    buf_put(&f->disclosure.plaintext, bytes, DISCLOSURE_BYTES_MAX);
    buf_clear(&encoded);
    ck_assert_int_eq(disclosure_write(&encoded, &f->disclosure), ERR_TOO_BIG);
    ck_assert_uint_eq(encoded.size, 0);
    buf_release(&encoded);
    mem_free(bytes);
}
END_TEST

START_TEST(without_memory_nothing_is_read_or_written)
{
    struct buf out = {0};
    enum err rc = ERR_NOMEM;

    for (long n = 0; rc == ERR_NOMEM; n++) {
        buf_release(&out);
        mem_fault_after(n);
        rc = judge(buf_bytes(&fixture.encoded), &out);
        mem_fault_after(-1);
        ck_assert_int_lt(n, 100);
    }
    ck_assert_int_eq(rc, ERR_OK);
    buf_release(&out);
}
END_TEST

static Suite *
disclosure_suite(void)
{
    Suite *suite = suite_create("disclosure");
    TCase *files = tcase_create("files");

    tcase_add_checked_fixture(files, setup, teardown);
    tcase_add_test(files, no_bit_of_a_disclosure_can_be_flipped_unseen);
    tcase_add_test(files, a_disclosure_is_as_documented);
    tcase_add_test(files, its_leaf_is_the_one_in_the_log);
    tcase_add_test(files, it_holds_for_no_other_log);
    tcase_add_test(files, the_seal_must_be_of_this_plaintext);
    tcase_add_test(files, a_proof_with_extra_data_is_refused);
    tcase_add_test(files, a_disclosure_is_bounded);
    tcase_add_test(files, without_memory_nothing_is_read_or_written);
    suite_add_tcase(suite, files);
    return suite;
}

int
main(void)
{
    return run_suite(disclosure_suite());
}
