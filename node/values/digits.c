/* SPDX-License-Identifier: Apache-2.0 */
#include "node/values/digits.h"

#include <utf8proc.h>

/* The code points of 0 in the scripts whose digits are folded. */
static const utf8proc_int32_t zeros[] = {
    0x0e50, /* Thai */
    0x0ed0, /* Lao */
    0x1040, /* Burmese */
    0x1090, /* Shan */
    0x17e0, /* Khmer */
    0xff10, /* full width */
};

static const struct {
    utf8proc_int32_t wide;
    char narrow;
} signs[] = {
    {0xff0b, '+'},
    {0xff0d, '-'},
    {0xff0e, '.'},
    {0xff0f, '/'},
};

/* The ASCII character that stands for this one, or 0 for itself. */
static char
fold_one(utf8proc_int32_t c)
{
    for (size_t i = 0; i < sizeof(zeros) / sizeof(zeros[0]); i++) {
        if (c >= zeros[i] && c <= zeros[i] + 9) {
            return (char)('0' + (c - zeros[i]));
        }
    }
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (c == signs[i].wide) {
            return signs[i].narrow;
        }
    }
    return 0;
}

void
digits_fold(struct buf *out, struct bytes text)
{
    size_t pos = 0;

    while (pos < text.size) {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t size = utf8proc_iterate(
            text.data + pos, (utf8proc_ssize_t)(text.size - pos), &c);
        char folded = size > 0 ? fold_one(c) : 0;

        if (size <= 0) {
            size = 1;
        }
        if (folded != 0) {
            buf_put_u8(out, (uint8_t)folded);
        } else {
            buf_put(out, text.data + pos, (size_t)size);
        }
        pos += (size_t)size;
    }
}

static const struct {
    utf8proc_int32_t first;
    utf8proc_int32_t last;
    const char *name;
} scripts[] = {
    {'A', 'Z', "Latn"},
    {'a', 'z', "Latn"},
    {0x00c0, 0x024f, "Latn"},
    {0x0e01, 0x0e4e, "Thai"},
    {0x0e81, 0x0ecd, "Laoo"},
    {0x1000, 0x103f, "Mymr"},
    {0x104c, 0x108f, "Mymr"},
    {0x1780, 0x17d3, "Khmr"},
    {0x1e00, 0x1eff, "Latn"},
    {0x3041, 0x30ff, "Jpan"},
    {0x4e00, 0x9fff, "Hani"},
    {0xac00, 0xd7a3, "Kore"},
};

static const char *
script_of_one(utf8proc_int32_t c)
{
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        if (c >= scripts[i].first && c <= scripts[i].last) {
            return scripts[i].name;
        }
    }
    return NULL;
}

const char *
script_of(struct bytes text)
{
    size_t pos = 0;

    while (pos < text.size) {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t size = utf8proc_iterate(
            text.data + pos, (utf8proc_ssize_t)(text.size - pos), &c);
        const char *name = size > 0 ? script_of_one(c) : NULL;

        if (name != NULL) {
            return name;
        }
        pos += size > 0 ? (size_t)size : 1;
    }
    return NULL;
}
