/* SPDX-License-Identifier: Apache-2.0 */
/* The known answers were made like those of test_seal.c. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/keys.h"
#include "crypto/seal.h"
#include "tests/lib/run.h"

static void
check_hex(const void *bytes, size_t size, const char *hex)
{
    uint8_t expected[128];

    ck_assert_uint_eq(strlen(hex), 2 * size);
    ck_assert(hex_decode(hex, 2 * size, expected, size));
    ck_assert_mem_eq(bytes, expected, size);
}

/* A content key wrapped for a circle, at the place of the known answers. */
struct wrap {
    struct secret_key content;
    struct secret_key circle;
    struct corridor_id corridor;
    struct node_id node;
    struct hash commitment;
    struct seal_wrap_place place;
    uint8_t wrapped[SEAL_WRAPPED_BYTES];
};

static void
wrap_init(struct wrap *wrap)
{
    memset(wrap->content.bytes, 0x11, 32);
    memset(wrap->circle.bytes, 0x22, 32);
    memset(wrap->corridor.bytes, 0xc0, 32);
    memset(wrap->node.bytes, 0xa1, 32);
    seal_commitment(&wrap->commitment, &wrap->content);
    wrap->place = (struct seal_wrap_place){.corridor = &wrap->corridor,
        .node = &wrap->node,
        .log_kind = 0,
        .position = 300,
        .commitment = &wrap->commitment};
    seal_wrap(wrap->wrapped, &wrap->circle, &wrap->place, &wrap->content);
}

static enum err
unwrap(const struct wrap *wrap)
{
    struct secret_key out = {{0x77}};
    enum err rc = seal_unwrap(&out, &wrap->circle, &wrap->place, wrap->wrapped);

    if (rc == ERR_OK) {
        ck_assert_mem_eq(out.bytes, wrap->content.bytes, 32);
    } else {
        ck_assert_uint_eq(out.bytes[0], 0x77);
        ck_assert_uint_eq(out.bytes[31], 0);
    }
    return rc;
}

static void
check_wrap_flips(const struct wrap *wrap, uint8_t *part, size_t size)
{
    for (size_t bit = 0; bit < 8 * size; bit++) {
        part[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_int_eq(unwrap(wrap), ERR_BAD_SIGNATURE);
        part[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    ck_assert_int_eq(unwrap(wrap), ERR_OK);
}

START_TEST(a_wrapped_key_is_the_known_one)
{
    struct wrap wrap;

    wrap_init(&wrap);
    check_hex(wrap.wrapped, SEAL_WRAPPED_BYTES,
        "ac3bfc0cad13a8ab5385a2e146025042a13761400c3572e30fe9a30b6033fa19"
        "b188a2d72ce18eced78e44dadb6ca25b");
}
END_TEST

START_TEST(a_wrapped_key_opens_in_its_place_only)
{
    struct wrap wrap;

    wrap_init(&wrap);
    check_wrap_flips(&wrap, wrap.wrapped, SEAL_WRAPPED_BYTES);
    check_wrap_flips(&wrap, wrap.circle.bytes, 32);
    check_wrap_flips(&wrap, wrap.corridor.bytes, 32);
    check_wrap_flips(&wrap, wrap.node.bytes, 32);
    check_wrap_flips(&wrap, wrap.commitment.bytes, 32);
    wrap.place.position++;
    ck_assert_int_eq(unwrap(&wrap), ERR_BAD_SIGNATURE);
    wrap.place.position--;
    wrap.place.log_kind = 1;
    ck_assert_int_eq(unwrap(&wrap), ERR_BAD_SIGNATURE);
}
END_TEST

/* Made like the known answer, of the key 12 12 … under this commitment. */
START_TEST(another_key_than_committed_to_is_refused)
{
    static const char hex[] =
        "af38ff0fae10aba85086a1e245015341a23462430f3671e00ceaa0086330f91a"
        "a4894f0d0d5c8712472f05ff4016ce18";
    struct wrap wrap;

    wrap_init(&wrap);
    ck_assert(
        hex_decode(hex, sizeof(hex) - 1, wrap.wrapped, sizeof(wrap.wrapped)));
    ck_assert_int_eq(unwrap(&wrap), ERR_BAD_SIGNATURE);
}
END_TEST

START_TEST(wrapping_another_key_than_committed_to_is_asserted)
{
    struct wrap wrap;

    wrap_init(&wrap);
    wrap.content.bytes[0] ^= 1;
    seal_wrap(wrap.wrapped, &wrap.circle, &wrap.place, &wrap.content);
}
END_TEST

/*
 * Made like the others, with Salsa20 written from its specification: sealed
 * by the ephemeral secret 33 33 … to the public half of 44 44 ….
 */
START_TEST(a_known_box_opens)
{
    static const char hex[] =
        "7b0d47d93427f8311160781c7c733fd89f88970aef490d8aa0ee19a4cb8a1b14"
        "cc9a41ddbd50cd4768176046a1549e8f24688342e322eaf36ed8852eeb3bd5e8"
        "832d0f83b7b844fa8ea88b17d3a087bc";
    uint8_t boxed[SEAL_BOXED_BYTES];
    struct secret_key secret = {{0}};
    struct secret_key out = {{0}};

    memset(secret.bytes, 0x44, 32);
    ck_assert(hex_decode(hex, sizeof(hex) - 1, boxed, sizeof(boxed)));
    ck_assert_int_eq(seal_box_open(&out, &secret, boxed), ERR_OK);
    for (size_t i = 0; i < sizeof(out.bytes); i++) {
        ck_assert_uint_eq(out.bytes[i], 0x11);
    }
}
END_TEST

START_TEST(a_box_opens_with_its_secret_and_unaltered_only)
{
    static const struct secret_key secret = {{5}};
    static const struct secret_key other = {{4, 1}};
    static const struct secret_key content = {{6}};
    uint8_t boxed[SEAL_BOXED_BYTES];
    struct secret_key out = {{0x77}};
    struct public_key to = {{0}};

    ck_assert_int_eq(seal_box(boxed, &to, &content), ERR_MALFORMED);
    keys_box_public(&to, &secret);
    ck_assert_int_eq(seal_box(boxed, &to, &content), ERR_OK);
    ck_assert_int_eq(seal_box_open(&out, &other, boxed), ERR_BAD_SIGNATURE);
    for (size_t bit = 0; bit < 8 * sizeof(boxed); bit++) {
        /* X25519 ignores a point's last bit, the nonce does not. */
        boxed[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_int_eq(
            seal_box_open(&out, &secret, boxed), ERR_BAD_SIGNATURE);
        boxed[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    ck_assert_uint_eq(out.bytes[0], 0x77);
    ck_assert_int_eq(seal_box_open(&out, &secret, boxed), ERR_OK);
    ck_assert_mem_eq(out.bytes, content.bytes, 32);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("seal_key");
    TCase *tcase = tcase_create("keys");
    const char *fork = getenv("CK_FORK");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_wrapped_key_is_the_known_one);
    tcase_add_test(tcase, a_wrapped_key_opens_in_its_place_only);
    tcase_add_test(tcase, another_key_than_committed_to_is_refused);
    /* A signal can be expected only of a process of its own. */
    if (fork == NULL || strcmp(fork, "no") != 0) {
        tcase_add_test_raise_signal(
            tcase, wrapping_another_key_than_committed_to_is_asserted, SIGABRT);
    }
    tcase_add_test(tcase, a_known_box_opens);
    tcase_add_test(tcase, a_box_opens_with_its_secret_and_unaltered_only);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
