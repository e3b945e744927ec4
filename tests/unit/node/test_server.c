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

#include "crypto/base/cbor.h"
#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "node/api/api.h"
#include "node/invite.h"
#include "tests/lib/run.h"
#include "tests/lib/scratch.h"

static const char words[] = "a passphrase";

enum { SITES_MAX = 3, LIMIT_MS = 20 * 1000 };

/* An office with its home and, mostly, its server. */
struct site {
    char path[SCRATCH_PATH_BYTES];
    struct node *node;
    struct server *server;
    bool is_done; /* the request at hand */
    enum err rc;
    struct err_msg msg;
    char json[4096];
};

static struct scratch scratch;
static struct site sites[SITES_MAX];

static void
open_site(size_t index, const char *listen, bool dials)
{
    struct site *site = &sites[index];
    struct node_options node = {.home = site->path,
        .passphrase = bytes_text(words),
        .has_thread = true};
    struct server_options options = {.listen = listen,
        .dials = dials,
        .dial_first_ms = 100,
        .dial_max_ms = 400};
    struct err_msg msg = {{0}};

    ck_assert_msg(
        node_open(&site->node, &node, &msg) == ERR_OK, "%s", msg.text);
    options.node = site->node;
    ck_assert_msg(
        server_new(&site->server, &options, &msg) == ERR_OK, "%s", msg.text);
}

static void
close_site(size_t index)
{
    server_free(sites[index].server);
    node_close(sites[index].node);
    sites[index].server = NULL;
    sites[index].node = NULL;
}

static void
setup(void)
{
    static const char *const names[] = {"Ministry", "Embassy", "Centre"};

    scratch_make(&scratch);
    memset(sites, 0, sizeof(sites));
    for (size_t i = 0; i < SITES_MAX; i++) {
        struct home_options options = {.path = sites[i].path,
            .office_name = names[i],
            .node_name = "server",
            .country = "",
            .type = "ministry",
            .passphrase = bytes_text(words),
            .is_cheap = true};
        scratch_path(sites[i].path, &scratch, names[i]);
        ck_assert_int_eq(home_make(&options, NULL), ERR_OK);
    }
}

static void
teardown(void)
{
    for (size_t i = 0; i < SITES_MAX; i++) {
        close_site(i);
    }
    scratch_remove(&scratch);
}

/* All loops have a turn, and soon another: what a server waits for must come
 * however many turns there are. */
static void
turn(void)
{
    struct pollfd fds[SITES_MAX];
    nfds_t count = 0;

    for (size_t i = 0; i < SITES_MAX; i++) {
        if (sites[i].server != NULL) {
            uv_loop_t *loop = server_loop(sites[i].server);
            uv_run(loop, UV_RUN_NOWAIT);
            fds[count].fd = uv_backend_fd(loop);
            fds[count].events = POLLIN;
            count++;
        }
    }
    poll(fds, count, 1);
}

