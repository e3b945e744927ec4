/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/vectors.h"

#include <check.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/hex.h"

static void
full_path(const char *path, char *out, size_t size)
{
    int length = snprintf(out, size, "%s/%s", CORRIDOR_VECTORS, path);

    ck_assert_int_gt(length, 0);
    ck_assert_uint_lt((size_t)length, size);
}

json_t *
vectors_json(const char *path)
{
    char name[1024];
    json_error_t error;
    json_t *json = NULL;

    full_path(path, name, sizeof(name));
    json =
        json_load_file(name, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &error);
    ck_assert_msg(json != NULL, "%s:%d: %s", name, error.line, error.text);
    return json;
}

void
vectors_file(const char *path, struct buf *out)
{
    char name[1024];
    uint8_t chunk[4096];
    size_t size = 0;
    FILE *file = NULL;

    full_path(path, name, sizeof(name));
    file = fopen(name, "rb");
    ck_assert_msg(file != NULL, "cannot open %s", name);
    do {
        size = fread(chunk, 1, sizeof(chunk), file);
        buf_put(out, chunk, size);
    } while (size == sizeof(chunk));
    ck_assert_int_eq(ferror(file), 0);
    fclose(file);
    ck_assert_int_eq(buf_err(out), ERR_OK);
}

const char *
vectors_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    ck_assert_msg(text != NULL, "no text \"%s\" in the vector", name);
    return text;
}

void
vectors_hex(const json_t *object, const char *name, struct buf *out)
{
    const char *text = vectors_text(object, name);
    size_t digits = strlen(text);
    uint8_t *room = buf_extend(out, digits / 2);

    ck_assert_ptr_nonnull(room);
    ck_assert_msg(hex_decode(text, digits, room, digits / 2),
        "\"%s\" is not hexadecimal: %s", name, text);
}

void
vectors_base64(const json_t *object, const char *name, struct buf *out)
{
    const char *text = vectors_text(object, name);
    size_t before = out->size;
    size_t most = strlen(text) / 4 * 3;
    size_t size = 0;
    uint8_t *room = buf_extend(out, most);

    ck_assert_ptr_nonnull(room);
    ck_assert_msg(sodium_base642bin(room, most, text, strlen(text), NULL, &size,
                      NULL, sodium_base64_VARIANT_ORIGINAL) == 0,
        "\"%s\" is not base64: %s", name, text);
    buf_truncate(out, before + size);
}
