/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files beside the database: read with a limit; written under a temporary
 * name, fsynced, renamed, and the directory fsynced.
 */
#ifndef CORRIDOR_STORAGE_DISK_H
#define CORRIDOR_STORAGE_DISK_H

#include "crypto/base/buf.h"

/* Make a directory of mode 0700 unless it is there. Parents must exist. */
enum err disk_make_dir(const char *path, struct err_msg *msg) MUST_USE;

/* Append the file's bytes. ERR_NOT_FOUND; ERR_TOO_BIG beyond `limit`. */
enum err disk_read(struct buf *out, const char *path, size_t limit,
    struct err_msg *msg) MUST_USE;

/* Write a file of mode 0600 whole or not at all, durable on return. With
 * is_new an existing file is ERR_EXISTS and stays. */
enum err disk_write(const char *path, struct bytes bytes, bool is_new,
    struct err_msg *msg) MUST_USE;

/* Rename and fsync the directory. */
enum err disk_rename(
    const char *from, const char *to, struct err_msg *msg) MUST_USE;

#endif
