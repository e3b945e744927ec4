/* SPDX-License-Identifier: Apache-2.0 */
/* Against what was kept from before: nothing may be shorter or other. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/fork_file.h"
#include "node/audit/check_internal.h"
#include "node/audit/log_tree.h"

/* One checkpoint; findings say if it is none. Takes over the note. */
static enum err
add_item(
    struct check *check, struct buf *note, const char *name, const char *path)
{
    struct since *since = &check->since;
    struct note_facts facts;
    enum err rc = ERR_OK;

    if (!check_note(check, buf_bytes(note), name, &facts) || !facts.is_signed) {
        return ERR_OK;
    }
    rc = mem_grow((void **)&since->items, &since->capacity, since->count + 1,
        sizeof(*since->items));
    if (rc == ERR_OK) {
        struct since_item *item = &since->items[since->count++];

        *item = (struct since_item){.corridor = facts.corridor,
            .log = facts.log,
            .size = facts.size,
            .root = facts.root,
            .note = *note};
        snprintf(item->path, sizeof(item->path), "%s", path);
        *note = (struct buf){0};
    }
    return rc;
}

static enum err
load_file(struct check *check)
{
    struct buf note = {0};
    const struct bytes start = bytes_text("corridor.internal/");
    enum err rc = tree_read_named(
        &note, check->options->since, CHECK_NOTE_BYTES_MAX, check->msg);

    if (rc == ERR_OK && (note.size < start.size ||
                            memcmp(note.data, start.data, start.size) != 0)) {
        rc = err_set(check->msg, ERR_CONFIG,
            "%.300s is not the checkpoint of a corridor's log: --since takes "
            "one that was kept, or a folder of them as an export holds them",
            check->options->since);
    }
    if (rc == ERR_OK) {
        rc = add_item(check, &note, check->options->since, "");
    }
    buf_release(&note);
    return rc;
}

static enum err
load_log(struct check *check, const char *path)
{
    char name[192];
    struct buf note = {0};
    enum err rc = ERR_OK;

    snprintf(
        name, sizeof(name), "%s%scheckpoint", path, path[0] == '\0' ? "" : "/");
    rc = tree_read(&note, &check->since.tree, name, CHECK_NOTE_BYTES_MAX);
    if (rc == ERR_OK) {
        rc = add_item(check, &note, name, path);
    } else if (rc != ERR_NOMEM) {
        findings_remark(&check->result->findings, true,
            "%.160s, of the export kept from before, could not be read: %s",
            name, err_text(rc));
        rc = ERR_OK;
    }
    buf_release(&note);
    return rc;
}

static enum err
load_folder(struct check *check)
{
    struct findings ignored = {0};
    struct log_list list = {.count = 0};
    enum err rc =
        tree_open(&check->since.tree, check->options->since, check->msg);

    if (rc != ERR_OK) {
        return rc;
    }
    if (check_is_home(&check->since.tree)) {
        return err_set(check->msg, ERR_CONFIG,
            "%.300s is a home: make an export of it, and compare with that",
            check->options->since);
    }
    check->since.has_tree = true;
    /* What else stands there is not what is checked. */
    rc = log_list_read(&list, &check->since.tree, &ignored);
    for (size_t i = 0; i < list.count && rc == ERR_OK; i++) {
        rc = load_log(check, list.paths[i]);
    }
    log_list_release(&list);
    findings_release(&ignored);
    return rc;
}

enum err
since_load(struct check *check)
{
    const char *path = check->options->since;
    enum tree_kind kind = TREE_OTHER;
    enum err rc = tree_kind_of(path, &kind, check->msg);

    if (rc != ERR_OK) {
        return rc;
    }
    switch (kind) {
    case TREE_FILE:
        rc = load_file(check);
        break;
    case TREE_FOLDER:
        rc = load_folder(check);
        break;
    case TREE_OTHER:
    case TREE_CLOSED:
        return err_set(check->msg, ERR_CONFIG,
            "%s is neither a checkpoint nor an export", path);
    }
    if (rc == ERR_OK && check->since.count == 0 &&
        findings_total(&check->result->findings) == 0) {
        rc = err_set(check->msg, ERR_CONFIG, "%s holds no checkpoint", path);
    }
    return rc;
}

