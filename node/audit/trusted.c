/* SPDX-License-Identifier: Apache-2.0 */
#include "node/audit/trusted.h"

#include <string.h>

#include "crypto/base/cursor.h"
#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "node/audit/slip.h"
#include "node/audit/tree.h"

static const char name_start[] = "corridor.internal/";

/* 64 lower-case digits and a slash. */
static bool
take_id(struct cursor *cursor, uint8_t out[32])
{
    const struct bytes digits = cursor_take(cursor, 64);
    const struct bytes slash = cursor_take(cursor, 1);

    if (cursor->failed || slash.data[0] != '/') {
        return false;
    }
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] >= 'A' && digits.data[i] <= 'F') {
            return false;
        }
    }
    return hex_decode((const char *)digits.data, digits.size, out, 32);
}

void
key_name_parse(struct key_name *out, struct bytes name)
{
    struct cursor cursor = cursor_init(name);
    struct key_name parsed = {.role = KEY_OF_OTHER};
    struct bytes start = cursor_take(&cursor, strlen(name_start));
    struct bytes rest = {NULL, 0};

    *out = (struct key_name){.role = KEY_OF_OTHER};
    if (!bytes_equal(start, bytes_text(name_start)) ||
        !take_id(&cursor, parsed.corridor.bytes) ||
        !take_id(&cursor, parsed.log.node.bytes)) {
        return;
    }
    rest = cursor_take(&cursor, cursor_left(&cursor));
    if (bytes_equal(rest, bytes_text("control"))) {
        parsed.role = KEY_OF_LOG;
        parsed.log.kind = LOG_CONTROL;
    } else if (bytes_equal(rest, bytes_text("changes"))) {
        parsed.role = KEY_OF_LOG;
        parsed.log.kind = LOG_CHANGES;
    } else if (bytes_equal(rest, bytes_text("cosigner"))) {
        parsed.role = KEY_OF_COSIGNER;
    } else {
        return;
    }
    *out = parsed;
}

void
trusted_release(struct trusted *trusted)
{
    mem_free(trusted->items);
    *trusted = (struct trusted){0};
}

/* A key's type and name must say one thing. */
static enum err
check_key(const struct trusted_key *key, struct err_msg *msg)
{
    if (key->name.role == KEY_OF_LOG &&
        (key->key.type != NOTE_ED25519 ||
            memcmp(key->key.key.bytes, key->name.log.node.bytes, 32) != 0)) {
        return err_set(msg, ERR_CONFIG,
            "the key named %.60s… is another than its name says: it was not "
            "copied right, or not made by corridor",
            key->key.name);
    }
    if (key->name.role != KEY_OF_LOG && key->key.type != NOTE_COSIGNATURE) {
        return err_set(msg, ERR_CONFIG,
            "the key named %.60s is neither that of a corridor's log nor "
            "that of a witness",
            key->key.name);
    }
    return ERR_OK;
}

static enum err
add_key(struct trusted *trusted, struct bytes vkey, struct err_msg *msg)
{
    struct trusted_key key = {.was_used = false};
    char slip[SLIP_TEXT_BYTES];
    enum err rc = note_key_parse(&key.key, vkey);

    if (rc == ERR_VERSION) {
        return err_set(
            msg, ERR_CONFIG, "a key of a kind that is not known here");
    }
    if (rc != ERR_OK) {
        slip_find(slip, vkey);
        return err_set(msg, ERR_CONFIG,
            "this is no key, or was not copied right: %s", slip);
    }
    key_name_parse(&key.name, bytes_text(key.key.name));
    rc = check_key(&key, msg);
    if (rc != ERR_OK ||
        trusted_find(trusted, bytes_text(key.key.name), key.key.id) != NULL) {
        return rc;
    }
    if (trusted->count == TRUSTED_MAX) {
        return err_set(
            msg, ERR_CONFIG, "more than %d keys are given", TRUSTED_MAX);
    }
    rc = mem_grow((void **)&trusted->items, &trusted->capacity,
        trusted->count + 1, sizeof(*trusted->items));
    if (rc == ERR_OK) {
        trusted->items[trusted->count++] = key;
    }
    return rc;
}

/*
 * A line that begins with a number sign says something to people. One with a
 * key's name in it is a key whose line was broken, at its start or before.
 */
