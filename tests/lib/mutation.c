/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/mutation.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Is the mutant refused? Fails the test if it comes back changed. */
static bool
is_refused(struct bytes mutant, mutation_recode_fn recode, const char *what,
    size_t where)
{
    struct buf out = {0};
    enum err rc = recode(mutant, &out);
    bool same = rc == ERR_OK && buf_err(&out) == ERR_OK &&
                bytes_equal(buf_bytes(&out), mutant);

    buf_release(&out);
    ck_assert_msg(rc != ERR_OK || same,
        "%s %zu was accepted, and encodes to other bytes", what, where);
    return rc != ERR_OK;
}

size_t
mutation_run(struct bytes valid, mutation_recode_fn recode)
{
    size_t refused = 0;

    ck_assert_msg(!is_refused(valid, recode, "the valid one, size", valid.size),
        "the valid encoding was refused");
    for (size_t size = 0; size < valid.size; size++) {
        /* At least one byte, as malloc(0) may be NULL. */
        uint8_t *copy = malloc(size == 0 ? 1 : size);

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, valid.data, size);
        refused += is_refused(bytes_of(copy, size), recode, "truncation", size);
        free(copy);
    }
    for (size_t bit = 0; bit < 8 * valid.size; bit++) {
        uint8_t *copy = malloc(valid.size);

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, valid.data, valid.size);
        copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
        refused += is_refused(bytes_of(copy, valid.size), recode, "flip", bit);
        free(copy);
    }
    return refused;
}
