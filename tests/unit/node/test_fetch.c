/* SPDX-License-Identifier: Apache-2.0 */
/* One POST over real sockets, to others that answer what they like. */
#include "node/witness/fetch.h"

#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/run.h"

enum { SHORT_MS = 300 };

/* A server of one connection, on a thread. */
struct other {
    int fd;
    char url[64];
    const char *answer; /* NULL: says nothing until it is hung up on */
    size_t repeat;      /* of the answer's last byte */
    char request[4096];
    pthread_t thread;
};

static void *
serve(void *context)
{
    struct other *other = context;
    int fd = accept(other->fd, NULL, NULL);
    size_t size = 0;
    char *end = NULL;

    while (fd >= 0 && end == NULL && size + 1 < sizeof(other->request)) {
        ssize_t got = recv(
            fd, other->request + size, sizeof(other->request) - 1 - size, 0);

        if (got <= 0) {
            break;
        }
        size += (size_t)got;
        other->request[size] = '\0';
        end = strstr(other->request, "the body");
    }
    if (other->answer == NULL) {
        char byte = 0;

        while (fd >= 0 && recv(fd, &byte, 1, 0) > 0) {
        }
    } else if (fd >= 0) {
        bool goes_on =
            send(fd, other->answer, strlen(other->answer), MSG_NOSIGNAL) > 0;

        for (size_t i = 0; i < other->repeat && goes_on; i++) {
            goes_on = send(fd, "x", 1, MSG_NOSIGNAL) == 1;
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return NULL;
}

static void
open_other(struct other *other)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    other->fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(other->fd, 0);
    ck_assert_int_eq(
        bind(other->fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(other->fd, 1), 0);
    ck_assert_int_eq(
        getsockname(other->fd, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(other->url, sizeof(other->url), "http://127.0.0.1:%u/x",
        (unsigned)ntohs(address.sin_port));
    ck_assert_int_eq(pthread_create(&other->thread, NULL, serve, other), 0);
}

static void
close_other(struct other *other)
{
    ck_assert_int_eq(pthread_join(other->thread, NULL), 0);
    (void)close(other->fd);
}

static const struct {
    const char *name;
    const char *answer;
    size_t repeat;
    uint64_t ms_max;
    enum err rc;
    unsigned status;
    const char *body;
} rows[] = {
    {"an answer", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes", 0, 0,
        ERR_OK, 200, "yes"},
    {"a refusal", "HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\n7\n", 0, 0,
        ERR_OK, 409, "7\n"},
    {"elsewhere is not gone to",
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
        "Content-Length: 0\r\n\r\n",
        0, 0, ERR_OK, 302, ""},
    {"without an end", "HTTP/1.1 200 OK\r\n\r\n", FETCH_ANSWER_BYTES_MAX + 1, 0,
        ERR_TOO_BIG, 0, ""},
    {"no HTTP", "hello\r\n\r\n", 0, 0, ERR_IO, 0, ""},
    {"cut off", "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nyes", 0, 0,
        ERR_IO, 0, ""},
    {"nothing", "", 0, 0, ERR_IO, 0, ""},
    {"silence", NULL, 0, SHORT_MS, ERR_IO, 0, ""},
};

START_TEST(an_answer_is_taken_or_its_fault_told)
{
    static struct other other;
    struct err_msg msg = {""};
    struct buf out = {0};
    unsigned status = 0;
    struct fetch fetch = {.body = bytes_text("the body")};
    enum err rc = ERR_OK;

    /* Nobody is asked on the way. */
    ck_assert_int_eq(setenv("http_proxy", "http://127.0.0.1:1/", 1), 0);
    ck_assert_int_eq(setenv("ALL_PROXY", "http://127.0.0.1:1/", 1), 0);
    memset(&other, 0, sizeof(other));
    other.answer = rows[_i].answer;
    other.repeat = rows[_i].repeat;
    open_other(&other);
    fetch.url = other.url;
    fetch.ms_max = rows[_i].ms_max;
    rc = fetch_post(&fetch, &status, &out, &msg);
    close_other(&other);
    ck_assert_msg(
        rc == rows[_i].rc, "%s: %s %s", rows[_i].name, err_text(rc), msg.text);
    ck_assert_uint_eq(status, rows[_i].status);
    ck_assert(bytes_equal(buf_bytes(&out), bytes_text(rows[_i].body)));
    ck_assert_ptr_nonnull(strstr(other.request, "POST /x HTTP/1.1\r\n"));
    ck_assert_ptr_null(strstr(other.request, "Expect"));
    buf_release(&out);
}
END_TEST

START_TEST(it_gives_up_when_it_is_told_to)
{
    static struct other other;
    atomic_bool stop;
    struct err_msg msg = {""};
    struct buf out = {0};
    unsigned status = 0;
    struct fetch fetch = {.body = bytes_text("the body"), .stop = &stop};

    memset(&other, 0, sizeof(other));
    atomic_init(&stop, true);
    open_other(&other);
    fetch.url = other.url;
    ck_assert_int_eq(fetch_post(&fetch, &status, &out, &msg), ERR_IO);
    (void)shutdown(other.fd, SHUT_RDWR); /* it may not have been called */
    close_other(&other);
    buf_release(&out);
}
END_TEST

START_TEST(other_schemes_are_not_spoken)
{
    static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/",
        "gopher://127.0.0.1:1/", "https://127.0.0.1:1/"};

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct fetch fetch = {.url = urls[i], .body = bytes_text("the body")};
        struct err_msg msg = {""};
        struct buf out = {0};
        unsigned status = 0;

        ck_assert_int_eq(fetch_post(&fetch, &status, &out, &msg), ERR_IO);
        ck_assert_uint_eq(out.size, 0);
        buf_release(&out);
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("fetch");
    TCase *tc = tcase_create("fetch");

    tcase_add_loop_test(tc, an_answer_is_taken_or_its_fault_told, 0,
        sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(tc, it_gives_up_when_it_is_told_to);
    tcase_add_test(tc, other_schemes_are_not_spoken);
    suite_add_tcase(s, tc);
    return s;
}

int
main(void)
{
    return run_suite(suite());
}
