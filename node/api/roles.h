/* SPDX-License-Identifier: Apache-2.0 */
/* Roles by their names. */
#ifndef CORRIDOR_NODE_API_ROLES_H
#define CORRIDOR_NODE_API_ROLES_H

#include <jansson.h>

#include "sync/model/control.h"

/* An array of names; NULL without memory. */
json_t *roles_json(uint8_t roles);
/* The role of a name, 0 for none. */
uint8_t roles_find(const char *name);
/* An array of names, of which there must be one. ERR_MALFORMED. */
enum err roles_read(
    uint8_t *out, const json_t *array, struct err_msg *msg) MUST_USE;

#endif
