/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The evaluation of a membership (docs/membership.md), shared by its parts:
 *
 *   membership.c         the order of evaluation: sort, seats, stages
 *   membership_stage.c   one stage: nodes, what is taken, what is judged
 *   membership_founders.c  the first stage, and the founders' votes
 *   membership_rights.c  what was given and taken, and what it comes to
 *   membership_nodes.c   certificates, and who carries them
 *   membership_circle.c  generations of circles and their sealings
 *   membership_freeze.c  the compact form that queries use
 *   membership_query.c   the queries
 *
 * A seat is an office that somebody may have admitted; it becomes an office
 * of the membership when its stage comes. Lists are links of indexes, ended
 * by MEMBER_NONE.
 */
#ifndef CORRIDOR_SYNC_MODEL_MEMBERSHIP_INTERNAL_H
#define CORRIDOR_SYNC_MODEL_MEMBERSHIP_INTERNAL_H

#include "sync/model/membership.h"

#define MEMBER_NONE UINT32_MAX

/*
 * Beside the roles: membership, by an admission that came in time for the
 * office's stage, or by one of an office that comes later in the order.
 */
enum {
    RIGHT_GUEST = 0x40,
    RIGHT_MEMBER = 0x80,
    RIGHT_BELONG = RIGHT_MEMBER | RIGHT_GUEST,
    RIGHT_ALL = RIGHT_BELONG | ROLE_ALL
};

enum { CERT_NODE_KEYS = 5 };

/* "This statement gives that office these rights." */
struct give {
    uint32_t next;
    uint32_t control;
    uint8_t roles;
    bool firewall;
};

/*
 * "These statements take those rights": one, or the votes of founders, of
 * which `need` must be in. It is about a whole office or one node of it.
 */
struct take {
    uint32_t next;
    uint8_t roles;
    bool is_node;
    struct node_id node;
    uint32_t votes; /* controls, linked by eval.next */
    uint32_t vote_count;
    uint32_t need;
};

/* A list of controls, by eval.next. */
struct chain {
    uint32_t first;
    uint32_t last;
};

struct seat {
    struct office_id id;
    uint32_t office;      /* index in offices, or MEMBER_NONE */
    uint32_t best;        /* its first admission in the order */
    struct chain admits;  /* that their authors could write */
    struct chain actions; /* roles and retirements, likewise */
    uint32_t gives;       /* the newest first, as takes */
    uint32_t takes;
    uint32_t logs; /* that start with its certificate: eval.log_next */
    uint32_t node_count;
    size_t first_node; /* none of its nodes stands before it */
};

/* "This node is of that office", from any certificate. */
struct claim {
    struct node_id node;
    uint32_t seat;
    uint32_t priority; /* 0 for its own first entry, else 1 + place */
};

struct evidence;

struct eval {
    struct membership *m;
    const struct control *controls;
    size_t count;
    const struct log_table *logs;
    uint32_t *order;            /* controls by rank, node, position */
    uint32_t *place;            /* of each control in `order` */
    uint32_t *target;           /* the seat each speaks of, or MEMBER_NONE */
    uint32_t *next;             /* links a control into one list */
    uint32_t *in_log;           /* links the controls of a log, in order */
    bool *is_signed;            /* by the office concerned: it was verified */
    uint32_t *log_first;        /* per log: its entry 0 */
    struct chain *log_controls; /* per log, by in_log */
    uint32_t *log_next;         /* links logs into a seat's list */
    uint32_t *node_controls;    /* per node: what enrolled it */
    uint32_t found;             /* the first founding statement */
    struct seat *seats;         /* by office id */
    size_t seat_count;
    struct claim *claims; /* by node id, then priority */
    size_t claim_count;
    struct give *gives;
    size_t give_count;
    size_t give_capacity;
    struct take *takes;
    size_t take_count;
    size_t take_capacity;
    size_t node_capacity;
    uint32_t *stage; /* controls of the stage, in order */
    size_t stage_count;
    size_t founder_count;
    uint32_t office_seats[OFFICES_MAX]; /* per office: its seat */
    struct evidence *evidence;
    size_t evidence_count;
    size_t evidence_capacity;
};

