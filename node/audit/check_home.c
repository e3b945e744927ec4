/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A home: its entries are read as they stand on the disk, without its keys.
 * The leaves are made from headers and bodies, the tree from the leaves.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "node/audit/check_internal.h"
#include "node/audit/log_tree.h"
#include "node/home.h"
#include "sync/model/log_key.h"

bool
check_is_home(const struct tree *root)
{
    struct buf file = {0};
    enum err rc = tree_read(&file, root, "home.ini", HOME_INI_BYTES_MAX);

    buf_release(&file);
    /* It is there; that it may not be read is said when it is opened. */
    return rc == ERR_OK || rc == ERR_NOMEM || rc == ERR_DENIED;
}

/* What is being walked. */
struct walk {
    struct check *check;
    struct check_log *log;
    size_t number; /* of the log in the home */
    const struct glance_log *row;
    struct merkle_edge edge;
    struct hash at_head; /* the root there */
    struct root_wanted wanted[ROOTS_WANTED_MAX];
    size_t wanted_count;
    bool is_damaged; /* an entry could not be read */
};

static void
note_roots(struct walk *walk)
{
    for (size_t i = 0; i < walk->wanted_count; i++) {
        if (walk->wanted[i].size == walk->edge.size) {
            merkle_root(&walk->wanted[i].root, &walk->edge);
            walk->wanted[i].is_known = true;
        }
    }
    if (walk->edge.size == walk->log->size) {
        merkle_root(&walk->at_head, &walk->edge);
    }
}

/* Beyond what can be told, the count is enough. */
static enum err
note_absent(struct walk *walk, uint64_t position)
{
    struct check *check = walk->check;
    enum err rc = ERR_OK;

    if (check->absent_count > FINDINGS_PER_CODE_MAX) {
        return ERR_OK;
    }
    rc = mem_grow((void **)&check->absent, &check->absent_capacity,
        check->absent_count + 1, sizeof(*check->absent));
    if (rc == ERR_OK) {
        check->absent[check->absent_count++] = (struct absent_body){
            (size_t)(walk->log - check->result->logs), position};
    }
    return rc;
}

/*
 * An office that only audits holds no body of a change, or those of before;
 * any other is due them all.
 */
static void
tell_absent(struct check *check)
{
    const uint8_t due = ROLE_READ | ROLE_WRITE | ROLE_RELAY;

    if (check->absent_count > 0 && !check->result->is_judged) {
        findings_remark(&check->result->findings, true,
            "whether bodies that this home lacks should be there was not "
            "checked");
        return;
    }
    if ((check->self_roles & due) == 0) {
        return;
    }
    for (size_t i = 0; i < check->absent_count; i++) {
        const struct check_log *log =
            &check->result->logs[check->absent[i].log];

        findings_add(&check->result->findings,
            place_of(log, check->absent[i].position), FINDING_BODY_MISSING,
            "this home lacks its body, and no entry says that it was to be "
            "erased: sync with another office, which may have it");
    }
}

static enum err
walk_entry(struct walk *walk, uint64_t position)
{
    struct hash completed[MERKLE_LEVELS_MAX];
    struct entry entry;
    struct hash leaf;
    enum err rc = glance_entry(
        walk->check->glance, walk->number, position, &entry, walk->check->msg);

    if (rc == ERR_NOT_FOUND || rc == ERR_CORRUPT) {
        findings_add(&walk->check->result->findings,
            place_of(walk->log, position), FINDING_LEAF_WRONG,
            "it is not there, or damaged; nothing behind it was looked at");
        walk->is_damaged = true;
        return ERR_OK;
    }
    if (rc == ERR_OK) {
        entry_hash_body(&entry);
        entry_leaf_hash(&leaf, &entry);
        (void)merkle_append(&walk->edge, &leaf, completed);
        walk->log->leaves++;
        walk->log->headers++;
        walk->log->bytes += entry.header.size + entry.body.size;
        note_roots(walk);
        rc = entry.has_body ? ERR_OK : note_absent(walk, position);
    }
    return rc;
}

/* Entries beyond the head, which a newer one proves. ERR_BAD_SIGNATURE. */
static enum err
verify_beyond(const struct walk *walk)
{
    const struct glance_log *row = walk->row;
    const struct merkle_claim claim = {
        .size = row->target.size, .root = &row->target.root};
    struct hash root;
    enum err rc = ERR_BAD_SIGNATURE;

    merkle_root(&root, &walk->edge);
    if (row->has_target) {
        rc = log_head_verify(
            &row->target, &walk->check->result->corridor, &row->id);
    }
    return rc != ERR_OK ? rc
                        : merkle_verify_consistency(
                              walk->edge.size, &root, &claim, &row->beyond);
}

