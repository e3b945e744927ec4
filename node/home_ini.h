/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of home.ini (docs/operations.md, "The home"): lines "name = value"
 * in a fixed order, the value verbatim up to the line's end, since names of
 * offices may hold what other ini files give a meaning to. The program alone
 * writes it.
 *
 *   format = 1
 *   office_name, node_name, country, type     as in certificates
 *   office, node                              64 hex digits
 *   corridor, corridor_name                   once founded or joined
 */
#ifndef CORRIDOR_NODE_HOME_INI_H
#define CORRIDOR_NODE_HOME_INI_H

#include "node/home.h"

/* Append the text. ERR_NOMEM. */
enum err home_ini_encode(struct buf *out, const struct home *home) MUST_USE;

/*
 * Read it into all of *home but path and lock_fd. ERR_VERSION: another format;
 * ERR_MALFORMED. *home is untouched on failure.
 */
enum err home_ini_decode(struct home *home, struct bytes text) MUST_USE;

#endif
