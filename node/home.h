/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A home: the directory of one node in one corridor (docs/operations.md, "The
 * home").
 *
 *   home.ini       format, names, country, type, ids; in clear, 0600
 *   corridor.conf  the operator's settings (docs/operations.md, "Settings")
 *   office.key     the office key, sealed; belongs on a stick in a safe
 *   node.key       the node's secrets, sealed
 *   data/          the environment, once founded or joined
 *   lock           held (flock) by whoever has the home open
 *   corridor.sock  the daemon's socket, 0600
 *   api.token      bearer token of the loopback API, 0600
 */
#ifndef CORRIDOR_NODE_HOME_H
#define CORRIDOR_NODE_HOME_H

#include "crypto/keys.h"

enum { HOME_PATH_BYTES_MAX = 900, HOME_FORMAT = 1, HOME_INI_BYTES_MAX = 8192 };

struct home {
    char path[HOME_PATH_BYTES_MAX + 1];
    char office_name[CERT_NAME_BYTES_MAX + 1];
    char node_name[CERT_NAME_BYTES_MAX + 1];
    char country[3];
    char type[CERT_TYPE_BYTES_MAX + 1];
    struct office_id office;
    struct node_id node;
    bool has_corridor;
    struct corridor_id corridor;
    char corridor_name[CERT_NAME_BYTES_MAX + 1];
    int lock_fd; /* -1: not held */
};

/*
 * Make a home: the directory (0700), keys, home.ini. With `office_key` (a path)
 * the office key is taken from another home's sealed file of the same
 * passphrase instead of made. ERR_EXISTS: something is there already.
 */
struct home_options {
    const char *path;
    const char *office_name;
    const char *node_name;
    const char *country; /* "" for none */
    const char *type;    /* "" for none */
    const char *office_key;
    struct bytes passphrase;
    bool is_cheap; /* tests: the least Argon2id cost; never offered to users */
};
enum err home_make(
    const struct home_options *options, struct err_msg *msg) MUST_USE;

/* Read home.ini. ERR_NOT_FOUND: no home there, and how to make one;
 * ERR_VERSION: made by another version. */
enum err home_load(
    struct home *out, const char *path, struct err_msg *msg) MUST_USE;
/* Take the lock. ERR_BUSY: another process (a daemon?) has it. */
enum err home_lock(struct home *home, struct err_msg *msg) MUST_USE;
void home_unlock(struct home *home);
/* Write home.ini anew (after found and join). */
enum err home_save(const struct home *home, struct err_msg *msg) MUST_USE;
/* path + "/" + name into out; false if too long. */
bool home_path(
    char *out, size_t size, const struct home *home, const char *name);

/* Open the keystores. ERR_DENIED: wrong passphrase. */
enum err home_open_node(struct node_secrets *out, const struct home *home,
    struct bytes passphrase, struct err_msg *msg) MUST_USE;
enum err home_open_office(struct secret_key *out, const struct home *home,
    struct bytes passphrase, struct err_msg *msg) MUST_USE;

#endif
