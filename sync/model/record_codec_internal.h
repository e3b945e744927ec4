/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A half on the disk. Numbers are base-128, least byte first, shortest form;
 * "signed" ones are zigzag differences.
 *
 *   half   version u8 = 1 | half u8 | flags u8 | kind | [parent 16] |
 *          first: log | position | rank | time u64 |
 *          changed - time | weight |
 *          keys: count | (log | position | class u8)… |
 *          fields: count | field…
 *   field  number | count | op…
 *   op     flags u8 | [log | position | rank signed | time signed | key] |
 *          op | [value] | [reason] | [office 32] | [count | dot…]
 *   dot    log | position | op
 *
 * Fields ascend by number. Ops are in canonical order. The bracket after an
 * op's flags is left out when the op before it in the half is of the same
 * change (OP_SAME); differences are to that op, or to the half's first change.
 * A key is an index into the half's keys. Values and reasons are CBOR items, so
 * they say themselves where they end.
 *
 * Most records were written in a few changes of many fields, so an operation
 * takes some five bytes beside its value.
 */
#ifndef CORRIDOR_SYNC_MODEL_RECORD_CODEC_INTERNAL_H
#define CORRIDOR_SYNC_MODEL_RECORD_CODEC_INTERNAL_H

#include "sync/model/record_internal.h"

enum {
    FORMAT_VERSION = 1,
    HALF_PARENT = 1,
    HALF_CREATED = 2,
    HALF_FULL = 4,
    HALF_FLAGS = 7,
    OP_ACTION = 3,
    OP_VALUE = 4,
    OP_REASON = 8,
    OP_DOTS = 16,
    OP_SAME = 32,
    OP_FLAGS = 63,
    NUMBER_BYTES_MAX = 10,
    OP_HEAD_BYTES_MAX = 1 + 6 * NUMBER_BYTES_MAX
};

/* What the next operation's numbers are differences to. */
struct record_codec_base {
    bool has_op;
    struct dot dot;
    uint64_t rank;
    uint64_t time;
    uint16_t key; /* in the record */
};

#endif
