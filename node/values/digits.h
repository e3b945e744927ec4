/* SPDX-License-Identifier: Apache-2.0 */
/* Digits and letters of the scripts that the offices write in. */
#ifndef CORRIDOR_NODE_VALUES_DIGITS_H
#define CORRIDOR_NODE_VALUES_DIGITS_H

#include "crypto/base/buf.h"

/*
 * Append the text with the decimal digits of Khmer, Lao, Thai, Burmese, Shan
 * and the full-width forms as 0-9, and full-width + - . / as theirs; all
 * else as it is. The text is UTF-8.
 */
void digits_fold(struct buf *out, struct bytes text);

/*
 * The ISO 15924 code of the script of the text's first letter that decides
 * it: Khmr Laoo Mymr Thai Jpan Hani Kore Latn; NULL when none does.
 */
const char *script_of(struct bytes text);

#endif
