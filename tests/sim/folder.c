/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/folder.h"

#include <assert.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHILD_BYTES = 400 };

void
folder_make(char out[FOLDER_PATH_BYTES])
{
    const char *parent = getenv("TMPDIR");
    int n = 0;

    if (parent == NULL) {
        parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    }
    n = snprintf(out, FOLDER_PATH_BYTES, "%s/corridor-sim-XXXXXX", parent);
    assert(n > 0 && n < FOLDER_PATH_BYTES);
    assert(mkdtemp(out) != NULL);
}

static bool
join(char out[CHILD_BYTES], const char *path, const char *name)
{
    int n = snprintf(out, CHILD_BYTES, "%s/%s", path, name);

    return n > 0 && n < CHILD_BYTES;
}

/* The files of one disk. */
static void
empty(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *item = NULL;
    char child[CHILD_BYTES];

    while (dir != NULL && (item = readdir(dir)) != NULL) {
        if (item->d_name[0] != '.' && join(child, path, item->d_name)) {
            unlink(child);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

void
folder_remove(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *item = NULL;
    char child[CHILD_BYTES];

    while (dir != NULL && (item = readdir(dir)) != NULL) {
        if (item->d_name[0] != '.' && join(child, path, item->d_name)) {
            empty(child);
            rmdir(child);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    rmdir(path);
}