/* "That entry carries a certificate of that node." */
struct evidence {
    uint32_t node;
    struct dot dot;
};

/* The compact form of what was given and taken: rights[] holds both. */
struct right {
    struct dot dot; /* of what gives */
    uint8_t roles;
    bool firewall;
};

struct office_rights {
    uint32_t gives; /* first in rights, the newest first */
    uint32_t give_count;
    uint32_t takes; /* of the whole office, likewise */
    uint32_t take_count;
    uint32_t node_count;
    size_t counted; /* first in index.counted: gives by takes */
    size_t cuts;    /* first in index.cuts: takes by nodes by log kinds */
};

struct member_index {
    uint32_t *log_nodes; /* per log: index in nodes, or MEMBER_NONE */
    size_t log_count;
    uint32_t *offices; /* by id */
    uint32_t *keys;    /* hash: node * CERT_NODE_KEYS + key + 1, 0 empty */
    size_t key_slots;
    struct office_rights *office_rights;
    bool *counted;
    uint64_t *cuts;
    struct evidence *evidence; /* by node, then in order */
    uint32_t *evidence_first;  /* per node, and one more */
    uint32_t *generations;     /* hash by dot: index + 1, 0 empty */
    size_t generation_slots;
    uint32_t *sealings; /* hash by generation and node: the last of them */
    size_t sealing_slots;
};

/* membership_rights.c */

/* Put at the head of a seat's lists. ERR_NOMEM. */
enum err seat_give(
    struct eval *eval, struct seat *seat, const struct give *give) MUST_USE;
enum err seat_take(
    struct eval *eval, struct seat *seat, const struct take *take) MUST_USE;
/* Add a vote to a take; each control votes once. */
void take_vote(struct eval *eval, struct take *take, uint32_t control);
/* Where the statement(s) cut that log: UINT64_MAX while votes are missing. */
uint64_t take_cut(
    const struct eval *eval, const struct take *take, const struct log_id *log);
/* Does the clock count what takes: as many of its votes as it needs? */
bool take_is_counted(const struct eval *eval, const struct take *take,
    const struct vclock *clock);
/* Work out where the logs of the seat's node are cut. */
void node_cut(
    const struct eval *eval, const struct seat *seat, struct member_node *node);
void seat_cut_nodes(struct eval *eval, const struct seat *seat);
/* May the control's author write it, as one who holds `role` (0: none)? */
enum void_reason author_allows(
    const struct eval *eval, uint32_t control, uint8_t role);
/* What the clock knows of the seat's rights, and of its firewall class. */
uint8_t seat_rights_at(const struct eval *eval, const struct seat *seat,
    const struct vclock *clock);
bool seat_is_firewall_at(const struct eval *eval, const struct seat *seat,
    const struct vclock *clock);
/* What nothing has taken. */
uint8_t seat_rights_now(const struct eval *eval, const struct seat *seat);
/* Does the clock count an admission of the seat? */
bool seat_is_counted(const struct eval *eval, const struct seat *seat,
    const struct vclock *clock);

/* membership_nodes.c */

/* The seat of an office, or NULL. */
struct seat *eval_seat(const struct eval *eval, const struct office_id *id);
struct seat *eval_seat_of(const struct eval *eval, uint32_t office);
/* The seat that a node's certificate names, or MEMBER_NONE. */
uint32_t eval_claim(const struct eval *eval, const struct node_id *node);
/* The node that wrote a control, if its log starts with its certificate. */
struct member_node *eval_author(const struct eval *eval, uint32_t control);
/* The seat of that node; NULL when there is none. */
struct seat *eval_author_seat(const struct eval *eval, uint32_t control);
/* The certificate with which a node's own control log starts, or NULL. */
const struct cert *eval_own_cert(const struct eval *eval, uint32_t log);
/* May this be evaluated as a founding statement of our corridor? */
bool eval_is_founding(const struct eval *eval, uint32_t control);
bool cert_is_ours(const struct eval *eval, const struct cert *cert);
/*
 * Enter a certificate's node, or find it: *out is its index, MEMBER_NONE
 * when it is refused (a key of another node, or beyond a limit). ERR_NOMEM.
 */
