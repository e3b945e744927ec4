/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mutation test that every decoder has: each truncation and each 1-bit
 * flip of a valid encoding is refused, or decodes to something that encodes
 * to the same bytes again.
 */
#ifndef CORRIDOR_TESTS_LIB_MUTATION_H
#define CORRIDOR_TESTS_LIB_MUTATION_H

#include "crypto/base/buf.h"

/*
 * Decode `bytes` and, if they are accepted, encode the value into out: ERR_OK
 * then, the decoder's error otherwise.
 */
typedef enum err (*mutation_recode_fn)(struct bytes bytes, struct buf *out);

/*
 * Run `recode` on `valid` (which must come back the same) and on all its
 * mutants, each in memory of exactly its size so that a sanitiser sees a read
 * past the end. Fails the Check test at the first mutant that decodes to
 * another encoding. Returns how many mutants were refused.
 */
size_t mutation_run(struct bytes valid, mutation_recode_fn recode);

#endif
