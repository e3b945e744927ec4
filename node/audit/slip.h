/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a key from paper was copied wrong. A corridor's key says much of
 * itself twice: its name holds the node's id, which is the key at its end,
 * and the eight digits are a hash of both. So a slip can mostly be told to
 * the character, and whoever typed the key need not read all of it again.
 *
 *   corridor.internal/<64 digits>/<64 digits>/changes+<8 digits>+<44
 * characters>
 */
#ifndef CORRIDOR_NODE_AUDIT_SLIP_H
#define CORRIDOR_NODE_AUDIT_SLIP_H

#include "crypto/base/bytes.h"

enum { SLIP_TEXT_BYTES = 160 };

/* Half a sentence on what is wrong with a verifier key that does not parse;
 * nothing of it but single characters and two digits is quoted. */
void slip_find(char out[SLIP_TEXT_BYTES], struct bytes vkey);

#endif
