/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/routes.h"

const struct route routes[] = {
    {"GET", "/v1/status", false, status_run, status_start},
    {"GET", "/v1/schema", false, schema_get, NULL},
    {"GET", "/v1/records", false, records_list, NULL},
    {"POST", "/v1/records", false, records_post, NULL},
    {"GET", "/v1/records/*", false, records_get, NULL},
    {"PATCH", "/v1/records/*", false, records_patch, NULL},
    {"GET", "/v1/records/*/history", false, records_history, NULL},
    {"POST", "/v1/records/*/settle", false, records_settle, NULL},
    {"GET", "/v1/conflicts", false, conflicts_get, NULL},
    {"GET", "/v1/refused", false, refused_get, NULL},
    {"POST", "/v1/import", false, import_post, NULL},
    {"GET", "/v1/members", false, members_get, NULL},
    {"POST", "/v1/members/confirm", false, members_confirm, NULL},
    {"GET", "/v1/peers", false, peers_get, NULL},
    {"POST", "/v1/peers", false, peers_put, NULL},
    {"DELETE", "/v1/peers", false, peers_delete, NULL},
    {"POST", "/v1/invites", false, invites_post, NULL},
    {"POST", "/v1/corridor", true, corridor_found, NULL},
    {"POST", "/v1/join", true, corridor_join_run, corridor_join_start},
    {"POST", "/v1/sync", false, sync_run, sync_start},
    {"GET", "/v1/digest", false, digest_get, NULL},
    {"POST", "/v1/verify", false, verify_post, NULL},
    {"POST", "/v1/backup", false, backup_post, NULL},
    {"POST", "/v1/rebuild", true, rebuild_post, NULL},
    {"POST", "/v1/lock", false, lock_post, NULL},
};
const size_t routes_count = sizeof(routes) / sizeof(routes[0]);
