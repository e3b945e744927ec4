/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by env*.c and txn.c only. */
#ifndef CORRIDOR_STORAGE_ENV_INTERNAL_H
#define CORRIDOR_STORAGE_ENV_INTERNAL_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

#include "storage/env.h"

enum { ENV_PATH_BYTES = 1100 }; /* a name in the directory */

struct env {
    MDB_env *handle;
    MDB_dbi tables[TABLE_COUNT];
    pthread_rwlock_t gate; /* transactions read, growth writes */
    bool has_gate;
    atomic_bool map_full; /* a put found no room in the map */
    atomic_bool is_low;   /* the reserve was released and is not back */
    int owner_fd;         /* holds the lock on owner.lock; -1: not yet */
    struct env_options options;
    char dir[1024];
};

/* LMDB's code as ours, with its sentence. */
enum err env_err(struct err_msg *msg, int rc, const char *what) MUST_USE;

/* Make the reserve file if it is missing and there is room for it. */
void env_make_reserve(struct env *env);

#endif
