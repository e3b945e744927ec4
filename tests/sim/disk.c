/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/disk.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void
path_of(
    char out[DISK_DIR_BYTES + 16], const struct disk *disk, const char *name)
{
    snprintf(out, DISK_DIR_BYTES + 16, "%s/%s", disk->dir, name);
}

void
disk_init(struct disk *disk, const char *parent, unsigned number)
{
    int n = snprintf(disk->dir, sizeof(disk->dir), "%s/%u", parent, number);

    assert(n > 0 && (size_t)n < sizeof(disk->dir));
    assert(mkdir(disk->dir, 0700) == 0);
    disk->crash_in = -1;
}

void
disk_release(struct disk *disk)
{
    pool_release(&disk->image);
    pool_release(&disk->backup);
}

/* The whole file into the image, whose memory is used again. */
static void
take_image(struct disk *disk)
{
    char path[DISK_DIR_BYTES + 16];
    struct stat status;
    size_t size = 0;
    size_t done = 0;
    int fd = -1;

    path_of(path, disk, "data.mdb");
    fd = open(path, O_RDONLY);
    assert(fd >= 0 && fstat(fd, &status) == 0);
    size = (size_t)status.st_size;
    disk->image.data =
        room_grow(disk->image.data, &disk->image.capacity, size, 1);
    disk->image.size = size;
    while (done < size) {
        ssize_t n = read(fd, disk->image.data + done, size - done);
        assert(n > 0);
        done += (size_t)n;
    }
    close(fd);
    disk->syncs++;
}

enum err
disk_sync(void *context)
{
    struct disk *disk = context;

    if (disk->is_dead) {
        return ERR_IO;
    }
    if (disk->crash_in == 0) {
        if (disk->crash_how == DISK_CRASH_AFTER) {
            take_image(disk);
        }
        disk_die(disk);
        return ERR_IO;
    }
    if (disk->crash_in > 0) {
        disk->crash_in--;
    }
    take_image(disk);
    return ERR_OK;
}

void
disk_die(struct disk *disk)
{
    disk->is_dead = true;
    disk->crash_in = -1;
}

static void
write_image(const struct disk *disk)
{
    char path[DISK_DIR_BYTES + 16];
    size_t done = 0;
    int fd = -1;

    path_of(path, disk, "lock.mdb");
    unlink(path);
    path_of(path, disk, "data.mdb");
    unlink(path);
    if (disk->image.size == 0) {
        return; /* nothing was ever synced */
    }
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert(fd >= 0);
    while (done < disk->image.size) {
        ssize_t n = write(fd, disk->image.data + done, disk->image.size - done);
        assert(n > 0);
        done += (size_t)n;
    }
    close(fd);
}

void
disk_revive(struct disk *disk)
{
    assert(disk->is_dead);
    write_image(disk);
    disk->is_dead = false;
}

void
disk_back_up(struct disk *disk)
{
    disk->backup.size = 0;
    pool_put(&disk->backup, pool_bytes(&disk->image));
}

void
disk_restore(struct disk *disk)
{
    assert(disk->backup.size > 0);
    disk->image.size = 0;
    pool_put(&disk->image, pool_bytes(&disk->backup));
    write_image(disk);
    disk->is_dead = false;
}
