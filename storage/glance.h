/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store as it stands on the disk, read without keys and without being
 * opened: logs, entries, heads, cosignatures and evidence are in clear. It
 * takes no lock but a reader's slot of LMDB's, writes nothing, and gives way
 * to a running daemon: its snapshots are short, since an old one keeps the
 * database from using its free pages again. What it gives is parsed strictly
 * and not verified. Used by one thread.
 */
#ifndef CORRIDOR_STORAGE_GLANCE_H
#define CORRIDOR_STORAGE_GLANCE_H

#include "sync/model/cosign.h"
#include "sync/model/evidence.h"

struct glance;

/* One log as its row says. */
struct glance_log {
    struct log_id id;
    uint64_t stored; /* entries, of which the head proves the first */
    bool has_head;   /* the greatest that is reached in full */
    struct head head;
    bool has_target; /* one beyond, with PROOF(stored, target.size) */
    struct head target;
    struct merkle_proof beyond;
    bool is_forked;
};

/*
 * Look at the environment in `dir`. ERR_NOT_FOUND: none there; ERR_VERSION:
 * of another version; ERR_BUSY: too many readers; ERR_DENIED, ERR_IO;
 * ERR_CORRUPT: rows of logs that break their form; ERR_NOMEM.
 */
enum err glance_open(
    struct glance **out, const char *dir, struct err_msg *msg) MUST_USE;
void glance_close(struct glance *glance); /* NULL is fine */

/* The logs, by number. */
size_t glance_log_count(const struct glance *glance);
const struct glance_log *glance_log(const struct glance *glance, size_t n);

/*
 * The entry at a position of log n; views live until the next call. The
 * body's hash is filled in only where the body is absent. ERR_NOT_FOUND;
 * ERR_CORRUPT; ERR_BUSY: the daemon has made the database larger than was
 * known: look again.
 */
enum err glance_entry(struct glance *glance, size_t n, uint64_t position,
    struct entry *out, struct err_msg *msg) MUST_USE;

/* The stored nodes of log n's tree. */
struct glance_nodes {
    struct glance *glance;
    size_t log;
};
struct merkle_source glance_nodes(struct glance_nodes *nodes);

/* Cosignatures of log n, and evidence against any, until `each` returns
 * false; meanwhile it may read entries and nodes. ERR_CORRUPT: a row of
 * evidence that breaks its form. */
enum err glance_cosignatures(struct glance *glance, size_t n,
    bool (*each)(void *context, const struct cosignature *cosignature),
    void *context, struct err_msg *msg) MUST_USE;
enum err glance_evidence(struct glance *glance,
    bool (*each)(void *context, const struct evidence *evidence), void *context,
    struct err_msg *msg) MUST_USE;

#endif
