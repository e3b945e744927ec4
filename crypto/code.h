/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Office codes: what people compare by voice instead of hex. The first 100
 * bits of SHA-256 of CBOR ["corridor/office-code/1", office key] as 20
 * base32 characters (Crockford's alphabet, no I L O U) and 4 check
 * characters (20 bits of SHA-256 of CBOR ["corridor/code-check/1", the 20
 * characters as text]), in six groups of four:
 *     K3QF-81ZD-0M9V-TT2A-6XWE-RH4C
 */
#ifndef CORRIDOR_CRYPTO_CODE_H
#define CORRIDOR_CRYPTO_CODE_H

#include "crypto/base/bytes.h"
#include "crypto/base/err.h"

enum {
    OFFICE_CODE_CHARS = 29, /* with its five hyphens, without NUL */
    CODE_CHECK_CHARS = 4
};

/* The code of an office, ended by NUL. */
void office_code(char out[OFFICE_CODE_CHARS + 1], const struct office_id *id);

/*
 * Read what a person typed: any case, hyphens and spaces anywhere, I and L
 * for 1, O for 0; writes the canonical form. ERR_MALFORMED: wrong length,
 * other characters, or check characters that do not fit.
 */
enum err office_code_parse(
    char out[OFFICE_CODE_CHARS + 1], struct bytes typed) MUST_USE;

/*
 * Base32 (same alphabet) of any bytes, no padding, and back; out must have
 * room for (size * 8 + 4) / 5 characters and a NUL. Read as above, but with
 * nothing in between. ERR_MALFORMED: not the digits of just `size` bytes, or
 * bits left over that are not zero; out is untouched then.
 */
void code_base32(char *out, struct bytes bytes);
enum err code_base32_parse(
    uint8_t *out, size_t size, struct bytes text) MUST_USE;

/* Four check characters over a text, as above: invitations end in them. */
void code_check(char out[CODE_CHECK_CHARS + 1], struct bytes text);

#endif
