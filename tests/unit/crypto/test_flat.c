/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/flat.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "tests/lib/run.h"

/* Both sides of each border between the widths of a head. */
static const uint64_t borders[] = {0, 1, 23, 24, 255, 256, 65535, 65536,
    UINT32_MAX, (uint64_t)UINT32_MAX + 1, UINT64_MAX};

START_TEST(it_writes_what_the_cbor_writer_writes)
{
    static const uint8_t id[32] = {1, 2, 3};
    uint8_t memory[256];
    struct flat flat = flat_array(memory, sizeof(memory), 4, "label");
    struct buf buf = {0};

    flat_uint(&flat, borders[_i]);
    flat_32(&flat, id);
    flat_bytes_head(&flat, 3);
    cbor_put_array(&buf, 4);
    cbor_put_cstr(&buf, "label");
    cbor_put_uint(&buf, borders[_i]);
    cbor_put_bytes(&buf, bytes_of(id, sizeof(id)));
    cbor_put_bytes(&buf, bytes_text("abc"));
    ck_assert_int_eq(buf_err(&buf), ERR_OK);
    buf_truncate(&buf, buf.size - 3);
    ck_assert(bytes_equal(flat_bytes(&flat), buf_bytes(&buf)));
    buf_release(&buf);
}
END_TEST

START_TEST(long_byte_strings_have_the_same_heads)
{
    static const uint8_t data[65536] = {0};

    for (size_t i = 0; borders[i] <= sizeof(data); i++) {
        uint8_t memory[16];
        struct flat flat = flat_array(memory, sizeof(memory), 1, "");
        struct buf buf = {0};

        flat_bytes_head(&flat, (size_t)borders[i]);
        cbor_put_array(&buf, 1);
        cbor_put_cstr(&buf, "");
        cbor_put_bytes(&buf, bytes_of(data, (size_t)borders[i]));
        ck_assert_int_eq(buf_err(&buf), ERR_OK);
        buf_truncate(&buf, buf.size - (size_t)borders[i]);
        ck_assert(bytes_equal(flat_bytes(&flat), buf_bytes(&buf)));
        buf_release(&buf);
    }
}
END_TEST

START_TEST(room_may_be_used_to_the_last_byte)
{
    static const uint8_t id[32] = {0};
    uint8_t memory[36];
    struct flat flat = flat_array(memory, sizeof(memory), 1, "");

    flat_32(&flat, id);
    ck_assert_uint_eq(flat_bytes(&flat).size, sizeof(memory));
}
END_TEST

START_TEST(more_than_the_room_is_asserted)
{
    static const uint8_t id[32] = {0};
    uint8_t memory[35];
    struct flat flat = flat_array(memory, sizeof(memory), 1, "");

    flat_32(&flat, id);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("flat");
    TCase *tcase = tcase_create("flat");
    const char *fork = getenv("CK_FORK");

    tcase_add_loop_test(tcase, it_writes_what_the_cbor_writer_writes, 0,
        (int)(sizeof(borders) / sizeof(borders[0])));
    tcase_add_test(tcase, long_byte_strings_have_the_same_heads);
    tcase_add_test(tcase, room_may_be_used_to_the_last_byte);
    /* A signal can be expected only of a process of its own. */
    if (fork == NULL || strcmp(fork, "no") != 0) {
        tcase_add_test_raise_signal(
            tcase, more_than_the_room_is_asserted, SIGABRT);
    }
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
