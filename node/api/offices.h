/* SPDX-License-Identifier: Apache-2.0 */
/* Offices as people name them, and as answers do. */
#ifndef CORRIDOR_NODE_API_OFFICES_H
#define CORRIDOR_NODE_API_OFFICES_H

#include <jansson.h>

#include "sync/model/membership.h"

enum { OFFICE_PREFIX_CHARS_MIN = 4 };

/*
 * The office of this name, 64 hex digits, office code, or the beginning of
 * one (OFFICE_PREFIX_CHARS_MIN characters or more). ERR_NOT_FOUND;
 * ERR_EXISTS: several begin so.
 */
enum err office_find(const struct membership *membership, struct bytes text,
    const struct office **out, struct err_msg *msg) MUST_USE;

/* By a whole office code alone, as confirming one asks. ERR_MALFORMED: it is
 * mistyped; ERR_NOT_FOUND. */
enum err office_find_code(const struct membership *membership,
    struct bytes text, const struct office **out, struct err_msg *msg) MUST_USE;

/* {"id", "name", "code"}; NULL without memory. */
json_t *office_json(const struct office *office);
/* The same of an id alone, as far as the membership knows it. */
json_t *office_id_json(
    const struct membership *membership, const struct office_id *id);

#endif
