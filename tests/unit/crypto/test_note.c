/* SPDX-License-Identifier: Apache-2.0 */
/* Reading notes. */
#include "crypto/note.h"

#include <check.h>
#include <string.h>

#include "crypto/keys.h"
#include "tests/lib/mutation.h"
#include "tests/lib/run.h"
#include "tests/lib/vectors.h"

/* The example of the signed-note specification. */
static const char example_note[] =
    "This is an example message.\n"
    "\n"
    "\xe2\x80\x94 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXm"
    "RKuwHjG1Yu72IneyaQM=\n";

/* A key whose seed is 32 equal bytes. */
static struct note_key
make_key(const char *name, uint8_t type, uint8_t seed_byte,
    struct secret_key *out_seed)
{
    struct note_key key = {.id = 0};
    struct public_key public;

    memset(out_seed->bytes, seed_byte, sizeof(out_seed->bytes));
    keys_sign_public(&public, out_seed);
    ck_assert_int_eq(note_key_make(&key, name, type, &public), ERR_OK);
    return key;
}

/* What a note of the vectors comes to, under all of its keys. */
static enum err
judge(const json_t *vector)
{
    const json_t *vkeys = json_object_get(vector, "vkeys");
    const struct bytes encoded = bytes_text(vectors_text(vector, "note"));
    struct note_key keys[2];
    struct note note;
    struct checkpoint checkpoint;
    size_t verified = 0;
    enum err rc = ERR_OK;

    ck_assert_uint_le(json_array_size(vkeys), 2);
    for (size_t i = 0; i < json_array_size(vkeys); i++) {
        const char *vkey = json_string_value(json_array_get(vkeys, i));

        ck_assert_int_eq(note_key_parse(&keys[i], bytes_text(vkey)), ERR_OK);
    }
    rc = note_parse(&note, encoded);
    if (rc == ERR_OK) {
        rc = note_verify(&note, keys, json_array_size(vkeys), &verified);
    }
    if (rc == ERR_OK && verified != json_array_size(vkeys)) {
        rc = ERR_BAD_SIGNATURE;
    }
    if (rc == ERR_OK && json_is_true(json_object_get(vector, "checkpoint"))) {
        rc = checkpoint_parse(&checkpoint, note.text);
    }
    return rc;
}

START_TEST(published_notes_verify_and_damaged_ones_do_not)
{
    json_t *vectors = vectors_json("checkpoint/notes.json");
    const json_t *vector = NULL;
    size_t valid = 0;
    size_t i = 0;

    ck_assert_uint_eq(json_array_size(vectors), 20);
    json_array_foreach(vectors, i, vector)
    {
        const bool want = json_is_true(json_object_get(vector, "valid"));
        const enum err rc = judge(vector);

        ck_assert_msg((rc == ERR_OK) == want, "%s: %s",
            vectors_text(vector, "name"), err_text(rc));
        valid += want;
    }
    ck_assert_uint_eq(valid, 10);
    json_decref(vectors);
}
END_TEST

