/* SPDX-License-Identifier: Apache-2.0 */
/* A witness, as anybody may speak to it: by real sockets. */
#include "node/witness/listen.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "crypto/checkpoint_note.h"
#include "crypto/hash.h"
#include "crypto/witness_request.h"
#include "sync/model/log_key.h"
#include "tests/lib/crypto/signer.h"
#include "tests/lib/crypto/tree.h"
#include "tests/lib/node/api_fixture.h"
#include "tests/lib/run.h"

enum { WAIT_MS_MAX = 90 * 1000, SIZE = 21, CUT_MS = 300 };

static const char origin[] = "example.com/log";

static struct api_fixture fixture;
static uv_loop_t loop;
static struct listen *server;
static struct witness_policy policy;
static struct signer log_signer;
static struct tree trees[2]; /* the log's, and another's */

static void
other_leaf(struct hash *out, uint64_t index)
{
    tree_counting_leaf(out, index);
    out->bytes[0] ^= index >= 3 ? 1 : 0;
}

static void
start(uint64_t connection_ms_max)
{
    struct listen_options options = {
        .witness = {.node = fixture.node, .policy = &policy},
        .loop = &loop,
        .address = "127.0.0.1:0",
        .connection_ms_max = connection_ms_max};
    struct err_msg msg = {""};

    ck_assert_msg(
        listen_new(&server, &options, &msg) == ERR_OK, "%s", msg.text);
}

static void
stop(void)
{
    listen_stop(server);
    while (!listen_is_stopped(server)) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    listen_free(server);
    server = NULL;
}

static void
setup(void)
{
    struct buf text = {0};

    api_fixture_setup(&fixture, true);
    signer_init(&log_signer, origin, NOTE_ED25519, 3);
    buf_put_text(&text, "log ");
    note_key_format(&text, &log_signer.key);
    ck_assert_int_eq(policy_parse(&policy, buf_bytes(&text), NULL), ERR_OK);
    buf_release(&text);
    tree_init(&trees[0], SIZE, tree_counting_leaf);
    tree_init(&trees[1], SIZE, other_leaf);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    start(0);
}

static void
teardown(void)
{
    stop();
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    tree_release(&trees[0]);
    tree_release(&trees[1]);
    policy_release(&policy);
    api_fixture_teardown(&fixture);
}

static int
open_tcp(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *colon = strrchr(listen_address(server), ':');
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(
        connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* Send all and take what comes, the loop running in between, until the other
 * end hangs up, as it does after each answer. A NUL stands at the end. */
static void
talk(int fd, struct bytes bytes, struct buf *in)
{
    uint64_t until = node_monotonic_ms(NULL) + WAIT_MS_MAX;

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
        }
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            buf_put_u8(in, 0);
            return;
        }
    }
    ck_abort_msg("no answer in time");
}

struct reply {
    unsigned status; /* 0: hung up without a word */
    bool is_size;
    struct buf body;
};

static void
send_all(struct bytes bytes, struct reply *out)
{
    struct buf in = {0};
    const char *body = NULL;
    int fd = open_tcp();

    memset(out, 0, sizeof(*out));
    talk(fd, bytes, &in);
    if (in.size > 12 && memcmp(in.data, "HTTP/1.1 ", 9) == 0) {
        out->status = (unsigned)strtoul((const char *)in.data + 9, NULL, 10);
        out->is_size =
            strstr((const char *)in.data, "text/x.tlog.size") != NULL;
        body = strstr((const char *)in.data, "\r\n\r\n");
        ck_assert_ptr_nonnull(body);
        buf_put_text(&out->body, body + 4);
    }
    (void)close(fd);
    buf_release(&in);
}

static void
post(struct bytes body, struct reply *out)
{
    struct buf request = {0};

    buf_printf(&request,
        "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: "
        "%zu\r\n\r\n",
        body.size);
    buf_put_bytes(&request, body);
    ck_assert_int_eq(buf_err(&request), ERR_OK);
    send_all(buf_bytes(&request), out);
    buf_release(&request);
}

