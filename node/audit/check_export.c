/* SPDX-License-Identifier: Apache-2.0 */
/* An export: DIR/<node>/<control|changes>/, or one of these folders. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"
#include "node/audit/check_internal.h"
#include "node/audit/log_tree.h"
#include "sync/model/log_key.h"

enum { VKEY_FILE_BYTES_MAX = 1024, NODE_DIGITS = 64 };

void
check_unread(struct check *check, const char *name, enum err rc)
{
    findings_remark(&check->result->findings, true,
        "%.200s could not be read: %s", name,
        rc == ERR_DENIED ? "no permission" : err_text(rc));
}

enum err
check_unread_log(struct check *check, const char *path)
{
    struct log_id log = {.kind = LOG_CONTROL};
    enum err rc = ERR_OK;

    if (strlen(path) < NODE_DIGITS + 2 ||
        !hex_decode(path, NODE_DIGITS, log.node.bytes, 32)) {
        return ERR_OK; /* one log alone */
    }
    log.kind = strcmp(path + NODE_DIGITS + 1, "control") == 0 ? LOG_CONTROL
                                                              : LOG_CHANGES;
    rc = mem_grow((void **)&check->unread, &check->unread_capacity,
        check->unread_count + 1, sizeof(*check->unread));
    if (rc == ERR_OK) {
        check->unread[check->unread_count++] = log;
    }
    return rc;
}

enum err
check_open_log(struct tree *out, const struct tree *root, const char *path)
{
    return tree_open_below(out, root, path[0] == '\0' ? "." : path);
}

/* Does the folder bear the name of the log in it? */
static void
check_place(struct check *check, const struct check_log *log)
{
    char expected[160];
    char hex[NODE_DIGITS + 1];

    hex_encode(hex, bytes_of(log->id.node.bytes, 32));
    snprintf(expected, sizeof(expected), "%s/%s", hex,
        log->id.kind == LOG_CONTROL ? "control" : "changes");
    if (log->path[0] != '\0' && strcmp(log->path, expected) != 0) {
        findings_add(&check->result->findings, place_of(log, POSITION_NONE),
            FINDING_KEY_MISMATCH,
            "its checkpoint stands in the folder of another log, %s",
            log->path);
    }
}

/* The key that stands beside it says what its name says. */
static enum err
check_vkey(
    struct check *check, const struct check_log *log, const struct tree *folder)
{
    struct buf file = {0};
    struct buf expected = {0};
    struct note_key key;
    char name[192];
    enum err rc = tree_read(&file, folder, "vkey", VKEY_FILE_BYTES_MAX);

    log_key(&key, &check->result->corridor, &log->id);
    note_key_format(&expected, &key);
    buf_put_u8(&expected, '\n');
    if (buf_err(&expected) != ERR_OK || rc == ERR_NOMEM) {
        rc = ERR_NOMEM;
    } else if (rc == ERR_NOT_FOUND) {
        findings_add(&check->result->findings, place_of(log, POSITION_NONE),
            FINDING_TILE_MISSING, "its vkey is not there; other tools need it");
        rc = ERR_OK;
    } else if (rc == ERR_DENIED || rc == ERR_IO) {
        snprintf(name, sizeof(name), "%s%svkey", log->path,
            log->path[0] == '\0' ? "" : "/");
        check_unread(check, name, rc);
        rc = ERR_OK;
    } else if (rc != ERR_OK ||
               !bytes_equal(buf_bytes(&file), buf_bytes(&expected))) {
        findings_add(&check->result->findings, place_of(log, POSITION_NONE),
            FINDING_KEY_MISMATCH,
            "the vkey beside it is not the key that the log's name says");
        rc = ERR_OK;
    }
    buf_release(&file);
    buf_release(&expected);
    return rc;
}

struct log_progress {
    struct check *check;
    uint64_t last;
};