/* One valid signature, "@" standing for it, in texts of every shape. */
static const struct {
    const char *what;
    const char *encoded;
    enum err rc;
} shape_rows[] = {
    {"one line", "text\n\n@", ERR_OK},
    {"a blank line in the text", "a\n\nb\n\n@", ERR_OK},
    {"a text that ends in a blank line", "a\n\n\n@", ERR_OK},
    {"a text of one newline", "\n\n@", ERR_OK},
    {"a text that looks signed", "a\n\n@\n@", ERR_OK},
    {"two equal lines", "text\n\n@@", ERR_OK},
    {"UTF-8 in the text", "\xc3\xbc \xe6\xb0\xb4\n\n@", ERR_OK},
    {"DEL in the text", "\x7f\n\n@", ERR_OK},
    {"nothing", "", ERR_MALFORMED},
    {"a newline", "\n", ERR_MALFORMED},
    {"two newlines", "\n\n", ERR_MALFORMED},
    {"no text", "\n@", ERR_MALFORMED},
    {"only a signature", "@", ERR_MALFORMED},
    {"no signature", "text\n\n", ERR_MALFORMED},
    {"no blank line", "text\n@", ERR_MALFORMED},
    {"a blank line at the end", "text\n\n@\n", ERR_MALFORMED},
    {"a blank line between the lines", "text\n\n@\n@@\n", ERR_MALFORMED},
    {"a line that is none", "text\n\n@line\n", ERR_MALFORMED},
    {"no newline at the end", "text\n\n@x", ERR_MALFORMED},
    {"a tab", "te\txt\n\n@", ERR_MALFORMED},
    {"a carriage return", "text\r\n\n@", ERR_MALFORMED},
    {"control character 1f", "te\x1fxt\n\n@", ERR_MALFORMED},
    {"not UTF-8", "te\xffxt\n\n@", ERR_MALFORMED},
    {"UTF-8 cut short", "te\xc3\n\n@", ERR_MALFORMED},
    {"a surrogate", "te\xed\xa0\x80xt\n\n@", ERR_MALFORMED},
};

enum { SHAPE_ROWS = sizeof(shape_rows) / sizeof(shape_rows[0]) };

/* Put a line of a key for each "@". */
static void
expand(struct buf *out, const char *pattern)
{
    struct secret_key seed;
    const struct note_key key = make_key("name", NOTE_ED25519, 1, &seed);

    for (; *pattern != '\0'; pattern++) {
        if (*pattern == '@') {
            ck_assert_int_eq(
                note_sign(out, &key, &seed, bytes_text("text\n")), ERR_OK);
        } else {
            buf_put_u8(out, (uint8_t)*pattern);
        }
    }
    ck_assert_int_eq(buf_err(out), ERR_OK);
}

START_TEST(a_note_has_one_shape)
{
    struct buf encoded = {0};
    struct note note = {.signature_count = 4711};
    enum err rc = ERR_OK;

    expand(&encoded, shape_rows[_i].encoded);
    rc = note_parse(&note, buf_bytes(&encoded));
    ck_assert_msg(
        rc == shape_rows[_i].rc, "%s: %s", shape_rows[_i].what, err_text(rc));
    if (rc != ERR_OK) {
        ck_assert_uint_eq(note.signature_count, 4711);
    }
    buf_release(&encoded);
}
END_TEST

START_TEST(the_text_goes_to_the_last_blank_line)
{
    struct buf encoded = {0};
    struct note note;

    expand(&encoded, "a\n\nb\n\n\n@@");
    ck_assert_int_eq(note_parse(&note, buf_bytes(&encoded)), ERR_OK);
    ck_assert(bytes_equal(note.text, bytes_text("a\n\nb\n\n")));
    ck_assert_uint_eq(note.signature_count, 2);
    buf_release(&encoded);
}
END_TEST

#define DASH "\xe2\x80\x94 "

