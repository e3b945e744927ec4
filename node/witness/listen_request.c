/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to a witness, which is all that its connection is for:
 *
 *   NEW      headers are there: a resource? -> READING, or refused at once
 *   READING  the body comes in pieces -> WORKING at its end
 *   WORKING  suspended while a worker thread answers -> DONE
 *   DONE     resumed: the answer is handed over
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "crypto/witness_request.h"
#include "node/witness/listen_internal.h"

enum request_state {
    REQUEST_NEW,
    REQUEST_READING,
    REQUEST_WORKING,
    REQUEST_DONE
};

enum { HASH_CHARS = 2 * sizeof(struct hash), ADDRESS_BYTES_MAX = 8 };

struct request {
    struct listen *listen;
    struct MHD_Connection *connection;
    enum request_state state;
    bool is_add; /* else it asks for a checkpoint */
    char hash[HASH_CHARS + 1];
    struct buf body;
    struct witness_answer answer;
    uv_work_t work;
};

void *
request_begin(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct request *x = mem_zalloc(1, sizeof(*x));

    (void)uri;
    if (x != NULL) {
        x->listen = cls;
        x->connection = connection;
        buf_init(&x->body, WITNESS_REQUEST_BYTES_MAX);
    }
    return x;
}

void
request_end(void *cls, struct MHD_Connection *connection, void **con_cls,
    enum MHD_RequestTerminationCode toe)
{
    struct request *x = *con_cls;

    (void)cls;
    (void)connection;
    (void)toe;
    *con_cls = NULL;
    if (x != NULL) {
        assert(x->state != REQUEST_WORKING);
        buf_release(&x->body);
        buf_release(&x->answer.body);
        mem_free(x);
    }
}

