/* SPDX-License-Identifier: Apache-2.0 */
#include "node/serve/server.h"

#include <arpa/inet.h>
#include <check.h>
#include <jansson.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "node/api/api.h"
#include "tests/lib/node/sites.h"
#include "tests/lib/run.h"

static struct sites sites;

static void
setup(void)
{
    sites_setup(&sites);
}

static void
teardown(void)
{
    sites_teardown(&sites);
}

#define WAIT_FOR(condition) SITES_WAIT_FOR(&sites, condition)

static uint64_t
records(size_t index)
{
    return sites_stat(&sites, index).records;
}

/* The one other node of the one other office in the status. */
static json_t *
peer_of(json_t *status)
{
    json_t *office = json_array_get(json_object_get(status, "offices"), 0);
    json_t *peer = json_array_get(json_object_get(office, "nodes"), 0);

    ck_assert_ptr_nonnull(peer);
    return peer;
}

static json_t *
status_of(size_t index)
{
    struct buf text = {0};
    json_t *status = NULL;

    ck_assert_int_eq(server_status(sites.site[index].server, &text), ERR_OK);
    status = json_loadb((const char *)text.data, text.size, 0, NULL);
    ck_assert_ptr_nonnull(status);
    buf_release(&text);
    return status;
}

/* What the status says of the peer: "synced", "connected". */
static bool
is_said(size_t index, const char *what)
{
    json_t *status = status_of(index);
    bool yes = json_is_true(json_object_get(peer_of(status), what));

    json_decref(status);
    return yes;
}

static bool
is_synced(size_t index)
{
    return is_said(index, "synced");
}

START_TEST(a_sync_pass_carries_changes_both_ways)
{
    sites_make_corridor(&sites, false);
    sites_write_record(&sites, 0);
    sites_write_record(&sites, 1);
    sites_sync(&sites, 1);
    ck_assert_int_eq(sites.site[1].rc, ERR_OK);
    ck_assert_uint_eq(records(0), 2);
    ck_assert_uint_eq(records(1), 2);
    sites_sync(&sites, 1); /* with nothing new */
    ck_assert_int_eq(sites.site[1].rc, ERR_OK);
    ck_assert_ptr_nonnull(strstr(sites.site[1].json, "\"synced\":true"));
    ck_assert_ptr_nonnull(strstr(sites.site[1].json, "\"name\":\"Ministry\""));
}
END_TEST

/* Ask a site's API in process; the answer's JSON is the caller's. */
static json_t *
ask(size_t index, const char *method, const char *target, const char *body)
{
    struct api_options options = {.node = sites.site[index].node};
    struct api_request request = {
        .method = method, .target = target, .body = bytes_text(body)};
    struct api_response response;
    struct api *api = NULL;
    json_t *json = NULL;

    ck_assert_int_eq(api_new(&api, &options), ERR_OK);
    api_dispatch(api, &request, &response);
    ck_assert_uint_lt(response.status, 300);
    json = json_incref(response.json);
    api_response_release(&response);
    api_free(api);
    return json;
}

START_TEST(history_says_all_that_a_decision_discarded)
{
    char target[64];
    char longer[96];
    json_t *json = NULL;
    json_t *history = NULL;
    json_t *op = NULL;

    sites_make_corridor(&sites, false);
    json = ask(0, "POST", "/v1/records",
        "{\"kind\":\"notice\",\"fields\":{\"from\":\"2026-01-01\"}}");
    (void)snprintf(target, sizeof(target), "/v1/records/%s",
        json_string_value(json_object_get(json, "id")));
    json_decref(json);
    sites_sync(&sites, 1);
    WAIT_FOR(sites_stat(&sites, 0).entries == sites_stat(&sites, 1).entries);
    json_decref(
        ask(0, "PATCH", target, "{\"fields\":{\"from\":\"2026-01-02\"}}"));
    json_decref(
        ask(1, "PATCH", target, "{\"fields\":{\"from\":\"2026-01-03\"}}"));
    sites_sync(&sites, 1);
    WAIT_FOR(sites_stat(&sites, 0).entries == sites_stat(&sites, 1).entries);
    (void)snprintf(longer, sizeof(longer), "%s/settle", target);
    json_decref(ask(
        1, "POST", longer, "{\"field\":\"from\",\"value\":\"2026-01-04\"}"));
    (void)snprintf(longer, sizeof(longer), "%s/history?lang=en", target);
    json = ask(1, "GET", longer, "");
    history = json_object_get(json, "history");
    ck_assert_uint_eq(json_array_size(history), 4);
    /* Those who did not know of each other saw the same. */
    for (size_t i = 1; i < 3; i++) {
        op = json_array_get(
            json_object_get(json_array_get(history, i), "operations"), 0);
        ck_assert_str_eq(json_string_value(json_object_get(op, "before_text")),
            "2026-01-01");
        ck_assert_ptr_null(json_object_get(op, "befores"));
    }
    op = json_array_get(
        json_object_get(json_array_get(history, 3), "operations"), 0);
    ck_assert_uint_eq(json_array_size(json_object_get(op, "befores")), 2);
    ck_assert_uint_eq(
        strlen(json_string_value(json_object_get(op, "before_text"))),
        strlen("2026-01-02 | 2026-01-03"));
    json_decref(json);
}
END_TEST

