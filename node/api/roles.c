/* SPDX-License-Identifier: Apache-2.0 */
#include "node/api/roles.h"

#include <string.h>

#include "node/api/call.h"

static const struct {
    uint8_t role;
    const char *name;
} names[] = {{ROLE_ADMIN, "admin"}, {ROLE_WRITE, "write"}, {ROLE_READ, "read"},
    {ROLE_RELAY, "relay"}, {ROLE_AUDIT, "audit"}};

enum { NAMES_COUNT = sizeof(names) / sizeof(names[0]) };

json_t *
roles_json(uint8_t roles)
{
    json_t *array = json_array();

    for (size_t i = 0; i < NAMES_COUNT; i++) {
        if ((roles & names[i].role) != 0) {
            put_item(&array, json_string(names[i].name));
        }
    }
    return array;
}

uint8_t
roles_find(const char *name)
{
    for (size_t i = 0; i < NAMES_COUNT; i++) {
        if (strcmp(names[i].name, name) == 0) {
            return names[i].role;
        }
    }
    return 0;
}

enum err
roles_read(uint8_t *out, const json_t *array, struct err_msg *msg)
{
    uint8_t roles = 0;

    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *name = json_string_value(json_array_get(array, i));
        uint8_t role = name == NULL ? 0 : roles_find(name);

        if (role == 0) {
            roles = 0;
            break;
        }
        roles |= role;
    }
    if (roles == 0) {
        return err_set(msg, ERR_MALFORMED,
            "roles are some of admin, write, read, relay, audit");
    }
    *out = roles;
    return ERR_OK;
}
