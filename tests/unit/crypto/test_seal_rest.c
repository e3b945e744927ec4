/* SPDX-License-Identifier: Apache-2.0 */
/* The known answers were made like those of test_seal.c. */
#include <check.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
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

static const char rest_ad[] = "records/row 7";
static const char rest_text[] = "what the database derived";

static struct secret_key
rest_key(void)
{
    struct secret_key key = {{0}};

    memset(key.bytes, 0x55, sizeof(key.bytes));
    return key;
}

START_TEST(a_value_at_rest_is_the_known_one)
{
    struct secret_key key = rest_key();
    struct buf buf = {0};

    ck_assert_int_eq(
        seal_rest(&buf, &key, bytes_text(rest_ad), bytes_text(rest_text)),
        ERR_OK);
    check_hex(buf.data, buf.size,
        "bd764e8680cd1349d009d9274ae1a1c027523c1bad8aa5e29a8ef79c66b62a42"
        "a46511ca24c43ed91e4a2e58616699771ee69ea9375badb9733ace94e3dbdfbc"
        "7e");
    buf_release(&buf);
}
END_TEST

/* Open a copy of exactly that size behind other content. */
static enum err
rest_open(const struct secret_key *key, struct bytes ad, struct bytes sealed)
{
    uint8_t *copy = mem_copy(sealed.data, sealed.size);
    struct buf buf = {0};
    enum err rc = ERR_OK;

    ck_assert_ptr_nonnull(copy);
    buf_put_text(&buf, "before");
    rc = seal_rest_open(&buf, key, ad, bytes_of(copy, sealed.size));
    if (rc == ERR_OK) {
        ck_assert_uint_eq(buf.size, 6 + strlen(rest_text));
        ck_assert_mem_eq(buf.data + 6, rest_text, strlen(rest_text));
    } else {
        ck_assert_uint_eq(buf.size, 6);
    }
    buf_wipe(&buf);
    mem_free(copy);
    return rc;
}

START_TEST(an_altered_or_cut_value_at_rest_is_refused)
{
    struct secret_key key = rest_key();
    struct bytes ad = bytes_text(rest_ad);
    struct buf buf = {0};

    ck_assert_int_eq(seal_rest(&buf, &key, ad, bytes_text(rest_text)), ERR_OK);
    ck_assert_uint_eq(buf.size, strlen(rest_text) + SEAL_REST_OVERHEAD);
    ck_assert_int_eq(rest_open(&key, ad, buf_bytes(&buf)), ERR_OK);
    for (size_t bit = 0; bit < 8 * buf.size; bit++) {
        buf.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_int_eq(
            rest_open(&key, ad, buf_bytes(&buf)), ERR_BAD_SIGNATURE);
        buf.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t size = 0; size < buf.size; size++) {
        ck_assert_int_eq(
            rest_open(&key, ad, bytes_of(buf.data, size)), ERR_BAD_SIGNATURE);
    }
    ck_assert_int_eq(
        rest_open(&key, bytes_text("records/row 8"), buf_bytes(&buf)),
        ERR_BAD_SIGNATURE);
    key.bytes[0] ^= 1;
    ck_assert_int_eq(rest_open(&key, ad, buf_bytes(&buf)), ERR_BAD_SIGNATURE);
    buf_release(&buf);
}
END_TEST

/* The border between row name and text moves: other nonces, other bytes. */
START_TEST(values_at_rest_with_shifted_borders_differ)
{
    struct secret_key key = rest_key();
    struct seal_rest_keys keys = {0};
    struct buf one = {0};
    struct buf two = {0};
    struct buf same = {0};

    seal_rest_keys_init(&keys, &key);
    ck_assert_int_eq(
        seal_rest(&one, &key, bytes_text("ab"), bytes_text("c")), ERR_OK);
    ck_assert_int_eq(
        seal_rest(&two, &key, bytes_text("a"), bytes_text("bc")), ERR_OK);
    ck_assert_mem_ne(one.data, two.data, SEAL_BYTES);
    ck_assert_int_eq(
        seal_rest_with(&same, &keys, bytes_text("ab"), bytes_text("c")),
        ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&one), buf_bytes(&same)));
    buf_clear(&two);
    ck_assert_int_eq(
        seal_rest_open_with(&two, &keys, bytes_text("ab"), buf_bytes(&one)),
        ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&two), bytes_text("c")));
    seal_rest_keys_wipe(&keys);
    ck_assert(bytes_are_zero(bytes_of(&keys, sizeof(keys))));
    buf_release(&one);
    buf_release(&two);
    buf_release(&same);
}
END_TEST