START_TEST(daemons_push_changes_and_say_synced)
{
    sites_make_corridor(&sites, true);
    WAIT_FOR(is_synced(0) && is_synced(1));
    sites_write_record(&sites, 0);
    WAIT_FOR(records(1) == 1);
    sites_write_record(&sites, 1);
    WAIT_FOR(records(0) == 2);
    WAIT_FOR(is_synced(0) && is_synced(1));
    sites_sync(&sites, 0); /* over the connection there is */
    ck_assert_int_eq(sites.site[0].rc, ERR_OK);
}
END_TEST

START_TEST(a_daemon_calls_again_when_its_peer_is_back)
{
    char listen[64];

    sites_make_corridor(&sites, true);
    snprintf(listen, sizeof(listen), "%s",
        server_listen_address(sites.site[0].server));
    sites_close(&sites, 0);
    WAIT_FOR(!is_synced(1));
    sites_write_record(&sites, 1);
    sites_open(&sites, 0, listen, true);
    WAIT_FOR(records(0) == 1);
    WAIT_FOR(is_synced(0) && is_synced(1));
}
END_TEST

START_TEST(with_nobody_to_ask_nothing_is_confirmed)
{
    sites_make_corridor(&sites, false);
    sites_close(&sites, 1); /* which joined, and has no address at the other */
    WAIT_FOR(!is_said(0, "connected"));
    sites_sync(&sites, 0);
    ck_assert_int_eq(sites.site[0].rc, ERR_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(sites.site[0].msg.text, "no office"));
}
END_TEST

START_TEST(an_office_that_does_not_answer_is_not_confirmed)
{
    sites_make_corridor(&sites, false);
    sites_close(&sites, 0);
    sites_write_record(&sites, 1);
    sites_sync(&sites, 1);
    ck_assert_int_eq(sites.site[1].rc, ERR_BUSY);
    ck_assert_ptr_nonnull(strstr(sites.site[1].json, "\"synced\":false"));
    ck_assert_ptr_nonnull(strstr(sites.site[1].json, "refused"));
    ck_assert(!is_synced(1));
}
END_TEST

static void
on_unexpected(
    void *context, enum err rc, const char *json, const struct err_msg *msg)
{
    (void)context;
    (void)rc;
    (void)msg;
    ck_abort_msg("a request that was refused is answered: %s", json);
}

START_TEST(an_office_without_an_address_is_not_found)
{
    struct office_id office = {{9}};
    struct sync_request request = {
        .office = &office, .timeout_ms = 1000, .done = on_unexpected};

    sites_make_corridor(&sites, false);
    ck_assert_int_eq(
        server_sync(sites.site[0].server, &request), ERR_NOT_FOUND);
}
END_TEST

