/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/txn.h"

#include <assert.h>

#include "crypto/base/mem.h"
#include "storage/env_internal.h"

struct txn {
    MDB_txn *handle;
    struct env *env;
    bool is_write;
};

enum scan_state { SCAN_IDLE, SCAN_PLACED, SCAN_DONE };

static MDB_val
val_of(struct bytes bytes)
{
    /* LMDB's values are not const, though it only reads them here. */
    MDB_val val = {bytes.size, (void *)(uintptr_t)bytes.data};

    return val;
}

static struct bytes
bytes_of_val(const MDB_val *val)
{
    return bytes_of(val->mv_data, val->mv_size);
}

/* Any write may find no room in the map: deletions and commits as well. */
static enum err
write_err(struct env *env, struct err_msg *msg, int rc, const char *what)
{
    if (rc == MDB_MAP_FULL) {
        atomic_store(&env->map_full, true);
    }
    return env_err(msg, rc, what);
}

enum err
txn_begin(struct txn **out, struct env *env, bool is_write, struct err_msg *msg)
{
    struct txn *txn = mem_zalloc(1, sizeof(*txn));
    int rc = 0;

    if (txn == NULL) {
        return ERR_NOMEM;
    }
    pthread_rwlock_rdlock(&env->gate);
    rc = mdb_txn_begin(
        env->handle, NULL, is_write ? 0 : MDB_RDONLY, &txn->handle);
    if (rc != 0) {
        pthread_rwlock_unlock(&env->gate);
        mem_free(txn);
        return env_err(msg, rc, "begin a transaction");
    }
    txn->env = env;
    txn->is_write = is_write;
    *out = txn;
    return ERR_OK;
}

static void
txn_end(struct txn *txn)
{
    pthread_rwlock_unlock(&txn->env->gate);
    mem_free(txn);
}

/* Does the test's fault strike now? */
static bool
fault_strikes(struct env_faults *faults, long *left)
{
    if (*left < 0) {
        return false;
    }
    if (*left > 0) {
        (*left)--;
        return false;
    }
    if (!faults->lasts) {
        (*left)--;
    }
    faults->hit = true;
    return true;
}

enum err
txn_commit(struct txn *txn, struct err_msg *msg)
{
    struct env *env = txn->env;
    struct env_faults *faults = env->options.faults;
    enum err rc = ERR_OK;

    if (faults != NULL && txn->is_write &&
        fault_strikes(faults, &faults->commits_left)) {
        txn_abort(txn);
        return err_set(msg, ERR_FULL, "commit: the disk is full (a test)");
    }
    rc = write_err(env, msg, mdb_txn_commit(txn->handle), "commit");
    if (rc == ERR_OK && txn->is_write && env->options.sync != NULL) {
        rc = env->options.sync(env->options.context);
    }
    txn_end(txn);
    return rc;
}

void
txn_abort(struct txn *txn)
{
    if (txn == NULL) {
        return;
    }
    mdb_txn_abort(txn->handle);
    txn_end(txn);
}

enum err
txn_get(struct txn *txn, enum table table, struct bytes key, struct bytes *out,
    struct err_msg *msg)
{
    MDB_val k = val_of(key);
    MDB_val v = {0};
    int rc = mdb_get(txn->handle, txn->env->tables[table], &k, &v);

    if (rc != 0) {
        return env_err(msg, rc, TABLES[table].name);
    }
    *out = bytes_of_val(&v);
    return ERR_OK;
}

/* A test's fault in place of a write. */
static enum err
meet_fault(struct txn *txn, enum table table, struct err_msg *msg)
{
    struct env_faults *faults = txn->env->options.faults;

    assert(txn->is_write);
    if (faults != NULL && fault_strikes(faults, &faults->writes_left)) {
        return err_set(
            msg, ERR_FULL, "%s: the disk is full (a test)", TABLES[table].name);
    }
    return ERR_OK;
}

