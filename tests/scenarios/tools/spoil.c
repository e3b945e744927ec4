/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spoil HOME PASSPHRASE-FILE [print]: flips one bit of the last change that a
 * home wrote, on its disk, wherever the file has it: pages that are free by
 * now hold older copies. Prints how many there were. With `print` it leaves
 * the disk alone, and prints the end of the sealed body in hex.
 */
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "node/node.h"
#include "sync/model/log.h"

enum {
    BATCH_BYTES_MAX = 65536,
    FILE_BYTES_MAX = 1 << 30,
    SEARCHED_MIN = 32,
    PRINTED_BYTES = 24
};

/* The body of the last entry of the home's changes. */
static enum err
find_last(struct node *node, struct buf *last, struct err_msg *msg)
{
    struct log_id log = {.node = node->home.node, .kind = LOG_CHANGES};
    struct view_range range = {.log = &log, .bytes_max = BATCH_BYTES_MAX};
    struct buf encoded = {0};
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
            buf_clear(last);
            buf_put_bytes(last, entry->body);
            batch_release(&batch);
        }
        range.from = to;
    }
    view_close(view);
    if (rc == ERR_OK && last->size < SEARCHED_MIN) {
        rc = err_set(msg, ERR_NOT_FOUND, "this node has written no change");
    }
    buf_release(&encoded);
    return rc;
}

/* Flip a bit in each place where the file holds the bytes. */
static enum err
flip(FILE *file, struct bytes what, struct err_msg *msg)
{
    size_t size = 0;
    size_t count = 0;
    uint8_t *content = NULL;

    if (fseek(file, 0, SEEK_END) == 0 && ftell(file) > 0) {
        size = (size_t)ftell(file);
    }
    content = size < FILE_BYTES_MAX ? mem_alloc(size + 1) : NULL;
    rewind(file);
    if (content == NULL || fread(content, 1, size, file) != size) {
        mem_free(content);
        return err_set(msg, ERR_IO, "the file cannot be read");
    }
    for (size_t i = 0; i + what.size <= size; i++) {
        if (memcmp(content + i, what.data, what.size) == 0 &&
            fseek(file, (long)(i + what.size / 2), SEEK_SET) == 0 &&
            fputc(content[i + what.size / 2] ^ 4, file) != EOF) {
            count++;
        }
    }
    mem_free(content);
    printf("%zu\n", count);
    return count > 0 ? ERR_OK
                     : err_set(msg, ERR_NOT_FOUND, "the file does not hold it");
}

static enum err
spoil(const char *home, const struct buf *last, struct err_msg *msg)
{
    char path[HOME_PATH_BYTES_MAX + 32];
    FILE *file = NULL;
    enum err rc = ERR_OK;

    snprintf(path, sizeof(path), "%s/data/data.mdb", home);
    file = fopen(path, "r+b");
    if (file == NULL) {
        return err_set(msg, ERR_IO, "%s cannot be opened", path);
    }
    rc = flip(file, bytes_of(last->data, last->size), msg);
    if (fclose(file) != 0 && rc == ERR_OK) {
        rc = err_set(msg, ERR_IO, "%s cannot be written", path);
    }
    return rc;
}

static void
print_end(const struct buf *last)
{
    for (size_t i = last->size - PRINTED_BYTES; i < last->size; i++) {
        printf("%02x", last->data[i]);
    }
    printf("\n");
}

int
main(int argc, char **argv)
{
    struct node_options options = {.home = argc > 1 ? argv[1] : NULL};
    struct buf passphrase = {0};
    struct err_msg msg = {""};
    struct node *node = NULL;
    struct buf last = {0};
    bool only_prints = argc == 4 && strcmp(argv[3], "print") == 0;
    enum err rc = ERR_OK;

    if (argc != 3 && !only_prints) {
        fprintf(stderr, "usage: spoil HOME PASSPHRASE-FILE [print]\n");
        return 2;
    }
    rc = passphrase_get(&passphrase, argv[2], false, &msg);
    if (rc == ERR_OK) {
        options.passphrase = buf_bytes(&passphrase);
        rc = node_open(&node, &options, &msg);
    }
    if (rc == ERR_OK) {
        rc = node->store == NULL ? ERR_NOT_FOUND : find_last(node, &last, &msg);
    }
    node_close(node);
    if (rc == ERR_OK && only_prints) {
        print_end(&last);
    } else if (rc == ERR_OK) {
        rc = spoil(argv[1], &last, &msg);
    }
    buf_release(&last);
    buf_wipe(&passphrase);
    if (rc != ERR_OK) {
        fprintf(stderr, "spoil: %s\n", msg.text);
        return 1;
    }
    return 0;
}
