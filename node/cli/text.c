/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/text.h"

#include <string.h>
#include <utf8proc.h>

enum { CLUSTER_WIDTH_MAX = 2, REPLACEMENT = 0xfffd };

/* A walk over a text's clusters. */
struct walk {
    struct bytes rest;
    utf8proc_int32_t state;
    utf8proc_int32_t last; /* 0 before the first */
};

/* The next code point; its size. */
static size_t
next_point(struct bytes text, utf8proc_int32_t *out)
{
    utf8proc_ssize_t size = utf8proc_iterate(
        text.data, text.size > 8 ? 8 : (utf8proc_ssize_t)text.size, out);

    if (size <= 0) {
        *out = REPLACEMENT;
        return 1;
    }
    return (size_t)size;
}

static bool
is_control(utf8proc_int32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static size_t
point_width(utf8proc_int32_t c)
{
    int width = is_control(c) ? 1 : utf8proc_charwidth(c);

    return width > 0 ? (size_t)width : 0;
}

/*
 * The next cluster's bytes and width. A spacing vowel (SARA AM) has a column
 * of its own beside its consonant; joined emoji share two.
 */
static struct bytes
next_cluster(struct walk *walk, size_t *out_width)
{
    struct bytes cluster = {walk->rest.data, 0};
    size_t width = 0;

    while (walk->rest.size > 0) {
        utf8proc_int32_t c = 0;
        size_t size = next_point(walk->rest, &c);

        if (cluster.size > 0 &&
            utf8proc_grapheme_break_stateful(walk->last, c, &walk->state)) {
            break;
        }
        walk->last = c;
        width += point_width(c);
        cluster.size += size;
        walk->rest.data += size;
        walk->rest.size -= size;
    }
    walk->state = 0;
    *out_width = width > CLUSTER_WIDTH_MAX ? CLUSTER_WIDTH_MAX : width;
    return cluster;
}

size_t
text_width(struct bytes text)
{
    struct walk walk = {.rest = text};
    size_t width = 0;

    while (walk.rest.size > 0) {
        size_t one = 0;

        (void)next_cluster(&walk, &one);
        width += one;
    }
    return width;
}

/* A cluster as it may go to a terminal. */
static void
put_cluster(struct buf *out, struct bytes cluster)
{
    while (cluster.size > 0) {
        utf8proc_int32_t c = 0;
        size_t size = next_point(cluster, &c);

        if (c == '\n' || c == '\t' || c == '\r') {
            buf_put_u8(out, ' ');
        } else if (is_control(c)) {
            buf_put_u8(out, '?');
        } else if (c == REPLACEMENT) {
            buf_put_text(out, "\xef\xbf\xbd");
        } else {
            buf_put(out, cluster.data, size);
        }
        cluster.data += size;
        cluster.size -= size;
    }
}

void
text_put(struct buf *out, struct bytes text, size_t width_max)
{
    struct walk walk = {.rest = text};
    bool is_cut = width_max > 0 && text_width(text) > width_max;
    size_t width = 0;

    while (walk.rest.size > 0) {
        size_t one = 0;
        struct bytes cluster = next_cluster(&walk, &one);

        /* The ellipsis has one column. */
        if (is_cut && width + one > width_max - 1) {
            buf_put_text(out, "\xe2\x80\xa6");
            return;
        }
        put_cluster(out, cluster);
        width += one;
    }
}

void
text_put_json(struct buf *out, struct bytes json)
{
    while (json.size > 0) {
        utf8proc_int32_t c = 0;
        size_t size = next_point(json, &c);

        if (c >= 0x20 && is_control(c)) {
            buf_printf(out, "\\u%04x", (unsigned)c);
        } else {
            buf_put(out, json.data, size);
        }
        json.data += size;
        json.size -= size;
    }
}

void
text_print(FILE *out, const char *text)
{
    struct buf shown = {0};

    text_put(&shown, bytes_text(text), 0);
    (void)fwrite(shown.data, 1, shown.size, out);
    buf_wipe(&shown);
}

void
text_language(char out[12], const char *lang)
{
    size_t size = lang == NULL ? 0 : strcspn(lang, "_.@");

    if (size < 2 || size > 3) {
        lang = "en";
        size = 2;
    }
    memcpy(out, lang, size);
    out[size] = '\0';
}
