/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "crypto/hash.h"
#include "storage/history.h"
#include "storage/view_internal.h"

enum { SENTENCE_BYTES = 256, PROGRESS_EVERY = 4096 };

struct verifying {
    struct view *view;
    struct reader reader;
    const struct verify_sink *sink;
    struct verify_report report;
    uint64_t all;
};

static void finding(struct verifying *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
finding(struct verifying *v, const char *format, ...)
{
    char sentence[SENTENCE_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    v->report.findings++;
    if (v->sink->finding != NULL) {
        v->sink->finding(v->sink->context, sentence);
    }
}

static void
progress(struct verifying *v)
{
    uint64_t done = v->report.entries + v->report.records;

    if (v->sink->progress != NULL && done % PROGRESS_EVERY == 0) {
        v->sink->progress(v->sink->context, done, v->all);
    }
}

/* A log's name in a finding: its node's first bytes and its kind. */
struct log_name {
    char text[32];
};

static struct log_name
name_of(const struct log_id *id)
{
    struct log_name name;
    char hex[17];

    hex_encode(hex, bytes_of(id->node.bytes, 8));
    snprintf(name.text, sizeof(name.text), "%s/%s", hex,
        id->kind == LOG_CONTROL ? "control" : "changes");
    return name;
}

/* One entry: its leaf hash onto the edge, its nodes as stored, its header. */
static void
check_entry(struct verifying *v, const struct log_id *id,
    const struct stored_entry *stored, struct merkle_edge *edge)
{
    struct hash nodes[MERKLE_LEVELS_MAX];
    struct entry entry = stored->entry;
    struct header header;
    struct hash leaf;
    size_t count = 0;

    if (entry.has_body) {
        hash_sha256(&entry.body_hash, entry.body);
    }
    entry_leaf_hash(&leaf, &entry);
    count = merkle_append(edge, &leaf, nodes);
    if (count != stored->node_count ||
        memcmp(nodes, stored->nodes, count * sizeof(struct hash)) != 0) {
        finding(v,
            "log %s: entry %llu does not have the hashes it was "
            "stored with",
            name_of(id).text, (unsigned long long)stored->dot.position);
    }
    if (header_decode(&header, entry.header, (enum log_kind)id->kind,
            stored->dot.position) != ERR_OK &&
        (stored->flags & ENTRY_FLAG_APPLIED) == 0) {
        finding(v, "log %s: the header of entry %llu is damaged",
            name_of(id).text, (unsigned long long)stored->dot.position);
    }
}

static enum err
check_heads(struct verifying *v, const struct log_state *state,
    const struct merkle_edge *edge, struct hash *root_at_head)
{
    const struct log_id *id = &state->author.id;
    struct hash root;
    struct hash stored;
    struct merkle_claim claim = {0};
    enum err rc = ERR_OK;

    merkle_root(&root, edge);
    merkle_root(&stored, &state->edge);
    if (!hash_equal(&root, &stored)) {
        finding(v, "log %s: its root is not the one that was stored",
            name_of(id).text);
    }
    if (state->has_head) {
        rc = log_head_verify(&state->head, &v->view->store->corridor, id);
        if (rc == ERR_NOMEM) {
            return rc;
        }
        if (rc != ERR_OK || !hash_equal(root_at_head, &state->head.root)) {
            finding(v, "log %s: its signed head does not fit its entries",
                name_of(id).text);
        }
    }
    if (state->has_target) {
        claim.size = state->target.size;
        claim.root = &state->target.root;
        rc = log_head_verify(&state->target, &v->view->store->corridor, id);
        if (rc == ERR_OK) {
            rc = merkle_verify_consistency(
                edge->size, &root, &claim, &state->beyond);
        }
        if (rc == ERR_NOMEM) {
            return rc;
        }
        if (rc != ERR_OK) {
            finding(v,
                "log %s: its entries do not lead to the head that "
                "was promised",
                name_of(id).text);
        }
    }
    if (!state->has_head && !state->has_target && edge->size > 0) {
        finding(v, "log %s: entries without a signed head", name_of(id).text);
    }
    return ERR_OK;
}

static enum err
check_log(
    struct verifying *v, uint32_t number, struct bytes row, struct err_msg *msg)
{
    struct log_state state = {0};
    struct merkle_edge edge = {0};
    struct hash root_at_head = {{0}};
    enum err rc = log_state_decode(&state, v->reader.logs, row);

    if (rc != ERR_OK) {
        if (rc == ERR_CORRUPT) {
            finding(v, "the row of log %u is damaged", number);
        }
        return rc == ERR_CORRUPT ? ERR_OK : rc;
    }
    for (uint64_t at = 0; at < state.edge.size && rc == ERR_OK; at++) {
        struct dot dot = {number, at};
        struct stored_entry stored;

        rc = entries_get(v->view->txn, dot, &stored, msg);
        if (rc == ERR_NOT_FOUND || rc == ERR_CORRUPT) {
            finding(v, "log %s: entry %llu is missing or damaged",
                name_of(&state.author.id).text, (unsigned long long)at);
            rc = ERR_OK;
            goto out; /* the rest of this log cannot be judged */
        }
        if (rc == ERR_OK) {
            check_entry(v, &state.author.id, &stored, &edge);
            v->report.entries++;
            progress(v);
        }
        if (state.has_head && edge.size == state.head.size) {
            merkle_root(&root_at_head, &edge);
        }
    }
    if (rc == ERR_OK) {
        rc = check_heads(v, &state, &edge, &root_at_head);
    }
out:
    v->report.logs++;
    author_release(&state.author);
    return rc;
}

static enum err
check_logs(struct verifying *v, struct err_msg *msg)
{
    struct scan scan = {0};
    enum err rc = scan_open(&scan, v->view->txn, TABLE_LOGS, msg);

    while (rc == ERR_OK && scan_next(&scan)) {
        uint32_t number = 0;

        rc = key_get_u32(scan.key, &number);
        if (rc == ERR_OK) {
            rc = check_log(v, number, scan.value, msg);
        }
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    if (rc == ERR_OK &&
        v->report.entries != txn_count(v->view->txn, TABLE_ENTRIES)) {
        finding(v, "there are entries that no log counts");
    }
    return rc;
}

/* Made again from the entries, is the record the same? */
static enum err
compare_record(
    struct verifying *v, const struct record *record, struct err_msg *msg)
{
    struct record fresh;
    struct hash stored_digest;
    struct hash fresh_digest;
    struct history_keys keys = {.count = record->key_count};
    struct dot *dots = mem_zalloc(record->key_count + 1, sizeof(*dots));
    enum err rc = dots == NULL ? ERR_NOMEM : ERR_OK;

    if (rc != ERR_OK) {
        return rc;
    }
    for (size_t i = 0; i < record->key_count; i++) {
        dots[i] = record->keys[i].key;
    }
    keys.keys = dots;
    record_init(&fresh, &record->id, record->kind);
    rc = history_rebuild(&v->reader, &keys, NULL, &fresh, msg);
    if (rc == ERR_OK) {
        rc = record_digest(&stored_digest, record, v->reader.logs);
    }
    if (rc == ERR_OK) {
        rc = record_digest(&fresh_digest, &fresh, v->reader.logs);
    }
    if (rc == ERR_OK && !hash_equal(&stored_digest, &fresh_digest)) {
        finding(v, "a record is not what its changes make; corridor "
                   "rebuild makes it again");
    } else if (rc == ERR_CORRUPT) {
        finding(v, "a record's changes are damaged");
        rc = ERR_OK;
    }
    record_release(&fresh);
    mem_free(dots);
    return rc;
}

static enum err
check_record(struct verifying *v, struct bytes key, struct bytes row,
    struct err_msg *msg)
{
    struct record record;
    struct record_id id;
    uint8_t wanted[RECORD_KEY_BYTES];
    enum err rc = ERR_OK;

    if (key.size != RECORD_KEY_BYTES) {
        finding(v, "the table of records has a key of a wrong size");
        return ERR_OK;
    }
    memcpy(id.bytes, key.data + 2, sizeof(id.bytes));
    record_init(&record, &id, 0);
    rc = reader_record_decode(&v->reader, &record, key, row, NULL);
    if (rc == ERR_OK) {
        reader_record_key(wanted, v->reader.tag_key, record.kind, &record.id);
        if (memcmp(wanted, key.data, sizeof(wanted)) != 0) {
            rc = ERR_CORRUPT;
        }
    }
    if (rc == ERR_CORRUPT) {
        finding(v, "a stored record is damaged; corridor rebuild makes it "
                   "again");
        rc = ERR_OK;
    } else if (rc == ERR_OK) {
        rc = compare_record(v, &record, msg);
    }
    record_release(&record);
    v->report.records++;
    progress(v);
    if (v->view->content.map.count > CONTENT_CACHE_MAX) {
        content_clear(&v->view->content);
    }
    return rc;
}

static enum err
check_records(struct verifying *v, struct err_msg *msg)
{
    struct scan scan = {0};
    enum err rc = scan_open(&scan, v->view->txn, TABLE_RECORDS, msg);

    while (rc == ERR_OK && scan_next(&scan)) {
        rc = check_record(v, scan.key, scan.value, msg);
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    return rc;
}

/* Every term has its posting, and there are no others. */
static enum err
check_index(struct verifying *v, struct err_msg *msg)
{
    struct scan scan = {0};
    uint64_t terms = 0;
    enum err rc = scan_open(&scan, v->view->txn, TABLE_TERMS, msg);

    while (rc == ERR_OK && scan_next(&scan)) {
        for (size_t at = 0; at + TERM_BYTES <= scan.value.size &&
                            scan.key.size == RECORD_KEY_BYTES && rc == ERR_OK;
             at += TERM_BYTES) {
            uint8_t key[TERM_BYTES + RECORD_KEY_BYTES];
            struct bytes value = {0};

            memcpy(key, scan.value.data + at, TERM_BYTES);
            memcpy(key + TERM_BYTES, scan.key.data, RECORD_KEY_BYTES);
            rc = txn_get(v->view->txn, TABLE_INDEX, bytes_of(key, sizeof(key)),
                &value, msg);
            terms++;
            if (rc == ERR_NOT_FOUND) {
                finding(v, "the index lacks a term; corridor rebuild makes "
                           "it again");
                rc = ERR_OK;
            }
        }
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    if (rc == ERR_OK && terms != txn_count(v->view->txn, TABLE_INDEX)) {
        finding(v, "the index has terms of no record; corridor rebuild "
                   "makes it again");
    }
    return rc;
}

enum err
store_verify(struct store *store, const struct verify_sink *sink,
    struct verify_report *out, struct err_msg *msg)
{
    struct verifying v = {.sink = sink};
    enum err rc = view_open(&v.view, store, msg);

    if (rc == ERR_OK) {
        rc = view_reader(v.view, true, &v.reader);
    }
    if (rc == ERR_OK) {
        v.all = txn_count(v.view->txn, TABLE_ENTRIES) +
                txn_count(v.view->txn, TABLE_RECORDS);
        rc = check_logs(&v, msg);
    }
    if (rc == ERR_OK) {
        rc = check_records(&v, msg);
    }
    if (rc == ERR_OK) {
        rc = check_index(&v, msg);
    }
    if (rc == ERR_OK) {
        *out = v.report;
    }
    view_close(v.view);
    return rc;
}