/* Does what was walked make what was signed? */
static enum err
judge_walk(struct walk *walk)
{
    struct check_log *log = walk->log;
    struct findings *findings = &walk->check->result->findings;
    enum err rc = ERR_OK;

    if (walk->is_damaged) {
        return ERR_OK;
    }
    if (log->size > 0 && !hash_equal(&walk->at_head, &log->root)) {
        findings_add(findings, place_of(log, POSITION_NONE),
            FINDING_ROOT_MISMATCH,
            "its first %" PRIu64 " entries are not those that were signed: "
            "this home's disk holds something else",
            log->size);
        return ERR_OK;
    }
    rc = walk->row->stored > log->size ? verify_beyond(walk) : ERR_OK;
    if (rc == ERR_BAD_SIGNATURE) {
        findings_add(findings, place_of(log, log->size), FINDING_ROOT_MISMATCH,
            "from here on nothing shows that its entries were signed");
        return ERR_OK;
    }
    log->is_whole = rc == ERR_OK;
    return rc;
}

static enum err
walk_log(struct walk *walk)
{
    enum err rc = ERR_OK;
    uint64_t sizes[ROOTS_WANTED_MAX];
    const size_t count =
        since_sizes(walk->check, walk->log, sizes, ROOTS_WANTED_MAX);

    for (size_t i = 0; i < count; i++) {
        walk->wanted[i] = (struct root_wanted){.size = sizes[i]};
    }
    walk->wanted_count = count;
    note_roots(walk);
    for (uint64_t at = 0;
         at < walk->row->stored && rc == ERR_OK && !walk->is_damaged; at++) {
        rc = walk_entry(walk, at);
        if (at % 256 == 255) {
            check_progress(walk->check, 256);
        }
    }
    if (rc == ERR_OK) {
        rc = judge_walk(walk);
    }
    if (rc == ERR_OK) {
        rc = since_compare(
            walk->check, walk->log, walk->wanted, walk->wanted_count);
    }
    return rc;
}

/* A row of logs as a log of the result. */
static enum err
take_row(struct check *check, size_t n)
{
    const struct glance_log *row = glance_log(check->glance, n);
    struct check_log *log = NULL;
    struct note_facts facts = {
        .corridor = check->result->corridor, .log = row->id};
    enum err rc = ERR_OK;

    if (row->stored == 0) {
        return ERR_OK;
    }
    log = check_add_log(check);
    if (log == NULL) {
        return ERR_NOMEM;
    }
    log->id = row->id;
    log->number = n;
    log->given = row->stored;
    log->is_frozen = row->is_forked;
    log->size = row->has_head ? row->head.size : 0;
    log->root = row->head.root;
    log->has_headers = true;
    log->trust = check_trust_given(check, &facts);
    rc = row->has_head ? log_head_verify(&row->head, &facts.corridor, &row->id)
                       : ERR_OK;
    if (rc == ERR_NOMEM) {
        return rc;
    }
    log->is_signed = rc == ERR_OK;
    check->all += row->stored;
    if (!log->is_signed || log->size > row->stored) {
        findings_add(&check->result->findings, place_of(log, POSITION_NONE),
            FINDING_CHECKPOINT_SIGNATURE,
            "its head, of %" PRIu64 " entries, is not signed by its key, or "
            "says more than is held",
            log->size);
        log->is_signed = false;
        return ERR_OK;
    }
    if (row->has_head) {
        log_checkpoint(&log->note, &facts.corridor, &row->id, &row->head);
    }
    return buf_err(&log->note);
}

static enum err
walk_logs(struct check *check)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < check->result->log_count && rc == ERR_OK; i++) {
        struct check_log *log = &check->result->logs[i];
        struct walk walk = {.check = check,
            .log = log,
            .number = log->number,
            .row = glance_log(check->glance, log->number)};

        if (log->is_signed) {
            rc = walk_log(&walk);
        }
    }
    return rc;
}

/* Of a body that is not there nothing is said before roles are known. */
static enum bundle_body
state_of(const struct entry *entry)
{
    if (entry->kind != ENTRY_CONTROL && entry->kind != ENTRY_ERASE) {
        return entry->has_body ? BUNDLE_BODY_HELD : BUNDLE_BODY_DENIED;
    }
    return entry->has_body ? BUNDLE_BODY_HERE : BUNDLE_BODY_LACKING;
}

static enum err
source_read(
    void *context, size_t handle, uint64_t position, struct ledger_entry *out)
{
    struct check *check = context;
    struct entry entry;
    enum err rc = glance_entry(check->glance,
        check->result->logs[handle].number, position, &entry, check->msg);

    if (rc != ERR_OK) {
        return rc;
    }
    *out = (struct ledger_entry){.kind = entry.kind,
        .body_state = (uint8_t)state_of(&entry),
        .header = entry.header};
    if (out->body_state == BUNDLE_BODY_HERE) {
        out->body = entry.body;
    }
    return ERR_OK;
}

