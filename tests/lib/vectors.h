/* SPDX-License-Identifier: Apache-2.0 */
/* The files under tests/vectors. What is wrong with one fails the test. */
#ifndef CORRIDOR_TESTS_LIB_VECTORS_H
#define CORRIDOR_TESTS_LIB_VECTORS_H

#include <jansson.h>

#include "crypto/base/buf.h"

/*
 * Load tests/vectors/PATH; numbers come as reals, because JSON's go beyond
 * 64 bits. The caller owns the reference.
 */
json_t *vectors_json(const char *path);

/* The whole of tests/vectors/PATH, appended to out. */
void vectors_file(const char *path, struct buf *out);

/* The text `name` of an object; it lives as long as the object. */
const char *vectors_text(const json_t *object, const char *name);

/* The hexadecimal text `name` of an object, decoded and appended to out. */
void vectors_hex(const json_t *object, const char *name, struct buf *out);

/* The base64 (RFC 4648) text `name`, decoded and appended to out. */
void vectors_base64(const json_t *object, const char *name, struct buf *out);

#endif
