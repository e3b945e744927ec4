/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/routes.h"

const struct route routes[] = {
    {"GET", "/v1/status", ROUTE_USES, status_run, status_start},
    {"GET", "/v1/schema", ROUTE_FREE, schema_get, NULL},
    {"GET", "/v1/records", ROUTE_USES, records_list, NULL},
    {"POST", "/v1/records", ROUTE_USES, records_post, NULL},
    {"GET", "/v1/records/*", ROUTE_USES, records_get, NULL},
    {"PATCH", "/v1/records/*", ROUTE_USES, records_patch, NULL},
    {"GET", "/v1/records/*/history", ROUTE_USES, records_history, NULL},
    {"POST", "/v1/records/*/settle", ROUTE_USES, records_settle, NULL},
    {"GET", "/v1/conflicts", ROUTE_USES, conflicts_get, NULL},
    {"GET", "/v1/refused", ROUTE_USES, refused_get, NULL},
    {"POST", "/v1/import", ROUTE_USES, import_post, NULL},
    {"GET", "/v1/members", ROUTE_USES, members_get, NULL},
    {"POST", "/v1/members/confirm", ROUTE_USES, members_confirm, NULL},
    {"GET", "/v1/peers", ROUTE_USES, peers_get, NULL},
    {"POST", "/v1/peers", ROUTE_USES, peers_put, NULL},
    {"DELETE", "/v1/peers", ROUTE_USES, peers_delete, NULL},
    {"POST", "/v1/invites", ROUTE_USES, invites_post, NULL},
    {"POST", "/v1/corridor", ROUTE_OPENS, corridor_found, NULL},
    {"POST", "/v1/join", ROUTE_OPENS, corridor_join_run, corridor_join_start},
    {"POST", "/v1/sync", ROUTE_USES, sync_run, sync_start},
    {"GET", "/v1/audit/keys", ROUTE_USES, audit_keys, NULL},
    {"GET", "/v1/digest", ROUTE_USES, digest_get, NULL},
    {"POST", "/v1/verify", ROUTE_USES, verify_post, NULL},
    {"POST", "/v1/backup", ROUTE_USES, backup_post, NULL},
    {"POST", "/v1/rebuild", ROUTE_OPENS, rebuild_post, NULL},
    {"POST", "/v1/lock", ROUTE_FREE, lock_post, NULL},
};
const size_t routes_count = sizeof(routes) / sizeof(routes[0]);
