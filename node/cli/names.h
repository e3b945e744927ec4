/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names that an import's rows gave ("#c12") and the records they stand
 * for: a hash table, 40 bytes or so a name, since a file may have a million.
 */
#ifndef CORRIDOR_NODE_CLI_NAMES_H
#define CORRIDOR_NODE_CLI_NAMES_H

#include "crypto/base/bytes.h"
#include "crypto/base/err.h"

enum { NAMES_KINDS_MAX = 64, NAMES_KIND_CHARS_MAX = 32 };

struct name_slot;

struct names {
    struct name_slot *slots;
    size_t slot_count; /* a power of two, at most half full */
    size_t count;
    char kinds[NAMES_KINDS_MAX][NAMES_KIND_CHARS_MAX + 1];
    size_t kind_count;
};

/* Free what it holds; zeroed is fine. */
void names_release(struct names *names);
/* Remember, over what was known of the name. ERR_NOMEM, ERR_TOO_BIG. */
enum err names_put(struct names *names, const char *name, const char *kind,
    const struct record_id *id) MUST_USE;
/* NULL: not known; else the kind's name, and the id in *out. */
const char *names_find(
    const struct names *names, const char *name, struct record_id *out);

#endif
