/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hash.h"

#include <check.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "tests/lib/run.h"

/* Does it read `hex`? */
static void
expect_hex(const void *bytes, size_t size, const char *hex)
{
    char text[2 * 64 + 1];

    ck_assert_uint_le(size, 64);
    hex_encode(text, bytes_of(bytes, size));
    ck_assert_str_eq(text, hex);
}

/* The key 00 01 … 1f. */
static struct secret_key
counting_key(void)
{
    struct secret_key key = {{0}};

    for (size_t i = 0; i < sizeof(key.bytes); i++) {
        key.bytes[i] = (uint8_t)i;
    }
    return key;
}

/* FIPS 180-4's examples. */
static const struct {
    const char *text;
    const char *hash;
} sha256_rows[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

START_TEST(sha256_gives_the_published_hashes)
{
    struct hash hash;

    hash_sha256(&hash, bytes_text(sha256_rows[_i].text));
    expect_hex(hash.bytes, 32, sha256_rows[_i].hash);
}
END_TEST

START_TEST(sha256_of_a_million_letters_is_the_published_one)
{
    struct hash hash;
    uint8_t *letters = mem_alloc(1000000);

    ck_assert_ptr_nonnull(letters);
    memset(letters, 'a', 1000000);
    hash_sha256(&hash, bytes_of(letters, 1000000));
    expect_hex(hash.bytes, 32,
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    mem_free(letters);
}
END_TEST

START_TEST(parts_hash_like_their_concatenation_wherever_it_is_cut)
{
    const char *text = sha256_rows[2].text;
    struct hash whole;

    hash_sha256(&whole, bytes_text(text));
    for (size_t a = 0; a <= strlen(text); a++) {
        for (size_t b = a; b <= strlen(text); b++) {
            struct bytes parts[] = {{(const uint8_t *)text, a}, {NULL, 0},
                {(const uint8_t *)text + a, b - a}, bytes_text(text + b)};
            struct hash hash;

            hash_sha256_parts(&hash, parts, 4);
            ck_assert(hash_equal(&hash, &whole));
        }
    }
}
END_TEST

START_TEST(no_parts_hash_like_nothing)
{
    struct hash hash;

    hash_sha256_parts(&hash, NULL, 0);
    expect_hex(hash.bytes, 32, sha256_rows[0].hash);
}
END_TEST

START_TEST(blake2b_gives_the_reference_hashes)
{
    struct hash hash;

    hash_blake2b(&hash, bytes_of(NULL, 0));
    expect_hex(hash.bytes, 32,
        "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    hash_blake2b(&hash, bytes_text("abc"));
    expect_hex(hash.bytes, 32,
        "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}
END_TEST

START_TEST(keyed_blake2b_gives_the_reference_hashes)
{
    const struct secret_key key = counting_key();
    uint8_t data[255];
    struct hash hash;

    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)i;
    }
    hash_blake2b_keyed(&hash, &key, bytes_of(NULL, 0));
    expect_hex(hash.bytes, 32,
        "4e51e7a913fc80137da52880fecca175bf81e117d5c68126dc2774033517ea0d");
    hash_blake2b_keyed(&hash, &key, bytes_of(data, sizeof(data)));
    expect_hex(hash.bytes, 32,
        "f60f5c4a575c43db6c93608515866ea998e04b35792f5a92b27aa5880cd6721e");
}
END_TEST

START_TEST(blake2b_512_of_parts_is_that_of_rfc_7693)
{
    struct bytes parts[] = {bytes_text("a"), {NULL, 0}, bytes_text("bc")};
    uint8_t hash[64];

    hash_blake2b_512(hash, parts, 3);
    expect_hex(hash, sizeof(hash),
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
        "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
}
END_TEST

/* Label sizes at each form of the CBOR head. */
static const size_t label_sizes[] = {0, 1, 22, 23, 24, 25, 254, 255};

START_TEST(a_label_derives_like_its_cbor_array)
{
    const struct secret_key key = counting_key();
    char label[256] = {0};
    struct buf item = {0};
    struct secret_key by_label;
    struct secret_key by_item;

    memset(label, 'x', label_sizes[_i]);
    cbor_put_array(&item, 1);
    cbor_put_cstr(&item, label);
    ck_assert_int_eq(buf_err(&item), ERR_OK);
    hash_derive_label(&by_label, &key, label);
    hash_derive(&by_item, &key, buf_bytes(&item));
    ck_assert_mem_eq(by_label.bytes, by_item.bytes, 32);
    buf_release(&item);
}
END_TEST

START_TEST(derivations_are_keyed_blake2b)
{
    const struct secret_key key = counting_key();
    struct secret_key derived;

    hash_derive_label(&derived, &key, "corridor/body/1");
    expect_hex(derived.bytes, 32,
        "d4b799fb19c01f9f374884f4031462b0123200272a8cab2ff6481800ceffb228");
}
END_TEST

static Suite *
hash_suite(void)
{
    Suite *suite = suite_create("hash");
    TCase *tcase = tcase_create("hash");

    tcase_add_loop_test(tcase, sha256_gives_the_published_hashes, 0, 3);
    tcase_add_test(tcase, sha256_of_a_million_letters_is_the_published_one);
    tcase_add_test(
        tcase, parts_hash_like_their_concatenation_wherever_it_is_cut);
    tcase_add_test(tcase, no_parts_hash_like_nothing);
    tcase_add_test(tcase, blake2b_gives_the_reference_hashes);
    tcase_add_test(tcase, keyed_blake2b_gives_the_reference_hashes);
    tcase_add_test(tcase, blake2b_512_of_parts_is_that_of_rfc_7693);
    tcase_add_loop_test(tcase, a_label_derives_like_its_cbor_array, 0,
        (int)(sizeof(label_sizes) / sizeof(label_sizes[0])));
    tcase_add_test(tcase, derivations_are_keyed_blake2b);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    return run_suite(hash_suite());
}