#define WAIT_FOR(condition) \
    do { \
        uint64_t end_ms = node_monotonic_ms(NULL) + LIMIT_MS; \
        while (!(condition)) { \
            ck_assert_msg(node_monotonic_ms(NULL) < end_ms, "waited for %s", \
                #condition); \
            turn(); \
        } \
    } while (0)

static void
on_joined(void *context, enum err rc, const struct err_msg *msg)
{
    struct site *site = context;

    site->is_done = true;
    site->rc = rc;
    site->msg = *msg;
}

static void
on_synced(
    void *context, enum err rc, const char *json, const struct err_msg *msg)
{
    struct site *site = context;

    on_joined(context, rc, msg);
    snprintf(site->json, sizeof(site->json), "%s", json);
}

static void
found(size_t index)
{
    struct site *site = &sites[index];
    struct err_msg msg = {{0}};

    ck_assert_msg(node_found(site->node, "Mekong", POLICY_SHARE_BY_DEFAULT,
                      bytes_text(words), &msg) == ERR_OK,
        "%s", msg.text);
    server_store_opened(site->server);
}

static enum err
put_invitation(void *context, struct store *store, struct err_msg *msg)
{
    const struct invitation *invitation = context;
    char name[INVITATION_NAME_CHARS + 1];
    struct buf note = {0};
    struct hash hash;
    enum err rc = invitation_encode(&note, invitation);

    invitation_hash(&hash, &invitation->secret);
    invitation_name(name, &hash);
    if (rc == ERR_OK) {
        rc = store_put_note(store, bytes_text(name), buf_bytes(&note), msg);
    }
    buf_release(&note);
    return rc;
}

/* As the line would say it, with an address before where nobody listens. */
static void
invite(size_t host, struct invite *out)
{
    struct node *node = sites[host].node;
    struct node_public keys;
    struct invitation invitation = {.roles = ROLE_READ | ROLE_WRITE,
        .expires_ms = node_wall_ms(NULL) + 3600000};

    keys_random(&invitation.secret, sizeof(invitation.secret));
    ck_assert_int_eq(
        node_write(node, put_invitation, &invitation, NULL), ERR_OK);
    memset(out, 0, sizeof(*out));
    node_secrets_public(&keys, node->secrets);
    out->corridor = node->home.corridor;
    out->node = node->home.node;
    out->noise = keys.noise;
    office_code(out->code, &node->home.office);
    out->secret = invitation.secret;
    out->expires_ms = invitation.expires_ms;
    out->address_count = 2;
    snprintf(out->addresses[0], sizeof(out->addresses[0]), "127.0.0.1:1");
    snprintf(out->addresses[1], sizeof(out->addresses[1]), "%s",
        server_listen_address(sites[host].server));
}

static void
begin_join(size_t joiner, const struct invite *invitation, uint64_t timeout_ms)
{
    struct site *site = &sites[joiner];
    struct buf cert = {0};
    struct join_request request = {.invite = invitation,
        .timeout_ms = timeout_ms,
        .done = on_joined,
        .context = site};

    ck_assert_int_eq(node_certify(site->node, &invitation->corridor,
                         bytes_text(words), &cert, NULL),
        ERR_OK);
    request.cert = buf_bytes(&cert);
    site->is_done = false;
    ck_assert_int_eq(server_join(site->server, &request), ERR_OK);
    buf_release(&cert);
}

static void
join(size_t joiner, size_t host)
{
    struct site *site = &sites[joiner];
    struct invite invitation;

    invite(host, &invitation);
    begin_join(joiner, &invitation, LIMIT_MS);
    WAIT_FOR(site->is_done);
    ck_assert_msg(site->rc == ERR_OK, "%s", site->msg.text);
}

static void
sync_pass(size_t index, uint64_t timeout_ms)
{
    struct site *site = &sites[index];
    struct sync_request request = {
        .timeout_ms = timeout_ms, .done = on_synced, .context = site};

    site->is_done = false;
    ck_assert_int_eq(server_sync(site->server, &request), ERR_OK);
    WAIT_FOR(site->is_done);
}

static enum err
write_agency(void *context, struct store *store, struct err_msg *msg)
{
    struct buf text = {0};
    struct change_op op = {.field = 1, .action = ACTION_SET, .has_value = true};
    struct edit edit = {.is_new = true, .kind = 7, .ops = &op, .op_count = 1};
    struct edit_result result;
    enum err rc = ERR_OK;

    (void)context;
    cbor_put_array(&text, 2);
    cbor_put_cstr(&text, "L-1");
    cbor_put_null(&text);
    op.value = buf_bytes(&text);
    rc = store_edit(store, &edit, &result, msg);
    buf_release(&text);
    return rc;
}

static void
write_record(size_t index)
{
    struct err_msg msg = {{0}};

    ck_assert_msg(
        node_write(sites[index].node, write_agency, NULL, &msg) == ERR_OK, "%s",
        msg.text);
}

static struct view_stat
stat_of(size_t index)
{
    struct view *view = NULL;
    struct view_stat stat;

    ck_assert_int_eq(view_open(&view, sites[index].node->store, NULL), ERR_OK);
    ck_assert_int_eq(view_stat(view, &stat, NULL), ERR_OK);
    view_close(view);
    return stat;
}

static uint64_t
records(size_t index)
{
    return stat_of(index).records;
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

    ck_assert_int_eq(server_status(sites[index].server, &text), ERR_OK);
    status = json_loadb((const char *)text.data, text.size, 0, NULL);
    ck_assert_ptr_nonnull(status);
    buf_release(&text);
    return status;
}

static bool
is_synced(size_t index)
{
    json_t *status = status_of(index);
    bool yes = json_is_true(json_object_get(peer_of(status), "synced"));

    json_decref(status);
    return yes;
}

static void
make_corridor(bool dials)
{
    open_site(0, "127.0.0.1:0", dials);
    open_site(1, NULL, dials);
    found(0);
    join(1, 0);
}

START_TEST(an_office_joins_by_a_line_and_keeps_the_corridor)
{
    make_corridor(false);
    ck_assert(sites[1].node->home.has_corridor);
    ck_assert_str_eq(sites[1].node->home.corridor_name, "Mekong");
    close_site(1);
    open_site(1, NULL, false);
    ck_assert_ptr_nonnull(sites[1].node->store);
    write_record(0);
    sync_pass(1, LIMIT_MS);
    ck_assert_msg(sites[1].rc == ERR_OK, "%s", sites[1].json);
    ck_assert_uint_eq(records(1), 1);
}
END_TEST

static void
on_called(void *context, struct api_call *call)
{
    struct site *site = context;

    site->rc = api_call_answer(call)->status < 300 ? ERR_OK : ERR_CLOSED;
    site->is_done = true;
}

/* Begin POST /v1/join at site 1, with a line of site 0's. */
static struct api_call *
begin_post_join(struct api *api, const char *passphrase)
{
    struct invite invitation;
    struct buf line = {0};
    struct api_request request = {.method = "POST", .target = "/v1/join"};
    struct api_call *call = NULL;

    invite(0, &invitation);
    ck_assert_int_eq(invite_format(&line, &invitation), ERR_OK);
    request.json = json_pack("{s:s%,s:s}", "line", (const char *)line.data,
        line.size, "passphrase", passphrase);
    ck_assert_ptr_nonnull(request.json);
    ck_assert_int_eq(api_call_new(&call, api, &request), ERR_OK);
    json_decref(request.json);
    buf_release(&line);
    sites[1].is_done = false;
    api_call_run(call);
    return call;
}

static void
expect_status(struct api *api, const char *target, unsigned status)
{
    struct api_request request = {.method = "GET", .target = target};
    struct api_response response;

    api_dispatch(api, &request, &response);
    ck_assert_msg(response.status == status, "%s: %u, not %u", target,
        response.status, status);
    api_response_release(&response);
}

START_TEST(while_a_home_joins_nothing_looks_at_its_store)
{
    struct api_options options = {0};
    struct api *api = NULL;
    struct api_call *call = NULL;

    open_site(0, "127.0.0.1:0", false);
    open_site(1, NULL, false);
    found(0);
    options.node = sites[1].node;
    options.server = sites[1].server;
    ck_assert_int_eq(api_new(&api, &options), ERR_OK);
    call = begin_post_join(api, "not the passphrase");
    api_call_start(call, on_called, &sites[1]);
    ck_assert(sites[1].is_done && sites[1].rc != ERR_OK);
    expect_status(api, "/v1/status", 200);
    api_call_free(call);

    call = begin_post_join(api, words);
    expect_status(api, "/v1/members", 409);
    api_call_start(call, on_called, &sites[1]);
    ck_assert(!sites[1].is_done);
    expect_status(api, "/v1/status", 409);
    expect_status(api, "/v1/schema", 200);
    WAIT_FOR(sites[1].is_done);
    ck_assert_int_eq(sites[1].rc, ERR_OK);
    expect_status(api, "/v1/members", 200);
    api_call_free(call);
    api_free(api);
}
END_TEST

START_TEST(a_sync_pass_carries_changes_both_ways)
{
    make_corridor(false);
    write_record(0);
    write_record(1);
    sync_pass(1, LIMIT_MS);
    ck_assert_int_eq(sites[1].rc, ERR_OK);
    ck_assert_uint_eq(records(0), 2);
    ck_assert_uint_eq(records(1), 2);
    sync_pass(1, LIMIT_MS); /* with nothing new */
    ck_assert_int_eq(sites[1].rc, ERR_OK);
    ck_assert_ptr_nonnull(strstr(sites[1].json, "\"synced\":true"));
    ck_assert_ptr_nonnull(strstr(sites[1].json, "\"name\":\"Ministry\""));
}
END_TEST

/* Ask a site's API in process; the answer's JSON is the caller's. */
static json_t *
ask(size_t index, const char *method, const char *target, const char *body)
{
    struct api_options options = {.node = sites[index].node};
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

    make_corridor(false);
    json = ask(0, "POST", "/v1/records",
        "{\"kind\":\"notice\",\"fields\":{\"from\":\"2026-01-01\"}}");
    (void)snprintf(target, sizeof(target), "/v1/records/%s",
        json_string_value(json_object_get(json, "id")));
    json_decref(json);
    sync_pass(1, LIMIT_MS);
    WAIT_FOR(stat_of(0).entries == stat_of(1).entries);
    json_decref(
        ask(0, "PATCH", target, "{\"fields\":{\"from\":\"2026-01-02\"}}"));
    json_decref(
        ask(1, "PATCH", target, "{\"fields\":{\"from\":\"2026-01-03\"}}"));
    sync_pass(1, LIMIT_MS);
    WAIT_FOR(stat_of(0).entries == stat_of(1).entries);
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
    make_corridor(true);
    WAIT_FOR(is_synced(0) && is_synced(1));
    write_record(0);
    WAIT_FOR(records(1) == 1);
    write_record(1);
    WAIT_FOR(records(0) == 2);
    WAIT_FOR(is_synced(0) && is_synced(1));
    sync_pass(0, LIMIT_MS); /* over the connection there is */
    ck_assert_int_eq(sites[0].rc, ERR_OK);
}
END_TEST

START_TEST(a_daemon_calls_again_when_its_peer_is_back)
{
    char listen[64];

    make_corridor(true);
    snprintf(
        listen, sizeof(listen), "%s", server_listen_address(sites[0].server));
    close_site(0);
    WAIT_FOR(!is_synced(1));
    write_record(1);
    open_site(0, listen, true);
    WAIT_FOR(records(0) == 1);
    WAIT_FOR(is_synced(0) && is_synced(1));
}
END_TEST

START_TEST(with_nobody_to_ask_nothing_is_confirmed)
{
    make_corridor(false);
    close_site(1); /* which joined, and has no address at the other */
    WAIT_FOR(!is_synced(0));
    sync_pass(0, LIMIT_MS);
    ck_assert_int_eq(sites[0].rc, ERR_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(sites[0].msg.text, "no office"));
}
END_TEST

START_TEST(an_office_that_does_not_answer_is_not_confirmed)
{
    make_corridor(false);
    close_site(0);
    write_record(1);
    sync_pass(1, 10000);
    ck_assert_int_eq(sites[1].rc, ERR_BUSY);
    ck_assert_ptr_nonnull(strstr(sites[1].json, "\"synced\":false"));
    ck_assert_ptr_nonnull(strstr(sites[1].json, "refused"));
    ck_assert(!is_synced(1));
}
END_TEST

START_TEST(an_office_without_an_address_is_not_found)
{
    struct office_id office = {{9}};
    struct sync_request request = {.office = &office,
        .timeout_ms = 1000,
        .done = on_synced,
        .context = &sites[0]};

    make_corridor(false);
    ck_assert_int_eq(server_sync(sites[0].server, &request), ERR_NOT_FOUND);
}
END_TEST

START_TEST(a_wrong_or_withdrawn_line_lets_nobody_in)
{
    struct invite invitation;

    open_site(0, "127.0.0.1:0", false);
    open_site(1, NULL, false);
    found(0);
    invite(0, &invitation);
    invitation.secret.bytes[0] ^= 1;
    begin_join(1, &invitation, 1500);
    WAIT_FOR(sites[1].is_done);
    ck_assert_int_eq(sites[1].rc, ERR_BUSY);
    ck_assert_ptr_nonnull(strstr(sites[1].msg.text, "no answer"));
    ck_assert(!sites[1].node->home.has_corridor);
    /* The right one does, afterwards, in the same home. */
    join(1, 0);
}
END_TEST

START_TEST(a_line_with_another_offices_code_is_not_followed)
{
    struct invite invitation;
    struct office_id other;

    open_site(0, "127.0.0.1:0", false);
    open_site(1, NULL, false);
    found(0);
    invite(0, &invitation);
    memset(&other, 7, sizeof(other));
    office_code(invitation.code, &other);
    begin_join(1, &invitation, LIMIT_MS);
    WAIT_FOR(sites[1].is_done);
    ck_assert_int_eq(sites[1].rc, ERR_DENIED);
    ck_assert_ptr_nonnull(strstr(sites[1].msg.text, "the line says"));
    ck_assert(!sites[1].node->home.has_corridor);
}
END_TEST

START_TEST(a_line_that_was_used_is_refused)
{
    struct invite invitation;

    open_site(0, "127.0.0.1:0", false);
    open_site(1, NULL, false);
    open_site(2, NULL, false);
    found(0);
    invite(0, &invitation);
    begin_join(1, &invitation, LIMIT_MS);
    WAIT_FOR(sites[1].is_done);
    ck_assert_int_eq(sites[1].rc, ERR_OK);
    begin_join(2, &invitation, LIMIT_MS);
    WAIT_FOR(sites[2].is_done);
    ck_assert_int_eq(sites[2].rc, ERR_DENIED);
    ck_assert(!sites[2].node->home.has_corridor);
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

START_TEST(half_open_handshakes_of_one_address_are_few)
{
    enum { ALLOWED = 8 };
    int fds[ALLOWED + 1];

    open_site(0, "127.0.0.1:0", false);
    found(0);
    for (size_t i = 0; i <= ALLOWED; i++) {
        fds[i] = connect_raw(server_listen_address(sites[0].server));
        turn();
    }
    WAIT_FOR(is_ended(fds[ALLOWED]));
    for (size_t i = 0; i < ALLOWED; i++) {
        ck_assert(!is_ended(fds[i]));
    }
    /* One that goes makes room for another. */
    close(fds[0]);
    turn();
    turn();
    fds[0] = connect_raw(server_listen_address(sites[0].server));
    turn();
    turn();
    ck_assert(!is_ended(fds[0]));
    for (size_t i = 0; i <= ALLOWED; i++) {
        close(fds[i]);
    }
}
END_TEST

START_TEST(bytes_of_no_member_end_the_connection_in_silence)
{
    uint8_t junk[2 + 240] = {0, 240};
    int fd = -1;

    open_site(0, "127.0.0.1:0", false);
    found(0);
    fd = connect_raw(server_listen_address(sites[0].server));
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
        .home = sites[0].path, .passphrase = bytes_text(words)};
    struct server_options options = {.listen = wrong[_i].listen};
    struct err_msg msg = {{0}};

    ck_assert_int_eq(node_open(&sites[0].node, &node, NULL), ERR_OK);
    options.node = sites[0].node;
    ck_assert_int_eq(
        server_new(&sites[0].server, &options, &msg), wrong[_i].rc);
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

    make_corridor(true);
    events_subscribe(server_events(sites[0].server), &seen.subscriber);
    ck_assert_int_eq(uv_timer_init(server_loop(sites[0].server), &timer), 0);
    timer.data = sites[0].server;
    ck_assert_int_eq(uv_timer_start(&timer, stop_soon, 20, 0), 0);
    ck_assert_msg(server_run(sites[0].server, &msg) == ERR_OK, "%s", msg.text);
    ck_assert(seen.is_stopping);
}
END_TEST

static Suite *
server_suite(void)
{
    Suite *suite = suite_create("server");
    TCase *tcase = tcase_create("server");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, an_office_joins_by_a_line_and_keeps_the_corridor);
    tcase_add_test(tcase, while_a_home_joins_nothing_looks_at_its_store);
    tcase_add_test(tcase, a_sync_pass_carries_changes_both_ways);
    tcase_add_test(tcase, history_says_all_that_a_decision_discarded);
    tcase_add_test(tcase, daemons_push_changes_and_say_synced);
    tcase_add_test(tcase, a_daemon_calls_again_when_its_peer_is_back);
    tcase_add_test(tcase, with_nobody_to_ask_nothing_is_confirmed);
    tcase_add_test(tcase, an_office_that_does_not_answer_is_not_confirmed);
    tcase_add_test(tcase, an_office_without_an_address_is_not_found);
    tcase_add_test(tcase, a_wrong_or_withdrawn_line_lets_nobody_in);
    tcase_add_test(tcase, a_line_with_another_offices_code_is_not_followed);
    tcase_add_test(tcase, a_line_that_was_used_is_refused);
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
