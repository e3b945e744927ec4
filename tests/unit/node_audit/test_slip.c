/* SPDX-License-Identifier: Apache-2.0 */
/* Keys copied from paper by hand: the slip is told where it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/keys.h"
#include "crypto/note.h"
#include "node/audit/slip.h"
#include "sync/model/log_key.h"
#include "tests/lib/run.h"

/* Where the parts of a corridor's key stand. */
enum {
    CORRIDOR_AT = 18,
    NODE_AT = CORRIDOR_AT + 65,
    WORD_AT = NODE_AT + 65,
    DIGITS_AT = WORD_AT + 8, /* behind "changes+" */
    END_AT = DIGITS_AT + 9,
    KEY_SIZE = END_AT + 44
};

static struct buf vkey;

static void
setup(void)
{
    const struct corridor_id corridor = {{0xc0, 1, 2, 3}};
    const struct secret_key seed = {{5}};
    struct log_id log = {.kind = LOG_CHANGES};
    struct public_key public;
    struct note_key key;

    keys_sign_public(&public, &seed);
    memcpy(log.node.bytes, public.bytes, 32);
    log_key(&key, &corridor, &log);
    note_key_format(&vkey, &key);
    ck_assert_int_eq(buf_err(&vkey), ERR_OK);
    ck_assert_uint_eq(vkey.size, KEY_SIZE);
}

static void
teardown(void)
{
    buf_release(&vkey);
}

/* What is said with another character at that place; never nothing, and the
 * key does not parse. */
static void
say(char out[SLIP_TEXT_BYTES], size_t at, char other)
{
    const uint8_t was = vkey.data[at];
    struct note_key key;

    vkey.data[at] = (uint8_t)other;
    ck_assert_int_ne(note_key_parse(&key, buf_bytes(&vkey)), ERR_OK);
    out[0] = '\0';
    slip_find(out, buf_bytes(&vkey));
    ck_assert_msg(out[0] != '\0', "nothing is said of %zu", at);
    vkey.data[at] = was;
}

START_TEST(a_digit_of_the_node_is_told_to_the_pair)
{
    char text[SLIP_TEXT_BYTES];
    char words[64];

    for (size_t i = 0; i < 64; i++) {
        const char was = (char)vkey.data[NODE_AT + i];

        say(text, NODE_AT + i, was == '7' ? '1' : '7');
        snprintf(words, sizeof(words), "characters %zu and %zu of the node",
            i / 2 * 2 + 1, i / 2 * 2 + 2);
        ck_assert_msg(strstr(text, words) != NULL, "%zu: %s", i, text);
        snprintf(words, sizeof(words), "the rest of the key says %.2s",
            (const char *)vkey.data + NODE_AT + i / 2 * 2);
        ck_assert_msg(strstr(text, words) != NULL, "%zu: %s", i, text);
    }
}
END_TEST

START_TEST(a_character_of_the_end_is_told_about_where_it_is)
{
    char text[SLIP_TEXT_BYTES];

    for (size_t i = 0; i < 44; i++) {
        const char was = (char)vkey.data[END_AT + i];
        const char *about = NULL;
        long told = 0;

        say(text, END_AT + i, was == 'A' ? 'B' : 'A');
        about = strstr(text, "about character ");
        ck_assert_msg(about != NULL, "%zu: %s", i, text);
        told = strtol(about + strlen("about character "), NULL, 10);
        ck_assert_msg(labs(told - (long)(i + 1)) <= 2, "%zu: %s", i, text);
    }
}
END_TEST

START_TEST(what_stands_only_once_is_told_with_the_digits)
{
    char text[SLIP_TEXT_BYTES];

    for (size_t i = 0; i < 64; i++) {
        const char was = (char)vkey.data[CORRIDOR_AT + i];

        say(text, CORRIDOR_AT + i, was == '7' ? '1' : '7');
        ck_assert_msg(
            strstr(text, "eight digits do not fit") != NULL, "%s", text);
    }
}
END_TEST

/* Other characters, by their place. */
static const struct {
    size_t at;
    char other;
    const char *words;
} odd[] = {
    {CORRIDOR_AT + 3, 'O', "character 4 of the corridor's id"},
    {CORRIDOR_AT + 63, ' ', "is a space"},
    {NODE_AT + 1, 'l', "character 2 of the node's id"},
    {WORD_AT, 'x', "/control, /changes or /cosigner"},
    {DIGITS_AT + 7, 'O', "character 8 of the part between the two +"},
    {END_AT + 43, '.', "character 44 of the part after the second +"},
    {DIGITS_AT - 1, ' ', "a key is one line"},
    {0, 'x', "eight digits do not fit"},
};

START_TEST(a_character_that_cannot_stand_there_is_named)
{
    char text[SLIP_TEXT_BYTES];

    say(text, odd[_i].at, odd[_i].other);
    ck_assert_msg(strstr(text, odd[_i].words) != NULL, "%s", text);
}
END_TEST

START_TEST(every_cut_key_is_called_short)
{
    char text[SLIP_TEXT_BYTES];

    for (size_t size = 0; size < KEY_SIZE; size++) {
        text[0] = '\0';
        slip_find(text, bytes_of(vkey.data, size));
        ck_assert_msg(strstr(text, "in place of") != NULL ||
                          strstr(text, "one line") != NULL,
            "%zu: %s", size, text);
    }
}
END_TEST

/* Nothing that is no key is read beyond its end. */
START_TEST(any_flipped_bit_gets_a_sentence)
{
    char text[SLIP_TEXT_BYTES];

    for (size_t bit = 0; bit < (size_t)8 * KEY_SIZE; bit++) {
        say(text, bit / 8,
            (char)(vkey.data[bit / 8] ^ (uint8_t)(1U << bit % 8)));
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("slip");
    TCase *all = tcase_create("all");

    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, a_digit_of_the_node_is_told_to_the_pair);
    tcase_add_test(all, a_character_of_the_end_is_told_about_where_it_is);
    tcase_add_test(all, what_stands_only_once_is_told_with_the_digits);
    tcase_add_loop_test(all, a_character_that_cannot_stand_there_is_named, 0,
        sizeof(odd) / sizeof(odd[0]));
    tcase_add_test(all, every_cut_key_is_called_short);
    tcase_add_test(all, any_flipped_bit_gets_a_sentence);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
