/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of cosignatures: docs/storage.md, "cosignatures". */
#include "storage/cosign.h"

#include <string.h>

#include "crypto/base/num.h"

enum { LOG_KEY_BYTES = 4, ROW_KEY_BYTES = LOG_KEY_BYTES + 32 };

static struct key
row_key(uint32_t log, const struct node_id *cosigner)
{
    struct key key = key_u32(log);

    memcpy(key.bytes + key.size, cosigner->bytes, sizeof(cosigner->bytes));
    key.size += sizeof(cosigner->bytes);
    return key;
}

enum err
cosign_decode(struct cosign_row *out, struct bytes key, struct bytes value)
{
    struct cursor cursor = cursor_init(value);
    struct cosign_row row;

    if (key.size != ROW_KEY_BYTES || value.size != COSIGN_ROW_BYTES) {
        return ERR_CORRUPT;
    }
    row.log = num_load_u32(key.data);
    memcpy(row.cosigner.bytes, key.data + LOG_KEY_BYTES,
        sizeof(row.cosigner.bytes));
    row.size = cursor_u64(&cursor);
    cursor_copy(&cursor, row.root.bytes, sizeof(row.root.bytes));
    row.time = cursor_u64(&cursor);
    cursor_copy(&cursor, row.signature.bytes, sizeof(row.signature.bytes));
    row.sequence = cursor_u64(&cursor);
    if (cursor_end(&cursor) != ERR_OK || row.size == 0 ||
        row.size > LOG_SIZE_MAX || row.time > INT64_MAX || row.sequence == 0) {
        return ERR_CORRUPT;
    }
    *out = row;
    return ERR_OK;
}

enum err
cosign_get(struct txn *txn, uint32_t log, const struct node_id *cosigner,
    struct cosign_row *out, struct err_msg *msg)
{
    struct key key = row_key(log, cosigner);
    struct bytes value = {0};
    enum err rc =
        txn_get(txn, TABLE_COSIGNATURES, key_bytes(&key), &value, msg);

    return rc == ERR_OK ? cosign_decode(out, key_bytes(&key), value) : rc;
}

void
cosign_encode(uint8_t out[COSIGN_ROW_BYTES], const struct cosign_row *row)
{
    num_store_u64(out, row->size);
    memcpy(out += 8, row->root.bytes, sizeof(row->root.bytes));
    num_store_u64(out += sizeof(row->root.bytes), row->time);
    memcpy(out += 8, row->signature.bytes, sizeof(row->signature.bytes));
    num_store_u64(out + sizeof(row->signature.bytes), row->sequence);
}

enum err
cosign_put(struct txn *txn, const struct cosign_row *row, struct err_msg *msg)
{
    struct key key = row_key(row->log, &row->cosigner);
    uint8_t value[COSIGN_ROW_BYTES];

    cosign_encode(value, row);
    return txn_put(txn, TABLE_COSIGNATURES, key_bytes(&key),
        bytes_of(value, sizeof(value)), msg);
}

struct cosignature
cosign_of(const struct cosign_row *row, const struct log_table *logs)
{
    struct cosignature cosignature = {.log = logs->ids[row->log],
        .cosigner = row->cosigner,
        .size = row->size,
        .root = row->root,
        .time = row->time,
        .signature = row->signature};

    return cosignature;
}

bool
cosign_counts(
    const struct membership *membership, const struct node_id *cosigner)
{
    const struct member_node *node = membership_node(membership, cosigner);

    return node != NULL && node->cuts[LOG_CONTROL] == UINT64_MAX &&
           node->cuts[LOG_CHANGES] == UINT64_MAX;
}

enum err
cosign_scan_open(struct cosign_scan *scan, struct txn *txn, struct err_msg *msg)
{
    return scan_open(&scan->scan, txn, TABLE_COSIGNATURES, msg);
}

bool
cosign_scan_next(struct cosign_scan *scan, struct cosign_row *out)
{
    for (;;) {
        struct key start = key_u32(scan->log);
        bool found = scan->begun || scan->all
                         ? scan_next(&scan->scan)
                         : scan_seek(&scan->scan, key_bytes(&start));

        scan->begun = true;
        if (!found) {
            return false;
        }
        if (!scan->all && (scan->scan.key.size < LOG_KEY_BYTES ||
                              num_load_u32(scan->scan.key.data) != scan->log)) {
            return false;
        }
        if (cosign_decode(out, scan->scan.key, scan->scan.value) == ERR_OK) {
            return true;
        }
    }
}

enum err
cosign_scan_end(const struct cosign_scan *scan, struct err_msg *msg)
{
    return scan_end(&scan->scan, msg);
}

void
cosign_scan_close(struct cosign_scan *scan)
{
    scan_close(&scan->scan);
}
