/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/env_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
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
    case EFBIG:
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
        unsigned flags = TABLES[i].is_set
                             ? MDB_CREATE | MDB_DUPSORT | MDB_DUPFIXED
                             : MDB_CREATE;
        rc = mdb_dbi_open(txn, TABLES[i].name, flags, &env->tables[i]);
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

/*
 * LMDB opened twice in one process loses its locks when either is closed, and
 * two writers with a state in memory each would undo one another. The lock
 * goes with the descriptor, also when the process dies.
 */
static enum err
take_ownership(struct env *env, struct err_msg *msg)
{
    char path[ENV_PATH_BYTES];

    snprintf(path, sizeof(path), "%s/owner.lock", env->dir);
    env->owner_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, ENV_MODE);
    if (env->owner_fd < 0) {
        return err_set(msg, errno == ENOSPC ? ERR_FULL : ERR_IO, "open %s: %s",
            path, strerror(errno));
    }
    if (flock(env->owner_fd, LOCK_EX | LOCK_NB) != 0) {
        return err_set(msg, ERR_BUSY,
            "%s is in use by another corridor process", env->dir);
    }
    return ERR_OK;
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
    env->owner_fd = -1;
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
    rc = take_ownership(env, msg);
    if (rc == ERR_OK) {
        rc = open_handle(env, msg);
    }
    if (rc == ERR_OK) {
        err_ignore(env_err(NULL, mdb_reader_check(env->handle, &cleared),
            "")); /* only tidies; the next check comes by itself */
        rc = open_tables(env, msg);
    }
    if (rc == ERR_OK) {
        rc = check_format(env, msg);
    }
    if (rc == ERR_OK) {
        env_make_reserve(env);
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
    if (env->owner_fd >= 0) {
        close(env->owner_fd); /* after LMDB: the lock covers its closing */
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

    pthread_rwlock_rdlock(&env->gate);
    mdb_reader_check(env->handle, &dead);
    pthread_rwlock_unlock(&env->gate);
    env_make_reserve(env);
}