static int
connect_raw(const char *address)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_ge(fd, 0);
    to.sin_port = htons((uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static bool
is_ended(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};
    char c = 0;

    return poll(&one, 1, 0) == 1 && recv(fd, &c, 1, 0) <= 0;
}

/* One that keeps silent; *out_kept says whether it was let in. Those who call
 * are taken in the order of their calls, and of two who find no room between
 * them the second is shown the door. */
static int
connect_silent(const char *address, bool *out_kept)
{
    int fd = connect_raw(address);
    int next = connect_raw(address);

    WAIT_FOR(is_ended(next));
    *out_kept = !is_ended(fd);
    close(next);
    return fd;
}

START_TEST(half_open_handshakes_of_one_address_are_few)
{
    enum { ALLOWED = 8 };
    int fds[ALLOWED];
    uint64_t end_ms = node_monotonic_ms(NULL) + SITES_WAIT_MS;
    const char *address = NULL;
    bool is_kept = false;

    sites_open(&sites, 0, "127.0.0.1:0", false);
    sites_found(&sites, 0);
    address = server_listen_address(sites.site[0].server);
    for (size_t i = 0; i < ALLOWED - 1; i++) {
        fds[i] = connect_raw(address);
    }
    fds[ALLOWED - 1] = connect_silent(address, &is_kept);
    ck_assert(is_kept);
    for (size_t i = 0; i < ALLOWED; i++) {
        ck_assert(!is_ended(fds[i]));
    }
    /* One that goes makes room for another, once the server has seen it. */
    for (is_kept = false; !is_kept && node_monotonic_ms(NULL) < end_ms;) {
        close(fds[0]);
        fds[0] = connect_silent(address, &is_kept);
    }
    ck_assert(is_kept);
    for (size_t i = 0; i < ALLOWED; i++) {
        close(fds[i]);
    }
}
END_TEST

START_TEST(bytes_of_no_member_end_the_connection_in_silence)
{
    uint8_t junk[2 + 240] = {0, 240};
    int fd = -1;

    sites_open(&sites, 0, "127.0.0.1:0", false);
    sites_found(&sites, 0);
    fd = connect_raw(server_listen_address(sites.site[0].server));
    ck_assert_int_eq(send(fd, junk, sizeof(junk), 0), (ssize_t)sizeof(junk));
    WAIT_FOR(is_ended(fd));
    close(fd);
}
END_TEST

static const struct {
    const char *listen;
    enum err rc;
} wrong[] = {
    {"127.0.0.1", ERR_CONFIG},
    {"127.0.0.1:99999", ERR_CONFIG},
    {"192.0.2.1:0", ERR_IO},
};

START_TEST(an_address_that_cannot_be_listened_on_is_an_error)
{
    struct node_options node = {
        .home = sites.site[0].path, .passphrase = bytes_text(sites_passphrase)};
    struct server_options options = {.listen = wrong[_i].listen};
    struct err_msg msg = {{0}};

    ck_assert_int_eq(node_open(&sites.site[0].node, &node, NULL), ERR_OK);
    options.node = sites.site[0].node;
    ck_assert_int_eq(
        server_new(&sites.site[0].server, &options, &msg), wrong[_i].rc);
    ck_assert_ptr_nonnull(strstr(msg.text, wrong[_i].listen));
}
END_TEST

struct stop_seen {
    struct events_subscriber subscriber;
    bool is_stopping;
};

static void
on_event(struct events_subscriber *subscriber, enum events_type type)
{
    struct stop_seen *seen =
        LIST_ITEM(subscriber, struct stop_seen, subscriber);

    if (type == EVENTS_STOPPING) {
        seen->is_stopping = true;
        events_unsubscribe(subscriber);
    }
}

static void
stop_soon(uv_timer_t *timer)
{
    server_stop(timer->data);
    uv_close((uv_handle_t *)timer, NULL);
}

START_TEST(a_running_server_stops_when_told)
{
    struct stop_seen seen = {.subscriber = {.on_event = on_event}};
    uv_timer_t timer;
    struct err_msg msg = {{0}};

    sites_make_corridor(&sites, true);
    events_subscribe(server_events(sites.site[0].server), &seen.subscriber);
    ck_assert_int_eq(
        uv_timer_init(server_loop(sites.site[0].server), &timer), 0);
    timer.data = sites.site[0].server;
    ck_assert_int_eq(uv_timer_start(&timer, stop_soon, 20, 0), 0);
    ck_assert_msg(
        server_run(sites.site[0].server, &msg) == ERR_OK, "%s", msg.text);
    ck_assert(seen.is_stopping);
}
END_TEST

static Suite *
server_suite(void)
{
    Suite *suite = suite_create("server");
    TCase *tcase = tcase_create("server");

    tcase_set_timeout(tcase, SITES_TEST_S);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_sync_pass_carries_changes_both_ways);
    tcase_add_test(tcase, history_says_all_that_a_decision_discarded);
    tcase_add_test(tcase, daemons_push_changes_and_say_synced);
    tcase_add_test(tcase, a_daemon_calls_again_when_its_peer_is_back);
    tcase_add_test(tcase, with_nobody_to_ask_nothing_is_confirmed);
    tcase_add_test(tcase, an_office_that_does_not_answer_is_not_confirmed);
    tcase_add_test(tcase, an_office_without_an_address_is_not_found);
    tcase_add_test(tcase, half_open_handshakes_of_one_address_are_few);
    tcase_add_test(tcase, bytes_of_no_member_end_the_connection_in_silence);
    tcase_add_loop_test(tcase,
        an_address_that_cannot_be_listened_on_is_an_error, 0,
        (int)(sizeof(wrong) / sizeof(wrong[0])));
    tcase_add_test(tcase, a_running_server_stops_when_told);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    return run_suite(server_suite());
}
