/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/proof_file.h"

#include <inttypes.h>

#include "crypto/text.h"

static const char first_line[] = "c2sp.org/tlog-proof@v1";
static const char extra_start[] = "extra ";
static const char index_start[] = "index ";

enum err
proof_file_write(
    struct buf *out, const struct proof_file *file, struct bytes extra)
{
    const size_t before = out->size;

    if (extra.size > PROOF_FILE_EXTRA_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    buf_printf(out, "%s\n", first_line);
    if (extra.size > 0) {
        text_put_base64_line(out, extra_start, extra);
    }
    buf_printf(out, "%s%" PRIu64 "\n", index_start, file->index);
    text_put_proof(out, &file->proof);
    buf_put_u8(out, '\n');
    buf_put_bytes(out, file->checkpoint);
    if (buf_err(out) == ERR_OK && out->size - before > PROOF_FILE_BYTES_MAX) {
        buf_truncate(out, before);
        return ERR_TOO_BIG;
    }
    return buf_err(out);
}

enum err
proof_file_read(struct proof_file *out, struct bytes encoded)
{
    struct cursor cursor = cursor_init(encoded);
    struct proof_file file = {.index = 0};

    if (encoded.size > PROOF_FILE_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    text_take_exactly(&cursor, first_line);
    if (text_is_next(&cursor, extra_start)) {
        file.extra =
            text_take_base64(&cursor, extra_start, PROOF_FILE_EXTRA_BYTES_MAX);
    }
    file.index = text_take_number(&cursor, index_start);
    text_take_proof(&cursor, &file.proof, MERKLE_PROOF_MAX);
    file.checkpoint = cursor_take(&cursor, cursor_left(&cursor));
    if (cursor_end(&cursor) != ERR_OK || file.checkpoint.size == 0) {
        return ERR_MALFORMED;
    }
    *out = file;
    return ERR_OK;
}

enum err
proof_file_verify(const struct proof_file *file, struct bytes leaf,
    const struct checkpoint_keys *keys, struct checkpoint_note *out_note)
{
    struct checkpoint_note note;
    struct hash hash;
    struct merkle_claim claim = {.start = file->index, .subtree = &hash};
    enum err rc = checkpoint_note_verify(&note, file->checkpoint, keys);

    if (rc != ERR_OK) {
        return rc;
    }
    if (file->index >= note.checkpoint.size) {
        return ERR_BAD_SIGNATURE;
    }
    merkle_leaf(&hash, leaf);
    claim.end = file->index + 1;
    claim.size = note.checkpoint.size;
    claim.root = &note.checkpoint.root;
    rc = merkle_verify_inclusion(&claim, &file->proof);
    if (rc == ERR_OK && out_note != NULL) {
        *out_note = note;
    }
    return rc;
}