/* From one size to another in one of the two trees. */
static void
ask(size_t which, uint64_t old, uint64_t size, struct reply *out)
{
    struct merkle_source source = tree_source(&trees[which]);
    struct witness_request request = {.old_size = old};
    struct buf checkpoint = {0};
    struct buf body = {0};
    struct hash root;

    tree_root(&root, &trees[which], size);
    signer_checkpoint(&checkpoint, &log_signer, size, &root);
    request.checkpoint = buf_bytes(&checkpoint);
    if (old <= size) {
        ck_assert_int_eq(
            merkle_prove_consistency(&request.proof, &source, old, size),
            ERR_OK);
    }
    ck_assert_int_eq(witness_request_write(&body, &request), ERR_OK);
    post(buf_bytes(&body), out);
    if (out->status == 200) {
        struct witness witness = {.node = fixture.node};
        struct checkpoint_note note;
        struct note_key key;
        struct node_public public;
        struct checkpoint_keys keys = {.cosigners = &key, .cosigner_count = 1};
        struct bytes text = request.checkpoint;
        struct note parsed;

        node_secrets_public(&public, witness.node->secrets);
        cosigner_key(
            &key, &fixture.node->home.corridor, &public.sign, &public.cosign);
        ck_assert_int_eq(note_parse(&parsed, text), ERR_OK);
        ck_assert_int_eq(checkpoint_note_answer(
                             &note, buf_bytes(&out->body), parsed.text, &keys),
            ERR_OK);
        ck_assert_uint_eq(note.cosigned_count, 1);
    }
    buf_release(&checkpoint);
    buf_release(&body);
}

static void
expect(size_t which, uint64_t old, uint64_t size, unsigned status)
{
    struct reply reply;

    ask(which, old, size, &reply);
    ck_assert_msg(reply.status == status,
        "tree %zu from %" PRIu64 " to %" PRIu64 ": %u", which, old, size,
        reply.status);
    ck_assert(reply.is_size == (status == 409));
    buf_release(&reply.body);
}

START_TEST(a_log_from_outside_is_cosigned_as_it_grows)
{
    struct reply reply;

    expect(0, 0, 5, 200);
    expect(0, 5, 8, 200);
    expect(0, 8, 8, 200);
    expect(0, 8, SIZE, 200);
    ask(0, 8, SIZE, &reply);
    ck_assert_uint_eq(reply.status, 409);
    ck_assert(bytes_equal(buf_bytes(&reply.body), bytes_text("21\n")));
    buf_release(&reply.body);
    expect(0, 21, 13, 400);
    expect(0, 13, 13, 409);
    expect(1, SIZE, SIZE, 409);
}
END_TEST

/* Whatever is asked, and wherever it is stopped: what was cosigned before is
 * part of all that is cosigned later. */
START_TEST(two_trees_are_never_cosigned)
{
    static const uint64_t sizes[] = {1, 2, 3, 4, 7, 8, 13, 16, SIZE};
    const size_t count = sizeof(sizes) / sizeof(sizes[0]);
    uint64_t last = 5;

    expect(0, 0, 5, 200);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            struct reply reply;

            if (i > k) {
                continue;
            }
            if ((i + k) % 8 == 0) { /* some time between them */
                stop();
                start(0);
            }
            ask(1, sizes[i], sizes[k], &reply);
            ck_assert_uint_ne(reply.status, 200);
            buf_release(&reply.body);
        }
        if (i > 0 && sizes[i] > last) {
            stop();
            start(0);
            expect(1, last, sizes[i], 422);
            expect(0, last, sizes[i], 200);
            last = sizes[i];
        }
    }
}
END_TEST

