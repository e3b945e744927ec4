/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keys.h"

#include <check.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "tests/lib/run.h"

/* RFC 8032, section 7.1: tests 1 to 3. */
static const struct {
    const char *seed;
    const char *public_half;
    const char *message;
    const char *signature;
} rfc8032[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

static void
unhex(const char *text, void *out, size_t size)
{
    ck_assert(hex_decode(text, strlen(text), out, size));
}

START_TEST(signatures_are_those_of_rfc8032)
{
    struct secret_key seed = {{0}};
    struct public_key expected_key = {{0}};
    struct public_key key = {{0}};
    struct signature expected = {{0}};
    struct signature signature = {{0}};
    uint8_t message[2] = {0};
    size_t size = strlen(rfc8032[_i].message) / 2;

    unhex(rfc8032[_i].seed, seed.bytes, sizeof(seed.bytes));
    unhex(rfc8032[_i].public_half, expected_key.bytes, 32);
    unhex(rfc8032[_i].message, message, size);
    unhex(rfc8032[_i].signature, expected.bytes, sizeof(expected.bytes));
    keys_sign_public(&key, &seed);
    keys_sign(&signature, &seed, bytes_of(message, size));
    ck_assert_mem_eq(key.bytes, expected_key.bytes, 32);
    ck_assert_mem_eq(signature.bytes, expected.bytes, 64);
    ck_assert_int_eq(
        keys_verify(&key, bytes_of(message, size), &signature), ERR_OK);
}
END_TEST

/* RFC 7748, section 6.1. */
START_TEST(box_public_halves_are_those_of_rfc7748)
{
    static const char *const pairs[][2] = {
        {"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6"
            "a"},
        {"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4"
            "f"},
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct secret_key secret = {{0}};
        struct public_key expected = {{0}};
        struct public_key key = {{0}};

        unhex(pairs[i][0], secret.bytes, 32);
        unhex(pairs[i][1], expected.bytes, 32);
        keys_box_public(&key, &secret);
        ck_assert_mem_eq(key.bytes, expected.bytes, 32);
    }
}
END_TEST

START_TEST(every_flipped_bit_breaks_a_signature)
{
    struct secret_key seed = {{7}};
    uint8_t message[] = "a head of a log";
    struct bytes view = bytes_of(message, sizeof(message));
    struct public_key key = {{0}};
    struct signature signature = {{0}};

    keys_sign_public(&key, &seed);
    keys_sign(&signature, &seed, view);
    for (size_t bit = 0; bit < 8 * sizeof(signature.bytes); bit++) {
        signature.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_int_eq(
            keys_verify(&key, view, &signature), ERR_BAD_SIGNATURE);
        signature.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof(message); bit++) {
        message[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_int_eq(
            keys_verify(&key, view, &signature), ERR_BAD_SIGNATURE);
        message[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    ck_assert_int_eq(keys_verify(&key, view, &signature), ERR_OK);
}
END_TEST

START_TEST(another_key_does_not_verify)
{
    struct secret_key seed = {{7}};
    struct secret_key other = {{8}};
    struct bytes message = bytes_text("statement");
    struct public_key key = {{0}};
    struct node_id node = {{0}};
    struct office_id office = {{0}};
    struct signature signature = {{0}};

    keys_sign(&signature, &seed, message);
    keys_sign_public(&key, &seed);
    memcpy(node.bytes, key.bytes, 32);
    memcpy(office.bytes, key.bytes, 32);
    ck_assert_int_eq(keys_verify_node(&node, message, &signature), ERR_OK);
    ck_assert_int_eq(keys_verify_office(&office, message, &signature), ERR_OK);
    keys_sign_public(&key, &other);
    memcpy(node.bytes, key.bytes, 32);
    memcpy(office.bytes, key.bytes, 32);
    ck_assert_int_eq(keys_verify(&key, message, &signature), ERR_BAD_SIGNATURE);
    ck_assert_int_eq(
        keys_verify_node(&node, message, &signature), ERR_BAD_SIGNATURE);
    ck_assert_int_eq(
        keys_verify_office(&office, message, &signature), ERR_BAD_SIGNATURE);
}
END_TEST

/*
 * A key of small order would verify one signature for many messages: here
 * the neutral element with R neutral and S zero.
 */
START_TEST(keys_of_small_order_verify_nothing)
{
    struct public_key key = {{1}};
    struct signature signature = {{1}};

    ck_assert_int_eq(
        keys_verify(&key, bytes_text("any"), &signature), ERR_BAD_SIGNATURE);
}
END_TEST

START_TEST(box_keys_of_small_order_are_not_usable)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    struct secret_key secret = {{9}};
    struct public_key key = {{0}};

    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        unhex(points[i], key.bytes, 32);
        ck_assert(!keys_box_is_usable(&key));
    }
    keys_box_public(&key, &secret);
    ck_assert(keys_box_is_usable(&key));
}
END_TEST

START_TEST(random_secrets_differ_and_give_their_public_halves)
{
    struct node_secrets one = {0};
    struct node_secrets two = {0};
    struct node_public public = {0};
    struct public_key key = {{0}};

    node_secrets_random(&one);
    node_secrets_random(&two);
    ck_assert_mem_ne(&one, &two, sizeof(one));
    ck_assert_mem_ne(one.sign.bytes, one.storage.bytes, 32);
    node_secrets_public(&public, &one);
    keys_sign_public(&key, &one.sign);
    ck_assert_mem_eq(public.sign.bytes, key.bytes, 32);
    keys_box_public(&key, &one.noise);
    ck_assert_mem_eq(public.noise.bytes, key.bytes, 32);
    keys_box_public(&key, &one.seal);
    ck_assert_mem_eq(public.seal.bytes, key.bytes, 32);
    keys_sign_public(&key, &one.cosign);
    ck_assert_mem_eq(public.cosign.bytes, key.bytes, 32);
    keys_sign_public(&key, &one.clock);
    ck_assert_mem_eq(public.clock.bytes, key.bytes, 32);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("keys");
    TCase *tcase = tcase_create("keys");

    tcase_add_loop_test(tcase, signatures_are_those_of_rfc8032, 0,
        (int)(sizeof(rfc8032) / sizeof(rfc8032[0])));
    tcase_add_test(tcase, box_public_halves_are_those_of_rfc7748);
    tcase_add_test(tcase, every_flipped_bit_breaks_a_signature);
    tcase_add_test(tcase, another_key_does_not_verify);
    tcase_add_test(tcase, keys_of_small_order_verify_nothing);
    tcase_add_test(tcase, box_keys_of_small_order_are_not_usable);
    tcase_add_test(tcase, random_secrets_differ_and_give_their_public_halves);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
