/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keystore.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "tests/lib/run.h"

enum { AT_PASSES = 12, AT_KIB = 16 };

static const char passphrase[] = "correct horse";

/* Costs as small as they may be, and a salt and nonce that count up. */
static struct keystore_options
cheap(uint32_t passes, uint32_t kib)
{
    struct keystore_options options = {.passes = passes, .kib = kib};

    for (size_t i = 0; i < sizeof(options.salt); i++) {
        options.salt[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < sizeof(options.nonce); i++) {
        options.nonce[i] = (uint8_t)i;
    }
    return options;
}

static struct node_secrets
sample(void)
{
    struct node_secrets secrets = {0};

    memset(secrets.sign.bytes, 2, 32);
    memset(secrets.noise.bytes, 3, 32);
    memset(secrets.seal.bytes, 4, 32);
    memset(secrets.cosign.bytes, 5, 32);
    memset(secrets.clock.bytes, 6, 32);
    memset(secrets.storage.bytes, 7, 32);
    return secrets;
}

static void
seal_office(struct buf *out)
{
    struct keystore_options options = cheap(1, 8);
    struct secret_key seed = {{0}};

    memset(seed.bytes, 1, 32);
    ck_assert_int_eq(
        keystore_seal_office(out, &seed, bytes_text(passphrase), &options),
        ERR_OK);
}

static void
seal_node(struct buf *out)
{
    struct keystore_options options = cheap(2, 16);
    struct node_secrets secrets = sample();

    ck_assert_int_eq(
        keystore_seal_node(out, &secrets, bytes_text(passphrase), &options),
        ERR_OK);
}

/* Open a copy of exactly that size; a refusal must not touch the output. */
static enum err
open_office(struct bytes sealed, struct bytes words)
{
    uint8_t *copy = mem_copy(sealed.data, sealed.size);
    struct secret_key out = {{0x77}};
    enum err rc = ERR_OK;

    ck_assert_ptr_nonnull(copy);
    rc = keystore_open_office(&out, bytes_of(copy, sealed.size), words);
    if (rc == ERR_OK) {
        ck_assert_uint_eq(out.bytes[0], 1);
        ck_assert_uint_eq(out.bytes[31], 1);
    } else {
        ck_assert_uint_eq(out.bytes[0], 0x77);
        ck_assert_uint_eq(out.bytes[31], 0);
    }
    mem_free(copy);
    return rc;
}

static enum err
open_node(struct bytes sealed, struct bytes words)
{
    struct node_secrets expected = sample();
    struct node_secrets out = {0};
    enum err rc = keystore_open_node(&out, sealed, words);

    if (rc == ERR_OK) {
        ck_assert_mem_eq(&out, &expected, sizeof(out));
    } else {
        ck_assert(bytes_are_zero(bytes_of(&out, sizeof(out))));
    }
    return rc;
}

/*
 * Made by a program of its own in Python: Argon2id of the package
 * cryptography, and XChaCha20-Poly1305 as for the test of sealing.
 */
static const char office_hex[] =
    "434f52524b455931011300000000000100000008000102030405060708090a0b"
    "0c0d0e0f000102030405060708090a0b0c0d0e0f1011121314151617a1a535e8"
    "220cb8f253e5cd5dbd415d6097d62ca931bee732b5dc9e6db2a00e50db4b7ce7"
    "7ec0fad34716f79f96bbb7f740341dbe97083f2cab821497ffb926828f1bda04"
    "4df9c9";
static const char node_hex[] =
    "434f52524b455931021300000000000200000010000102030405060708090a0b"
    "0c0d0e0f000102030405060708090a0b0c0d0e0f101112131415161736cccb79"
    "20ed4f938cd62c4136774bcc8df30ca0488f3e79a3697bcaec53c8597566dbbe"
    "a697df3d507544ca231c2319b97fe05505a0707bceba3b8a209c33145887aaa0"
    "be8ca33b8828a30f059676561ce7e2bfdfcda24256706ffc1e3ad220acefa605"
    "13861446be45807d2f456355572a66e1e6b9101122536f6ab57e497072a78b41"
    "0334a1255be58db73f4fee52d8abb6a0d4d291014bafa57cd5eb8168e2ed1ffd"
    "e30509cb4a78e136bd82fd889e5f6bd2a3fbe391fe7a09c963a87660adc7fa4a"
    "483031dd1c9af3d74f8a25238a50a944922845575c5b2c7d9d43a80eaf0bf4f1"
    "e03eb43f8f96a4362a58f4c620";

START_TEST(an_office_file_is_the_known_one_and_opens)
{
    uint8_t expected[sizeof(office_hex) / 2];
    struct buf buf = {0};

    ck_assert(
        hex_decode(office_hex, strlen(office_hex), expected, sizeof(expected)));
    seal_office(&buf);
    ck_assert(
        bytes_equal(buf_bytes(&buf), bytes_of(expected, sizeof(expected))));
    ck_assert_int_eq(
        open_office(buf_bytes(&buf), bytes_text(passphrase)), ERR_OK);
    buf_release(&buf);
}
END_TEST

START_TEST(a_node_file_is_the_known_one_and_opens)
{
    uint8_t expected[sizeof(node_hex) / 2];
    struct buf buf = {0};

    ck_assert(
        hex_decode(node_hex, strlen(node_hex), expected, sizeof(expected)));
    seal_node(&buf);
    ck_assert(
        bytes_equal(buf_bytes(&buf), bytes_of(expected, sizeof(expected))));
    ck_assert_int_eq(
        open_node(buf_bytes(&buf), bytes_text(passphrase)), ERR_OK);
    buf_release(&buf);
}
END_TEST

/* Files that open, of other contents; made like the known ones. */
static const struct {
    const char *hex;
    enum err expected;
} others[] = {
    /* "corridor/keystore/2" */
    {"434f52524b455931011300000000000100000008000102030405060708090a0b"
     "0c0d0e0f000102030405060708090a0b0c0d0e0f1011121314151617a1a535e8"
     "220cb8f253e5cd5dbd415d6097d62ca932bee732b5dc9e6db2a00e50db4b7ce7"
     "7ec0fad34716f79f96bbb7f740341dbe97083f79587043f6efc6f5e5d9def4b5"
     "681d00",
        ERR_VERSION},
    /* a text in the place of the bytes */
    {"434f52524b455931011300000000000100000008000102030405060708090a0b"
     "0c0d0e0f000102030405060708090a0b0c0d0e0f1011121314151617a1a535e8"
     "220cb8f253e5cd5dbd415d6097d62ca9319ee732b5dc9e6db2a00e50db4b7ce7"
     "7ec0fad34716f79f96bbb7f740341dbe97083fb7b2d85eb919ae88a015cf70ac"
     "298346",
        ERR_MALFORMED},
    /* 31 bytes and a number */
    {"434f52524b455931011300000000000100000008000102030405060708090a0b"
     "0c0d0e0f000102030405060708090a0b0c0d0e0f1011121314151617a0a535e8"
     "220cb8f253e5cd5dbd415d6097d62ca931bed832b5dc9e6db2a00e50db4b7ce7"
     "7ec0fad34716f79f96bbb7f740341dbe97083efbca97dbd5ac3175b0e72cb1e7"
     "c2fa08",
        ERR_MALFORMED},
};

START_TEST(other_contents_are_refused)
{
    uint8_t bytes[256];
    size_t size = strlen(others[_i].hex) / 2;

    ck_assert_uint_le(size, sizeof(bytes));
    ck_assert(hex_decode(others[_i].hex, 2 * size, bytes, size));
    ck_assert_int_eq(open_office(bytes_of(bytes, size), bytes_text(passphrase)),
        others[_i].expected);
}
END_TEST

START_TEST(another_passphrase_is_denied)
{
    static const char *const wrong[] = {
        "", "correct hors", "correct horse ", "Correct horse"};
    struct buf office = {0};
    struct buf node = {0};

    seal_office(&office);
    seal_node(&node);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ck_assert_int_eq(
            open_office(buf_bytes(&office), bytes_text(wrong[i])), ERR_DENIED);
        ck_assert_int_eq(
            open_node(buf_bytes(&node), bytes_text(wrong[i])), ERR_DENIED);
    }
    buf_release(&office);
    buf_release(&node);
}
END_TEST

