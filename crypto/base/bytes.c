/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/base/bytes.h"

#include <sodium.h>
#include <string.h>

struct bytes
bytes_text(const char *text)
{
    return bytes_of(text, strlen(text));
}

bool
bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && bytes_compare(a, b) == 0;
}

int
bytes_compare(struct bytes a, struct bytes b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.data, b.data, size);

    if (order != 0) {
        return order;
    }
    return (a.size > b.size) - (a.size < b.size);
}

/*
 * The size of the well-formed sequence at the start of text, or 0. The
 * second byte's range depends on the first (RFC 3629, section 4): that
 * excludes overlong forms, surrogates, and what lies beyond U+10FFFF.
 */
static size_t
utf8_sequence(struct bytes text)
{
    const uint8_t *at = text.data;
    uint8_t low = 0x80;
    uint8_t high = 0xbf;
    size_t size = 0;

    if (at[0] < 0x80) {
        return 1;
    }
    if (at[0] < 0xc2 || at[0] > 0xf4) {
        return 0;
    }
    size = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (size > text.size) {
        return 0;
    }
    low = at[0] == 0xe0 ? 0xa0 : at[0] == 0xf0 ? 0x90 : low;
    high = at[0] == 0xed ? 0x9f : at[0] == 0xf4 ? 0x8f : high;
    if (at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return size;
}

/* How many of the first bytes are ASCII, in steps of eight. */
static size_t
ascii_run(struct bytes text)
{
    size_t at = 0;
    uint64_t eight = 0;

    while (text.size - at >= sizeof(eight)) {
        memcpy(&eight, text.data + at, sizeof(eight));
        if ((eight & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
        at += sizeof(eight);
    }
    return at;
}

bool
bytes_are_utf8(struct bytes text)
{
    size_t run = ascii_run(text);

    /* Text that begins in another script seldom goes on in ASCII. */
    text = run == 0 ? text : bytes_of(text.data + run, text.size - run);
    while (text.size > 0) {
        size_t size = utf8_sequence(text);

        if (size == 0) {
            return false;
        }
        text = bytes_of(text.data + size, text.size - size);
    }
    return true;
}

bool
bytes_are_zero(struct bytes b)
{
    return b.size == 0 || sodium_is_zero(b.data, b.size) == 1;
}

bool
hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool
node_id_equal(const struct node_id *a, const struct node_id *b)
{
    return node_id_compare(a, b) == 0;
}

int
node_id_compare(const struct node_id *a, const struct node_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool
office_id_equal(const struct office_id *a, const struct office_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool
corridor_id_equal(const struct corridor_id *a, const struct corridor_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool
record_id_equal(const struct record_id *a, const struct record_id *b)
{
    return record_id_compare(a, b) == 0;
}

int
record_id_compare(const struct record_id *a, const struct record_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}
