/* SPDX-License-Identifier: Apache-2.0 */
#include "node/audit/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/base/mem.h"

static enum err
from_errno(int code)
{
    switch (code) {
    case ENOENT:
        return ERR_NOT_FOUND;
    case ELOOP:   /* a link, with O_NOFOLLOW */
    case ENOTDIR: /* a file, or a link, where a folder should be */
    case ENXIO:   /* a pipe or a device without its other end */
    case ENODEV:
        return ERR_CONFIG;
    case EACCES:
    case EPERM:
        return ERR_DENIED;
    case ENAMETOOLONG:
        return ERR_TOO_BIG;
    case ENOMEM:
        return ERR_NOMEM;
    default:
        return ERR_IO;
    }
}

enum err
tree_open(struct tree *out, const char *path, struct err_msg *msg)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        int code = errno;

        return err_set(
            msg, from_errno(code), "open %s: %s", path, strerror(code));
    }
    out->fd = fd;
    return ERR_OK;
}

void
tree_close(struct tree *tree)
{
    if (tree->fd >= 0) {
        (void)close(tree->fd);
    }
    tree->fd = -1;
}

/*
 * Open `name` folder by folder, so that no link on the way is followed. What
 * is returned was opened with `flags`.
 */
static enum err
open_below(int *out, int root, const char *name, int flags)
{
    char part[TREE_PATH_BYTES_MAX + 1];
    int at = root;
    int next = -1;

    if (strlen(name) > TREE_PATH_BYTES_MAX) {
        return ERR_TOO_BIG;
    }
    for (;;) {
        const size_t size = strcspn(name, "/");
        const bool is_last = name[size] == '\0';
        int code = 0;

        memcpy(part, name, size);
        part[size] = '\0';
        next = openat(at, part,
            (is_last ? flags : O_RDONLY | O_DIRECTORY) | O_NOFOLLOW |
                O_CLOEXEC);
        code = errno;
        if (at != root) {
            (void)close(at);
        }
        if (next < 0) {
            return from_errno(code);
        }
        if (is_last) {
            *out = next;
            return ERR_OK;
        }
        at = next;
        name += size + 1;
    }
}

enum err
tree_open_below(struct tree *out, const struct tree *tree, const char *name)
{
    return open_below(&out->fd, tree->fd, name, O_RDONLY | O_DIRECTORY);
}

/* A regular file's bytes, of at most `limit`, into *out. */
static enum err
read_file(struct buf *out, int fd, size_t limit)
{
    struct stat info;
    size_t size = 0;

    buf_clear(out);
    if (fstat(fd, &info) != 0) {
        return ERR_IO;
    }
    if (!S_ISREG(info.st_mode)) {
        return ERR_CONFIG;
    }
    if (info.st_size < 0 || (uint64_t)info.st_size > limit) {
        return ERR_TOO_BIG;
    }
    size = (size_t)info.st_size;
    while (out->size < size) {
        const size_t old = out->size;
        uint8_t *room = buf_extend(out, size - old);
        ssize_t n = 0;

        if (room == NULL) {
            return buf_err(out);
        }
        n = read(fd, room, size - old);
        buf_truncate(out, n > 0 ? old + (size_t)n : old);
        if (n < 0 && errno != EINTR) {
            return ERR_IO;
        }
        if (n == 0) {
            break; /* it has become shorter meanwhile */
        }
    }
    return ERR_OK;
}

enum err
tree_read(
    struct buf *out, const struct tree *tree, const char *name, size_t limit)
{
    int fd = -1;
    /* A pipe would keep an ordinary open waiting for its writer. */
    enum err rc = open_below(&fd, tree->fd, name, O_RDONLY | O_NONBLOCK);

    if (rc == ERR_OK) {
        rc = read_file(out, fd, limit);
        (void)close(fd);
    }
    return rc;
}

enum err
tree_read_named(
    struct buf *out, const char *path, size_t limit, struct err_msg *msg)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    enum err rc = ERR_OK;

    if (fd < 0) {
        int code = errno;

        return err_set(
            msg, from_errno(code), "open %s: %s", path, strerror(code));
    }
    rc = read_file(out, fd, limit);
    (void)close(fd);
    switch (rc) {
    case ERR_OK:
        return ERR_OK;
    case ERR_CONFIG:
        return err_set(msg, rc, "%s is not a regular file", path);
    case ERR_TOO_BIG:
        return err_set(msg, rc, "%s is larger than %zu bytes", path, limit);
    default:
        return err_set(msg, rc, "read %s: %s", path, err_text(rc));
    }
}

