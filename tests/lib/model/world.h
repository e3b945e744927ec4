/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small corridor for tests: nodes with repeatable keys that write control
 * statements, each counting what it has seen. Whatever goes wrong in here
 * fails the Check test.
 */
#ifndef CORRIDOR_TESTS_LIB_MODEL_WORLD_H
#define CORRIDOR_TESTS_LIB_MODEL_WORLD_H

#include "sync/model/membership.h"

enum {
    WORLD_NODES_MAX = 512,
    WORLD_OFFICES_MAX = 400,
    WORLD_OFFICES_READY = 64 /* whose keys world_init makes */
};

struct world_node {
    unsigned office;
    struct node_secrets secrets;
    struct cert cert;
    struct buf encoded;  /* the certificate */
    uint32_t log;        /* control */
    uint32_t changes;    /* changes */
    uint64_t size;       /* of the control log */
    struct vclock clock; /* what its next entry counts, or has seen */
};

struct world {
    struct corridor_id corridor;
    struct log_table logs;
    struct secret_key office_keys[WORLD_OFFICES_MAX];
    struct office_id offices[WORLD_OFFICES_MAX];
    bool is_firewall[WORLD_OFFICES_MAX]; /* for found and admit */
    struct world_node nodes[WORLD_NODES_MAX];
    size_t node_count;
    struct control *controls;
    size_t count;
    size_t capacity;
    uint64_t policy;
};

/* An empty world, without nodes; world_release frees it. */
void world_init(struct world *world);
/* Free all it holds. */
void world_release(struct world *world);

/* Secrets that depend on the two numbers only. */
void world_secret(struct secret_key *out, unsigned use, unsigned number);

/* A new node of an office; its certificate is made when it is first used. */
unsigned world_node(struct world *world, unsigned office);

/* Its certificate, signed when it is first asked for. */
struct bytes world_cert(struct world *world, unsigned node);

/* Node `first` writes the founding statement of the next `count` nodes. */
size_t world_found(struct world *world, unsigned first, unsigned count);

/* Node `by` writes a statement; returns its place in controls. Its next entry
 * counts it. The statement's views are copied. */
size_t world_write(
    struct world *world, unsigned by, const struct statement *statement);

/* From now on `node` counts all that `other` has written and counts. */
void world_see(struct world *world, unsigned node, unsigned other);
/* … and says it has seen so many of its changes. */
void world_see_changes(
    struct world *world, unsigned node, unsigned other, uint64_t size);
/* All nodes see one another. */
void world_meet(struct world *world);

/* Node `by` admits the office of `node`, whose certificate it names. */
size_t world_admit(
    struct world *world, unsigned by, unsigned node, uint8_t roles);
/* Node `by` carries the certificate of `node`. */
size_t world_enrol(struct world *world, unsigned by, unsigned node);
/* Admit by `by`; then `node` sees it and writes its own enrol. */
size_t world_join(
    struct world *world, unsigned by, unsigned node, uint8_t roles);
/* Set the roles of an office, without cuts. */
size_t world_roles(
    struct world *world, unsigned by, unsigned office, uint8_t roles);
/* Confirm an office. */
size_t world_confirm(struct world *world, unsigned by, unsigned office);
/* Name a pack. */
size_t world_pack(struct world *world, unsigned by, uint64_t version);

/* Retirements, with cuts that name logs. */
struct world_retire {
    unsigned by;
    bool is_node;
    unsigned target; /* office, or node */
    const struct cut *cuts;
    size_t cut_count;
    bool is_signed;
};
/* Write a retirement. */
size_t world_retire(struct world *world, const struct world_retire *retire);
/* A cut of one log of a node. */
struct cut world_cut(const struct world *world, unsigned node,
    enum log_kind kind, uint64_t size);

/* A new generation, sealed to nodes; its secret is that of (9, its place). */
struct world_circle {
    unsigned by;
    struct circle_name name;
    const unsigned *nodes;
    size_t node_count;
    bool has_former;
    size_t former; /* place in controls */
};
/* Write a circle statement. */
size_t world_circle(struct world *world, const struct world_circle *circle);
/* Seal a generation, named by its place in controls, to more nodes. */
size_t world_seals(struct world *world, unsigned by, size_t generation,
    const unsigned *nodes, size_t node_count);
/* The name of an office's own circle. */
struct circle_name world_office_circle(
    const struct world *world, unsigned office);

/* Evaluate all controls, or those that `keep` (may be NULL) says. */
void world_eval(
    const struct world *world, const bool *keep, struct membership *out);

/*
 * The same statements as another machine would hold them: in another order,
 * and with other local numbers for the logs, both drawn from the seed. The
 * statements are borrowed from `world`: free it with world_release_view.
 */
void world_view(struct world *out, const struct world *world, uint64_t seed);
/* Free a view. */
void world_release_view(struct world *view);

/*
 * Everything a membership says, with log ids in place of local numbers, and
 * verdicts by dot: equal memberships have equal dumps.
 */
void world_dump(const struct membership *membership,
    const struct control *controls, struct buf *out);

/* What a node of the world would count if it wrote now, own log included. */
const struct vclock *world_clock(const struct world *world, unsigned node);

#endif
