/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/entries.h"

#include <assert.h>
#include <string.h>

#include "crypto/base/cursor.h"
#include "crypto/base/num.h"
#include "storage/varint.h"

enum {
    HASH_BYTES = 32,
    FLAGS_ALL = ENTRY_FLAG_ABSENT | ENTRY_FLAG_APPLIED | ENTRY_FLAG_CHECKPOINT
};

/* The leaf's hash is only stored where the body is. */
static size_t
nodes_size(const struct stored_entry *stored)
{
    size_t left_out = stored->entry.has_body ? 0 : 1;

    return (stored->node_count - left_out) * HASH_BYTES;
}

void
entries_node(
    const struct stored_entry *stored, unsigned level, struct hash *out)
{
    struct entry entry = stored->entry;

    assert(level < stored->node_count);
    if (level > 0) {
        memcpy(
            out->bytes, stored->nodes + (level - 1) * HASH_BYTES, HASH_BYTES);
    } else if (stored->has_leaf) {
        *out = stored->leaf;
    } else {
        entry_hash_body(&entry);
        entry_leaf_hash(out, &entry);
    }
}

static size_t
stored_size(const struct stored_entry *stored)
{
    return 1 + varint_size(stored->dot.log) +
           varint_size(stored->dot.position) + varint_size(stored->previous) +
           varint_size(stored->rank) + varint_size(stored->time) + 1 +
           nodes_size(stored) + 1 + 2 + stored->entry.header.size + 2 +
           (stored->entry.has_body ? stored->entry.body.size : HASH_BYTES) +
           stored->checkpoint.size;
}

static uint8_t *
put(uint8_t *at, const void *data, size_t size)
{
    if (size > 0) {
        memcpy(at, data, size);
    }
    return at + size;
}

static void
stored_write(uint8_t *at, const struct stored_entry *stored)
{
    const struct entry *entry = &stored->entry;
    struct hash leaf;

    assert(stored->node_count > 0);
    *at++ = stored->flags;
    at = varint_put(at, stored->dot.log);
    at = varint_put(at, stored->dot.position);
    at = varint_put(at, stored->previous);
    at = varint_put(at, stored->rank);
    at = varint_put(at, stored->time);
    *at++ = (uint8_t)stored->node_count;
    if (entry->has_body) {
        entries_node(stored, 0, &leaf);
        at = put(at, leaf.bytes, HASH_BYTES);
    }
    at = put(at, stored->nodes, (stored->node_count - 1) * HASH_BYTES);
    *at++ = entry->kind;
    num_store_u16(at, (uint16_t)entry->header.size);
    at = put(at + 2, entry->header.data, entry->header.size);
    num_store_u16(at, entry->has_body ? (uint16_t)entry->body.size : 0);
    at += 2;
    if (entry->has_body) {
        at = put(at, entry->body.data, entry->body.size);
    } else {
        at = put(at, entry->body_hash.bytes, HASH_BYTES);
    }
    put(at, stored->checkpoint.data, stored->checkpoint.size);
}

enum err
entries_append(
    struct txn *txn, const struct stored_entry *stored, struct err_msg *msg)
{
    struct key key = key_u64(stored->arrival);
    uint8_t *room = NULL;
    enum err rc = txn_append_reserve(
        txn, TABLE_ENTRIES, key_bytes(&key), stored_size(stored), &room, msg);

    if (rc == ERR_OK) {
        stored_write(room, stored);
    }
    return rc;
}

enum err
entries_encode(struct buf *out, const struct stored_entry *stored)
{
    uint8_t *room = buf_extend(out, stored_size(stored));

    if (room != NULL) {
        stored_write(room, stored);
    }
    return buf_err(out);
}

enum err
entries_rewrite(
    struct txn *txn, const struct stored_entry *stored, struct err_msg *msg)
{
    struct key key = key_u64(stored->arrival);
    struct buf copy = {0};
    enum err rc = entries_encode(&copy, stored);

    if (rc == ERR_OK) {
        rc =
            txn_put(txn, TABLE_ENTRIES, key_bytes(&key), buf_bytes(&copy), msg);
    }
    buf_release(&copy);
    return rc;
}

