/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/tiles.h"

#include "crypto/bundle.h"
#include "storage/view_internal.h"

/* Who takes the entries of a range. False ends it. */
typedef bool take_fn(void *context, const struct stored_entry *stored);

/* Entries of one log in order. Within a run they are neighbours in their
 * table, and a million of them are read: so the scan goes from one to the
 * next, and runs are looked up where it meets another log's. */
struct reading {
    struct txn *txn;
    struct scan scan;
    bool is_placed;
    struct dot next;
};

/* The scan's row. ERR_NOT_FOUND: it is not the entry that comes next. */
static enum err
decode_row(const struct reading *reading, struct stored_entry *out,
    struct err_msg *msg)
{
    uint64_t arrival = 0;
    enum err rc = key_get_u64(reading->scan.key, &arrival);

    if (rc == ERR_OK) {
        rc = entries_decode(out, arrival, reading->scan.value);
    }
    if (rc != ERR_OK) {
        return err_set(msg, ERR_CORRUPT, "stored entry %llu is damaged",
            (unsigned long long)arrival);
    }
    return out->dot.log == reading->next.log &&
                   out->dot.position == reading->next.position
               ? ERR_OK
               : ERR_NOT_FOUND;
}

/* What a step of the scan came to. */
static enum err
take_row(const struct reading *reading, bool is_there, struct stored_entry *out,
    struct err_msg *msg)
{
    enum err rc = scan_end(&reading->scan, msg);

    if (rc == ERR_OK && !is_there) {
        rc = ERR_NOT_FOUND;
    }
    return rc == ERR_OK ? decode_row(reading, out, msg) : rc;
}

static enum err
read_next(
    struct reading *reading, struct stored_entry *out, struct err_msg *msg)
{
    struct key key;
    uint64_t arrival = 0;
    enum err rc = ERR_NOT_FOUND;

    if (reading->is_placed) {
        rc = take_row(reading, scan_next(&reading->scan), out, msg);
    }
    if (rc == ERR_NOT_FOUND) {
        rc = entries_locate(reading->txn, reading->next, &arrival, msg);
        if (rc == ERR_OK) {
            key = key_u64(arrival);
            rc = take_row(
                reading, scan_seek(&reading->scan, key_bytes(&key)), out, msg);
        }
    }
    reading->is_placed = rc == ERR_OK;
    reading->next.position += rc == ERR_OK ? 1 : 0;
    return rc;
}

static enum err
each_entry(struct view *view, const struct tiles_range *range, take_fn *take,
    void *context, struct err_msg *msg)
{
    struct reading reading = {.txn = view->txn};
    struct stored_entry stored;
    struct reader reader;
    enum err rc = view_reader(view, false, &reader);

    if (rc == ERR_OK &&
        !log_table_find(&view->logs, range->log, &reading.next.log)) {
        rc = ERR_NOT_FOUND;
    }
    if (rc == ERR_OK) {
        rc = scan_open(&reading.scan, view->txn, TABLE_ENTRIES, msg);
    }
    reading.next.position = range->from;
    while (rc == ERR_OK && reading.next.position < range->to) {
        rc = read_next(&reading, &stored, msg);
        if (rc == ERR_OK && !take(context, &stored)) {
            break;
        }
    }
    scan_close(&reading.scan);
    return rc;
}

static bool
take_leaf(void *context, const struct stored_entry *stored)
{
    struct buf *out = context;
    struct entry entry = stored->entry;
    uint8_t leaf[ENTRY_LEAF_BYTES];

    entry_hash_body(&entry);
    entry_leaf(leaf, &entry);
    bundle_put(out, bytes_of(leaf, sizeof(leaf)));
    return buf_err(out) == ERR_OK;
}

enum err
tiles_leaves(struct view *view, const struct tiles_range *range,
    struct buf *out, struct err_msg *msg)
{
    enum err rc = each_entry(view, range, take_leaf, out, msg);

    return rc == ERR_OK ? buf_err(out) : rc;
}

struct headers {
    struct buf *out;
    size_t end; /* of the buffer, where it is cut */
    uint64_t to;
    bool holds_bodies; /* this node, by its office's roles */
};

