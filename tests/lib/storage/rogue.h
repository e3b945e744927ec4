/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offices of a fixture that sign what no program of ours would: statements
 * without right, grants of keys that are not theirs, headers that are not
 * ones. All of it is drawn from one seed; whatever goes wrong in here fails
 * the Check test.
 */
#ifndef CORRIDOR_TESTS_LIB_STORAGE_ROGUE_H
#define CORRIDOR_TESTS_LIB_STORAGE_ROGUE_H

#include "tests/lib/storage/corridor_fixture.h"

struct rogue {
    struct corridor_fixture *f;
    struct prng prng;
    size_t writers; /* the first so many offices are spoken of */
};

/* Office n states that, unless its log cannot be written on any more. */
void rogue_state(
    struct rogue *rogue, size_t n, const struct statement *statement);
/* It sets an office's roles. */
void rogue_set_roles(
    struct rogue *rogue, size_t by, size_t office, uint8_t roles);
/* It states anything at all. */
void rogue_state_any(struct rogue *rogue, size_t by);
/* It writes an entry of any kind to either of its logs: with a header that
 * may name any keys and circles, now and then with a flipped bit. */
void rogue_write(struct rogue *rogue, size_t by);

#endif
