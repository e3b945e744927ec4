/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints and cosignatures. */
#include <check.h>
#include <string.h>

#include "crypto/base/num.h"
#include "crypto/keys.h"
#include "crypto/note.h"
#include "tests/lib/mutation.h"
#include "tests/lib/run.h"
#include "tests/lib/vectors.h"

#define EMPTY_ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define SOME_ROOT "CPv9hH0ShT6k/WU9QZeh1bV7bYeUOkrnBuCLCQG9GgE="

static const struct {
    const char *text;
    enum err rc;
} text_rows[] = {
    {"origin\n1\n" SOME_ROOT "\n", ERR_OK},
    {"an origin+with more\n1\n" SOME_ROOT "\n", ERR_OK},
    {"origin\n0\n" EMPTY_ROOT "\n", ERR_OK},
    {"origin\n18446744073709551615\n" SOME_ROOT "\n", ERR_OK},
    {"origin\n1\n" SOME_ROOT "\nextension\n", ERR_OK},
    {"origin\n1\n" SOME_ROOT "\none\nand another\n", ERR_OK},
    {"", ERR_MALFORMED},
    {"\n", ERR_MALFORMED},
    {"origin\n", ERR_MALFORMED},
    {"origin\n1\n", ERR_MALFORMED},
    {"origin\n1\n" SOME_ROOT, ERR_MALFORMED},
    {"\n1\n" SOME_ROOT "\n", ERR_MALFORMED},
    {"origin\n\n" SOME_ROOT "\n", ERR_MALFORMED},
    {"origin\n01\n" SOME_ROOT "\n", ERR_MALFORMED},
    {"origin\n00\n" EMPTY_ROOT "\n", ERR_MALFORMED},
    {"origin\n+1\n" SOME_ROOT "\n", ERR_MALFORMED},
    {"origin\n-1\n" SOME_ROOT "\n", ERR_MALFORMED},
    {"origin\n1 \n" SOME_ROOT "\n", ERR_MALFORMED},
    {"origin\n0x1\n" SOME_ROOT "\n", ERR_MALFORMED},
    {"origin\n18446744073709551616\n" SOME_ROOT "\n", ERR_MALFORMED},
    {"origin\n0\n" SOME_ROOT "\n", ERR_MALFORMED},
    {"origin\n1\n\n", ERR_MALFORMED},
    {"origin\n1\nCPv9hH0ShT6k/WU9QZeh1bV7bYeUOkrnBuCLCQG9Gg==\n",
        ERR_MALFORMED},
    {"origin\n1\nCPv9hH0ShT6k/WU9QZeh1bV7bYeUOkrnBuCLCQG9GgE\n", ERR_MALFORMED},
    {"origin\n1\nCPv9hH0ShT6k/WU9QZeh1bV7bYeUOkrnBuCLCQG9GgF=\n",
        ERR_MALFORMED},
    {"origin\n1\nCPv9hH0ShT6k/WU9QZeh1bV7bYeUOkrnBuCLCQG9GgEA\n",
        ERR_MALFORMED},
    {"origin\n1\n" SOME_ROOT "\n\n", ERR_MALFORMED},
    {"origin\n1\n" SOME_ROOT "\n\nextension\n", ERR_MALFORMED},
    {"origin\n1\n" SOME_ROOT "\nextension", ERR_MALFORMED},
    {"ori\tgin\n1\n" SOME_ROOT "\n", ERR_MALFORMED},
    {"ori\xffgin\n1\n" SOME_ROOT "\n", ERR_MALFORMED},
    {"origin\r\n1\r\n" SOME_ROOT "\r\n", ERR_MALFORMED},
};

enum { TEXT_ROWS = sizeof(text_rows) / sizeof(text_rows[0]) };

START_TEST(a_checkpoint_has_one_shape)
{
    struct checkpoint checkpoint;
    struct checkpoint untouched;
    enum err rc = ERR_OK;

    memset(&checkpoint, 0x5a, sizeof(checkpoint));
    memset(&untouched, 0x5a, sizeof(untouched));
    rc = checkpoint_parse(&checkpoint, bytes_text(text_rows[_i].text));
    ck_assert_msg(
        rc == text_rows[_i].rc, "%s: %s", text_rows[_i].text, err_text(rc));
    if (rc != ERR_OK) {
        ck_assert_mem_eq(&checkpoint, &untouched, sizeof(checkpoint));
    }
}
END_TEST

START_TEST(extension_lines_are_kept_as_they_stand)
{
    const char text[] = "origin\n7\n" SOME_ROOT "\none\nand another\n";
    struct checkpoint checkpoint;

    ck_assert_int_eq(checkpoint_parse(&checkpoint, bytes_text(text)), ERR_OK);
    ck_assert_str_eq(checkpoint.origin, "origin");
    ck_assert_uint_eq(checkpoint.size, 7);
    ck_assert_uint_eq(checkpoint.root.bytes[0], 0x08);
    ck_assert_uint_eq(checkpoint.root.bytes[31], 0x01);
    ck_assert(
        bytes_equal(checkpoint.extensions, bytes_text("one\nand another\n")));
}
END_TEST

