/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control statements: the bodies of control entries, in clear
 * (docs/protocol.md, "Membership"). Each is a CBOR array whose first item is
 * its type. Dots are author's dots: index uint, position uint.
 *
 *   [0, founding bstr, [office signature bstr(64)…]]               found
 *       founding = ["corridor/found/1", nonce bstr(32), name tstr,
 *                   policy uint, [[cert bstr, firewall bool]…]]
 *       the corridor's id is SHA-256(founding); the certificates' corridor is
 *       zero; signatures are of each founder's office key over `founding`,
 *       in the founders' order
 *   [1, cert bstr, roles uint, firewall bool, invitation null|bstr(32),
 *       confirmed bool]                                            admit
 *   [2, cert bstr, null|[retired node bstr(32), cut, cut,
 *       signature bstr(64)]]                                       enrol
 *   [3, office bstr(32), roles uint, [cut…]]                       roles
 *   [4, what uint (0 office, 1 node), key bstr(32), [cut…],
 *       signature null|bstr(64), reason uint]                      retire
 *   [5, circle, public bstr(32), [seal…], null|[index, position,
 *       commitment bstr(32), wrapped bstr(48)]]                    circle
 *       circle = [0] link | [1] everyone | [2, office bstr(32)]
 *              | [3, name tstr]; seal = [node bstr(32), boxed bstr(80)];
 *       the last item: the former generation and its secret, wrapped
 *   [6, index, position, [seal…]]                                  seals
 *   [7, name tstr, version uint, hash bstr(32)]                    pack
 *   [8, office bstr(32)]                                           confirm
 *   cut = [log id bstr(33), size uint, root bstr(32)]
 *
 * Cuts ascend by log id, seals by node, without repeats; the writers sort. An
 * enrol's cuts are of the retired node's control log, then its changes log; a
 * retired node's are of its own logs. The signature in enrol and retire is by
 * the key of the office concerned, over
 *   CBOR ["corridor/retire/1", corridor bstr(32), what, key bstr(32), [cut…]]
 * with what and key as in retire (enrol: 1 and the retired node).
 *
 * Types 9 to 15 are erase rights, handover, succession, receipt, report and
 * two reserved; they and all unknown ones decode to STATEMENT_OTHER: stored,
 * void, listed.
 */
#ifndef CORRIDOR_SYNC_MODEL_CONTROL_H
#define CORRIDOR_SYNC_MODEL_CONTROL_H

#include "crypto/keys.h"
#include "sync/model/entry.h"

enum statement_type {
    STATEMENT_FOUND = 0,
    STATEMENT_ADMIT = 1,
    STATEMENT_ENROL = 2,
    STATEMENT_ROLES = 3,
    STATEMENT_RETIRE = 4,
    STATEMENT_CIRCLE = 5,
    STATEMENT_SEALS = 6,
    STATEMENT_PACK = 7,
    STATEMENT_CONFIRM = 8,
    STATEMENT_OTHER = 255
};

enum role {
    ROLE_ADMIN = 1,
    ROLE_WRITE = 2,
    ROLE_READ = 4,
    ROLE_RELAY = 8,
    ROLE_AUDIT = 16,
    ROLE_ALL = 31
};

enum policy { POLICY_SHARE_BY_DEFAULT = 1 };

enum circle_kind {
    CIRCLE_LINK = 0,     /* every node: its secret makes the link secret */
    CIRCLE_EVERYONE = 1, /* readers outside the firewall class */
    CIRCLE_OFFICE = 2,
    CIRCLE_NAMED = 3
};

enum {
    FOUNDERS_MAX = 16,
    CUTS_MAX = 64,
    SEALS_MAX = 256,
    CORRIDOR_NAME_BYTES_MAX = 128,
    PACK_NAME_BYTES_MAX = 32
};

struct cut {
    struct log_id log;
    uint64_t size;
    struct hash root;
};

struct circle_name {
    uint8_t kind;                           /* enum circle_kind */
    struct office_id office;                /* CIRCLE_OFFICE */
    char name[CORRIDOR_NAME_BYTES_MAX + 1]; /* CIRCLE_NAMED */
};

struct seal_item {
    struct node_id node;
    uint8_t boxed[SEAL_BOXED_BYTES];
};

struct founder {
    struct cert cert;
    struct bytes encoded; /* the certificate: a view */
    bool firewall;
    struct signature signature; /* the office's, over the founding body */
};

/*
 * Decoded; arrays are allocated with mem_alloc: statement_release. Views look
 * into the body.
 */
