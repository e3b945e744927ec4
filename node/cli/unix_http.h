/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP/1.1 client over the daemon's Unix socket: one request at a
 * time, a connection that is kept, strict about what comes back. The daemon
 * is of the same home, but what it says is bounded and parsed all the same.
 */
#ifndef CORRIDOR_NODE_CLI_UNIX_HTTP_H
#define CORRIDOR_NODE_CLI_UNIX_HTTP_H

#include "crypto/base/buf.h"

enum {
    UNIX_HTTP_HEAD_BYTES_MAX = 16 * 1024,
    UNIX_HTTP_BODY_BYTES_MAX = 64 * 1024 * 1024,
    UNIX_HTTP_ETAG_BYTES_MAX = 64
};

struct unix_http_request {
    const char *method;
    const char *target;   /* percent-encoded */
    struct bytes body;    /* JSON; empty for none */
    const char *if_match; /* NULL for none */
};

struct unix_http_answer {
    unsigned status;
    char etag[UNIX_HTTP_ETAG_BYTES_MAX + 1]; /* "" for none */
    size_t length;                           /* of the body */
    bool is_bytes;                           /* the body is octets, not JSON */
};

/*
 * Connect. ERR_NOT_FOUND: nobody listens there; ERR_CONFIG: the path is too
 * long; ERR_IO. The descriptor is the caller's to close.
 */
enum err unix_http_open(
    int *out_fd, const char *path, struct err_msg *msg) MUST_USE;

/*
 * Send one request and take its answer, whose body is appended to *out.
 * ERR_CLOSED: the daemon has hung up; ERR_MALFORMED, ERR_TOO_BIG, ERR_IO.
 * After an error the connection is of no more use.
 */
enum err unix_http_call(int fd, const struct unix_http_request *request,
    struct unix_http_answer *answer, struct buf *out,
    struct err_msg *msg) MUST_USE;

/*
 * Parse an answer's head, up to and with its empty line. ERR_MALFORMED: not
 * HTTP/1.1, no Content-Length, or two; ERR_TOO_BIG: a longer body.
 */
enum err unix_http_parse(
    struct unix_http_answer *out, struct bytes head) MUST_USE;

#endif
