/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP request and its answer:
 *
 *   NEW      headers are there: who asks? -> READING, or refused at once
 *   READING  the body comes in pieces -> WORKING at its end
 *   WORKING  suspended; a worker thread, then perhaps the loop -> DONE
 *   DONE     resumed: the answer is handed over
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crypto/base/mem.h"
#include "node/api/http_internal.h"

enum exchange_state {
    EXCHANGE_NEW,
    EXCHANGE_READING,
    EXCHANGE_WORKING,
    EXCHANGE_DONE
};

enum { OVERRUN_MAX = 4 }; /* times the limit: then the connection is cut */

struct exchange {
    struct endpoint *endpoint;
    struct MHD_Connection *connection;
    enum exchange_state state;
    char *target;
    struct buf body;
    size_t body_limit;
    size_t overrun; /* bytes beyond the limit, not kept */
    struct api_call *call;
    char *text; /* the answer, dumped */
    bool stops; /* the daemon, once it is delivered */
    uv_work_t work;
};

void *
exchange_begin(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct exchange *x = mem_zalloc(1, sizeof(*x));

    if (x == NULL) {
        return NULL;
    }
    x->endpoint = cls;
    x->connection = connection;
    x->target = mem_copy(uri, strlen(uri) + 1);
    if (x->target == NULL) {
        mem_free(x);
        return NULL;
    }
    x->body_limit = api_body_limit(x->target);
    buf_init(&x->body, x->body_limit);
    return x;
}

void
exchange_end(void *cls, struct MHD_Connection *connection, void **con_cls,
    enum MHD_RequestTerminationCode toe)
{
    struct exchange *x = *con_cls;
    struct http *http = NULL;

    (void)cls;
    (void)connection;
    (void)toe;
    *con_cls = NULL;
    if (x == NULL) {
        return;
    }
    assert(x->state != EXCHANGE_WORKING);
    http = x->endpoint->http;
    api_call_free(x->call);
    buf_wipe(&x->body);
    if (x->stops && http->options.stop != NULL) {
        http->options.stop(http->options.context);
    }
    mem_free(x->text);
    mem_free(x->target);
    mem_free(x);
}

/* What is handed over: `data` is taken. */
struct content {
    const char *type;
    void *data;
    size_t size;
};

