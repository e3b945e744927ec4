/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of a test's own, with all that comes to be in it. */
#ifndef CORRIDOR_TESTS_LIB_SCRATCH_H
#define CORRIDOR_TESTS_LIB_SCRATCH_H

enum { SCRATCH_PATH_BYTES = 256 };

struct scratch {
    char path[64];
};

/* Make it, under TMPDIR, /dev/shm or /tmp. */
void scratch_make(struct scratch *scratch);
/* Remove it with its files and folders (to a depth of 8). */
void scratch_remove(struct scratch *scratch);
/* The path of a name in it. */
void scratch_path(char out[SCRATCH_PATH_BYTES], const struct scratch *scratch,
    const char *name);

#endif
