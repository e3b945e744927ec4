/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/reader.h"

#include <assert.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "crypto/hash.h"

enum { DOT_BYTES = 12 };

static void
kind_tag(uint8_t out[2], const struct secret_key *key, uint16_t kind)
{
    struct hash tag;
    uint8_t number[2];

    num_store_u16(number, kind);
    hash_blake2b_keyed(&tag, key, bytes_of(number, sizeof(number)));
    memcpy(out, tag.bytes, 2);
}

void
kind_tags_init(struct kind_tags *out, const struct secret_key *storage)
{
    hash_derive_label(&out->key, storage, "corridor/kind-tag/1");
    for (uint16_t kind = 0; kind < KIND_TAGS; kind++) {
        kind_tag(out->tags[kind], &out->key, kind);
    }
}

void
reader_record_key(uint8_t out[RECORD_KEY_BYTES], const struct kind_tags *tags,
    uint16_t kind, const struct record_id *id)
{
    if (kind < KIND_TAGS) {
        memcpy(out, tags->tags[kind], 2);
    } else {
        kind_tag(out, &tags->key, kind);
    }
    memcpy(out + 2, id->bytes, sizeof(id->bytes));
}

enum err
reader_open_change(struct reader *reader, const struct open_change *change,
    struct buf *plain, enum void_reason *out_void)
{
    struct seal_place place = {
        .corridor = reader->corridor,
        .node = &change->author->id.node,
        .log_kind = change->author->id.kind,
        .position = change->dot.position,
        .kind = change->entry->kind,
    };
    struct seal_open_options options = {
        .place = &place,
        .header = change->entry->header,
        .header_unsealed = change->header->unsealed,
        .seal = &change->header->seal,
    };
    struct change_body body;
    struct buf padded = {0};
    enum err rc = ERR_OK;

    *out_void = VOID_NONE;
    if (!change->key->has_secret) {
        return ERR_NO_KEY;
    }
    if (change_body_split(&body, change->header, change->entry->body) !=
        ERR_OK) {
        *out_void = VOID_MALFORMED;
        return ERR_OK;
    }
    rc = seal_body_open_with(
        &padded, content_seal(change->key), &options, body.sealed);
    if (rc == ERR_OK) {
        rc = codec_unpack(reader->codec, plain, buf_bytes(&padded));
        if (rc == ERR_VERSION) {
            *out_void = VOID_UNKNOWN;
            rc = ERR_OK;
        } else if (rc == ERR_MALFORMED || rc == ERR_TOO_BIG) {
            *out_void = VOID_MALFORMED;
            rc = ERR_OK;
        }
    } else if (rc == ERR_BAD_SIGNATURE) {
        *out_void = VOID_SEAL;
        rc = ERR_OK;
    }
    buf_wipe(&padded);
    return rc;
}

static void
fill_own_office(
    const struct reader *reader, struct change *change, struct dot dot)
{
    const struct office *office =
        membership_office_of(reader->membership, dot.log);

    for (size_t i = 0; i < change->op_count && office != NULL; i++) {
        if (change->ops[i].is_own) {
            change->ops[i].office = office->id;
        }
    }
}

enum err
reader_decode_change(const struct reader *reader, struct change *out,
    struct bytes plain, struct author *author, struct dot dot)
{
    uint64_t applied = author->applied;
    enum err rc = ERR_OK;

    author->applied = dot.position;
    rc = change_decode(out, plain, author, NULL);
    author->applied = applied;
    if (rc == ERR_OK) {
        fill_own_office(reader, out, dot);
    }
    return rc;
}

