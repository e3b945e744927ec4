/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of 1 to 10 bytes, seven bits each, lowest first, the high bit set
 * in all but the last (LEB128); the shortest form only.
 */
#ifndef CORRIDOR_STORAGE_VARINT_H
#define CORRIDOR_STORAGE_VARINT_H

#include "crypto/base/cursor.h"

/* Bytes that the value takes: 1 to 10. */
size_t varint_size(uint64_t value);
/* Write it; returns what follows. */
uint8_t *varint_put(uint8_t *at, uint64_t value);
/* Fails the cursor on a longer form than needed, or beyond 64 bits. */
uint64_t varint_get(struct cursor *cursor);

#endif