enum err
tree_kind_of(const char *path, enum tree_kind *out, struct err_msg *msg)
{
    struct stat info;

    if (stat(path, &info) != 0) {
        int code = errno;

        return err_set(
            msg, from_errno(code), "look at %s: %s", path, strerror(code));
    }
    *out = S_ISDIR(info.st_mode)   ? TREE_FOLDER
           : S_ISREG(info.st_mode) ? TREE_FILE
                                   : TREE_OTHER;
    return ERR_OK;
}

static size_t
depth_of(const char *path)
{
    size_t depth = path[0] == '\0' ? 0 : 1;

    for (; *path != '\0'; path++) {
        depth += *path == '/';
    }
    return depth;
}

static enum tree_kind
kind_at(int dir, const char *name)
{
    struct stat info;

    if (fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return TREE_OTHER;
    }
    return S_ISDIR(info.st_mode)   ? TREE_FOLDER
           : S_ISREG(info.st_mode) ? TREE_FILE
                                   : TREE_OTHER;
}

/* One name in the folder `below`: told, and kept if it is to be entered. */
static enum err
visit_name(int dir, const char *below, const char *name, struct buf *pending,
    const struct tree_visitor *visitor)
{
    char path[TREE_PATH_BYTES_MAX + 256 + 2];
    enum tree_kind kind = kind_at(dir, name);

    snprintf(
        path, sizeof(path), "%s%s%s", below, below[0] == '\0' ? "" : "/", name);
    if (kind == TREE_FOLDER && pending != NULL &&
        (strlen(path) > TREE_PATH_BYTES_MAX ||
            depth_of(path) > TREE_DEPTH_MAX)) {
        kind = TREE_OTHER;
    }
    if (kind == TREE_FOLDER && pending != NULL) {
        buf_put(pending, path, strlen(path) + 1);
    }
    return visitor->visit(visitor->context, path, kind);
}

static enum err
visit_folder(const struct tree *tree, const char *below, struct buf *pending,
    const struct tree_visitor *visitor)
{
    int fd = -1;
    DIR *dir = NULL;
    enum err rc = open_below(
        &fd, tree->fd, below[0] == '\0' ? "." : below, O_RDONLY | O_DIRECTORY);

    if (rc != ERR_OK) {
        return rc;
    }
    dir = fdopendir(fd);
    if (dir == NULL) {
        (void)close(fd);
        return ERR_NOMEM;
    }
    while (rc == ERR_OK) {
        const struct dirent *item = NULL;

        errno = 0;
        item = readdir(dir);
        if (item == NULL) {
            rc = errno != 0 ? ERR_IO : ERR_OK;
            break;
        }
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0) {
            rc = visit_name(fd, below, item->d_name, pending, visitor);
        }
    }
    (void)closedir(dir);
    return rc;
}

/* Take the last path off the list. */
static void
take_last(struct buf *pending, char out[TREE_PATH_BYTES_MAX + 1])
{
    size_t start = pending->size - 1;

    while (start > 0 && pending->data[start - 1] != '\0') {
        start--;
    }
    assert(pending->size - start <= TREE_PATH_BYTES_MAX + 1);
    memcpy(out, pending->data + start, pending->size - start);
    buf_truncate(pending, start);
}

enum err
tree_walk(
    const struct tree *tree, bool is_flat, const struct tree_visitor *visitor)
{
    char path[TREE_PATH_BYTES_MAX + 1] = "";
    struct buf pending = {0};
    enum err rc = ERR_OK;

    for (;;) {
        rc = visit_folder(tree, path, is_flat ? NULL : &pending, visitor);
        if (rc == ERR_DENIED && path[0] != '\0') {
            rc = visitor->visit(visitor->context, path, TREE_CLOSED);
        }
        if (rc == ERR_OK) {
            rc = buf_err(&pending);
        }
        if (rc != ERR_OK || pending.size == 0) {
            break;
        }
        take_last(&pending, path);
    }
    buf_release(&pending);
    return rc;
}
