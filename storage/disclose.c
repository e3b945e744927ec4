/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/disclose.h"

#include "crypto/hash.h"
#include "storage/replay.h"
#include "storage/view_internal.h"

/* The entry, if it is a change that can be opened at all. */
static enum err
find_change(struct reader *reader, struct dot dot, struct err_msg *msg)
{
    struct stored_entry stored;
    enum err rc = entries_get(reader->txn, dot, &stored, msg);

    if (rc == ERR_NOT_FOUND) {
        return err_set(msg, rc, "no entry of that position is held here");
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (stored.entry.kind != ENTRY_CHANGE) {
        return err_set(msg, ERR_MALFORMED,
            "that entry is no change: nothing in it is sealed");
    }
    if (!stored.entry.has_body) {
        return err_set(
            msg, ERR_NOT_FOUND, "the body of that change is not held here");
    }
    if ((stored.flags & ENTRY_FLAG_APPLIED) == 0) {
        return err_set(msg, ERR_GAP,
            "that change waits for entries of others: \"corridor sync\" "
            "first");
    }
    return ERR_OK;
}

/* The content key that the change is under. */
static enum err
find_key(struct reader *reader, const struct replayed *change,
    struct content_key **out, struct err_msg *msg)
{
    struct content_key *key = NULL;
    struct dot dot;
    enum err rc = ERR_OK;

    if (!change->header.has_key ||
        !author_resolve(change->author, NULL, change->header.key, &dot)) {
        return err_set(msg, ERR_MALFORMED, "that change names no key");
    }
    rc = content_get(reader->content, reader->txn, dot, &key, msg);
    if (rc == ERR_NOT_FOUND || (rc == ERR_OK && !key->has_secret)) {
        return err_set(msg, ERR_NO_KEY,
            "that change is sealed under a key that this office does not "
            "hold");
    }
    if (rc == ERR_OK) {
        *out = key;
    }
    return rc;
}

/* The opening secret, and the plaintext as it was sealed. */
static enum err
open_change(struct reader *reader, const struct replayed *change,
    struct content_key *key, struct disclosure *out)
{
    const struct entry *entry = &change->stored.entry;
    const struct seal_place place = {.corridor = reader->corridor,
        .node = &change->author->id.node,
        .log_kind = change->author->id.kind,
        .position = change->stored.dot.position,
        .kind = entry->kind};
    const struct seal_open_options options = {.place = &place,
        .header = entry->header,
        .header_unsealed = change->header.unsealed,
        .seal = &change->header.seal};
    struct change_body body;
    enum err rc = change_body_split(&body, &change->header, entry->body);

    if (rc == ERR_OK) {
        rc = seal_body_open_with(
            &out->plaintext, content_seal(key), &options, body.sealed);
    }
    if (rc == ERR_OK) {
        seal_opening_with(
            &out->opening, content_seal(key), &place, change->header.unsealed);
        hash_sha256(&out->body_hash, entry->body);
        buf_put_bytes(&out->header, entry->header);
        rc = buf_err(&out->header);
    }
    return rc;
}

enum err
view_disclose(struct view *view, const struct log_id *log, uint64_t position,
    struct disclosure *out, struct err_msg *msg)
{
    struct disclosure disclosure = {.proof = {.index = 0}};
    struct replay replay = {0};
    struct replayed change;
    struct reader reader;
    struct content_key *key = NULL;
    struct dot dot = {.position = position};
    enum err rc = view_reader(view, true, &reader);

    if (rc == ERR_OK && !log_table_find(&view->logs, log, &dot.log)) {
        rc = err_set(msg, ERR_NOT_FOUND, "no such log is held here");
    }
    if (rc == ERR_OK) {
        rc = find_change(&reader, dot, msg);
    }
    if (rc == ERR_OK) {
        replay.reader = &reader;
        rc = replay_seek(&replay, dot, &change, msg);
    }
    if (rc == ERR_OK) {
        rc = find_key(&reader, &change, &key, msg);
    }
    if (rc == ERR_OK) {
        rc = open_change(&reader, &change, key, &disclosure);
        if (rc == ERR_BAD_SIGNATURE || rc == ERR_MALFORMED) {
            rc = err_set(msg, ERR_MALFORMED,
                "that change is void: its body does not open");
        }
    }
    replay_release(&replay);
    if (rc != ERR_OK) {
        disclosure_release(&disclosure);
        return rc;
    }
    *out = disclosure;
    return ERR_OK;
}
