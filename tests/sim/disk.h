/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that forgets: LMDB writes its file without syncing it, and calls
 * disk_sync at each commit. What the file held then is what a crash leaves.
 *
 *   commit:  pages written -> disk_sync: image = the file's bytes
 *   crash:   the file = image; all that was written since is gone
 *   restore: the file = an older image, as from a backup
 */
#ifndef CORRIDOR_TESTS_SIM_DISK_H
#define CORRIDOR_TESTS_SIM_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/base/err.h"
#include "tests/sim/room.h"

enum { DISK_DIR_BYTES = 256 };

/* How a crash that was planned for a sync goes. */
enum disk_crash {
    DISK_CRASH_BEFORE, /* nothing of this commit stays */
    DISK_CRASH_AFTER   /* all of it does, and nobody is told */
};

struct disk {
    char dir[DISK_DIR_BYTES];
    struct pool image;  /* data.mdb as of the last sync */
    struct pool backup; /* an older image; empty: none was taken */
    uint64_t syncs;
    bool is_dead; /* crashed: nothing more is written */
    /* Syncs until the planned crash, -1: none is planned. */
    int crash_in;
    enum disk_crash crash_how;
};

/* A disk in `parent`, by the number of its machine; its folder is made. */
void disk_init(struct disk *disk, const char *parent, unsigned number);
/* Free what it holds; the folder stays. */
void disk_release(struct disk *disk);
/* For env_options.sync. ERR_IO once it is dead. */
enum err disk_sync(void *disk) MUST_USE;
/* The power goes: nothing is durable from now on. */
void disk_die(struct disk *disk);
/* After disk_die, with the database closed: back to the last sync. */
void disk_revive(struct disk *disk);
/* Keep the present image as the backup. */
void disk_back_up(struct disk *disk);
/* Make the backup the present image; the database is closed. */
void disk_restore(struct disk *disk);

#endif
