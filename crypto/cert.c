/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keys.h"

#include <string.h>

#include "crypto/base/cbor.h"

/* ["corridor/certificate/1", …]: docs/protocol.md, "Keys". */
static const char label[] = "corridor/certificate/1";

enum {
    CERT_ITEMS = 3,
    BODY_ITEMS = 13,
    COUNTRY_BYTES = 2,
    CERT_KEYS = 6 /* the office's and the node's five */
};

/* The longest certificate: heads of at most 3 bytes, and the parts. */
static_assert(1 + 2 * (2 + 64) + 3 + 1 + sizeof(label) + 7 * 34 +
                      2 * (2 + CERT_NAME_BYTES_MAX) + 1 + COUNTRY_BYTES + 2 +
                      CERT_TYPE_BYTES_MAX + 9 <=
                  CERT_BYTES_MAX,
    "a certificate fits its limit");

/*
 * Characters that would let a name break a line or reorder the text around
 * it. In UTF-8: C0 and DEL stand alone; C1 is c2 80 to c2 9f; U+2028 to
 * U+202E are e2 80 a8 to ae; U+2066 to U+2069 are e2 81 a6 to a9.
 */
static bool
is_control(const uint8_t *text, size_t left)
{
    if (text[0] < 0x20 || text[0] == 0x7f) {
        return true;
    }
    if (left >= 2 && text[0] == 0xc2) {
        return text[1] <= 0x9f;
    }
    if (left >= 3 && text[0] == 0xe2 && text[1] == 0x80) {
        return text[2] >= 0xa8 && text[2] <= 0xae;
    }
    if (left >= 3 && text[0] == 0xe2 && text[1] == 0x81) {
        return text[2] >= 0xa6 && text[2] <= 0xa9;
    }
    return false;
}

bool
cert_name_is_valid(struct bytes name)
{
    if (name.size == 0 || name.size > CERT_NAME_BYTES_MAX ||
        !bytes_are_utf8(name)) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        if (is_control(name.data + i, name.size - i)) {
            return false;
        }
    }
    return true;
}

static bool
country_is_valid(struct bytes country)
{
    if (country.size != 0 && country.size != COUNTRY_BYTES) {
        return false;
    }
    for (size_t i = 0; i < country.size; i++) {
        if (country.data[i] < 'A' || country.data[i] > 'Z') {
            return false;
        }
    }
    return true;
}

static bool
type_is_valid(struct bytes type)
{
    if (type.size > CERT_TYPE_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < type.size; i++) {
        if ((type.data[i] < 'a' || type.data[i] > 'z') && type.data[i] != '_') {
            return false;
        }
    }
    return true;
}

/* No key has two uses, so no two of them are equal. */
static bool
keys_are_distinct(const struct cert *cert)
{
    const uint8_t *keys[CERT_KEYS] = {cert->office.bytes, cert->keys.sign.bytes,
        cert->keys.noise.bytes, cert->keys.seal.bytes, cert->keys.cosign.bytes,
        cert->keys.clock.bytes};

    for (size_t i = 0; i < CERT_KEYS; i++) {
        for (size_t j = 0; j < i; j++) {
            if (memcmp(keys[i], keys[j], sizeof(struct public_key)) == 0) {
                return false;
            }
        }
    }
    return true;
}

static bool
keys_are_valid(const struct cert *cert)
{
    return keys_are_distinct(cert) && keys_box_is_usable(&cert->keys.noise) &&
           keys_box_is_usable(&cert->keys.seal);
}

/* A text field as bytes; beyond its array's end it counts as too long. */
static struct bytes
field(const char *text, size_t size_max)
{
    const char *end = memchr(text, '\0', size_max + 1);

    return bytes_of(text, end == NULL ? size_max + 1 : (size_t)(end - text));
}

static bool
texts_are_valid(const struct cert *cert)
{
    return cert_name_is_valid(field(cert->office_name, CERT_NAME_BYTES_MAX)) &&
           cert_name_is_valid(field(cert->node_name, CERT_NAME_BYTES_MAX)) &&
           country_is_valid(field(cert->country, COUNTRY_BYTES)) &&
           type_is_valid(field(cert->type, CERT_TYPE_BYTES_MAX));
}

static bool
is_seed_of(const struct secret_key *seed, const uint8_t public_half[32])
{
    struct public_key own = {{0}};

    keys_sign_public(&own, seed);
    return memcmp(own.bytes, public_half, sizeof(own.bytes)) == 0;
}

static void
put_32(struct buf *buf, const uint8_t bytes[32])
{
    cbor_put_bytes(buf, bytes_of(bytes, 32));
}

static void
put_body(struct buf *buf, const struct cert *cert)
{
    cbor_put_array(buf, BODY_ITEMS);
    cbor_put_cstr(buf, label);
    put_32(buf, cert->corridor.bytes);
    put_32(buf, cert->office.bytes);
    put_32(buf, cert->keys.sign.bytes);
    put_32(buf, cert->keys.noise.bytes);
    put_32(buf, cert->keys.seal.bytes);
    put_32(buf, cert->keys.cosign.bytes);
    put_32(buf, cert->keys.clock.bytes);
    cbor_put_cstr(buf, cert->office_name);
    cbor_put_cstr(buf, cert->node_name);
    cbor_put_cstr(buf, cert->country);
    cbor_put_cstr(buf, cert->type);
    cbor_put_uint(buf, cert->time_ms);
}

