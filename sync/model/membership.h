/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is a member, with which rights, and which circles there are: a pure
 * function of the set of control entries (docs/membership.md has the order
 * of evaluation and the proof that it converges).
 *
 * Offices are evaluated from the most senior: founders together, then by rank
 * of admission (node id, position break ties). What cuts an office's logs is
 * known before its statements are judged, since cuts come only from seniors,
 * from the office's own key, or from more than half of the founders. A
 * statement counts when its author's node was enrolled and held the right at
 * that entry (membership_allows), and acts only on offices whose admission
 * counts its author's own.
 */
#ifndef CORRIDOR_SYNC_MODEL_MEMBERSHIP_H
#define CORRIDOR_SYNC_MODEL_MEMBERSHIP_H

#include "sync/model/control.h"

/* What is beyond a limit, in the order of evaluation, is void. */
enum {
    OFFICES_MAX = 1024,
    NODES_MAX = 4096,
    NODES_PER_OFFICE_MAX = 64,
    GENERATIONS_MAX = 4096,
    GENERATIONS_PER_CIRCLE_MAX = 256,
    RIGHTS_PER_PAIR_MAX = 64 /* by one office about one other */
};

/* One applied control entry, as the evaluation wants it. */
struct control {
    struct dot dot;
    uint64_t rank;
    uint64_t time;
    /*
     * As written, not cut: the control entries it counts, own log included up
     * to itself, exclusively; and of changes logs what it says it has seen
     * (vclock_merge of the author's clock and seen: they share no log).
     */
    struct vclock clock;
    struct statement statement;
    uint8_t *body; /* owned: what the statement's views look into */
    /* SEALS' generation, CIRCLE's former, in local numbers */
    bool has_generation;
    struct dot generation;
};
void control_release(struct control *control);

enum void_reason {
    VOID_NONE = 0,
    VOID_MALFORMED,  /* header, body or plaintext breaks its format */
    VOID_UNKNOWN,    /* a kind or statement of a later version */
    VOID_NOT_MEMBER, /* author not enrolled at that point */
    VOID_NO_RIGHT,   /* author's office lacks the role */
    VOID_CUT,        /* at or beyond a cut */
    VOID_FIREWALL,   /* grants what the firewall class forbids */
    VOID_KEY,        /* the key was turned, or is not the author's */
    VOID_SEAL,       /* seal or commitment does not hold */
    VOID_CLASS,      /* a kind or field above the key's class */
    VOID_RECORD,     /* breaks the record's own rules */
    VOID_REASON_COUNT
};
/* A sentence for a person, in English; never NULL. */
const char *void_reason_text(enum void_reason reason);

struct office {
    struct office_id id;
    char name[CERT_NAME_BYTES_MAX + 1]; /* of its first certificate */
    char country[3];
    char type[CERT_TYPE_BYTES_MAX + 1];
    uint8_t roles; /* as they stand now, for showing */
    bool firewall;
    bool confirmed;
    bool is_founder;
    bool is_retired;
    uint32_t seniority; /* place in the order, 0 first */
    bool has_admission;
    struct dot admission; /* found or admit */
};

struct member_node {
    struct cert cert;
    uint32_t office;     /* index in offices */
    struct dot enrolled; /* its own enrol, or the first that names it */
    uint64_t cuts[2];    /* of its logs, by kind: UINT64_MAX when not cut */
    uint32_t place;      /* among its office's nodes */
    bool is_own;         /* its control log starts with its certificate */
};

struct generation {
    struct dot dot;
    struct circle_name circle;
    struct public_key public;
    bool has_former;
    uint32_t former;  /* index in generations */
    uint32_t control; /* index in the controls evaluated */
    uint32_t maker;   /* index in nodes */
    bool is_usable;   /* sealed to members of the circle only, as it stands */
    uint32_t child;   /* the first that wraps this one's secret, and the next */
    uint32_t sibling; /* that wraps the same: UINT32_MAX when none */
};

/* "This generation's secret was sealed to that node by that entry." */
struct sealing {
    uint32_t generation; /* index */
    struct node_id node;
    struct dot dot;
    uint32_t control; /* index in controls, and in its seals: */
    uint32_t item;
    uint32_t previous; /* of the same generation and node, or UINT32_MAX */
};

struct right;        /* internal: what gives and takes a role, with its dot */
struct member_index; /* internal: what makes the queries quick */

