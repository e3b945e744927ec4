/* SPDX-License-Identifier: Apache-2.0 */
/* Every resource's functions, and the table of them (docs/api.md). */
#ifndef CORRIDOR_NODE_API_ROUTES_H
#define CORRIDOR_NODE_API_ROUTES_H

#include "node/api/call.h"

extern const struct route routes[];
extern const size_t routes_count;

/* records.c, list.c, history.c */
call_fn records_get;
call_fn records_post;
call_fn records_patch;
call_fn records_settle;
call_fn records_list;
call_fn records_history;
call_fn conflicts_get;
call_fn refused_get;
/* import.c */
call_fn import_post;
/* schema.c */
call_fn schema_get;
/* status.c: what runs on a worker, then what the loop knows */
call_fn status_run;
call_fn status_start;
/* members.c, peers.c, invites.c */
call_fn members_get;
call_fn members_confirm;
call_fn members_roles;
call_fn peers_get;
call_fn peers_put;
call_fn peers_delete;
call_fn invites_post;
/* corridor.c */
call_fn corridor_found;
call_fn corridor_join_run;
call_fn corridor_join_start;
call_fn sync_run;
call_fn sync_start;
/* audit_keys.c, audit_logs.c, audit_proof.c, audit_witness.c */
call_fn audit_keys;
call_fn audit_logs;
call_fn audit_leaves;
call_fn audit_headers;
call_fn audit_prefix;
call_fn audit_proof;
/* audit_forks.c */
call_fn audit_forks;
/* audit_heads.c */
call_fn audit_heads;
/* audit_access.c, audit_offices.c */
call_fn audit_access;
call_fn audit_access_record;
call_fn audit_offices;
call_fn audit_witness;
/* upkeep.c */
call_fn digest_get;
call_fn verify_post;
call_fn backup_post;
call_fn rebuild_post;
call_fn lock_post;

#endif
