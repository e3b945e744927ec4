/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/code.h"

#include <string.h>

#include "crypto/base/num.h"
#include "crypto/hash.h"

enum {
    DIGIT_BITS = 5,
    CODE_DIGITS = 20, /* of the office: 100 bits */
    CODE_TYPED = CODE_DIGITS + CODE_CHECK_CHARS,
    CODE_GROUP = 4,
    TEXT_HEAD_BYTES_MAX = 9
};

static_assert(OFFICE_CODE_CHARS == CODE_TYPED + CODE_TYPED / CODE_GROUP - 1,
    "groups of four, hyphens between them");

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static const char office_label[] = "corridor/office-code/1";
static const char check_label[] = "corridor/code-check/1";

/*
 * The head of a CBOR text of `size` bytes (RFC 8949, section 3), returning
 * its size. The CBOR writer is not used here: it allocates, so it can fail.
 */
static size_t
put_text_head(uint8_t out[TEXT_HEAD_BYTES_MAX], uint64_t size)
{
    if (size < 24) {
        out[0] = (uint8_t)(0x60 + size);
        return 1;
    }
    if (size <= UINT8_MAX) {
        out[0] = 0x78;
        out[1] = (uint8_t)size;
        return 2;
    }
    if (size <= UINT16_MAX) {
        out[0] = 0x79;
        num_store_u16(out + 1, (uint16_t)size);
        return 3;
    }
    if (size <= UINT32_MAX) {
        out[0] = 0x7a;
        num_store_u32(out + 1, (uint32_t)size);
        return 5;
    }
    out[0] = 0x7b;
    num_store_u64(out + 1, size);
    return 9;
}

/* SHA-256 of CBOR [label, item], the item as its head and content. */
static void
hash_pair(struct hash *out, const char *label, struct bytes head,
    struct bytes content)
{
    /* An array of two, whose first item is a text of below 24 bytes. */
    const uint8_t start[] = {0x82, (uint8_t)(0x60 + strlen(label))};
    const struct bytes parts[] = {
        {start, sizeof(start)}, bytes_text(label), head, content};

    hash_sha256_parts(out, parts, 4);
}

/* The first `count` digits of the hash. */
static void
hash_digits(char *out, size_t count, const struct hash *hash)
{
    char all[(sizeof(hash->bytes) * 8 + 4) / DIGIT_BITS + 1];

    code_base32(all, bytes_hash(hash));
    memcpy(out, all, count);
}

void
code_check(char out[CODE_CHECK_CHARS + 1], struct bytes text)
{
    uint8_t head[TEXT_HEAD_BYTES_MAX];
    size_t head_size = put_text_head(head, text.size);
    struct hash hash;

    hash_pair(&hash, check_label, bytes_of(head, head_size), text);
    hash_digits(out, CODE_CHECK_CHARS, &hash);
    out[CODE_CHECK_CHARS] = '\0';
}

/* The digits as a person reads them: K3QF-81ZD-… */
static void
put_groups(char out[OFFICE_CODE_CHARS + 1], const char typed[CODE_TYPED])
{
    for (size_t i = 0; i < CODE_TYPED; i++) {
        if (i > 0 && i % CODE_GROUP == 0) {
            *out++ = '-';
        }
        *out++ = typed[i];
    }
    *out = '\0';
}

void
office_code(char out[OFFICE_CODE_CHARS + 1], const struct office_id *id)
{
    static const uint8_t head[] = {0x58, sizeof(id->bytes)}; /* a bstr(32) */
    char typed[CODE_TYPED + 1];
    struct hash hash;

    hash_pair(&hash, office_label, bytes_of(head, sizeof(head)),
        bytes_of(id->bytes, sizeof(id->bytes)));
    hash_digits(typed, CODE_DIGITS, &hash);
    code_check(typed + CODE_DIGITS, bytes_of(typed, CODE_DIGITS));
    put_groups(out, typed);
}

/* The value of what a person may write for a digit; -1 for anything else. */
static int
digit_value(uint8_t typed)
{
    uint8_t upper = typed;
    const char *digit = NULL;

    if (typed >= 'a' && typed <= 'z') {
        upper = (uint8_t)(typed - 'a' + 'A');
    }
    if (upper == 'I' || upper == 'L') {
        return 1;
    }
    if (upper == 'O') {
        return 0;
    }
    digit = upper == '\0' ? NULL : strchr(digits, upper);
    return digit == NULL ? -1 : (int)(digit - digits);
}

enum err
office_code_parse(char out[OFFICE_CODE_CHARS + 1], struct bytes typed)
{
    char plain[CODE_TYPED];
    char check[CODE_CHECK_CHARS + 1];
    size_t count = 0;

    for (size_t i = 0; i < typed.size; i++) {
        const uint8_t character = typed.data[i];
        const int value = digit_value(character);

        if (character == ' ' || character == '-') {
            continue;
        }
        if (value < 0 || count == CODE_TYPED) {
            return ERR_MALFORMED;
        }
        plain[count++] = digits[value];
    }
    if (count != CODE_TYPED) {
        return ERR_MALFORMED;
    }
    code_check(check, bytes_of(plain, CODE_DIGITS));
    if (memcmp(check, plain + CODE_DIGITS, CODE_CHECK_CHARS) != 0) {
        return ERR_MALFORMED;
    }
    put_groups(out, plain);
    return ERR_OK;
}

void
code_base32(char *out, struct bytes bytes)
{
    uint32_t bits = 0; /* those not yet written are the lowest `held` */
    unsigned held = 0;

    for (size_t i = 0; i < bytes.size; i++) {
        bits = bits << 8 | bytes.data[i];
        held += 8;
        while (held >= DIGIT_BITS) {
            held -= DIGIT_BITS;
            *out++ = digits[bits >> held & 31];
        }
    }
    if (held > 0) {
        *out++ = digits[bits << (DIGIT_BITS - held) & 31];
    }
    *out = '\0';
}

/* Are these digits of just so many bytes, the bits left over zero? */
static bool
is_base32(size_t size, struct bytes text)
{
    const size_t left = text.size * DIGIT_BITS - size * 8;

    for (size_t i = 0; i < text.size; i++) {
        if (digit_value(text.data[i]) < 0) {
            return false;
        }
    }
    return text.size == 0 ||
           (digit_value(text.data[text.size - 1]) & ((1 << left) - 1)) == 0;
}

enum err
code_base32_parse(uint8_t *out, size_t size, struct bytes text)
{
    uint32_t bits = 0;
    unsigned held = 0;

    if (text.size > SIZE_MAX / 8 || size > SIZE_MAX / 8 - 1 ||
        text.size != (size * 8 + 4) / DIGIT_BITS || !is_base32(size, text)) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < text.size; i++) {
        bits = bits << DIGIT_BITS | (uint32_t)digit_value(text.data[i]);
        held += DIGIT_BITS;
        if (held >= 8) {
            held -= 8;
            *out++ = (uint8_t)(bits >> held);
        }
    }
    return ERR_OK;
}
