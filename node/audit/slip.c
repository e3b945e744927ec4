/* SPDX-License-Identifier: Apache-2.0 */
#include "node/audit/slip.h"

#include <stdio.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/note.h"

enum { ID_DIGITS = 64, CHECK_DIGITS = 8, END_CHARACTERS = 44, KEY_BYTES = 33 };

static const char name_start[] = "corridor.internal/";
static const char hex_digits[] = "0123456789abcdef";
static const char base64_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* A key taken apart. */
struct parts {
    struct bytes name;
    struct bytes digits;
    struct bytes end;
    struct bytes corridor; /* of the name; empty for a witness's */
    struct bytes node;
    struct bytes word;
};

/* What is before the first `sign` of *rest, which it goes behind; all of it,
 * and false, if there is none. */
static bool
take_until(struct bytes *rest, char sign, struct bytes *out)
{
    const uint8_t *at =
        rest->size == 0 ? NULL : memchr(rest->data, sign, rest->size);
    const size_t size = at == NULL ? rest->size : (size_t)(at - rest->data);

    *out = bytes_of(rest->data, size);
    *rest = at == NULL ? (struct bytes){NULL, 0}
                       : bytes_of(at + 1, rest->size - size - 1);
    return at != NULL;
}

/* How many of its characters are not among `allowed`: the first; SIZE_MAX. */
static size_t
first_odd(struct bytes part, const char *allowed)
{
    for (size_t i = 0; i < part.size; i++) {
        if (part.data[i] == '\0' || strchr(allowed, part.data[i]) == NULL) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Length and characters of a part; false, with the sentence, if they are off.
 */
static bool
check_part(char out[SLIP_TEXT_BYTES], struct bytes part, const char *what,
    const char *allowed, size_t size)
{
    const size_t odd = first_odd(part, allowed);

    if (odd != SIZE_MAX && part.data[odd] > ' ' && part.data[odd] < 0x7f) {
        snprintf(out, SLIP_TEXT_BYTES, "character %zu of %s is %c", odd + 1,
            what, part.data[odd]);
    } else if (odd != SIZE_MAX) {
        snprintf(out, SLIP_TEXT_BYTES,
            "character %zu of %s is a space, or none that a key has", odd + 1,
            what);
    } else if (part.size != size) {
        snprintf(out, SLIP_TEXT_BYTES, "%s has %zu characters in place of %zu",
            what, part.size, size);
    } else {
        return true;
    }
    return false;
}

static bool
is_word(struct bytes word)
{
    return bytes_equal(word, bytes_text("control")) ||
           bytes_equal(word, bytes_text("changes")) ||
           bytes_equal(word, bytes_text("cosigner"));
}

/* The name, if it is one of a corridor. */
static bool
check_name(char out[SLIP_TEXT_BYTES], struct parts *parts)
{
    const size_t start = strlen(name_start);
    struct bytes rest = parts->name;

    if (rest.size < start || memcmp(rest.data, name_start, start) != 0) {
        return true;
    }
    rest = bytes_of(rest.data + start, rest.size - start);
    (void)take_until(&rest, '/', &parts->corridor);
    (void)take_until(&rest, '/', &parts->node);
    parts->word = rest;
    if (!check_part(out, parts->corridor,
            "the corridor's id, after the first /", hex_digits, ID_DIGITS) ||
        !check_part(out, parts->node, "the node's id, after the second /",
            hex_digits, ID_DIGITS)) {
        return false;
    }
    if (!is_word(parts->word)) {
        snprintf(out, SLIP_TEXT_BYTES,
            "its name does not end in /control, /changes or /cosigner");
    }
    return is_word(parts->word);
}

/* The 33 bytes of 44 characters without padding. */
static void
decode_end(uint8_t out[KEY_BYTES], struct bytes end)
{
    for (size_t i = 0; i < END_CHARACTERS; i += 4) {
        uint32_t bits = 0;

        for (size_t k = 0; k < 4; k++) {
            const char *at = strchr(base64_characters, end.data[i + k]);

            bits = bits << 6 | (uint32_t)(at - base64_characters);
        }
        for (size_t k = 0; k < 3; k++) {
            out[i / 4 * 3 + k] = (uint8_t)(bits >> (16 - 8 * k));
        }
    }
}

/* Are these the eight digits of a log's key by that name? */
static bool
fits(const struct parts *parts, const char *name, const uint8_t public[32])
{
    char digits[CHECK_DIGITS + 1];
    struct public_key key;
    struct note_key made;

    memcpy(key.bytes, public, 32);
    if (note_key_make(&made, name, NOTE_ED25519, &key) != ERR_OK) {
        return false;
    }
    snprintf(digits, sizeof(digits), "%08x", (unsigned)made.id);
    return bytes_equal(parts->digits, bytes_text(digits));
}

/* A log's key: the name and the end say the same 32 bytes. */
static void
compare(char out[SLIP_TEXT_BYTES], const struct parts *parts,
    const uint8_t end[KEY_BYTES])
{
    char name[sizeof(name_start) + 2 * ID_DIGITS + 16];
    char of_end[ID_DIGITS + 1];
    uint8_t node[32];
    size_t at = 0;

    hex_encode(of_end, bytes_of(end + 1, 32));
    (void)hex_decode((const char *)parts->node.data, ID_DIGITS, node, 32);
    while (at < 32 && node[at] == end[at + 1]) {
        at++;
    }
    if (at == 32 && end[0] == NOTE_ED25519) {
        snprintf(out, SLIP_TEXT_BYTES,
            "its eight digits do not fit: look at them, and at the corridor's "
            "id after the first /");
        return;
    }
    snprintf(name, sizeof(name), "%s%.*s/%s/%.*s", name_start, ID_DIGITS,
        (const char *)parts->corridor.data, of_end, (int)parts->word.size,
        (const char *)parts->word.data);
    if (at < 32 && end[0] == NOTE_ED25519 && fits(parts, name, end + 1)) {
        snprintf(out, SLIP_TEXT_BYTES,
            "characters %zu and %zu of the node's id, after the second /, are "
            "%.2s; the rest of the key says %.2s",
            2 * at + 1, 2 * at + 2, (const char *)parts->node.data + 2 * at,
            of_end + 2 * at);
        return;
    }
    at = end[0] == NOTE_ED25519 ? at + 1 : 0;
    snprintf(out, SLIP_TEXT_BYTES,
        "the part after the second + is not what its name says, at about "
        "character %zu",
        at * 8 / 6 + 1);
}

void
slip_find(char out[SLIP_TEXT_BYTES], struct bytes vkey)
{
    struct parts parts = {.corridor = {NULL, 0}};
    struct bytes rest = vkey;
    uint8_t end[KEY_BYTES];

    if (!take_until(&rest, '+', &parts.name) ||
        !take_until(&rest, '+', &parts.digits)) {
        snprintf(out, SLIP_TEXT_BYTES,
            "a key is one line without a break: a name, 8 digits and the key "
            "itself, with a + between them");
        return;
    }
    parts.end = rest;
    if (!check_name(out, &parts) ||
        !check_part(out, parts.digits, "the part between the two +", hex_digits,
            CHECK_DIGITS) ||
        !check_part(out, parts.end, "the part after the second +",
            base64_characters, END_CHARACTERS)) {
        return;
    }
    decode_end(end, parts.end);
    if (parts.word.size == strlen("control")) { /* or changes */
        compare(out, &parts, end);
        return;
    }
    snprintf(out, SLIP_TEXT_BYTES,
        "its eight digits do not fit: a character is another somewhere");
}
