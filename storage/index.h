/* SPDX-License-Identifier: Apache-2.0 */
/* Terms of the search index: keyed hashes, so that the disk does not say
 * what they stand for (docs/storage.md, "index"). */
#ifndef CORRIDOR_STORAGE_INDEX_H
#define CORRIDOR_STORAGE_INDEX_H

#include "crypto/base/bytes.h"
#include "crypto/base/err.h"
#include "storage/key.h"
#include "sync/model/schema.h"

struct index_term {
    uint8_t bytes[TERM_BYTES];
};
struct index_value {
    uint16_t kind;
    uint16_t field;
    struct bytes value; /* canonical CBOR */
};

/* The term of a value that the index takes: SipHash-2-4 of kind u16, field
 * u16, folded value. */
void index_term(struct index_term *out, const struct secret_key *index_key,
    const struct index_value *value);

/*
 * A row of touched: a record key, the terms that the record then had, and a
 * check of both and of the row's key. False if it is damaged; views live as
 * long as the row.
 */
struct index_note {
    struct bytes record; /* key */
    struct bytes terms;  /* ascending */
};
bool index_note_read(struct index_note *out, const struct secret_key *index_key,
    struct bytes key, struct bytes row);

/* Does the index take this value? What a person may ask for by equality:
 * short values of fields that are not sealed, and of texts those that lists
 * show. NULL: an unknown field. */
bool index_takes(const struct schema_field *field, struct bytes value);

/* Do two values fold to the same? (texts: without language and ASCII case) */
bool index_same(struct bytes a, struct bytes b);

#endif
