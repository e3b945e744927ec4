/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets that HTTP is spoken on. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/serve/config.h"
#include "node/serve/web.h"

enum { BACKLOG = 64 };

enum err
web_socket(int family, int *out, struct err_msg *msg)
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

/* The address and port that it got. */
static enum err
learn_address(int fd, char out[WEB_ADDRESS_BYTES], struct err_msg *msg)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    char host[48];
    char port[6];

    memset(&address, 0, sizeof(address));
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0 ||
        getnameinfo((const struct sockaddr *)&address, size, host, sizeof(host),
            port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return err_set(msg, ERR_IO, "getsockname: %s", strerror(errno));
    }
    (void)snprintf(out, WEB_ADDRESS_BYTES,
        address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
    return ERR_OK;
}

static enum err
listen_at(const struct web_bind *to, const struct addrinfo *found, int *out_fd,
    char out_address[WEB_ADDRESS_BYTES], struct err_msg *msg)
{
    int on = 1;
    int fd = -1;
    enum err rc = ERR_OK;

    if (to->is_local && !is_loopback(found->ai_addr)) {
        return err_set(msg, ERR_CONFIG,
            "%s listens on this machine only: 127.0.0.1 or [::1]", to->name);
    }
    rc = web_socket(found->ai_family, &fd, msg);
    if (rc != ERR_OK) {
        return rc;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 ||
        listen(fd, BACKLOG) != 0) {
        rc = err_set(
            msg, ERR_IO, "listen on %s: %s", to->address, strerror(errno));
    }
    if (rc == ERR_OK) {
        rc = learn_address(fd, out_address, msg);
    }
    if (rc != ERR_OK) {
        (void)close(fd);
        return rc;
    }
    *out_fd = fd;
    return ERR_OK;
}

enum err
web_listen(const struct web_bind *to, int *out_fd,
    char out_address[WEB_ADDRESS_BYTES], struct err_msg *msg)
{
    char host[CONFIG_ADDRESS_BYTES_MAX + 1];
    char port[6];
    struct addrinfo hints;
    struct addrinfo *found = NULL;
    enum err rc = ERR_OK;

    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV | AI_PASSIVE;
    if (!config_split_address(to->address, host, port) ||
        getaddrinfo(host, port, &hints, &found) != 0) {
        return err_set(msg, ERR_CONFIG, "%s's address is %s", to->name,
            to->is_local ? "127.0.0.1:PORT or [::1]:PORT"
                         : "HOST:PORT or [IPV6]:PORT");
    }
    rc = listen_at(to, found, out_fd, out_address, msg);
    freeaddrinfo(found);
    return rc;
}
