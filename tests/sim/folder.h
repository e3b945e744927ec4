/* SPDX-License-Identifier: Apache-2.0 */
/* A folder for the disks of one run, in memory where the system has that. */
#ifndef CORRIDOR_TESTS_SIM_FOLDER_H
#define CORRIDOR_TESTS_SIM_FOLDER_H

enum { FOLDER_PATH_BYTES = 64 };

/* Make one, under TMPDIR, /dev/shm or /tmp. */
void folder_make(char out[FOLDER_PATH_BYTES]);
/* Remove it with the disks in it. */
void folder_remove(const char *path);

#endif
