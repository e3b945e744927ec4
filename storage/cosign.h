/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of cosignatures (docs/storage.md, "cosignatures"): for each log
 * and cosigner the one of the greatest size.
 */
#ifndef CORRIDOR_STORAGE_COSIGN_H
#define CORRIDOR_STORAGE_COSIGN_H

#include "storage/key.h"
#include "storage/txn.h"
#include "sync/model/cosign.h"
#include "sync/model/membership.h"

/* One row: its key says the log's number and the cosigner. */
struct cosign_row {
    uint32_t log;
    struct node_id cosigner;
    uint64_t size;
    struct hash root;
    uint64_t time;
    struct signature signature;
    uint64_t sequence; /* rises with each that is kept here, from 1 */
};

/* ERR_NOT_FOUND; ERR_CORRUPT. */
enum err cosign_get(struct txn *txn, uint32_t log,
    const struct node_id *cosigner, struct cosign_row *out,
    struct err_msg *msg) MUST_USE;
enum err cosign_put(struct txn *txn, const struct cosign_row *row,
    struct err_msg *msg) MUST_USE;
/* A row's value; and back, strictly: ERR_CORRUPT. */
enum { COSIGN_ROW_BYTES = 8 + 32 + 8 + 64 + 8 };
void cosign_encode(uint8_t out[COSIGN_ROW_BYTES], const struct cosign_row *row);
enum err cosign_decode(
    struct cosign_row *out, struct bytes key, struct bytes value) MUST_USE;

/* As others know it. */
struct cosignature cosign_of(
    const struct cosign_row *row, const struct log_table *logs);

/* Does a cosignature of that node count: is it a member, not retired? */
bool cosign_counts(
    const struct membership *membership, const struct node_id *cosigner);

/*
 * Rows by log and cosigner: of one log, or of all of them. Rows that are
 * damaged are passed over; verify finds them. Used as struct scan.
 */
struct cosign_scan {
    uint32_t log;
    bool all;
    bool begun;
    struct scan scan;
};
enum err cosign_scan_open(
    struct cosign_scan *scan, struct txn *txn, struct err_msg *msg) MUST_USE;
bool cosign_scan_next(struct cosign_scan *scan, struct cosign_row *out);
enum err cosign_scan_end(
    const struct cosign_scan *scan, struct err_msg *msg) MUST_USE;
void cosign_scan_close(struct cosign_scan *scan);

#endif