START_TEST(origins_and_texts_are_as_long_as_their_limits)
{
    for (size_t size = NOTE_NAME_BYTES_MAX - 1; size <= 257; size++) {
        struct checkpoint checkpoint;
        struct buf text = {0};

        memset(buf_extend(&text, size), 'o', size);
        buf_put_text(&text, "\n1\n" SOME_ROOT "\n");
        ck_assert_int_eq(checkpoint_parse(&checkpoint, buf_bytes(&text)),
            size <= NOTE_NAME_BYTES_MAX ? ERR_OK : ERR_MALFORMED);
        buf_release(&text);
    }
    for (size_t size = CHECKPOINT_BYTES_MAX - 1;
         size <= CHECKPOINT_BYTES_MAX + 1; size++) {
        struct checkpoint checkpoint;
        struct buf text = {0};
        size_t fill = 0;

        buf_put_text(&text, "origin\n1\n" SOME_ROOT "\n");
        fill = size - text.size - 1;
        memset(buf_extend(&text, fill), 'x', fill);
        buf_put_u8(&text, '\n');
        ck_assert_uint_eq(text.size, size);
        ck_assert_int_eq(checkpoint_parse(&checkpoint, buf_bytes(&text)),
            size <= CHECKPOINT_BYTES_MAX ? ERR_OK : ERR_TOO_BIG);
        buf_release(&text);
    }
}
END_TEST

static enum err
recode_checkpoint(struct bytes bytes, struct buf *out)
{
    struct checkpoint checkpoint;
    struct bytes extensions = {NULL, 0};
    enum err rc = checkpoint_parse(&checkpoint, bytes);

    if (rc == ERR_OK) {
        extensions = checkpoint.extensions;
        checkpoint.extensions = bytes_of(NULL, 0);
        checkpoint_format(out, &checkpoint);
        buf_put_bytes(out, extensions);
        rc = buf_err(out);
    }
    return rc;
}

START_TEST(a_mutant_checkpoint_is_refused_or_is_itself)
{
    const char *texts[] = {"example.com/log\n1234\n" SOME_ROOT "\n",
        "example.com/log\n0\n" EMPTY_ROOT "\n",
        "example.com/log\n1234\n" SOME_ROOT "\nextension\n"};

    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_gt(
            mutation_run(bytes_text(texts[i]), recode_checkpoint), 100);
    }
}
END_TEST

/* cosignature-v1.json in the module's words. */
struct taken_apart {
    json_t *json;
    struct note_key keys[2]; /* the log's and the witness's */
    struct note note;
};

static void
take_apart(struct taken_apart *t)
{
    t->json = vectors_json("checkpoint/cosignature-v1.json");
    ck_assert_int_eq(note_key_parse(&t->keys[0],
                         bytes_text(vectors_text(t->json, "log_vkey"))),
        ERR_OK);
    ck_assert_int_eq(note_key_parse(&t->keys[1],
                         bytes_text(vectors_text(t->json, "witness_vkey"))),
        ERR_OK);
    ck_assert_int_eq(
        note_parse(&t->note, bytes_text(vectors_text(t->json, "checkpoint"))),
        ERR_OK);
}

START_TEST(the_published_cosignature_holds_and_says_when)
{
    struct taken_apart t;
    struct buf signature = {0};
    struct buf message = {0};
    size_t verified = 0;

    take_apart(&t);
    ck_assert(bytes_equal(
        t.note.text, bytes_text(vectors_text(t.json, "note_text"))));
    ck_assert_uint_eq(t.note.signature_count, 2);
    ck_assert_int_eq(note_verify(&t.note, t.keys, 2, &verified), ERR_OK);
    ck_assert_uint_eq(verified, 2);
    ck_assert_uint_eq(t.keys[1].type, NOTE_COSIGNATURE);
    ck_assert_uint_eq(t.note.signatures[1].size, 72);
    ck_assert_uint_eq(num_load_u64(t.note.signatures[1].bytes), 1771605822);
    vectors_hex(t.json, "cosign_signature", &signature);
    ck_assert_mem_eq(t.note.signatures[1].bytes + 8, signature.data, 64);
    vectors_hex(t.json, "log_signature", &message);
    ck_assert_mem_eq(t.note.signatures[0].bytes, message.data, 64);
    buf_release(&message);
    buf_release(&signature);
    json_decref(t.json);
}
END_TEST

START_TEST(a_cosignature_signs_the_published_message)
{
    struct taken_apart t;
    struct secret_key seed = {{7}};
    struct public_key key;
    struct signature signature;
    uint8_t cosignature[72];

    take_apart(&t);
    keys_sign_public(&key, &seed);
    cosignature_sign(cosignature, &seed, 1771605822, t.note.text);
    ck_assert_uint_eq(num_load_u64(cosignature), 1771605822);
    memcpy(signature.bytes, cosignature + 8, 64);
    ck_assert_int_eq(
        keys_verify(&key, bytes_text(vectors_text(t.json, "cosign_message")),
            &signature),
        ERR_OK);
    ck_assert_int_eq(
        cosignature_verify(&key, cosignature, t.note.text), ERR_OK);
    json_decref(t.json);
}
END_TEST

