/* SPDX-License-Identifier: Apache-2.0 */
/* A home: its entries are read without its keys. */
#include "node/audit/check_internal.h"

bool
check_is_home(const struct tree *root)
{
    struct buf file = {0};
    enum err rc = tree_read(&file, root, "home.ini", CHECK_NOTE_BYTES_MAX);

    buf_release(&file);
    return rc == ERR_OK;
}

enum err
check_home(struct check *check)
{
    return err_set(
        check->msg, ERR_CONFIG, "%s is a home", check->options->path);
}
