/* SPDX-License-Identifier: Apache-2.0 */
/* Records by the first digits of their ids, as people type them. */
#include <string.h>

#include "crypto/base/hex.h"
#include "storage/view_internal.h"

enum { PREFIX_HEX_MIN = 4, ID_HEX = 32 };

/* The least (fill '0') or greatest (fill 'f') id with this prefix. */
static bool
bound_id(struct record_id *out, struct bytes prefix, char fill)
{
    char hex[ID_HEX + 1];

    if (prefix.size < PREFIX_HEX_MIN || prefix.size > ID_HEX) {
        return false;
    }
    memset(hex, fill, ID_HEX);
    memcpy(hex, prefix.data, prefix.size);
    return hex_decode(hex, ID_HEX, out->bytes, sizeof(out->bytes));
}

/* What is asked for. */
struct finding {
    struct reader reader;
    struct bytes prefix;
    struct found_record *out;
    size_t max;
    size_t count;
};

/* Kinds are tags of two bytes in the key, so two may share one: look. */
static enum err
is_of_kind(struct finding *f, uint16_t kind, const struct record_id *id,
    bool *out, struct err_msg *msg)
{
    struct record record;
    enum err rc = reader_record(&f->reader, kind, id, &record, msg);

    *out = rc == ERR_OK;
    if (rc == ERR_OK) {
        record_release(&record);
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

/* From the newest down to the least id. */
static enum err
find_of_kind(struct finding *f, uint16_t kind, struct err_msg *msg)
{
    uint8_t start[RECORD_KEY_BYTES];
    uint8_t end[RECORD_KEY_BYTES + 1] = {0};
    struct record_id least;
    struct record_id greatest;
    struct scan scan = {0};
    bool more = false;
    enum err rc = ERR_OK;

    if (!bound_id(&least, f->prefix, '0') ||
        !bound_id(&greatest, f->prefix, 'f')) {
        return ERR_MALFORMED;
    }
    reader_record_key(start, f->reader.tags, kind, &least);
    reader_record_key(end, f->reader.tags, kind, &greatest);
    rc = scan_open(&scan, f->reader.txn, TABLE_RECORDS, msg);
    more = rc == ERR_OK && scan_last(&scan, bytes_of(end, sizeof(end)));
    while (rc == ERR_OK && more && f->count < f->max &&
           scan.key.size == RECORD_KEY_BYTES &&
           memcmp(scan.key.data, start, sizeof(start)) >= 0) {
        struct found_record *found = &f->out[f->count];
        bool is_its = false;

        found->kind = kind;
        memcpy(found->id.bytes, scan.key.data + 2, sizeof(found->id.bytes));
        rc = is_of_kind(f, kind, &found->id, &is_its, msg);
        f->count += is_its ? 1 : 0;
        more = scan_prev(&scan);
    }
    if (rc == ERR_OK) {
        rc = scan_end(&scan, msg);
    }
    scan_close(&scan);
    return rc;
}

enum err
view_find(struct view *view, struct bytes hex_prefix, struct found_record *out,
    size_t max, size_t *out_count, struct err_msg *msg)
{
    const struct schema *schema = view_schema(view);
    struct finding f = {.prefix = hex_prefix, .out = out, .max = max};
    enum err rc = view_reader(view, false, &f.reader);

    for (size_t i = 0; i < schema->kind_count && rc == ERR_OK; i++) {
        if (!schema->kinds[i].reserved) {
            rc = find_of_kind(&f, schema->kinds[i].number, msg);
        }
    }
    if (rc == ERR_MALFORMED) {
        return err_set(msg, rc,
            "an id is 32 hexadecimal digits, of which at least %d are given",
            PREFIX_HEX_MIN);
    }
    if (rc == ERR_OK) {
        *out_count = f.count;
    }
    return rc;
}