START_TEST(the_other_kind_is_not_opened)
{
    struct buf office = {0};
    struct buf node = {0};

    seal_office(&office);
    seal_node(&node);
    ck_assert_int_eq(
        open_node(buf_bytes(&office), bytes_text(passphrase)), ERR_VERSION);
    ck_assert_int_eq(
        open_office(buf_bytes(&node), bytes_text(passphrase)), ERR_VERSION);
    buf_release(&office);
    buf_release(&node);
}
END_TEST

static enum err
expected_of_flip(size_t byte)
{
    return byte < 10 ? ERR_VERSION : byte < 12 ? ERR_MALFORMED : ERR_DENIED;
}

START_TEST(every_flipped_bit_is_refused)
{
    struct buf buf = {0};

    seal_office(&buf);
    for (size_t bit = 0; bit < 8 * buf.size; bit++) {
        enum err expected = expected_of_flip(bit / 8);
        uint32_t passes = 0;
        uint32_t kib = 0;

        buf.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        passes = num_load_u32(buf.data + AT_PASSES);
        kib = num_load_u32(buf.data + AT_KIB);
        if (passes > KEYSTORE_PASSES_MAX || kib > KEYSTORE_KIB_MAX) {
            expected = ERR_TOO_BIG;
        } else if (passes < KEYSTORE_PASSES_MIN || kib < KEYSTORE_KIB_MIN) {
            expected = ERR_MALFORMED;
        }
        /* Allowed costs beyond 16 MiB are left out: they only take time. */
        if (expected == ERR_TOO_BIG || kib <= 16 * 1024) {
            ck_assert_int_eq(
                open_office(buf_bytes(&buf), bytes_text(passphrase)), expected);
        }
        buf.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    ck_assert_int_eq(
        open_office(buf_bytes(&buf), bytes_text(passphrase)), ERR_OK);
    buf_release(&buf);
}
END_TEST

START_TEST(every_other_size_is_refused)
{
    struct buf buf = {0};
    size_t size = 0;

    seal_office(&buf);
    size = buf.size;
    for (size_t i = 0; i < size; i++) {
        ck_assert_int_eq(
            open_office(bytes_of(buf.data, i), bytes_text(passphrase)),
            ERR_MALFORMED);
    }
    while (buf.size <= KEYSTORE_BYTES_MAX) {
        enum err expected = ERR_MALFORMED;

        buf_put_u8(&buf, 0);
        expected = buf.size > KEYSTORE_BYTES_MAX ? ERR_TOO_BIG : expected;
        ck_assert_int_eq(
            open_office(buf_bytes(&buf), bytes_text(passphrase)), expected);
    }
    buf_release(&buf);
}
END_TEST

/*
 * Costs at their limits; what is allowed but dear is only sealed and opened
 * where it is cheap. Refused ones must be so before any work: the greatest
 * would take all of a machine's memory for minutes.
 */
static const struct {
    uint32_t passes;
    uint32_t kib;
    enum err expected;
} costs[] = {
    {0, 8, ERR_MALFORMED},
    {1, 7, ERR_MALFORMED},
    {1, 0, ERR_MALFORMED},
    {1, 8, ERR_OK},
    {1, 9, ERR_OK},
    {2, 8, ERR_OK},
    {KEYSTORE_PASSES_MAX, 8, ERR_OK},
    {KEYSTORE_PASSES_MAX + 1, 8, ERR_TOO_BIG},
    {UINT32_MAX, 8, ERR_TOO_BIG},
    {1, KEYSTORE_KIB_MAX + 1, ERR_TOO_BIG},
    {1, UINT32_MAX, ERR_TOO_BIG},
    {UINT32_MAX, UINT32_MAX, ERR_TOO_BIG},
    {0, UINT32_MAX, ERR_TOO_BIG},
};

START_TEST(costs_beyond_the_limits_are_refused_before_any_work)
{
    struct keystore_options options = cheap(costs[_i].passes, costs[_i].kib);
    struct secret_key seed = {{1}};
    struct buf buf = {0};

    /* No allocation happens either: the first one would fail. */
    mem_fault_after(costs[_i].expected == ERR_OK ? -1 : 0);
    ck_assert_int_eq(
        keystore_seal_office(&buf, &seed, bytes_text(passphrase), &options),
        costs[_i].expected);
    mem_fault_after(-1);
    if (costs[_i].expected != ERR_OK) {
        ck_assert_uint_eq(buf.size, 0);
        seal_office(&buf);
        num_store_u32(buf.data + AT_PASSES, costs[_i].passes);
        num_store_u32(buf.data + AT_KIB, costs[_i].kib);
        ck_assert_int_eq(open_office(buf_bytes(&buf), bytes_text(passphrase)),
            costs[_i].expected);
    } else {
        ck_assert_int_eq(keystore_open_office(
                             &seed, buf_bytes(&buf), bytes_text(passphrase)),
            ERR_OK);
    }
    buf_release(&buf);
}
END_TEST

START_TEST(passphrases_have_1024_bytes_at_the_most)
{
    static const uint8_t words[PASSPHRASE_BYTES_MAX + 1] = {0};
    static const size_t sizes[] = {
        0, 1, PASSPHRASE_BYTES_MAX - 1, PASSPHRASE_BYTES_MAX};
    struct keystore_options options = cheap(1, 8);
    struct secret_key seed = {{1}};
    struct secret_key out = {{0}};
    struct bytes beyond = bytes_of(words, sizeof(words));
    struct buf buf = {0};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct bytes view = bytes_of(words, sizes[i]);

        buf_clear(&buf);
        ck_assert_int_eq(
            keystore_seal_office(&buf, &seed, view, &options), ERR_OK);
        ck_assert_int_eq(
            keystore_open_office(&out, buf_bytes(&buf), view), ERR_OK);
        ck_assert_mem_eq(out.bytes, seed.bytes, 32);
    }
    ck_assert_int_eq(
        keystore_open_office(&out, buf_bytes(&buf), beyond), ERR_TOO_BIG);
    buf_clear(&buf);
    ck_assert_int_eq(
        keystore_seal_office(&buf, &seed, beyond, &options), ERR_TOO_BIG);
    ck_assert_uint_eq(buf.size, 0);
    buf_release(&buf);
}
END_TEST

