/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a command makes API requests: to the daemon where one runs, else in
 * process, with the home's lock taken and the keystore opened for the run
 * (docs/api.md, "Ways in").
 */
#ifndef CORRIDOR_NODE_CLI_CLIENT_H
#define CORRIDOR_NODE_CLI_CLIENT_H

#include "node/api/api.h"

struct client;

struct client_options {
    const char *home;
    const char *passphrase_file; /* NULL: as passphrase_get says */
    bool needs_peers;            /* in process: with a loop to talk on */
    void (*progress)(void *context, uint64_t done, uint64_t all);
    void *context;
};

/* ERR_NOT_FOUND: no home; ERR_DENIED: the passphrase; ERR_BUSY: the home is
 * open elsewhere, but no daemon answers; others as of node_open. */
enum err client_open(struct client **out, const struct client_options *options,
    struct err_msg *msg) MUST_USE;
/* Finishes what is left to do in process; NULL is fine. */
void client_close(struct client *client);

/* Does a daemon answer? */
bool client_is_remote(const struct client *client);
/* The passphrase that opened the home, or asked for now; borrowed. */
enum err client_passphrase(
    struct client *client, struct bytes *out, struct err_msg *msg) MUST_USE;

/*
 * One request; `body` may be NULL and is taken. Errors are of the way there;
 * an API error is an answer. The answer is the caller's to release.
 */
struct client_request {
    const char *method;
    const char *target; /* percent-encoded */
    json_t *body;
    const char *if_match; /* NULL for none */
};
enum err client_call(struct client *client,
    const struct client_request *request, struct api_response *out,
    struct err_msg *msg) MUST_USE;

#endif
