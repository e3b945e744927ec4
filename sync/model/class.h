/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The classes of content keys, and of the kinds and fields that may stand
 * under them: in clear, and for ever (docs/protocol.md, "Content keys,
 * circles and grants").
 */
#ifndef CORRIDOR_SYNC_MODEL_CLASS_H
#define CORRIDOR_SYNC_MODEL_CLASS_H

/* Who may be given the key that a field is sealed under. */
enum schema_class {
    CLASS_PUBLIC,
    CLASS_MEMBERS,
    CLASS_CASE,
    CLASS_SEALED,
    CLASS_COUNT
};

#endif