void
since_release(struct since *since)
{
    for (size_t i = 0; i < since->count; i++) {
        buf_release(&since->items[i].note);
    }
    mem_free(since->items);
    tree_close(&since->tree);
    *since = (struct since){.tree = {-1}};
}

/* Two corridors may have a node of one key: what it signed is two logs. */
bool
since_is_of(const struct check *check, const struct since_item *item,
    const struct log_id *log)
{
    return log_id_equal(&item->log, log) &&
           corridor_id_equal(&item->corridor, &check->result->corridor);
}

size_t
since_sizes(const struct check *check, const struct check_log *log,
    uint64_t *out, size_t max)
{
    size_t count = 0;

    for (size_t i = 0; i < check->since.count && count < max; i++) {
        const struct since_item *item = &check->since.items[i];

        if (since_is_of(check, item, &log->id) && item->size <= log->size) {
            out[count++] = item->size;
        }
    }
    return count;
}

/* The evidence, where it can be made; the first of a check is kept. */
static enum err
keep_evidence(struct check *check, const struct fork_file *file, bool *out_made)
{
    struct buf evidence = {0};
    enum err rc = fork_file_write(&evidence, file);

    *out_made = rc == ERR_OK;
    if (rc == ERR_OK && check->result->evidence.size == 0) {
        check->result->evidence = evidence;
        return ERR_OK;
    }
    buf_release(&evidence);
    return rc == ERR_NOMEM ? rc : ERR_OK;
}

/* A tree on the disk, in a folder or a home, and the checkpoint of it. */
struct side {
    const struct tree *root;
    const char *path;
    struct glance *glance; /* NULL: in the folder */
    size_t number;
    uint64_t size;
    const struct hash *signed_root;
    struct bytes note;
};

/* A root and its proof, from one source of nodes. */
static enum err
prove_by(const struct merkle_source *nodes, const struct side *larger,
    uint64_t size, struct fork_file *out, bool *out_holds)
{
    const struct merkle_claim claim = {
        .size = larger->size, .root = larger->signed_root};
    enum err rc = merkle_source_root(&out->root, nodes, size);

    if (rc == ERR_OK) {
        rc = merkle_prove_consistency(&out->proof, nodes, size, larger->size);
    }
    *out_holds = rc == ERR_OK && merkle_verify_consistency(size, &out->root,
                                     &claim, &out->proof) == ERR_OK;
    return rc == ERR_NOMEM ? rc : ERR_OK;
}

/*
 * The root that the larger tree has at `size`, with its proof. Not
 * *out_holds: what is on the disk does not give it.
 */
static enum err
prove(const struct side *larger, uint64_t size, struct fork_file *out,
    bool *out_holds)
{
    struct glance_nodes stored = {larger->glance, larger->number};
    struct tree folder = {-1};
    struct tile_source tiles = {.folder = &folder, .size = larger->size};
    struct merkle_source nodes = glance_nodes(&stored);
    enum err rc = ERR_OK;

    *out_holds = size == larger->size;
    if (*out_holds) {
        out->root = *larger->signed_root;
        out->proof = (struct merkle_proof){.count = 0};
        return ERR_OK;
    }
    if (larger->glance == NULL) {
        nodes = tile_source(&tiles);
        rc = check_open_log(&folder, larger->root, larger->path);
    }
    if (rc == ERR_OK) {
        rc = prove_by(&nodes, larger, size, out, out_holds);
    }
    tile_source_release(&tiles);
    tree_close(&folder);
    return rc == ERR_NOMEM ? rc : ERR_OK;
}

/* Two signed checkpoints that no tree has both of: found, and proved. */
static enum err
tell_rewritten(struct check *check, const struct check_log *log,
    const struct side *smaller, const struct side *larger)
{
    struct fork_file file = {.older = smaller->note, .newer = larger->note};
    bool holds = false;
    enum err rc = prove(larger, smaller->size, &file, &holds);

    if (rc != ERR_OK) {
        return rc;
    }
    if (holds && hash_equal(&file.root, smaller->signed_root)) {
        return ERR_OK; /* they agree after all */
    }
    if (holds) {
        rc = keep_evidence(check, &file, &holds);
    }
    findings_add(&check->result->findings, place_of(log, POSITION_NONE),
        FINDING_LOG_REWRITTEN,
        "its key has signed two histories: one of %" PRIu64
        " entries and one of %" PRIu64 " that does not go on from it. %s",
        smaller->size, larger->size,
        holds ? "Keep both, and give the evidence to every office"
              : "The files of the larger one are damaged, so evidence could "
                "not be made: keep both exports");
    return rc;
}

