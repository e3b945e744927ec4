/* SPDX-License-Identifier: Apache-2.0 */
/* For syncfs: one call makes thousands of files durable. */
#define _GNU_SOURCE

#include "node/audit/outdir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err
from_errno(int code)
{
    switch (code) {
    case ENOENT:
        return ERR_NOT_FOUND;
    case ELOOP:
    case ENOTDIR:
    case EISDIR:
        return ERR_CONFIG;
    case ENOSPC:
    case EDQUOT:
        return ERR_FULL;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_DENIED;
    default:
        return ERR_IO;
    }
}

static enum err
io_err(const struct outdir *dir, const char *verb, const char *name,
    struct err_msg *msg)
{
    const int code = errno;

    return err_set(msg, from_errno(code), "%s %s/%s: %s", verb, dir->path, name,
        strerror(code));
}

enum err
outdir_open(struct outdir *out, const char *path, struct err_msg *msg)
{
    enum err rc = ERR_OK;

    *out = (struct outdir){.tree = {.fd = -1}, .path = path};
    for (size_t i = 0; i < OUTDIR_FOLDERS; i++) {
        out->folders[i].fd = -1;
    }
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        const int code = errno;

        return err_set(
            msg, from_errno(code), "make %s: %s", path, strerror(code));
    }
    rc = tree_open(&out->tree, path, msg);
    if (rc == ERR_OK && flock(out->tree.fd, LOCK_EX | LOCK_NB) != 0) {
        rc = err_set(msg, errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO,
            "another export is writing into %s", path);
    }
    return rc;
}

static void
forget_folder(struct outdir_folder *folder)
{
    if (folder->fd >= 0) {
        (void)close(folder->fd);
    }
    folder->fd = -1;
}

static void
forget_folders(struct outdir *dir)
{
    for (size_t i = 0; i < OUTDIR_FOLDERS; i++) {
        forget_folder(&dir->folders[i]);
    }
}

void
outdir_close(struct outdir *dir)
{
    forget_folders(dir);
    tree_close(&dir->tree);
}

/* The folder `part` in `at`, made unless it is there; no link is followed. */
static int
open_folder(int at, const char *part)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(at, part, flags);

    if (fd < 0 && errno == ENOENT &&
        (mkdirat(at, part, 0777) == 0 || errno == EEXIST)) {
        fd = openat(at, part, flags);
    }
    return fd;
}

/* Open `folder`, one part after another, making what is missing; -1 and errno
 * on failure. */
