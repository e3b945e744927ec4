/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few nodes with real homes, stores and engines in one process: time is
 * virtual, connections are queues of bytes, the writers have no threads.
 * Whatever goes wrong in here fails the Check test.
 */
#ifndef CORRIDOR_TESTS_LIB_NODE_MESH_H
#define CORRIDOR_TESTS_LIB_NODE_MESH_H

#include "node/serve/engine.h"
#include "tests/lib/prng.h"
#include "tests/lib/scratch.h"

enum { MESH_NODES_MAX = 6, MESH_ENDS_MAX = 128, MESH_STEPS_MAX = 200000 };

struct mesh;

/* One end of a connection; what is sent goes to the other's inbox. */
struct mesh_end {
    struct mesh *mesh;
    size_t node;
    struct call *call; /* NULL: closed, or cut */
    struct mesh_end *other;
    struct buf inbox;
    uint64_t received; /* bytes, ever */
    bool is_paused;
    bool is_cut; /* bytes go nowhere, and nobody is told */
};

struct mesh_node {
    struct mesh *mesh;
    size_t index;
    struct node *node;
    struct engine *engine;
    struct engine_work *works[64];
    size_t work_count;
    /* What was reported. */
    size_t opened;
    size_t synced;
    size_t closed;
    size_t committed;
    enum bye_reason reason; /* of the last that closed */
    struct buf cert;        /* of a joiner */
    bool wants_enrol;
    struct env_faults faults; /* of a joiner's store */
};

struct mesh {
    struct scratch scratch;
    struct prng prng;
    uint64_t now_ms;
    uint8_t roles; /* that invitations give; 0: write and read */
    struct mesh_node nodes[MESH_NODES_MAX];
    size_t node_count;
    struct mesh_end ends[MESH_ENDS_MAX];
    size_t end_count;
    size_t steps;
};

/* An empty one. mesh_release closes all and removes the files. */
void mesh_init(struct mesh *mesh);
void mesh_release(struct mesh *mesh);

/* A new node of an office of its own; its engine runs once it has a store. */
size_t mesh_add(struct mesh *mesh, const char *office);
/* The node founds a corridor. */
void mesh_found(struct mesh *mesh, size_t node);
/* An invitation note of that node; `code` may be "". */
void mesh_invite(struct mesh *mesh, size_t node, const char *code,
    uint64_t expires_ms, struct invitation *out);
/* Prepare `joiner` for the corridor of `host`: an empty store, its cert. */
void mesh_prepare_join(struct mesh *mesh, size_t joiner, size_t host);
/* Connect it with the invitation. */
struct mesh_end *mesh_join(struct mesh *mesh, size_t joiner, size_t host,
    const struct invitation *invitation);
/* All of the above, until both are synced; the connection is ended. */
void mesh_admit(struct mesh *mesh, size_t joiner, size_t host);

/* Connect `from` with `to`: the dialler's end. */
struct mesh_end *mesh_dial(
    struct mesh *mesh, size_t from, size_t to, bool once);
/* Bytes of nobody's: an end without a dialler, for raw messages. */
struct mesh_end *mesh_dial_raw(struct mesh *mesh, size_t to);
/* The link breaks: both ends see it, or neither. */
void mesh_cut(struct mesh_end *end, bool is_seen);

/* So many new records of that node, public ones, a commit each. */
void mesh_write(struct mesh *mesh, size_t node, unsigned count);
/* What came of one more. */
enum err mesh_try_write(struct mesh *mesh, size_t node);
/* Of all that the node can read. */
struct digest_result mesh_digest(struct mesh *mesh, size_t node);

/* Let things happen until nothing is left to do at this moment. */
void mesh_settle(struct mesh *mesh);
/* The same, time passing, for so many ms. */
void mesh_pass(struct mesh *mesh, uint64_t ms);
/* A second node from a copy of a node's home: whatever either writes from then
 * on is of the same keys. Its connections end. */
size_t mesh_copy(struct mesh *mesh, size_t node);
/* Close a node's engine and store, and open them again. */
void mesh_restart(struct mesh *mesh, size_t node);

#endif
