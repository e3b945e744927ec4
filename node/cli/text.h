/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts on a terminal: how wide they are, and cutting them between what a
 * reader sees as characters (grapheme clusters of Unicode), so that tables
 * line up in Khmer, Burmese, Lao and Thai as well.
 */
#ifndef CORRIDOR_NODE_CLI_TEXT_H
#define CORRIDOR_NODE_CLI_TEXT_H

#include <stdio.h>

#include "crypto/base/buf.h"

/* Columns of the terminal; a byte that is not UTF-8 counts as one. */
size_t text_width(struct bytes text);

/*
 * Append the text on one line and without controls: white space becomes a
 * space, other controls (bidirectional ones too) become "?". Beyond
 * `width_max` columns it is cut and ends in an ellipsis; 0 cuts nothing.
 */
void text_put(struct buf *out, struct bytes text, size_t width_max);

/*
 * Append JSON text; controls that JSON leaves as they are (those beyond ASCII,
 * bidirectional ones) become escapes, which say the same. What goes to a
 * terminal does not steer it.
 */
void text_put_json(struct buf *out, struct bytes json);

/* Print a text that others may have chosen, as text_put makes it. */
void text_print(FILE *out, const char *text);

/* The language of the messages: "km" of LANG=km_KH.UTF-8; "en" without. */
void text_language(char out[12], const char *lang);

#endif
