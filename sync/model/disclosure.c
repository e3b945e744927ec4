/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/disclosure.h"

#include <string.h>

#include "crypto/text.h"
#include "sync/model/log.h"

static const char first_line[] = "corridor-disclosure@v1";
static const char header_start[] = "header ";
static const char body_start[] = "body ";
static const char opening_start[] = "opening ";
static const char plaintext_start[] = "plaintext ";

void
disclosure_release(struct disclosure *disclosure)
{
    buf_release(&disclosure->header);
    buf_wipe(&disclosure->plaintext);
    memset(disclosure, 0, sizeof(*disclosure));
}

enum err
disclosure_write(struct buf *out, const struct disclosure *disclosure)
{
    const size_t before = out->size;
    enum err rc = ERR_OK;

    buf_printf(out, "%s\n", first_line);
    text_put_base64_line(out, header_start, buf_bytes(&disclosure->header));
    text_put_base64_line(out, body_start, bytes_hash(&disclosure->body_hash));
    text_put_base64_line(out, opening_start, bytes_hash(&disclosure->opening));
    text_put_base64_line(
        out, plaintext_start, buf_bytes(&disclosure->plaintext));
    buf_put_u8(out, '\n');
    rc = proof_file_write(out, &disclosure->proof, bytes_of(NULL, 0));
    if (rc == ERR_OK && out->size - before > DISCLOSURE_BYTES_MAX) {
        rc = ERR_TOO_BIG;
    }
    if (rc == ERR_TOO_BIG && buf_err(out) == ERR_OK) {
        buf_truncate(out, before);
    }
    return rc;
}

enum err
disclosure_read(struct disclosure *out, struct bytes encoded)
{
    struct cursor cursor = cursor_init(encoded);
    struct disclosure read = {.proof = {.index = 0}};
    struct bytes header = {NULL, 0};
    struct bytes plaintext = {NULL, 0};
    enum err rc = ERR_OK;

    if (encoded.size > DISCLOSURE_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    text_take_exactly(&cursor, first_line);
    header = text_take_base64(&cursor, header_start, ENTRY_HEADER_BYTES_MAX);
    text_take_hash(&cursor, body_start, &read.body_hash);
    text_take_hash(&cursor, opening_start, &read.opening);
    plaintext =
        text_take_base64(&cursor, plaintext_start, ENTRY_BODY_BYTES_MAX);
    text_take_exactly(&cursor, "");
    rc = proof_file_read(
        &read.proof, cursor_take(&cursor, cursor_left(&cursor)));
    /* An extra would be bytes that nothing authenticates. */
    if (cursor_end(&cursor) != ERR_OK || rc != ERR_OK ||
        read.proof.extra.size > 0) {
        return rc == ERR_TOO_BIG ? rc : ERR_MALFORMED;
    }
    text_decode(&read.header, header);
    text_decode(&read.plaintext, plaintext);
    rc = buf_err(&read.header) == ERR_OK ? buf_err(&read.plaintext)
                                         : buf_err(&read.header);
    if (rc != ERR_OK) {
        disclosure_release(&read);
        return rc;
    }
    *out = read;
    return ERR_OK;
}

void
disclosure_leaf(
    uint8_t out[ENTRY_LEAF_BYTES], const struct disclosure *disclosure)
{
    const struct entry entry = {
        .kind = ENTRY_CHANGE,
        .header = buf_bytes(&disclosure->header),
        .body_hash = disclosure->body_hash,
    };

    entry_leaf(out, &entry);
}

/* Does the header's seal commit to the plaintext there? */
static enum err
verify_seal(
    const struct disclosure *disclosure, const struct disclosure_place *place)
{
    const struct seal_place at = {
        .corridor = place->corridor,
        .node = &place->log->node,
        .log_kind = place->log->kind,
        .position = disclosure->proof.index,
        .kind = ENTRY_CHANGE,
    };
    struct header header;
    struct seal seal;
    const enum err rc = header_decode(&header, buf_bytes(&disclosure->header),
        (enum log_kind)place->log->kind, disclosure->proof.index);

    if (rc != ERR_OK) {
        return rc;
    }
    seal_compute(
        &seal, &disclosure->opening, &at, buf_bytes(&disclosure->plaintext));
    return memcmp(seal.bytes, header.seal.bytes, sizeof(seal.bytes)) == 0
               ? ERR_OK
               : ERR_BAD_SIGNATURE;
}

enum err
disclosure_verify(const struct disclosure *disclosure,
    const struct disclosure_place *place, const struct checkpoint_keys *keys,
    struct checkpoint_note *out_note)
{
    struct checkpoint_note note;
    char origin[LOG_ORIGIN_BYTES_MAX + 1];
    uint8_t leaf[ENTRY_LEAF_BYTES];
    enum err rc = ERR_OK;

    log_origin(origin, place->corridor, place->log);
    if (strcmp(origin, keys->log->name) != 0) {
        return ERR_BAD_SIGNATURE;
    }
    disclosure_leaf(leaf, disclosure);
    rc = proof_file_verify(
        &disclosure->proof, bytes_of(leaf, sizeof(leaf)), keys, &note);
    if (rc == ERR_OK) {
        rc = verify_seal(disclosure, place);
    }
    if (rc == ERR_OK && out_note != NULL) {
        *out_note = note;
    }
    return rc;
}
