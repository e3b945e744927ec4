/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP/1.1 listener on the daemon's loop. libmicrohttpd has no thread of
 * its own: its epoll descriptor is polled by the loop, and a connection is
 * suspended while a worker thread answers it. What the requests mean is the
 * caller's: it hands in libmicrohttpd's callbacks.
 *
 *   web_open -> open -> web_stop -> what is under way is answered -> closed
 */
#ifndef CORRIDOR_NODE_SERVE_WEB_H
#define CORRIDOR_NODE_SERVE_WEB_H

#include <microhttpd.h>
#include <uv.h>

#include "crypto/base/err.h"
#include "crypto/base/list.h"

enum { WEB_ADDRESS_BYTES = 64 };

struct web_options {
    uv_loop_t *loop; /* borrowed */
    int fd;          /* listens; taken in every case */
    unsigned connections_max;
    unsigned connections_max_per_address; /* 0: as many as there may be */
    size_t header_bytes_max;              /* a connection's memory */
    unsigned idle_s_max;
    uint64_t connection_ms_max; /* then it is cut, busy or not; 0: never */
    /* libmicrohttpd's, all with `context`; the URI's result is the request's
     * own, *con_cls in the others. */
    void *(*begin)(
        void *context, const char *uri, struct MHD_Connection *connection);
    MHD_AccessHandlerCallback step;
    MHD_RequestCompletedCallback end;
    void *context;
    /* After web_stop, when nobody is listened to any more; NULL. */
    void (*closed)(void *context);
};

struct web {
    struct web_options options;
    bool is_open;
    bool is_stopping;
    bool is_pumping; /* within libmicrohttpd, which must not be stopped then */
    bool has_closed; /* a connection, since libmicrohttpd last ran */
    size_t working;  /* requests between web_suspend and web_resume */
    size_t handles_open; /* not yet closed by the loop */
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    uv_timer_t cutter;
    struct list guests; /* with connection_ms_max: who is connected */
};

/*
 * Begin. ERR_IO; ERR_NOMEM: nothing is open, but handles may have to be closed
 * by the loop yet: web_is_stopped. `web` must not move.
 */
enum err web_open(struct web *web, const struct web_options *options,
    struct err_msg *msg) MUST_USE;
/* Answer what is under way, then listen no more and close the handles, for
 * which the loop must run on. Twice is harmless, and so is a zeroed one. */
void web_stop(struct web *web);
/* All closed after web_stop, or never opened? */
bool web_is_stopped(const struct web *web);

/* A request waits for a worker. False: it is too late, the web is stopping. */
bool web_suspend(struct web *web, struct MHD_Connection *connection);
/* Its answer is there: goes on with it. The request may be gone after this. */
void web_resume(struct web *web, struct MHD_Connection *connection);

/*
 * A socket that listens on "host:port" or "[v6]:port". With is_local it must
 * be this machine's own. ERR_CONFIG, ERR_IO. `out_address` gets what it got,
 * with the port in numbers.
 */
struct web_bind {
    const char *address;
    bool is_local;
    const char *name; /* what listens there, for messages: "the API" */
};
enum err web_listen(const struct web_bind *bind, int *out_fd,
    char out_address[WEB_ADDRESS_BYTES], struct err_msg *msg) MUST_USE;
/* A socket of that family that does not block and is not inherited. */
enum err web_socket(int family, int *out, struct err_msg *msg) MUST_USE;

#endif
