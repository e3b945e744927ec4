/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/scratch.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH_MAX = 8 };

/* What mkdtemp replaces. */
static const char six[] = {'X', 'X', 'X', 'X', 'X', 'X', '\0'};

void
scratch_make(struct scratch *scratch)
{
    const char *parent = getenv("TMPDIR");
    int n = 0;

    if (parent == NULL) {
        /* Many small syncs: memory spares minutes. */
        parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    }
    n = snprintf(scratch->path, sizeof(scratch->path), "%s/corridor-test-%s",
        parent, six);

    ck_assert_uint_lt((size_t)n, sizeof(scratch->path));
    ck_assert_ptr_nonnull(mkdtemp(scratch->path));
}

static void
remove_tree(const char *path, unsigned depth)
{
    DIR *dir = depth < DEPTH_MAX ? opendir(path) : NULL;
    struct dirent *item = NULL;

    while (dir != NULL && (item = readdir(dir)) != NULL) {
        char child[SCRATCH_PATH_BYTES * 2];

        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0) {
            continue;
        }
        snprintf(child, sizeof(child), "%s/%s", path, item->d_name);
        if (unlink(child) != 0) {
            remove_tree(child, depth + 1);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    rmdir(path);
}

void
scratch_remove(struct scratch *scratch)
{
    remove_tree(scratch->path, 0);
}

void
scratch_path(char out[SCRATCH_PATH_BYTES], const struct scratch *scratch,
    const char *name)
{
    int n = snprintf(out, SCRATCH_PATH_BYTES, "%s/%s", scratch->path, name);

    ck_assert_uint_lt((size_t)n, SCRATCH_PATH_BYTES);
}