/* docs/protocol.md, "Logs": 1 + the trailing one bits of the position. */
static size_t
nodes_completed(uint64_t position)
{
    size_t count = 1;

    for (; (position & 1) != 0; position >>= 1) {
        count++;
    }
    return count;
}

enum err
entries_decode(struct stored_entry *out, uint64_t arrival, struct bytes value)
{
    struct stored_entry stored = {.arrival = arrival};
    struct cursor cursor = cursor_init(value);
    uint64_t log = 0;
    size_t size = 0;

    stored.flags = cursor_u8(&cursor);
    log = varint_get(&cursor);
    stored.dot.position = varint_get(&cursor);
    stored.previous = varint_get(&cursor);
    stored.rank = varint_get(&cursor);
    stored.time = varint_get(&cursor);
    stored.node_count = cursor_u8(&cursor);
    stored.has_leaf = (stored.flags & ENTRY_FLAG_ABSENT) == 0;
    if (stored.node_count == 0) {
        return ERR_CORRUPT;
    }
    if (stored.has_leaf) {
        cursor_copy(&cursor, stored.leaf.bytes, HASH_BYTES);
    }
    stored.nodes =
        cursor_take(&cursor, (stored.node_count - 1) * HASH_BYTES).data;
    stored.entry.kind = cursor_u8(&cursor);
    size = cursor_u16(&cursor);
    stored.entry.header = cursor_take(&cursor, size);
    size = cursor_u16(&cursor);
    stored.entry.has_body = (stored.flags & ENTRY_FLAG_ABSENT) == 0;
    if (stored.entry.has_body) {
        stored.entry.body = cursor_take(&cursor, size);
    } else {
        cursor_copy(&cursor, stored.entry.body_hash.bytes, HASH_BYTES);
        if (size != 0) {
            cursor_fail(&cursor);
        }
    }
    if ((stored.flags & ENTRY_FLAG_CHECKPOINT) != 0) {
        stored.checkpoint = cursor_take(&cursor, cursor_left(&cursor));
        if (stored.checkpoint.size == 0) {
            cursor_fail(&cursor);
        }
    }
    stored.dot.log = (uint32_t)log;
    if (cursor_end(&cursor) != ERR_OK || log >= LOG_TABLE_MAX ||
        (stored.flags & ~(unsigned)FLAGS_ALL) != 0 ||
        stored.dot.position >= LOG_SIZE_MAX ||
        stored.node_count != nodes_completed(stored.dot.position) ||
        stored.previous == arrival + 1) {
        return ERR_CORRUPT;
    }
    *out = stored;
    return ERR_OK;
}

enum err
entries_at(struct txn *txn, uint64_t arrival, struct stored_entry *out,
    struct err_msg *msg)
{
    struct key key = key_u64(arrival);
    struct bytes value = {0};
    enum err rc = txn_get(txn, TABLE_ENTRIES, key_bytes(&key), &value, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    rc = entries_decode(out, arrival, value);
    if (rc != ERR_OK) {
        return err_set(msg, rc, "stored entry %llu is damaged",
            (unsigned long long)arrival);
    }
    return ERR_OK;
}

enum err
entries_locate(
    struct txn *txn, struct dot dot, uint64_t *out, struct err_msg *msg)
{
    struct key end = key_dot((struct dot){dot.log, dot.position + 1});
    struct scan scan = {0};
    struct dot first = {0};
    uint64_t arrival = 0;
    bool found = false;
    enum err rc = scan_open(&scan, txn, TABLE_RUNS, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    found = scan_last(&scan, key_bytes(&end));
    rc = scan_end(&scan, msg);
    if (rc == ERR_OK && !found) {
        rc = ERR_NOT_FOUND;
    }
    if (rc == ERR_OK && (key_get_dot(scan.key, &first) != ERR_OK ||
                            key_get_u64(scan.value, &arrival) != ERR_OK)) {
        rc = err_set(msg, ERR_CORRUPT, "a row of runs is damaged");
    }
    if (rc == ERR_OK && first.log != dot.log) {
        rc = ERR_NOT_FOUND;
    }
    if (rc == ERR_OK) {
        *out = arrival + (dot.position - first.position);
    }
    scan_close(&scan);
    return rc;
}

enum err
entries_get(struct txn *txn, struct dot dot, struct stored_entry *out,
    struct err_msg *msg)
{
    uint64_t arrival = 0;
    enum err rc = entries_locate(txn, dot, &arrival, msg);

