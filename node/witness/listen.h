/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A witness's address: HTTP on the daemon's loop, for anybody who reaches it
 * (docs/operations.md, "Witnesses"). It is another one than the API's, and
 * nothing else is answered there:
 *
 *     POST /add-checkpoint
 *     GET /<64 hex digits>/checkpoint
 *
 * What strangers can make this node hold or do is bounded: connections, of one
 * address too, their memory, idle and whole time; one request a connection,
 * its body; how often an address may ask; how many are worked on at once.
 */
#ifndef CORRIDOR_NODE_WITNESS_LISTEN_H
#define CORRIDOR_NODE_WITNESS_LISTEN_H

#include "node/witness/answer.h"

struct uv_loop_s;
struct listen;

enum {
    LISTEN_CONNECTIONS_MAX = 64,
    LISTEN_CONNECTIONS_PER_ADDRESS_MAX = 16,
    LISTEN_HEADER_BYTES_MAX = 8 * 1024,
    LISTEN_IDLE_S_MAX = 15,
    LISTEN_CONNECTION_MS_MAX = 30 * 1000,
    LISTEN_WORKING_MAX = 4
};

struct listen_options {
    struct witness witness;
    struct uv_loop_s *loop;     /* borrowed */
    const char *address;        /* "host:port" */
    uint64_t connection_ms_max; /* 0: LISTEN_CONNECTION_MS_MAX */
};

/*
 * Listen. ERR_IO, ERR_CONFIG: *out is set and stopping, to be freed when the
 * loop has run; ERR_NOMEM: *out is NULL.
 */
enum err listen_new(struct listen **out, const struct listen_options *options,
    struct err_msg *msg) MUST_USE;
/* Answer what is under way, then no more; the loop must run on for that.
 * Twice is harmless, NULL too. */
void listen_stop(struct listen *listen);
/* All closed after listen_stop? */
bool listen_is_stopped(const struct listen *listen);
void listen_free(struct listen *listen); /* stopped; NULL is fine */
/* "127.0.0.1:40123", as it got it. */
const char *listen_address(const struct listen *listen);

#endif
