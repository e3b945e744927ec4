/* SPDX-License-Identifier: Apache-2.0 */
#include "node/invite.h"

#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/mem.h"

static const char prefix[] = "corridor-invite-1:";
static const char label[] = "corridor/invite/1";

static void
put_body(struct buf *out, const struct invite *invite)
{
    cbor_put_array(out, 8);
    cbor_put_cstr(out, label);
    cbor_put_bytes(out, bytes_of(invite->corridor.bytes, 32));
    cbor_put_bytes(out, bytes_of(invite->node.bytes, 32));
    cbor_put_bytes(out, bytes_of(invite->noise.bytes, 32));
    cbor_put_cstr(out, invite->code);
    cbor_put_bytes(out, bytes_of(invite->secret.bytes, 32));
    cbor_put_uint(out, invite->expires_ms);
    cbor_put_array(out, invite->address_count);
    for (size_t i = 0; i < invite->address_count; i++) {
        cbor_put_cstr(out, invite->addresses[i]);
    }
}

/* Characters of base32 for so many bytes. */
static size_t
base32_chars(size_t size)
{
    return (size * 8 + 4) / 5;
}

enum err
invite_format(struct buf *out, const struct invite *invite)
{
    struct buf body = {0};
    char check[CODE_CHECK_CHARS + 1];
    char *text = NULL;
    enum err rc = ERR_OK;

    put_body(&body, invite);
    rc = buf_err(&body);
    if (rc != ERR_OK) {
        goto out;
    }
    text = mem_alloc(base32_chars(body.size) + 1);
    if (text == NULL) {
        rc = ERR_NOMEM;
        goto out;
    }
    code_base32(text, buf_bytes(&body));
    code_check(check, bytes_text(text));
    buf_put_text(out, prefix);
    buf_put_text(out, text);
    buf_put_text(out, check);
    mem_wipe(text, base32_chars(body.size));
    rc = buf_err(out);
out:
    mem_free(text);
    buf_wipe(&body); /* it holds the secret */
    return rc;
}

static void
take_text(struct cursor *cursor, char *out, size_t max)
{
    struct bytes text = cbor_get_text(cursor);

    if (text.size > max || text.size == 0 ||
        memchr(text.data, '\0', text.size) != NULL) {
        cursor_fail(cursor);
        return;
    }
    memcpy(out, text.data, text.size);
    out[text.size] = '\0';
}

static enum err
parse_body(struct invite *out, struct bytes body)
{
    struct cursor cursor = cursor_init(body);
    struct invite got = {.address_count = 0};
    char code[OFFICE_CODE_CHARS + 1];
    enum err rc = ERR_MALFORMED;

    if (cbor_get_array(&cursor) != 8 ||
        !bytes_equal(cbor_get_text(&cursor), bytes_text(label))) {
        return ERR_MALFORMED;
    }
    cbor_get_fixed(&cursor, got.corridor.bytes, 32);
    cbor_get_fixed(&cursor, got.node.bytes, 32);
    cbor_get_fixed(&cursor, got.noise.bytes, 32);
    take_text(&cursor, got.code, OFFICE_CODE_CHARS);
    cbor_get_fixed(&cursor, got.secret.bytes, 32);
    got.expires_ms = cbor_get_uint(&cursor);
    got.address_count = cbor_get_array(&cursor);
    if (got.address_count > INVITE_ADDRESSES_MAX) {
        goto out;
    }
    for (size_t i = 0; i < got.address_count; i++) {
        take_text(&cursor, got.addresses[i], INVITE_ADDRESS_BYTES_MAX);
    }
    if (cursor_end(&cursor) != ERR_OK ||
        office_code_parse(code, bytes_text(got.code)) != ERR_OK ||
        strcmp(code, got.code) != 0) {
        goto out;
    }
    *out = got;
    rc = ERR_OK;
out:
    mem_wipe(&got, sizeof(got));
    return rc;
}

/* Without the white space that copying puts around a line. */
static struct bytes
trim(struct bytes line)
{
    while (line.size > 0 && line.data[0] <= ' ') {
        line = bytes_of(line.data + 1, line.size - 1);
    }
    while (line.size > 0 && line.data[line.size - 1] <= ' ') {
        line.size--;
    }
    return line;
}

/* The check is over the text as it was printed: letters may come back small. */
static bool
check_fits(struct bytes digits, struct bytes check)
{
    char canonical[INVITE_LINE_BYTES_MAX + 1];
    char expected[CODE_CHECK_CHARS + 1];
    uint8_t difference = 0;

    for (size_t i = 0; i < digits.size; i++) {
        uint8_t c = digits.data[i];
        canonical[i] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    canonical[digits.size] = '\0';
    code_check(expected, bytes_of(canonical, digits.size));
    mem_wipe(canonical, sizeof(canonical));
    for (size_t i = 0; i < CODE_CHECK_CHARS; i++) {
        uint8_t c = check.data[i];
        uint8_t upper = (uint8_t)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        difference |= (uint8_t)(upper ^ (uint8_t)expected[i]);
    }
    return difference == 0;
}

enum err
invite_parse(struct invite *out, struct bytes line, struct err_msg *msg)
{
    size_t skip = sizeof(prefix) - 1;
    struct bytes text = trim(line);
    struct bytes digits;
    uint8_t *body = NULL;
    size_t size = 0;
    enum err rc = ERR_MALFORMED;

    if (text.size <= skip + CODE_CHECK_CHARS ||
        text.size > INVITE_LINE_BYTES_MAX ||
        memcmp(text.data, prefix, skip) != 0) {
        return err_set(msg, ERR_MALFORMED,
            "this is not an invitation: it begins with \"%s\"", prefix);
    }
    digits = bytes_of(text.data + skip, text.size - skip - CODE_CHECK_CHARS);
    if (!check_fits(
            digits, bytes_of(digits.data + digits.size, CODE_CHECK_CHARS))) {
        return err_set(msg, ERR_MALFORMED,
            "the invitation is mistyped or cut: copy the whole line again");
    }
    size = digits.size * 5 / 8;
    body = mem_alloc(size + 1);
    if (body == NULL) {
        return err_set(msg, ERR_NOMEM, "no memory");
    }
    rc = code_base32_parse(body, size, digits);
    if (rc == ERR_OK) {
        rc = parse_body(out, bytes_of(body, size));
    }
    if (rc != ERR_OK) {
        rc = err_set(msg, ERR_MALFORMED,
            "the invitation holds what this version does not understand");
    }
    mem_wipe(body, size);
    mem_free(body);
    return rc;
}