enum err node_register(struct eval *eval, struct seat *seat,
    const struct cert *cert, uint32_t *out) MUST_USE;
/* Enter the nodes of the seat whose control logs start with their own
 * certificate. ERR_NOMEM. */
enum err seat_register(struct eval *eval, struct seat *seat) MUST_USE;
/* Enter what founders' certificates name. ERR_NOMEM. */
enum err founders_register(
    struct eval *eval, const struct statement *found) MUST_USE;
/* Certificates that others carry, once all stages are done. ERR_NOMEM. */
enum err nodes_finish(struct eval *eval) MUST_USE;

/* membership.c */

/* Append a control to a list. */
void chain_add(struct chain *chain, uint32_t *next, uint32_t control);

static inline void
eval_verdict(struct eval *eval, uint32_t control, enum void_reason reason)
{
    eval->m->verdicts[control] = (uint8_t)reason;
}
static inline const struct statement *
eval_statement(const struct eval *eval, uint32_t control)
{
    return &eval->controls[control].statement;
}
/* A taking without votes yet, of nothing. */
static inline struct take
take_init(uint32_t need)
{
    return (struct take){.votes = MEMBER_NONE, .need = need};
}

/* membership_founders.c */

/* The first stage: all founders. ERR_NOMEM. */
enum err stage_founders(struct eval *eval) MUST_USE;

/* membership_stage.c */

/* The seat becomes the next office; the array has room for it. */
struct office *office_open(
    struct eval *eval, struct seat *seat, const struct cert *cert);
/* Collect what nodes from that one on wrote, in the order. */
void stage_gather(struct eval *eval, size_t first_node);
/* Apply what offices took from themselves. ERR_NOMEM. */
enum err stage_take_own(struct eval *eval) MUST_USE;
/* Judge the admissions, roles and retirements of the stage. ERR_NOMEM. */
enum err stage_judge(struct eval *eval) MUST_USE;
/* Is it a retirement of one founder by another? */
bool control_is_vote(const struct eval *eval, uint32_t control);
/* The stage of a seat that has an admission. ERR_NOMEM. */
enum err stage_office(struct eval *eval, struct seat *seat) MUST_USE;

/* membership_circle.c */

/* Confirmations, packs, generations and sealings. ERR_NOMEM. */
enum err circles_eval(struct eval *eval) MUST_USE;

/* membership_freeze.c */

/* Copy what was given and taken, and sort the offices by id. ERR_NOMEM. */
enum err rights_freeze(struct eval *eval) MUST_USE;
/* Sort the evidence by node. ERR_NOMEM. */
enum err evidence_freeze(struct eval *eval) MUST_USE;
/* Free all of it; NULL and half-built ones are fine. */
void index_free(struct member_index *index);

/* membership_query.c */

/* Slots for a hash table of up to `count` items: at most half are taken. */
size_t index_slots_for(size_t count);
/* A spread of 64 bits over a table of slots, a power of two. */
size_t index_slot(uint64_t key, size_t slots);
/* The index of the node that writes a log, or MEMBER_NONE; the table may have
 * grown since the evaluation. */
uint32_t index_writer(const struct membership *membership, uint32_t log);
/* Does the clock count that the office is of the firewall class? */
bool office_is_firewall_at(const struct membership *membership,
    const struct office *office, const struct vclock *clock);
/* The index of the node with this signing key, or MEMBER_NONE. */
uint32_t index_node(
    const struct membership *membership, const struct node_id *node);
/* The slot of a key among all nodes' keys: its own, or an empty one. */
uint32_t *index_key(const struct membership *membership, const uint8_t key[32]);
uint32_t *index_generation(const struct membership *membership, struct dot dot);
uint32_t *index_sealing(
    const struct membership *membership, uint32_t generation, uint32_t node);
bool circle_equal(const struct circle_name *a, const struct circle_name *b);
/* The key by its place in a certificate, below CERT_NODE_KEYS. */
const uint8_t *cert_key(const struct cert *cert, size_t which);
bool node_opens(const struct membership *membership, uint32_t generation,
    uint32_t node, const struct vclock *clock);
bool node_in_circle(const struct membership *membership,
    const struct circle_name *circle, const struct member_node *node);

#endif
