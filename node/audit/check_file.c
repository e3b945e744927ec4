/* SPDX-License-Identifier: Apache-2.0 */
/* A proof, evidence of a fork, a disclosure, or a checkpoint alone. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/fork_file.h"
#include "crypto/text.h"
#include "node/audit/check_internal.h"
#include "node/audit/shown.h"
#include "sync/model/disclosure.h"
#include "sync/model/log_key.h"

static const struct finding_place nowhere = {NULL, POSITION_NONE};

/* Does the file begin with that line? */
static bool
begins_with(struct bytes file, const char *line)
{
    const size_t size = strlen(line);

    return file.size >= size && memcmp(file.data, line, size) == 0;
}

/*
 * The log of a checkpoint in the file, as the only one of the result: signed,
 * of the corridor of the keys, and believed if its key was given. NULL: there
 * is a finding, or no memory (rc).
 */
static struct check_log *
take_checkpoint(struct check *check, struct bytes note, const char *name,
    struct note_facts *out_facts, enum err *out_rc)
{
    struct check_log *log = NULL;

    *out_rc = ERR_OK;
    if (!check_note(check, note, name, out_facts) ||
        !check_corridor(check, out_facts, name) || !out_facts->is_signed) {
        return NULL;
    }
    log = check_add_log(check);
    if (log == NULL) {
        *out_rc = ERR_NOMEM;
        return NULL;
    }
    log->id = out_facts->log;
    log->size = out_facts->size;
    log->root = out_facts->root;
    log->is_signed = true;
    log->trust = check_trust_given(check, out_facts);
    if (log->trust == CHECK_TRUST_NONE) {
        check_tell_no_key(check);
    }
    return log;
}

/* Cosignatures on a checkpoint, by keys that were given. */
static enum err
take_cosignatures(struct check *check, struct check_log *log, struct bytes note)
{
    enum err rc = check_gather_cosigners(check, NULL);

    return rc != ERR_OK
               ? rc
               : check_cosignatures(check, &log->id, note, &log->vouch);
}

/* Against a checkpoint of before, as far as sizes alone tell. */
static enum err
compare_since(struct check *check, struct check_log *log, struct bytes note)
{
    struct findings *findings = &check->result->findings;

    for (size_t i = 0; i < check->since.count; i++) {
        const struct since_item *item = &check->since.items[i];

        if (!since_is_of(check, item, &log->id)) {
            continue;
        }
        log->has_since = true;
        log->since_size = item->size;
        if (item->size > log->size) {
            findings_add(findings, place_of(log, POSITION_NONE),
                FINDING_LOG_ROLLED_BACK,
                "it had %" PRIu64 " entries before and shows %" PRIu64
                " now: an older checkpoint is shown",
                item->size, log->size);
        } else if (item->size < log->size) {
            findings_remark(findings, true,
                "that this checkpoint goes on from the one kept from before "
                "was not checked: that takes an export");
        } else if (!hash_equal(&item->root, &log->root)) {
            const struct fork_file file = {.root = log->root,
                .older = buf_bytes(&item->note),
                .newer = note};

            findings_add(findings, place_of(log, POSITION_NONE),
                FINDING_LOG_REWRITTEN,
                "its key has signed two histories of %" PRIu64
                " entries. Keep both, and give the evidence to every office",
                log->size);
            if (check->result->evidence.size == 0) {
                return fork_file_write(&check->result->evidence, &file);
            }
        }
    }
    return ERR_OK;
}

static enum err
check_checkpoint(struct check *check, struct bytes file)
{
    struct note_facts facts;
    enum err rc = ERR_OK;
    struct check_log *log = NULL;

    check->result->kind = CHECK_CHECKPOINT;
    log = take_checkpoint(check, file, check->options->path, &facts, &rc);
    if (log == NULL) {
        return rc;
    }
    rc = take_cosignatures(check, log, file);
    if (rc == ERR_OK) {
        rc = compare_since(check, log, file);
    }
    findings_remark(&check->result->findings, false,
        "a checkpoint alone says what was signed; whether entries make it was "
        "not checked");
    return rc;
}

