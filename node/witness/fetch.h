/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a witness over HTTP, by libcurl, on a worker thread: one POST, whose
 * answer is taken only if it is short and comes in time. Certificates are
 * verified; no redirect is followed, no proxy asked, nothing is read from the
 * environment or from anybody's files but the system's certificates.
 */
#ifndef CORRIDOR_NODE_WITNESS_FETCH_H
#define CORRIDOR_NODE_WITNESS_FETCH_H

#include <stdatomic.h>

#include "crypto/base/buf.h"

enum {
    FETCH_CONNECT_MS_MAX = 10 * 1000,
    FETCH_MS_MAX = 30 * 1000,
    FETCH_ANSWER_BYTES_MAX = 64 * 1024
};

struct fetch {
    const char *url;
    struct bytes body;
    const atomic_bool *stop; /* set: give up soon; may be NULL */
    uint64_t ms_max;         /* 0: FETCH_MS_MAX */
};

/*
 * Post, and append the answer's body. ERR_IO: nobody answered, and *msg says
 * why in a few words; ERR_TOO_BIG: the answer is no witness's; ERR_NOMEM.
 */
enum err fetch_post(const struct fetch *fetch, unsigned *out_status,
    struct buf *out, struct err_msg *msg) MUST_USE;

#endif
