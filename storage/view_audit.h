/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an auditor asks a node's store: content keys with who was granted them,
 * and control statements, as this node judged them. All of it is in clear on
 * every node (docs/audit.md, "What a ledger shows").
 */
#ifndef CORRIDOR_STORAGE_VIEW_AUDIT_H
#define CORRIDOR_STORAGE_VIEW_AUDIT_H

#include "storage/view.h"
#include "sync/model/grant.h"

/*
 * Every content key from that one on, by the dot of the entry that made it in
 * this node's numbers, with its valid grants, until `each` returns false. What
 * it is shown lives for the call. ERR_CORRUPT, ERR_NOMEM, ERR_IO.
 */
enum err view_keys(struct view *view, struct dot from,
    bool (*each)(void *context, const struct key_info *key), void *context,
    struct err_msg *msg) MUST_USE;
/* One of them, to be released. ERR_NOT_FOUND. */
enum err view_key(struct view *view, struct dot key, struct key_info *out,
    struct err_msg *msg) MUST_USE;

/* The hybrid time of an entry, 0 while it is not applied. ERR_NOT_FOUND. */
enum err view_entry_time(struct view *view, struct dot dot, uint64_t *out,
    struct err_msg *msg) MUST_USE;

/* A control statement, for the call. */
struct view_statement {
    uint64_t arrival; /* its number here, by which they are in order */
    const struct control *control;
    enum void_reason reason;
};
/* Every one from that arrival number on, until `each` returns false. */
enum err view_statements(struct view *view, uint64_t from,
    bool (*each)(void *context, const struct view_statement *statement),
    void *context, struct err_msg *msg) MUST_USE;

#endif