/* The leaf that the extra line of a proof gives. ERR_MALFORMED: none. */
static enum err
leaf_of(uint8_t out[ENTRY_LEAF_BYTES], const struct proof_file *proof)
{
    struct buf leaf = {0};
    enum err rc = ERR_OK;

    text_decode(&leaf, proof->extra);
    rc = buf_err(&leaf);
    if (rc == ERR_OK && leaf.size != ENTRY_LEAF_BYTES) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK) {
        memcpy(out, leaf.data, ENTRY_LEAF_BYTES);
    }
    buf_release(&leaf);
    return rc;
}

/* A proof as it is, for the leaf that was found for it. */
static enum err
judge_proof(struct check *check, const struct proof_file *proof,
    const uint8_t leaf[ENTRY_LEAF_BYTES], const struct note_facts *facts)
{
    struct check_log *log = &check->result->logs[0];
    struct hash hash;
    const struct merkle_claim claim = {.start = proof->index,
        .end = proof->index + 1,
        .size = facts->size,
        .subtree = &hash,
        .root = &facts->root};
    enum err rc = ERR_OK;

    merkle_leaf(&hash, bytes_of(leaf, ENTRY_LEAF_BYTES));
    if (proof->index >= facts->size ||
        merkle_verify_inclusion(&claim, &proof->proof) != ERR_OK) {
        findings_add(&check->result->findings, place_of(log, proof->index),
            FINDING_PROOF_WRONG,
            "the proof does not lead from the entry to the root that was "
            "signed: this entry does not stand there");
        return ERR_OK;
    }
    log->is_whole = true;
    log->leaves = 1;
    check->result->has_entry = true;
    check->result->entry = proof->index;
    rc = take_cosignatures(check, log, proof->checkpoint);
    return rc != ERR_OK ? rc : compare_since(check, log, proof->checkpoint);
}

static enum err
check_proof(struct check *check, struct bytes file)
{
    struct findings *findings = &check->result->findings;
    uint8_t leaf[ENTRY_LEAF_BYTES];
    struct proof_file proof;
    struct note_facts facts;
    struct check_log *log = NULL;
    enum err rc = ERR_OK;

    check->result->kind = CHECK_PROOF;
    if (proof_file_read(&proof, file) != ERR_OK) {
        findings_add(findings, nowhere, FINDING_PROOF_MALFORMED,
            "this begins like a proof and is none: it was damaged");
        return ERR_OK;
    }
    log = take_checkpoint(
        check, proof.checkpoint, "the proof's checkpoint", &facts, &rc);
    if (log == NULL) {
        return rc;
    }
    if (proof.extra.size == 0) {
        findings_remark(findings, true,
            "the proof does not hold its entry's leaf, so it was not checked");
        return ERR_OK;
    }
    rc = leaf_of(leaf, &proof);
    if (rc == ERR_NOMEM) {
        return rc;
    }
    if (rc != ERR_OK) {
        findings_add(findings, place_of(log, proof.index),
            FINDING_PROOF_MALFORMED,
            "the proof's line of extra data is no entry's leaf");
        return ERR_OK;
    }
    return judge_proof(check, &proof, leaf, &facts);
}

static enum err
judge_disclosure(struct check *check, const struct disclosure *disclosure)
{
    struct findings *findings = &check->result->findings;
    uint8_t leaf[ENTRY_LEAF_BYTES];
    struct note_facts facts;
    struct note_key key;
    const struct checkpoint_keys keys = {.log = &key};
    struct check_log *log = NULL;
    enum err rc = ERR_OK;

    log = take_checkpoint(check, disclosure->proof.checkpoint,
        "the disclosure's checkpoint", &facts, &rc);
    if (log == NULL) {
        return rc;
    }
    disclosure_leaf(leaf, disclosure);
    rc = judge_proof(check, &disclosure->proof, leaf, &facts);
    if (rc != ERR_OK || findings_total(findings) > 0) {
        return rc;
    }
    log_key(&key, &facts.corridor, &facts.log);
    rc = disclosure_verify(disclosure,
        &(struct disclosure_place){&facts.corridor, &facts.log}, &keys, NULL);
    if (rc == ERR_NOMEM) {
        return rc;
    }
    if (rc != ERR_OK) {
        findings_add(findings, place_of(log, disclosure->proof.index),
            FINDING_DISCLOSURE_WRONG,
            "what is shown as this change is not what was sealed in it");
        return ERR_OK;
    }
    rc = shown_change(buf_bytes(&disclosure->plaintext), &check->result->shown);
    if (rc != ERR_OK && rc != ERR_NOMEM) {
        findings_remark(findings, false,
            "what the change says cannot be shown: %s. It is what was sealed, "
            "and breaks its form or is of a later version",
            err_text(rc));
        rc = ERR_OK;
    }
    return rc;
}

