/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search index: derived data, made behind the writes in sorted batches
 * (docs/storage.md, "index"). A merged record is noted under the next number
 * of `touched`; store_index takes those notes away as it puts terms in. A
 * query also looks at what is still noted.
 */
#include "storage/index.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/base/cbor.h"
#include "crypto/base/cursor.h"
#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "crypto/hash.h"
#include "storage/store_internal.h"
#include "sync/model/merge.h"

enum {
    NOTE_CHECK_BYTES = 8,
    TERM_FIXED_BYTES = 4,      /* kind and field */
    TERM_VALUE_BYTES_MAX = 256 /* longer values are not indexed */
};

static_assert(sizeof(struct index_term) == 8, "a term is a short hash");

/* A text is compared without its language tag and ASCII case. */
static struct bytes
text_of(struct bytes value)
{
    struct cursor cursor = cursor_init(value);

    if (cbor_peek(&cursor) == CBOR_ARRAY && cbor_get_array(&cursor) == 2 &&
        cbor_peek(&cursor) == CBOR_TEXT) {
        return cbor_get_text(&cursor);
    }
    cursor = cursor_init(value);
    return cbor_peek(&cursor) == CBOR_TEXT ? cbor_get_text(&cursor) : value;
}

static uint8_t
fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

void
index_term(struct index_term *out, const struct secret_key *index_key,
    const struct index_value *value)
{
    uint8_t room[TERM_FIXED_BYTES + TERM_VALUE_BYTES_MAX];
    struct bytes text = text_of(value->value);
    size_t size = TERM_FIXED_BYTES + text.size;

    assert(text.size <= TERM_VALUE_BYTES_MAX);
    num_store_u16(room, value->kind);
    num_store_u16(room + 2, value->field);
    for (size_t i = 0; i < text.size; i++) {
        room[TERM_FIXED_BYTES + i] = fold(text.data[i]);
    }
    hash_short_keyed(out->bytes, index_key, bytes_of(room, size));
    mem_wipe(room, size);
}

bool
index_same(struct bytes a, struct bytes b)
{
    struct bytes x = text_of(a);
    struct bytes y = text_of(b);
    size_t i = 0;

    if (x.size != y.size) {
        return false;
    }
    while (i < x.size && fold(x.data[i]) == fold(y.data[i])) {
        i++;
    }
    return i == x.size;
}

/* A text that no list shows is told, not asked for by all its letters. */
static bool
is_prose(const struct schema_field *field)
{
    return field->type == VALUE_TX && !field->listed;
}

bool
index_takes(const struct schema_field *field, struct bytes value)
{
    return field != NULL && field->class != CLASS_SEALED &&
           field->rule != RULE_JOURNAL && field->rule != RULE_LEDGER &&
           !is_prose(field) && value.size <= TERM_VALUE_BYTES_MAX;
}

static int
compare_terms(const void *a, const void *b)
{
    return memcmp(a, b, TERM_BYTES);
}

/* Terms of one record, being collected. */
struct terms {
    const struct store *store;
    const struct record *record;
    struct index_term *terms;
    size_t count;
    size_t capacity;
};

static enum err
push_term(
    struct terms *t, const struct schema_field *field, struct bytes encoded)
{
    struct index_value value = {t->record->kind, field->number, encoded};
    enum err rc = ERR_OK;

    if (!index_takes(field, encoded)) {
        return ERR_OK;
    }
    rc = mem_grow(
        (void **)&t->terms, &t->capacity, t->count + 1, sizeof(*t->terms));
    if (rc == ERR_OK) {
        index_term(&t->terms[t->count++], &t->store->secrets->index, &value);
    }
    return rc;
}

static enum err
push_shown(struct terms *t, const struct schema_kind *kind,
    const struct schema_field *field)
{
    struct shown shown = {0};
    struct merge_view merge = {
        .record = t->record,
        .kind = kind,
        .field = field,
        .logs = &t->store->logs,
        .membership = &t->store->membership,
    };
    enum err rc = merge_show(&shown, &merge, field->number);

    for (size_t i = 0; i < shown.count && rc == ERR_OK; i++) {
        rc = push_term(t, field, shown.values[i].value);
    }
    shown_release(&shown);
    return rc;
}

