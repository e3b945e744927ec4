/* SPDX-License-Identifier: Apache-2.0 */
/* What the resources for auditors share. */
#ifndef CORRIDOR_NODE_API_AUDIT_H
#define CORRIDOR_NODE_API_AUDIT_H

#include "crypto/note.h"
#include "node/api/call.h"
#include "sync/model/log.h"

enum {
    AUDIT_ENTRIES_MAX = 16 * 256,         /* asked for at once */
    AUDIT_HEADERS_BYTES = 2 * 1024 * 1024 /* an answer is cut after so many */
};

/*
 * The log that the path's two arguments name: a member's node by its name or
 * by 4 or more digits that its id begins with, any node by all 64, and
 * "control" or "changes". ERR_NOT_FOUND; ERR_EXISTS: several are meant.
 */
enum err audit_log(
    struct api_call *call, struct log_id *out, struct err_msg *msg) MUST_USE;

/* A parameter that must be there, and may be 0. ERR_MALFORMED. */
enum err audit_number(struct api_call *call, const char *name, uint64_t *out,
    struct err_msg *msg) MUST_USE;

/* Put "node", "office", "name" and "kind". */
void audit_put_log(
    json_t **json, const struct view *view, const struct log_id *log);

/* Is a node meant by its name, or by how its id begins? */
bool audit_is_meant(const struct member_node *node, struct bytes text);

/* "NODE/changes/12" of an entry; NULL without memory. */
json_t *audit_entry_json(const struct log_table *logs, struct dot dot);

/* A verifier key as a text; NULL without memory. */
json_t *audit_vkey_json(const struct note_key *key);

/*
 * Append a log's head as a note: with the log's signature, and those of the
 * members' nodes that vouch for exactly this.
 */
enum err audit_checkpoint(struct buf *out, struct view *view,
    const struct log_id *log, const struct head *head,
    struct err_msg *msg) MUST_USE;

/* Put "checkpoint", that note, and "vouched": what nodes vouch for of lesser
 * sizes, an array of {"size", "checkpoint"}. */
enum err audit_put_checkpoints(json_t **json, struct view *view,
    const struct log_id *log, const struct head *head,
    struct err_msg *msg) MUST_USE;

#endif
