/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/unix_http.h"

#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/base/mem.h"
#include "tests/lib/run.h"

static const struct {
    const char *name;
    const char *head;
    enum err rc;
    unsigned status;
    size_t length;
    const char *etag;
} heads[] = {
    {"plain", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", ERR_OK, 200, 2,
        ""},
    {"etag", "HTTP/1.1 412 X\r\nETag: \"ab\"\r\ncontent-length:0\r\n\r\n",
        ERR_OK, 412, 0, "\"ab\""},
    {"a reason of nothing", "HTTP/1.1 204 \r\nContent-Length: 0\r\n\r\n",
        ERR_OK, 204, 0, ""},
    {"no length", "HTTP/1.1 200 OK\r\n\r\n", ERR_MALFORMED, 0, 0, ""},
    {"two lengths",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n",
        ERR_MALFORMED, 0, 0, ""},
    {"chunks",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
        "Content-Length: 2\r\n\r\n",
        ERR_MALFORMED, 0, 0, ""},
    {"a sign", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n", ERR_MALFORMED,
        0, 0, ""},
    {"hexadecimal", "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\n",
        ERR_MALFORMED, 0, 0, ""},
    {"too long", "HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n",
        ERR_TOO_BIG, 0, 0, ""},
    {"as long as may be", "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n",
        ERR_OK, 200, 67108864, ""},
    {"another version", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n",
        ERR_MALFORMED, 0, 0, ""},
    {"no status", "HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\n", ERR_MALFORMED, 0,
        0, ""},
    {"status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\n",
        ERR_MALFORMED, 0, 0, ""},
    {"bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\n", ERR_MALFORMED, 0, 0,
        ""},
    {"no colon", "HTTP/1.1 200 OK\r\nContent\r\n\r\n", ERR_MALFORMED, 0, 0, ""},
    {"no end", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", ERR_MALFORMED, 0, 0,
        ""},
    {"more after it", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        ERR_MALFORMED, 0, 0, ""},
    {"nothing", "", ERR_MALFORMED, 0, 0, ""},
};

START_TEST(heads_are_read_strictly)
{
    struct unix_http_answer got = {.status = 1};
    enum err rc = unix_http_parse(&got, bytes_text(heads[_i].head));

    ck_assert_msg(rc == heads[_i].rc, "%s: %d", heads[_i].name, (int)rc);
    if (rc == ERR_OK) {
        ck_assert_uint_eq(got.status, heads[_i].status);
        ck_assert_uint_eq(got.length, heads[_i].length);
        ck_assert_str_eq(got.etag, heads[_i].etag);
    } else {
        ck_assert_uint_eq(got.status, 1);
    }
}
END_TEST

START_TEST(octets_are_told_from_json)
{
    struct unix_http_answer got;

    ck_assert_int_eq(unix_http_parse(&got,
                         bytes_text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                                    "content-type: application/octet-stream"
                                    "\r\n\r\n")),
        ERR_OK);
    ck_assert(got.is_bytes);
    ck_assert_int_eq(unix_http_parse(&got,
                         bytes_text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                                    "Content-Type: application/json\r\n\r\n")),
        ERR_OK);
    ck_assert(!got.is_bytes);
}
END_TEST

START_TEST(no_part_of_a_head_is_one)
{
    static const char head[] =
        "HTTP/1.1 200 OK\r\nETag: \"0011223344556677\"\r\n"
        "Content-Length: 12\r\n\r\n";

    for (size_t size = 0; size < sizeof(head) - 1; size++) {
        struct unix_http_answer got;
        uint8_t *copy = mem_copy(head, size);

        ck_assert_int_ne(unix_http_parse(&got, bytes_of(copy, size)), ERR_OK);
        mem_free(copy);
    }
}
END_TEST

/* What the other end says in one go, and then hangs up. */
static enum err
call(const char *said, struct buf *body)
{
    struct unix_http_request request = {
        .method = "GET", .target = "/v1/status"};
    struct unix_http_answer answer;
    int ends[2];
    enum err rc = ERR_OK;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    ck_assert_int_eq(write(ends[1], said, strlen(said)), (ssize_t)strlen(said));
    ck_assert_int_eq(shutdown(ends[1], SHUT_WR), 0);
    rc = unix_http_call(ends[0], &request, &answer, body, NULL);
    (void)close(ends[0]);
    (void)close(ends[1]);
    return rc;
}

static const struct {
    const char *said;
    enum err rc;
} answers[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", ERR_OK},
    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", ERR_CLOSED},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}", ERR_MALFORMED},
    {"HTTP/1.1 200 OK\r\nContent-", ERR_CLOSED},
    {"", ERR_CLOSED},
};

START_TEST(an_answer_is_as_long_as_it_says)
{
    struct buf body = {0};
    enum err rc = call(answers[_i].said, &body);

    ck_assert_int_eq(rc, answers[_i].rc);
    ck_assert_uint_eq(body.size, rc == ERR_OK ? 2 : 0);
    buf_release(&body);
}
END_TEST

START_TEST(a_head_without_end_is_too_big)
{
    struct buf said = {0};
    struct buf body = {0};

    buf_put_text(&said, "HTTP/1.1 200 OK\r\n");
    while (said.size <= UNIX_HTTP_HEAD_BYTES_MAX) {
        buf_put_text(&said, "X: 0123456789012345678901234567890123456789\r\n");
    }
    buf_put_u8(&said, 0);
    ck_assert_int_eq(call((const char *)said.data, &body), ERR_TOO_BIG);
    buf_release(&said);
    buf_release(&body);
}
END_TEST

START_TEST(nobody_listens_at_no_socket)
{
    int fd = -1;

    ck_assert_int_eq(
        unix_http_open(&fd, "/nonexistent/corridor.sock", NULL), ERR_NOT_FOUND);
    ck_assert_int_eq(fd, -1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("unix_http");
    TCase *tcase = tcase_create("unix_http");

    tcase_add_loop_test(
        tcase, heads_are_read_strictly, 0, sizeof(heads) / sizeof(heads[0]));
    tcase_add_test(tcase, octets_are_told_from_json);
    tcase_add_test(tcase, no_part_of_a_head_is_one);
    tcase_add_loop_test(tcase, an_answer_is_as_long_as_it_says, 0,
        sizeof(answers) / sizeof(answers[0]));
    tcase_add_test(tcase, a_head_without_end_is_too_big);
    tcase_add_test(tcase, nobody_listens_at_no_socket);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
