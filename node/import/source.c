/* SPDX-License-Identifier: Apache-2.0 */
#include "node/import/source.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    SURROGATE_HIGH = 0xd800,
    SURROGATE_LOW = 0xdc00,
    SURROGATE_END = 0xe000,
    BEYOND_BMP = 0x10000
};

void
source_init(struct source *source, const struct source_reader *reader)
{
    *source = (struct source){.reader = *reader};
}

/*
 * By the mark, or by the zero bytes that every text with a digit, comma or
 * Latin letter at its start has in UTF-16. Returns the mark's size.
 */
static size_t
detect(struct source *source, const uint8_t *data, size_t size)
{
    source->encoding = SOURCE_UTF8;
    if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        return 3;
    }
    if (size >= 2 && data[0] == 0xff && data[1] == 0xfe) {
        source->encoding = SOURCE_UTF16_LE;
        return 2;
    }
    if (size >= 2 && data[0] == 0xfe && data[1] == 0xff) {
        source->encoding = SOURCE_UTF16_BE;
        return 2;
    }
    if (size >= 2 && data[0] != 0 && data[1] == 0) {
        source->encoding = SOURCE_UTF16_LE;
    } else if (size >= 2 && data[0] == 0 && data[1] != 0) {
        source->encoding = SOURCE_UTF16_BE;
    }
    return 0;
}

static void
put_utf8(struct buf *out, uint32_t c)
{
    uint8_t utf8[4];
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < BEYOND_BMP ? 3 : 4;
    static const uint8_t marks[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = size; i > 1; i--) {
        utf8[i - 1] = (uint8_t)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    utf8[0] = (uint8_t)(marks[size == 1 ? 0 : size] | c);
    buf_put(out, utf8, size);
}

static uint32_t
unit_of(const struct source *source, const uint8_t *bytes)
{
    return source->encoding == SOURCE_UTF16_LE
               ? (uint32_t)(bytes[0] | bytes[1] << 8)
               : (uint32_t)(bytes[0] << 8 | bytes[1]);
}

/* Nothing after it can be trusted, so the source ends here. */
static enum err
broken_utf16(struct source *source, struct err_msg *msg)
{
    source->at_end = true;
    source->carried = 0;
    return err_set(
        msg, ERR_IO, "the file is broken UTF-16: save it again as UTF-8");
}

/* Take in one byte; characters go out as they become whole. */
static enum err
put_utf16_byte(
    struct source *source, uint8_t byte, struct buf *out, struct err_msg *msg)
{
    uint32_t high = 0;
    uint32_t unit = 0;

    source->carry[source->carried++] = byte;
    if (source->carried % 2 != 0) {
        return ERR_OK;
    }
    unit = unit_of(source, source->carry + source->carried - 2);
    if (source->carried == 2) {
        if (unit >= SURROGATE_LOW && unit < SURROGATE_END) {
            return broken_utf16(source, msg);
        }
        if (unit < SURROGATE_HIGH || unit >= SURROGATE_END) {
            put_utf8(out, unit);
            source->carried = 0;
        }
        return ERR_OK;
    }
    high = unit_of(source, source->carry);
    if (unit < SURROGATE_LOW || unit >= SURROGATE_END) {
        return broken_utf16(source, msg);
    }
    put_utf8(out,
        BEYOND_BMP + ((high - SURROGATE_HIGH) << 10) + (unit - SURROGATE_LOW));
    source->carried = 0;
    return ERR_OK;
}

enum err
source_read(struct source *source, struct buf *out, struct err_msg *msg)
{
    size_t size = 0;
    size_t at = 0;
    enum err rc = source->reader.read(source->reader.context, source->chunk,
        sizeof(source->chunk), &size, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    if (size == 0) {
        source->at_end = true;
        return source->carried > 0 ? broken_utf16(source, msg) : ERR_OK;
    }
    if (source->encoding == SOURCE_UNKNOWN) {
        at = detect(source, source->chunk, size);
    }
    if (source->encoding == SOURCE_UTF8) {
        buf_put(out, source->chunk + at, size - at);
        return buf_err(out);
    }
    for (; at < size && rc == ERR_OK; at++) {
        rc = put_utf16_byte(source, source->chunk[at], out, msg);
    }
    return rc == ERR_OK ? buf_err(out) : rc;
}

/* Fill as far as the file goes: detection looks at the first bytes. */
static enum err
read_file(void *context, uint8_t *out, size_t size, size_t *out_size,
    struct err_msg *msg)
{
    const int *fd = context;
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(*fd, out + done, size - done);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return err_set(msg, ERR_IO, "read: %s", strerror(errno));
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    *out_size = done;
    return ERR_OK;
}

struct source_reader
source_of_file(int *fd)
{
    return (struct source_reader){read_file, fd};
}

static enum err
read_bytes(void *context, uint8_t *out, size_t size, size_t *out_size,
    struct err_msg *msg)
{
    struct bytes *left = context;

    (void)msg;
    if (size > left->size) {
        size = left->size;
    }
    if (size > 0) {
        memcpy(out, left->data, size);
        left->data += size;
        left->size -= size;
    }
    *out_size = size;
    return ERR_OK;
}

struct source_reader
source_of_bytes(struct bytes *bytes)
{
    return (struct source_reader){read_bytes, bytes};
}
