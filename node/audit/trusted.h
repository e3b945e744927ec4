/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys that an auditor trusts: verifier keys given on the command line or
 * in files, one a line; empty lines and those that begin with a number sign
 * are passed over, as "corridor audit key" prints them, and so are blanks
 * around a key. The key of a log, or of its node's cosigner, names the whole
 * corridor by the id in its name; another cosigner's key names a witness.
 */
#ifndef CORRIDOR_NODE_AUDIT_TRUSTED_H
#define CORRIDOR_NODE_AUDIT_TRUSTED_H

#include "crypto/note.h"
#include "sync/model/vclock.h"

enum { TRUSTED_MAX = 256, TRUSTED_FILE_BYTES_MAX = 64 * 1024 };

/* What a name "corridor.internal/<corridor>/<node>/…" says. */
enum key_role { KEY_OF_LOG, KEY_OF_COSIGNER, KEY_OF_OTHER };
struct key_name {
    enum key_role role;
    struct corridor_id corridor; /* unless of another */
    struct log_id log;           /* of a log; of a cosigner its node */
};
/* Read an origin or a cosigner's name; all else is KEY_OF_OTHER. One form
 * only: lower-case hex of full length. */
void key_name_parse(struct key_name *out, struct bytes name);

struct trusted_key {
    struct note_key key;
    struct key_name name;
    bool was_used; /* it signed something that was checked */
};

struct trusted {
    struct trusted_key *items;
    size_t count;
    size_t capacity;
};

/* Free what it holds; zeroed is fine. */
void trusted_release(struct trusted *trusted);

/*
 * Add what --key names: a verifier key, or a file of them. ERR_CONFIG with a
 * sentence: neither; a key that is not one, of a kind that is not known here,
 * or a log's key whose name says another node than the key is.
 */
enum err trusted_add(
    struct trusted *trusted, const char *word, struct err_msg *msg) MUST_USE;

/* Is one of them of a node of this corridor? */
bool trusted_has_corridor(
    const struct trusted *trusted, const struct corridor_id *corridor);
/* The key by that name and id; NULL if there is none. */
struct trusted_key *trusted_find(
    const struct trusted *trusted, struct bytes name, uint32_t id);

#endif
