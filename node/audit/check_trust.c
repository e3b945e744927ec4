/* SPDX-License-Identifier: Apache-2.0 */
/* Which logs no key reaches, and which keys reach nothing. */
#include <stdio.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "node/audit/check_internal.h"

enum { CORRIDOR_LABEL_BYTES = 17 };

/* The first digits of a corridor's id, as they stand in its keys. */
static void
corridor_label(char out[CORRIDOR_LABEL_BYTES], const struct corridor_id *id)
{
    hex_encode(out, bytes_of(id->bytes, (CORRIDOR_LABEL_BYTES - 1) / 2));
}

/* The first given key of a node of another corridor; NULL: there is none. */
static const struct trusted_key *
foreign_key(const struct check *check)
{
    for (size_t i = 0; i < check->trusted.count; i++) {
        const struct trusted_key *given = &check->trusted.items[i];

        if (given->name.role != KEY_OF_OTHER &&
            !corridor_id_equal(
                &given->name.corridor, &check->result->corridor)) {
            return given;
        }
    }
    return NULL;
}

/* No key of the corridor was given. */
static void
tell_no_anchor(struct check *check)
{
    const struct trusted_key *foreign = foreign_key(check);
    char wanted[CORRIDOR_LABEL_BYTES];
    char given[CORRIDOR_LABEL_BYTES];

    corridor_label(wanted, &check->result->corridor);
    if (foreign == NULL) {
        findings_remark(&check->result->findings, true,
            "no key of this corridor (%s...) was given: that the offices "
            "signed this was not checked. Give one with --key",
            wanted);
        return;
    }
    corridor_label(given, &foreign->name.corridor);
    findings_remark(&check->result->findings, true,
        "no key of this corridor (%s...) was given, but one of corridor "
        "%s...: that the offices signed this was not checked. Either the key "
        "or what was checked with it is not the one that you mean",
        wanted, given);
}

void
check_tell_trust(struct check *check)
{
    struct check_result *result = check->result;

    if (!result->has_corridor) {
        return; /* there is not one checkpoint */
    }
    if (!result->is_anchored) {
        tell_no_anchor(check);
        return;
    }
    for (size_t i = 0; i < result->log_count; i++) {
        const struct check_log *log = &result->logs[i];
        char label[LOG_LABEL_BYTES];

        log_label(label, &log->id);
        if (log->is_signed && log->trust == CHECK_TRUST_NONE) {
            findings_remark(&result->findings, true,
                "log %s: no key for it: that it is the office's own was not "
                "checked. Give its key, or check a whole export with headers",
                label);
        }
    }
}

void
check_tell_no_key(struct check *check)
{
    const struct check_log *log = &check->result->logs[0];
    char label[LOG_LABEL_BYTES];

    if (!check->result->is_anchored) {
        tell_no_anchor(check);
        return;
    }
    log_label(label, &log->id);
    findings_remark(&check->result->findings, true,
        "no key was given for log %s: that it is the office's own was not "
        "checked. That takes the very key of this log: its office prints it",
        label);
}

static bool
has_log(const struct check_result *result, const struct log_id *id)
{
    for (size_t i = 0; i < result->log_count; i++) {
        if (log_id_equal(&result->logs[i].id, id)) {
            return true;
        }
    }
    return false;
}

void
check_tell_keys(struct check *check)
{
    struct check_result *result = check->result;
    const struct trusted_key *foreign = foreign_key(check);
    char label[LOG_LABEL_BYTES];

    if (foreign != NULL && result->is_anchored) {
        corridor_label(label, &foreign->name.corridor);
        findings_remark(&result->findings, false,
            "a key of another corridor (%s...) was given: nothing of it is "
            "here",
            label);
    }
    for (size_t i = 0; i < check->trusted.count && check->is_whole; i++) {
        const struct key_name *name = &check->trusted.items[i].name;

        if (name->role == KEY_OF_LOG &&
            corridor_id_equal(&name->corridor, &result->corridor) &&
            !has_log(result, &name->log)) {
            log_label(label, &name->log);
            /* What others have seen of it is known by the headers alone. */
            findings_remark(&result->findings, !result->is_judged,
                "a key was given for log %s, which is not here: it has no "
                "entry yet, or was left out%s",
                label,
                result->is_judged ? ""
                                  : ". An export with headers tells which");
        }
    }
}