START_TEST(it_shows_what_it_has_cosigned)
{
    char hex[2 * sizeof(struct hash) + 1];
    struct buf request = {0};
    struct checkpoint checkpoint;
    struct hash hash;
    struct reply reply;

    hash_sha256(&hash, bytes_text(origin));
    hex_encode(hex, bytes_hash(&hash));
    buf_printf(&request, "GET /%s/checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", hex);
    send_all(buf_bytes(&request), &reply);
    ck_assert_uint_eq(reply.status, 404);
    buf_release(&reply.body);
    expect(0, 0, 5, 200);
    expect(0, 5, 13, 200);
    send_all(buf_bytes(&request), &reply);
    ck_assert_uint_eq(reply.status, 200);
    ck_assert_int_eq(
        checkpoint_note_peek(&checkpoint, buf_bytes(&reply.body)), ERR_OK);
    ck_assert_uint_eq(checkpoint.size, 13);
    ck_assert_str_eq(checkpoint.origin, origin);
    buf_release(&reply.body);
    buf_release(&request);
}
END_TEST

/* Without memory it may have cosigned and not be able to say so; it never says
 * so and has not. */
START_TEST(no_memory_is_not_now)
{
    const struct witness witness = {.node = fixture.node, .policy = &policy};
    struct witness_request request = {.old_size = 0};
    struct buf checkpoint = {0};
    struct buf body = {0};
    struct hash root;
    bool was_hit = true;

    tree_root(&root, &trees[0], 5);
    signer_checkpoint(&checkpoint, &log_signer, 5, &root);
    request.checkpoint = buf_bytes(&checkpoint);
    ck_assert_int_eq(witness_request_write(&body, &request), ERR_OK);
    for (long n = 0; was_hit; n++) {
        struct witness_answer answer;

        mem_fault_after(n);
        witness_add_checkpoint(&witness, buf_bytes(&body), &answer);
        was_hit = mem_fault_hit();
        mem_fault_after(-1);
        ck_assert_msg(answer.status == 200 || answer.status == 409 ||
                          answer.status == 503,
            "%ld: %u", n, answer.status);
        if (answer.status == 200 && buf_err(&answer.body) == ERR_OK) {
            expect(0, 0, 5, 409);
        }
        buf_release(&answer.body);
    }
    expect(0, 5, 5, 200);
    buf_release(&checkpoint);
    buf_release(&body);
}
END_TEST

#define POST "POST /add-checkpoint HTTP/1.1\r\n"

static const struct {
    const char *name;
    const char *request;
    unsigned status;
} requests[] = {
    {"no HTTP", "hello\r\n\r\n", 0},
    {"nothing there", "GET / HTTP/1.1\r\nHost: w\r\n\r\n", 404},
    {"the API", "GET /v1/status HTTP/1.1\r\nHost: w\r\n\r\n", 404},
    {"by GET", "GET /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", 405},
    {"by POST",
        "POST /0000000000000000000000000000000000000000000000000000000000000000"
        "/checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 0\r\n\r\n",
        405},
    {"no log of that name",
        "GET /0000000000000000000000000000000000000000000000000000000000000000"
        "/checkpoint HTTP/1.1\r\nHost: w\r\n\r\n",
        404},
    {"a name in capitals",
        "GET /A000000000000000000000000000000000000000000000000000000000000000"
        "/checkpoint HTTP/1.1\r\nHost: w\r\n\r\n",
        404},
    {"too short a name", "GET /00/checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", 404},
    {"no body", POST "Host: w\r\nContent-Length: 0\r\n\r\n", 400},
    {"garbage", POST "Host: w\r\nContent-Length: 5\r\n\r\nhello", 400},
    {"half a request", POST "Host: w\r\nContent-Length: 7\r\n\r\nold 0\n\n",
        400},
    {"a body that is too big", POST "Host: w\r\nContent-Length: 73729\r\n\r\n",
        413},
    {"a body of no size", POST "Host: w\r\nContent-Length: -1\r\n\r\n", 400},
};

START_TEST(what_is_no_request_is_refused)
{
    struct reply reply;

    send_all(bytes_text(requests[_i].request), &reply);
    ck_assert_msg(reply.status == requests[_i].status, "%s: %u",
        requests[_i].name, reply.status);
    buf_release(&reply.body);
    expect(0, 0, 5, 200);
}
END_TEST

