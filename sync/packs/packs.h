/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema packs that come with corridor (docs/schema.md). A corridor may
 * use another one: its text then travels with the control entry that names
 * it.
 */
#ifndef CORRIDOR_SYNC_PACKS_PACKS_H
#define CORRIDOR_SYNC_PACKS_PACKS_H

#include "crypto/base/bytes.h"

/* The text of the pack of this name, "mekong"; NULL when there is none. */
const struct bytes *pack_text(const char *name);

#endif