START_TEST(fresh_options_differ_and_have_the_usual_cost)
{
    struct keystore_options one = {0};
    struct keystore_options two = {0};

    keystore_options_random(&one);
    keystore_options_random(&two);
    ck_assert_uint_eq(one.passes, KEYSTORE_PASSES);
    ck_assert_uint_eq(one.kib, KEYSTORE_KIB);
    ck_assert_mem_ne(one.salt, two.salt, sizeof(one.salt));
    ck_assert_mem_ne(one.nonce, two.nonce, sizeof(one.nonce));
}
END_TEST

static enum err
seal_and_open(void)
{
    struct keystore_options options = cheap(1, 8);
    struct node_secrets secrets = sample();
    struct buf buf = {0};
    enum err rc =
        keystore_seal_node(&buf, &secrets, bytes_text(passphrase), &options);

    ck_assert_int_eq(rc == ERR_OK, buf.size != 0);
    if (rc == ERR_OK) {
        rc = open_node(buf_bytes(&buf), bytes_text(passphrase));
    }
    buf_release(&buf);
    return rc;
}

START_TEST(a_failed_allocation_leaves_the_output_as_it_was)
{
    enum err rc = ERR_NOMEM;
    long n = 0;

    for (n = 0; rc != ERR_OK; n++) {
        mem_fault_after(n);
        rc = seal_and_open();
        ck_assert_int_eq(rc, mem_fault_hit() ? ERR_NOMEM : ERR_OK);
        mem_fault_after(-1);
    }
    /* Guarded memory twice and the output, and then no fault. */
    ck_assert_int_eq(n, 4);
}
END_TEST

