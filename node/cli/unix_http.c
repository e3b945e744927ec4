/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cli/unix_http.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "crypto/base/num.h"

enum { READ_BYTES = 64 * 1024 };

enum err
unix_http_open(int *out_fd, const char *path, struct err_msg *msg)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(path);
    int fd = -1;
    int failed = 0;

    if (size >= sizeof(address.sun_path)) {
        return err_set(msg, ERR_CONFIG, "the home's path is too long");
    }
    memcpy(address.sun_path, path, size + 1);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) {
        return err_set(msg, ERR_IO, "socket: %s", strerror(errno));
    }
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    while (
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        failed = errno;
        if (failed != EINTR) {
            break;
        }
        failed = 0;
    }
    if (failed != 0 && failed != EISCONN) {
        (void)close(fd);
        return failed == ENOENT || failed == ECONNREFUSED
                   ? ERR_NOT_FOUND
                   : err_set(msg, ERR_IO, "connect to %s: %s", path,
                         strerror(failed));
    }
    *out_fd = fd;
    return ERR_OK;
}

static enum err
send_all(int fd, struct bytes bytes, struct err_msg *msg)
{
    while (bytes.size > 0) {
        ssize_t sent = send(fd, bytes.data, bytes.size, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            return err_set(msg, ERR_CLOSED, "the daemon: %s", strerror(errno));
        }
        bytes.data += sent;
        bytes.size -= (size_t)sent;
    }
    return ERR_OK;
}

static enum err
send_request(
    int fd, const struct unix_http_request *request, struct err_msg *msg)
{
    struct buf head = {0};
    enum err rc = ERR_OK;

    buf_put_text(&head, request->method);
    buf_put_text(&head, " ");
    buf_put_text(&head, request->target);
    buf_put_text(&head, " HTTP/1.1\r\nHost: localhost\r\n");
    if (request->if_match != NULL) {
        buf_put_text(&head, "If-Match: ");
        buf_put_text(&head, request->if_match);
        buf_put_text(&head, "\r\n");
    }
    if (request->body.size > 0) {
        buf_printf(&head,
            "Content-Type: application/json\r\nContent-Length: %zu\r\n",
            request->body.size);
    }
    buf_put_text(&head, "\r\n");
    rc = buf_err(&head);
    if (rc == ERR_OK) {
        rc = send_all(fd, buf_bytes(&head), msg);
    }
    if (rc == ERR_OK) {
        rc = send_all(fd, request->body, msg);
    }
    buf_release(&head);
    return rc;
}

/* Read once, appended. ERR_CLOSED at the end. */
static enum err
read_some(int fd, struct buf *out, struct err_msg *msg)
{
    size_t before = out->size;
    uint8_t *room = buf_extend(out, READ_BYTES);
    ssize_t got = -1;

    if (room == NULL) {
        return buf_err(out);
    }
    do {
        got = recv(fd, room, READ_BYTES, 0);
    } while (got < 0 && errno == EINTR);
    buf_truncate(out, before + (got > 0 ? (size_t)got : 0));
    if (got < 0) {
        return err_set(msg, ERR_IO, "read: %s", strerror(errno));
    }
    return got > 0 ? ERR_OK
                   : err_set(msg, ERR_CLOSED, "the daemon has hung up");
}

/* The line from *pos on, without its CRLF. */
static bool
take_line(struct bytes head, size_t *pos, struct bytes *out)
{
    for (size_t i = *pos; i + 1 < head.size; i++) {
        if (head.data[i] == '\r' && head.data[i + 1] == '\n') {
            *out = bytes_of(head.data + *pos, i - *pos);
            *pos = i + 2;
            return true;
        }
        if (head.data[i] == '\n' || head.data[i] == '\0') {
            return false;
        }
    }
    return false;
}

/* "HTTP/1.1 200 OK". */
static bool
parse_status(struct bytes line, unsigned *out)
{
    static const char version[] = "HTTP/1.1 ";
    size_t size = sizeof(version) - 1;
    uint64_t status = 0;

    if (line.size < size + 4 || memcmp(line.data, version, size) != 0 ||
        line.data[size + 3] != ' ' ||
        !num_parse_u64((const char *)line.data + size, 3, &status) ||
        status < 100) {
        return false;
    }
    *out = (unsigned)status;
    return true;
}

static bool
is_named(struct bytes name, const char *want)
{
    return name.size == strlen(want) &&
           strncasecmp((const char *)name.data, want, name.size) == 0;
}

