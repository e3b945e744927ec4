/* SPDX-License-Identifier: Apache-2.0 */
/* Made-up files as the plaintexts of changes: what a node would seal. */
#ifndef CORRIDOR_TESTS_TOOLS_SAMPLE_CHANGES_H
#define CORRIDOR_TESTS_TOOLS_SAMPLE_CHANGES_H

#include "crypto/base/buf.h"
#include "sync/model/schema.h"
#include "tests/lib/prng.h"

/* Plaintexts one after the other; the ith ends at ends[i]. */
struct sample_changes {
    struct buf bytes;
    size_t *ends;
    size_t count;
    size_t capacity;
};

/*
 * Append the changes of the sample file `number`: for each line one change
 * of general fields and, where it has sealed ones, another of those. Ids and
 * salts come from *prng. Errors are of memory, or mean that samples and pack
 * do not fit.
 */
enum err sample_changes_add(struct sample_changes *changes,
    const struct schema *schema, uint64_t seed, uint64_t number,
    struct prng *prng) MUST_USE;
void sample_changes_release(struct sample_changes *changes);

/* The ith plaintext. */
struct bytes sample_changes_get(
    const struct sample_changes *changes, size_t place);

#endif
