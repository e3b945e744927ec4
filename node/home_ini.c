/* SPDX-License-Identifier: Apache-2.0 */
#include "node/home_ini.h"

#include <string.h>

#include "crypto/base/cursor.h"
#include "crypto/base/hex.h"
#include "crypto/base/num.h"

static void
put_text(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "%s = %s\n", name, value);
}

static void
put_hex(struct buf *out, const char *name, const uint8_t bytes[32])
{
    char hex[65];

    hex_encode(hex, bytes_of(bytes, 32));
    put_text(out, name, hex);
}

enum err
home_ini_encode(struct buf *out, const struct home *home)
{
    buf_printf(out, "format = %d\n", HOME_FORMAT);
    put_text(out, "office_name", home->office_name);
    put_text(out, "node_name", home->node_name);
    put_text(out, "country", home->country);
    put_text(out, "type", home->type);
    put_hex(out, "office", home->office.bytes);
    put_hex(out, "node", home->node.bytes);
    if (home->has_corridor) {
        put_hex(out, "corridor", home->corridor.bytes);
        put_text(out, "corridor_name", home->corridor_name);
    }
    return buf_err(out);
}

/* The value of the next line, which must have this name. */
static struct bytes
take_line(struct cursor *cursor, const char *name)
{
    struct bytes none = {NULL, 0};
    struct bytes got = cursor_take(cursor, strlen(name));
    struct bytes sign = cursor_take(cursor, 3);
    const uint8_t *end = NULL;
    struct bytes value;

    if (!bytes_equal(got, bytes_text(name)) ||
        !bytes_equal(sign, bytes_text(" = "))) {
        cursor_fail(cursor);
        return none;
    }
    end = memchr(cursor->pos, '\n', cursor_left(cursor));
    if (end == NULL) {
        cursor_fail(cursor);
        return none;
    }
    value = cursor_take(cursor, (size_t)(end - cursor->pos));
    cursor_u8(cursor);
    return value;
}

static void
take_name(struct cursor *cursor, const char *name, char *out, size_t max)
{
    struct bytes value = take_line(cursor, name);

    if (cursor->failed || value.size > max || !cert_name_is_valid(value)) {
        cursor_fail(cursor);
        return;
    }
    memcpy(out, value.data, value.size);
    out[value.size] = '\0';
}

/* As take_name, for what may be empty and is ASCII of one class. */
static void
take_word(struct cursor *cursor, const char *name, char *out, size_t max)
{
    struct bytes value = take_line(cursor, name);

    if (cursor->failed || value.size > max) {
        cursor_fail(cursor);
        return;
    }
    for (size_t i = 0; i < value.size; i++) {
        uint8_t c = value.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && c != '_') {
            cursor_fail(cursor);
            return;
        }
        out[i] = (char)c;
    }
    out[value.size] = '\0';
}

static void
take_hex(struct cursor *cursor, const char *name, uint8_t out[32])
{
    struct bytes value = take_line(cursor, name);
    char again[65];

    if (cursor->failed ||
        !hex_decode((const char *)value.data, value.size, out, 32)) {
        cursor_fail(cursor);
        return;
    }
    hex_encode(again, bytes_of(out, 32));
    if (memcmp(again, value.data, 64) != 0) {
        cursor_fail(cursor); /* capitals: not what we write */
    }
}

enum err
home_ini_decode(struct home *home, struct bytes text)
{
    struct cursor cursor = cursor_init(text);
    struct home got = *home;
    struct bytes format = take_line(&cursor, "format");
    uint64_t number = 0;

    if (cursor.failed ||
        !num_parse_u64((const char *)format.data, format.size, &number)) {
        return ERR_MALFORMED;
    }
    if (number != HOME_FORMAT) {
        return ERR_VERSION;
    }
    take_name(&cursor, "office_name", got.office_name, CERT_NAME_BYTES_MAX);
    take_name(&cursor, "node_name", got.node_name, CERT_NAME_BYTES_MAX);
    take_word(&cursor, "country", got.country, 2);
    take_word(&cursor, "type", got.type, CERT_TYPE_BYTES_MAX);
    take_hex(&cursor, "office", got.office.bytes);
    take_hex(&cursor, "node", got.node.bytes);
    got.has_corridor = cursor_left(&cursor) > 0;
    if (got.has_corridor) {
        take_hex(&cursor, "corridor", got.corridor.bytes);
        take_name(
            &cursor, "corridor_name", got.corridor_name, CERT_NAME_BYTES_MAX);
    }
    if (cursor_end(&cursor) != ERR_OK) {
        return ERR_MALFORMED;
    }
    *home = got;
    return ERR_OK;
}
