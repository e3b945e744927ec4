/* SPDX-License-Identifier: Apache-2.0 */
/* Hot copies of an environment (docs/storage.md, "Backup"). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/base/num.h"
#include "storage/disk.h"
#include "storage/env_internal.h"

/* LMDB 0.9.24 syncs no copy, and takes a path for a directory only: so it
 * gets a descriptor, whose mode and sync are ours. */
static enum err
write_copy(struct env *env, const char *path, struct err_msg *msg)
{
    enum err rc = ERR_OK;
    int copied = 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0) {
        return err_set(msg, errno == EEXIST ? ERR_EXISTS : ERR_IO,
            "create %s: %s", path, strerror(errno));
    }
    pthread_rwlock_rdlock(&env->gate);
    copied = mdb_env_copyfd2(env->handle, fd, MDB_CP_COMPACT);
    pthread_rwlock_unlock(&env->gate);
    rc = env_err(msg, copied, "copy the database");
    if (rc == ERR_OK && fsync(fd) != 0) {
        rc = err_set(msg, ERR_IO, "sync %s: %s", path, strerror(errno));
    }
    if (close(fd) != 0 && rc == ERR_OK) {
        rc = err_set(msg, ERR_IO, "close %s: %s", path, strerror(errno));
    }
    if (rc != ERR_OK) {
        unlink(path);
    }
    return rc;
}

/* Every table opens, and the format is ours. */
static int
check_tables(MDB_env *handle)
{
    MDB_txn *txn = NULL;
    MDB_dbi table = 0;
    MDB_val key = {strlen("format"), (void *)(uintptr_t) "format"};
    MDB_val value = {0};
    int rc = mdb_txn_begin(handle, NULL, MDB_RDONLY, &txn);

    if (rc != 0) {
        return rc;
    }
    for (int i = 0; i < TABLE_COUNT && rc == 0; i++) {
        rc = mdb_dbi_open(txn, TABLES[i].name, 0, &table);
        if (rc == 0 && i == TABLE_META) {
            rc = mdb_get(txn, table, &key, &value);
        }
    }
    if (rc == 0 && (value.mv_size != sizeof(uint32_t) ||
                       num_load_u32(value.mv_data) != ENV_FORMAT)) {
        rc = MDB_VERSION_MISMATCH;
    }
    mdb_txn_abort(txn);
    return rc;
}

static enum err
check_copy(const char *dir, struct err_msg *msg)
{
    MDB_env *handle = NULL;
    int rc = mdb_env_create(&handle);

    if (rc == 0) {
        rc = mdb_env_set_maxdbs(handle, TABLE_COUNT + TABLES_RESERVED);
    }
    if (rc == 0) {
        rc = mdb_env_open(handle, dir, MDB_RDONLY | MDB_NOLOCK, 0600);
    }
    if (rc == 0) {
        rc = check_tables(handle);
    }
    if (handle != NULL) {
        mdb_env_close(handle);
    }
    return env_err(msg, rc, "read the copy back");
}

enum err
env_copy(struct env *env, const char *dir, struct err_msg *msg)
{
    char temporary[ENV_PATH_BYTES];
    char final[ENV_PATH_BYTES];
    enum err rc = disk_make_dir(dir, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    if ((size_t)snprintf(temporary, sizeof(temporary), "%s/data.mdb.partial",
            dir) >= sizeof(temporary) ||
        (size_t)snprintf(final, sizeof(final), "%s/data.mdb", dir) >=
            sizeof(final)) {
        return err_set(msg, ERR_CONFIG, "the backup's path is too long");
    }
    if (access(final, F_OK) == 0) {
        return err_set(msg, ERR_EXISTS,
            "%s holds a database already; name an empty directory", dir);
    }
    unlink(temporary); /* of a copy that was interrupted */
    rc = write_copy(env, temporary, msg);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = disk_rename(temporary, final, msg);
    if (rc == ERR_OK) {
        rc = check_copy(dir, msg);
    }
    if (rc != ERR_OK) {
        unlink(temporary);
        unlink(final);
    }
    return rc;
}
