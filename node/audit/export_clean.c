/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in a log's folder and belongs to no checkpoint there any more:
 * partial tiles of lesser sizes, notes of who vouched for less. */
#include <string.h>

#include "crypto/base/num.h"
#include "node/audit/export_internal.h"

struct cleaning {
    struct exporting *x;
    struct buf folders; /* of partial tiles, each ended by NUL */
    struct buf files;   /* to go, likewise */
};

/* A partial tile that the size exported has not. */
static bool
is_old_tile(const struct exporting *x, const char *path)
{
    struct tile tile;

    return tile_path_parse(&tile, bytes_text(path)) == ERR_OK &&
           !tile_is_full(&tile) &&
           tile_width(x->head.size, tile.level, tile.index) != tile.width;
}

static bool
is_old_note(const struct exporting *x, const char *path)
{
    static const char folder[] = "vouched/";
    const size_t size = sizeof(folder) - 1;
    uint64_t number = 0;

    if (strncmp(path, folder, size) != 0 ||
        !num_parse_u64(path + size, strlen(path + size), &number)) {
        return false;
    }
    for (size_t i = 0; i < x->log->vouched_count; i++) {
        if (x->log->vouched[i].size == number) {
            return false;
        }
    }
    return true;
}

static bool
ends_in(const char *path, const char *end)
{
    const size_t size = strlen(path);

    return size > strlen(end) && strcmp(path + size - strlen(end), end) == 0;
}

/* What a crash leaves of a file that is replaced. */
static bool
is_half(const char *path)
{
    return strcmp(path, "vkey.new") == 0 ||
           strcmp(path, "checkpoint.new") == 0 ||
           (strncmp(path, "vouched/", 8) == 0 && ends_in(path, ".new"));
}

static enum err
look(void *context, const char *path, enum tree_kind kind)
{
    struct cleaning *c = context;

    if (kind == TREE_FOLDER && ends_in(path, ".p")) {
        buf_put(&c->folders, path, strlen(path) + 1);
    } else if (kind == TREE_FILE &&
               (is_old_tile(c->x, path) || is_old_note(c->x, path) ||
                   is_half(path))) {
        buf_put(&c->files, path, strlen(path) + 1);
    }
    return ERR_OK;
}

static enum err
remove_all(struct exporting *x, const struct buf *names, bool are_folders)
{
    struct bytes all = buf_bytes(names);
    enum err rc = buf_err(names);

    for (size_t at = 0; at < all.size && rc == ERR_OK;) {
        const char *name = (const char *)all.data + at;
        char full[EXPORT_NAME_BYTES];

        export_name(full, x, name);
        rc = outdir_remove(x->dir, full, are_folders, x->msg);
        at += strlen(name) + 1;
    }
    return rc;
}

enum err
export_clean(struct exporting *x)
{
    struct cleaning cleaning = {.x = x};
    const struct tree_visitor visitor = {look, &cleaning};
    struct tree folder = {.fd = -1};
    enum err rc = tree_open_below(&folder, &x->dir->tree, x->log->folder);

    if (rc == ERR_OK) {
        rc = tree_walk(&folder, false, &visitor);
        tree_close(&folder);
    }
    if (rc == ERR_OK) {
        rc = remove_all(x, &cleaning.files, false);
    }
    /* One that still holds a tile stays. */
    if (rc == ERR_OK) {
        rc = remove_all(x, &cleaning.folders, true);
    }
    buf_release(&cleaning.files);
    buf_release(&cleaning.folders);
    return rc;
}
