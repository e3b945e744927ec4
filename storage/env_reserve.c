/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reserve file: room on the disk that nobody else can take, given back
 * when a commit meets a full disk (docs/storage.md, "A full disk").
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "storage/env_internal.h"

/* Beyond the reserve itself, so that making it does not fill the disk. */
enum { ROOM_FACTOR = 2 };

static void
reserve_path(const struct env *env, char out[ENV_PATH_BYTES])
{
    snprintf(out, ENV_PATH_BYTES, "%s/reserve", env->dir);
}

static bool
has_room(const struct env *env)
{
    struct statvfs info;

    return statvfs(env->dir, &info) == 0 &&
           (uint64_t)info.f_bavail * info.f_frsize >=
               (uint64_t)ROOM_FACTOR * ENV_RESERVE_BYTES;
}

void
env_make_reserve(struct env *env)
{
    char path[ENV_PATH_BYTES];
    int fd = -1;

    if (env->options.without_reserve) {
        return;
    }
    reserve_path(env, path);
    if (access(path, F_OK) == 0) {
        atomic_store(&env->is_low, false);
        return;
    }
    if (!has_room(env)) {
        return;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return;
    }
    /* Blocks must be there: a sparse file would hold nothing back. */
    if (posix_fallocate(fd, 0, ENV_RESERVE_BYTES) == 0) {
        atomic_store(&env->is_low, false);
    } else {
        unlink(path);
    }
    close(fd);
}

bool
env_release_reserve(struct env *env)
{
    char path[ENV_PATH_BYTES];

    reserve_path(env, path);
    atomic_store(&env->is_low, true);
    return unlink(path) == 0;
}

bool
env_is_low(struct env *env)
{
    if (!atomic_load(&env->is_low)) {
        return false;
    }
    if (env->options.without_reserve) {
        atomic_store(&env->is_low, !has_room(env));
    } else {
        env_make_reserve(env);
    }
    return atomic_load(&env->is_low);
}
