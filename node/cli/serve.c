/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon: the node, the loop with its listener and dialler, and the API
 * on the same loop, until a signal or POST /v1/lock ends it.
 */
#include <string.h>

#include "node/api/http.h"
#include "node/cli/cli.h"
#include "node/serve/config.h"
#include "node/serve/server.h"
#include "node/witness/asker.h"
#include "node/witness/listen.h"

struct daemon {
    struct cli *cli;
    struct config config;
    struct diag diag;
    struct node *node;
    struct server *server;
    struct api *api;
    struct http *http;
    struct witness_policy policy;
    struct listen *listen; /* NULL: is no witness by HTTP */
    struct asker *asker;
    struct events_subscriber subscriber;
    char socket_path[HOME_PATH_BYTES_MAX + 32];
    char token_path[HOME_PATH_BYTES_MAX + 32];
};

static enum err
set_address(char out[CONFIG_ADDRESS_BYTES_MAX + 1], const char *text,
    struct err_msg *msg)
{
    char host[CONFIG_ADDRESS_BYTES_MAX + 1];
    char port[6];

    if (text == NULL) {
        return ERR_OK;
    }
    if (text[0] == '\0') {
        out[0] = '\0';
        return ERR_OK;
    }
    if (strlen(text) > CONFIG_ADDRESS_BYTES_MAX ||
        !config_split_address(text, host, port)) {
        return err_set(
            msg, ERR_CONFIG, "an address is HOST:PORT, or [IPV6]:PORT");
    }
    memcpy(out, text, strlen(text) + 1);
    return ERR_OK;
}

/* corridor.conf, and the command line over it. */
static enum err
read_config(struct daemon *daemon, struct err_msg *msg)
{
    const struct home *home = &daemon->node->home;
    char path[HOME_PATH_BYTES_MAX + 32];
    enum err rc = ERR_CONFIG;

    config_init(&daemon->config);
    if (home_path(path, sizeof(path), home, "corridor.conf") &&
        home_path(daemon->socket_path, sizeof(daemon->socket_path), home,
            "corridor.sock") &&
        home_path(daemon->token_path, sizeof(daemon->token_path), home,
            "api.token")) {
        rc = config_load(&daemon->config, path, msg);
    }
    if (rc == ERR_OK) {
        rc = home_path(path, sizeof(path), home, "witness.policy")
                 ? policy_load(&daemon->policy, path, msg)
                 : ERR_CONFIG;
    }
    if (rc == ERR_OK) {
        rc = set_address(
            daemon->config.listen, cli_option(daemon->cli, "listen"), msg);
    }
    if (rc == ERR_OK) {
        rc = set_address(
            daemon->config.api_listen, cli_option(daemon->cli, "api"), msg);
    }
    return rc;
}

static enum err
open_node(struct daemon *daemon, struct err_msg *msg)
{
    struct node_options options = {
        .home = daemon->cli->home, .has_thread = true};
    struct buf passphrase = {0};
    enum err rc = ERR_OK;

    if (options.home == NULL) {
        return err_set(msg, ERR_CONFIG,
            "which home? Give --home DIR, or set CORRIDOR_HOME");
    }
    rc = passphrase_get(
        &passphrase, cli_option(daemon->cli, "passphrase-file"), false, msg);
    if (rc == ERR_OK) {
        options.passphrase = buf_bytes(&passphrase);
        rc = node_open(&daemon->node, &options, msg);
    }
    buf_wipe(&passphrase);
    return rc;
}

/* POST /v1/lock has been answered. */
static void
on_lock(void *context)
{
    struct daemon *daemon = context;

    diag_say(&daemon->diag, DIAG_INFO, "locked: stopping");
    server_stop(daemon->server);
}

static void
on_event(struct events_subscriber *subscriber, enum events_type type)
{
    struct daemon *daemon = LIST_ITEM(subscriber, struct daemon, subscriber);

    if (type == EVENTS_STOPPING) {
        api_stop(daemon->api);
        http_stop(daemon->http);
        listen_stop(daemon->listen);
        asker_stop(daemon->asker);
    }
}

