/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/note.h"

#include <string.h>

#include <sodium.h>

#include "crypto/base/hex.h"
#include "crypto/base/num.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "crypto/note_internal.h"

enum {
    ID_BYTES = 4,
    ID_DIGITS = 2 * ID_BYTES,
    SIGNATURE_BYTES = sizeof(struct signature),
    COSIGNATURE_BYTES = 8 + SIGNATURE_BYTES,
    LINE_BYTES_MAX = ID_BYTES + COSIGNATURE_BYTES, /* of a kind we know */
    BASE64_CHUNK = 128 /* characters decoded at a time: 96 bytes */
};

/* What every signature line starts with: an em dash and a space. */
static const char line_start[] = "\xe2\x80\x94 ";

/* Unicode's spaces beyond ASCII, in UTF-8. */
static const char *const wide_spaces[] = {
    "\xc2\x85",     /* U+0085 next line */
    "\xc2\xa0",     /* U+00A0 no-break space */
    "\xe1\x9a\x80", /* U+1680 ogham space mark */
    "\xe2\x80\x80", /* U+2000 to U+200A: quads, em, en, thin, hair space */
    "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84",
    "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
    "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", /* U+2028 line separator */
    "\xe2\x80\xa9", /* U+2029 paragraph separator */
    "\xe2\x80\xaf", /* U+202F narrow no-break space */
    "\xe2\x81\x9f", /* U+205F medium mathematical space */
    "\xe3\x80\x80", /* U+3000 ideographic space */
};

bool
note_is_text(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 && text.data[i] != '\n') {
            return false;
        }
    }
    return text.size > 0 && text.data[text.size - 1] == '\n' &&
           bytes_are_utf8(text);
}

struct bytes
note_take_until(struct cursor *cursor, uint8_t stop)
{
    const size_t left = cursor_left(cursor);
    const uint8_t *found = left == 0 ? NULL : memchr(cursor->pos, stop, left);
    struct bytes taken = {NULL, 0};

    if (found == NULL) {
        cursor_fail(cursor);
        return taken;
    }
    taken = cursor_take(cursor, (size_t)(found - cursor->pos));
    (void)cursor_u8(cursor);
    return taken;
}

void
note_put_base64(struct buf *out, struct bytes bytes)
{
    char text[sodium_base64_ENCODED_LEN(
        LINE_BYTES_MAX, sodium_base64_VARIANT_ORIGINAL)];

    assert(bytes.size <= LINE_BYTES_MAX);
    sodium_bin2base64(text, sizeof(text), bytes.data, bytes.size,
        sodium_base64_VARIANT_ORIGINAL);
    buf_put_text(out, text);
}

/*
 * Asked first, because libsodium 1.0.18 reads bytes from 0x80 on, where char
 * is signed, as if they were digits.
 */
static bool
is_ascii(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

bool
note_get_base64(
    uint8_t *out, size_t capacity, size_t *out_size, struct bytes text)
{
    struct cursor cursor = cursor_init(text);
    size_t total = 0;

    if (!is_ascii(text)) {
        return false;
    }
    while (cursor_left(&cursor) > 0) {
        uint8_t plain[BASE64_CHUNK / 4 * 3];
        const size_t left = cursor_left(&cursor);
        const bool is_last = left <= BASE64_CHUNK;
        const struct bytes chunk =
            cursor_take(&cursor, is_last ? left : BASE64_CHUNK);
        size_t size = 0;

        if (sodium_base642bin(plain, sizeof(plain), (const char *)chunk.data,
                chunk.size, NULL, &size, NULL,
                sodium_base64_VARIANT_ORIGINAL) != 0 ||
            (!is_last && size != sizeof(plain))) {
            return false;
        }
        if (total < capacity) {
            memcpy(out + total, plain,
                size < capacity - total ? size : capacity - total);
        }
        total += size;
    }
    *out_size = total;
    return true;
}

/* Does the text start with the character? */
static bool
starts_with(struct bytes text, const char *character)
{
    const size_t size = strlen(character);

    return text.size >= size && memcmp(text.data, character, size) == 0;
}

/* No space of any kind, no plus sign: a key's name. */
static bool
is_name(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        const struct bytes rest = bytes_of(name.data + i, name.size - i);

        if (rest.data[0] <= ' ' || rest.data[0] == '+') {
            return false;
        }
        for (size_t k = 0; k < sizeof(wide_spaces) / sizeof(*wide_spaces);
             k++) {
            if (starts_with(rest, wide_spaces[k])) {
                return false;
            }
        }
    }
    return name.size > 0 && bytes_are_utf8(name);
}

