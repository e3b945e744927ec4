/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is needed to read and open what is stored, whoever does it: the writer
 * within its transaction, or a view within its own.
 */
#ifndef CORRIDOR_STORAGE_READER_H
#define CORRIDOR_STORAGE_READER_H

#include "crypto/base/cursor.h"
#include "storage/content.h"
#include "storage/entries.h"
#include "storage/store.h"

struct replay;

/* What stands for each kind in record keys: keyed hashes, of which the usual
 * ones are made once. Never changes, so threads share it. */
enum { KIND_TAGS = 64 };
struct kind_tags {
    struct secret_key key;
    uint8_t tags[KIND_TAGS][2];
};
void kind_tags_init(struct kind_tags *out, const struct secret_key *storage);

struct reader {
    struct txn *txn;
    const struct corridor_id *corridor;
    struct log_table *logs; /* only grows in the writer */
    const struct membership *membership;
    const struct secret_key *generation_secrets; /* per generation */
    const bool *generation_has;
    const struct schema *schema;
    struct content_cache *content;
    struct codec *codec;
    const struct kind_tags *tags;
    struct replay *replay; /* kept from walk to walk; NULL: one for each */
};

/* A record's table key: a tag of its kind (keyed, so that the disk does not
 * say which), then its id. */
void reader_record_key(uint8_t out[RECORD_KEY_BYTES],
    const struct kind_tags *tags, uint16_t kind, const struct record_id *id);

/*
 * Open a change's body: grants' wrapped keys split off, plaintext appended to
 * *plain. *out_void says why it is void, if it is. ERR_NO_KEY: the content
 * key's secret is not there.
 */
struct open_change {
    const struct author *author; /* before or after the entry: same table */
    const struct header *header;
    const struct entry *entry;
    struct dot dot;
    struct content_key *key;
};
enum err reader_open_change(struct reader *reader,
    const struct open_change *change, struct buf *plain,
    enum void_reason *out_void) MUST_USE;

/*
 * Decode a change's plaintext: change_decode with the author as it was just
 * before the entry at `dot`, which the author has advanced past already. The
 * author's own office is filled in where a transfer speaks of it.
 */
enum err reader_decode_change(const struct reader *reader, struct change *out,
    struct bytes plain, struct author *author, struct dot dot) MUST_USE;

/* Try to open a content key by its grants and our circles' secrets. `current`
 * (may be NULL) is an entry not yet stored. True when it opened. */
enum err reader_unlock(struct reader *reader, struct content_key *key,
    const struct stored_entry *current, bool *out_opened,
    struct err_msg *msg) MUST_USE;

/*
 * The stored form of a record: per half its content key's dot and the sealed
 * encoding.
 *   half: class-half u8 (0 general, 1 sealed), key dot (12), size u32, sealed
 * with the row's key and the class-half as additional data.
 */
struct stored_half {
    bool is_sealed;
    struct dot key;
    struct bytes sealed; /* a view */
};
/* The next half of a row. ERR_CORRUPT. */
enum err reader_half_get(
    struct cursor *cursor, struct stored_half *out) MUST_USE;
enum err reader_record_decode(struct reader *reader, struct record *record,
    struct bytes key, struct bytes row, struct err_msg *msg) MUST_USE;
enum err reader_record_encode(struct reader *reader, struct buf *out,
    const struct record *record, struct bytes key,
    struct err_msg *msg) MUST_USE;
/* Load by kind and id; *out is initialised and must be released.
 * ERR_NOT_FOUND. */
enum err reader_record(struct reader *reader, uint16_t kind,
    const struct record_id *id, struct record *out,
    struct err_msg *msg) MUST_USE;

#endif
