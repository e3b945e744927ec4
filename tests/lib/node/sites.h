/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offices with real homes, stores, writers' threads and servers, in one
 * process: their loops have turns in a row until what a test waits for is so.
 */
#ifndef CORRIDOR_TESTS_LIB_NODE_SITES_H
#define CORRIDOR_TESTS_LIB_NODE_SITES_H

#include "node/invite.h"
#include "node/node.h"
#include "node/serve/server.h"
#include "tests/lib/scratch.h"

/*
 * A request gets longer than it can need on any machine, and a test waits
 * longer than that: a request that fails says why.
 */
enum {
    SITES_MAX = 3,
    SITES_REQUEST_MS = 60 * 1000,
    SITES_WAIT_MS = 90 * 1000,
    SITES_TEST_S = 400 /* some wait several times */
};

/* What all homes here open with. */
extern const char sites_passphrase[];

/* An office with its home and, mostly, its server. */
struct site {
    char path[SCRATCH_PATH_BYTES];
    struct node *node;
    struct server *server;
    bool is_done; /* the request at hand */
    enum err rc;
    struct err_msg msg;
    char json[4096];
};

struct sites {
    struct scratch scratch;
    struct site site[SITES_MAX];
};

/* Homes of three offices, "Ministry", "Embassy" and "Centre"; none is open. */
void sites_setup(struct sites *sites);
void sites_teardown(struct sites *sites);

/* Open node and server; `listen` NULL: nobody can call it. */
void sites_open(
    struct sites *sites, size_t index, const char *listen, bool dials);
void sites_close(struct sites *sites, size_t index);

/* All loops have a turn, and soon another: what a server waits for must come
 * however many turns there are. */
void sites_turn(struct sites *sites);

#define SITES_WAIT_FOR(sites, condition) \
    do { \
        uint64_t end_ms = node_monotonic_ms(NULL) + SITES_WAIT_MS; \
        while (!(condition)) { \
            ck_assert_msg(node_monotonic_ms(NULL) < end_ms, "waited for %s", \
                #condition); \
            sites_turn(sites); \
        } \
    } while (0)

/* Found the corridor "Mekong" there. */
void sites_found(struct sites *sites, size_t index);

/* As the line would say it, with an address before where nobody listens. */
void sites_invite(struct sites *sites, size_t host, struct invite *out);
/* Ask to join; the site's is_done, rc and msg are the answer. */
void sites_begin_join(struct sites *sites, size_t joiner,
    const struct invite *invite, uint64_t timeout_ms);
/* Join, which must succeed. */
void sites_join(struct sites *sites, size_t joiner, size_t host);
/* Site 0 founds and listens, site 1 has joined. */
void sites_make_corridor(struct sites *sites, bool dials);

/* Make one sync pass; the site's rc, msg and json are its answer. */
void sites_sync(struct sites *sites, size_t index);

/* Write one agency. */
void sites_write_record(struct sites *sites, size_t index);
struct view_stat sites_stat(struct sites *sites, size_t index);

#endif
