/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader and the writer of changes share. */
#ifndef CORRIDOR_SYNC_MODEL_CHANGE_INTERNAL_H
#define CORRIDOR_SYNC_MODEL_CHANGE_INTERNAL_H

#include "sync/model/change.h"

enum {
    CHANGE_ITEMS = 3,   /* record, kind, operations */
    CREATION_ITEMS = 5, /* record, kind, parent, salt, operations */
    DOT_ITEMS = 3       /* index, position, op */
};

/* A dot of an operation, as its author wrote it. */
struct named_op {
    struct author_dot dot;
    uint16_t op;
};

/* "Ascend by index, position and op": <0, 0, >0. */
int named_op_compare(const struct named_op *a, const struct named_op *b);

/*
 * Do the parts of an operation fit its action and their limits?
 * ERR_MALFORMED or ERR_TOO_BIG if not. That the value is CBOR and the reason
 * UTF-8 is the caller's to see.
 */
enum err change_op_check(const struct change_op *op) MUST_USE;

#endif