static enum MHD_Result
queue(struct request *x, unsigned status, struct bytes text, const char *type)
{
    struct MHD_Response *response = NULL;
    enum MHD_Result result = MHD_NO;
    char *copy = mem_copy(text.data, text.size);

    if (copy == NULL) {
        return MHD_NO;
    }
    response =
        MHD_create_response_from_buffer(text.size, copy, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        mem_free(copy);
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, "Content-Type", type);
    (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    (void)MHD_add_response_header(
        response, "X-Content-Type-Options", "nosniff");
    (void)MHD_add_response_header(response, "Connection", "close");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        (void)MHD_add_response_header(
            response, "Allow", x->is_add ? "POST" : "GET");
    } else if (status == MHD_HTTP_TOO_MANY_REQUESTS ||
               status == MHD_HTTP_SERVICE_UNAVAILABLE) {
        (void)MHD_add_response_header(response, "Retry-After", "10");
    }
    result = MHD_queue_response(x->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static const char plain[] = "text/plain; charset=utf-8";

static enum MHD_Result
refuse(struct request *x, unsigned status, const char *text)
{
    x->state = REQUEST_DONE;
    return queue(x, status, bytes_text(text), plain);
}

/* What an address is known by: of IPv6 the half that a site is given. */
static bool
may_ask(struct request *x)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    uint8_t address[ADDRESS_BYTES_MAX] = {0};

    if (info != NULL && info->client_addr->sa_family == AF_INET) {
        struct sockaddr_in v4;

        memcpy(&v4, info->client_addr, sizeof(v4));
        memcpy(address, &v4.sin_addr, sizeof(v4.sin_addr));
    } else if (info != NULL && info->client_addr->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;

        memcpy(&v6, info->client_addr, sizeof(v6));
        memcpy(address, &v6.sin6_addr, sizeof(address));
    }
    return rate_take(&x->listen->rate, bytes_of(address, sizeof(address)),
        node_monotonic_ms(NULL));
}

/* Which of the two resources? */
static bool
read_path(struct request *x, const char *url)
{
    static const char tail[] = "/checkpoint";

    if (strcmp(url, "/add-checkpoint") == 0) {
        x->is_add = true;
        return true;
    }
    if (url[0] != '/' || strspn(url + 1, "0123456789abcdef") != HASH_CHARS ||
        strcmp(url + 1 + HASH_CHARS, tail) != 0) {
        return false;
    }
    memcpy(x->hash, url + 1, HASH_CHARS);
    return true;
}

/* Is the body said to be greater than any request? */
static bool
is_too_big(const struct request *x)
{
    const char *text = MHD_lookup_connection_value(
        x->connection, MHD_HEADER_KIND, "Content-Length");
    uint64_t size = 0;

    return text != NULL && (!num_parse_u64(text, strlen(text), &size) ||
                               size > WITNESS_REQUEST_BYTES_MAX);
}

static enum MHD_Result
begin_reading(struct request *x, const char *url, const char *method)
{
    x->state = REQUEST_READING;
    if (!may_ask(x)) {
        return refuse(x, MHD_HTTP_TOO_MANY_REQUESTS, "ask less often\n");
    }
    if (!read_path(x, url)) {
        return refuse(x, MHD_HTTP_NOT_FOUND,
            "a witness is asked at "
            "/add-checkpoint\n");
    }
    if (strcmp(method, x->is_add ? "POST" : "GET") != 0) {
        return refuse(x, MHD_HTTP_METHOD_NOT_ALLOWED, "not by this method\n");
    }
    if (is_too_big(x)) {
        return refuse(x, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too big\n");
    }
    return MHD_YES;
}

static enum MHD_Result
take_body(struct request *x, const char *data, size_t *size)
{
    if (*size > WITNESS_REQUEST_BYTES_MAX - x->body.size) {
        return MHD_NO; /* it did not say so before: hang up */
    }
    buf_put(&x->body, data, *size);
    *size = 0;
    return buf_err(&x->body) == ERR_OK ? MHD_YES : MHD_NO;
}

/* On a worker thread. */
static void
on_work(uv_work_t *work)
{
    struct request *x = work->data;
    const struct witness *witness = &x->listen->options.witness;

    if (x->is_add) {
        witness_add_checkpoint(witness, buf_bytes(&x->body), &x->answer);
    } else {
        witness_checkpoint(witness, bytes_text(x->hash), &x->answer);
    }
}

static void
on_worked(uv_work_t *work, int status)
{
    struct request *x = work->data;

    (void)status; /* nothing here is ever cancelled */
    x->state = REQUEST_DONE;
    /* The request may be gone after this. */
    web_resume(&x->listen->web, x->connection);
}

static enum MHD_Result
begin_work(struct request *x)
{
    struct web *web = &x->listen->web;

    x->work.data = x;
    if (web->is_stopping || web->working >= LISTEN_WORKING_MAX ||
        uv_queue_work(web->options.loop, &x->work, on_work, on_worked) != 0) {
        return refuse(
            x, MHD_HTTP_SERVICE_UNAVAILABLE, "not now: ask again later\n");
    }
    x->state = REQUEST_WORKING;
    (void)web_suspend(web, x->connection);
    return MHD_YES;
}

static enum MHD_Result
answer(struct request *x)
{
    if (buf_err(&x->answer.body) != ERR_OK) {
        return MHD_NO;
    }
    return queue(x, x->answer.status, buf_bytes(&x->answer.body),
        x->answer.is_size ? "text/x.tlog.size" : plain);
}

enum MHD_Result
request_step(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload_data,
    size_t *upload_data_size, void **con_cls)
{
    struct request *x = *con_cls;

    (void)cls;
    (void)connection;
    (void)version;
    if (x == NULL) {
        return MHD_NO;
    }
    switch (x->state) {
    case REQUEST_NEW:
        return begin_reading(x, url, method);
    case REQUEST_READING:
        return *upload_data_size > 0
                   ? take_body(x, upload_data, upload_data_size)
                   : begin_work(x);
    case REQUEST_WORKING:
        return MHD_YES;
    case REQUEST_DONE:
        return x->answer.status != 0 ? answer(x) : MHD_NO;
    }
    return MHD_NO;
}