struct statement {
    uint8_t type;                           /* enum statement_type */
    struct bytes founding;                  /* FOUND: a view */
    char name[CORRIDOR_NAME_BYTES_MAX + 1]; /* FOUND, PACK */
    uint64_t policy;
    struct hash nonce;
    struct founder *founders;
    size_t founder_count;
    struct cert cert;          /* ADMIT, ENROL */
    struct bytes encoded_cert; /* a view */
    uint8_t roles;             /* ADMIT, ROLES */
    bool firewall;             /* ADMIT */
    bool confirmed;            /* ADMIT */
    bool has_invitation;
    struct hash invitation;  /* SHA-256 of the invitation's secret */
    bool has_retired;        /* ENROL */
    bool is_node;            /* RETIRE: node or office */
    struct node_id node;     /* RETIRE, ENROL's retired */
    struct office_id office; /* ROLES, RETIRE, CONFIRM */
    bool has_signature;
    struct signature signature;
    uint64_t reason;
    struct cut *cuts;
    size_t cut_count;
    struct circle_name circle;
    struct public_key public;
    struct seal_item *seals;
    size_t seal_count;
    bool has_former;
    struct author_dot generation; /* SEALS, or CIRCLE's former */
    struct hash commitment;       /* of the former's secret */
    uint8_t wrapped[SEAL_WRAPPED_BYTES];
    uint64_t version; /* PACK */
    struct hash hash;
};

/* Free what it holds. */
void statement_release(struct statement *statement);

/*
 * Strict decode, with every certificate and founder's signature verified (but
 * not that of a retirement: its corridor is not known here). Views live as
 * long as `body`. *out is untouched on failure. ERR_MALFORMED,
 * ERR_BAD_SIGNATURE, ERR_VERSION (a certificate, founding body or policy of a
 * later version), ERR_TOO_BIG (a count or name beyond its limit), ERR_NOMEM.
 */
enum err statement_decode(struct statement *out, struct bytes body) MUST_USE;

/* SHA-256 of the founding body. */
void statement_corridor_id(struct corridor_id *out, struct bytes founding);

/*
 * Append the encoding of a statement of any type but OTHER, with cuts and
 * seals in their order and certificates from their views; a founding body is
 * built from its parts. Names and counts within their limits are asserted.
 */
void statement_encode(struct buf *out, const struct statement *statement);

/*
 * Sign the retirement in a RETIRE or ENROL, as the office concerned: sets its
 * signature. ERR_NOMEM.
 */
enum err statement_sign_retire(struct statement *statement,
    const struct corridor_id *corridor,
    const struct secret_key *office) MUST_USE;
/* ERR_OK, ERR_BAD_SIGNATURE (or none), ERR_NOMEM. */
enum err statement_verify_retire(const struct statement *statement,
    const struct corridor_id *corridor,
    const struct office_id *office) MUST_USE;

/* Writers, one per type that is written today. Certificates are encoded. */
struct found_options {
    struct hash nonce;
    const char *name;
    uint64_t policy;
    struct bytes cert; /* of the one founder, corridor zero */
    bool firewall;
    const struct secret_key *office;
};
/* ERR_NOMEM; ERR_MALFORMED, ERR_BAD_SIGNATURE: the certificate does not
 * decode, or its corridor is not zero; ERR_DENIED: not that office's key. */
enum err statement_put_found(
    struct buf *out, const struct found_options *options) MUST_USE;
struct admit_options {
    struct bytes cert;
    uint8_t roles;
    bool firewall;
    bool confirmed;
    const struct hash *invitation; /* NULL for none */
};
void statement_put_admit(struct buf *out, const struct admit_options *options);
void statement_put_enrol(struct buf *out, struct bytes cert);
/* Without cuts: what the roles lose is cut where the author's clock stands. */
void statement_put_roles(
    struct buf *out, const struct office_id *office, uint8_t roles);
void statement_put_confirm(struct buf *out, const struct office_id *office);
struct circle_options {
    const struct circle_name *circle;
    const struct public_key *public;
    const struct seal_item *seals;
    size_t seal_count;
    bool has_former;
    struct author_dot former;
    const struct hash *commitment; /* keyring_wrap makes both */
    const uint8_t *wrapped;        /* SEAL_WRAPPED_BYTES */
};
void statement_put_circle(
    struct buf *out, const struct circle_options *options);
void statement_put_seals(struct buf *out, struct author_dot generation,
    const struct seal_item *seals, size_t seal_count);
void statement_put_pack(struct buf *out, const char *name, uint64_t version,
    const struct hash *hash);

#endif
