/* SPDX-License-Identifier: Apache-2.0 */
/* The other tables: keys, pending, refused, members, touched, the index. */
#include <string.h>

#include "storage/index.h"
#include "storage/verify_internal.h"

/* Every term has its posting, and there are no others. */
static enum err
check_index(struct verifying *v, struct err_msg *msg)
{
    struct scan scan = {0};
    uint64_t terms = 0;
    enum err rc = scan_open(&scan, v->view->txn, TABLE_TERMS, msg);

    while (rc == ERR_OK && scan_next(&scan)) {
        if (scan.key.size != RECORD_KEY_BYTES ||
            scan.value.size % TERM_BYTES != 0) {
            verify_finding(v, "a row of terms is damaged");
        }
        for (size_t at = 0; at + TERM_BYTES <= scan.value.size &&
                            scan.key.size == RECORD_KEY_BYTES && rc == ERR_OK;
             at += TERM_BYTES) {
            rc = txn_has(v->view->txn, TABLE_INDEX,
                bytes_of(scan.value.data + at, TERM_BYTES), scan.key, msg);
            terms++;
            if (rc == ERR_NOT_FOUND) {
                verify_finding(v,
                    "the index lacks a term; corridor rebuild makes "
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
        verify_finding(v, "the index has terms of no record; corridor rebuild "
                          "makes it again");
    }
    return rc;
}

/* A grant as a row has it, and as its entry has it. */
static enum err
check_grant(struct verifying *v, const struct key_grant *grant)
{
    struct replayed replayed;
    struct grant said;
    struct dot generation = {0};
    enum err rc = replay_seek(&v->replay, grant->entry, &replayed, NULL);

    if (rc != ERR_OK) {
        return rc;
    }
    if (!replayed.header.has_grants ||
        grant->item >= replayed.header.grant_count) {
        return ERR_CORRUPT;
    }
    header_grant(&said, &replayed.header, grant->item);
    if (!author_resolve(replayed.author, NULL, said.generation, &generation) ||
        generation.log != grant->generation.log ||
        generation.position != grant->generation.position ||
        said.mode != grant->mode || said.purpose != grant->purpose ||
        said.has_expiry != grant->has_expiry ||
        (said.has_expiry && said.expiry_ms != grant->expiry_ms)) {
        return ERR_CORRUPT;
    }
    return ERR_OK;
}

/* A key's row: does the entry that made it say the same of it? */
static enum err
check_key(struct verifying *v, struct bytes name)
{
    struct content_key *key = NULL;
    struct stored_entry stored;
    struct header header;
    struct hash commitment;
    struct dot dot = {0};
    enum err rc = key_get_dot(name, &dot);

    if (rc == ERR_OK && dot.log >= v->reader.logs->count) {
        rc = ERR_CORRUPT;
    }
    if (rc == ERR_OK) {
        rc = content_get(v->reader.content, v->view->txn, dot, &key, NULL);
    }
    if (rc == ERR_OK) {
        rc = entries_get(v->view->txn, dot, &stored, NULL);
    }
    if (rc == ERR_OK) {
        rc = header_decode(&header, stored.entry.header,
            (enum log_kind)v->reader.logs->ids[dot.log].kind, dot.position);
    }
    if (rc == ERR_OK &&
        (!header.creates_key || header.class != key->info.class ||
            !hash_equal(&header.commitment, &key->info.commitment))) {
        rc = ERR_CORRUPT;
    }
    for (size_t i = 0; rc == ERR_OK && i < key->info.grant_count; i++) {
        rc = check_grant(v, &key->info.grants[i]);
    }
    if (rc == ERR_OK && key->has_secret) {
        seal_commitment(&commitment, &key->secret);
        rc = hash_equal(&commitment, &header.commitment) ? ERR_OK : ERR_CORRUPT;
    }
    if (rc == ERR_NOMEM || rc == ERR_IO) {
        return rc;
    }
    if (rc != ERR_OK) {
        verify_finding(v, "a content key's row is damaged; corridor rebuild "
                          "makes it again");
    }
    verify_forget(v);
    return ERR_OK;
}

/* Every key that is not open is pending if entries stand under it. */
static enum err
check_pending(struct verifying *v, struct bytes name)
{
    struct content_key *key = NULL;
    struct dot dot = {0};
    enum err rc = key_get_dot(name, &dot);

    if (rc == ERR_OK) {
        rc = content_get(v->reader.content, v->view->txn, dot, &key, NULL);
    }
    if (rc == ERR_NOMEM || rc == ERR_IO) {
        return rc;
    }
    if (rc != ERR_OK || key->has_secret) {
        verify_finding(v, "a key is noted as not come that is not so; "
                          "corridor rebuild makes the note again");
    }
    verify_forget(v);
    return ERR_OK;
}

/* Rows that name an entry by its number of arrival. */
static enum err
check_arrival(struct verifying *v, struct bytes name, const char *what,
    struct stored_entry *out)
{
    uint64_t arrival = 0;
    enum err rc = key_get_u64(name, &arrival);

    if (rc == ERR_OK) {
        rc = entries_at(v->view->txn, arrival, out, NULL);
    }
    if (rc == ERR_NOT_FOUND || rc == ERR_CORRUPT) {
        verify_finding(v, "a row of %s is of an entry that is not there", what);
        return ERR_NOT_FOUND;
    }
    return rc;
}

static enum err
check_refused(struct verifying *v, struct bytes name, struct bytes row)
{
    struct stored_entry stored;
    enum err rc = check_arrival(v, name, "refused", &stored);

    if (rc == ERR_OK && (row.size != 1 || row.data[0] == VOID_NONE ||
                            row.data[0] >= VOID_REASON_COUNT ||
                            (stored.flags & ENTRY_FLAG_APPLIED) == 0)) {
        verify_finding(v, "a row of refused is damaged");
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

/* What a row of members should hold, by the entry and its author's state. */
static enum err
make_member(struct verifying *v, const struct stored_entry *stored,
    struct control *control)
{
    struct replayed replayed;
    const struct statement *statement = &control->statement;
    enum err rc = replay_seek(&v->replay, stored->dot, &replayed, NULL);

    if (rc == ERR_OK) {
        rc = statement_decode(&control->statement, stored->entry.body);
    }
    if (rc == ERR_OK) {
        rc = vclock_copy(&control->clock, &replayed.author->clock);
    }
    if (rc == ERR_OK) {
        rc = vclock_merge(&control->clock, &replayed.author->seen);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    control->rank = stored->rank;
    control->time = replayed.author->time;
    if (control_names_generation(statement)) {
        control->has_generation = author_resolve(
            replayed.author, NULL, statement->generation, &control->generation);
    }
    return ERR_OK;
}

static enum err
check_member(struct verifying *v, struct bytes name, struct bytes row)
{
    struct stored_entry stored;
    struct control control = {0};
    struct buf wanted = {0};
    enum err rc = check_arrival(v, name, "members", &stored);

    if (rc != ERR_OK) {
        return rc == ERR_NOT_FOUND ? ERR_OK : rc;
    }
    if (stored.dot.log >= v->reader.logs->count) {
        rc = ERR_CORRUPT;
    }
    if (rc == ERR_OK) {
        rc = make_member(v, &stored, &control);
    }
    if (rc == ERR_OK) {
        rc = members_encode(&wanted, &control);
    }
    if (rc == ERR_OK && !bytes_equal(buf_bytes(&wanted), row)) {
        rc = ERR_CORRUPT;
    }
    buf_release(&wanted);
    control_release(&control);
    if (rc == ERR_OK || rc == ERR_NOMEM || rc == ERR_IO) {
        return rc;
    }
    verify_finding(v, "a row of members is damaged");
    return ERR_OK;
}

/* Does every control entry that was applied stand in members or refused? */
static enum err
check_controls(struct verifying *v, struct err_msg *msg)
{
    struct scan scan = {0};
    enum err rc = scan_open(&scan, v->view->txn, TABLE_ENTRIES, msg);

    while (rc == ERR_OK && scan_next(&scan)) {
        struct stored_entry stored;
        struct bytes row = {0};
        uint64_t arrival = 0;

        if (key_get_u64(scan.key, &arrival) != ERR_OK ||
            entries_decode(&stored, arrival, scan.value) != ERR_OK) {
            continue; /* its log has said so */
        }
        if (stored.entry.kind != ENTRY_CONTROL ||
            (stored.flags & ENTRY_FLAG_APPLIED) == 0) {
            continue;
        }
        rc = txn_get(v->view->txn, TABLE_MEMBERS, scan.key, &row, msg);
        if (rc == ERR_NOT_FOUND) {
            rc = txn_get(v->view->txn, TABLE_REFUSED, scan.key, &row, msg);
        }
        if (rc == ERR_NOT_FOUND) {
            verify_finding(v, "a control entry is not among those that "
                              "membership counts");
            rc = ERR_OK;
        }
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    return rc;
}

static enum err
check_touched(struct verifying *v, struct bytes name, struct bytes value)
{
    struct index_note note;
    struct bytes row = {0};
    enum err rc = ERR_CORRUPT;

    if (index_note_read(&note, &v->view->store->secrets->index, name, value)) {
        rc = txn_get(v->view->txn, TABLE_RECORDS, note.record, &row, NULL);
    }
    if (rc == ERR_NOMEM || rc == ERR_IO) {
        return rc;
    }
    if (rc != ERR_OK) {
        verify_finding(v, "a row of touched is damaged");
    }
    return ERR_OK;
}

static enum err
check_note(struct verifying *v, struct bytes name, struct bytes row)
{
    struct buf plain = {0};
    enum err rc = note_check(v->view->store, name, row, &plain);

    buf_wipe(&plain);
    if (rc == ERR_CORRUPT) {
        verify_finding(v, "a note is damaged");
        rc = ERR_OK;
    }
    return rc;
}

static enum err
check_row(struct verifying *v, enum table table, const struct scan *scan)
{
    switch (table) {
    case TABLE_KEYS:
        return check_key(v, scan->key);
    case TABLE_PENDING:
        return check_pending(v, scan->key);
    case TABLE_REFUSED:
        return check_refused(v, scan->key, scan->value);
    case TABLE_MEMBERS:
        return check_member(v, scan->key, scan->value);
    case TABLE_TOUCHED:
        return check_touched(v, scan->key, scan->value);
    case TABLE_PEERS:
        return check_note(v, scan->key, scan->value);
    case TABLE_EVIDENCE:
        return verify_evidence(v, scan->key, scan->value);
    case TABLE_COSIGNATURES:
        return verify_cosignature(v, scan->key, scan->value);
    default:
        return ERR_OK;
    }
}

enum err
verify_tables(struct verifying *v, struct err_msg *msg)
{
    static const enum table tables[] = {TABLE_KEYS, TABLE_PENDING,
        TABLE_REFUSED, TABLE_MEMBERS, TABLE_TOUCHED, TABLE_PEERS,
        TABLE_EVIDENCE, TABLE_COSIGNATURES};
    enum err rc = check_index(v, msg);

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && rc == ERR_OK;
         i++) {
        struct scan scan = {0};

        rc = scan_open(&scan, v->view->txn, tables[i], msg);
        while (rc == ERR_OK && scan_next(&scan)) {
            rc = check_row(v, tables[i], &scan);
        }
        if (rc == ERR_OK) {
            rc = scan_end(&scan, msg);
        }
        scan_close(&scan);
    }
    return rc == ERR_OK ? check_controls(v, msg) : rc;
}