/* Evidence that the home keeps, of logs that it knows. */
static bool
on_evidence(void *context, const struct evidence *evidence)
{
    struct check *check = context;
    const struct finding_place place = {&evidence->log, POSITION_NONE};
    enum err rc = evidence_verify(evidence, &check->result->corridor);

    if (rc == ERR_OK) {
        findings_add(&check->result->findings, place, FINDING_FORK,
            "this home keeps evidence that its key has signed two histories, "
            "one of %" PRIu64 " entries and one of %" PRIu64,
            evidence->a.size, evidence->b.size);
    } else if (rc == ERR_NOMEM) {
        check->result->findings.rc = rc;
    } else {
        findings_add(&check->result->findings, place, FINDING_EVIDENCE_WRONG,
            "what this home keeps as evidence of a fork proves none");
    }
    return true;
}

/* Cosignatures of one log that the home keeps: as lines on a checkpoint of
 * the size and root that each is over. */
struct vouching_walk {
    struct check *check;
    struct check_log *log;
    enum err rc;
};

static enum err
judge_cosignature(
    struct vouching_walk *walk, const struct cosignature *cosignature)
{
    struct check *check = walk->check;
    struct glance_nodes nodes = {check->glance, walk->log->number};
    const struct merkle_source source = glance_nodes(&nodes);
    struct hash root;
    enum err rc = ERR_OK;

    if (cosignature->size > walk->log->given) {
        return ERR_OK;
    }
    rc = merkle_source_root(&root, &source, cosignature->size);
    if (rc == ERR_NOT_FOUND || rc == ERR_CORRUPT) {
        findings_remark(&check->result->findings, true,
            "cosignatures could not be checked, since this home's stored "
            "hashes are damaged: run \"corridor verify\"");
        return ERR_OK;
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (!hash_equal(&root, &cosignature->root)) {
        findings_add(&check->result->findings,
            place_of(walk->log, POSITION_NONE), FINDING_COSIGNATURE_BAD,
            "another node vouches for %" PRIu64 " entries with another root "
            "than these have: ask it for its export, and compare",
            cosignature->size);
        return ERR_OK;
    }
    return check_member_cosignature(check, walk->log, cosignature);
}

static bool
on_cosignature(void *context, const struct cosignature *cosignature)
{
    struct vouching_walk *walk = context;

    walk->rc = judge_cosignature(walk, cosignature);
    return walk->rc == ERR_OK;
}

static enum err
judge_cosignatures(struct check *check)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < check->result->log_count && rc == ERR_OK; i++) {
        struct vouching_walk walk = {
            .check = check, .log = &check->result->logs[i]};

        if (!walk.log->is_whole) {
            continue;
        }
        rc = glance_cosignatures(
            check->glance, walk.log->number, on_cosignature, &walk, check->msg);
        rc = rc == ERR_OK ? walk.rc : rc;
    }
    return rc;
}

static enum err
check_all(struct check *check)
{
    const struct ledger_source source = {source_read, check};
    enum err rc = ERR_OK;

    for (size_t n = 0; n < glance_log_count(check->glance) && rc == ERR_OK;
         n++) {
        rc = take_row(check, n);
    }
    if (rc == ERR_OK) {
        rc = walk_logs(check);
    }
    if (rc == ERR_OK) {
        rc = glance_evidence(check->glance, on_evidence, check, check->msg);
    }
    if (rc == ERR_OK) {
        rc = check_judge(check, &source);
    }
    if (rc == ERR_OK) {
        tell_absent(check);
        rc = judge_cosignatures(check);
    }
    if (rc == ERR_OK) {
        since_missing(check);
        check_tell_trust(check);
    }
    return rc;
}

enum err
check_home(struct check *check)
{
    struct check_result *result = check->result;
    struct home home;
    char dir[HOME_PATH_BYTES_MAX + 16];
    enum err rc = home_load(&home, check->options->path, check->msg);

    if (rc != ERR_OK) {
        return rc;
    }
    if (!home.has_corridor) {
        return err_set(check->msg, ERR_CONFIG,
            "the home %s is in no corridor yet: there is nothing to check",
            check->options->path);
    }
    result->kind = CHECK_HOME;
    result->has_corridor = true;
    result->corridor = home.corridor;
    result->is_anchored = trusted_has_corridor(&check->trusted, &home.corridor);
    check->is_whole = true;
    check->self = home.node;
    if (!home_path(dir, sizeof(dir), &home, "data")) {
        return err_set(check->msg, ERR_CONFIG, "the path is too long");
    }
    rc = glance_open(&check->glance, dir, check->msg);
    return rc == ERR_OK ? check_all(check) : rc;
}
