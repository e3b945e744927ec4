/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions and scans over tables. Values read are views into the map:
 * they live until the transaction ends or its next write.
 */
#ifndef CORRIDOR_STORAGE_TXN_H
#define CORRIDOR_STORAGE_TXN_H

#include "crypto/base/bytes.h"
#include "crypto/base/err.h"
#include "storage/tables.h"

struct env;
struct txn;

/* A write transaction belongs to its thread; a second one waits. */
enum err txn_begin(struct txn **out, struct env *env, bool is_write,
    struct err_msg *msg) MUST_USE;
/* Ends it in any case. ERR_FULL: disk or map; nothing was written then. */
enum err txn_commit(struct txn *txn, struct err_msg *msg) MUST_USE;
void txn_abort(struct txn *txn); /* NULL is fine */

/* ERR_NOT_FOUND sets no message. */
enum err txn_get(struct txn *txn, enum table table, struct bytes key,
    struct bytes *out, struct err_msg *msg) MUST_USE;
enum err txn_put(struct txn *txn, enum table table, struct bytes key,
    struct bytes value, struct err_msg *msg) MUST_USE;
/* The key must be greater than all in the table. */
enum err txn_append(struct txn *txn, enum table table, struct bytes key,
    struct bytes value, struct err_msg *msg) MUST_USE;
/* Room of `size` bytes for an appended value, to be filled at once. */
enum err txn_append_reserve(struct txn *txn, enum table table, struct bytes key,
    size_t size, uint8_t **out, struct err_msg *msg) MUST_USE;
/* ERR_OK also when there was nothing. */
enum err txn_delete(struct txn *txn, enum table table, struct bytes key,
    struct err_msg *msg) MUST_USE;
/*
 * Of a table whose keys have sets: txn_put adds to the set, this takes one
 * value out of it (ERR_OK also when it was not there), and this asks for one.
 */
enum err txn_remove(struct txn *txn, enum table table, struct bytes key,
    struct bytes value, struct err_msg *msg) MUST_USE;
/* ERR_NOT_FOUND sets no message. */
enum err txn_has(struct txn *txn, enum table table, struct bytes key,
    struct bytes value, struct err_msg *msg) MUST_USE;
/* Empty a table. */
enum err txn_clear(
    struct txn *txn, enum table table, struct err_msg *msg) MUST_USE;
uint64_t txn_count(struct txn *txn, enum table table);

/*
 * A scan by key order. scan_seek goes to the first key >= start; scan_last to
 * the last key < end (or the table's last when end is empty). Then scan_next
 * or scan_prev step; each returns false at the end or on an error, which
 * scan_end gives. scan_close takes zeroed and half-open scans, and comes
 * before the transaction's end.
 */
struct scan {
    void *cursor;
    struct txn *txn;
    struct bytes key;
    struct bytes value;
    int state;
    enum err rc;
};
enum err scan_open(struct scan *scan, struct txn *txn, enum table table,
    struct err_msg *msg) MUST_USE;
bool scan_seek(struct scan *scan, struct bytes start);
bool scan_last(struct scan *scan, struct bytes end);
bool scan_next(struct scan *scan);
bool scan_prev(struct scan *scan);
enum err scan_end(const struct scan *scan, struct err_msg *msg) MUST_USE;
void scan_close(struct scan *scan);

#endif