START_TEST(every_flipped_bit_of_a_cosignature_is_refused)
{
    struct taken_apart t;
    uint8_t text[256];
    size_t size = 0;
    uint8_t *signature = NULL;

    take_apart(&t);
    size = t.note.text.size;
    ck_assert_uint_le(size, sizeof(text));
    memcpy(text, t.note.text.data, size);
    signature = t.note.signatures[1].bytes;
    for (size_t bit = 0; bit < 8 * (72 + size); bit++) {
        uint8_t *byte =
            bit < 8 * 72 ? &signature[bit / 8] : &text[bit / 8 - 72];

        *byte ^= (uint8_t)(1U << bit % 8);
        ck_assert_int_eq(
            cosignature_verify(&t.keys[1].key, signature, bytes_of(text, size)),
            ERR_BAD_SIGNATURE);
        *byte ^= (uint8_t)(1U << bit % 8);
    }
    ck_assert_int_eq(
        cosignature_verify(&t.keys[1].key, signature, bytes_of(text, size)),
        ERR_OK);
    json_decref(t.json);
}
END_TEST

START_TEST(a_cosignature_of_another_size_does_not_hold)
{
    struct taken_apart t;

    take_apart(&t);
    for (size_t size = 0; size <= 72; size++) {
        t.note.signatures[1].size = size;
        ck_assert_int_eq(note_verify(&t.note, &t.keys[1], 1, NULL),
            size == 72 ? ERR_OK : ERR_BAD_SIGNATURE);
    }
    json_decref(t.json);
}
END_TEST

/* Times, and whether a signature made over them as a message would hold. */
static const struct {
    uint64_t time;
    enum err rc;
} time_rows[] = {{0, ERR_OK}, {1, ERR_OK}, {INT64_MAX, ERR_OK},
    {(uint64_t)INT64_MAX + 1, ERR_BAD_SIGNATURE},
    {UINT64_MAX, ERR_BAD_SIGNATURE}};

START_TEST(a_cosignature_is_from_before_two_to_the_63)
{
    const char text[] = "origin\n1\n" SOME_ROOT "\n";
    const struct secret_key seed = {{7}};
    struct public_key key;
    struct signature signature;
    struct buf message = {0};
    uint8_t cosignature[72];

    keys_sign_public(&key, &seed);
    buf_printf(&message, "cosignature/v1\ntime %ju\n%s",
        (uintmax_t)time_rows[_i].time, text);
    keys_sign(&signature, &seed, buf_bytes(&message));
    num_store_u64(cosignature, time_rows[_i].time);
    memcpy(cosignature + 8, signature.bytes, 64);
    ck_assert_int_eq(cosignature_verify(&key, cosignature, bytes_text(text)),
        time_rows[_i].rc);
    buf_release(&message);
}
END_TEST

START_TEST(a_text_beyond_the_limit_is_not_cosigned)
{
    const struct secret_key seed = {{7}};
    struct public_key key;
    uint8_t text[CHECKPOINT_BYTES_MAX + 1];
    uint8_t cosignature[72];

    memset(text, 'x', sizeof(text));
    keys_sign_public(&key, &seed);
    cosignature_sign(
        cosignature, &seed, 1, bytes_of(text, CHECKPOINT_BYTES_MAX));
    ck_assert_int_eq(cosignature_verify(&key, cosignature,
                         bytes_of(text, CHECKPOINT_BYTES_MAX)),
        ERR_OK);
    ck_assert_int_eq(
        cosignature_verify(&key, cosignature, bytes_of(text, sizeof(text))),
        ERR_BAD_SIGNATURE);
}
END_TEST

static Suite *
checkpoint_suite(void)
{
    Suite *suite = suite_create("checkpoint");
    TCase *text = tcase_create("text");
    TCase *cosignature = tcase_create("cosignature");

    tcase_add_loop_test(text, a_checkpoint_has_one_shape, 0, TEXT_ROWS);
    tcase_add_test(text, extension_lines_are_kept_as_they_stand);
    tcase_add_test(text, origins_and_texts_are_as_long_as_their_limits);
    tcase_add_test(text, a_mutant_checkpoint_is_refused_or_is_itself);
    suite_add_tcase(suite, text);
    tcase_add_test(cosignature, the_published_cosignature_holds_and_says_when);
    tcase_add_test(cosignature, a_cosignature_signs_the_published_message);
    tcase_add_test(cosignature, every_flipped_bit_of_a_cosignature_is_refused);
    tcase_add_loop_test(
        cosignature, a_cosignature_is_from_before_two_to_the_63, 0, 5);
    tcase_add_test(cosignature, a_cosignature_of_another_size_does_not_hold);
    tcase_add_test(cosignature, a_text_beyond_the_limit_is_not_cosigned);
    suite_add_tcase(suite, cosignature);
    return suite;
}

int
main(void)
{
    return run_suite(checkpoint_suite());
}
