/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of a sync: what its parts alone would take, on the very bytes
 * that came. SHA-256 of header, body, leaf and node; opening each body and
 * each wrapped key; unpacking each frame; one append per change and one
 * sorted put per touched record and commit, synced; sealing each record put.
 */
#ifndef CORRIDOR_TESTS_BENCH_FLOOR_H
#define CORRIDOR_TESTS_BENCH_FLOOR_H

#include "tests/bench/bench.h"

struct floor {
    double hash_s;
    double aead_s;
    double zstd_s;
    double append_s;
    double put_s; /* with sealing */
    size_t puts;
};

/* Commit boundaries, as counts of changes applied. */
struct floor_input {
    const struct bench_batches *batches;
    const struct work *work; /* what the batches hold, in their order */
    const size_t *commits;
    size_t commit_count;
};

/* Measure all parts in directory `dir`, which must be there and empty. */
void floor_measure(
    struct floor *out, const struct floor_input *input, const char *dir);
/* Their sum. */
double floor_sum(const struct floor *floor);

#endif