/* The wrapped key as the granting entry's body has it. */
static enum err
unwrap(struct reader *reader, const struct content_key *key,
    const struct key_grant *grant, const struct stored_entry *stored,
    uint32_t generation, struct secret_key *out)
{
    const struct generation *circle =
        &reader->membership->generations[generation];
    const struct secret_key *secret = &reader->generation_secrets[generation];
    const struct log_id *id = &reader->logs->ids[circle->dot.log];
    struct seal_wrap_place place = {
        .corridor = reader->corridor,
        .node = &id->node,
        .log_kind = id->kind,
        .position = circle->dot.position,
        .commitment = &key->info.commitment,
    };
    struct header header;
    struct change_body body;
    struct hash commitment;
    enum log_kind log_kind =
        (enum log_kind)reader->logs->ids[stored->dot.log].kind;
    enum err rc = header_decode(
        &header, stored->entry.header, log_kind, stored->dot.position);

    if (rc == ERR_OK) {
        rc = change_body_split(&body, &header, stored->entry.body);
    }
    /* The row may be damaged: its mode must be the entry's. */
    if (rc != ERR_OK || grant->item >= header.grant_count ||
        body.wrapped[grant->item].size != (grant->mode == GRANT_WRAPPED
                                                  ? SEAL_WRAPPED_BYTES
                                                  : SEAL_BOXED_BYTES)) {
        return ERR_BAD_SIGNATURE;
    }
    if (grant->mode == GRANT_WRAPPED) {
        return seal_unwrap(out, secret, &place, body.wrapped[grant->item].data);
    }
    rc = seal_box_open(out, secret, body.wrapped[grant->item].data);
    if (rc == ERR_OK) {
        seal_commitment(&commitment, out);
        if (!hash_equal(&commitment, &key->info.commitment)) {
            mem_wipe(out, sizeof(*out));
            rc = ERR_BAD_SIGNATURE;
        }
    }
    return rc;
}

enum err
reader_unlock(struct reader *reader, struct content_key *key,
    const struct stored_entry *current, bool *out_opened, struct err_msg *msg)
{
    struct key_info only = key->info;
    struct stored_entry stored;
    struct secret_key secret;
    uint32_t generation = 0;
    size_t place = 0;
    enum err rc = ERR_OK;

    *out_opened = false;
    /* A grant that does not open (a wrong wrapping) does not hide others. */
    for (size_t i = 0; i < key->info.grant_count; i++) {
        only.grants = &key->info.grants[i];
        only.grant_count = 1;
        if (!key_find_opening(&only, reader->membership, reader->generation_has,
                &place, &generation)) {
            continue;
        }
        if (current != NULL && current->dot.log == only.grants->entry.log &&
            current->dot.position == only.grants->entry.position) {
            stored = *current;
        } else {
            rc = entries_get(reader->txn, only.grants->entry, &stored, msg);
            if (rc != ERR_OK) {
                return rc == ERR_NOT_FOUND ? ERR_CORRUPT : rc;
            }
        }
        if (!stored.entry.has_body) {
            continue;
        }
        rc = unwrap(reader, key, only.grants, &stored, generation, &secret);
        if (rc == ERR_OK) {
            content_set_secret(key, &secret);
            mem_wipe(&secret, sizeof(secret));
            *out_opened = true;
            return ERR_OK;
        }
        if (rc != ERR_BAD_SIGNATURE) {
            return rc;
        }
    }
    return ERR_OK;
}

/* What a half is sealed with besides its key: its row and which it is. */
struct half_place {
    uint8_t bytes[RECORD_KEY_BYTES + 1];
};

static struct half_place
half_place(struct bytes key, bool sealed)
{
    struct half_place place = {{0}};

    assert(key.size == RECORD_KEY_BYTES);
    memcpy(place.bytes, key.data, RECORD_KEY_BYTES);
    place.bytes[RECORD_KEY_BYTES] = sealed ? 1 : 0;
    return place;
}

/* A half is sealed under the newest of its keys. */
static bool
half_key(const struct record *record, bool sealed, struct dot *out)
{
    bool found = false;

    for (size_t i = 0; i < record->key_count; i++) {
        if ((record->keys[i].class == CLASS_SEALED) == sealed) {
            *out = record->keys[i].key;
            found = true;
        }
    }
    return found;
}

static enum err
encode_half(struct reader *reader, struct buf *out, const struct record *record,
    bool sealed, struct bytes key, struct err_msg *msg)
{
    struct half_place place = half_place(key, sealed);
    struct content_key *content = NULL;
    struct buf plain = {0};
    struct key name;
    struct dot dot = {0};
    size_t size_at = 0;
    enum err rc = ERR_OK;

    if (!half_key(record, sealed, &dot)) {
        return ERR_OK;
    }
    rc = content_get(reader->content, reader->txn, dot, &content, msg);
    if (rc == ERR_OK && !content->has_secret) {
        rc = ERR_NO_KEY;
    }
    if (rc == ERR_OK) {
        rc = record_encode(&plain, record, sealed);
    }
    if (rc == ERR_OK) {
        name = key_dot(dot);
        buf_put_u8(out, sealed ? 1 : 0);
        buf_put_bytes(out, key_bytes(&name));
        size_at = out->size;
        buf_put_u32(out, 0);
        rc = seal_rest_with(out, content_rest(reader->content, content),
            bytes_of(place.bytes, sizeof(place.bytes)), buf_bytes(&plain));
    }
    if (rc == ERR_OK && buf_err(out) == ERR_OK) {
        num_store_u32(out->data + size_at,
            (uint32_t)(out->size - size_at - sizeof(uint32_t)));
    }
    buf_wipe(&plain);
    return rc != ERR_OK ? rc : buf_err(out);
}