/* Signature lines on their own, and the size of what they hold. */
static const struct {
    const char *line;
    enum err rc;
    size_t size;
} line_rows[] = {
    {DASH "n AAAAAAA=", ERR_OK, 1},
    {DASH "n AAAAAAAA", ERR_OK, 2},
    {DASH "n/\xc3\xbc-1 AAAAAAAA", ERR_OK, 2},
    {DASH "n AAAAAA==", ERR_MALFORMED, 0}, /* an id and nothing else */
    {DASH "n AAAA", ERR_MALFORMED, 0},
    {DASH "n ", ERR_MALFORMED, 0},
    {DASH "n", ERR_MALFORMED, 0},
    {DASH, ERR_MALFORMED, 0},
    {DASH " AAAAAAAA", ERR_MALFORMED, 0},
    {DASH "AAAAAAAA", ERR_MALFORMED, 0},
    {"\xe2\x80\x94n AAAAAAAA", ERR_MALFORMED, 0},
    {"\xe2\x80\x93 n AAAAAAAA", ERR_MALFORMED, 0},
    {" " DASH "n AAAAAAAA", ERR_MALFORMED, 0},
    {DASH "n  AAAAAAAA", ERR_MALFORMED, 0},
    {DASH "n AAAAAAAA ", ERR_MALFORMED, 0},
    {DASH "n AAAAAAAA AAAA", ERR_MALFORMED, 0},
    {DASH "n AAAAAAA", ERR_MALFORMED, 0},  /* unpadded */
    {DASH "n AAAAAAB=", ERR_MALFORMED, 0}, /* bits left over */
    {DASH "n AAAAAAA==", ERR_MALFORMED, 0},
    {DASH "n AAAA=AAA", ERR_MALFORMED, 0},
    {DASH "n AAAAAA_-", ERR_MALFORMED, 0}, /* the URL's alphabet */
    {DASH "n AAAA\xe1\x9a\x80"
          "A",
        ERR_MALFORMED, 0},
    {DASH "n AAAA\xc3\xbc\xc3\xbc", ERR_MALFORMED, 0},
    {DASH "a+b AAAAAAAA", ERR_MALFORMED, 0},
    {DASH "a\xc2\xa0"
          "b AAAAAAAA",
        ERR_MALFORMED, 0},
    {DASH "a\xc2\x85"
          "b AAAAAAAA",
        ERR_MALFORMED, 0},
    {DASH "\xe1\x9a\x80 AAAAAAAA", ERR_MALFORMED, 0},
    {DASH "a\xe2\x80\x80 AAAAAAAA", ERR_MALFORMED, 0},
    {DASH "a\xe2\x80\x8a AAAAAAAA", ERR_MALFORMED, 0},
    {DASH "a\xe2\x80\x8b AAAAAAAA", ERR_OK, 2}, /* of no width: no space */
    {DASH "a\xe2\x80\xa8 AAAAAAAA", ERR_MALFORMED, 0},
    {DASH "a\xe2\x80\xa9 AAAAAAAA", ERR_MALFORMED, 0},
    {DASH "a\xe2\x80\xaf AAAAAAAA", ERR_MALFORMED, 0},
    {DASH "a\xe2\x81\x9f AAAAAAAA", ERR_MALFORMED, 0},
    {DASH "a\xe3\x80\x80 AAAAAAAA", ERR_MALFORMED, 0},
};

enum { LINE_ROWS = sizeof(line_rows) / sizeof(line_rows[0]) };

START_TEST(a_signature_line_has_one_shape)
{
    struct buf encoded = {0};
    struct note note;
    enum err rc = ERR_OK;

    buf_printf(&encoded, "text\n\n%s\n", line_rows[_i].line);
    rc = note_parse(&note, buf_bytes(&encoded));
    ck_assert_msg(
        rc == line_rows[_i].rc, "%s: %s", line_rows[_i].line, err_text(rc));
    if (rc == ERR_OK) {
        ck_assert_uint_eq(note.signature_count, 1);
        ck_assert_uint_eq(note.signatures[0].size, line_rows[_i].size);
    }
    buf_release(&encoded);
}
END_TEST

/* Base64 of so many zero bytes. */
static void
put_zeros(struct buf *out, size_t count)
{
    for (; count >= 3; count -= 3) {
        buf_put_text(out, "AAAA");
    }
    buf_put_text(out, count == 2 ? "AAA=" : count == 1 ? "AA==" : "");
}

START_TEST(signatures_of_unknown_length_are_counted_only)
{
    for (size_t size = 5; size <= 2500; size++) {
        struct buf encoded = {0};
        struct note note;

        buf_put_text(&encoded, "text\n\n" DASH "name ");
        put_zeros(&encoded, size);
        buf_put_u8(&encoded, '\n');
        ck_assert_int_eq(note_parse(&note, buf_bytes(&encoded)), ERR_OK);
        ck_assert_uint_eq(
            note.signatures[0].size, size <= 4 + 72 ? size - 4 : 0);
        buf_release(&encoded);
    }
}
END_TEST