static struct side
side_of(const struct check *check, const struct check_log *log)
{
    return (struct side){.root = &check->root,
        .path = log->path,
        .glance = check->glance,
        .number = log->number,
        .size = log->size,
        .signed_root = &log->root,
        .note = buf_bytes(&log->note)};
}

static struct side
former_side(const struct check *check, const struct since_item *item)
{
    return (struct side){.root = &check->since.tree,
        .path = item->path,
        .size = item->size,
        .signed_root = &item->root,
        .note = buf_bytes(&item->note)};
}

/* It is shorter than before: rolled back, or, if the entries of before are at
 * hand and lead elsewhere, rewritten. */
static enum err
compare_shorter(
    struct check *check, struct check_log *log, const struct since_item *item)
{
    const struct side now = side_of(check, log);
    const struct side before = former_side(check, item);
    struct fork_file file;
    bool holds = false;
    enum err rc = ERR_OK;

    if (check->since.has_tree && log->size > 0) {
        rc = prove(&before, log->size, &file, &holds);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (holds && !hash_equal(&file.root, &log->root)) {
        return tell_rewritten(check, log, &now, &before);
    }
    findings_add(&check->result->findings, place_of(log, POSITION_NONE),
        FINDING_LOG_ROLLED_BACK,
        "it had %" PRIu64 " entries before and shows %" PRIu64
        " now: an older checkpoint is shown, or the log was set back%s. Ask "
        "the office, and others, for their newest",
        item->size, log->size, holds ? " (as far as it goes it agrees)" : "");
    return ERR_OK;
}

static enum err
compare_item(struct check *check, struct check_log *log,
    const struct since_item *item, const struct root_wanted *root)
{
    const struct side now = side_of(check, log);
    const struct side before = former_side(check, item);

    if (item->size > log->size) {
        return compare_shorter(check, log, item);
    }
    if (item->size == log->size) {
        log->goes_on = hash_equal(&item->root, &log->root);
        return log->goes_on ? ERR_OK
                            : tell_rewritten(check, log, &before, &now);
    }
    if (root != NULL && root->is_known) {
        log->goes_on = hash_equal(&item->root, &root->root);
        return log->goes_on ? ERR_OK
                            : tell_rewritten(check, log, &before, &now);
    }
    findings_remark(&check->result->findings, true,
        "a log could not be compared with the checkpoint kept from before, "
        "since its entries do not make its own");
    return ERR_OK;
}

enum err
since_compare(struct check *check, struct check_log *log,
    const struct root_wanted *roots, size_t count)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < check->since.count && rc == ERR_OK; i++) {
        const struct since_item *item = &check->since.items[i];
        const struct root_wanted *root = NULL;

        if (!since_is_of(check, item, &log->id)) {
            continue;
        }
        log->has_since = true;
        log->since_size = item->size;
        for (size_t k = 0; k < count; k++) {
            if (roots[k].size == item->size) {
                root = &roots[k];
            }
        }
        rc = compare_item(check, log, item, root);
    }
    return rc;
}

static bool
is_there(const struct check *check, const struct since_item *item)
{
    for (size_t i = 0; i < check->result->log_count; i++) {
        if (since_is_of(check, item, &check->result->logs[i].id)) {
            return true;
        }
    }
    return false;
}

void
since_missing(struct check *check)
{
    bool has_some = check->since.count == 0;

    for (size_t i = 0; i < check->since.count; i++) {
        const struct since_item *item = &check->since.items[i];
        const bool here = is_there(check, item);

        has_some |= here;
        if (!here && check->is_whole && item->size > 0) {
            findings_add(&check->result->findings,
                (struct finding_place){&item->log, POSITION_NONE},
                FINDING_LOG_MISSING,
                "it had %" PRIu64 " entries before and is not there now",
                item->size);
        }
    }
    if (!has_some && !check->is_whole) {
        findings_remark(&check->result->findings, true,
            "what was kept from before is of other logs: nothing was compared "
            "with it");
    }
}
