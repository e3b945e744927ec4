/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/fork_file.h"

#include "crypto/text.h"

static const char first_line[] = "corridor-fork@v1";

enum err
fork_file_write(struct buf *out, const struct fork_file *file)
{
    const size_t before = out->size;

    buf_printf(out, "%s\n", first_line);
    text_put_base64_line(out, "", bytes_hash(&file->root));
    text_put_proof(out, &file->proof);
    buf_put_u8(out, '\n');
    buf_put_bytes(out, file->older);
    buf_put_u8(out, '\n');
    buf_put_bytes(out, file->newer);
    if (buf_err(out) == ERR_OK && out->size - before > FORK_FILE_BYTES_MAX) {
        buf_truncate(out, before);
        return ERR_TOO_BIG;
    }
    return buf_err(out);
}

/* The lines up to an empty one, which is taken too, as a view of them all. */
static struct bytes
take_paragraph(struct cursor *cursor)
{
    const uint8_t *start = cursor->pos;

    while (cursor_left(cursor) > 0 && !text_is_next(cursor, "\n")) {
        (void)text_take_line(cursor);
    }
    if (cursor->failed) {
        return bytes_of(NULL, 0);
    }
    return bytes_of(start, (size_t)(cursor->pos - start));
}

/* A note whose text, as a checkpoint's, has no empty line, and one more. */
static struct bytes
take_note(struct cursor *cursor)
{
    const struct bytes text = take_paragraph(cursor);
    size_t lines = 0;

    text_take_exactly(cursor, "");
    lines = take_paragraph(cursor).size;
    text_take_exactly(cursor, "");
    if (cursor->failed || text.size == 0 || lines == 0) {
        cursor_fail(cursor);
        return bytes_of(NULL, 0);
    }
    return bytes_of(text.data, text.size + 1 + lines);
}

enum err
fork_file_read(struct fork_file *out, struct bytes encoded)
{
    struct cursor cursor = cursor_init(encoded);
    struct fork_file file = {.proof = {.count = 0}};

    if (encoded.size > FORK_FILE_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    text_take_exactly(&cursor, first_line);
    text_take_hash(&cursor, "", &file.root);
    text_take_proof(&cursor, &file.proof, MERKLE_PROOF_MAX);
    file.older = take_note(&cursor);
    file.newer = cursor_take(&cursor, cursor_left(&cursor));
    if (cursor_end(&cursor) != ERR_OK || file.newer.size == 0) {
        return ERR_MALFORMED;
    }
    *out = file;
    return ERR_OK;
}

enum err
fork_file_verify(const struct fork_file *file,
    const struct checkpoint_keys *keys, struct fork_notes *out)
{
    struct fork_notes notes;
    const struct checkpoint *older = &notes.older.checkpoint;
    const struct checkpoint *newer = &notes.newer.checkpoint;
    struct merkle_claim claim = {.size = 0};
    enum err rc = checkpoint_note_verify(&notes.older, file->older, keys);

    if (rc == ERR_OK) {
        rc = checkpoint_note_verify(&notes.newer, file->newer, keys);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    claim.size = newer->size;
    claim.root = &newer->root;
    rc = merkle_verify_consistency(
        older->size, &file->root, &claim, &file->proof);
    if (rc == ERR_OK && hash_equal(&file->root, &older->root)) {
        rc = ERR_BAD_SIGNATURE;
    }
    if (rc == ERR_OK && out != NULL) {
        *out = notes;
    }
    return rc;
}
