/* SPDX-License-Identifier: Apache-2.0 */
/* Types of offices, as certificates name them (docs/membership.md). */
#ifndef CORRIDOR_SYNC_MODEL_OFFICE_TYPE_H
#define CORRIDOR_SYNC_MODEL_OFFICE_TYPE_H

#include <stdbool.h>

/*
 * Is this a type of the firewall class: police, immigration, interior,
 * defence? Whoever admits such an office says so in the statement, for ever.
 */
bool office_type_is_firewall(const char *type);

#endif
