/* SPDX-License-Identifier: Apache-2.0 */
#include "node/witness/policy.h"

#include <string.h>

#include "crypto/base/mem.h"
#include "storage/disk.h"

enum { WORDS_MAX = 5 };

/* A line's words, views of it; one more than WORDS_MAX: too many. */
struct words {
    struct bytes words[WORDS_MAX + 1];
    size_t count;
};

static bool
is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void
split(struct words *out, struct bytes line)
{
    size_t at = 0;

    out->count = 0;
    while (at < line.size && out->count <= WORDS_MAX) {
        size_t start = 0;

        while (at < line.size && is_space(line.data[at])) {
            at++;
        }
        start = at;
        while (at < line.size && !is_space(line.data[at])) {
            at++;
        }
        if (at > start) {
            out->words[out->count++] = bytes_of(line.data + start, at - start);
        }
    }
}

static bool
is_word(const struct words *words, size_t n, const char *text)
{
    return n < words->count && bytes_equal(words->words[n], bytes_text(text));
}

/* As a text of at most `max` characters that are printed. */
static bool
copy_word(char *out, size_t max, struct bytes word)
{
    if (word.size > max) {
        return false;
    }
    for (size_t i = 0; i < word.size; i++) {
        if (word.data[i] <= ' ' || word.data[i] > '~') {
            return false;
        }
    }
    memcpy(out, word.data, word.size);
    out[word.size] = '\0';
    return true;
}

static enum err
take_key(
    struct note_key *out, struct bytes word, uint8_t type, struct err_msg *msg)
{
    struct note_key key;

    if (note_key_parse(&key, word) != ERR_OK || key.type != type) {
        return err_set(msg, ERR_CONFIG,
            type == NOTE_ED25519
                ? "this is no log's key: it stands in a log's vkey file, or "
                  "corridor audit key prints it"
                : "this is no witness's key, of cosignature/v1");
    }
    *out = key;
    return ERR_OK;
}

static enum err
take_log(
    struct witness_policy *out, const struct words *words, struct err_msg *msg)
{
    struct note_key key;
    enum err rc = ERR_OK;

    if (words->count < 2 || words->count > 3) {
        return err_set(msg, ERR_CONFIG, "it reads: log VKEY");
    }
    rc = take_key(&key, words->words[1], NOTE_ED25519, msg);
    for (size_t i = 0; i < out->log_count && rc == ERR_OK; i++) {
        if (strcmp(out->logs[i].name, key.name) == 0) {
            rc = err_set(msg, ERR_CONFIG, "that log has a key already");
        }
    }
    if (rc == ERR_OK && out->log_count == POLICY_LOGS_MAX) {
        rc =
            err_set(msg, ERR_CONFIG, "more than %d logs", (int)POLICY_LOGS_MAX);
    }
    if (rc == ERR_OK) {
        rc = mem_grow((void **)&out->logs, &out->log_capacity,
            out->log_count + 1, sizeof(*out->logs));
    }
    if (rc == ERR_OK) {
        out->logs[out->log_count++] = key;
    }
    return rc;
}

static bool
is_url(const char *url)
{
    return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
}

static enum err
take_witness(
    struct witness_policy *out, const struct words *words, struct err_msg *msg)
{
    struct policy_witness witness = {.name = ""};
    size_t size = 0;
    enum err rc = ERR_OK;

    if (words->count != 4) {
        return err_set(msg, ERR_CONFIG, "it reads: witness NAME VKEY URL");
    }
    if (out->witness_count == POLICY_WITNESSES_MAX) {
        return err_set(msg, ERR_CONFIG, "more than %d witnesses",
            (int)POLICY_WITNESSES_MAX);
    }
    if (!copy_word(witness.name, POLICY_NAME_BYTES_MAX, words->words[1]) ||
        !copy_word(witness.url, POLICY_URL_BYTES_MAX, words->words[3]) ||
        !is_url(witness.url)) {
        return err_set(msg, ERR_CONFIG,
            "a witness has a short name and a URL of https:// or http://");
    }
    rc = take_key(&witness.key, words->words[2], NOTE_COSIGNATURE, msg);
    for (size_t i = 0; i < out->witness_count && rc == ERR_OK; i++) {
        const struct policy_witness *other = &out->witnesses[i];

        if (strcmp(other->name, witness.name) == 0 ||
            (strcmp(other->key.name, witness.key.name) == 0 &&
                other->key.id == witness.key.id)) {
            rc = err_set(msg, ERR_CONFIG, "that witness stands there already");
        }
    }
    if (rc == ERR_OK) {
        size = strlen(witness.url);
        while (size > 0 && witness.url[size - 1] == '/') {
            witness.url[--size] = '\0';
        }
        out->witnesses[out->witness_count++] = witness;
    }
    return rc;
}

static enum err
take_line(struct witness_policy *out, struct bytes line, struct err_msg *msg)
{
    struct words words;

    split(&words, line);
    if (words.count == 0 || words.words[0].data[0] == '#') {
        return ERR_OK;
    }
    if (is_word(&words, 0, "log")) {
        return take_log(out, &words, msg);
    }
    if (is_word(&words, 0, "witness")) {
        return take_witness(out, &words, msg);
    }
    if (is_word(&words, 0, "quorum") && is_word(&words, 1, "none") &&
        words.count == 2) {
        return ERR_OK;
    }
    return err_set(msg, ERR_CONFIG,
        "a line begins with log, witness or #; groups and quorums are not for "
        "a node, which asks every witness");
}

enum err
policy_parse(struct witness_policy *out, struct bytes text, struct err_msg *msg)
{
    unsigned number = 0;
    enum err rc = ERR_OK;

    memset(out, 0, sizeof(*out));
    if (text.size > POLICY_BYTES_MAX) {
        return err_set(msg, ERR_CONFIG, "the policy is too long");
    }
    while (text.size > 0 && rc == ERR_OK) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        size_t size = end == NULL ? text.size : (size_t)(end - text.data);

        number++;
        rc = take_line(out, bytes_of(text.data, size), msg);
        size += end == NULL ? 0 : 1;
        text = bytes_of(text.data + size, text.size - size);
    }
    return rc == ERR_CONFIG ? err_prefix(msg, rc, "line %u", number) : rc;
}

enum err
policy_load(struct witness_policy *out, const char *path, struct err_msg *msg)
{
    struct buf text = {0};
    enum err rc = disk_read(&text, path, POLICY_BYTES_MAX, msg);

    memset(out, 0, sizeof(*out));
    if (rc == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    if (rc == ERR_OK) {
        rc = policy_parse(out, buf_bytes(&text), msg);
        if (rc != ERR_OK) {
            rc = err_prefix(msg, rc, "%s", path);
        }
    }
    buf_release(&text);
    return rc;
}

void
policy_release(struct witness_policy *policy)
{
    mem_free(policy->logs);
    memset(policy, 0, sizeof(*policy));
}