static void
on_progress(void *context, uint64_t leaves)
{
    struct log_progress *progress = context;

    check_progress(progress->check, leaves - progress->last);
    progress->last = leaves;
}

/* All sizes at which a root is asked for, ascending, as the tree wants them. */
struct wanted {
    struct root_wanted roots[ROOTS_WANTED_MAX];
    size_t count;
};

static void
want(struct wanted *wanted, uint64_t size)
{
    size_t at = wanted->count;

    if (wanted->count == ROOTS_WANTED_MAX) {
        return;
    }
    while (at > 0 && wanted->roots[at - 1].size > size) {
        wanted->roots[at] = wanted->roots[at - 1];
        at--;
    }
    wanted->roots[at] = (struct root_wanted){.size = size};
    wanted->count++;
}

static void
want_sizes(
    struct check *check, const struct check_log *log, struct wanted *wanted)
{
    uint64_t sizes[ROOTS_WANTED_MAX / 2];
    const size_t count = since_sizes(check, log, sizes, ROOTS_WANTED_MAX / 2);

    static_assert(FORMERS_MAX <= ROOTS_WANTED_MAX / 2, "both find room");
    for (size_t i = 0; i < count; i++) {
        want(wanted, sizes[i]);
    }
    for (size_t i = 0; i < log->former_count; i++) {
        want(wanted, log->formers[i].size);
    }
}

/* Tree, key and stray files of a log whose checkpoint is signed. */
static enum err
check_log_files(
    struct check *check, struct check_log *log, const struct tree *folder)
{
    struct log_progress progress = {check, 0};
    struct wanted wanted = {.count = 0};
    struct log_tree tree = {.folder = folder,
        .log = log->id,
        .size = log->size,
        .root = log->root,
        .wanted = wanted.roots,
        .progress = on_progress,
        .context = &progress};
    const struct stray_options strays = {folder, &log->id, log->size};
    enum err rc = formers_read(check, log, folder);

    want_sizes(check, log, &wanted);
    tree.wanted_count = wanted.count;
    if (rc == ERR_OK) {
        rc = log_tree_check(&tree, &check->result->findings);
    }
    log->is_whole = tree.is_whole;
    log->leaves = tree.leaves;
    log->tiles = tree.tiles;
    log->bytes = tree.bytes;
    if (rc == ERR_OK) {
        formers_judge(check, log, wanted.roots, wanted.count);
        rc = check_vkey(check, log, folder);
    }
    if (rc == ERR_OK) {
        rc = log_find_strays(&check->result->findings, &strays);
    }
    if (rc == ERR_OK) {
        rc = since_compare(check, log, wanted.roots, wanted.count);
    }
    return rc;
}

/* Read one log's checkpoint: a log of the result if it is one. */
static enum err
read_log(struct check *check, const char *path)
{
    struct check_result *result = check->result;
    struct check_log *log = NULL;
    struct note_facts facts;
    struct tree folder = {-1};
    struct buf note = {0};
    struct tree sub = {-1};
    char name[192];
    enum err rc = check_open_log(&folder, &check->root, path);

    snprintf(
        name, sizeof(name), "%s%scheckpoint", path, path[0] == '\0' ? "" : "/");
    if (rc == ERR_OK) {
        rc = tree_read(&note, &folder, "checkpoint", CHECK_NOTE_BYTES_MAX);
    }
    if (rc == ERR_DENIED || rc == ERR_IO) {
        check_unread(check, name, rc);
        rc = check_unread_log(check, path);
    } else if (rc == ERR_NOT_FOUND || rc == ERR_CONFIG || rc == ERR_TOO_BIG) {
        findings_add(&result->findings,
            (struct finding_place){NULL, POSITION_NONE},
            rc == ERR_NOT_FOUND ? FINDING_CHECKPOINT_MISSING
                                : FINDING_CHECKPOINT_MALFORMED,
            "%.200s %s: nothing says what was signed", name,
            rc == ERR_NOT_FOUND ? "is not there" : "is no checkpoint");
        rc = ERR_OK;
    } else if (rc == ERR_OK &&
               check_note(check, buf_bytes(&note), name, &facts) &&
               check_corridor(check, &facts, name)) {
        log = check_add_log(check);
        rc = log == NULL ? ERR_NOMEM : ERR_OK;
    }
    if (rc == ERR_OK && log != NULL) {
        log->id = facts.log;
        log->size = facts.size;
        log->given = facts.size;
        log->root = facts.root;
        log->is_signed = facts.is_signed;
        log->trust = check_trust_given(check, &facts);
        rc = tree_open_below(&sub, &folder, "headers");
        log->has_headers = rc == ERR_OK;
        if (rc == ERR_DENIED) {
            snprintf(name, sizeof(name), "%s%sheaders", path,
                path[0] == '\0' ? "" : "/");
            check_unread(check, name, rc);
        }
        rc = rc == ERR_NOMEM ? rc : ERR_OK;
        snprintf(log->path, sizeof(log->path), "%s", path);
        log->note = note;
        note = (struct buf){0};
        check->all += facts.size;
    }
    tree_close(&sub);
    tree_close(&folder);
    buf_release(&note);
    return rc;
}