static void
put_signature(struct buf *buf, const struct secret_key *seed, struct bytes body)
{
    struct signature signature = {{0}};

    keys_sign(&signature, seed, body);
    cbor_put_bytes(buf, bytes_of(signature.bytes, sizeof(signature.bytes)));
}

enum err
cert_encode(struct buf *out, const struct cert *cert,
    const struct secret_key *office, const struct secret_key *sign)
{
    struct buf body = {0};
    size_t before = out->size;
    enum err rc = ERR_OK;

    if (!texts_are_valid(cert) || !keys_are_valid(cert)) {
        return ERR_MALFORMED;
    }
    if (!is_seed_of(office, cert->office.bytes) ||
        !is_seed_of(sign, cert->keys.sign.bytes)) {
        return ERR_DENIED;
    }
    put_body(&body, cert);
    rc = buf_err(&body);
    if (rc != ERR_OK) {
        goto out;
    }
    cbor_put_array(out, CERT_ITEMS);
    cbor_put_bytes(out, buf_bytes(&body));
    put_signature(out, office, buf_bytes(&body));
    put_signature(out, sign, buf_bytes(&body));
    rc = buf_err(out);
    if (rc != ERR_OK) {
        buf_truncate(out, before);
    }
out:
    buf_release(&body);
    return rc;
}

/* A text of `size_max` bytes at the most into its zeroed array. */
static void
get_text(struct cursor *cursor, char *out, size_t size_max)
{
    struct bytes text = cbor_get_text(cursor);

    if (text.size > size_max ||
        (text.size != 0 && memchr(text.data, '\0', text.size) != NULL)) {
        cursor_fail(cursor);
    } else if (text.size != 0) {
        memcpy(out, text.data, text.size);
    }
}

static void
get_keys(struct cursor *cursor, struct node_public *out)
{
    cbor_get_fixed(cursor, out->sign.bytes, sizeof(out->sign.bytes));
    cbor_get_fixed(cursor, out->noise.bytes, sizeof(out->noise.bytes));
    cbor_get_fixed(cursor, out->seal.bytes, sizeof(out->seal.bytes));
    cbor_get_fixed(cursor, out->cosign.bytes, sizeof(out->cosign.bytes));
    cbor_get_fixed(cursor, out->clock.bytes, sizeof(out->clock.bytes));
}

static enum err
body_decode(struct cert *out, struct bytes body)
{
    struct cursor cursor = cursor_init(body);
    size_t count = cbor_get_array(&cursor);
    struct bytes name = cbor_get_text(&cursor);
    enum err rc = ERR_OK;

    /* Another version may have another number of items. */
    if (!cursor.failed && !bytes_equal(name, bytes_text(label))) {
        return ERR_VERSION;
    }
    if (count != BODY_ITEMS) {
        return ERR_MALFORMED;
    }
    cbor_get_fixed(&cursor, out->corridor.bytes, sizeof(out->corridor.bytes));
    cbor_get_fixed(&cursor, out->office.bytes, sizeof(out->office.bytes));
    get_keys(&cursor, &out->keys);
    get_text(&cursor, out->office_name, CERT_NAME_BYTES_MAX);
    get_text(&cursor, out->node_name, CERT_NAME_BYTES_MAX);
    get_text(&cursor, out->country, COUNTRY_BYTES);
    get_text(&cursor, out->type, CERT_TYPE_BYTES_MAX);
    out->time_ms = cbor_get_uint(&cursor);
    rc = cursor_end(&cursor);
    if (rc == ERR_OK && (!texts_are_valid(out) || !keys_are_valid(out))) {
        rc = ERR_MALFORMED;
    }
    return rc;
}

enum err
cert_decode(struct cert *out, struct bytes encoded)
{
    struct cert cert = {0};
    struct signature office = {{0}};
    struct signature sign = {{0}};
    struct cursor cursor = cursor_init(encoded);
    struct bytes body = {0};
    size_t count = 0;
    enum err rc = ERR_OK;

    if (encoded.size > CERT_BYTES_MAX) {
        return ERR_MALFORMED;
    }
    count = cbor_get_array(&cursor);
    body = cbor_get_bytes(&cursor);
    cbor_get_fixed(&cursor, office.bytes, sizeof(office.bytes));
    cbor_get_fixed(&cursor, sign.bytes, sizeof(sign.bytes));
    rc = cursor_end(&cursor);
    if (rc != ERR_OK || count != CERT_ITEMS) {
        return ERR_MALFORMED;
    }
    rc = body_decode(&cert, body);
    if (rc == ERR_OK) {
        rc = keys_verify_office(&cert.office, body, &office);
    }
    if (rc == ERR_OK) {
        rc = keys_verify_node(&cert.keys.sign, body, &sign);
    }
    if (rc == ERR_OK) {
        *out = cert;
    }
    return rc;
}
