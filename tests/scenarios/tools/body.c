/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body HOME PASSPHRASE-FILE: the last body of the changes that a home wrote,
 * in hex, so that a scenario finds it on the disk and spoils it.
 */
#include <stdio.h>

#include "node/node.h"
#include "sync/model/log.h"

enum { BATCH_BYTES_MAX = 65536 };

static enum err
print_last(struct node *node, struct err_msg *msg)
{
    struct log_id log = {.node = node->home.node, .kind = LOG_CHANGES};
    struct view_range range = {.log = &log, .bytes_max = BATCH_BYTES_MAX};
    struct buf encoded = {0};
    struct buf last = {0};
    struct view *view = NULL;
    uint64_t to = 0;
    enum err rc = view_open(&view, node->store, msg);

    while (rc == ERR_OK) {
        struct batch batch = {.count = 0};
        const struct entry *entry = NULL;

        buf_clear(&encoded);
        rc = view_batch(view, &range, &encoded, &to, msg);
        if (rc != ERR_OK || to == range.from) {
            break;
        }
        rc = batch_decode(&batch, buf_bytes(&encoded));
        if (rc == ERR_OK) {
            entry = &batch.entries[batch.count - 1];
            buf_clear(&last);
            buf_put_bytes(&last, entry->body);
            batch_release(&batch);
        }
        range.from = to;
    }
    view_close(view);
    for (size_t i = 0; i < last.size; i++) {
        printf("%02x", last.data[i]);
    }
    printf("\n");
    if (rc == ERR_OK && last.size == 0) {
        rc = err_set(msg, ERR_NOT_FOUND, "this node has written no change");
    }
    buf_release(&encoded);
    buf_release(&last);
    return rc;
}

int
main(int argc, char **argv)
{
    struct node_options options = {.home = argc > 1 ? argv[1] : NULL};
    struct buf passphrase = {0};
    struct err_msg msg = {""};
    struct node *node = NULL;
    enum err rc = ERR_OK;

    if (argc != 3) {
        fprintf(stderr, "usage: body HOME PASSPHRASE-FILE\n");
        return 2;
    }
    rc = passphrase_get(&passphrase, argv[2], false, &msg);
    if (rc == ERR_OK) {
        options.passphrase = buf_bytes(&passphrase);
        rc = node_open(&node, &options, &msg);
    }
    if (rc == ERR_OK) {
        rc = node->store == NULL ? ERR_NOT_FOUND : print_last(node, &msg);
    }
    node_close(node);
    buf_wipe(&passphrase);
    if (rc != ERR_OK) {
        fprintf(stderr, "body: %s\n", msg.text);
        return 1;
    }
    return 0;
}
