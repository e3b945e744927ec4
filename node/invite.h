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

/*
 * What the inviter keeps of it, in the note "invite/" and the hex digits of
 * SHA-256 of the secret (notes are sealed at rest):
 *     [1, secret bstr(32), roles uint, expires uint (Unix ms),
 *      for tstr|null, used null|[office bstr(32), node bstr(32)]]
 * `for` is the code of the one office that may use it; without it the line
 * is good for whoever has it, and the office stands as unconfirmed. Whoever
 * used it may use it again until it expires, so that a joining that was cut
 * off can be repeated.
 */
enum { INVITATION_NAME_CHARS = 7 + 64, INVITATION_NOTE_BYTES_MAX = 512 };

struct invitation {
    struct secret_key secret;
    uint8_t roles; /* enum role */
    uint64_t expires_ms;
    char code[OFFICE_CODE_CHARS + 1]; /* "": for anybody */
    bool is_used;
    struct office_id office; /* who used it */
    struct node_id node;
};

/* The note's name, from the hash that admissions carry. */
void invitation_name(
    char out[INVITATION_NAME_CHARS + 1], const struct hash *hash);
/* SHA-256 of the secret. */
void invitation_hash(struct hash *out, const struct secret_key *secret);
/* Append the note. ERR_NOMEM. */
enum err invitation_encode(
    struct buf *out, const struct invitation *invitation) MUST_USE;
/* ERR_MALFORMED; *out is untouched then. */
enum err invitation_decode(struct invitation *out, struct bytes note) MUST_USE;
/*
 * May this office and node use it now? ERR_DENIED, and why, if it is used by
 * another, for another, or has run out.
 */
enum err invitation_check(const struct invitation *invitation,
    const struct cert *cert, uint64_t wall_ms, struct err_msg *msg) MUST_USE;

#endif
