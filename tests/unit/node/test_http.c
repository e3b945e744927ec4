/* SPDX-License-Identifier: Apache-2.0 */
/* The API's sockets, as anybody on the machine may speak to them. */
#include "node/api/http.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "crypto/base/buf.h"
#include "storage/disk.h"
#include "tests/lib/node/api_fixture.h"
#include "tests/lib/run.h"

enum { WAIT_MS_MAX = 90 * 1000 };

static struct api_fixture fixture;
static uv_loop_t loop;
static struct http *http;
static char socket_path[SCRATCH_PATH_BYTES];
static char token_path[SCRATCH_PATH_BYTES];
static char token[HTTP_TOKEN_CHARS + 1];
static bool was_stopped;

static void
on_stop(void *context)
{
    (void)context;
    was_stopped = true;
    http_stop(http);
}

static void
start(void)
{
    struct http_options options = {.api = fixture.api,
        .loop = &loop,
        .socket_path = socket_path,
        .listen = "127.0.0.1:0",
        .token_path = token_path,
        .stop = on_stop};
    struct err_msg msg = {""};
    struct buf file = {0};

    ck_assert_msg(http_new(&http, &options, &msg) == ERR_OK, "%s", msg.text);
    ck_assert_int_eq(disk_read(&file, token_path, 256, NULL), ERR_OK);
    ck_assert_uint_eq(file.size, HTTP_TOKEN_CHARS + 1);
    memcpy(token, file.data, HTTP_TOKEN_CHARS);
    buf_release(&file);
}

static void
stop(void)
{
    http_stop(http);
    while (!http_is_stopped(http)) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    http_free(http);
    http = NULL;
}

static void
setup(void)
{
    api_fixture_setup(&fixture, false);
    scratch_path(socket_path, &fixture.scratch, "s");
    scratch_path(token_path, &fixture.scratch, "t");
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    was_stopped = false;
    start();
}

static void
teardown(void)
{
    if (http != NULL) {
        stop();
    }
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    api_fixture_teardown(&fixture);
}

