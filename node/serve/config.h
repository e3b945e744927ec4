/* SPDX-License-Identifier: Apache-2.0 */
/*
 * corridor.conf: the operator's settings (docs/operations.md, "Settings").
 * An ini file of the sections [sync], [witness], [api] and [diag]; all has
 * defaults, and a file that is not there is as good as an empty one. A word
 * that is not known is refused, so that a slip of the pen does not go
 * unnoticed.
 */
#ifndef CORRIDOR_NODE_SERVE_CONFIG_H
#define CORRIDOR_NODE_SERVE_CONFIG_H

#include "crypto/base/buf.h"
#include "node/serve/diag.h"

enum {
    CONFIG_BYTES_MAX = 64 * 1024,
    CONFIG_ADDRESS_BYTES_MAX = 256,
    CONFIG_DIAL_FIRST_MS = 1000,
    CONFIG_DIAL_MAX_MS = 5 * 60 * 1000,
    CONFIG_COSIGN_MS = 60 * 1000,
    CONFIG_ASK_EVERY_MS = 10 * 60 * 1000,
    CONFIG_DIAL_MS_MIN = 100,
    CONFIG_DIAL_MS_MAX = 24 * 60 * 60 * 1000
};

struct config {
    /* [sync] */
    char listen[CONFIG_ADDRESS_BYTES_MAX + 1]; /* "host:port"; "": none */
    bool dials;                                /* call the peers */
    uint64_t dial_first_ms;
    uint64_t dial_max_ms;
    /* [witness] */
    uint64_t cosign_every_ms;                          /* UINT64_MAX: never */
    char witness_listen[CONFIG_ADDRESS_BYTES_MAX + 1]; /* "": none */
    uint64_t ask_every_ms; /* between asking outside witnesses */
    /* [api] */
    char api_listen[CONFIG_ADDRESS_BYTES_MAX + 1]; /* "": socket only */
    /* [diag] */
    enum diag_level level;
};

/* All defaults: no listener, dials, the socket only, level info. */
void config_init(struct config *out);

/*
 * Read the settings in `text` into *out, over what is there. ERR_CONFIG, and
 * which line is off; *out is untouched then.
 */
enum err config_parse(
    struct config *out, struct bytes text, struct err_msg *msg) MUST_USE;

/* The file's; one that is not there leaves the defaults. */
enum err config_load(
    struct config *out, const char *path, struct err_msg *msg) MUST_USE;

/*
 * Split "host:port" or "[v6]:port" into its parts, as getaddrinfo takes them.
 * False for anything else; a port is 0 to 65535.
 */
bool config_split_address(
    const char *address, char host[CONFIG_ADDRESS_BYTES_MAX + 1], char port[6]);

#endif
