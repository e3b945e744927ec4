/* SPDX-License-Identifier: Apache-2.0 */
/* Whose checkpoint it is, and whether that node signed it. */
#include <inttypes.h>
#include <string.h>

#include "node/audit/check_internal.h"
#include "sync/model/log_key.h"

static const struct finding_place nowhere = {NULL, POSITION_NONE};

/* The key that a log's name says: its node's id is the key. */
static bool
key_of(struct note_key *out, struct key_name *out_name, const char *origin)
{
    key_name_parse(out_name, bytes_text(origin));
    if (out_name->role != KEY_OF_LOG) {
        return false;
    }
    log_key(out, &out_name->corridor, &out_name->log);
    return true;
}

bool
check_note_facts(struct bytes bytes, struct note_facts *out)
{
    struct checkpoint checkpoint;
    struct key_name origin;
    struct note_key key;

    if (checkpoint_note_peek(&checkpoint, bytes) != ERR_OK ||
        !key_of(&key, &origin, checkpoint.origin) ||
        checkpoint.extensions.size > 0 || checkpoint.size > LOG_SIZE_MAX) {
        return false;
    }
    *out = (struct note_facts){.corridor = origin.corridor,
        .log = origin.log,
        .size = checkpoint.size,
        .root = checkpoint.root};
    return true;
}

bool
check_note(struct check *check, struct bytes bytes, const char *name,
    struct note_facts *out)
{
    struct findings *findings = &check->result->findings;
    struct checkpoint checkpoint;
    struct checkpoint_note note;
    struct key_name origin;
    struct note_key key;
    const struct checkpoint_keys keys = {.log = &key};
    enum err rc = checkpoint_note_peek(&checkpoint, bytes);

    if (rc != ERR_OK) {
        findings_add(findings, nowhere, FINDING_CHECKPOINT_MALFORMED,
            "%.200s is no checkpoint, or was damaged", name);
        return false;
    }
    if (!key_of(&key, &origin, checkpoint.origin)) {
        findings_add(findings, nowhere, FINDING_CHECKPOINT_MALFORMED,
            "%.200s is the checkpoint of no corridor's log, but of \"%.100s\"",
            name, checkpoint.origin);
        return false;
    }
    *out = (struct note_facts){.corridor = origin.corridor,
        .log = origin.log,
        .size = checkpoint.size,
        .root = checkpoint.root};
    if (checkpoint.extensions.size > 0 || checkpoint.size > LOG_SIZE_MAX) {
        findings_add(findings, (struct finding_place){&out->log, POSITION_NONE},
            FINDING_CHECKPOINT_MALFORMED,
            "%.200s is one that no node of a corridor signs", name);
        return false;
    }
    out->is_signed = checkpoint_note_read(&note, bytes, &keys) == ERR_OK;
    if (!out->is_signed) {
        findings_add(findings, (struct finding_place){&out->log, POSITION_NONE},
            FINDING_CHECKPOINT_SIGNATURE,
            "%.200s, of %" PRIu64 " entries, is not signed by the log's key: "
            "it was damaged or made up",
            name, out->size);
    }
    return true;
}

enum check_trust
check_trust_given(const struct check *check, const struct note_facts *facts)
{
    struct note_key key;

    log_key(&key, &facts->corridor, &facts->log);
    return trusted_find(&check->trusted, bytes_text(key.name), key.id) != NULL
               ? CHECK_TRUST_GIVEN
               : CHECK_TRUST_NONE;
}

/* Of the corridors that keys were given for, or of the first log. */
bool
check_corridor(
    struct check *check, const struct note_facts *facts, const char *name)
{
    struct check_result *result = check->result;
    const bool is_given =
        trusted_has_corridor(&check->trusted, &facts->corridor);

    if (!result->has_corridor) {
        result->has_corridor = true;
        result->corridor = facts->corridor;
        result->is_anchored = is_given;
    }
    if (corridor_id_equal(&result->corridor, &facts->corridor)) {
        return true;
    }
    if (is_given && !result->is_anchored) {
        /* What was read first was the stray. */
        findings_add(&result->findings, nowhere, FINDING_KEY_MISMATCH,
            "logs of two corridors stand here; only that of the given key "
            "was looked at");
        result->corridor = facts->corridor;
        result->is_anchored = true;
        return true;
    }
    findings_add(&result->findings,
        (struct finding_place){&facts->log, POSITION_NONE},
        FINDING_KEY_MISMATCH, "%.200s is of another corridor", name);
    return false;
}
