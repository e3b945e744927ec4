/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of text files. */
#include "crypto/text.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "tests/lib/run.h"

/* Take one thing from a line, and write it again. */
static void
take_line(struct cursor *cursor, struct buf *out)
{
    buf_put_bytes(out, text_take_line(cursor));
}
static void
take_exactly(struct cursor *cursor, struct buf *out)
{
    text_take_exactly(cursor, "so it says");
    buf_put_text(out, "so it says");
}
static void
take_number(struct cursor *cursor, struct buf *out)
{
    buf_printf(out, "old %ju", (uintmax_t)text_take_number(cursor, "old "));
}
static void
take_base64(struct cursor *cursor, struct buf *out)
{
    struct buf plain = {0};

    text_decode(&plain, text_take_base64(cursor, "extra ", 4));
    buf_put_text(out, "extra ");
    text_put_base64(out, buf_bytes(&plain));
    buf_release(&plain);
}
static void
take_hash(struct cursor *cursor, struct buf *out)
{
    struct hash hash = {{0}};

    text_take_hash(cursor, "", &hash);
    text_put_base64(out, bytes_hash(&hash));
}

static const struct {
    void (*take)(struct cursor *cursor, struct buf *out);
    const char *text;
    bool is_good;
} line_rows[] = {
    {take_line, "\n", true},
    {take_line, "a line\n", true},
    {take_line, "", false},
    {take_line, "a line", false},
    {take_line, "a line\n\n", false},
    {take_exactly, "so it says\n", true},
    {take_exactly, "so it says", false},
    {take_exactly, "so it say\n", false},
    {take_exactly, "so it says \n", false},
    {take_exactly, "so it says\r\n", false},
    {take_number, "old 0\n", true},
    {take_number, "old 18446744073709551615\n", true},
    {take_number, "old 18446744073709551616\n", false},
    {take_number, "old 00\n", false},
    {take_number, "old 01\n", false},
    {take_number, "old -1\n", false},
    {take_number, "old +1\n", false},
    {take_number, "old  1\n", false},
    {take_number, "old 1 \n", false},
    {take_number, "old 1\r\n", false},
    {take_number, "old \n", false},
    {take_number, "old1\n", false},
    {take_number, "old 1", false},
    {take_number, "Old 1\n", false},
    {take_base64, "extra AA==\n", true},
    {take_base64, "extra AAA=\n", true},
    {take_base64, "extra AAAA\n", true},
    {take_base64, "extra AAAAAA==\n", true},
    {take_base64, "extra AAAAAAA=\n", false}, /* one byte too many */
    {take_base64, "extra \n", false},
    {take_base64, "extra\n", false},
    {take_base64, "extra AB==\n", false}, /* bits left over */
    {take_base64, "extra AAB=\n", false},
    {take_base64, "extra AA\n", false},
    {take_base64, "extra AA=\n", false},
    {take_base64, "extra A===\n", false},
    {take_base64, "extra AA== \n", false},
    {take_base64, "extra AA==\r\n", false},
    {take_base64, "extra A_-A\n", false},
    {take_base64, "extra A\xc3\xbc=\n", false},
    {take_hash, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", true},
    {take_hash, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n", false},
    {take_hash, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n", false},
    {take_hash, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", false},
    {take_hash, "\n", false},
};

START_TEST(a_line_has_one_form)
{
    const struct bytes text = bytes_text(line_rows[_i].text);
    struct cursor cursor = cursor_init(text);
    struct buf out = {0};

    line_rows[_i].take(&cursor, &out);
    ck_assert_msg((cursor_end(&cursor) == ERR_OK) == line_rows[_i].is_good,
        "%s", line_rows[_i].text);
    buf_put_u8(&out, '\n');
    if (line_rows[_i].is_good) {
        ck_assert(bytes_equal(buf_bytes(&out), text));
    }
    buf_release(&out);
}
END_TEST

START_TEST(a_proof_is_at_most_as_long_as_is_asked)
{
    struct merkle_proof proof = {.count = MERKLE_PROOF_MAX};
    struct merkle_proof read;
    struct buf text = {0};

    memset(proof.hashes, 0x5a, sizeof(proof.hashes));
    for (size_t count = 0; count <= MERKLE_PROOF_MAX; count++) {
        struct cursor cursor;

        buf_clear(&text);
        proof.count = count;
        text_put_proof(&text, &proof);
        buf_put_u8(&text, '\n');
        cursor = cursor_init(buf_bytes(&text));
        text_take_proof(&cursor, &read, count);
        ck_assert_int_eq(cursor_end(&cursor), ERR_OK);
        ck_assert_uint_eq(read.count, count);
        ck_assert_mem_eq(read.hashes, proof.hashes, count * 32);
        if (count > 0) {
            cursor = cursor_init(buf_bytes(&text));
            text_take_proof(&cursor, &read, count - 1);
            ck_assert_int_eq(cursor_end(&cursor), ERR_MALFORMED);
        }
    }
    buf_release(&text);
}
END_TEST

START_TEST(base64_of_any_size_comes_back)
{
    uint8_t bytes[400];
    struct buf text = {0};
    struct buf plain = {0};

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    for (size_t size = 1; size <= sizeof(bytes); size++) {
        struct cursor cursor;

        buf_clear(&text);
        buf_clear(&plain);
        text_put_base64_line(&text, "it ", bytes_of(bytes, size));
        cursor = cursor_init(buf_bytes(&text));
        text_decode(&plain, text_take_base64(&cursor, "it ", size));
        ck_assert_int_eq(cursor_end(&cursor), ERR_OK);
        ck_assert(bytes_equal(buf_bytes(&plain), bytes_of(bytes, size)));
    }
    text_decode(&plain, bytes_text("no base64"));
    ck_assert_uint_eq(plain.size, sizeof(bytes));
    buf_release(&text);
    buf_release(&plain);
}
END_TEST

static Suite *
text_suite(void)
{
    Suite *suite = suite_create("text");
    TCase *lines = tcase_create("lines");

    tcase_add_loop_test(
        lines, a_line_has_one_form, 0, sizeof(line_rows) / sizeof(*line_rows));
    tcase_add_test(lines, a_proof_is_at_most_as_long_as_is_asked);
    tcase_add_test(lines, base64_of_any_size_comes_back);
    suite_add_tcase(suite, lines);
    return suite;
}

int
main(void)
{
    return run_suite(text_suite());
}
