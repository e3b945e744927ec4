/* SPDX-License-Identifier: Apache-2.0 */
/* Verifier keys, verifying notes and signing them. */
#include "crypto/note.h"

#include <check.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/keys.h"
#include "tests/lib/mutation.h"
#include "tests/lib/run.h"
#include "tests/lib/vectors.h"

/* The example of the signed-note specification. */
static const char example_vkey[] =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
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

/* A note by three keys, of which the second one's signature is broken. */
struct signed_note {
    struct note_key keys[3];
    struct secret_key seeds[3];
    struct buf encoded;
    struct note note;
};

static void
signed_note_init(struct signed_note *s)
{
    const char text[] = "text\n";
    const char *names[] = {"first", "second", "third"};

    memset(s, 0, sizeof(*s));
    buf_put_text(&s->encoded, text);
    buf_put_u8(&s->encoded, '\n');
    for (uint8_t i = 0; i < 3; i++) {
        s->keys[i] =
            make_key(names[i], NOTE_ED25519, (uint8_t)(i + 1), &s->seeds[i]);
        ck_assert_int_eq(
            note_sign(&s->encoded, &s->keys[i], &s->seeds[i], bytes_text(text)),
            ERR_OK);
    }
    ck_assert_int_eq(note_parse(&s->note, buf_bytes(&s->encoded)), ERR_OK);
    s->note.signatures[1].bytes[63] ^= 1;
}

START_TEST(unknown_signatures_are_ignored)
{
    struct signed_note s;
    size_t verified = 0;

    signed_note_init(&s);
    ck_assert_int_eq(note_verify(&s.note, &s.keys[0], 1, &verified), ERR_OK);
    ck_assert_uint_eq(verified, 1);
    ck_assert_int_eq(note_verify(&s.note, &s.keys[2], 1, NULL), ERR_OK);
    s.keys[1] = s.keys[2];
    ck_assert_int_eq(note_verify(&s.note, s.keys, 2, &verified), ERR_OK);
    ck_assert_uint_eq(verified, 2);
    buf_release(&s.encoded);
}
END_TEST

START_TEST(a_known_signature_that_does_not_hold_refuses_the_note)
{
    struct signed_note s;
    size_t verified = 4711;

    signed_note_init(&s);
    ck_assert_int_eq(
        note_verify(&s.note, s.keys, 3, &verified), ERR_BAD_SIGNATURE);
    ck_assert_int_eq(
        note_verify(&s.note, &s.keys[1], 1, &verified), ERR_BAD_SIGNATURE);
    ck_assert_uint_eq(verified, 4711);
    buf_release(&s.encoded);
}
END_TEST

START_TEST(a_note_that_no_known_key_signed_is_refused)
{
    struct signed_note s;
    struct secret_key seed;
    struct note_key stranger = make_key("first", NOTE_ED25519, 9, &seed);

    signed_note_init(&s);
    ck_assert_int_eq(
        note_verify(&s.note, &stranger, 1, NULL), ERR_BAD_SIGNATURE);
    ck_assert_int_eq(note_verify(&s.note, NULL, 0, NULL), ERR_BAD_SIGNATURE);
    stranger = make_key("another", NOTE_ED25519, 1, &seed);
    ck_assert_int_eq(
        note_verify(&s.note, &stranger, 1, NULL), ERR_BAD_SIGNATURE);
    buf_release(&s.encoded);
}
END_TEST

START_TEST(a_repeated_signature_counts_once_and_must_hold)
{
    struct signed_note s;
    size_t verified = 0;

    signed_note_init(&s);
    s.note.signatures[1] = s.note.signatures[0];
    ck_assert_int_eq(note_verify(&s.note, &s.keys[0], 1, &verified), ERR_OK);
    ck_assert_uint_eq(verified, 1);
    s.note.signatures[1].bytes[0] ^= 1;
    ck_assert_int_eq(
        note_verify(&s.note, &s.keys[0], 1, NULL), ERR_BAD_SIGNATURE);
    buf_release(&s.encoded);
}
END_TEST

START_TEST(a_signature_of_another_size_does_not_hold)
{
    struct signed_note s;

    signed_note_init(&s);
    for (size_t size = 0; size <= 72; size++) {
        s.note.signatures[0].size = size;
        ck_assert_int_eq(note_verify(&s.note, &s.keys[0], 1, NULL),
            size == 64 ? ERR_OK : ERR_BAD_SIGNATURE);
    }
    buf_release(&s.encoded);
}
END_TEST