static int
open_unix(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(
        connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static int
open_tcp(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *colon = strrchr(http_listen_address(http), ':');
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(
        connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Is a whole answer there? */
static bool
is_whole(const struct buf *in)
{
    const char *text = (const char *)in->data;
    const char *end = in->size == 0 ? NULL : strstr(text, "\r\n\r\n");
    const char *length =
        in->size == 0 ? NULL : strstr(text, "Content-Length: ");

    return end != NULL && length != NULL && length < end &&
           in->size >=
               (size_t)(end + 4 - text) + strtoul(length + 16, NULL, 10);
}

/*
 * Send all and take what comes, the loop running in between, until `count`
 * answers are whole or the other end hangs up. A NUL stands at the end.
 */
static void
talk(int fd, struct bytes bytes, struct buf *in)
{
    uint64_t until = node_monotonic_ms(NULL) + WAIT_MS_MAX;

    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    buf_clear(in);
    while (node_monotonic_ms(NULL) < until) {
        char piece[4096];
        ssize_t sent = bytes.size == 0
                           ? 0
                           : send(fd, bytes.data, bytes.size, MSG_NOSIGNAL);
        ssize_t got = 0;

        if (sent > 0) {
            bytes.data += sent;
            bytes.size -= (size_t)sent;
        }
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        got = recv(fd, piece, sizeof(piece), 0);
        if (got > 0) {
            buf_put(in, piece, (size_t)got);
            buf_put_u8(in, 0);
            buf_truncate(in, in->size - 1);
        }
        if (got == 0 || (got < 0 && errno != EAGAIN) || is_whole(in)) {
            return;
        }
    }
    ck_abort_msg("no answer in time");
}

static unsigned
status_of(const struct buf *in)
{
    if (in->size < 12 || memcmp(in->data, "HTTP/1.1 ", 9) != 0) {
        return 0; /* hung up without a word */
    }
    return (unsigned)strtoul((const char *)in->data + 9, NULL, 10);
}

/* One request with %T for the token and %H for our address. */
static void
fill_in(struct buf *out, const char *request)
{
    for (; *request != '\0'; request++) {
        if (request[0] == '%' && request[1] == 'T') {
            buf_put_text(out, token);
            request++;
        } else if (request[0] == '%' && request[1] == 'H') {
            buf_put_text(out, http_listen_address(http));
            request++;
        } else {
            buf_put_u8(out, (uint8_t)*request);
        }
    }
}

static unsigned
ask(bool is_tcp, const char *request)
{
    struct buf out = {0};
    struct buf in = {0};
    unsigned status = 0;
    int fd = is_tcp ? open_tcp() : open_unix();

    fill_in(&out, request);
    talk(fd, buf_bytes(&out), &in);
    status = status_of(&in);
    (void)close(fd);
    buf_release(&out);
    buf_release(&in);
    return status;
}

#define AUTH "Authorization: Bearer %T\r\n"
#define GET "GET /v1/status HTTP/1.1\r\n"

static const struct {
    const char *name;
    bool is_tcp;
    const char *request;
    unsigned status; /* 0: hung up */
} requests[] = {
    {"all is right", true, GET "Host: %H\r\n" AUTH "\r\n", 200},
    {"localhost", false, GET "Host: localhost\r\n\r\n", 200},
    {"no Host", true, GET AUTH "\r\n", 400},
    {"no Host, Unix", false, GET "\r\n", 400},
    {"no token", true, GET "Host: %H\r\n\r\n", 401},
    {"an empty token", true, GET "Host: %H\r\nAuthorization: Bearer \r\n\r\n",
        401},
    {"another token", true,
        GET "Host: %H\r\nAuthorization: Bearer "
            "00000000000000000000000000000000"
            "00000000000000000000000000000000\r\n\r\n",
        401},
    {"half a token", true, GET "Host: %H\r\nAuthorization: Bearer 0123\r\n\r\n",
        401},
    {"more than a token", true,
        GET "Host: %H\r\nAuthorization: Bearer %T0\r\n\r\n", 401},
    {"another scheme", true, GET "Host: %H\r\nAuthorization: Basic %T\r\n\r\n",
        401},
    {"another Host", true, GET "Host: example.org\r\n" AUTH "\r\n", 403},
    {"another port", true, GET "Host: 127.0.0.1:1\r\n" AUTH "\r\n", 403},
    {"no port", true, GET "Host: 127.0.0.1\r\n" AUTH "\r\n", 403},
    {"our Origin", true, GET "Host: %H\r\nOrigin: http://%H\r\n" AUTH "\r\n",
        200},
    {"another Origin", true,
        GET "Host: %H\r\nOrigin: http://example.org\r\n" AUTH "\r\n", 403},
    {"no Origin", true, GET "Host: %H\r\nOrigin: null\r\n" AUTH "\r\n", 403},
    {"two Hosts", true, GET "Host: %H\r\nHost: %H\r\n" AUTH "\r\n", 400},
    {"two Hosts, Unix", false, GET "Host: a\r\nHost: b\r\n\r\n", 400},
    {"two lengths", false,
        "POST /v1/verify HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
        "Content-Length: 2\r\n\r\n{}",
        400},
    {"length and chunks", false,
        "POST /v1/verify HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
        "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        400},
    {"chunks", false,
        "POST /v1/members/confirm HTTP/1.1\r\nHost: a\r\n"
        "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        400},
    {"a bad chunk", false,
        "POST /v1/verify HTTP/1.1\r\nHost: a\r\n"
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        400},
    {"a length below zero", false,
        "POST /v1/verify HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        400},
    {"a length beyond all", false,
        "POST /v1/verify HTTP/1.1\r\nHost: a\r\n"
        "Content-Length: 99999999999999999999\r\n\r\n",
        413},
    {"another method", false, "BREW /v1/status HTTP/1.1\r\nHost: a\r\n\r\n",
        405},
    {"another path", false, "GET /etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 404},
    {"a path upwards", false,
        "GET /v1/../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 404},
    {"a bad escape", false, "GET /v1/%ff HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"a NUL", false, "GET /v1/status%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"another protocol", false, "HELO example.org\r\n\r\n", 0},
};

START_TEST(requests_are_answered_or_refused)
{
    unsigned status = ask(requests[_i].is_tcp, requests[_i].request);

    /* libmicrohttpd says 400 to what it does not understand, or nothing. */
    if (requests[_i].status == 0) {
        ck_assert_msg(
            status == 0 || status >= 400, "%s: %u", requests[_i].name, status);
    } else {
        ck_assert_msg(
            status == requests[_i].status, "%s: %u", requests[_i].name, status);
    }
    /* Whatever that was, the next one is served. */
    ck_assert_uint_eq(ask(false, GET "Host: a\r\n\r\n"), 200);
}
END_TEST

/* A POST with a JSON text of `size` bytes in all. */
static unsigned
post_sized(const char *path, size_t size)
{
    struct buf out = {0};
    struct buf in = {0};
    unsigned status = 0;
    uint8_t *body = NULL;
    int fd = open_unix();

    buf_printf(&out,
        "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", path,
        size);
    body = buf_extend(&out, size);
    memset(body, ' ', size);
    body[0] = '{';
    body[size - 1] = '}';
    talk(fd, buf_bytes(&out), &in);
    status = status_of(&in);
    (void)close(fd);
    buf_release(&out);
    buf_release(&in);
    return status;
}

START_TEST(bodies_are_bounded)
{
    static const char path[] = "/v1/members/confirm";

    ck_assert_uint_eq(post_sized(path, API_BODY_BYTES_MAX - 1), 400);
    ck_assert_uint_eq(post_sized(path, API_BODY_BYTES_MAX), 400);
    ck_assert_uint_eq(post_sized(path, API_BODY_BYTES_MAX + 1), 413);
    /* Far beyond it the connection is cut, answered or not. */
    ck_assert_uint_ne(post_sized(path, 8 * API_BODY_BYTES_MAX), 200);
    ck_assert_uint_eq(post_sized("/v1/import", API_IMPORT_BYTES_MAX), 409);
    ck_assert_uint_eq(post_sized("/v1/import", API_IMPORT_BYTES_MAX + 1), 413);
}
END_TEST

START_TEST(who_asks_first_is_told_that_a_body_is_too_big)
{
    static const char head[] =
        "POST /v1/members/confirm HTTP/1.1\r\nHost: a\r\n"
        "Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n";

    ck_assert_uint_eq(ask(false, head), 413);
}
END_TEST

START_TEST(headers_are_bounded)
{
    struct buf out = {0};
    struct buf in = {0};
    int fd = open_unix();

    buf_put_text(&out, GET "Host: a\r\n");
    while (out.size < (size_t)4 * HTTP_HEADER_BYTES_MAX) {
        buf_put_text(&out, "X: 0123456789012345678901234567890123456789\r\n");
    }
    buf_put_text(&out, "\r\n");
    talk(fd, buf_bytes(&out), &in);
    ck_assert_uint_ne(status_of(&in), 200);
    (void)close(fd);
    buf_release(&out);
    buf_release(&in);
    ck_assert_uint_eq(ask(false, GET "Host: a\r\n\r\n"), 200);
}
END_TEST

START_TEST(every_beginning_of_a_request_is_borne)
{
    static const char request[] =
        "POST /v1/members/confirm HTTP/1.1\r\nHost: a\r\n"
        "Content-Length: 12\r\n\r\n{\"code\":\"x\"}";

    for (size_t size = 0; size < sizeof(request) - 1; size++) {
        int fd = open_unix();

        ck_assert_int_eq(send(fd, request, size, MSG_NOSIGNAL), (ssize_t)size);
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        (void)close(fd);
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    }
    ck_assert_uint_eq(ask(false, GET "Host: a\r\n\r\n"), 200);
}
END_TEST

START_TEST(a_connection_serves_many_requests)
{
    static const char request[] = GET "Host: a\r\n\r\n";
    struct buf in = {0};
    int fd = open_unix();

    for (int i = 0; i < 20; i++) {
        talk(fd, bytes_text(request), &in);
        ck_assert_uint_eq(status_of(&in), 200);
    }
    (void)close(fd);
    buf_release(&in);
}
END_TEST

START_TEST(idle_connections_do_not_shut_others_out_for_ever)
{
    int fds[HTTP_CONNECTIONS_MAX];

    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        fds[i] = open_unix();
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    }
    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        (void)close(fds[i]);
    }
    for (int i = 0; i < 10; i++) {
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    }
    ck_assert_uint_eq(ask(false, GET "Host: a\r\n\r\n"), 200);
}
END_TEST

static unsigned
mode_of(const char *path)
{
    struct stat got;

    ck_assert_int_eq(stat(path, &got), 0);
    return (unsigned)got.st_mode & 0777U;
}

START_TEST(socket_and_token_are_the_owners_alone)
{
    ck_assert_uint_eq(mode_of(socket_path), 0600);
    ck_assert_uint_eq(mode_of(token_path), 0600);
}
END_TEST

START_TEST(a_token_is_kept_and_a_stale_socket_replaced)
{
    char before[HTTP_TOKEN_CHARS + 1];
    int fd = -1;

    memcpy(before, token, sizeof(before));
    stop();
    ck_assert_int_ne(access(socket_path, F_OK), 0);
    fd = open(socket_path, O_CREAT | O_WRONLY, 0600);
    ck_assert_int_ge(fd, 0);
    (void)close(fd);
    start();
    ck_assert_str_eq(token, before);
    ck_assert_uint_eq(ask(false, GET "Host: a\r\n\r\n"), 200);
}
END_TEST

START_TEST(it_listens_on_this_machine_only)
{
    static const char *const addresses[] = {
        "0.0.0.0:0", "192.0.2.1:0", "[::]:0", "127.0.0.1", "nonsense"};
    struct http_options options = {.api = fixture.api,
        .loop = &loop,
        .listen = addresses[_i],
        .token_path = token_path};
    struct http *other = NULL;

    ck_assert_int_eq(http_new(&other, &options, NULL), ERR_CONFIG);
    http_free(other);
}
END_TEST

START_TEST(what_is_under_way_is_answered_before_the_end)
{
    static const char request[] = GET "Host: a\r\n\r\n";
    struct buf in = {0};
    int fd = open_unix();

    ck_assert_int_gt(send(fd, request, sizeof(request) - 1, 0), 0);
    /* Until a worker has it, or a little later. */
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    http_stop(http);
    talk(fd, bytes_of(NULL, 0), &in);
    ck_assert(status_of(&in) == 200 || status_of(&in) == 0);
    (void)close(fd);
    buf_release(&in);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("http");
    TCase *tcase = tcase_create("http");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, requests_are_answered_or_refused, 0,
        sizeof(requests) / sizeof(requests[0]));
    tcase_add_test(tcase, bodies_are_bounded);
    tcase_add_test(tcase, who_asks_first_is_told_that_a_body_is_too_big);
    tcase_add_test(tcase, headers_are_bounded);
    tcase_add_test(tcase, every_beginning_of_a_request_is_borne);
    tcase_add_test(tcase, a_connection_serves_many_requests);
    tcase_add_test(tcase, idle_connections_do_not_shut_others_out_for_ever);
    tcase_add_test(tcase, socket_and_token_are_the_owners_alone);
    tcase_add_test(tcase, a_token_is_kept_and_a_stale_socket_replaced);
    tcase_add_loop_test(tcase, it_listens_on_this_machine_only, 0, 5);
    tcase_add_test(tcase, what_is_under_way_is_answered_before_the_end);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
