/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "audit check": what an auditor holds in hand is checked with a key, without
 * a home, a keystore or a daemon (docs/audit.md). What is looked at may be
 * an export or one log of it, a proof, a disclosure, evidence of a fork, a
 * checkpoint, or a home, whose entries are read without its keys.
 */
#ifndef CORRIDOR_NODE_AUDIT_CHECK_H
#define CORRIDOR_NODE_AUDIT_CHECK_H

#include <jansson.h>

#include "crypto/keys.h"
#include "node/audit/finding.h"
#include "node/audit/tree.h"

enum {
    CHECK_KEYS_MAX = 64,               /* --key, each maybe a file of many */
    CHECK_FILE_BYTES_MAX = 512 * 1024, /* a proof, evidence, a disclosure */
    CHECK_NOTE_BYTES_MAX = 64 * 1024   /* a checkpoint */
};

struct check_options {
    const char *path;
    const char *const *keys; /* words: verifier keys, or files of them */
    size_t key_count;
    const char *since; /* a checkpoint or an export of before; or NULL */
    uint64_t now_s;    /* Unix seconds: how old cosignatures are */
    /* Told now and then, in entries; may be NULL. */
    void (*progress)(void *context, uint64_t done, uint64_t all);
    void *context;
};

/* As the command's exit status says it. */
enum check_verdict {
    CHECK_CLEAN = 0,
    CHECK_FINDINGS = 1,
    CHECK_UNCHECKED = 2 /* nothing found, but not all could be looked at */
};

enum check_kind {
    CHECK_EXPORT,
    CHECK_LOG, /* one log's folder */
    CHECK_HOME,
    CHECK_CHECKPOINT,
    CHECK_PROOF,
    CHECK_DISCLOSURE,
    CHECK_FORK
};
/* Its word, for machines; never NULL. */
const char *check_kind_text(enum check_kind kind);

/* Why a log's key is believed. */
enum check_trust {
    CHECK_TRUST_NONE,
    CHECK_TRUST_GIVEN,  /* its own key was given */
    CHECK_TRUST_DERIVED /* by certificates, from a key of its corridor */
};

/* Who vouches for a log: by cosignatures that hold. */
struct check_vouch {
    unsigned offices;   /* of the corridor, other than the log's own */
    unsigned witnesses; /* from outside, whose keys were given */
    uint64_t size;      /* of the newest checkpoint they vouch for */
    uint64_t newest_s;  /* Unix seconds of the newest; 0: none */
};

/*
 * An older checkpoint of a log, with cosignatures (vouched/<size>). The
 * log's own signature of then need not be there: who vouched had seen it.
 */
struct check_former {
    uint64_t size;
    struct hash root;
    bool is_signed; /* by the log too */
    struct buf note;
};

/* One log, as far as it could be read. */
struct check_log {
    struct log_id id;
    char path[160]; /* below the export; "" for a log's own folder */
    char office[CERT_NAME_BYTES_MAX + 1]; /* others' words; "" if not known */
    char node[CERT_NAME_BYTES_MAX + 1];
    bool is_signed; /* by the key that its name says */
    bool is_whole;  /* the entries make the signed root */
    bool has_headers;
    enum check_trust trust;
    uint64_t size;
    struct hash root;
    uint64_t leaves;  /* entries read and hashed */
    uint64_t tiles;   /* files of hashes compared */
    uint64_t bytes;   /* read */
    uint64_t headers; /* read and compared */
    uint64_t judged;  /* entries whose author's right was judged */
    uint64_t voids;   /* of these, that count for nothing */
    uint64_t grants;  /* valid ones */
    bool has_since;
    uint64_t since_size; /* of the checkpoint kept from before, */
    bool goes_on;        /* which the log goes on from, or is */
    struct check_vouch vouch;
    /* For the check itself. */
    struct buf note;              /* the checkpoint's file */
    struct check_former *formers; /* older ones that others vouch for */
    size_t former_count;
    uint64_t windows_told; /* tiles of headers whose findings were told */
    uint64_t given;        /* entries for the ledger */
    size_t number;         /* in a home */
    bool is_frozen;        /* after a fork: nobody waits for more of it */
};

struct check_result {
    enum check_kind kind;
    struct findings findings;
    bool has_corridor;
    struct corridor_id corridor;
    bool is_anchored; /* a key of that corridor was given */
    char corridor_name[CERT_NAME_BYTES_MAX + 1]; /* "" if not known */
    bool is_judged;   /* membership and rights were */
    uint64_t offices; /* then: how many there are, */
    uint64_t nodes;
    struct check_log *logs; /* by id */
    size_t log_count;
    size_t log_capacity;
    bool has_entry; /* a proof's, that stands where it says */
    uint64_t entry;
    struct buf evidence; /* corridor-fork@v1 of the first rewritten log */
    json_t *shown; /* what a disclosure that holds says: node/audit/shown.h */
};

/*
 * Check. ERR_OK: *out says what was found; release it. Otherwise it could not
 * be checked, *msg says why, and *out is empty.
 */
enum err check_run(struct check_result *out,
    const struct check_options *options, struct err_msg *msg) MUST_USE;
void check_result_release(struct check_result *result);
enum check_verdict check_verdict(const struct check_result *result);

/* Were the log's entries read, all that were asked for, and do they make what
 * was signed? */
bool check_is_as_signed(
    const struct check_result *result, const struct check_log *log);

#endif
