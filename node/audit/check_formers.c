/* SPDX-License-Identifier: Apache-2.0 */
/* vouched/<size>: a log's own older checkpoints, with their cosignatures. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "node/audit/check_internal.h"
#include "node/audit/log_tree.h"

struct reading {
    struct check *check;
    struct check_log *log;
    const struct tree *folder; /* of the log */
};

/* Not this log's, or not older. */
static void
tell_stray(struct reading *reading, const char *name)
{
    findings_add(&reading->check->result->findings,
        place_of(reading->log, POSITION_NONE), FINDING_KEY_MISMATCH,
        "%.100s is no older checkpoint of this log", name);
}

static enum err
keep(struct reading *reading, const struct note_facts *facts, struct buf *note)
{
    struct check_log *log = reading->log;

    if (log->formers == NULL) {
        log->formers = mem_zalloc(FORMERS_MAX, sizeof(*log->formers));
    }
    if (log->formers == NULL) {
        return ERR_NOMEM;
    }
    log->formers[log->former_count++] = (struct check_former){
        .size = facts->size, .root = facts->root, .note = *note};
    *note = (struct buf){0};
    return ERR_OK;
}

static enum err
visit(void *context, const char *path, enum tree_kind kind)
{
    struct reading *reading = context;
    struct check_log *log = reading->log;
    struct note_facts facts;
    struct buf note = {0};
    char name[TREE_PATH_BYTES_MAX];
    uint64_t size = 0;
    enum err rc = ERR_OK;

    if (kind != TREE_FILE || log->former_count == FORMERS_MAX ||
        !num_parse_u64(path, strlen(path), &size)) {
        return ERR_OK; /* told with the stray files */
    }
    snprintf(name, sizeof(name), "vouched/%.32s", path);
    rc = tree_read(&note, reading->folder, name, CHECK_NOTE_BYTES_MAX);
    if (rc == ERR_TOO_BIG) {
        tell_stray(reading, name);
        rc = ERR_OK;
    } else if (rc == ERR_OK &&
               check_note(reading->check, buf_bytes(&note), name, &facts) &&
               facts.is_signed) {
        if (log_id_equal(&facts.log, &log->id) && facts.size == size &&
            corridor_id_equal(
                &facts.corridor, &reading->check->result->corridor) &&
            size <= log->size) {
            rc = keep(reading, &facts, &note);
        } else {
            tell_stray(reading, name);
        }
    }
    buf_release(&note);
    return rc;
}

enum err
formers_read(
    struct check *check, struct check_log *log, const struct tree *folder)
{
    struct reading reading = {check, log, folder};
    const struct tree_visitor visitor = {visit, &reading};
    struct tree below = {-1};
    enum err rc = tree_open_below(&below, folder, "vouched");

    if (rc == ERR_OK) {
        rc = tree_walk(&below, true, &visitor);
    } else if (rc != ERR_NOMEM) {
        rc = ERR_OK; /* there is none, or a stray */
    }
    tree_close(&below);
    return rc;
}

void
formers_judge(struct check *check, struct check_log *log,
    const struct root_wanted *roots, size_t count)
{
    for (size_t i = 0; i < log->former_count; i++) {
        struct check_former *former = &log->formers[i];

        for (size_t k = 0; k < count; k++) {
            if (roots[k].size != former->size || !roots[k].is_known ||
                hash_equal(&roots[k].root, &former->root)) {
                continue;
            }
            findings_add(&check->result->findings, place_of(log, POSITION_NONE),
                FINDING_LOG_REWRITTEN,
                "its key has signed two histories: the older checkpoint of "
                "%" PRIu64 " entries in vouched/ is not of the one that is "
                "here. Keep this export; checked with --since on that file, "
                "it gives the evidence",
                former->size);
            break;
        }
    }
}
