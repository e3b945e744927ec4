/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts of what a commit is made of. The syncs of libraries come here
 * because this program has functions of these names; signatures because the
 * linker is told so.
 */
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crypto/keys.h"
#include "tests/bench/bench.h"

/* The one place where a program counts has no owner to hold it. */
static struct {
    atomic_uint_fast64_t syncs;
    atomic_uint_fast64_t signatures;
} counts;

struct bench_counts
bench_counts(void)
{
    return (struct bench_counts){
        atomic_load(&counts.syncs), atomic_load(&counts.signatures)};
}

long syscall(long number, ...);

int
fsync(int fd)
{
    atomic_fetch_add(&counts.syncs, 1);
    return (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
    atomic_fetch_add(&counts.syncs, 1);
    return (int)syscall(SYS_fdatasync, fd);
}

void __real_keys_sign(
    struct signature *out, const struct secret_key *seed, struct bytes message);
void __wrap_keys_sign(
    struct signature *out, const struct secret_key *seed, struct bytes message);

void
__wrap_keys_sign(
    struct signature *out, const struct secret_key *seed, struct bytes message)
{
    atomic_fetch_add(&counts.signatures, 1);
    __real_keys_sign(out, seed, message);
}
