/* SPDX-License-Identifier: Apache-2.0 */
/* Reading CBOR and writing it again, by the public readers and writers. */
#ifndef CORRIDOR_TESTS_LIB_RECODE_H
#define CORRIDOR_TESTS_LIB_RECODE_H

#include "crypto/base/buf.h"

/*
 * Read one valid item and append what the writers make of it to out; the two
 * must be the same bytes. ERR_MALFORMED if it is not valid.
 */
enum err recode_cbor(struct bytes bytes, struct buf *out) MUST_USE;

/* Is it one valid item that comes back as the same bytes? */
bool recode_is_same(struct bytes bytes);

#endif
