/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every table of a corridor's environment (docs/storage.md, "Tables"). Keys
 * are big-endian, so memcmp is their order.
 */
#ifndef CORRIDOR_STORAGE_TABLES_H
#define CORRIDOR_STORAGE_TABLES_H

enum table {
    TABLE_META,    /* name -> value */
    TABLE_LOGS,    /* log u32 -> log row */
    TABLE_ENTRIES, /* arrival u64 -> entry; appended only */
    TABLE_RUNS,    /* log u32, first position u64 -> arrival u64 */
    TABLE_MEMBERS, /* arrival u64 of a control statement -> its clock */
    TABLE_KEYS,    /* log u32, position u64 -> content key row */
    TABLE_PENDING, /* log u32, position u64 of a key that has not come */
    TABLE_RECORDS, /* kind tag u16, record id -> sealed halves */
    TABLE_TOUCHED, /* sequence u64 -> record key: what the index lacks */
    TABLE_TERMS,   /* record key -> the terms last indexed for it */
    TABLE_INDEX,   /* term 8 bytes, record key -> nothing */
    TABLE_REFUSED, /* arrival u64 -> reason */
    TABLE_PEERS,   /* node id -> clocks last exchanged; office id -> address */
    TABLE_IMPORTS, /* keyed hash of an outside id -> record key */
    TABLE_COUNT
};

/*
 * Later parts have their names here already: attachments, chunks, evidence,
 * cosignatures, receipts. They are made when first used.
 */
enum { TABLES_RESERVED = 5 };

struct table_info {
    const char *name;
};

static const struct table_info TABLES[TABLE_COUNT] = {
    [TABLE_META] = {"meta"},
    [TABLE_LOGS] = {"logs"},
    [TABLE_ENTRIES] = {"entries"},
    [TABLE_RUNS] = {"runs"},
    [TABLE_MEMBERS] = {"members"},
    [TABLE_KEYS] = {"keys"},
    [TABLE_PENDING] = {"pending"},
    [TABLE_RECORDS] = {"records"},
    [TABLE_TOUCHED] = {"touched"},
    [TABLE_TERMS] = {"terms"},
    [TABLE_INDEX] = {"index"},
    [TABLE_REFUSED] = {"refused"},
    [TABLE_PEERS] = {"peers"},
    [TABLE_IMPORTS] = {"imports"},
};

#endif