START_TEST(a_value_at_rest_that_finds_no_room_leaves_none_of_it)
{
    struct secret_key key = rest_key();
    struct bytes ad = bytes_text(rest_ad);
    size_t size = strlen(rest_text) + SEAL_REST_OVERHEAD;

    for (size_t limit = 1; limit <= size; limit++) {
        struct buf buf = {0};
        enum err expected = limit < size ? ERR_TOO_BIG : ERR_OK;

        buf_init(&buf, limit);
        ck_assert_int_eq(
            seal_rest(&buf, &key, ad, bytes_text(rest_text)), expected);
        ck_assert_uint_eq(buf.size, limit < size ? 0 : size);
        buf_release(&buf);
    }
    for (long n = 0; n < 2; n++) {
        struct buf buf = {0};

        mem_fault_after(n);
        ck_assert_int_eq(
            seal_rest(&buf, &key, ad, bytes_text(rest_text)), ERR_NOMEM);
        mem_fault_after(-1);
        ck_assert_uint_eq(buf.size, 0);
        buf_release(&buf);
    }
}
END_TEST

START_TEST(a_chunk_opens_at_its_own_number_only)
{
    struct secret_key key = rest_key();
    struct seal_chunk_options chunk = {
        .key = &key, .number = 258, .ad = bytes_text("stream")};
    struct buf sealed = {0};
    struct buf text = {0};

    ck_assert_int_eq(seal_chunk(&sealed, &chunk, bytes_text("chunk")), ERR_OK);
    check_hex(
        sealed.data, sealed.size, "f21c0fd14a82c17a78d00e666490e7f4a4d49db2f5");
    ck_assert_int_eq(
        seal_chunk_open(&text, &chunk, buf_bytes(&sealed)), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&text), bytes_text("chunk")));
    chunk.number = 259;
    ck_assert_int_eq(
        seal_chunk_open(&text, &chunk, buf_bytes(&sealed)), ERR_BAD_SIGNATURE);
    chunk.number = 258;
    chunk.is_last = true;
    ck_assert_int_eq(
        seal_chunk_open(&text, &chunk, buf_bytes(&sealed)), ERR_BAD_SIGNATURE);
    chunk.is_last = false;
    chunk.ad = bytes_text("other");
    ck_assert_int_eq(
        seal_chunk_open(&text, &chunk, buf_bytes(&sealed)), ERR_BAD_SIGNATURE);
    ck_assert_uint_eq(text.size, 5);
    buf_release(&sealed);
    buf_release(&text);
}
END_TEST

START_TEST(every_flipped_bit_of_a_chunk_is_refused)
{
    struct secret_key key = rest_key();
    const struct seal_chunk_options chunk = {.key = &key, .is_last = true};
    struct buf sealed = {0};
    struct buf text = {0};

    ck_assert_int_eq(seal_chunk(&sealed, &chunk, bytes_text("chunk")), ERR_OK);
    for (size_t bit = 0; bit < 8 * sealed.size; bit++) {
        sealed.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_int_eq(seal_chunk_open(&text, &chunk, buf_bytes(&sealed)),
            ERR_BAD_SIGNATURE);
        sealed.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    ck_assert_int_eq(
        seal_chunk_open(&text, &chunk, buf_bytes(&sealed)), ERR_OK);
    buf_release(&sealed);
    buf_release(&text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("seal_rest");
    TCase *tcase = tcase_create("rest");

    tcase_add_test(tcase, a_value_at_rest_is_the_known_one);
    tcase_add_test(tcase, an_altered_or_cut_value_at_rest_is_refused);
    tcase_add_test(tcase, values_at_rest_with_shifted_borders_differ);
    tcase_add_test(tcase, a_value_at_rest_that_finds_no_room_leaves_none_of_it);
    tcase_add_test(tcase, a_chunk_opens_at_its_own_number_only);
    tcase_add_test(tcase, every_flipped_bit_of_a_chunk_is_refused);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