enum err
reader_record_encode(struct reader *reader, struct buf *out,
    const struct record *record, struct bytes key, struct err_msg *msg)
{
    enum err rc = encode_half(reader, out, record, false, key, msg);

    if (rc == ERR_OK) {
        rc = encode_half(reader, out, record, true, key, msg);
    }
    return rc;
}

enum err
reader_half_get(struct cursor *cursor, struct stored_half *out)
{
    uint8_t half = cursor_u8(cursor);
    struct bytes name = cursor_take(cursor, DOT_BYTES);
    struct bytes sealed = cursor_take(cursor, cursor_u32(cursor));
    struct dot dot = {0};

    if (cursor->failed || half > 1 || key_get_dot(name, &dot) != ERR_OK) {
        return ERR_CORRUPT;
    }
    *out = (struct stored_half){half == 1, dot, sealed};
    return ERR_OK;
}

static enum err
decode_half(struct reader *reader, struct record *record, struct bytes key,
    const struct stored_half *half, struct err_msg *msg)
{
    struct half_place place = half_place(key, half->is_sealed);
    struct content_key *content = NULL;
    struct buf plain = {0};
    enum err rc =
        content_get(reader->content, reader->txn, half->key, &content, msg);

    if (rc == ERR_NOT_FOUND || (rc == ERR_OK && !content->has_secret)) {
        return ERR_CORRUPT;
    }
    if (rc != ERR_OK) {
        return rc;
    }
    rc = seal_rest_open_with(&plain, content_rest(reader->content, content),
        bytes_of(place.bytes, sizeof(place.bytes)), half->sealed);
    if (rc == ERR_OK) {
        rc = record_decode(record, reader->logs, buf_bytes(&plain));
    }
    buf_wipe(&plain);
    return rc == ERR_OK || rc == ERR_NOMEM ? rc : ERR_CORRUPT;
}

enum err
reader_record_decode(struct reader *reader, struct record *record,
    struct bytes key, struct bytes row, struct err_msg *msg)
{
    struct cursor cursor = cursor_init(row);
    int least = 0; /* the general half, then the sealed one, each once */
    enum err rc = key.size == RECORD_KEY_BYTES ? ERR_OK : ERR_CORRUPT;

    while (rc == ERR_OK && cursor_left(&cursor) > 0) {
        struct stored_half half;

        rc = reader_half_get(&cursor, &half);
        if (rc == ERR_OK && (int)half.is_sealed < least) {
            rc = ERR_CORRUPT;
        }
        if (rc == ERR_OK) {
            least = (int)half.is_sealed + 1;
            rc = decode_half(reader, record, key, &half, msg);
        }
    }
    if (rc == ERR_CORRUPT) {
        return err_set(msg, rc,
            "a stored record is damaged; corridor rebuild makes it again");
    }
    return rc;
}

enum err
reader_record(struct reader *reader, uint16_t kind, const struct record_id *id,
    struct record *out, struct err_msg *msg)
{
    uint8_t key[RECORD_KEY_BYTES];
    struct bytes row = {0};
    struct record record;
    enum err rc = ERR_OK;

    reader_record_key(key, reader->tags, kind, id);
    rc = txn_get(
        reader->txn, TABLE_RECORDS, bytes_of(key, sizeof(key)), &row, msg);
    if (rc != ERR_OK) {
        return rc;
    }
    record_init(&record, id, kind);
    rc = reader_record_decode(
        reader, &record, bytes_of(key, sizeof(key)), row, msg);
    if (rc == ERR_OK && record.kind != kind) {
        rc = ERR_NOT_FOUND; /* two kinds whose tags are equal */
    }
    if (rc != ERR_OK) {
        record_release(&record);
        return rc;
    }
    *out = record;
    return ERR_OK;
}