/*
 * What the rules show is one of the current values; but owners and meets are
 * computed from them, and an owner stands where there is no value at all.
 */
static enum err
push_field(struct terms *t, const struct schema_kind *kind,
    const struct schema_field *field)
{
    const struct record_field *ops = record_field(t->record, field->number);
    enum err rc = ERR_OK;

    if (field->rule == RULE_OWNER || field->rule == RULE_RESTRICT) {
        return push_shown(t, kind, field);
    }
    for (size_t i = 0; ops != NULL && i < ops->count && rc == ERR_OK; i++) {
        if (ops->ops[i].has_value) {
            rc = push_term(t, field, ops->ops[i].value);
        }
    }
    return rc;
}

/* The sorted, distinct terms of a record; to be freed by the caller. */
static enum err
record_terms(struct terms *t)
{
    const struct schema_kind *kind =
        schema_kind(t->store->options.schema, t->record->kind);
    size_t kept = 0;
    enum err rc = ERR_OK;

    for (size_t f = 0; kind != NULL && f < kind->count && rc == ERR_OK; f++) {
        rc = push_field(t, kind, &kind->fields[f]);
    }
    if (rc != ERR_OK || t->count == 0) {
        return rc;
    }
    qsort(t->terms, t->count, sizeof(*t->terms), compare_terms);
    for (size_t i = 0; i < t->count; i++) {
        if (kept == 0 ||
            memcmp(&t->terms[kept - 1], &t->terms[i], TERM_BYTES) != 0) {
            t->terms[kept++] = t->terms[i];
        }
    }
    t->count = kept;
    return ERR_OK;
}

/*
 * What rotted is to be seen: it would be an index that misses records. The
 * row's hash first, then that and the key: no copy of the row.
 */
static void
hash_note(uint8_t out[NOTE_CHECK_BYTES], const struct secret_key *index_key,
    struct bytes key, struct bytes row)
{
    uint8_t both[2 * NOTE_CHECK_BYTES];

    assert(key.size == NOTE_CHECK_BYTES);
    hash_short_keyed(both, index_key, row);
    memcpy(both + NOTE_CHECK_BYTES, key.data, key.size);
    hash_short_keyed(out, index_key, bytes_of(both, sizeof(both)));
}

bool
index_note_read(struct index_note *out, const struct secret_key *index_key,
    struct bytes key, struct bytes row)
{
    uint8_t check[NOTE_CHECK_BYTES];
    size_t size = 0;

    if (key.size != NOTE_CHECK_BYTES ||
        row.size < RECORD_KEY_BYTES + NOTE_CHECK_BYTES ||
        (row.size - RECORD_KEY_BYTES - NOTE_CHECK_BYTES) % TERM_BYTES != 0) {
        return false;
    }
    size = row.size - NOTE_CHECK_BYTES;
    hash_note(check, index_key, key, bytes_of(row.data, size));
    out->record = bytes_of(row.data, RECORD_KEY_BYTES);
    out->terms = bytes_of(row.data + RECORD_KEY_BYTES, size - RECORD_KEY_BYTES);
    return memcmp(check, row.data + size, NOTE_CHECK_BYTES) == 0;
}

enum err
index_touch(struct store *store, const uint8_t *record_key,
    const struct record *record, struct err_msg *msg)
{
    struct key key = key_u64(store->next_touched);
    struct terms terms = {.store = store, .record = record};
    uint8_t check[NOTE_CHECK_BYTES];
    struct buf row = {0};
    enum err rc = record_terms(&terms);

    if (rc == ERR_OK) {
        buf_put(&row, record_key, RECORD_KEY_BYTES);
        buf_put(&row, terms.terms, terms.count * sizeof(terms.terms[0]));
        hash_note(
            check, &store->secrets->index, key_bytes(&key), buf_bytes(&row));
        buf_put(&row, check, sizeof(check));
        rc = buf_err(&row);
    }
    if (rc == ERR_OK) {
        rc = txn_append(
            store->txn, TABLE_TOUCHED, key_bytes(&key), buf_bytes(&row), msg);
    }
    if (rc == ERR_OK) {
        store->next_touched++;
    }
    buf_release(&row);
    mem_free(terms.terms);
    return rc;
}

