/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are sets or maps, from JSON in any order. */
#include <stdlib.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/num.h"
#include "node/values/value_internal.h"

/* Sort the texts of an array; false if one is no text or they are too many. */
static bool
texts_sorted(const json_t *json, struct bytes *out, size_t *out_count)
{
    size_t count = json_array_size(json);

    if (!json_is_array(json) || count > VALUE_ITEMS_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(json, i);

        if (!json_is_string(item)) {
            return false;
        }
        out[i] = bytes_of(json_string_value(item), json_string_length(item));
    }
    *out_count = count;
    return true;
}

static int
bytes_order(const void *a, const void *b)
{
    const struct bytes *x = a;
    const struct bytes *y = b;

    return bytes_compare(*x, *y);
}

enum err
value_array_codes(struct buf *out, const json_t *json, struct err_msg *msg)
{
    struct bytes items[VALUE_ITEMS_MAX];
    size_t count = 0;

    if (!texts_sorted(json, items, &count)) {
        return value_not_of(VALUE_CODES, msg);
    }
    qsort(items, count, sizeof(items[0]), bytes_order);
    cbor_put_array(out, count);
    for (size_t i = 0; i < count; i++) {
        cbor_put_text(out, items[i]);
    }
    return ERR_OK;
}

/* Hex in small letters sorts as the bytes do; others are refused below. */
enum err
value_array_offices(struct buf *out, const json_t *json, struct err_msg *msg)
{
    struct bytes items[VALUE_ITEMS_MAX];
    size_t count = 0;

    if (!texts_sorted(json, items, &count)) {
        return value_not_of(VALUE_OFFICES, msg);
    }
    qsort(items, count, sizeof(items[0]), bytes_order);
    cbor_put_array(out, count);
    for (size_t i = 0; i < count; i++) {
        enum err rc = value_text_office(out, (const char *)items[i].data, msg);

        if (rc != ERR_OK) {
            return rc;
        }
    }
    return ERR_OK;
}

/* "3.12": kind and field by number. */
static bool
field_read(const char *text, uint64_t *out)
{
    const char *dot = strchr(text, '.');
    uint64_t kind = 0;
    uint64_t field = 0;

    if (dot == NULL || !num_parse_u64(text, (size_t)(dot - text), &kind) ||
        !num_parse_u64(dot + 1, strlen(dot + 1), &field) || kind > UINT16_MAX ||
        field > UINT16_MAX) {
        return false;
    }
    *out = kind << 16 | field;
    return true;
}

static int
number_order(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;

    return (*x > *y) - (*x < *y);
}

enum err
value_array_fields(struct buf *out, const json_t *json, struct err_msg *msg)
{
    uint64_t fields[VALUE_ITEMS_MAX];
    size_t count = json_array_size(json);

    if (!json_is_array(json) || count > VALUE_ITEMS_MAX) {
        return value_not_of(VALUE_FIELDS, msg);
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(json, i));

        if (text == NULL || !field_read(text, &fields[i])) {
            return value_not_of(VALUE_FIELDS, msg);
        }
    }
    qsort(fields, count, sizeof(fields[0]), number_order);
    cbor_put_array(out, count);
    for (size_t i = 0; i < count; i++) {
        cbor_put_uint(out, fields[i]);
    }
    return ERR_OK;
}

struct pair {
    struct bytes key;
    struct bytes text;
};

/* The order that deterministic CBOR wants of keys: by length, then bytes. */
static int
pair_order(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;

    if (x->key.size != y->key.size) {
        return x->key.size < y->key.size ? -1 : 1;
    }
    return bytes_compare(x->key, y->key);
}

enum err
value_map_lm(struct buf *out, const json_t *json, struct err_msg *msg)
{
    struct pair pairs[VALUE_ITEMS_MAX];
    const char *name = NULL;
    json_t *member = NULL;
    size_t count = 0;

    json_object_foreach((json_t *)(uintptr_t)json, name, member)
    {
        if (count == VALUE_ITEMS_MAX || !json_is_string(member)) {
            return value_not_of(VALUE_LM, msg);
        }
        pairs[count].text =
            bytes_of(json_string_value(member), json_string_length(member));
        pairs[count++].key = bytes_text(name);
    }
    if (count == 0) {
        return value_not_of(VALUE_LM, msg);
    }
    qsort(pairs, count, sizeof(pairs[0]), pair_order);
    cbor_put_map(out, count);
    for (size_t i = 0; i < count; i++) {
        cbor_put_text(out, pairs[i].key);
        cbor_put_text(out, pairs[i].text);
    }
    return ERR_OK;
}
