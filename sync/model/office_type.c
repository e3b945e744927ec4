/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/model/office_type.h"

#include <stddef.h>
#include <string.h>

bool
office_type_is_firewall(const char *type)
{
    static const char *const types[] = {
        "police", "immigration", "interior", "defence"};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(type, types[i]) == 0) {
            return true;
        }
    }
    return false;
}
