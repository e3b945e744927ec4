/* SPDX-License-Identifier: Apache-2.0 */
/* Lower-case hexadecimal. */
#ifndef CORRIDOR_CRYPTO_BASE_HEX_H
#define CORRIDOR_CRYPTO_BASE_HEX_H

#include "crypto/base/bytes.h"

/* Write 2 * bytes.size digits and a NUL to out. */
void hex_encode(char *out, struct bytes bytes);

/*
 * Exactly 2 * size digits (lower or upper case) of text[0..text_size) into
 * out; false, with out undefined, for anything else.
 */
bool hex_decode(const char *text, size_t text_size, uint8_t *out, size_t size);

#endif
