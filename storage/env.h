/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One LMDB environment: a directory with data.mdb and lock.mdb, opened once
 * per process, never on a network file system, with LMDB's default (fully
 * synchronous) flags and MDB_NOTLS (docs/storage.md, "Environment").
 *
 * The map is set large once and grown only while no transaction is open:
 * transactions hold a read lock, growth the write lock.
 */
#ifndef CORRIDOR_STORAGE_ENV_H
#define CORRIDOR_STORAGE_ENV_H

#include "crypto/base/err.h"
#include "storage/tables.h"

#include <stdbool.h>
#include <stdint.h>

struct env;
struct bytes;

/* Tests make the nth write or commit fail; NULL in the daemon. */
struct env_faults {
    long writes_left;  /* < 0: off; 0: this one fails with ERR_FULL */
    long commits_left; /* likewise; nothing of it is kept */
    bool lasts;        /* all after the one that fails, too */
    bool hit;
};

struct env_options {
    uint64_t map_bytes; /* 0: ENV_MAP_BYTES */
    struct env_faults *faults;
    /*
     * The simulator's disk: LMDB does not sync; this is called instead at
     * each commit, after which what was committed counts as durable. NULL:
     * LMDB syncs.
     */
    enum err (*sync)(void *context);
    void *context;
    bool without_reserve; /* make no reserve file: tests, copies */
};

#define ENV_MAP_BYTES ((uint64_t)64 << 30)
enum {
    ENV_READERS_MAX = 126,
    ENV_FORMAT = 1,              /* in meta "format": another is ERR_VERSION */
    ENV_RESERVE_BYTES = 8 << 20, /* released when the disk is full */
    ENV_SMALL_BYTES = 64 << 10   /* writes that may use what it held */
};

/*
 * Open, creating what is missing, with all tables. ERR_VERSION: made by
 * another version; ERR_BUSY: open already, in this process or another;
 * ERR_IO; ERR_CONFIG: a network file system. options may be NULL.
 */
enum err env_open(struct env **out, const char *dir,
    const struct env_options *options, struct err_msg *msg) MUST_USE;
void env_close(struct env *env);
/*
 * Open to read and no more, whoever else has it open: nothing is created,
 * written or owned. ERR_NOT_FOUND: there is none; ERR_VERSION; ERR_DENIED;
 * ERR_BUSY: too many readers; ERR_IO. Once a process: LMDB loses its locks
 * when the second of two is closed.
 */
enum err env_open_reading(
    struct env **out, const char *dir, struct err_msg *msg) MUST_USE;

/* Double the map; waits until no transaction is open. */
enum err env_grow(struct env *env, struct err_msg *msg) MUST_USE;

/*
 * After ERR_FULL: was it the map, not the disk, and is it grown now? ERR_OK
 * then; ERR_FULL when there is nothing to grow for.
 */
enum err env_grow_if_full(struct env *env) MUST_USE;

/*
 * Housekeeping, about once a minute: clear the slots of readers whose process
 * died, and make the reserve file again when there is room.
 */
void env_check_readers(struct env *env);

/*
 * The reserve file (docs/storage.md, "A full disk"). Release gives its room to
 * the next small writes; false if it is not there. Is the disk full, so that
 * only small writes should be tried? That is so from a release until there is
 * room for the reserve again, for which this looks.
 */
bool env_release_reserve(struct env *env);
bool env_is_low(struct env *env);

/*
 * A hot, compacted copy into `dir` (made if missing; ERR_EXISTS when it holds
 * a database): written under a temporary name, fsynced, renamed, opened again
 * and checked. What failed is taken away.
 */
enum err env_copy(
    struct env *env, const char *dir, struct err_msg *msg) MUST_USE;

struct env_stat {
    uint64_t bytes_used; /* pages in use, freed ones included */
    uint64_t bytes_map;
    uint64_t bytes_free;         /* pages on the free list */
    uint64_t oldest_reader_txns; /* how far behind the oldest reader is */
};
/* The figures of now. ERR_IO. */
enum err env_stat(
    struct env *env, struct env_stat *out, struct err_msg *msg) MUST_USE;

#endif