static enum bundle_body
body_state(const struct entry *entry, bool holds_bodies)
{
    if (entry->kind == ENTRY_CONTROL || entry->kind == ENTRY_ERASE) {
        return entry->has_body ? BUNDLE_BODY_HERE : BUNDLE_BODY_LACKING;
    }
    if (entry->has_body) {
        return BUNDLE_BODY_HELD;
    }
    return holds_bodies ? BUNDLE_BODY_LACKING : BUNDLE_BODY_DENIED;
}

static bool
take_header(void *context, const struct stored_entry *stored)
{
    struct headers *h = context;
    struct bundle_header item = {.header = stored->entry.header,
        .state = body_state(&stored->entry, h->holds_bodies)};

    if (item.state == BUNDLE_BODY_HERE) {
        item.body = stored->entry.body;
    }
    bundle_put_header(h->out, &item);
    h->to = stored->dot.position + 1;
    return buf_err(h->out) == ERR_OK &&
           (h->out->size < h->end || h->to % LOG_BATCH_ENTRIES_MAX != 0);
}

enum err
tiles_headers(struct view *view, const struct tiles_range *range,
    size_t bytes_max, struct buf *out, uint64_t *out_to, struct err_msg *msg)
{
    struct headers headers = {.out = out,
        .end = out->size + bytes_max,
        .to = range->from,
        .holds_bodies = view_takes_bodies(view, NULL)};
    enum err rc = each_entry(view, range, take_header, &headers, msg);

    if (rc == ERR_OK) {
        rc = buf_err(out);
    }
    if (rc == ERR_OK) {
        *out_to = headers.to;
    }
    return rc;
}

/* The head that is held in full, and where the log's nodes are read. */
static enum err
open_log(struct view *view, const struct log_id *log, uint64_t size,
    struct head *out, struct entries_source *source, struct err_msg *msg)
{
    struct log_state state = {0};
    enum err rc = view_load_log(view, log, &source->log, &state, msg);

    source->txn = view->txn;
    if (rc == ERR_OK && !state.has_head) {
        rc = ERR_NOT_FOUND;
    }
    if (rc == ERR_OK && size > state.head.size) {
        rc = ERR_GAP;
    }
    if (rc == ERR_OK) {
        *out = state.head;
    }
    author_release(&state.author);
    return rc;
}

enum err
tiles_prefix(struct view *view, const struct log_id *log, uint64_t size,
    struct tiles_prefix *out, struct err_msg *msg)
{
    struct entries_source entries = {0};
    struct merkle_source source = entries_merkle(&entries);
    struct tiles_prefix prefix = {0};
    enum err rc = open_log(view, log, size, &prefix.head, &entries, msg);

    if (rc == ERR_OK) {
        rc = merkle_source_root(&prefix.root, &source, size);
    }
    if (rc == ERR_OK) {
        rc = merkle_prove_consistency(
            &prefix.proof, &source, size, prefix.head.size);
    }
    if (rc == ERR_OK) {
        *out = prefix;
    }
    return rc;
}

enum err
tiles_inclusion(struct view *view, const struct log_id *log, uint64_t position,
    struct tiles_inclusion *out, struct err_msg *msg)
{
    struct entries_source entries = {0};
    struct merkle_source source = entries_merkle(&entries);
    struct tiles_inclusion inclusion = {0};
    struct stored_entry stored;
    struct dot dot = {.position = position};
    enum err rc = position < LOG_SIZE_MAX ? ERR_OK : ERR_GAP;

    if (rc == ERR_OK) {
        rc = open_log(view, log, position + 1, &inclusion.head, &entries, msg);
    }
    dot.log = entries.log;
    if (rc == ERR_OK) {
        rc = entries_get(view->txn, dot, &stored, msg);
    }
    if (rc == ERR_OK) {
        inclusion.entry = stored.entry;
        entry_hash_body(&inclusion.entry);
        entry_leaf(inclusion.leaf, &inclusion.entry);
        rc = merkle_prove_inclusion(
            &inclusion.proof, &source, position, inclusion.head.size);
    }
    if (rc == ERR_OK) {
        *out = inclusion;
    }
    return rc;
}
