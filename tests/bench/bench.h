/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The benchmark: what the product does against the floor of its parts,
 * measured in the same run, and against its budget (docs/operations.md,
 * "Performance"). Each measure is a function that adds rows to the report.
 * What goes wrong fails the Check test that all of it runs in.
 */
#ifndef CORRIDOR_TESTS_BENCH_BENCH_H
#define CORRIDOR_TESTS_BENCH_BENCH_H

#include "tests/bench/report.h"
#include "tests/bench/work.h"
#include "tests/lib/storage/corridor_fixture.h"

struct bench {
    bool is_full;
    const char *only; /* a measure's name, or NULL for all */
    const char *program;
    struct report report;
};

/* The map of a small run: a profiler's address space has room for it. */
#define MAP_SMALL ((uint64_t)1 << 30)

/* How much to do: `small` in a quick run, `full` otherwise. */
size_t bench_scale(const struct bench *bench, size_t small, size_t full);

/* Seconds of the monotonic clock, and of this process's processors. */
double bench_now(void);
double bench_cpu(void);

/* A line such as "VmHWM:   1234 kB" of a file below /proc, in MiB; -1. */
double bench_mib(const char *path, const char *name);

/* Fail with what the store said. */
void bench_must(enum err rc, const struct err_msg *msg, const char *what);

/* Counted since the program began (count.c). */
struct bench_counts {
    uint64_t syncs; /* fsync, fdatasync, msync */
    uint64_t signatures;
};
struct bench_counts bench_counts(void);

/*
 * Make a corridor of two offices, a writer and a reader in step, and have
 * office 0 write all items of `work`, `each` to a transaction (0: 1000).
 */
void bench_author(struct corridor_fixture *f, struct work *work, size_t each);
/* Index all that office n has not indexed yet. */
void bench_index(struct corridor_fixture *f, size_t n);
/* Every batch of office 0's changes log from `from` on, one after another. */
struct bench_batches {
    struct buf bytes;
    size_t *ends;
    size_t count;
    size_t capacity;
    uint64_t entries;
};
void bench_read(
    struct corridor_fixture *f, uint64_t from, struct bench_batches *out);
void bench_batches_release(struct bench_batches *batches);
struct bytes bench_batch(const struct bench_batches *batches, size_t n);
/* Office n's log of changes. */
struct log_id bench_changes(const struct corridor_fixture *f, size_t n);

/* The measures. */
void measure_sync(struct bench *bench);
void measure_wire(struct bench *bench);
void measure_local(struct bench *bench);
void measure_query(struct bench *bench);
void measure_start(struct bench *bench);
void measure_audit(struct bench *bench);
/* The part of it that is about an auditor's node. */
void measure_auditor(struct bench *bench);
/* What measure_start runs in a process of its own. */
int measure_start_child(const char *dir);

#endif
