/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acts of offices in words: who did what to whom. When it was is shown beside
 * it. Names are as certificates have them, so whatever prints them to a
 * terminal takes out what would steer it.
 */
#ifndef CORRIDOR_SYNC_AUDIT_WORDS_H
#define CORRIDOR_SYNC_AUDIT_WORDS_H

#include "sync/model/membership.h"

/* Names for tools: "own", "policy", "share", "refer", "emergency"; "admit" and
 * so on, "other" for a type of a later version. Never NULL. */
const char *words_purpose(uint8_t purpose);
const char *words_statement(uint8_t type);

/* Append the office's name, or if it is none the beginning of its id. */
void words_put_office(struct buf *out, const struct membership *membership,
    const struct office_id *office);
/* Append "everyone", "every node" (the link's), or the office whose it is. */
void words_put_circle(struct buf *out, const struct membership *membership,
    const struct circle_name *circle);
/*
 * Append a statement as a sentence: "Ministry admitted Mae Sot clinic with the
 * roles write and read." It does not say whether it counts.
 */
void words_put_statement(struct buf *out, const struct membership *membership,
    const struct control *control);

#endif
