/* SPDX-License-Identifier: Apache-2.0 */
/* A bug on purpose: commits are called durable, and are not synced. */
#include "storage/txn.h"
#include "tests/sim/disk.h"

enum err __wrap_disk_sync(void *context);
enum err __real_disk_sync(void *context);

enum err
__wrap_disk_sync(void *context)
{
    const struct disk *disk = context;

    /* The first ones make the database. */
    return disk->syncs < 8 || disk->is_dead ? __real_disk_sync(context)
                                            : ERR_OK;
}