static enum err
check_disclosure(struct check *check, struct bytes file)
{
    struct disclosure disclosure = {.header = {0}};
    enum err rc = disclosure_read(&disclosure, file);

    check->result->kind = CHECK_DISCLOSURE;
    if (rc == ERR_NOMEM) {
        return rc;
    }
    if (rc != ERR_OK) {
        findings_add(&check->result->findings, nowhere,
            FINDING_DISCLOSURE_MALFORMED,
            "this begins like a disclosure and is none: it was damaged");
        return ERR_OK;
    }
    rc = judge_disclosure(check, &disclosure);
    disclosure_release(&disclosure);
    return rc;
}

static enum err
check_fork(struct check *check, struct bytes bytes)
{
    struct findings *findings = &check->result->findings;
    struct fork_file file;
    struct fork_notes notes;
    struct note_facts facts[2];
    struct note_key key;
    const struct checkpoint_keys keys = {.log = &key};
    struct check_log *log = NULL;
    enum err rc = ERR_OK;

    check->result->kind = CHECK_FORK;
    if (fork_file_read(&file, bytes) != ERR_OK) {
        findings_add(findings, nowhere, FINDING_EVIDENCE_MALFORMED,
            "this begins like evidence of a fork and is none: it was damaged");
        return ERR_OK;
    }
    log = take_checkpoint(
        check, file.older, "the first checkpoint", &facts[0], &rc);
    if (log == NULL ||
        !check_note(check, file.newer, "the second checkpoint", &facts[1])) {
        return rc;
    }
    log_key(&key, &facts[0].corridor, &facts[0].log);
    if (fork_file_verify(&file, &keys, &notes) != ERR_OK) {
        findings_add(findings, place_of(log, POSITION_NONE),
            FINDING_EVIDENCE_WRONG,
            "this proves no fork: the two checkpoints are not of one log, or "
            "can both be true, or the proof does not hold");
        return ERR_OK;
    }
    findings_add(findings, place_of(log, POSITION_NONE), FINDING_FORK,
        "the evidence holds: its key has signed two histories, one of %" PRIu64
        " entries and one of %" PRIu64
        " that does not go on from it. Give it to every office; the office "
        "must retire the node",
        facts[0].size, facts[1].size);
    rc = take_cosignatures(check, log, file.older);
    return rc != ERR_OK ? rc : take_cosignatures(check, log, file.newer);
}

enum err
check_file(struct check *check)
{
    struct buf file = {0};
    enum err rc = tree_read_named(
        &file, check->options->path, CHECK_FILE_BYTES_MAX, check->msg);
    const struct bytes bytes = buf_bytes(&file);

    if (rc != ERR_OK) {
        return rc;
    }
    if (begins_with(bytes, "c2sp.org/tlog-proof@v1\n")) {
        rc = check_proof(check, bytes);
    } else if (begins_with(bytes, "corridor-fork@v1\n")) {
        rc = check_fork(check, bytes);
    } else if (begins_with(bytes, "corridor-disclosure@v1\n")) {
        rc = check_disclosure(check, bytes);
    } else if (begins_with(bytes, "corridor.internal/")) {
        rc = check_checkpoint(check, bytes);
    } else {
        rc = err_set(check->msg, ERR_CONFIG,
            "%.300s is nothing that can be checked: not a proof, not a "
            "disclosure, no evidence of a fork, and no corridor's checkpoint; "
            "or its first line is damaged",
            check->options->path);
    }
    if (rc == ERR_OK && check->result->log_count > 0) {
        since_missing(check);
    }
    buf_wipe(&file); /* a disclosure is personal data */
    return rc;
}
