/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in a log's folder beside what its size asks for. */
#include <inttypes.h>
#include <string.h>

#include "crypto/base/num.h"
#include "node/audit/log_files.h"

struct strays {
    struct findings *findings;
    const struct stray_options *options;
    struct buf now;
    struct buf former;
    uint64_t beyond; /* files of a longer log */
    uint64_t reach;  /* how many entries that log had, as far as is seen */
};

/* Files with a meaning of their own, looked at elsewhere. */
static bool
is_named(const struct strays *strays, const char *path)
{
    static const char folder[] = "vouched/";
    const size_t size = strlen(folder);
    uint64_t number = 0;

    if (strncmp(path, folder, size) == 0) {
        return num_parse_u64(path + size, strlen(path + size), &number) &&
               number < strays->options->size;
    }
    return strcmp(path, "checkpoint") == 0 || strcmp(path, "vkey") == 0;
}

static void
add_unexpected(struct strays *strays, const char *path, const char *why)
{
    findings_add(strays->findings,
        (struct finding_place){strays->options->log, POSITION_NONE},
        FINDING_UNEXPECTED_FILE, "%.200s %s", path, why);
}

static void
note_beyond(struct strays *strays, const struct tile *tile)
{
    const uint64_t index_max = UINT64_MAX / TILE_WIDTH - 1;
    const uint64_t end = tile->index > index_max
                             ? UINT64_MAX
                             : tile->index * TILE_WIDTH + tile->width;

    strays->beyond++;
    if ((tile->kind != TILE_HASHES || tile->level == 0) &&
        end > strays->reach) {
        strays->reach = end;
    }
}

/* However many they are, they have one cause. */
static void
tell_beyond(struct strays *strays)
{
    if (strays->beyond > 0) {
        findings_add(strays->findings,
            (struct finding_place){strays->options->log, POSITION_NONE},
            FINDING_UNEXPECTED_FILE,
            "%" PRIu64 " files go beyond the %" PRIu64
            " entries of its checkpoint, to entry %" PRIu64
            ": an older checkpoint was put beside them, or an export was "
            "interrupted. Get the export again",
            strays->beyond, strays->options->size,
            strays->reach > 0 ? strays->reach - 1 : 0);
    }
}

/*
 * A partial tile of a former size: what is in a file never changes, so it is
 * how the present file begins.
 */
static enum err
check_former(struct strays *strays, const struct tile *former, unsigned width)
{
    struct tile now = *former;
    struct tile_file file;
    char path[TILE_PATH_SIZE];
    enum err rc =
        log_tile_read(&strays->former, strays->options->folder, former, &file);

    tile_path_format(path, former);
    if (rc == ERR_OK && file.state != FILE_WHOLE) {
        log_tile_finding(
            strays->findings, strays->options->log, former, file.state);
        return ERR_OK;
    }
    now.width = width;
    if (rc == ERR_OK) {
        rc = log_tile_read(&strays->now, strays->options->folder, &now, &file);
    }
    if (rc != ERR_OK || file.state != FILE_WHOLE) {
        return rc; /* the present one has its own finding */
    }
    if (strays->former.size > strays->now.size ||
        memcmp(strays->former.data, strays->now.data, strays->former.size) !=
            0) {
        findings_add(strays->findings,
            (struct finding_place){strays->options->log, POSITION_NONE},
            FINDING_TILE_WRONG,
            "%s, of a former size, is not how the present file begins", path);
    }
    return ERR_OK;
}

static enum err
visit(void *context, const char *path, enum tree_kind kind)
{
    struct strays *strays = context;
    char label[LOG_LABEL_BYTES];
    struct tile tile;
    unsigned width = 0;

    if (kind == TREE_FOLDER) {
        return ERR_OK;
    }
    if (kind == TREE_CLOSED) {
        log_label(label, strays->options->log);
        findings_remark(strays->findings, true,
            "log %s: the folder %.200s may not be read here", label, path);
        return ERR_OK;
    }
    if (kind == TREE_OTHER &&
        tile_path_parse(&tile, bytes_text(path)) == ERR_OK &&
        tile.width ==
            tile_width(strays->options->size, tile.level, tile.index)) {
        return ERR_OK; /* told where it was to be read */
    }
    if (kind == TREE_OTHER) {
        add_unexpected(
            strays, path, "is a link, a device or too deep, and was not read");
        return ERR_OK;
    }
    if (is_named(strays, path)) {
        return ERR_OK;
    }
    if (tile_path_parse(&tile, bytes_text(path)) != ERR_OK) {
        add_unexpected(strays, path, "does not belong in an export");
        return ERR_OK;
    }
    width = tile_width(strays->options->size, tile.level, tile.index);
    if (tile.width > width) {
        note_beyond(strays, &tile);
        return ERR_OK;
    }
    return tile.width < width ? check_former(strays, &tile, width) : ERR_OK;
}

enum err
log_find_strays(struct findings *findings, const struct stray_options *options)
{
    struct strays strays = {.findings = findings, .options = options};
    struct tree_visitor visitor = {visit, &strays};
    enum err rc = tree_walk(options->folder, false, &visitor);

    tell_beyond(&strays);
    buf_release(&strays.now);
    buf_release(&strays.former);
    return rc;
}