START_TEST(padding_stands_at_the_end_only)
{
    for (size_t before = 4; before <= 260; before += 4) {
        struct buf encoded = {0};
        struct note note;

        buf_put_text(&encoded, "text\n\n" DASH "name ");
        memset(buf_extend(&encoded, before), 'A', before);
        encoded.data[encoded.size - 1] = '=';
        buf_put_text(&encoded, "AAAA\n");
        ck_assert_int_eq(note_parse(&note, buf_bytes(&encoded)), ERR_MALFORMED);
        buf_release(&encoded);
    }
}
END_TEST

static const struct {
    size_t count;
    enum err rc;
} count_rows[] = {{16, ERR_OK}, {99, ERR_OK}, {100, ERR_OK}, {101, ERR_TOO_BIG},
    {300, ERR_TOO_BIG}};

START_TEST(at_most_a_hundred_signatures_are_read)
{
    struct buf encoded = {0};
    struct note note;

    buf_put_text(&encoded, "text\n\n");
    for (size_t i = 0; i < count_rows[_i].count; i++) {
        buf_put_text(&encoded, DASH "name AAAAAAAA\n");
    }
    ck_assert_int_eq(note_parse(&note, buf_bytes(&encoded)), count_rows[_i].rc);
    buf_release(&encoded);
}
END_TEST

static const struct {
    size_t size;
    enum err rc;
} size_rows[] = {{NOTE_BYTES_MAX - 1, ERR_OK}, {NOTE_BYTES_MAX, ERR_OK},
    {NOTE_BYTES_MAX + 1, ERR_TOO_BIG}};

START_TEST(a_note_has_at_most_64_kib)
{
    const char rest[] = "\n\n" DASH "name AAAAAAAA\n";
    struct buf encoded = {0};
    struct note note;

    while (encoded.size < size_rows[_i].size - strlen(rest)) {
        buf_put_u8(&encoded, 'x');
    }
    buf_put_text(&encoded, rest);
    ck_assert_uint_eq(encoded.size, size_rows[_i].size);
    ck_assert_int_eq(note_parse(&note, buf_bytes(&encoded)), size_rows[_i].rc);
    buf_release(&encoded);
}
END_TEST

/* Read a note and write it again line by line. */
static enum err
recode_note(struct bytes bytes, struct buf *out)
{
    struct note note;
    enum err rc = note_parse(&note, bytes);

    if (rc != ERR_OK) {
        return rc;
    }
    buf_put_bytes(out, note.text);
    buf_put_u8(out, '\n');
    for (size_t i = 0; i < note.signature_count; i++) {
        const struct note_signature *line = &note.signatures[i];
        struct note_key key = {.id = line->id};

        ck_assert_uint_le(line->name.size, NOTE_NAME_BYTES_MAX);
        memcpy(key.name, line->name.data, line->name.size);
        note_put_signature(out, &key, bytes_of(line->bytes, line->size));
    }
    return buf_err(out);
}

START_TEST(a_mutant_note_is_refused_or_is_itself)
{
    ck_assert_uint_gt(mutation_run(bytes_text(example_note), recode_note), 100);
}
END_TEST

static Suite *
note_suite(void)
{
    Suite *suite = suite_create("note");
    TCase *parse = tcase_create("parse");

    tcase_add_test(parse, published_notes_verify_and_damaged_ones_do_not);
    tcase_add_loop_test(parse, a_note_has_one_shape, 0, SHAPE_ROWS);
    tcase_add_test(parse, the_text_goes_to_the_last_blank_line);
    tcase_add_loop_test(parse, a_signature_line_has_one_shape, 0, LINE_ROWS);
    tcase_add_test(parse, signatures_of_unknown_length_are_counted_only);
    tcase_add_test(parse, padding_stands_at_the_end_only);
    tcase_add_loop_test(parse, at_most_a_hundred_signatures_are_read, 0, 5);
    tcase_add_loop_test(parse, a_note_has_at_most_64_kib, 0, 3);
    tcase_add_test(parse, a_mutant_note_is_refused_or_is_itself);
    suite_add_tcase(suite, parse);
    return suite;
}

int
main(void)
{
    return run_suite(note_suite());
}