static enum err
parse_header(struct unix_http_answer *out, struct bytes line, bool *has_length)
{
    const uint8_t *colon = memchr(line.data, ':', line.size);
    struct bytes name = line;
    struct bytes value = line;
    uint64_t length = 0;

    if (colon == NULL) {
        return ERR_MALFORMED;
    }
    name.size = (size_t)(colon - line.data);
    value = bytes_of(colon + 1, line.size - name.size - 1);
    while (value.size > 0 && value.data[0] == ' ') {
        value.data++;
        value.size--;
    }
    if (is_named(name, "Transfer-Encoding")) {
        return ERR_MALFORMED;
    }
    if (is_named(name, "Content-Length")) {
        if (*has_length ||
            !num_parse_u64((const char *)value.data, value.size, &length)) {
            return ERR_MALFORMED;
        }
        if (length > UNIX_HTTP_BODY_BYTES_MAX) {
            return ERR_TOO_BIG;
        }
        *has_length = true;
        out->length = (size_t)length;
    }
    if (is_named(name, "Content-Type")) {
        out->is_bytes = is_named(value, "application/octet-stream");
    }
    if (is_named(name, "ETag")) {
        if (value.size > UNIX_HTTP_ETAG_BYTES_MAX) {
            return ERR_MALFORMED;
        }
        memcpy(out->etag, value.data, value.size);
        out->etag[value.size] = '\0';
    }
    return ERR_OK;
}

enum err
unix_http_parse(struct unix_http_answer *out, struct bytes head)
{
    struct unix_http_answer answer = {0};
    struct bytes line = {NULL, 0};
    bool has_length = false;
    size_t pos = 0;
    enum err rc = ERR_OK;

    if (!take_line(head, &pos, &line) || !parse_status(line, &answer.status)) {
        return ERR_MALFORMED;
    }
    while (rc == ERR_OK) {
        if (!take_line(head, &pos, &line)) {
            return ERR_MALFORMED;
        }
        if (line.size == 0) {
            break;
        }
        rc = parse_header(&answer, line, &has_length);
    }
    if (rc == ERR_OK && (!has_length || pos != head.size)) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK) {
        *out = answer;
    }
    return rc;
}

/* Where the head ends in what came so far, or 0. */
static size_t
head_end(struct bytes bytes)
{
    for (size_t i = 0; i + 4 <= bytes.size; i++) {
        if (memcmp(bytes.data + i, "\r\n\r\n", 4) == 0) {
            return i + 4;
        }
    }
    return 0;
}

static enum err
read_answer(int fd, struct unix_http_answer *answer, struct buf *bytes,
    size_t *out_head, struct err_msg *msg)
{
    size_t head = 0;
    enum err rc = ERR_OK;

    while (rc == ERR_OK && head == 0) {
        if (bytes->size > UNIX_HTTP_HEAD_BYTES_MAX) {
            return err_set(msg, ERR_TOO_BIG, "the daemon's answer");
        }
        rc = read_some(fd, bytes, msg);
        head = head_end(buf_bytes(bytes));
    }
    if (rc == ERR_OK) {
        rc = unix_http_parse(answer, bytes_of(bytes->data, head));
        if (rc != ERR_OK) {
            return err_set(msg, rc, "the daemon's answer is not understood");
        }
    }
    while (rc == ERR_OK && bytes->size - head < answer->length) {
        rc = read_some(fd, bytes, msg);
    }
    if (rc == ERR_OK && bytes->size - head != answer->length) {
        rc = err_set(
            msg, ERR_MALFORMED, "the daemon says more than it was asked");
    }
    *out_head = head;
    return rc;
}

enum err
unix_http_call(int fd, const struct unix_http_request *request,
    struct unix_http_answer *answer, struct buf *out, struct err_msg *msg)
{
    struct buf bytes = {.limit = UNIX_HTTP_HEAD_BYTES_MAX +
                                 UNIX_HTTP_BODY_BYTES_MAX +
                                 (size_t)2 * READ_BYTES};
    size_t head = 0;
    enum err rc = send_request(fd, request, msg);

    if (rc == ERR_OK) {
        rc = read_answer(fd, answer, &bytes, &head, msg);
    }
    if (rc == ERR_OK) {
        buf_put(out, bytes.data + head, bytes.size - head);
        rc = buf_err(out);
    }
    buf_wipe(&bytes);
    return rc;
}