/* signed-note, "Format": the first bytes of a hash of name, type and key. */
static uint32_t
key_id(struct bytes name, uint8_t type, const struct public_key *key)
{
    const struct bytes parts[] = {
        name, bytes_text("\n"), {&type, 1}, {key->bytes, sizeof(key->bytes)}};
    struct hash hash;

    hash_sha256_parts(&hash, parts, 4);
    return num_load_u32(hash.bytes);
}

enum err
note_key_make(struct note_key *out, const char *name, uint8_t type,
    const struct public_key *key)
{
    const struct bytes text = bytes_text(name);

    if (text.size > NOTE_NAME_BYTES_MAX || !is_name(text) ||
        (type != NOTE_ED25519 && type != NOTE_COSIGNATURE)) {
        return ERR_MALFORMED;
    }
    memset(out, 0, sizeof(*out));
    memcpy(out->name, text.data, text.size);
    out->id = key_id(text, type, key);
    out->type = type;
    out->key = *key;
    return ERR_OK;
}

static void
format_id(char out[ID_DIGITS + 1], uint32_t id)
{
    uint8_t bytes[ID_BYTES];

    num_store_u32(bytes, id);
    hex_encode(out, bytes_of(bytes, sizeof(bytes)));
}

enum err
note_key_parse(struct note_key *out, struct bytes vkey)
{
    struct cursor cursor = cursor_init(vkey);
    const struct bytes name = note_take_until(&cursor, '+');
    const struct bytes id = note_take_until(&cursor, '+');
    const struct bytes rest = cursor_take(&cursor, cursor_left(&cursor));
    char name_text[NOTE_NAME_BYTES_MAX + 1] = {0};
    char id_text[ID_DIGITS + 1];
    uint8_t typed[1 + sizeof(struct public_key)] = {0};
    struct public_key public;
    struct note_key key;
    size_t size = 0;
    enum err rc = cursor_end(&cursor);

    if (rc != ERR_OK) {
        return rc;
    }
    /* The name may not end early, at a NUL. */
    if (name.size > NOTE_NAME_BYTES_MAX || !is_name(name) ||
        !note_get_base64(typed, sizeof(typed), &size, rest) || size == 0) {
        return ERR_MALFORMED;
    }
    if (typed[0] != NOTE_ED25519 && typed[0] != NOTE_COSIGNATURE) {
        return ERR_VERSION;
    }
    if (size != sizeof(typed)) {
        return ERR_MALFORMED;
    }
    memcpy(name_text, name.data, name.size);
    memcpy(public.bytes, typed + 1, sizeof(public.bytes));
    rc = note_key_make(&key, name_text, typed[0], &public);
    if (rc != ERR_OK) {
        return rc;
    }
    format_id(id_text, key.id);
    if (!bytes_equal(id, bytes_text(id_text))) {
        return ERR_MALFORMED;
    }
    *out = key;
    return ERR_OK;
}

void
note_key_format(struct buf *out, const struct note_key *key)
{
    uint8_t typed[1 + sizeof(key->key.bytes)];
    char id[ID_DIGITS + 1];

    typed[0] = key->type;
    memcpy(typed + 1, key->key.bytes, sizeof(key->key.bytes));
    format_id(id, key->id);
    buf_put_text(out, key->name);
    buf_put_u8(out, '+');
    buf_put_text(out, id);
    buf_put_u8(out, '+');
    note_put_base64(out, bytes_of(typed, sizeof(typed)));
}

/* A line without its newline: em dash, space, name, space, base64. */
static enum err
parse_line(struct note_signature *out, struct bytes line)
{
    struct cursor cursor = cursor_init(line);
    const struct bytes start = cursor_take(&cursor, strlen(line_start));
    uint8_t signature[LINE_BYTES_MAX] = {0};
    struct bytes base64 = {NULL, 0};
    size_t size = 0;

    out->name = note_take_until(&cursor, ' ');
    base64 = cursor_take(&cursor, cursor_left(&cursor));
    if (cursor_end(&cursor) != ERR_OK ||
        !bytes_equal(start, bytes_text(line_start)) || !is_name(out->name) ||
        !note_get_base64(signature, sizeof(signature), &size, base64) ||
        size <= ID_BYTES) {
        return ERR_MALFORMED;
    }
    out->id = num_load_u32(signature);
    out->size = size <= sizeof(signature) ? size - ID_BYTES : 0;
    memcpy(out->bytes, signature + ID_BYTES, sizeof(out->bytes));
    if (out->size == 0) {
        memset(out->bytes, 0, sizeof(out->bytes));
    }
    return ERR_OK;
}

