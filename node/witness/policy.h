/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file witness.policy in a home: whom this node is a witness for, beside
 * the members of its corridor, and which witnesses it asks
 * (docs/operations.md, "Witnesses"). It is a C2SP tlog-policy of these lines:
 *
 *     log VKEY                   a log to be a witness for
 *     witness NAME VKEY URL      a witness to ask
 *     quorum none                may stand there; there are no quorums here
 *     # a comment, or an empty line
 */
#ifndef CORRIDOR_NODE_WITNESS_POLICY_H
#define CORRIDOR_NODE_WITNESS_POLICY_H

#include "crypto/note.h"

enum {
    POLICY_BYTES_MAX = 64 * 1024,
    POLICY_LOGS_MAX = 128,
    POLICY_WITNESSES_MAX = 8,
    POLICY_NAME_BYTES_MAX = 64,
    POLICY_URL_BYTES_MAX = 256
};

struct policy_witness {
    char name[POLICY_NAME_BYTES_MAX + 1];
    char url[POLICY_URL_BYTES_MAX + 1]; /* without a slash at its end */
    struct note_key key;                /* of type NOTE_COSIGNATURE */
};

struct witness_policy {
    struct note_key *logs; /* of type NOTE_ED25519 */
    size_t log_count;
    size_t log_capacity;
    struct policy_witness witnesses[POLICY_WITNESSES_MAX];
    size_t witness_count;
};
/* Empty it; zeroed is fine. */
void policy_release(struct witness_policy *policy);

/* Read a text. ERR_CONFIG, and which line is off; ERR_NOMEM. *out is to be
 * released in every case. */
enum err policy_parse(struct witness_policy *out, struct bytes text,
    struct err_msg *msg) MUST_USE;

/* The file's; one that is not there is as good as an empty one. */
enum err policy_load(
    struct witness_policy *out, const char *path, struct err_msg *msg) MUST_USE;

#endif