/* Every flipped bit is either no note, or one that the key did not sign. */
START_TEST(no_mutant_note_verifies)
{
    struct note_key key;
    uint8_t encoded[sizeof(example_note) - 1];
    const size_t bits = 8 * sizeof(encoded);
    size_t parsed = 0;

    ck_assert_int_eq(note_key_parse(&key, bytes_text(example_vkey)), ERR_OK);
    for (size_t bit = 0; bit <= bits; bit++) {
        struct note note;
        enum err rc = ERR_OK;

        memcpy(encoded, example_note, sizeof(encoded));
        if (bit < bits) {
            encoded[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        rc = note_parse(&note, bytes_of(encoded, sizeof(encoded)));
        if (rc == ERR_OK) {
            parsed++;
            rc = note_verify(&note, &key, 1, NULL);
        }
        ck_assert((rc == ERR_OK) == (bit == bits));
    }
    ck_assert_uint_gt(parsed, 100);
}
END_TEST

static enum err
recode_key(struct bytes bytes, struct buf *out)
{
    struct note_key key;
    enum err rc = note_key_parse(&key, bytes);

    if (rc == ERR_OK) {
        note_key_format(out, &key);
        rc = buf_err(out);
    }
    return rc;
}

START_TEST(a_mutant_verifier_key_is_refused)
{
    const struct bytes vkey = bytes_text(example_vkey);

    /* All of them: the id is a hash of the rest. */
    ck_assert_uint_eq(mutation_run(vkey, recode_key), 9 * vkey.size);
}
END_TEST

static const struct {
    const char *vkey;
    enum err rc;
} vkey_rows[] = {
    {"", ERR_MALFORMED},
    {"+", ERR_MALFORMED},
    {"++", ERR_MALFORMED},
    {"example.com/foo", ERR_MALFORMED},
    {"example.com/foo+530d903a", ERR_MALFORMED},
    {"example.com/foo+530d903a+", ERR_MALFORMED},
    {"+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", ERR_MALFORMED},
    {"example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        ERR_MALFORMED},
    {"example.com/foo+0530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        ERR_MALFORMED},
    {"example.com/fo o+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        ERR_MALFORMED},
    {"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n",
        ERR_MALFORMED},
    {"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3Q==",
        ERR_MALFORMED},
    {"example.com/foo+530d903a+BukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        ERR_VERSION},
    {"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
     "AAAA",
        ERR_MALFORMED},
    {"example.com/foo+530d903a+Ag==", ERR_VERSION},
    {"example.com/foo+530d903a+AQ==", ERR_MALFORMED},
};

enum { VKEY_ROWS = sizeof(vkey_rows) / sizeof(vkey_rows[0]) };

/* libsodium takes bytes from 0x80 on for a plus sign, or for a slash. */
START_TEST(no_other_bytes_stand_for_base64_digits)
{
    struct public_key public;
    struct note_key key;
    struct note_key parsed;
    struct buf vkey = {0};
    uint8_t *digit = NULL;

    memset(public.bytes, 0xff, sizeof(public.bytes));
    ck_assert_int_eq(
        note_key_make(&key, "name", NOTE_ED25519, &public), ERR_OK);
    note_key_format(&vkey, &key);
    ck_assert_int_eq(note_key_parse(&parsed, buf_bytes(&vkey)), ERR_OK);
    digit = &vkey.data[vkey.size - 5];
    ck_assert_uint_eq(*digit, '/');
    for (unsigned byte = 0; byte <= UINT8_MAX; byte++) {
        *digit = (uint8_t)byte;
        ck_assert_int_eq(note_key_parse(&parsed, buf_bytes(&vkey)),
            byte == '/' ? ERR_OK : ERR_MALFORMED);
    }
    buf_release(&vkey);
}
END_TEST

START_TEST(what_is_not_a_verifier_key_is_refused)
{
    struct note_key key;
    struct note_key untouched;

    memset(&key, 0x5a, sizeof(key));
    memset(&untouched, 0x5a, sizeof(untouched));
    ck_assert_int_eq(
        note_key_parse(&key, bytes_text(vkey_rows[_i].vkey)), vkey_rows[_i].rc);
    ck_assert_mem_eq(&key, &untouched, sizeof(key));
}
END_TEST

START_TEST(names_are_as_long_as_their_limit)
{
    char name[NOTE_NAME_BYTES_MAX + 2] = {0};
    struct public_key public = {{0}};
    struct note_key key;

    for (size_t size = 0; size <= NOTE_NAME_BYTES_MAX + 1; size++) {
        struct buf vkey = {0};
        const enum err rc =
            note_key_make(&key, name, NOTE_COSIGNATURE, &public);

        ck_assert_int_eq(rc,
            size > 0 && size <= NOTE_NAME_BYTES_MAX ? ERR_OK : ERR_MALFORMED);
        if (rc == ERR_OK) {
            struct note_key parsed;

            note_key_format(&vkey, &key);
            ck_assert_int_eq(note_key_parse(&parsed, buf_bytes(&vkey)), ERR_OK);
            ck_assert_mem_eq(&parsed, &key, sizeof(key));
        }
        buf_release(&vkey);
        name[size < sizeof(name) - 1 ? size : 0] = 'n';
    }
}
END_TEST

START_TEST(a_published_seed_signs_the_published_note)
{
    json_t *vectors = vectors_json("checkpoint/notes.json");
    const json_t *vector = NULL;
    size_t signed_count = 0;
    size_t i = 0;

    json_array_foreach(vectors, i, vector)
    {
        const json_t *vkeys = json_object_get(vector, "vkeys");
        struct buf seed_bytes = {0};
        struct buf encoded = {0};
        struct secret_key seed;
        struct note_key key;
        struct note note;
        struct bytes want;

        if (json_object_get(vector, "seed") == NULL) {
            continue;
        }
        want = bytes_text(vectors_text(vector, "note"));
        vectors_hex(vector, "seed", &seed_bytes);
        ck_assert_uint_eq(seed_bytes.size, sizeof(seed.bytes));
        memcpy(seed.bytes, seed_bytes.data, sizeof(seed.bytes));
        ck_assert_int_eq(note_key_parse(&key, bytes_text(json_string_value(
                                                  json_array_get(vkeys, 0)))),
            ERR_OK);
        ck_assert_int_eq(note_parse(&note, want), ERR_OK);
        buf_put_bytes(&encoded, note.text);
        buf_put_u8(&encoded, '\n');
        ck_assert_int_eq(note_sign(&encoded, &key, &seed, note.text), ERR_OK);
        ck_assert(bytes_equal(buf_bytes(&encoded), want));
        buf_release(&encoded);
        buf_release(&seed_bytes);
        signed_count++;
    }
    ck_assert_uint_ge(signed_count, 1);
    json_decref(vectors);
}
END_TEST

START_TEST(a_vkey_whose_name_is_too_long_is_refused)
{
    struct note_key key;

    for (size_t size = NOTE_NAME_BYTES_MAX + 1; size <= 1024; size += 64) {
        struct buf vkey = {0};

        memset(buf_extend(&vkey, size), 'n', size);
        buf_put_text(&vkey, strchr(example_vkey, '+'));
        ck_assert_int_eq(note_key_parse(&key, buf_bytes(&vkey)), ERR_MALFORMED);
        buf_release(&vkey);
    }
}
END_TEST

START_TEST(only_known_types_and_texts_are_signed)
{
    struct secret_key seed;
    const struct note_key key = make_key("name", NOTE_ED25519, 1, &seed);
    const struct note_key cosigner =
        make_key("name", NOTE_COSIGNATURE, 1, &seed);
    const char *texts[] = {"", "text", "te\txt\n", "\xff\n"};
    struct note_key other;
    struct buf out = {0};

    ck_assert_int_eq(
        note_key_make(&other, "name", 0x02, &key.key), ERR_MALFORMED);
    ck_assert_int_eq(note_key_make(&other, "na\xffme", NOTE_ED25519, &key.key),
        ERR_MALFORMED);
    ck_assert_int_eq(
        note_sign(&out, &cosigner, &seed, bytes_text("text\n")), ERR_MALFORMED);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(
            note_sign(&out, &key, &seed, bytes_text(texts[i])), ERR_MALFORMED);
    }
    ck_assert_uint_eq(out.size, 0);
    buf_release(&out);
}
END_TEST

START_TEST(signing_without_memory_says_so)
{
    struct secret_key seed;
    const struct note_key key = make_key("name", NOTE_ED25519, 1, &seed);
    enum err rc = ERR_NOMEM;
    long n = 0;

    for (; rc != ERR_OK && n < 100; n++) {
        struct buf out = {0};

        mem_fault_after(n);
        rc = note_sign(&out, &key, &seed, bytes_text("text\n"));
        ck_assert_int_eq(rc, mem_fault_hit() ? ERR_NOMEM : ERR_OK);
        mem_fault_after(-1);
        buf_release(&out);
    }
    ck_assert_int_eq(rc, ERR_OK);
    ck_assert_int_gt(n, 1);
}
END_TEST

static Suite *
verify_suite(void)
{
    Suite *suite = suite_create("note_verify");
    TCase *verify = tcase_create("verify");
    TCase *key = tcase_create("key");

    tcase_add_test(verify, unknown_signatures_are_ignored);
    tcase_add_test(
        verify, a_known_signature_that_does_not_hold_refuses_the_note);
    tcase_add_test(verify, a_note_that_no_known_key_signed_is_refused);
    tcase_add_test(verify, a_repeated_signature_counts_once_and_must_hold);
    tcase_add_test(verify, a_signature_of_another_size_does_not_hold);
    tcase_add_test(verify, no_mutant_note_verifies);
    suite_add_tcase(suite, verify);
    tcase_add_test(key, a_mutant_verifier_key_is_refused);
    tcase_add_loop_test(
        key, what_is_not_a_verifier_key_is_refused, 0, VKEY_ROWS);
    tcase_add_test(key, no_other_bytes_stand_for_base64_digits);
    tcase_add_test(key, names_are_as_long_as_their_limit);
    tcase_add_test(key, a_vkey_whose_name_is_too_long_is_refused);
    tcase_add_test(key, a_published_seed_signs_the_published_note);
    tcase_add_test(key, only_known_types_and_texts_are_signed);
    tcase_add_test(key, signing_without_memory_says_so);
    suite_add_tcase(suite, key);
    return suite;
}

int
main(void)
{
    return run_suite(verify_suite());
}
