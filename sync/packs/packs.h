/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema packs that come with corridor (docs/schema.md, "Packs"), and the
 * dictionaries (docs/schema.md, "Dictionaries").
 */
#ifndef CORRIDOR_SYNC_PACKS_PACKS_H
#define CORRIDOR_SYNC_PACKS_PACKS_H

#include "crypto/base/bytes.h"

/*
 * zstd dictionaries by their number; the constant says which one is written
 * with. They are constants of the protocol: a better one gets a new number,
 * and this one stays for what was written with it. Numbers to 255 cost one
 * byte of each frame; they need no registration, since the frames stand in
 * sealed bodies only.
 */
enum { PACK_DICTIONARY_MEKONG = 1 };

/* NULL for a number that is not built in. */
const struct bytes *pack_dictionary(uint32_t id);

/* The text of the pack of this name, "mekong"; NULL when there is none. */
const struct bytes *pack_text(const char *name);

#endif
