/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/scenarios/tools/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HOST_BYTES = 64, PATH_BYTES = 4096 };

void
net_unblock(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* Under another name first, so that nobody reads half of it. */
static bool
write_port(const char *path, unsigned port)
{
    char temporary[PATH_BYTES];
    FILE *file = NULL;
    bool is_done = false;

    snprintf(temporary, sizeof(temporary), "%s.new", path);
    file = fopen(temporary, "w");
    if (file == NULL) {
        return false;
    }
    is_done = fprintf(file, "%u\n", port) > 0;
    return fclose(file) == 0 && is_done && rename(temporary, path) == 0;
}

int
net_listen(const char *port_file)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0) {
        return -1;
    }
    net_unblock(fd);
    if (bind(fd, (struct sockaddr *)&address, size) != 0 ||
        listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0 ||
        !write_port(port_file, ntohs(address.sin_port))) {
        close(fd);
        return -1;
    }
    return fd;
}

/* "host:port" as an address. */
static bool
parse(const char *text, struct sockaddr_in *out)
{
    const char *colon = strrchr(text, ':');
    char host[HOST_BYTES];
    size_t size = colon == NULL ? sizeof(host) : (size_t)(colon - text);

    if (size >= sizeof(host)) {
        return false;
    }
    memcpy(host, text, size);
    host[size] = '\0';
    *out = (struct sockaddr_in){.sin_family = AF_INET};
    out->sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    return inet_pton(AF_INET, host, &out->sin_addr) == 1;
}

int
net_dial(const char *to, const char *from)
{
    struct sockaddr_in remote;
    struct sockaddr_in local = {.sin_family = AF_INET};
    int fd = -1;

    if (!parse(to, &remote)) {
        errno = EINVAL;
        return -1;
    }
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) {
        return -1;
    }
    if ((from != NULL &&
            (inet_pton(AF_INET, from, &local.sin_addr) != 1 ||
                bind(fd, (struct sockaddr *)&local, sizeof(local)) != 0)) ||
        connect(fd, (struct sockaddr *)&remote, sizeof(remote)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool
net_send(int fd, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    while (size > 0) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += n;
        size -= (size_t)n;
    }
    return true;
}

long
net_receive(int fd, void *bytes, size_t size, int wait_ms)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    ssize_t n = 0;

    if (poll(&poller, 1, wait_ms) == 0) {
        return -1;
    }
    n = recv(fd, bytes, size, 0);
    return n < 0 ? 0 : (long)n;
}
