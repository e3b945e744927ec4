/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets that the API listens on, and the token. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "node/api/http_internal.h"
#include "storage/disk.h"

enum { BACKLOG = 64 };

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
    rc = web_socket(AF_UNIX, &fd, msg);
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

enum err
http_bind_tcp(struct http *http, int *out_fd, struct err_msg *msg)
{
    const struct web_bind to = {
        .address = http->options.listen, .is_local = true, .name = "the API"};
    struct endpoint *endpoint = &http->endpoints[ENDPOINT_TCP];
    const char *port = NULL;
    enum err rc = web_listen(&to, out_fd, http->address, msg);

    if (rc != ERR_OK) {
        return rc;
    }
    /* What a Host header may say. */
    port = strrchr(http->address, ':');
    (void)snprintf(endpoint->hosts[0], WEB_ADDRESS_BYTES, "localhost%s", port);
    (void)snprintf(endpoint->hosts[1], WEB_ADDRESS_BYTES, "127.0.0.1%s", port);
    (void)snprintf(endpoint->hosts[2], WEB_ADDRESS_BYTES, "[::1]%s", port);
    return ERR_OK;
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