/* One change of the index, to be done in key order. */
struct posting {
    uint8_t key[TERM_BYTES + RECORD_KEY_BYTES];
    bool is_removal;
};

struct indexing {
    struct store *store;
    struct posting *postings;
    size_t count;
    size_t capacity;
};

static enum err
push_posting(struct indexing *ix, const uint8_t *term,
    const uint8_t *record_key, bool is_removal)
{
    struct posting *posting = NULL;
    enum err rc = mem_grow((void **)&ix->postings, &ix->capacity, ix->count + 1,
        sizeof(*ix->postings));

    if (rc != ERR_OK) {
        return rc;
    }
    posting = &ix->postings[ix->count++];
    memcpy(posting->key, term, TERM_BYTES);
    memcpy(posting->key + TERM_BYTES, record_key, RECORD_KEY_BYTES);
    posting->is_removal = is_removal;
    return ERR_OK;
}

static struct bytes
without_first(struct bytes terms)
{
    return bytes_of(terms.data + TERM_BYTES, terms.size - TERM_BYTES);
}

/* Walk two sorted lists; what only one has is a change. */
static enum err
diff_terms(struct indexing *ix, const uint8_t *record_key, struct bytes old,
    struct bytes new)
{
    enum err rc = ERR_OK;

    while (rc == ERR_OK && (old.size > 0 || new.size > 0)) {
        int order = old.size == 0   ? 1
                    : new.size == 0 ? -1
                                    : memcmp(old.data, new.data, TERM_BYTES);

        if (order < 0) {
            rc = push_posting(ix, old.data, record_key, true);
        } else if (order > 0) {
            rc = push_posting(ix, new.data, record_key, false);
        }
        old = order <= 0 ? without_first(old) : old;
        new = order >= 0 ? without_first(new) : new;
    }
    return rc;
}

/* The row of terms says what the index holds of this record. */
static enum err
put_terms(struct store *store, struct bytes key, struct bytes terms,
    struct err_msg *msg)
{
    return terms.size == 0 ? txn_delete(store->txn, TABLE_TERMS, key, msg)
                           : txn_put(store->txn, TABLE_TERMS, key, terms, msg);
}

static enum err
index_record(struct indexing *ix, const uint8_t *record_key, struct bytes terms,
    struct err_msg *msg)
{
    struct store *store = ix->store;
    struct bytes key = bytes_of(record_key, RECORD_KEY_BYTES);
    struct bytes old = {0};
    enum err rc = txn_get(store->txn, TABLE_TERMS, key, &old, msg);

    atomic_fetch_add(&store->pulse, 1);
    if (rc == ERR_OK && old.size % TERM_BYTES != 0) {
        rc = err_set(msg, ERR_CORRUPT, "a row of terms is damaged");
    }
    if (rc == ERR_OK || rc == ERR_NOT_FOUND) {
        rc = diff_terms(ix, record_key, old, terms);
    }
    return rc == ERR_OK ? put_terms(store, key, terms, msg) : rc;
}

static int
compare_postings(const void *a, const void *b)
{
    return memcmp(a, b, TERM_BYTES + RECORD_KEY_BYTES);
}

static enum err
put_postings(struct indexing *ix, struct err_msg *msg)
{
    enum err rc = ERR_OK;

    if (ix->count > 0) {
        qsort(ix->postings, ix->count, sizeof(*ix->postings), compare_postings);
    }
    for (size_t i = 0; i < ix->count && rc == ERR_OK; i++) {
        struct txn *txn = ix->store->txn;
        struct bytes term = bytes_of(ix->postings[i].key, TERM_BYTES);
        struct bytes record =
            bytes_of(ix->postings[i].key + TERM_BYTES, RECORD_KEY_BYTES);

        rc = ix->postings[i].is_removal
                 ? txn_remove(txn, TABLE_INDEX, term, record, msg)
                 : txn_put(txn, TABLE_INDEX, term, record, msg);
    }
    return rc;
}

/* A note that a record was touched, and the terms that it then had. */
struct note {
    uint8_t key[RECORD_KEY_BYTES];
    uint64_t number;
    size_t at; /* of its terms */
    size_t size;
};

/* By record, the newest note last. */
static int
compare_notes(const void *a, const void *b)
{
    const struct note *x = a;
    const struct note *y = b;
    int order = memcmp(x->key, y->key, RECORD_KEY_BYTES);

    return order != 0 ? order
                      : (x->number > y->number) - (x->number < y->number);
}

