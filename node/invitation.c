/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "node/invite.h"

enum { NOTE_VERSION = 1, NOTE_ITEMS = 6 };

void
invitation_hash(struct hash *out, const struct secret_key *secret)
{
    hash_sha256(out, bytes_of(secret->bytes, sizeof(secret->bytes)));
}

void
invitation_name(char out[INVITATION_NAME_CHARS + 1], const struct hash *hash)
{
    memcpy(out, "invite/", 7);
    hex_encode(out + 7, bytes_hash(hash));
}

enum err
invitation_encode(struct buf *out, const struct invitation *invitation)
{
    cbor_put_array(out, NOTE_ITEMS);
    cbor_put_uint(out, NOTE_VERSION);
    cbor_put_bytes(out, bytes_of(invitation->secret.bytes, 32));
    cbor_put_uint(out, invitation->roles);
    cbor_put_uint(out, invitation->expires_ms);
    if (invitation->code[0] == '\0') {
        cbor_put_null(out);
    } else {
        cbor_put_cstr(out, invitation->code);
    }
    if (invitation->is_used) {
        cbor_put_array(out, 2);
        cbor_put_bytes(out, bytes_of(invitation->office.bytes, 32));
        cbor_put_bytes(out, bytes_of(invitation->node.bytes, 32));
    } else {
        cbor_put_null(out);
    }
    return buf_err(out);
}

static void
take_code(struct cursor *cursor, char out[OFFICE_CODE_CHARS + 1])
{
    struct bytes text = cbor_get_text(cursor);
    char canonical[OFFICE_CODE_CHARS + 1];

    if (office_code_parse(canonical, text) != ERR_OK ||
        !bytes_equal(text, bytes_text(canonical))) {
        cursor_fail(cursor);
        return;
    }
    memcpy(out, canonical, sizeof(canonical));
}

enum err
invitation_decode(struct invitation *out, struct bytes note)
{
    struct cursor cursor = cursor_init(note);
    struct invitation got = {.roles = 0};
    uint64_t roles = 0;
    enum err rc = ERR_OK;

    if (cbor_get_array(&cursor) != NOTE_ITEMS ||
        cbor_get_uint(&cursor) != NOTE_VERSION) {
        return ERR_MALFORMED;
    }
    cbor_get_fixed(&cursor, got.secret.bytes, 32);
    roles = cbor_get_uint(&cursor);
    got.roles = (uint8_t)(roles & UINT8_MAX);
    got.expires_ms = cbor_get_uint(&cursor);
    if (!cbor_take_null(&cursor)) {
        take_code(&cursor, got.code);
    }
    got.is_used = !cbor_take_null(&cursor);
    if (got.is_used) {
        if (cbor_get_array(&cursor) != 2) {
            cursor_fail(&cursor);
        }
        cbor_get_fixed(&cursor, got.office.bytes, 32);
        cbor_get_fixed(&cursor, got.node.bytes, 32);
    }
    rc = roles > UINT8_MAX ? ERR_MALFORMED : cursor_end(&cursor);
    if (rc == ERR_OK) {
        *out = got;
    }
    mem_wipe(&got, sizeof(got));
    return rc;
}

enum err
invitation_check(const struct invitation *invitation, const struct cert *cert,
    uint64_t wall_ms, struct err_msg *msg)
{
    char code[OFFICE_CODE_CHARS + 1];

    if (wall_ms >= invitation->expires_ms) {
        return err_set(msg, ERR_DENIED, "the invitation has run out");
    }
    if (invitation->is_used &&
        (!office_id_equal(&invitation->office, &cert->office) ||
            !node_id_equal(&invitation->node, &cert->keys.sign))) {
        return err_set(
            msg, ERR_DENIED, "the invitation was used by another office");
    }
    office_code(code, &cert->office);
    if (invitation->code[0] != '\0' && strcmp(code, invitation->code) != 0) {
        return err_set(msg, ERR_DENIED, "the invitation is for another office");
    }
    return ERR_OK;
}
