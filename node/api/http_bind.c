/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets that the API listens on, and the token. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "node/api/http_internal.h"
#include "node/serve/config.h"
#include "storage/disk.h"

enum { BACKLOG = 64 };

static enum err
new_socket(int family, int *out, struct err_msg *msg)
{
    int fd = socket(family, SOCK_STREAM, 0);

    if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        enum err rc = err_set(msg, ERR_IO, "socket: %s", strerror(errno));

        if (fd >= 0) {
            (void)close(fd);
        }
        return rc;
    }
    *out = fd;
    return ERR_OK;
}

enum err
http_bind_unix(struct http *http, int *out_fd, struct err_msg *msg)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(http->socket_path);
    mode_t old = 0;
    int bound = -1;
    int fd = -1;
    enum err rc = ERR_OK;

    if (size >= sizeof(address.sun_path)) {
        return err_set(msg, ERR_CONFIG,
            "the home's path is too long for a socket: at most %zu bytes",
            sizeof(address.sun_path) - sizeof("/corridor.sock"));
    }
    memcpy(address.sun_path, http->socket_path, size + 1);
    rc = new_socket(AF_UNIX, &fd, msg);
    if (rc != ERR_OK) {
        return rc;
    }
    /* Nobody else has the home's lock, so nobody listens there. */
    (void)unlink(http->socket_path);
    old = umask(0177);
    bound = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    (void)umask(old);
    if (bound != 0 || listen(fd, BACKLOG) != 0) {
        rc = err_set(msg, ERR_IO, "listen on %s: %s", http->socket_path,
            strerror(errno));
        (void)close(fd);
        return rc;
    }
    *out_fd = fd;
    return ERR_OK;
}

static bool
is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;

        memcpy(&v4, address, sizeof(v4));
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;

        memcpy(&v6, address, sizeof(v6));
        return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
    }
    return false;
}

/* The port it got, and what a Host header may say. */
static enum err
learn_address(struct http *http, int fd, struct err_msg *msg)
{
    struct endpoint *endpoint = &http->endpoints[ENDPOINT_TCP];
    struct sockaddr_storage address;
    struct sockaddr_in v4;
    socklen_t size = sizeof(address);
    unsigned port = 0;

    memset(&address, 0, sizeof(address));
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        return err_set(msg, ERR_IO, "getsockname: %s", strerror(errno));
    }
    /* The port stands at the same place in both. */
    memcpy(&v4, &address, sizeof(v4));
    port = ntohs(v4.sin_port);
    (void)snprintf(http->address, sizeof(http->address), "%s:%u",
        address.ss_family == AF_INET6 ? "[::1]" : "127.0.0.1", port);
    (void)snprintf(
        endpoint->hosts[0], sizeof(endpoint->hosts[0]), "localhost:%u", port);
    (void)snprintf(
        endpoint->hosts[1], sizeof(endpoint->hosts[1]), "127.0.0.1:%u", port);
    (void)snprintf(
        endpoint->hosts[2], sizeof(endpoint->hosts[2]), "[::1]:%u", port);
    return ERR_OK;
}

static enum err
bind_found(struct http *http, const struct addrinfo *found, int *out_fd,
    struct err_msg *msg)
{
    int on = 1;
    int fd = -1;
    enum err rc = ERR_OK;

    if (!is_loopback(found->ai_addr)) {
        return err_set(msg, ERR_CONFIG,
            "the API listens on this machine only: 127.0.0.1 or [::1]");
    }
    rc = new_socket(found->ai_family, &fd, msg);
    if (rc != ERR_OK) {
        return rc;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 ||
        listen(fd, BACKLOG) != 0) {
        rc = err_set(msg, ERR_IO, "listen on %s: %s", http->options.listen,
            strerror(errno));
    }
    if (rc == ERR_OK) {
        rc = learn_address(http, fd, msg);
    }
    if (rc != ERR_OK) {
        (void)close(fd);
        return rc;
    }
    *out_fd = fd;
    return ERR_OK;
}

enum err
http_bind_tcp(struct http *http, int *out_fd, struct err_msg *msg)
{
    char host[CONFIG_ADDRESS_BYTES_MAX + 1];
    char port[6];
    struct addrinfo hints;
    struct addrinfo *found = NULL;
    enum err rc = ERR_OK;

    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV | AI_PASSIVE;
    if (!config_split_address(http->options.listen, host, port) ||
        getaddrinfo(host, port, &hints, &found) != 0) {
        return err_set(msg, ERR_CONFIG,
            "the API's address is 127.0.0.1:PORT or [::1]:PORT");
    }
    rc = bind_found(http, found, out_fd, msg);
    freeaddrinfo(found);
    return rc;
}

/* 32 random bytes in hex, and a newline. */
static enum err
make_token(struct http *http, struct err_msg *msg)
{
    uint8_t random[HTTP_TOKEN_CHARS / 2];
    struct buf file = {0};
    enum err rc = ERR_OK;

    keys_random(random, sizeof(random));
    hex_encode(http->token, bytes_of(random, sizeof(random)));
    buf_put_text(&file, http->token);
    buf_put_u8(&file, '\n');
    rc = buf_err(&file);
    if (rc == ERR_OK) {
        rc = disk_write(http->options.token_path, buf_bytes(&file), true, msg);
    }
    mem_wipe(random, sizeof(random));
    buf_wipe(&file);
    return rc;
}

enum err
http_load_token(struct http *http, struct err_msg *msg)
{
    uint8_t decoded[HTTP_TOKEN_CHARS / 2];
    struct buf file = {0};
    enum err rc = disk_read(&file, http->options.token_path, 256, msg);

    if (rc == ERR_NOT_FOUND) {
        return make_token(http, msg);
    }
    if (rc == ERR_OK && (file.size < HTTP_TOKEN_CHARS ||
                            !hex_decode((const char *)file.data,
                                HTTP_TOKEN_CHARS, decoded, sizeof(decoded)))) {
        rc = err_set(msg, ERR_CONFIG,
            "%s is not 64 hexadecimal digits: remove it, and a new one is "
            "made",
            http->options.token_path);
    }
    if (rc == ERR_OK) {
        memcpy(http->token, file.data, HTTP_TOKEN_CHARS);
        http->token[HTTP_TOKEN_CHARS] = '\0';
    }
    buf_wipe(&file);
    return rc;
}
