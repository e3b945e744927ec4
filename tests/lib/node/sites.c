/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/node/sites.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "crypto/base/cbor.h"

const char sites_passphrase[] = "a passphrase";

void
sites_open(struct sites *sites, size_t index, const char *listen, bool dials)
{
    struct site *site = &sites->site[index];
    struct node_options node = {.home = site->path,
        .passphrase = bytes_text(sites_passphrase),
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

void
sites_close(struct sites *sites, size_t index)
{
    server_free(sites->site[index].server);
    node_close(sites->site[index].node);
    sites->site[index].server = NULL;
    sites->site[index].node = NULL;
}

void
sites_setup(struct sites *sites)
{
    static const char *const names[] = {"Ministry", "Embassy", "Centre"};

    memset(sites, 0, sizeof(*sites));
    scratch_make(&sites->scratch);
    for (size_t i = 0; i < SITES_MAX; i++) {
        struct home_options options = {.path = sites->site[i].path,
            .office_name = names[i],
            .node_name = "server",
            .country = "",
            .type = "ministry",
            .passphrase = bytes_text(sites_passphrase),
            .is_cheap = true};
        scratch_path(sites->site[i].path, &sites->scratch, names[i]);
        ck_assert_int_eq(home_make(&options, NULL), ERR_OK);
    }
}

void
sites_teardown(struct sites *sites)
{
    for (size_t i = 0; i < SITES_MAX; i++) {
        sites_close(sites, i);
    }
    scratch_remove(&sites->scratch);
}

void
sites_turn(struct sites *sites)
{
    struct pollfd fds[SITES_MAX];
    nfds_t count = 0;

    for (size_t i = 0; i < SITES_MAX; i++) {
        if (sites->site[i].server != NULL) {
            uv_loop_t *loop = server_loop(sites->site[i].server);
            uv_run(loop, UV_RUN_NOWAIT);
            fds[count].fd = uv_backend_fd(loop);
            fds[count].events = POLLIN;
            count++;
        }
    }
    poll(fds, count, 1);
}

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

void
sites_found(struct sites *sites, size_t index)
{
    struct site *site = &sites->site[index];
    struct err_msg msg = {{0}};

    ck_assert_msg(node_found(site->node, "Mekong", POLICY_SHARE_BY_DEFAULT,
                      bytes_text(sites_passphrase), &msg) == ERR_OK,
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

void
sites_invite(struct sites *sites, size_t host, struct invite *out)
{
    struct node *node = sites->site[host].node;
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
        server_listen_address(sites->site[host].server));
}

void
sites_begin_join(struct sites *sites, size_t joiner,
    const struct invite *invitation, uint64_t timeout_ms)
{
    struct site *site = &sites->site[joiner];
    struct buf cert = {0};
    struct join_request request = {.invite = invitation,
        .timeout_ms = timeout_ms,
        .done = on_joined,
        .context = site};

    ck_assert_int_eq(node_certify(site->node, &invitation->corridor,
                         bytes_text(sites_passphrase), &cert, NULL),
        ERR_OK);
    request.cert = buf_bytes(&cert);
    site->is_done = false;
    ck_assert_int_eq(server_join(site->server, &request), ERR_OK);
    buf_release(&cert);
}

void
sites_join(struct sites *sites, size_t joiner, size_t host)
{
    struct site *site = &sites->site[joiner];
    struct invite invitation;

    sites_invite(sites, host, &invitation);
    sites_begin_join(sites, joiner, &invitation, SITES_REQUEST_MS);
    SITES_WAIT_FOR(sites, site->is_done);
    ck_assert_msg(site->rc == ERR_OK, "%s", site->msg.text);
}

void
sites_sync(struct sites *sites, size_t index)
{
    struct site *site = &sites->site[index];
    struct sync_request request = {
        .timeout_ms = SITES_REQUEST_MS, .done = on_synced, .context = site};

    site->is_done = false;
    ck_assert_int_eq(server_sync(site->server, &request), ERR_OK);
    SITES_WAIT_FOR(sites, site->is_done);
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

void
sites_write_record(struct sites *sites, size_t index)
{
    struct err_msg msg = {{0}};

    ck_assert_msg(
        node_write(sites->site[index].node, write_agency, NULL, &msg) == ERR_OK,
        "%s", msg.text);
}

struct view_stat
sites_stat(struct sites *sites, size_t index)
{
    struct view *view = NULL;
    struct view_stat stat;

    ck_assert_int_eq(
        view_open(&view, sites->site[index].node->store, NULL), ERR_OK);
    ck_assert_int_eq(view_stat(view, &stat, NULL), ERR_OK);
    view_close(view);
    return stat;
}

void
sites_make_corridor(struct sites *sites, bool dials)
{
    sites_open(sites, 0, "127.0.0.1:0", dials);
    sites_open(sites, 1, NULL, dials);
    sites_found(sites, 0);
    sites_join(sites, 1, 0);
}
