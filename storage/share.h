/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sharing what was written before: an entry without operations that grants
 * content keys which exist already to a circle (docs/protocol.md, "Content
 * keys, circles and grants").
 */
#ifndef CORRIDOR_STORAGE_SHARE_H
#define CORRIDOR_STORAGE_SHARE_H

#include "storage/store.h"

struct share {
    uint16_t kind; /* of a record that stands under the key */
    struct record_id id;
    uint8_t class;                    /* enum schema_class: which of its keys */
    const struct circle_name *circle; /* who gets it */
    uint8_t purpose;                  /* enum grant_purpose */
};

/*
 * Grant the record's current key of that class to the circle's current
 * generation. Part of a write transaction. ERR_NOT_FOUND: no such record, no
 * key of that class, or no such circle; ERR_NO_KEY: the key is not ours;
 * ERR_DENIED: we may not write, or the office may not read; ERR_BUSY, ERR_FORK
 * as of store_edit. None of these makes the transaction dirty.
 */
enum err store_share(struct store *store, const struct share *share,
    struct err_msg *msg) MUST_USE;

#endif
