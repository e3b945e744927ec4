/* SPDX-License-Identifier: Apache-2.0 */
#include "node/serve/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "crypto/base/num.h"

void
notify_send(const char *message)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = path == NULL ? 0 : strlen(path);
    socklen_t length = 0;
    ssize_t sent = 0;
    int fd = -1;

    if (size < 2 || size > sizeof(address.sun_path) - 1 ||
        (path[0] != '/' && path[0] != '@')) {
        return;
    }
    memcpy(address.sun_path, path, size);
    if (path[0] == '@') {
        address.sun_path[0] = '\0'; /* the abstract name space */
    }
    length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0) {
        return;
    }
    sent = sendto(fd, message, strlen(message), MSG_NOSIGNAL | MSG_DONTWAIT,
        (const struct sockaddr *)&address, length);
    (void)sent;
    close(fd);
}

uint64_t
notify_watchdog_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    uint64_t number = 0;

    if (usec == NULL || !num_parse_u64(usec, strlen(usec), &number)) {
        return 0;
    }
    if (pid != NULL) {
        uint64_t id = 0;
        if (!num_parse_u64(pid, strlen(pid), &id) || id != (uint64_t)getpid()) {
            return 0;
        }
    }
    return number / 1000;
}
