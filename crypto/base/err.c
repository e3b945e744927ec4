/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/base/err.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char *const texts[] = {
    [ERR_OK] = "no error",
    [ERR_NOMEM] = "out of memory",
    [ERR_MALFORMED] = "malformed bytes",
    [ERR_TOO_BIG] = "too big",
    [ERR_VERSION] = "unknown version",
    [ERR_BAD_SIGNATURE] = "signature or proof does not hold",
    [ERR_FORK] = "two histories of one log",
    [ERR_GAP] = "earlier entries are missing",
    [ERR_DENIED] = "not permitted",
    [ERR_NO_KEY] = "key not here yet",
    [ERR_STALE] = "newer version exists",
    [ERR_NOT_FOUND] = "not found",
    [ERR_EXISTS] = "already exists",
    [ERR_FULL] = "no space left",
    [ERR_BUSY] = "busy",
    [ERR_CORRUPT] = "stored data is damaged",
    [ERR_IO] = "input or output failed",
    [ERR_CONFIG] = "bad setting or argument",
    [ERR_CLOSED] = "closed",
};
static_assert(
    sizeof(texts) / sizeof(*texts) == ERR_COUNT, "every code has its words");

const char *
err_text(enum err rc)
{
    if ((int)rc < 0 || rc >= ERR_COUNT) {
        return "unknown error";
    }
    return texts[rc];
}

/*
 * Where a text of `size` bytes that was cut at its end last held only whole
 * UTF-8 sequences: a sequence whose first byte promises more than is there
 * is left out.
 */
static size_t
whole_sequences(const char *text, size_t size)
{
    size_t back = 0;
    size_t needs = 0;
    unsigned char byte = 0;

    while (back < 3 && back < size) {
        back++;
        byte = (unsigned char)text[size - back];
        if ((byte & 0xc0) == 0x80) {
            continue;
        }
        needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
        return needs > back ? size - back : size;
    }
    return size;
}

/* End the text at `length`, or at the last whole sequence that fits. */
static void
cut(struct err_msg *msg, int length)
{
    size_t size = sizeof(msg->text) - 1;

    if (length < 0) {
        msg->text[0] = '\0';
    } else if ((size_t)length > size) {
        msg->text[whole_sequences(msg->text, size)] = '\0';
    }
}

enum err
err_set(struct err_msg *msg, enum err rc, const char *format, ...)
{
    /* Formatted aside, because the arguments may be *msg's own text. */
    struct err_msg text = {""};
    va_list args;

    if (msg == NULL) {
        return rc;
    }
    va_start(args, format);
    cut(&text, vsnprintf(text.text, sizeof(text.text), format, args));
    va_end(args);
    *msg = text;
    return rc;
}

enum err
err_prefix(struct err_msg *msg, enum err rc, const char *format, ...)
{
    struct err_msg prefix = {""};
    struct err_msg rest = {""};
    va_list args;

    if (msg == NULL) {
        return rc;
    }
    va_start(args, format);
    cut(&prefix, vsnprintf(prefix.text, sizeof(prefix.text), format, args));
    va_end(args);
    rest = *msg;
    return err_set(msg, rc, "%s: %s", prefix.text,
        rest.text[0] != '\0' ? rest.text : err_text(rc));
}
