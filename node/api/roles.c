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
