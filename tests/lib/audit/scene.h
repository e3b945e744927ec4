/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small corridor whose logs a ledger judges: a founder, a member that may
 * write, a firewall office that may read, and a node that nobody admitted.
 */
#ifndef CORRIDOR_TESTS_LIB_AUDIT_SCENE_H
#define CORRIDOR_TESTS_LIB_AUDIT_SCENE_H

#include "tests/lib/audit/scribe.h"

/* Nodes, each of the office with its number. */
enum { FOUNDER, MEMBER, GUARD, STRANGER, SCENE_NODES };

struct scene {
    struct scribe s;
    struct heard heard;
    struct ledger *ledger; /* of the last run */
    size_t everyone;       /* circles: places in the world's controls */
    size_t own;            /* … the member's own */
};

/* The scene as it begins; scene_release frees it. */
void scene_init(struct scene *scene);
/* Free all it holds. */
void scene_release(struct scene *scene);
/* Judge all that was written so far. */
void scene_run(struct scene *scene);

/* A change that makes a key and grants it to a generation. */
struct dot scene_create(
    struct scene *scene, unsigned by, uint8_t class, size_t generation);
/* A change under a key. */
struct dot scene_write(struct scene *scene, unsigned by, struct dot key);

/* Exactly one finding, of that kind, about that entry. */
const struct ledger_finding *scene_only(
    const struct scene *scene, enum ledger_fault fault, struct dot dot);
/* The verdict on an entry, which was judged. */
enum void_reason scene_reason(const struct scene *scene, struct dot dot);

#endif
