/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/checkpoint_note.h"

#include <string.h>

#include "crypto/base/num.h"
#include "crypto/note_internal.h"

enum err
checkpoint_note_peek(struct checkpoint *out, struct bytes encoded)
{
    struct note note;
    const enum err rc = note_parse(&note, encoded);

    return rc == ERR_OK ? checkpoint_parse(out, note.text) : rc;
}

/* What comes of a line that is not the log's. */
static void
judge_line(struct checkpoint_note *out, const struct note_signature *signature,
    const struct checkpoint_keys *keys)
{
    struct checkpoint_line *line = &out->lines[out->line_count++];

    *line = (struct checkpoint_line){.state = CHECKPOINT_LINE_UNKNOWN,
        .name = signature->name,
        .id = signature->id};
    for (size_t i = 0; i < keys->cosigner_count; i++) {
        const struct note_key *key = &keys->cosigners[i];

        if (key->type != NOTE_COSIGNATURE || !note_line_is_by(signature, key)) {
            continue;
        }
        line->cosigner = i;
        if (note_line_holds(signature, key, out->text)) {
            line->state = CHECKPOINT_LINE_COSIGNED;
            line->time = num_load_u64(signature->bytes);
            out->cosigned_count++;
        } else {
            line->state = CHECKPOINT_LINE_BROKEN;
            out->broken_count++;
        }
        return;
    }
    out->unknown_count++;
}

/* Add the log's line. */
static void
add_log_line(
    struct checkpoint_note *out, const struct note_signature *signature)
{
    out->lines[out->line_count++] =
        (struct checkpoint_line){.state = CHECKPOINT_LINE_LOG,
            .name = signature->name,
            .id = signature->id};
}

/* Judge all lines; *out_logs gets how many are the log's, which all hold. */
static enum err
judge_note(struct checkpoint_note *out, const struct note *note,
    const struct checkpoint_keys *keys, size_t *out_logs)
{
    out->text = note->text;
    *out_logs = 0;
    for (size_t i = 0; i < note->signature_count; i++) {
        const struct note_signature *line = &note->signatures[i];

        if (keys->log == NULL || !note_line_is_by(line, keys->log)) {
            judge_line(out, line, keys);
            continue;
        }
        if (!note_line_holds(line, keys->log, note->text)) {
            return ERR_BAD_SIGNATURE;
        }
        add_log_line(out, line);
        (*out_logs)++;
    }
    return ERR_OK;
}

/* Read and judge a note of the log's origin; *out_logs as above. */
static enum err
read_note(struct checkpoint_note *out, struct bytes encoded,
    const struct checkpoint_keys *keys, size_t *out_logs)
{
    struct note note;
    enum err rc = note_parse(&note, encoded);

    if (rc == ERR_OK) {
        rc = checkpoint_parse(&out->checkpoint, note.text);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (keys->log->type != NOTE_ED25519 ||
        strcmp(out->checkpoint.origin, keys->log->name) != 0) {
        return ERR_BAD_SIGNATURE;
    }
    return judge_note(out, &note, keys, out_logs);
}

enum err
checkpoint_note_read(struct checkpoint_note *out, struct bytes encoded,
    const struct checkpoint_keys *keys)
{
    struct checkpoint_note note = {.line_count = 0};
    size_t logs = 0;
    enum err rc = read_note(&note, encoded, keys, &logs);

    if (rc == ERR_OK && logs == 0) {
        rc = ERR_BAD_SIGNATURE;
    }
    if (rc == ERR_OK) {
        *out = note;
    }
    return rc;
}

enum err
checkpoint_note_vouched(struct checkpoint_note *out, struct bytes encoded,
    const struct checkpoint_keys *keys)
{
    struct checkpoint_note note = {.line_count = 0};
    size_t logs = 0;
    enum err rc = read_note(&note, encoded, keys, &logs);

    if (rc == ERR_OK && note.cosigned_count == 0) {
        rc = ERR_BAD_SIGNATURE;
    }
    if (rc == ERR_OK) {
        *out = note;
    }
    return rc;
}

enum err
checkpoint_note_verify(struct checkpoint_note *out, struct bytes encoded,
    const struct checkpoint_keys *keys)
{
    struct checkpoint_note note;
    const enum err rc = checkpoint_note_read(&note, encoded, keys);

    if (rc != ERR_OK) {
        return rc;
    }
    if (note.broken_count > 0) {
        return ERR_BAD_SIGNATURE;
    }
    *out = note;
    return ERR_OK;
}

enum err
checkpoint_note_answer(struct checkpoint_note *out, struct bytes answer,
    struct bytes text, const struct checkpoint_keys *keys)
{
    struct checkpoint_note result = {.line_count = 0};
    struct checkpoint_keys cosigners = *keys;
    struct note note = {.text = text};
    struct cursor cursor = cursor_init(answer);
    size_t logs = 0;
    enum err rc = ERR_OK;

    cosigners.log = NULL;
    if (answer.size > NOTE_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    rc = note_is_text(answer) ? note_take_lines(&note, &cursor) : ERR_MALFORMED;
    if (rc == ERR_OK) {
        rc = judge_note(&result, &note, &cosigners, &logs);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (result.broken_count > 0 || result.cosigned_count == 0) {
        return ERR_BAD_SIGNATURE;
    }
    *out = result;
    return ERR_OK;
}