static enum err
check_one(struct check *check, struct check_log *log)
{
    struct tree folder = {-1};
    enum err rc = ERR_OK;

    check_place(check, log);
    if (!log->is_signed) {
        findings_remark(&check->result->findings, true,
            "logs whose checkpoint is not signed were not looked at further");
        return ERR_OK;
    }
    rc = check_open_log(&folder, &check->root, log->path);
    if (rc == ERR_OK) {
        rc = check_log_files(check, log, &folder);
    }
    tree_close(&folder);
    return rc;
}

static bool
has_folder(const struct tree *root, const char *name)
{
    struct tree folder = {-1};
    const bool is_there = tree_open_below(&folder, root, name) == ERR_OK;

    tree_close(&folder);
    return is_there;
}

/* A folder that is nothing that could be checked; a likely mistake has a
 * sentence of its own. */
static enum err
tell_no_export(struct check *check)
{
    const char *path = check->options->path;

    if (has_folder(&check->root, "control") ||
        has_folder(&check->root, "changes")) {
        return err_set(check->msg, ERR_CONFIG,
            "%.300s is the folder of one node: give the export that it is in, "
            "or one of the logs in it",
            path);
    }
    return err_set(check->msg, ERR_CONFIG,
        "%.300s is neither an export, nor a log of one, nor a home", path);
}

enum err
check_export(struct check *check)
{
    struct check_result *result = check->result;
    struct log_list list;
    enum err rc = log_list_read(&list, &check->root, &result->findings);

    if (rc != ERR_OK) {
        return err_set(
            check->msg, rc, "read %s: %s", check->options->path, err_text(rc));
    }
    if (list.count == 0) {
        log_list_release(&list);
        return tell_no_export(check);
    }
    check->is_whole = list.paths[0][0] != '\0';
    result->kind = check->is_whole ? CHECK_EXPORT : CHECK_LOG;
    for (size_t i = 0; i < list.count && rc == ERR_OK; i++) {
        rc = read_log(check, list.paths[i]);
    }
    log_list_release(&list);
    for (size_t i = 0; i < result->log_count && rc == ERR_OK; i++) {
        rc = check_one(check, &result->logs[i]);
    }
    if (rc == ERR_OK) {
        rc = check_headers(check);
    }
    if (rc == ERR_OK) {
        rc = check_all_cosignatures(check);
    }
    if (rc == ERR_OK) {
        since_missing(check);
        check_tell_trust(check);
    } else if (check->msg != NULL && check->msg->text[0] == '\0') {
        rc = err_set(
            check->msg, rc, "read %s: %s", check->options->path, err_text(rc));
    }
    return rc;
}