enum err
note_take_lines(struct note *note, struct cursor *cursor)
{
    while (cursor_left(cursor) > 0) {
        const struct bytes line = note_take_until(cursor, '\n');
        enum err rc = ERR_OK;

        if (note->signature_count == NOTE_SIGNATURES_MAX) {
            return ERR_TOO_BIG;
        }
        rc = parse_line(&note->signatures[note->signature_count], line);
        if (rc != ERR_OK) {
            return rc;
        }
        note->signature_count++;
    }
    return note->signature_count > 0 ? ERR_OK : ERR_MALFORMED;
}

/*
 * Where the signature lines begin: after the last blank line, because the
 * text may hold blank lines too. 0 if there is none.
 */
static size_t
find_signatures(struct bytes encoded)
{
    for (size_t i = encoded.size; i >= 2; i--) {
        if (encoded.data[i - 2] == '\n' && encoded.data[i - 1] == '\n') {
            return i;
        }
    }
    return 0;
}

enum err
note_parse(struct note *out, struct bytes encoded)
{
    struct note note = {.signature_count = 0};
    struct cursor cursor = cursor_init(encoded);
    size_t text_size = 0;
    enum err rc = ERR_OK;

    if (encoded.size > NOTE_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    text_size = note_is_text(encoded) ? find_signatures(encoded) : 0;
    if (text_size == 0 || text_size == encoded.size) {
        return ERR_MALFORMED;
    }
    /* The blank line itself is neither text nor signature. */
    note.text = cursor_take(&cursor, text_size - 1);
    (void)cursor_u8(&cursor);
    rc = note_take_lines(&note, &cursor);
    if (rc == ERR_OK) {
        *out = note;
    }
    return rc;
}

bool
note_line_is_by(const struct note_signature *line, const struct note_key *key)
{
    return line->id == key->id &&
           bytes_equal(line->name, bytes_text(key->name));
}

bool
note_line_holds(const struct note_signature *line, const struct note_key *key,
    struct bytes text)
{
    struct signature signature;

    if (key->type == NOTE_COSIGNATURE) {
        return line->size == COSIGNATURE_BYTES &&
               cosignature_verify(&key->key, line->bytes, text) == ERR_OK;
    }
    if (key->type != NOTE_ED25519 || line->size != sizeof(signature.bytes)) {
        return false;
    }
    memcpy(signature.bytes, line->bytes, sizeof(signature.bytes));
    return keys_verify(&key->key, text, &signature) == ERR_OK;
}

enum err
note_verify(const struct note *note, const struct note_key *keys,
    size_t key_count, size_t *out_verified)
{
    size_t verified = 0;

    for (size_t i = 0; i < key_count; i++) {
        bool has_signed = false;

        for (size_t k = 0; k < note->signature_count; k++) {
            const struct note_signature *line = &note->signatures[k];

            if (!note_line_is_by(line, &keys[i])) {
                continue;
            }
            if (!note_line_holds(line, &keys[i], note->text)) {
                return ERR_BAD_SIGNATURE;
            }
            has_signed = true;
        }
        verified += has_signed;
    }
    if (verified == 0) {
        return ERR_BAD_SIGNATURE;
    }
    if (out_verified != NULL) {
        *out_verified = verified;
    }
    return ERR_OK;
}

void
note_put_signature(
    struct buf *out, const struct note_key *key, struct bytes signature)
{
    uint8_t bytes[LINE_BYTES_MAX];

    assert(signature.size > 0 && signature.size <= COSIGNATURE_BYTES);
    num_store_u32(bytes, key->id);
    memcpy(bytes + ID_BYTES, signature.data, signature.size);
    buf_put_text(out, line_start);
    buf_put_text(out, key->name);
    buf_put_u8(out, ' ');
    note_put_base64(out, bytes_of(bytes, ID_BYTES + signature.size));
    buf_put_u8(out, '\n');
}

enum err
note_sign(struct buf *out, const struct note_key *key,
    const struct secret_key *seed, struct bytes text)
{
    struct signature signature;

    if (text.size > NOTE_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    if (key->type != NOTE_ED25519 || !note_is_text(text)) {
        return ERR_MALFORMED;
    }
    keys_sign(&signature, seed, text);
    note_put_signature(
        out, key, bytes_of(signature.bytes, sizeof(signature.bytes)));
    return buf_err(out);
}
