/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worked examples of docs/protocol.md, so that tests can hold the code
 * to them: fenced blocks tagged `example NAME` (hexadecimal digits, white
 * space, # comments) or `text NAME` (taken as it stands). A NAME begins with
 * the folder whose tests check it: "model/clock".
 */
#ifndef CORRIDOR_TESTS_LIB_EXAMPLES_H
#define CORRIDOR_TESTS_LIB_EXAMPLES_H

#include "crypto/base/buf.h"

/* Append the example; what is not there or malformed fails the test. */
void examples_get(const char *name, struct buf *out);

/* How many examples have names that begin so. */
size_t examples_count(const char *prefix);

#endif