static enum err
put(struct txn *txn, enum table table, struct bytes key, MDB_val *value,
    unsigned flags, struct err_msg *msg)
{
    MDB_val k = val_of(key);
    enum err rc = meet_fault(txn, table, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    int code = mdb_put(txn->handle, txn->env->tables[table], &k, value, flags);
    if (code == MDB_KEYEXIST && flags == MDB_APPENDDUP) {
        code = mdb_put(txn->handle, txn->env->tables[table], &k, value, 0);
    }
    return write_err(txn->env, msg, code, TABLES[table].name);
}

enum err
txn_put(struct txn *txn, enum table table, struct bytes key, struct bytes value,
    struct err_msg *msg)
{
    MDB_val v = val_of(value);

    /*
     * Sets mostly grow at their end, since record ids are ordered by time:
     * said so, LMDB leaves full pages behind instead of half-full ones.
     */
    return put(
        txn, table, key, &v, TABLES[table].is_set ? MDB_APPENDDUP : 0, msg);
}

enum err
txn_append(struct txn *txn, enum table table, struct bytes key,
    struct bytes value, struct err_msg *msg)
{
    MDB_val v = val_of(value);

    return put(txn, table, key, &v, MDB_APPEND, msg);
}

enum err
txn_append_reserve(struct txn *txn, enum table table, struct bytes key,
    size_t size, uint8_t **out, struct err_msg *msg)
{
    MDB_val v = {size, NULL};
    enum err rc = put(txn, table, key, &v, MDB_APPEND | MDB_RESERVE, msg);

    if (rc == ERR_OK) {
        *out = v.mv_data;
    }
    return rc;
}

enum err
txn_delete(
    struct txn *txn, enum table table, struct bytes key, struct err_msg *msg)
{
    MDB_val k = val_of(key);
    enum err rc = meet_fault(txn, table, msg);
    int deleted = 0;

    if (rc != ERR_OK) {
        return rc;
    }
    deleted = mdb_del(txn->handle, txn->env->tables[table], &k, NULL);
    return deleted == MDB_NOTFOUND
               ? ERR_OK
               : write_err(txn->env, msg, deleted, TABLES[table].name);
}

enum err
txn_remove(struct txn *txn, enum table table, struct bytes key,
    struct bytes value, struct err_msg *msg)
{
    MDB_val k = val_of(key);
    MDB_val v = val_of(value);
    int rc = mdb_del(txn->handle, txn->env->tables[table], &k, &v);

    assert(TABLES[table].is_set);
    return rc == MDB_NOTFOUND ? ERR_OK : env_err(msg, rc, TABLES[table].name);
}

enum err
txn_has(struct txn *txn, enum table table, struct bytes key, struct bytes value,
    struct err_msg *msg)
{
    MDB_cursor *cursor = NULL;
    MDB_val k = val_of(key);
    MDB_val v = val_of(value);
    int rc = mdb_cursor_open(txn->handle, txn->env->tables[table], &cursor);

    assert(TABLES[table].is_set);
    if (rc == 0) {
        rc = mdb_cursor_get(cursor, &k, &v, MDB_GET_BOTH);
        mdb_cursor_close(cursor);
    }
    return rc == MDB_NOTFOUND ? ERR_NOT_FOUND
                              : env_err(msg, rc, TABLES[table].name);
}

enum err
txn_clear(struct txn *txn, enum table table, struct err_msg *msg)
{
    enum err rc = meet_fault(txn, table, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    return write_err(txn->env, msg,
        mdb_drop(txn->handle, txn->env->tables[table], 0), TABLES[table].name);
}

uint64_t
txn_count(struct txn *txn, enum table table)
{
    MDB_stat stat = {0};

    if (mdb_stat(txn->handle, txn->env->tables[table], &stat) != 0) {
        return 0;
    }
    return stat.ms_entries;
}

enum err
scan_open(
    struct scan *scan, struct txn *txn, enum table table, struct err_msg *msg)
{
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(txn->handle, txn->env->tables[table], &cursor);

    if (rc != 0) {
        return env_err(msg, rc, TABLES[table].name);
    }
    *scan = (struct scan){.cursor = cursor, .txn = txn};
    return ERR_OK;
}

static bool
scan_get(struct scan *scan, MDB_cursor_op op, struct bytes start)
{
    MDB_val k = val_of(start);
    MDB_val v = {0};
    int rc = mdb_cursor_get(scan->cursor, &k, &v, op);

    if (rc != 0) {
        scan->state = SCAN_DONE;
        scan->rc = rc == MDB_NOTFOUND ? ERR_OK : env_err(NULL, rc, "scan");
        return false;
    }
    scan->state = SCAN_PLACED;
    scan->key = bytes_of_val(&k);
    scan->value = bytes_of_val(&v);
    return true;
}

bool
scan_seek(struct scan *scan, struct bytes start)
{
    struct bytes none = {0};

    return start.size == 0 ? scan_get(scan, MDB_FIRST, none)
                           : scan_get(scan, MDB_SET_RANGE, start);
}

bool
scan_last(struct scan *scan, struct bytes end)
{
    struct bytes none = {0};

    if (end.size != 0 && scan_get(scan, MDB_SET_RANGE, end)) {
        return scan_get(scan, MDB_PREV, none);
    }
    if (scan->rc != ERR_OK) {
        return false;
    }
    return scan_get(scan, MDB_LAST, none);
}

bool
scan_next(struct scan *scan)
{
    struct bytes none = {0};

    if (scan->state == SCAN_DONE) {
        return false;
    }
    return scan_get(
        scan, scan->state == SCAN_IDLE ? MDB_FIRST : MDB_NEXT, none);
}

bool
scan_prev(struct scan *scan)
{
    struct bytes none = {0};

    if (scan->state == SCAN_DONE) {
        return false;
    }
    return scan_get(scan, scan->state == SCAN_IDLE ? MDB_LAST : MDB_PREV, none);
}

enum err
scan_end(const struct scan *scan, struct err_msg *msg)
{
    if (scan->rc != ERR_OK) {
        return err_set(
            msg, scan->rc, "read the database: %s", err_text(scan->rc));
    }
    return ERR_OK;
}

void
scan_close(struct scan *scan)
{
    if (scan->cursor != NULL) {
        mdb_cursor_close(scan->cursor);
        scan->cursor = NULL;
    }
}