/* In a process of its own, which may have less memory than the file asks. */
START_TEST(argon2_without_memory_is_no_memory)
{
    struct rlimit limit = {.rlim_cur = 256U << 20, .rlim_max = 256U << 20};
    struct keystore_options options = cheap(1, KEYSTORE_KIB_MAX);
    struct secret_key seed = {{1}};
    struct buf buf = {0};

    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    ck_assert_int_eq(
        keystore_seal_office(&buf, &seed, bytes_text(passphrase), &options),
        ERR_NOMEM);
    ck_assert_uint_eq(buf.size, 0);
    seal_office(&buf);
    num_store_u32(buf.data + AT_KIB, KEYSTORE_KIB_MAX);
    ck_assert_int_eq(
        open_office(buf_bytes(&buf), bytes_text(passphrase)), ERR_NOMEM);
    buf_release(&buf);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("keystore");
    TCase *tcase = tcase_create("keystore");
    const char *fork = getenv("CK_FORK");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, an_office_file_is_the_known_one_and_opens);
    tcase_add_test(tcase, a_node_file_is_the_known_one_and_opens);
    tcase_add_loop_test(tcase, other_contents_are_refused, 0,
        (int)(sizeof(others) / sizeof(others[0])));
    tcase_add_test(tcase, another_passphrase_is_denied);
    tcase_add_test(tcase, the_other_kind_is_not_opened);
    tcase_add_test(tcase, every_flipped_bit_is_refused);
    tcase_add_test(tcase, every_other_size_is_refused);
    tcase_add_loop_test(tcase,
        costs_beyond_the_limits_are_refused_before_any_work, 0,
        (int)(sizeof(costs) / sizeof(costs[0])));
    tcase_add_test(tcase, passphrases_have_1024_bytes_at_the_most);
    tcase_add_test(tcase, fresh_options_differ_and_have_the_usual_cost);
    tcase_add_test(tcase, a_failed_allocation_leaves_the_output_as_it_was);
    /* Sanitisers need more address space than the test leaves. */
    if (fork == NULL || strcmp(fork, "no") != 0) {
        tcase_add_test(tcase, argon2_without_memory_is_no_memory);
    }
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
