/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/base/mem.h"

enum { PATH_BYTES_MAX = 1200, READ_CHUNK = 64 * 1024 };

static enum err
io_err(struct err_msg *msg, const char *verb, const char *path)
{
    int code = errno;
    enum err rc = ERR_IO;

    if (code == ENOENT) {
        rc = ERR_NOT_FOUND;
    } else if (code == ENOSPC || code == EDQUOT) {
        rc = ERR_FULL;
    } else if (code == EEXIST) {
        rc = ERR_EXISTS;
    } else if (code == EACCES || code == EPERM) {
        rc = ERR_DENIED;
    }
    return err_set(msg, rc, "%s %s: %s", verb, path, strerror(code));
}

enum err
disk_make_dir(const char *path, struct err_msg *msg)
{
    struct stat info;

    if (mkdir(path, 0700) == 0) {
        return ERR_OK;
    }
    if (errno == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
        return ERR_OK;
    }
    return io_err(msg, "make directory", path);
}

/* Passphrases and keys are read by it too: `chunk` is wiped. */
enum err
disk_read(struct buf *out, const char *path, size_t limit, struct err_msg *msg)
{
    uint8_t chunk[4096];
    size_t total = 0;
    enum err rc = ERR_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return io_err(msg, "open", path);
    }
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            rc = io_err(msg, "read", path);
            break;
        }
        if (n == 0) {
            rc = buf_err(out);
            break;
        }
        total += (size_t)n;
        if (total > limit) {
            rc = err_set(
                msg, ERR_TOO_BIG, "%s is larger than %zu bytes", path, limit);
            break;
        }
        buf_put(out, chunk, (size_t)n);
    }
    mem_wipe(chunk, sizeof(chunk));
    close(fd);
    return rc;
}

/* A rename is durable only once its directory is. */
static enum err
sync_parent(const char *path, struct err_msg *msg)
{
    char dir[PATH_BYTES_MAX];
    const char *slash = strrchr(path, '/');
    int length = slash == NULL ? 1 : (int)(slash - path);
    int fd = -1;
    enum err rc = ERR_OK;

    if (length == 0) {
        length = 1; /* the root */
    }
    snprintf(dir, sizeof(dir), "%.*s", length, slash == NULL ? "." : path);
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return io_err(msg, "open", dir);
    }
    if (fsync(fd) != 0) {
        rc = io_err(msg, "sync", dir);
    }
    close(fd);
    return rc;
}

enum err
disk_rename(const char *from, const char *to, struct err_msg *msg)
{
    if (rename(from, to) != 0) {
        return io_err(msg, "rename to", to);
    }
    return sync_parent(to, msg);
}

static enum err
write_all(int fd, struct bytes bytes, const char *path, struct err_msg *msg)
{
    size_t done = 0;

    while (done < bytes.size) {
        ssize_t n = write(fd, bytes.data + done, bytes.size - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return io_err(msg, "write", path);
        }
        done += (size_t)n;
    }
    return fsync(fd) == 0 ? ERR_OK : io_err(msg, "sync", path);
}

enum err
disk_write(
    const char *path, struct bytes bytes, bool is_new, struct err_msg *msg)
{
    char temporary[PATH_BYTES_MAX];
    enum err rc = ERR_OK;
    int fd = -1;

    if ((size_t)snprintf(temporary, sizeof(temporary), "%s.partial", path) >=
        sizeof(temporary)) {
        return err_set(msg, ERR_CONFIG, "the path %s is too long", path);
    }
    if (is_new && access(path, F_OK) == 0) {
        return err_set(msg, ERR_EXISTS, "%s exists already", path);
    }
    /* What was left there, or put there by another, is not written into: not
     * a file of other modes, nor one that a link leads to. */
    if (unlink(temporary) != 0 && errno != ENOENT) {
        return io_err(msg, "remove", temporary);
    }
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return io_err(msg, "create", temporary);
    }
    rc = write_all(fd, bytes, temporary, msg);
    if (close(fd) != 0 && rc == ERR_OK) {
        rc = io_err(msg, "close", temporary);
    }
    if (rc == ERR_OK) {
        rc = disk_rename(temporary, path, msg);
    }
    if (rc != ERR_OK) {
        unlink(temporary);
    }
    return rc;
}
