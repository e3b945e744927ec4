/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/noise.h"
#include "tests/lib/run.h"
#include "tests/lib/vectors.h"

static void
vector_32(const json_t *vector, const char *name, void *out)
{
    struct buf buf = {0};

    vectors_hex(vector, name, &buf);
    ck_assert_uint_eq(buf.size, 32);
    memcpy(out, buf.data, 32);
    buf_release(&buf);
}

START_TEST(rekey_gives_the_known_keys)
{
    json_t *file = vectors_json("noise/psk0.json");
    json_t *rows = json_object_get(file, "rekey");
    struct noise_cipher cipher = {.counter = 4096};

    ck_assert_uint_eq(json_array_size(rows), 3);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        uint8_t expected[32];

        vector_32(row, "k", cipher.key.bytes);
        vector_32(row, "rekeyed", expected);
        noise_rekey(&cipher);
        ck_assert_mem_eq(cipher.key.bytes, expected, 32);
        ck_assert_uint_eq(cipher.counter, 4096);
    }
    json_decref(file);
}
END_TEST

START_TEST(transport_refuses_mutants_repeats_and_gaps)
{
    struct noise_cipher send = {.key = {{7}}, .counter = 3};
    struct noise_cipher receive = send;
    struct buf sealed = {0};
    struct buf text = {0};

    ck_assert_int_eq(
        noise_encrypt(&send, bytes_text("frames"), &sealed), ERR_OK);
    for (size_t size = 0; size < sealed.size; size++) {
        ck_assert_int_eq(
            noise_decrypt(&receive, bytes_of(sealed.data, size), &text),
            size < NOISE_TAG_BYTES ? ERR_MALFORMED : ERR_BAD_SIGNATURE);
    }
    for (size_t bit = 0; bit < 8 * sealed.size; bit++) {
        sealed.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_int_eq(noise_decrypt(&receive, buf_bytes(&sealed), &text),
            ERR_BAD_SIGNATURE);
        sealed.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    receive.counter = 4;
    ck_assert_int_eq(
        noise_decrypt(&receive, buf_bytes(&sealed), &text), ERR_BAD_SIGNATURE);
    receive.counter = 3;
    ck_assert_uint_eq(text.size, 0);
    ck_assert_int_eq(
        noise_decrypt(&receive, buf_bytes(&sealed), &text), ERR_OK);
    ck_assert(bytes_equal(buf_bytes(&text), bytes_text("frames")));
    ck_assert_int_eq(
        noise_decrypt(&receive, buf_bytes(&sealed), &text), ERR_BAD_SIGNATURE);
    noise_cipher_wipe(&send);
    ck_assert(bytes_are_zero(bytes_of(&send, sizeof(send))));
    buf_release(&sealed);
    buf_release(&text);
}
END_TEST

START_TEST(transport_messages_have_65535_bytes_at_the_most)
{
    static const uint8_t zeros[NOISE_MESSAGE_BYTES_MAX + 1] = {0};
    size_t most = NOISE_MESSAGE_BYTES_MAX - NOISE_TAG_BYTES;
    struct noise_cipher send = {.key = {{7}}};
    struct noise_cipher receive = send;
    struct buf sealed = {0};
    struct buf text = {0};

    ck_assert_int_eq(
        noise_encrypt(&send, bytes_of(zeros, most + 1), &sealed), ERR_TOO_BIG);
    ck_assert_uint_eq(send.counter, 0);
    ck_assert_int_eq(
        noise_encrypt(&send, bytes_of(zeros, most), &sealed), ERR_OK);
    ck_assert_uint_eq(sealed.size, NOISE_MESSAGE_BYTES_MAX);
    ck_assert_int_eq(
        noise_decrypt(&receive, buf_bytes(&sealed), &text), ERR_OK);
    ck_assert_uint_eq(text.size, most);
    ck_assert_int_eq(
        noise_decrypt(&receive, bytes_of(zeros, sizeof(zeros)), &text),
        ERR_TOO_BIG);
    ck_assert_uint_eq(text.size, most);
    buf_release(&sealed);
    buf_release(&text);
}
END_TEST

START_TEST(the_last_counter_is_never_used)
{
    struct noise_cipher send = {.key = {{7}}, .counter = UINT64_MAX - 1};
    struct noise_cipher receive = send;
    struct buf sealed = {0};
    struct buf text = {0};

    ck_assert_int_eq(noise_encrypt(&send, bytes_text("last"), &sealed), ERR_OK);
    ck_assert_int_eq(
        noise_decrypt(&receive, buf_bytes(&sealed), &text), ERR_OK);
    ck_assert_int_eq(
        noise_encrypt(&send, bytes_text("more"), &sealed), ERR_CLOSED);
    ck_assert_int_eq(
        noise_decrypt(&receive, buf_bytes(&sealed), &text), ERR_CLOSED);
    ck_assert_uint_eq(send.counter, UINT64_MAX);
    ck_assert_uint_eq(text.size, 4);
    buf_release(&sealed);
    buf_release(&text);
}
END_TEST

START_TEST(transport_without_memory_leaves_counter_and_output)
{
    struct noise_cipher cipher = {.key = {{7}}};
    uint8_t sealed[20] = {0};
    struct buf out = {0};

    mem_fault_after(0);
    ck_assert_int_eq(
        noise_encrypt(&cipher, bytes_text("text"), &out), ERR_NOMEM);
    ck_assert_uint_eq(out.size, 0);
    buf_clear(&out);
    mem_fault_after(0);
    ck_assert_int_eq(
        noise_decrypt(&cipher, bytes_of(sealed, sizeof(sealed)), &out),
        ERR_NOMEM);
    mem_fault_after(-1);
    ck_assert_uint_eq(out.size, 0);
    ck_assert_uint_eq(cipher.counter, 0);
    buf_release(&out);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("noise_cipher");
    TCase *tcase = tcase_create("transport");

    tcase_add_test(tcase, rekey_gives_the_known_keys);
    tcase_add_test(tcase, transport_refuses_mutants_repeats_and_gaps);
    tcase_add_test(tcase, transport_messages_have_65535_bytes_at_the_most);
    tcase_add_test(tcase, the_last_counter_is_never_used);
    tcase_add_test(tcase, transport_without_memory_leaves_counter_and_output);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