/* Notes: read by one scan, then taken away by number. */
struct touched {
    struct note *notes;
    size_t count;
    struct buf terms; /* of all notes, one after the other */
};

static enum err
read_note(
    const struct store *store, const struct scan *scan, struct touched *out)
{
    struct note *note = &out->notes[out->count];
    struct index_note row;

    if (!index_note_read(
            &row, &store->secrets->index, scan->key, scan->value)) {
        return ERR_CORRUPT;
    }
    memcpy(note->key, row.record.data, RECORD_KEY_BYTES);
    note->at = out->terms.size;
    note->size = row.terms.size;
    buf_put_bytes(&out->terms, row.terms);
    out->count++;
    return key_get_u64(scan->key, &note->number);
}

static enum err
read_touched(
    struct store *store, size_t max, struct touched *out, struct err_msg *msg)
{
    struct scan scan = {0};
    enum err rc = scan_open(&scan, store->txn, TABLE_TOUCHED, msg);

    while (rc == ERR_OK && out->count < max && scan_next(&scan)) {
        rc = read_note(store, &scan, out);
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    if (rc == ERR_OK) {
        rc = buf_err(&out->terms);
    }
    scan_close(&scan);
    return rc == ERR_CORRUPT ? err_set(msg, rc, "a row of touched is damaged")
                             : rc;
}

/* The numbers have no gaps: they are given out one by one, taken in order. */
static enum err
take_touched(
    struct store *store, size_t max, struct touched *out, struct err_msg *msg)
{
    enum err rc = read_touched(store, max, out, msg);

    if (rc == ERR_OK && out->count > 0 &&
        out->notes[out->count - 1].number - out->notes[0].number !=
            out->count - 1) {
        rc = err_set(msg, ERR_CORRUPT, "the table of touched has gaps");
    }
    for (size_t i = 0; i < out->count && rc == ERR_OK; i++) {
        struct key key = key_u64(out->notes[i].number);
        rc = txn_delete(store->txn, TABLE_TOUCHED, key_bytes(&key), msg);
    }
    if (rc == ERR_OK && out->count > 0) {
        qsort(out->notes, out->count, sizeof(*out->notes), compare_notes);
    }
    return rc;
}

/* So that numbers rise for ever, also once all notes are gone. */
static enum err
put_next_touched(struct store *store, struct err_msg *msg)
{
    struct key next = key_u64(store->next_touched);

    return txn_put(
        store->txn, TABLE_META, bytes_text("touched"), key_bytes(&next), msg);
}

static enum err
index_all(
    struct indexing *ix, const struct touched *touched, struct err_msg *msg)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < touched->count && rc == ERR_OK; i++) {
        const struct note *note = &touched->notes[i];

        if (i + 1 == touched->count ||
            memcmp(note->key, note[1].key, RECORD_KEY_BYTES) != 0) {
            rc = index_record(ix, note->key,
                bytes_of(touched->terms.data + note->at, note->size), msg);
        }
    }
    return rc == ERR_OK ? put_postings(ix, msg) : rc;
}

enum err
store_index(
    struct store *store, size_t max, bool *out_left, struct err_msg *msg)
{
    struct indexing ix = {.store = store};
    struct touched touched = {0};
    enum err rc = ERR_OK;

    touched.notes = mem_zalloc(max, sizeof(*touched.notes));
    if (touched.notes == NULL) {
        return ERR_NOMEM;
    }
    store->is_dirty = true;
    rc = merged_flush(store, msg);
    if (rc == ERR_OK) {
        rc = content_flush(&store->content, store->txn, msg);
    }
    if (rc == ERR_OK) {
        rc = take_touched(store, max, &touched, msg);
    }
    if (rc == ERR_OK && touched.count > 0) {
        rc = index_all(&ix, &touched, msg);
        if (rc == ERR_OK) {
            rc = put_next_touched(store, msg);
        }
    }
    if (rc == ERR_OK) {
        *out_left = txn_count(store->txn, TABLE_TOUCHED) > 0;
    }
    mem_free(ix.postings);
    mem_free(touched.notes);
    buf_release(&touched.terms);
    return rc;
}