static enum err
check_comment(struct bytes line, struct err_msg *msg)
{
    const struct bytes sign = bytes_text(".internal/");

    for (size_t i = 0; i < line.size; i++) {
        if (line.data[i] < ' ' ||
            (line.size - i >= sign.size &&
                memcmp(line.data + i, sign.data, sign.size) == 0)) {
            return err_set(msg, ERR_CONFIG,
                "a line that begins with # is broken; write the key on a "
                "line of its own");
        }
    }
    return ERR_OK;
}

static enum err
add_line(struct trusted *trusted, struct bytes line, struct err_msg *msg)
{
    if (line.size == 0) {
        return ERR_OK;
    }
    return line.data[0] == '#' ? check_comment(line, msg)
                               : add_key(trusted, line, msg);
}

/* Without the blanks at both ends, and the carriage return of a line that was
 * typed on another system. */
static struct bytes
trim(struct bytes line)
{
    while (line.size > 0 && line.data[line.size - 1] != '\0' &&
           strchr(" \t\r", line.data[line.size - 1]) != NULL) {
        line.size--;
    }
    while (line.size > 0 && (line.data[0] == ' ' || line.data[0] == '\t')) {
        line = bytes_of(line.data + 1, line.size - 1);
    }
    return line;
}

/* Lines, each a key or for people; the last may lack its newline. */
static enum err
add_lines(struct trusted *trusted, struct bytes text, struct err_msg *msg)
{
    const struct bytes mark = bytes_text("\xef\xbb\xbf");
    bool has_key = false;
    unsigned number = 0;
    enum err rc = ERR_OK;

    if (text.size >= mark.size &&
        memcmp(text.data, mark.data, mark.size) == 0) { /* an editor's */
        text = bytes_of(text.data + mark.size, text.size - mark.size);
    }
    while (rc == ERR_OK && text.size > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        size_t size = end == NULL ? text.size : (size_t)(end - text.data);
        size_t used = end == NULL ? size : size + 1;
        const struct bytes line = trim(bytes_of(text.data, size));

        has_key |= line.size > 0 && line.data[0] != '#';
        rc = add_line(trusted, line, msg);
        text = bytes_of(text.data + used, text.size - used);
        number++;
    }
    if (rc == ERR_CONFIG) {
        rc = err_prefix(msg, rc, "line %u", number);
    }
    if (rc == ERR_OK && !has_key) {
        rc = err_set(msg, ERR_CONFIG, "there is no key in it");
    }
    return rc;
}

enum err
trusted_add(struct trusted *trusted, const char *word, struct err_msg *msg)
{
    struct note_key key;
    struct buf file = {0};
    enum err rc = note_key_parse(&key, bytes_text(word));

    if (rc == ERR_OK || rc == ERR_VERSION) {
        return add_key(trusted, bytes_text(word), msg);
    }
    rc = tree_read_named(&file, word, TRUSTED_FILE_BYTES_MAX, msg);
    if (rc == ERR_NOT_FOUND || rc == ERR_TOO_BIG) {
        rc = strchr(word, '+') != NULL
                 ? add_key(trusted, bytes_text(word), msg)
                 : err_set(msg, ERR_CONFIG,
                       "--key %.100s is neither a verifier key nor a file of "
                       "them%s",
                       word,
                       rc == ERR_NOT_FOUND ? ": there is no such file"
                                           : ": the file is too large");
    } else if (rc == ERR_OK) {
        rc = add_lines(trusted, buf_bytes(&file), msg);
        if (rc == ERR_CONFIG) {
            rc = err_prefix(msg, rc, "the key file %.100s", word);
        }
    }
    buf_release(&file);
    return rc;
}

bool
trusted_has_corridor(
    const struct trusted *trusted, const struct corridor_id *corridor)
{
    for (size_t i = 0; i < trusted->count; i++) {
        const struct trusted_key *key = &trusted->items[i];

        if (key->name.role != KEY_OF_OTHER &&
            corridor_id_equal(&key->name.corridor, corridor)) {
            return true;
        }
    }
    return false;
}

struct trusted_key *
trusted_find(const struct trusted *trusted, struct bytes name, uint32_t id)
{
    for (size_t i = 0; i < trusted->count; i++) {
        struct trusted_key *key = &trusted->items[i];

        if (key->key.id == id && bytes_equal(bytes_text(key->key.name), name)) {
            return key;
        }
    }
    return NULL;
}
