/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/env_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "storage/disk.h"
#include "storage/txn.h"

enum { ENV_MODE = 0600, FORMAT_BYTES = 4 };

enum err
env_err(struct err_msg *msg, int rc, const char *what)
{
    switch (rc) {
    case 0:
        return ERR_OK;
    case MDB_NOTFOUND:
        return ERR_NOT_FOUND;
    case MDB_MAP_FULL:
        return err_set(msg, ERR_FULL, "%s: the database map is full", what);
    case ENOSPC:
    case EDQUOT:
        return err_set(msg, ERR_FULL,
            "%s: the disk is full; free some room, nothing was lost", what);
    case EIO:
        /* A short write on a full disk comes as EIO, not ENOSPC. */
        return err_set(msg, ERR_FULL,
            "%s: the disk refused a write (full or failing)", what);
    case ENOMEM:
        return ERR_NOMEM;
    case EAGAIN:
    case EBUSY:
    case MDB_READERS_FULL:
        return err_set(msg, ERR_BUSY, "%s: %s", what, mdb_strerror(rc));
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_PANIC:
    case MDB_INVALID:
        return err_set(msg, ERR_CORRUPT, "%s: %s", what, mdb_strerror(rc));
    case MDB_VERSION_MISMATCH:
        return err_set(msg, ERR_VERSION, "%s: %s", what, mdb_strerror(rc));
    default:
        return err_set(msg, ERR_IO, "%s: %s", what, mdb_strerror(rc));
    }
}

/* LMDB's locks and map do not work across machines. */
static enum err
refuse_network(const char *dir, struct err_msg *msg)
{
    /* NFS, SMB, SMB2, CIFS, AFS, Coda, 9P, FUSE's network users aside. */
    static const unsigned long types[] = {0x6969, 0x517B, 0xFE534D42,
        0xFF534D42, 0x5346414F, 0x73757245, 0x01021997};
    struct statfs info;

    if (statfs(dir, &info) != 0) {
        return err_set(msg, ERR_IO, "look at %s: %s", dir, strerror(errno));
    }
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if ((unsigned long)info.f_type == types[i]) {
            return err_set(msg, ERR_CONFIG,
                "%s is on a network file system; put the home on a local "
                "disk",
                dir);
        }
    }
    return ERR_OK;
}

static enum err
open_tables(struct env *env, struct err_msg *msg)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(env->handle, NULL, 0, &txn);

    if (rc != 0) {
        return env_err(msg, rc, "open the database");
    }
    for (int i = 0; i < TABLE_COUNT && rc == 0; i++) {
        rc = mdb_dbi_open(txn, TABLES[i].name, MDB_CREATE, &env->tables[i]);
    }
    if (rc != 0) {
        mdb_txn_abort(txn);
        return env_err(msg, rc, "open a table");
    }
    return env_err(msg, mdb_txn_commit(txn), "open the tables");
}