/* A body that does not say how long it is, and does not end. */
START_TEST(an_endless_body_is_hung_up_on)
{
    struct buf request = {0};
    struct reply reply;

    buf_put_text(
        &request, POST "Host: w\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < 100; i++) {
        buf_printf(&request, "400\r\n%01024d\r\n", 0);
    }
    send_all(buf_bytes(&request), &reply);
    ck_assert_uint_eq(reply.status, 0);
    buf_release(&reply.body);
    buf_release(&request);
    expect(0, 0, 5, 200);
}
END_TEST

START_TEST(who_sends_a_byte_now_and_then_is_cut_off)
{
    static const char request[] = POST "Host: w\r\nX: ";
    uint64_t until = node_monotonic_ms(NULL) + WAIT_MS_MAX;
    uint64_t next_ms = 0;
    bool is_cut = false;
    int fd = -1;

    stop();
    start(CUT_MS);
    fd = open_tcp();
    ck_assert_int_gt(send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL), 0);
    while (!is_cut && node_monotonic_ms(NULL) < until) {
        char piece[64];
        ssize_t got = 0;

        if (node_monotonic_ms(NULL) >= next_ms) {
            (void)send(fd, "x", 1, MSG_NOSIGNAL);
            next_ms = node_monotonic_ms(NULL) + CUT_MS / 10;
        }
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        got = recv(fd, piece, sizeof(piece), 0);
        is_cut = got == 0 || (got < 0 && errno != EAGAIN);
    }
    ck_assert(is_cut);
    (void)close(fd);
    stop();
    start(0);
    expect(0, 0, 5, 200);
}
END_TEST

START_TEST(who_asks_too_often_is_told)
{
    struct reply reply = {.status = 0};

    for (int i = 0; i < 10000 && reply.status != 429; i++) {
        send_all(bytes_text("GET / HTTP/1.1\r\nHost: w\r\n\r\n"), &reply);
        buf_release(&reply.body);
    }
    ck_assert_uint_eq(reply.status, 429);
}
END_TEST

/* More than there may be from one address are hung up on; then there is room
 * again. */
START_TEST(connections_are_so_many)
{
    int fds[LISTEN_CONNECTIONS_PER_ADDRESS_MAX + 4];
    const size_t count = sizeof(fds) / sizeof(fds[0]);
    uint64_t until = node_monotonic_ms(NULL) + WAIT_MS_MAX;
    size_t closed = 0;

    for (size_t i = 0; i < count; i++) {
        fds[i] = open_tcp();
    }
    while (closed < 4 && node_monotonic_ms(NULL) < until) {
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        for (size_t i = 0; i < count; i++) {
            char piece[64];
            ssize_t got =
                fds[i] < 0 ? -1 : recv(fds[i], piece, sizeof(piece), 0);

            if (fds[i] >= 0 && (got == 0 || (got < 0 && errno != EAGAIN))) {
                (void)close(fds[i]);
                fds[i] = -1;
                closed++;
            }
        }
    }
    ck_assert_uint_eq(closed, 4);
    for (size_t i = 0; i < count; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
    for (int i = 0; i < 20; i++) {
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    }
    expect(0, 0, 5, 200);
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("listen");
    TCase *tc = tcase_create("listen");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_log_from_outside_is_cosigned_as_it_grows);
    tcase_add_test(tc, two_trees_are_never_cosigned);
    tcase_add_test(tc, it_shows_what_it_has_cosigned);
    tcase_add_test(tc, no_memory_is_not_now);
    tcase_add_loop_test(tc, what_is_no_request_is_refused, 0,
        sizeof(requests) / sizeof(requests[0]));
    tcase_add_test(tc, an_endless_body_is_hung_up_on);
    tcase_add_test(tc, who_sends_a_byte_now_and_then_is_cut_off);
    tcase_add_test(tc, who_asks_too_often_is_told);
    tcase_add_test(tc, connections_are_so_many);
    suite_add_tcase(s, tc);
    return s;
}

int
main(void)
{
    return run_suite(suite());
}
