/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "storage/env_internal.h"

/* LMDB tells of readers in lines of "pid thread txnid", "-" for none. */
struct oldest {
    uint64_t txnid;
    bool has;
};

static int
note_reader(const char *line, void *context)
{
    struct oldest *oldest = context;
    const char *last = strrchr(line, ' ');
    char *end = NULL;
    uint64_t txnid = 0;

    if (last == NULL) {
        return 0;
    }
    txnid = strtoull(last + 1, &end, 10);
    if (end != last + 1 && (!oldest->has || txnid < oldest->txnid)) {
        oldest->txnid = txnid;
        oldest->has = true;
    }
    return 0;
}

/* The free list is table 0: transaction -> number of pages, then the pages. */
static int
count_free(MDB_txn *txn, uint64_t page_bytes, uint64_t *out)
{
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val value;
    int rc = mdb_cursor_open(txn, 0, &cursor);

    if (rc != 0) {
        return rc;
    }
    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        size_t pages = 0;
        if (value.mv_size >= sizeof(pages)) {
            memcpy(&pages, value.mv_data, sizeof(pages));
        }
        *out += (uint64_t)pages * page_bytes;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

enum err
env_stat(struct env *env, struct env_stat *out, struct err_msg *msg)
{
    MDB_envinfo info = {0};
    MDB_stat main_stat = {0};
    MDB_txn *txn = NULL;
    struct oldest oldest = {0};
    struct env_stat stat = {0};
    int rc = 0;

    pthread_rwlock_rdlock(&env->gate);
    mdb_reader_list(env->handle, note_reader, &oldest);
    rc = mdb_env_info(env->handle, &info);
    if (rc == 0) {
        rc = mdb_env_stat(env->handle, &main_stat);
    }
    if (rc == 0) {
        rc = mdb_txn_begin(env->handle, NULL, MDB_RDONLY, &txn);
    }
    if (rc == 0) {
        stat.bytes_map = info.me_mapsize;
        stat.bytes_used =
            (uint64_t)(info.me_last_pgno + 1) * main_stat.ms_psize;
        if (oldest.has && oldest.txnid < info.me_last_txnid) {
            stat.oldest_reader_txns = info.me_last_txnid - oldest.txnid;
        }
        rc = count_free(txn, main_stat.ms_psize, &stat.bytes_free);
    }
    if (txn != NULL) {
        mdb_txn_abort(txn);
    }
    pthread_rwlock_unlock(&env->gate);
    if (rc != 0) {
        return env_err(msg, rc, "look at the database");
    }
    *out = stat;
    return ERR_OK;
}