    if (rc == ERR_OK) {
        rc = entries_at(txn, arrival, out, msg);
    }
    if (rc == ERR_OK &&
        (out->dot.log != dot.log || out->dot.position != dot.position)) {
        rc = ERR_NOT_FOUND; /* past the end of the log's last run */
    }
    return rc;
}

enum err
entries_follow(struct entries_follow *follow, struct stored_entry *out,
    struct err_msg *msg)
{
    enum err rc = ERR_NOT_FOUND;

    if (follow->has_arrival) {
        rc = entries_at(follow->txn, follow->arrival, out, msg);
        if (rc == ERR_OK && (out->dot.log != follow->next.log ||
                                out->dot.position != follow->next.position)) {
            rc = ERR_NOT_FOUND; /* another log's: the run ends here */
        }
    }
    if (rc == ERR_NOT_FOUND) {
        rc = entries_get(follow->txn, follow->next, out, msg);
    }
    if (rc == ERR_OK) {
        follow->arrival = out->arrival + 1;
        follow->has_arrival = true;
        follow->next.position++;
    }
    return rc;
}

static struct bytes
rebase(struct bytes old, const uint8_t **at)
{
    struct bytes moved = bytes_of(*at, old.size);

    *at += old.size;
    return moved;
}

enum err
entries_copy(struct stored_entry *stored, struct buf *copy)
{
    struct bytes nodes =
        bytes_of(stored->nodes, (stored->node_count - 1) * HASH_BYTES);
    const uint8_t *at = NULL;

    buf_clear(copy);
    buf_put_bytes(copy, stored->entry.header);
    buf_put_bytes(copy, stored->entry.body);
    buf_put_bytes(copy, nodes);
    buf_put_bytes(copy, stored->checkpoint);
    if (buf_err(copy) != ERR_OK) {
        return buf_err(copy);
    }
    at = copy->data;
    stored->entry.header = rebase(stored->entry.header, &at);
    stored->entry.body = rebase(stored->entry.body, &at);
    stored->nodes = rebase(nodes, &at).data;
    stored->checkpoint = rebase(stored->checkpoint, &at);
    return ERR_OK;
}

enum err
entries_next(struct txn *txn, uint64_t *out, struct err_msg *msg)
{
    struct scan scan = {0};
    struct bytes none = {0};
    uint64_t last = 0;
    enum err rc = scan_open(&scan, txn, TABLE_ENTRIES, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    if (scan_last(&scan, none)) {
        rc = key_get_u64(scan.key, &last);
        if (rc == ERR_OK) {
            *out = last + 1;
        }
    } else {
        rc = scan_end(&scan, msg);
        if (rc == ERR_OK) {
            *out = 0;
        }
    }
    scan_close(&scan);
    return rc;
}

enum err
entries_put_run(
    struct txn *txn, struct dot first, uint64_t arrival, struct err_msg *msg)
{
    struct key key = key_dot(first);
    struct key value = key_u64(arrival);

    return txn_put(txn, TABLE_RUNS, key_bytes(&key), key_bytes(&value), msg);
}

static enum err
source_node(void *context, unsigned level, uint64_t index, struct hash *out)
{
    const struct entries_source *source = context;
    struct stored_entry stored;
    struct dot dot = {source->log, ((index + 1) << level) - 1};
    enum err rc = entries_get(source->txn, dot, &stored, NULL);

    if (rc != ERR_OK) {
        return rc;
    }
    if (level >= stored.node_count) {
        return ERR_CORRUPT;
    }
    entries_node(&stored, level, out);
    return ERR_OK;
}

struct merkle_source
entries_merkle(struct entries_source *source)
{
    struct merkle_source merkle = {.node = source_node, .context = source};

    return merkle;
}
