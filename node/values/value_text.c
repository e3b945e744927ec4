/* SPDX-License-Identifier: Apache-2.0 */
/* Words, numbers, names and contacts from single texts. */
#include <stdlib.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "crypto/base/num.h"
#include "node/values/digits.h"
#include "node/values/value_internal.h"

static bool
is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct bytes
value_trim(struct bytes text)
{
    while (text.size > 0 && is_space(text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && is_space(text.data[text.size - 1])) {
        text.size--;
    }
    return text;
}

void
value_put_short(struct buf *out, struct bytes text)
{
    if (text.size == 0) {
        cbor_put_null(out);
    } else {
        cbor_put_text(out, text);
    }
}

const char *
value_copy_text(struct buf *buf, struct bytes text)
{
    buf_put_bytes(buf, text);
    buf_put_u8(buf, 0);
    return buf_err(buf) == ERR_OK ? (const char *)buf->data : NULL;
}

static enum err
text_hex(struct buf *out, const char *text, size_t size, struct err_msg *msg)
{
    uint8_t id[32];

    if (!hex_decode(text, strlen(text), id, size)) {
        return err_set(
            msg, ERR_MALFORMED, "not an id of %zu hex digits", size * 2);
    }
    cbor_put_bytes(out, bytes_of(id, size));
    return ERR_OK;
}

enum err
value_text_id(struct buf *out, const char *text, struct err_msg *msg)
{
    return text_hex(out, text, sizeof(struct record_id), msg);
}

enum err
value_text_office(struct buf *out, const char *text, struct err_msg *msg)
{
    return text_hex(out, text, sizeof(struct office_id), msg);
}

enum err
value_text_code(struct buf *out, const char *text, struct err_msg *msg)
{
    if (!value_is_code(bytes_text(text))) {
        return err_set(msg, ERR_MALFORMED, "not a code word");
    }
    cbor_put_cstr(out, text);
    return ERR_OK;
}

static int
bytes_order(const void *a, const void *b)
{
    const struct bytes *x = a;
    const struct bytes *y = b;

    return bytes_compare(*x, *y);
}

/* "debt, wages": in any order, each once. */
enum err
value_text_codes(struct buf *out, const char *text, struct err_msg *msg)
{
    struct bytes codes[VALUE_ITEMS_MAX];
    size_t count = 0;
    const char *pos = text;

    while (*pos != '\0') {
        size_t size = strcspn(pos, ", ");

        if (size > 0) {
            if (count == VALUE_ITEMS_MAX ||
                !value_is_code(bytes_of(pos, size))) {
                return err_set(msg, ERR_MALFORMED,
                    "not a list of code words with commas between");
            }
            codes[count++] = bytes_of(pos, size);
        }
        pos += size + (pos[size] == '\0' ? 0 : 1);
    }
    qsort(codes, count, sizeof(codes[0]), bytes_order);
    cbor_put_array(out, count);
    for (size_t i = 0; i < count; i++) {
        cbor_put_text(out, codes[i]);
    }
    return ERR_OK;
}

enum err
value_text_tx(struct buf *out, const char *text, struct err_msg *msg)
{
    if (text[0] == '\0') {
        return err_set(msg, ERR_MALFORMED, "an empty text is no value");
    }
    cbor_put_array(out, 2);
    cbor_put_cstr(out, text);
    cbor_put_null(out);
    return ERR_OK;
}

/* Digits of any script, with a sign if `is_signed`. */
static enum err
text_number(
    struct buf *out, const char *text, bool is_signed, struct err_msg *msg)
{
    struct buf folded = {0};
    struct bytes digits = {NULL, 0};
    uint64_t number = 0;
    bool negative = false;
    enum err rc = ERR_OK;

    digits_fold(&folded, value_trim(bytes_text(text)));
    rc = buf_err(&folded);
    if (rc != ERR_OK) {
        goto out;
    }
    digits = buf_bytes(&folded);
    if (is_signed && digits.size > 0 && digits.data[0] == '-') {
        negative = true;
        digits = bytes_of(digits.data + 1, digits.size - 1);
    }
    if (digits.size == 0 ||
        !num_parse_u64((const char *)digits.data, digits.size, &number) ||
        number > INT64_MAX || (negative && number == 0)) {
        rc = err_set(msg, ERR_MALFORMED, "not a whole number");
        goto out;
    }
    cbor_put_int(out, negative ? -(int64_t)number : (int64_t)number);
out:
    buf_release(&folded);
    return rc;
}

enum err
value_text_n(struct buf *out, const char *text, struct err_msg *msg)
{
    return text_number(out, text, true, msg);
}

enum err
value_text_ts(struct buf *out, const char *text, struct err_msg *msg)
{
    return text_number(out, text, false, msg);
}

enum err
value_text_b(struct buf *out, const char *text, struct err_msg *msg)
{
    bool yes = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;

    if (!yes && strcmp(text, "no") != 0 && strcmp(text, "false") != 0) {
        return err_set(msg, ERR_MALFORMED, "write yes or no");
    }
    cbor_put_bool(out, yes);
    return ERR_OK;
}

/* Append `folded` without what people put between the digits of a number. */
static void
phone_squeeze(struct buf *out, struct bytes folded)
{
    for (size_t i = 0; i < folded.size; i++) {
        if (strchr(" -().", folded.data[i]) == NULL) {
            buf_put_u8(out, folded.data[i]);
        }
    }
}

enum err
value_put_phone(struct buf *out, struct bytes app, struct bytes number,
    struct bytes written, struct bytes whose)
{
    struct buf digits = {0};
    struct buf folded = {0};
    struct bytes shown = value_trim(written.size > 0 ? written : number);
    enum err rc = ERR_OK;

    /* A handle means what it says, to the letter. */
    if (app.size > 0) {
        buf_put_bytes(&folded, value_trim(number));
    } else {
        digits_fold(&digits, number);
        phone_squeeze(&folded, buf_bytes(&digits));
    }
    rc = buf_err(&digits) != ERR_OK ? buf_err(&digits) : buf_err(&folded);
    if (rc != ERR_OK) {
        goto out;
    }
    cbor_put_array(out, 4);
    cbor_put_text(out, buf_bytes(&folded));
    value_put_short(out, app);
    value_put_short(out, whose);
    value_put_short(out,
        bytes_equal(buf_bytes(&folded), shown) ? bytes_of(NULL, 0) : shown);
out:
    buf_release(&digits);
    buf_release(&folded);
    return rc;
}

/* "+855 12 345 678", "1300" or "line:handle". */
enum err
value_text_ph(struct buf *out, const char *text, struct err_msg *msg)
{
    const char *colon = strchr(text, ':');
    struct bytes app = {NULL, 0};

    if (colon != NULL) {
        app = bytes_of(text, (size_t)(colon - text));
        if (!value_is_code(app)) {
            return err_set(msg, ERR_MALFORMED, "not an app: write line:handle");
        }
        text = colon + 1;
    }
    return value_put_phone(
        out, app, bytes_text(text), bytes_of(NULL, 0), bytes_of(NULL, 0));
}

enum err
value_text_pl(struct buf *out, const char *text, struct err_msg *msg)
{
    if (!value_is_code(bytes_text(text))) {
        return err_set(msg, ERR_MALFORMED,
            "not a place code: write one like TH-10, or an object with code "
            "and written");
    }
    cbor_put_array(out, 3);
    cbor_put_cstr(out, text);
    cbor_put_null(out);
    cbor_put_null(out);
    return ERR_OK;
}

enum err
value_text_nm(struct buf *out, const char *text, struct err_msg *msg)
{
    struct bytes name = value_trim(bytes_text(text));
    const char *script = script_of(name);

    if (name.size == 0) {
        return err_set(msg, ERR_MALFORMED, "an empty name is no name");
    }
    cbor_put_array(out, 3);
    cbor_put_text(out, name);
    value_put_short(out, bytes_text(script == NULL ? "" : script));
    cbor_put_null(out);
    return ERR_OK;
}

/* Append digits folded, no spaces or hyphens, ASCII letters in capitals. */
static enum err
id_fold(struct buf *out, struct bytes printed)
{
    struct buf digits = {0};
    enum err rc = ERR_OK;

    digits_fold(&digits, printed);
    for (size_t i = 0; i < digits.size; i++) {
        uint8_t c = digits.data[i];

        if (c != ' ' && c != '-') {
            buf_put_u8(out, c >= 'a' && c <= 'z' ? (uint8_t)(c - 0x20) : c);
        }
    }
    rc = buf_err(&digits);
    buf_release(&digits);
    return rc == ERR_OK ? buf_err(out) : rc;
}

enum err
value_put_id(struct buf *out, struct bytes type, struct bytes issuer,
    struct bytes printed)
{
    struct buf folded = {0};
    enum err rc = id_fold(&folded, printed);

    if (rc == ERR_OK) {
        cbor_put_array(out, 4);
        cbor_put_text(out, type);
        value_put_short(out, issuer);
        cbor_put_text(out, printed);
        value_put_short(out, bytes_equal(buf_bytes(&folded), printed)
                                 ? bytes_of(NULL, 0)
                                 : buf_bytes(&folded));
    }
    buf_release(&folded);
    return rc;
}

/* The words before the colons: "type:ISSUER:number", "type:number". */
enum err
value_text_idn(struct buf *out, const char *text, struct err_msg *msg)
{
    const char *first = strchr(text, ':');
    const char *second = first == NULL ? NULL : strchr(first + 1, ':');
    struct bytes type = {NULL, 0};
    struct bytes issuer = {NULL, 0};
    struct bytes number = {NULL, 0};

    if (first != NULL) {
        type = bytes_of(text, (size_t)(first - text));
        number = value_trim(bytes_text(first + 1));
    }
    if (second != NULL) {
        issuer = bytes_of(first + 1, (size_t)(second - first - 1));
        number = value_trim(bytes_text(second + 1));
    }
    if (!value_is_code(type) || (issuer.size > 0 && !value_is_code(issuer)) ||
        number.size == 0) {
        return err_set(msg, ERR_MALFORMED,
            "not an identity number: write passport:KH:N1234567");
    }
    return value_put_id(out, type, issuer, number);
}

/* "mother: name". */
enum err
value_text_kn(struct buf *out, const char *text, struct err_msg *msg)
{
    const char *colon = strchr(text, ':');
    struct bytes relation = {NULL, 0};
    struct bytes name = {NULL, 0};

    if (colon != NULL) {
        relation = bytes_of(text, (size_t)(colon - text));
        name = value_trim(bytes_text(colon + 1));
    }
    if (!value_is_code(relation) || name.size == 0) {
        return err_set(
            msg, ERR_MALFORMED, "not a relation: write mother: her name");
    }
    cbor_put_array(out, 3);
    cbor_put_text(out, relation);
    cbor_put_null(out);
    cbor_put_text(out, name);
    return ERR_OK;
}
