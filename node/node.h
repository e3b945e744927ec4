/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open node: its home, secrets, packs, store and writer. What the daemon
 * has for its life, and a command without a daemon for its run.
 */
#ifndef CORRIDOR_NODE_NODE_H
#define CORRIDOR_NODE_NODE_H

#include "node/home.h"
#include "storage/view.h"
#include "storage/writer.h"

enum { PASSPHRASE_FILE_BYTES_MAX = 4096 };

struct node {
    struct home home;
    struct node_secrets *secrets; /* secret memory; NULL once locked */
    struct schema *schema;
    struct store *store;              /* NULL before found or join */
    struct writer *writer;            /* NULL as long as store is */
    bool has_thread;                  /* the writer has one of its own */
    struct env_options env;           /* for tests; zeros else */
    void (*committed)(void *context); /* set by the engine, NULL else */
    void *committed_context;
};

struct node_options {
    const char *home;
    struct bytes passphrase;
    bool has_thread; /* the writer runs on a thread of its own */
};

/*
 * Lock the home, open the keystore, and the store if there is a corridor.
 * ERR_BUSY: a daemon runs; ERR_DENIED: wrong passphrase.
 */
enum err node_open(struct node **out, const struct node_options *options,
    struct err_msg *msg) MUST_USE;
void node_close(struct node *node); /* NULL is fine */

/* Open the store of home.corridor (after found or join has set it). */
enum err node_open_store(
    struct node *node, bool has_thread, struct err_msg *msg) MUST_USE;

/*
 * The same for a corridor that home.ini does not name yet: what an unfinished
 * founding or joining of another one left in data/ is put aside under another
 * name.
 */
enum err node_open_new_store(
    struct node *node, bool has_thread, struct err_msg *msg) MUST_USE;
/* Finish what the writer has and close both; without them, nothing. */
void node_close_store(struct node *node);

/*
 * Run one write to its end: submits to the writer and waits (or runs it, when
 * the writer has no thread). From worker threads, never from the loop.
 */
enum err node_write(struct node *node,
    enum err (*run)(void *context, struct store *store, struct err_msg *msg),
    void *context, struct err_msg *msg) MUST_USE;

/* The clocks: Unix time, and one that never goes back, in milliseconds. */
uint64_t node_wall_ms(void *unused);
uint64_t node_monotonic_ms(void *unused);

/*
 * Found a corridor here: makes and signs the founding statement with the
 * office key, sets home.corridor, opens the store. ERR_EXISTS: the home has
 * a corridor already.
 */
enum err node_found(struct node *node, const char *name, uint64_t policy,
    struct bytes passphrase, struct err_msg *msg) MUST_USE;

/* The node's certificate for this corridor, signed with the office key. */
enum err node_certify(struct node *node, const struct corridor_id *corridor,
    struct bytes passphrase, struct buf *out_cert,
    struct err_msg *msg) MUST_USE;

/*
 * In a write transaction: write our own enrolment, as store_enrol does, and
 * keep the certificate for peers that have not heard of us: the note
 * "certificate". Errors as of store_enrol.
 */
enum err node_enrol(
    struct store *store, struct bytes cert, struct err_msg *msg) MUST_USE;

/*
 * The passphrase: --passphrase-file, CORRIDOR_PASSPHRASE_FILE, the systemd
 * credential "passphrase", or a prompt on the terminal (twice when `is_new`);
 * one trailing newline is cut. ERR_CONFIG: none of these is there.
 */
enum err passphrase_get(struct buf *out, const char *file, bool is_new,
    struct err_msg *msg) MUST_USE;

/* Drop every secret from memory (corridor lock): closes the store. */
void node_lock(struct node *node);

#endif
