/* SPDX-License-Identifier: Apache-2.0 */
/* An environment that another process may have open, read and no more. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "storage/env_internal.h"
#include "storage/txn.h"

enum { FORMAT_BYTES = 4 };

/* Without a map size LMDB takes that of the file. */
static enum err
open_handle(struct env *env, struct err_msg *msg)
{
    int rc = mdb_env_create(&env->handle);

    if (rc == 0) {
        rc = mdb_env_set_maxdbs(env->handle, TABLE_COUNT + TABLES_RESERVED);
    }
    if (rc == 0) {
        rc = mdb_env_set_maxreaders(env->handle, ENV_READERS_MAX);
    }
    if (rc == 0) {
        rc = mdb_env_open(env->handle, env->dir, MDB_NOTLS | MDB_RDONLY, 0600);
    }
    if (rc == EACCES || rc == EPERM) {
        return err_set(msg, ERR_DENIED,
            "%s: %s; look at it as the user that it belongs to", env->dir,
            strerror(rc));
    }
    return env_err(msg, rc, env->dir);
}

static enum err
open_tables(struct env *env, struct err_msg *msg)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(env->handle, NULL, MDB_RDONLY, &txn);

    for (int i = 0; i < TABLE_COUNT && rc == 0; i++) {
        rc = mdb_dbi_open(txn, TABLES[i].name,
            TABLES[i].is_set ? MDB_DUPSORT | MDB_DUPFIXED : 0, &env->tables[i]);
    }
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc == MDB_NOTFOUND
                   ? err_set(msg, ERR_VERSION,
                         "%s was made by another version of corridor, or never "
                         "founded or joined",
                         env->dir)
                   : env_err(msg, rc, "open a table");
    }
    /* Of a reading transaction it keeps the tables' handles. */
    return env_err(msg, mdb_txn_commit(txn), "open the tables");
}

static enum err
check_format(struct env *env, struct err_msg *msg)
{
    struct txn *txn = NULL;
    struct bytes value = {0};
    enum err rc = txn_begin(&txn, env, false, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    rc = txn_get(txn, TABLE_META, bytes_text("format"), &value, msg);
    if (rc == ERR_NOT_FOUND ||
        (rc == ERR_OK && (value.size != FORMAT_BYTES ||
                             num_load_u32(value.data) != ENV_FORMAT))) {
        rc = err_set(msg, ERR_VERSION,
            "%s was made by another version of corridor", env->dir);
    }
    txn_abort(txn);
    return rc;
}

enum err
env_open_reading(struct env **out, const char *dir, struct err_msg *msg)
{
    struct env *env = mem_zalloc(1, sizeof(*env));
    char path[ENV_PATH_BYTES];
    struct stat info;
    enum err rc = ERR_OK;

    if (env == NULL) {
        return ERR_NOMEM;
    }
    env->owner_fd = -1;
    if ((size_t)snprintf(env->dir, sizeof(env->dir), "%s", dir) >=
        sizeof(env->dir)) {
        rc = err_set(msg, ERR_CONFIG, "the path of the home is too long");
        goto out;
    }
    snprintf(path, sizeof(path), "%s/data.mdb", dir);
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) {
        rc = err_set(msg, ERR_NOT_FOUND, "%s: there is no database", dir);
        goto out;
    }
    if (info.st_size == 0) {
        rc = err_set(msg, ERR_NOT_FOUND, "%s: the database is empty", dir);
        goto out;
    }
    if (pthread_rwlock_init(&env->gate, NULL) != 0) {
        rc = ERR_NOMEM;
        goto out;
    }
    env->has_gate = true;
    rc = open_handle(env, msg);
    if (rc == ERR_OK) {
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