static enum MHD_Result
queue(struct exchange *x, unsigned status, struct content content,
    const char *etag)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        content.size, content.data, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result result = MHD_NO;

    if (response == NULL) {
        mem_free(content.data);
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, "Content-Type", content.type);
    (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    (void)MHD_add_response_header(
        response, "X-Content-Type-Options", "nosniff");
    if (etag[0] != '\0') {
        (void)MHD_add_response_header(response, "ETag", etag);
    }
    if (status == MHD_HTTP_UNAUTHORIZED) {
        (void)MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    }
    result = MHD_queue_response(x->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result
queue_text(struct exchange *x, unsigned status, char *text, const char *etag)
{
    struct content content = {
        "application/json; charset=utf-8", text, strlen(text)};

    return queue(x, status, content, etag);
}

static enum MHD_Result
queue_bytes(struct exchange *x, struct api_response *response)
{
    struct content content = {
        "application/octet-stream", response->bytes.data, response->bytes.size};

    response->bytes = (struct buf){0};
    return queue(x, response->status, content, "");
}

static enum MHD_Result
refuse(
    struct exchange *x, unsigned status, const char *code, const char *message)
{
    json_t *json =
        json_pack("{s:{s:s,s:s}}", "error", "code", code, "message", message);
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);

    json_decref(json);
    x->state = EXCHANGE_DONE;
    return text == NULL ? MHD_NO : queue_text(x, status, text, "");
}

static enum MHD_Result
answer(struct exchange *x)
{
    struct api_response *response = api_call_answer(x->call);
    char *text = x->text;

    x->text = NULL;
    x->stops = response->stops;
    if (response->is_bytes) {
        return queue_bytes(x, response);
    }
    if (text == NULL) {
        text = json_dumps(response->json, JSON_COMPACT);
    }
    if (text == NULL) {
        return refuse(x, 503, "no_memory", "no memory");
    }
    return queue_text(x, response->status, text, response->etag);
}

/* Headers of which two would let two readers disagree. */
struct counts {
    unsigned hosts;
    unsigned lengths;
    unsigned encodings;
};

static enum MHD_Result
count_header(
    void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
    struct counts *counts = cls;

    (void)kind;
    (void)value;
    counts->hosts += strcasecmp(key, "Host") == 0;
    counts->lengths += strcasecmp(key, "Content-Length") == 0;
    counts->encodings += strcasecmp(key, "Transfer-Encoding") == 0;
    return MHD_YES;
}

static const char *
header(const struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

/* "localhost:7444" and such: a page from elsewhere names another. */
static bool
is_our_host(const struct exchange *x, const char *host)
{
    for (size_t i = 0; host != NULL && i < 3; i++) {
        if (strcasecmp(host, x->endpoint->hosts[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* In constant time: all bytes are compared. */
static bool
is_our_token(const struct exchange *x, const char *authorization)
{
    static const char scheme[] = "Bearer ";
    uint8_t differences[HTTP_TOKEN_CHARS];
    const char *token = NULL;

    if (authorization == NULL ||
        strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0) {
        return false;
    }
    token = authorization + sizeof(scheme) - 1;
    if (strlen(token) != HTTP_TOKEN_CHARS) {
        return false;
    }
    for (size_t i = 0; i < HTTP_TOKEN_CHARS; i++) {
        differences[i] = (uint8_t)(token[i] ^ x->endpoint->http->token[i]);
    }
    return bytes_are_zero(bytes_of(differences, sizeof(differences)));
}

/* Who asks? True: go on; false: *out is what refusing gave. */
static bool
may_ask(struct exchange *x, enum MHD_Result *out)
{
    struct counts counts = {0};
    const char *origin = header(x, "Origin");

    (void)MHD_get_connection_values(
        x->connection, MHD_HEADER_KIND, count_header, &counts);
    if (counts.hosts != 1 || counts.lengths + counts.encodings > 1) {
        *out = refuse(x, 400, "malformed",
            "a request has one Host, and one length at most");
        return false;
    }
    if (!x->endpoint->is_tcp) {
        return true;
    }
    if (!is_our_host(x, header(x, "Host"))) {
        *out = refuse(x, 403, "denied", "Host is not this machine");
        return false;
    }
    if (origin != NULL &&
        (strncmp(origin, "http://", 7) != 0 || !is_our_host(x, origin + 7))) {
        *out = refuse(x, 403, "denied", "Origin is not this machine");
        return false;
    }
    if (!is_our_token(x, header(x, "Authorization"))) {
        *out = refuse(x, 401, "denied",
            "the token in the home's api.token is wanted: Authorization: "
            "Bearer TOKEN");
        return false;
    }
    return true;
}

/* Whoever asks first is told before it sends a body that is too big. */
static bool
is_spared(const struct exchange *x)
{
    const char *length = header(x, "Content-Length");

    return header(x, "Expect") != NULL && length != NULL &&
           strtoull(length, NULL, 10) > x->body_limit;
}

static enum MHD_Result
take_body(struct exchange *x, const char *data, size_t *size)
{
    if (x->body.size + *size > x->body_limit || x->overrun > 0) {
        x->overrun += *size;
        if (x->overrun > OVERRUN_MAX * x->body_limit) {
            return MHD_NO;
        }
    } else {
        buf_put(&x->body, data, *size);
    }
    *size = 0;
    return MHD_YES;
}

static void
resume(struct exchange *x)
{
    x->state = EXCHANGE_DONE;
    /* The exchange may be gone after this. */
    web_resume(&x->endpoint->web, x->connection);
}

static void
on_call_done(void *context, struct api_call *call)
{
    (void)call;
    resume(context);
}

/* On a worker thread; what is long to dump is dumped here. */
static void
on_work(uv_work_t *work)
{
    struct exchange *x = work->data;
    const struct api_response *response = NULL;

    api_call_run(x->call);
    response = api_call_answer(x->call);
    if (response->status != 0 && !response->is_bytes) {
        x->text = json_dumps(response->json, JSON_COMPACT);
    }
}

static void
on_worked(uv_work_t *work, int status)
{
    struct exchange *x = work->data;

    (void)status;
    api_call_start(x->call, on_call_done, x);
}

static enum MHD_Result
begin_work(struct exchange *x, const char *method)
{
    struct http *http = x->endpoint->http;
    struct api_request request = {.method = method,
        .target = x->target,
        .body = buf_bytes(&x->body),
        .if_match = header(x, "If-Match")};

    if (x->overrun > 0) {
        return refuse(x, 413, "too_big", "the body is too big");
    }
    if (buf_err(&x->body) != ERR_OK ||
        api_call_new(&x->call, http->options.api, &request) != ERR_OK) {
        return refuse(x, 503, "no_memory", "no memory");
    }
    buf_wipe(&x->body);
    x->work.data = x;
    if (http->is_stopping ||
        uv_queue_work(http->options.loop, &x->work, on_work, on_worked) != 0) {
        return refuse(x, 503, "closed", "the daemon is stopping");
    }
    x->state = EXCHANGE_WORKING;
    (void)web_suspend(&x->endpoint->web, x->connection);
    return MHD_YES;
}

enum MHD_Result
exchange_step(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload_data,
    size_t *upload_data_size, void **con_cls)
{
    struct exchange *x = *con_cls;
    enum MHD_Result result = MHD_YES;

    (void)cls;
    (void)connection;
    (void)url;
    (void)version;
    if (x == NULL) {
        return MHD_NO;
    }
    switch (x->state) {
    case EXCHANGE_NEW:
        x->state = EXCHANGE_READING;
        if (!may_ask(x, &result)) {
            return result;
        }
        return is_spared(x) ? refuse(x, 413, "too_big", "the body is too big")
                            : MHD_YES;
    case EXCHANGE_READING:
        return *upload_data_size > 0
                   ? take_body(x, upload_data, upload_data_size)
                   : begin_work(x, method);
    case EXCHANGE_WORKING:
        return MHD_YES;
    case EXCHANGE_DONE:
        return x->call != NULL ? answer(x) : MHD_NO;
    }
    return MHD_NO;
}