struct membership {
    struct corridor_id corridor;
    bool has_found;
    char name[CORRIDOR_NAME_BYTES_MAX + 1];
    uint64_t policy;
    bool has_pack;
    char pack_name[PACK_NAME_BYTES_MAX + 1];
    uint64_t pack_version;
    struct hash pack_hash;
    struct office *offices; /* by seniority */
    size_t office_count;
    struct member_node *nodes;
    size_t node_count;
    struct generation *generations; /* in membership order */
    size_t generation_count;
    struct sealing *sealings;
    size_t sealing_count;
    struct right *rights;
    size_t right_count;
    uint8_t *verdicts; /* per control given: enum void_reason */
    size_t control_count;
    struct member_index *index;
    const struct log_table *logs; /* borrowed, and may grow */
};

/*
 * Evaluate. `controls` in any order, of distinct dots in logs of the table,
 * borrowed only for the call, but sealed boxes are looked up in them again by
 * keyring_open. *out is set anew (not released first) and must be released;
 * on failure it is left alone. ERR_NOMEM; ERR_TOO_BIG beyond 2^31 controls.
 */
enum err membership_eval(struct membership *out,
    const struct corridor_id *corridor, const struct log_table *logs,
    const struct control *controls, size_t count) MUST_USE;
void membership_release(struct membership *membership);

/* NULL when unknown. Results live as long as the membership. */
const struct member_node *membership_node(
    const struct membership *membership, const struct node_id *node);
const struct office *membership_office(
    const struct membership *membership, const struct office_id *office);
/* The office of the node that writes a local log; NULL when unknown. */
const struct office *membership_office_of(
    const struct membership *membership, uint32_t log);

/*
 * May the author of `log` write an entry of this role at `position`, with
 * what `clock` counts? VOID_NONE, VOID_NOT_MEMBER, VOID_NO_RIGHT or VOID_CUT.
 * Role 0 asks for membership alone.
 */
enum void_reason membership_allows(const struct membership *membership,
    struct dot entry, const struct vclock *clock, uint8_t role);

/* The least cut of a log, UINT64_MAX when it has none. */
uint64_t membership_cut(const struct membership *membership, uint32_t log);

/* Index of the generation with this dot; false when there is none. */
bool membership_generation(
    const struct membership *membership, struct dot dot, uint32_t *out);
/* The current generation of a circle: the last in order that is sealed to
 * current members only; false when there is none. */
bool membership_current(const struct membership *membership,
    const struct circle_name *circle, uint32_t *out);
/* Is this node's office a member of the circle (link: all; everyone: readers
 * outside the firewall; office: itself)? */
bool membership_in_circle(const struct membership *membership,
    const struct circle_name *circle, const struct node_id *node);

/*
 * May the office hold the sealed bodies of changes, by its roles as they stand
 * now? Not one that audits and neither writes, reads nor relays
 * (docs/membership.md, "Rights"). An office not known here (NULL) may.
 */
bool office_holds_bodies(const struct office *office);
/* And content keys? Neither relays nor auditors, unless they write or read. */
bool office_holds_keys(const struct office *office);

/*
 * By then, had the secret of `generation` (or of a later one of its circle
 * that wraps it) been sealed to `node` by an entry that `clock` counts, or
 * made by it?
 */
bool membership_opens(const struct membership *membership, uint32_t generation,
    const struct node_id *node, const struct vclock *clock);

/*
 * Open every generation's secret that `node` can, by its seal secret and the
 * chains of former ones: out[i] and out_has[i] for generation i, arrays of
 * generation_count. A box that does not open to the public half is skipped.
 */
struct keyring_options {
    const struct control *controls; /* those that were evaluated */
    const struct node_id *node;
    const struct secret_key *seal;
};
enum err keyring_open(struct secret_key *out, bool *out_has,
    const struct membership *membership,
    const struct keyring_options *options) MUST_USE;

/*
 * Wrap a former generation's secret under a new one, for struct
 * circle_options. `former` is the index of the former in generations.
 */
struct keyring_wrap_options {
    uint32_t former;
    const struct secret_key *former_secret;
    const struct secret_key *secret;
};
void keyring_wrap(uint8_t out_wrapped[SEAL_WRAPPED_BYTES],
    struct hash *out_commitment, const struct membership *membership,
    const struct keyring_wrap_options *options);

/* The link secret of a generation of CIRCLE_LINK:
 * derive(secret, ["corridor/link/1"]). */
void keyring_link_secret(
    struct secret_key *out, const struct secret_key *generation);

#endif
