/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invitations: one line that admits one office (docs/protocol.md,
 * "Membership"; docs/operations.md, "Inviting").
 *
 *   corridor-invite-1:BASE32
 *   BASE32 = code_base32 of CBOR ["corridor/invite/1", corridor bstr(32),
 *     inviter node bstr(32), inviter noise key bstr(32), office code tstr,
 *     secret bstr(32), expires uint (Unix ms), addresses [tstr…]]
 *     followed by four check characters
 */
#ifndef CORRIDOR_NODE_INVITE_H
#define CORRIDOR_NODE_INVITE_H

#include "crypto/code.h"
#include "crypto/keys.h"

enum {
    INVITE_ADDRESSES_MAX = 8,
    INVITE_ADDRESS_BYTES_MAX = 256,
    INVITE_LINE_BYTES_MAX = 8192
};

struct invite {
    struct corridor_id corridor;
    struct node_id node;
    struct public_key noise;
    char code[OFFICE_CODE_CHARS + 1];
    struct secret_key secret;
    uint64_t expires_ms;
    char addresses[INVITE_ADDRESSES_MAX][INVITE_ADDRESS_BYTES_MAX + 1];
    size_t address_count;
};

/* Append the one line. ERR_NOMEM. */
enum err invite_format(struct buf *out, const struct invite *invite) MUST_USE;
/* ERR_MALFORMED: not an invitation, or mistyped (the check fails). */
enum err invite_parse(
    struct invite *out, struct bytes line, struct err_msg *msg) MUST_USE;

#endif