static int
open_folders(const struct outdir *dir, const char *folder)
{
    char part[TREE_PATH_BYTES_MAX + 1];
    int at = openat(dir->tree.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    while (at >= 0 && folder[0] != '\0') {
        const size_t size = strcspn(folder, "/");
        const int above = at;
        int code = 0;

        memcpy(part, folder, size);
        part[size] = '\0';
        at = open_folder(above, part);
        code = errno;
        (void)close(above);
        errno = code;
        folder += size + (folder[size] == '/' ? 1 : 0);
    }
    return at;
}

static bool
is_folder_of(const struct outdir_folder *folder, struct bytes path)
{
    return folder->fd >= 0 && bytes_equal(bytes_text(folder->path), path);
}

/*
 * The folder that `name` stands in, made if it is missing. *out_last is the
 * name within it. -1 and errno on failure; else a descriptor that lives until
 * the next call.
 */
static int
open_parent(struct outdir *dir, const char *name, const char **out_last)
{
    const char *slash = strrchr(name, '/');
    const struct bytes path =
        bytes_of(name, slash == NULL ? 0 : (size_t)(slash - name));
    struct outdir_folder *folder = &dir->folders[dir->next];

    if (path.size > TREE_PATH_BYTES_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    *out_last = slash == NULL ? name : slash + 1;
    for (size_t i = 0; i < OUTDIR_FOLDERS; i++) {
        if (is_folder_of(&dir->folders[i], path)) {
            return dir->folders[i].fd;
        }
    }
    dir->next = (dir->next + 1) % OUTDIR_FOLDERS;
    forget_folder(folder);
    memcpy(folder->path, path.data, path.size);
    folder->path[path.size] = '\0';
    folder->fd = open_folders(dir, folder->path);
    return folder->fd;
}

static int
write_all(int fd, struct bytes bytes)
{
    while (bytes.size > 0) {
        const ssize_t n = write(fd, bytes.data, bytes.size);

        if (n < 0 && errno != EINTR) {
            return -1;
        }
        bytes.data += n > 0 ? n : 0;
        bytes.size -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* A new file. What has the name is not written into, but goes: a link may
 * lead elsewhere. */
static int
open_new(int at, const char *name)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(at, name, flags, 0666);

    if (fd < 0 && errno == EEXIST && unlinkat(at, name, 0) == 0) {
        fd = openat(at, name, flags, 0666);
    }
    return fd;
}

/* A new file in the folder `at`; 0, or -1 and errno. */
static int
create(int at, const char *name, struct bytes bytes, bool is_durable)
{
    const int fd = open_new(at, name);
    int code = 0;

    if (fd < 0) {
        return -1;
    }
    if (write_all(fd, bytes) != 0 || (is_durable && fsync(fd) != 0)) {
        code = errno;
    }
    if (close(fd) != 0 && code == 0) {
        code = errno;
    }
    errno = code;
    return code == 0 ? 0 : -1;
}

enum err
outdir_write(struct outdir *dir, const char *name, struct bytes bytes,
    struct err_msg *msg)
{
    const char *last = NULL;
    int at = open_parent(dir, name, &last);
    enum err rc = ERR_OK;

    if (at < 0) {
        return io_err(dir, "make the folders of", name, msg);
    }
    if (create(at, last, bytes, false) != 0) {
        rc = io_err(dir, "write", name, msg);
    }
    dir->written++;
    return rc;
}

enum err
outdir_sync(struct outdir *dir, struct err_msg *msg)
{
    return syncfs(dir->tree.fd) == 0 ? ERR_OK : io_err(dir, "sync", ".", msg);
}

/* Has the file these bytes already? */
static bool
is_same(const struct outdir *dir, const char *name, struct bytes bytes)
{
    struct buf there = {0};
    const enum err rc = tree_read(&there, &dir->tree, name, bytes.size);
    const bool same = rc == ERR_OK && bytes_equal(buf_bytes(&there), bytes);

    buf_release(&there);
    return same;
}

enum err
outdir_replace(struct outdir *dir, const char *name, struct bytes bytes,
    struct err_msg *msg)
{
    char fresh[TREE_PATH_BYTES_MAX + 8];
    const char *last = NULL;
    enum err rc = ERR_OK;
    int at = -1;

    if (is_same(dir, name, bytes)) {
        return ERR_OK;
    }
    at = open_parent(dir, name, &last);
    if (at < 0) {
        return io_err(dir, "make the folders of", name, msg);
    }
    (void)snprintf(fresh, sizeof(fresh), "%s.new", last);
    if (create(at, fresh, bytes, true) != 0 ||
        renameat(at, fresh, at, last) != 0 || fsync(at) != 0) {
        rc = io_err(dir, "write", name, msg);
        /* The one to report is the first. */
        (void)unlinkat(at, fresh, 0);
    }
    dir->written++;
    return rc;
}

enum err
outdir_remove(
    struct outdir *dir, const char *name, bool is_folder, struct err_msg *msg)
{
    struct tree parent = {.fd = -1};
    const char *slash = strrchr(name, '/');
    char folder[TREE_PATH_BYTES_MAX + 1] = ".";
    enum err rc = ERR_OK;

    if (slash != NULL) {
        (void)snprintf(
            folder, sizeof(folder), "%.*s", (int)(slash - name), name);
    }
    rc = tree_open_below(&parent, &dir->tree, folder);
    if (rc != ERR_OK) {
        return rc == ERR_NOT_FOUND
                   ? ERR_OK
                   : err_set(msg, rc, "%s/%s is no folder of ours", dir->path,
                         folder);
    }
    if (unlinkat(parent.fd, slash != NULL ? slash + 1 : name,
            is_folder ? AT_REMOVEDIR : 0) != 0 &&
        errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST) {
        rc = io_err(dir, "remove", name, msg);
    }
    tree_close(&parent);
    if (is_folder) {
        forget_folders(dir); /* it may be one of them */
    }
    return rc;
}

enum err
outdir_size(const struct outdir *dir, const char *name, uint64_t *out)
{
    struct stat info;

    if (fstatat(dir->tree.fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(info.st_mode)) {
        return ERR_NOT_FOUND;
    }
    *out = (uint64_t)info.st_size;
    return ERR_OK;
}
