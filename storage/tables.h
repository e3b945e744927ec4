/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every table of a corridor's environment (docs/storage.md, "Tables"). Keys
 * are big-endian, so memcmp is their order.
 */
#ifndef CORRIDOR_STORAGE_TABLES_H
#define CORRIDOR_STORAGE_TABLES_H

#include <stdbool.h>

enum table {
    TABLE_META,     /* name -> value */
    TABLE_LOGS,     /* log u32 -> log row */
    TABLE_ENTRIES,  /* arrival u64 -> entry; appended only */
    TABLE_RUNS,     /* log u32, first position u64 -> arrival u64 */
    TABLE_MEMBERS,  /* arrival u64 of a control statement -> its clock */
    TABLE_KEYS,     /* log u32, position u64 -> content key row */
    TABLE_PENDING,  /* log u32, position u64 of a key that has not come */
    TABLE_RECORDS,  /* kind tag u16, record id -> sealed halves */
    TABLE_TOUCHED,  /* sequence u64 -> record key: what the index lacks */
    TABLE_TERMS,    /* record key -> the terms last indexed for it */
    TABLE_INDEX,    /* term 8 bytes -> a set of record keys */
    TABLE_REFUSED,  /* arrival u64 -> reason */
    TABLE_PEERS,    /* node id -> clocks last exchanged; office id -> address */
    TABLE_IMPORTS,  /* keyed hash of an outside id -> record key */
    TABLE_EVIDENCE, /* log u32 -> evidence that it forked */
    TABLE_COSIGNATURES, /* log u32, node id -> its newest cosignature */
    TABLE_COUNT
};

/*
 * Later parts have their names here already: attachments, chunks, receipts.
 * They are made when first used.
 */
enum { TABLES_RESERVED = 3 };

struct table_info {
    const char *name;
    bool is_set; /* a key has many values, of one size, in their order */
};

static const struct table_info TABLES[TABLE_COUNT] = {
    [TABLE_META] = {"meta", false},
    [TABLE_LOGS] = {"logs", false},
    [TABLE_ENTRIES] = {"entries", false},
    [TABLE_RUNS] = {"runs", false},
    [TABLE_MEMBERS] = {"members", false},
    [TABLE_KEYS] = {"keys", false},
    [TABLE_PENDING] = {"pending", false},
    [TABLE_RECORDS] = {"records", false},
    [TABLE_TOUCHED] = {"touched", false},
    [TABLE_TERMS] = {"terms", false},
    [TABLE_INDEX] = {"index", true},
    [TABLE_REFUSED] = {"refused", false},
    [TABLE_PEERS] = {"peers", false},
    [TABLE_IMPORTS] = {"imports", false},
    [TABLE_EVIDENCE] = {"evidence", false},
    [TABLE_COSIGNATURES] = {"cosignatures", false},
};

#endif