static enum err
check_format(struct env *env, struct err_msg *msg)
{
    struct txn *txn = NULL;
    struct bytes value = {0};
    uint8_t format[FORMAT_BYTES];
    enum err rc = txn_begin(&txn, env, true, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    rc = txn_get(txn, TABLE_META, bytes_text("format"), &value, msg);
    if (rc == ERR_NOT_FOUND) {
        num_store_u32(format, ENV_FORMAT);
        rc = txn_put(txn, TABLE_META, bytes_text("format"),
            bytes_of(format, sizeof(format)), msg);
        if (rc == ERR_OK) {
            return txn_commit(txn, msg);
        }
    } else if (rc == ERR_OK && (value.size != FORMAT_BYTES ||
                                   num_load_u32(value.data) != ENV_FORMAT)) {
        rc = err_set(msg, ERR_VERSION,
            "%s was made by another version of corridor (format %u, this "
            "is %d); use that version, or restore a backup",
            env->dir, value.size == 4 ? num_load_u32(value.data) : 0,
            ENV_FORMAT);
    }
    txn_abort(txn);
    return rc;
}

static enum err
open_handle(struct env *env, struct err_msg *msg)
{
    unsigned flags = MDB_NOTLS;
    uint64_t map =
        env->options.map_bytes != 0 ? env->options.map_bytes : ENV_MAP_BYTES;
    int rc = mdb_env_create(&env->handle);

    if (rc != 0) {
        return env_err(msg, rc, "open the database");
    }
    if (env->options.sync != NULL) {
        flags |= MDB_NOSYNC;
    }
    rc = mdb_env_set_maxdbs(env->handle, TABLE_COUNT + TABLES_RESERVED);
    if (rc == 0) {
        rc = mdb_env_set_maxreaders(env->handle, ENV_READERS_MAX);
    }
    if (rc == 0) {
        rc = mdb_env_set_mapsize(env->handle, (size_t)map);
    }
    if (rc == 0) {
        rc = mdb_env_open(env->handle, env->dir, flags, ENV_MODE);
    }
    return env_err(msg, rc, env->dir);
}

enum err
env_open(struct env **out, const char *dir, const struct env_options *options,
    struct err_msg *msg)
{
    struct env *env = mem_zalloc(1, sizeof(*env));
    int cleared = 0;
    enum err rc = ERR_OK;

    if (env == NULL) {
        return ERR_NOMEM;
    }
    if (options != NULL) {
        env->options = *options;
    }
    if ((size_t)snprintf(env->dir, sizeof(env->dir), "%s", dir) >=
        sizeof(env->dir)) {
        rc = err_set(msg, ERR_CONFIG, "the path of the home is too long");
        goto out;
    }
    rc = disk_make_dir(dir, msg);
    if (rc == ERR_OK) {
        rc = refuse_network(dir, msg);
    }
    if (rc == ERR_OK && pthread_rwlock_init(&env->gate, NULL) != 0) {
        rc = ERR_NOMEM;
    }
    if (rc != ERR_OK) {
        goto out;
    }
    env->has_gate = true;
    rc = open_handle(env, msg);
    if (rc == ERR_OK) {
        err_ignore(env_err(NULL, mdb_reader_check(env->handle, &cleared),
            "")); /* only tidies; the next check comes by itself */
        rc = open_tables(env, msg);
    }
    if (rc == ERR_OK) {
        rc = check_format(env, msg);
    }
    if (rc == ERR_OK) {
        *out = env;
        env = NULL;
    }
out:
    env_close(env);
    return rc;
}

void
env_close(struct env *env)
{
    if (env == NULL) {
        return;
    }
    if (env->handle != NULL) {
        mdb_env_close(env->handle);
    }
    if (env->has_gate) {
        pthread_rwlock_destroy(&env->gate);
    }
    mem_free(env);
}

enum err
env_grow(struct env *env, struct err_msg *msg)
{
    MDB_envinfo info;
    int rc = 0;

    if (pthread_rwlock_wrlock(&env->gate) != 0) {
        return err_set(msg, ERR_BUSY, "grow the database: lock");
    }
    rc = mdb_env_info(env->handle, &info);
    if (rc == 0) {
        rc = mdb_env_set_mapsize(env->handle, info.me_mapsize * 2);
    }
    pthread_rwlock_unlock(&env->gate);
    return env_err(msg, rc, "grow the database");
}

enum err
env_grow_if_full(struct env *env)
{
    if (!atomic_exchange(&env->map_full, false)) {
        return ERR_FULL;
    }
    return env_grow(env, NULL);
}

void
env_check_readers(struct env *env)
{
    int dead = 0;

    mdb_reader_check(env->handle, &dead);
}

enum err
env_copy(struct env *env, const char *dir, struct err_msg *msg)
{
    char temporary[1100];
    char final[1100];
    mode_t old;
    int rc = 0;
    enum err result = disk_make_dir(dir, msg);

    if (result != ERR_OK) {
        return result;
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
    /* LMDB 0.9.24 takes a path for a directory only; give it a descriptor,
     * whose mode is ours, and sync it, which it does not. */
    old = umask(077);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    umask(old);
    if (fd < 0) {
        return err_set(
            msg, ERR_IO, "create %s: %s", temporary, strerror(errno));
    }
    pthread_rwlock_rdlock(&env->gate);
    rc = mdb_env_copyfd2(env->handle, fd, MDB_CP_COMPACT);
    pthread_rwlock_unlock(&env->gate);
    result = env_err(msg, rc, "copy the database");
    if (result == ERR_OK && fsync(fd) != 0) {
        result =
            err_set(msg, ERR_IO, "sync %s: %s", temporary, strerror(errno));
    }
    if (close(fd) != 0 && result == ERR_OK) {
        result =
            err_set(msg, ERR_IO, "close %s: %s", temporary, strerror(errno));
    }
    if (result == ERR_OK) {
        result = disk_rename(temporary, final, msg);
    } else {
        unlink(temporary);
    }
    return result;
}

enum err
env_stat(struct env *env, struct env_stat *out, struct err_msg *msg)
{
    MDB_envinfo info;
    MDB_stat main_stat;
    MDB_stat free_stat;
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val value;
    struct env_stat stat = {0};
    int rc = mdb_env_info(env->handle, &info);

    pthread_rwlock_rdlock(&env->gate);
    if (rc == 0) {
        rc = mdb_txn_begin(env->handle, NULL, MDB_RDONLY, &txn);
    }
    if (rc == 0) {
        rc = mdb_env_stat(env->handle, &main_stat);
    }
    if (rc == 0) {
        rc = mdb_stat(txn, 0, &free_stat); /* table 0 is the free list */
    }
    if (rc == 0) {
        rc = mdb_cursor_open(txn, 0, &cursor);
    }
    if (rc == 0) {
        stat.bytes_map = info.me_mapsize;
        stat.bytes_used =
            (uint64_t)(info.me_last_pgno + 1) * main_stat.ms_psize;
        while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
            size_t pages = 0;
            if (value.mv_size >= sizeof(pages)) {
                memcpy(&pages, value.mv_data, sizeof(pages));
            }
            stat.bytes_free += (uint64_t)pages * main_stat.ms_psize;
        }
        *out = stat;
    }
    if (cursor != NULL) {
        mdb_cursor_close(cursor);
    }
    if (txn != NULL) {
        mdb_txn_abort(txn);
    }
    pthread_rwlock_unlock(&env->gate);
    return env_err(msg, rc, "look at the database");
}
