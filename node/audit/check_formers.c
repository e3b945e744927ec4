/* SPDX-License-Identifier: Apache-2.0 */
/* vouched/<size>: a log's own older checkpoints, with their cosignatures. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "node/audit/check_internal.h"
#include "node/audit/log_tree.h"
#include "sync/model/log_key.h"

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

static void
tell_too_many(struct reading *reading)
{
    char label[LOG_LABEL_BYTES];

    log_label(label, &reading->log->id);
    findings_remark(&reading->check->result->findings, true,
        "log %s: more than %d older checkpoints stand in vouched/, which no "
        "export has: the others were not looked at",
        label, FORMERS_MAX);
}

/*
 * Is there a signature of the log's own, and does it hold? *out_is_broken: it
 * is there and does not.
 */
static bool
is_signed(const struct check *check, const struct check_log *log,
    struct bytes bytes, bool *out_is_broken)
{
    struct note_key key;
    const struct checkpoint_keys keys = {.log = &key};
    struct checkpoint_note read;
    struct note note;

    log_key(&key, &check->result->corridor, &log->id);
    *out_is_broken = false;
    if (checkpoint_note_read(&read, bytes, &keys) == ERR_OK) {
        return true;
    }
    if (note_parse(&note, bytes) == ERR_OK) {
        for (size_t i = 0; i < note.signature_count; i++) {
            *out_is_broken |=
                bytes_equal(note.signatures[i].name, bytes_text(key.name));
        }
    }
    return false;
}

/* Takes over the note. */
static enum err
keep(struct reading *reading, const struct note_facts *facts, struct buf *note)
{
    struct check_log *log = reading->log;
    bool is_broken = false;
    const bool is_its_own =
        is_signed(reading->check, log, buf_bytes(note), &is_broken);

    if (is_broken) {
        findings_add(&reading->check->result->findings,
            place_of(log, POSITION_NONE), FINDING_CHECKPOINT_SIGNATURE,
            "its own signature in vouched/%" PRIu64 " does not hold",
            facts->size);
    }
    if (log->formers == NULL) {
        log->formers = mem_zalloc(FORMERS_MAX, sizeof(*log->formers));
    }
    if (log->formers == NULL) {
        return ERR_NOMEM;
    }
    log->formers[log->former_count++] =
        (struct check_former){.size = facts->size,
            .root = facts->root,
            .is_signed = is_its_own,
            .note = *note};
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

    if (kind != TREE_FILE || !num_parse_u64(path, strlen(path), &size)) {
        return ERR_OK; /* told with the stray files */
    }
    if (log->former_count == FORMERS_MAX) {
        tell_too_many(reading);
        return ERR_OK;
    }
    snprintf(name, sizeof(name), "vouched/%.32s", path);
    rc = tree_read(&note, reading->folder, name, CHECK_NOTE_BYTES_MAX);
    if (rc == ERR_TOO_BIG) {
        tell_stray(reading, name);
        rc = ERR_OK;
    } else if (rc == ERR_OK) {
        if (check_note_facts(buf_bytes(&note), &facts) &&
            log_id_equal(&facts.log, &log->id) && facts.size == size &&
            corridor_id_equal(
                &facts.corridor, &reading->check->result->corridor) &&
            size < log->size) {
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

/* What stands there is of another history than the log. */
static void
tell_other(struct check *check, const struct check_log *log,
    const struct check_former *former)
{
    const struct finding_place place = place_of(log, POSITION_NONE);

    if (former->is_signed) {
        findings_add(&check->result->findings, place, FINDING_LOG_REWRITTEN,
            "its key has signed two histories: the older checkpoint in "
            "vouched/%" PRIu64 " is not of the one that is here. Checked "
            "with --since on that file, it gives the evidence",
            former->size);
    } else {
        findings_add(&check->result->findings, place, FINDING_COSIGNATURE_BAD,
            "what stands in vouched/%" PRIu64 " is of another history than "
            "the log: ask who vouches there for the export that it saw",
            former->size);
    }
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
            tell_other(check, log, former);
            break;
        }
    }
}