static enum err
open_server(struct daemon *daemon, struct err_msg *msg)
{
    struct server_options options = {.node = daemon->node,
        .listen = daemon->config.listen,
        .dials = daemon->config.dials,
        .dial_first_ms = daemon->config.dial_first_ms,
        .dial_max_ms = daemon->config.dial_max_ms,
        .cosign_every_ms = daemon->config.cosign_every_ms,
        .diag = &daemon->diag,
        .is_service = true};

    return server_new(&daemon->server, &options, msg);
}

static enum err
open_api(struct daemon *daemon, struct err_msg *msg)
{
    struct api_options api = {.node = daemon->node,
        .server = daemon->server,
        .stop = on_lock,
        .context = daemon};
    struct http_options http = {.loop = server_loop(daemon->server),
        .socket_path = daemon->socket_path,
        .listen = daemon->config.api_listen,
        .token_path = daemon->token_path,
        .stop = on_lock,
        .context = daemon};
    enum err rc = api_new(&daemon->api, &api);

    if (rc == ERR_OK) {
        http.api = daemon->api;
        rc = http_new(&daemon->http, &http, msg);
    }
    if (rc == ERR_OK) {
        daemon->subscriber.on_event = on_event;
        events_subscribe(server_events(daemon->server), &daemon->subscriber);
    }
    return rc;
}

static enum err
enter(void *context, struct err_msg *msg)
{
    struct daemon *daemon = context;

    return api_enter(daemon->api, msg);
}

static void
leave(void *context)
{
    struct daemon *daemon = context;

    api_leave(daemon->api);
}

/* Be a witness, and ask witnesses. */
static enum err
open_witness(struct daemon *daemon, struct err_msg *msg)
{
    const struct witness_gate gate = {enter, leave, daemon};
    const struct listen_options options = {
        .witness = {daemon->node, &daemon->policy, gate},
        .loop = server_loop(daemon->server),
        .address = daemon->config.witness_listen};
    const struct asker_options asker = {.node = daemon->node,
        .policy = &daemon->policy,
        .gate = gate,
        .loop = server_loop(daemon->server),
        .every_ms = daemon->config.ask_every_ms,
        .diag = &daemon->diag};
    enum err rc = ERR_OK;

    if (daemon->config.witness_listen[0] != '\0') {
        rc = listen_new(&daemon->listen, &options, msg);
    }
    return rc == ERR_OK ? asker_new(&daemon->asker, &asker) : rc;
}

/* The addresses that it got, for scripts that asked for port 0. */
static void
say_ready(const struct daemon *daemon)
{
    const char *listen = server_listen_address(daemon->server);
    const char *api = http_listen_address(daemon->http);

    if (listen[0] != '\0') {
        (void)fprintf(daemon->cli->out, "listen %s\n", listen);
    }
    if (api[0] != '\0') {
        (void)fprintf(daemon->cli->out, "api %s\n", api);
    }
    if (daemon->listen != NULL) {
        (void)fprintf(
            daemon->cli->out, "witness %s\n", listen_address(daemon->listen));
    }
    (void)fprintf(daemon->cli->out, "ready\n");
    (void)fflush(daemon->cli->out);
}

/* In an order in which nobody speaks to what is gone. */
static void
close_all(struct daemon *daemon)
{
    api_stop(daemon->api);
    http_stop(daemon->http);
    listen_stop(daemon->listen);
    asker_stop(daemon->asker);
    server_free(daemon->server);
    asker_free(daemon->asker);
    listen_free(daemon->listen);
    http_free(daemon->http);
    api_free(daemon->api);
    node_close(daemon->node);
    policy_release(&daemon->policy);
}

enum cli_exit
command_serve(struct cli *cli)
{
    struct daemon daemon = {.cli = cli};
    struct err_msg msg = {""};
    enum err rc = open_node(&daemon, &msg);

    if (rc == ERR_OK) {
        rc = read_config(&daemon, &msg);
    }
    if (rc == ERR_OK) {
        diag_init(&daemon.diag, daemon.config.level);
        rc = open_server(&daemon, &msg);
    }
    if (rc == ERR_OK) {
        rc = open_api(&daemon, &msg);
    }
    if (rc == ERR_OK) {
        rc = open_witness(&daemon, &msg);
    }
    if (rc == ERR_OK) {
        say_ready(&daemon);
        rc = server_run(daemon.server, &msg);
    }
    close_all(&daemon);
    return rc == ERR_OK ? CLI_DONE : cli_fail(cli, rc, &msg);
}
