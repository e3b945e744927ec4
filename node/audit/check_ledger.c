/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledger says, as findings and figures. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "node/audit/check_internal.h"

/* The finding of the same name; FINDING_CODES: it is none, but a remark. */
enum finding_code
check_code_of(enum ledger_fault fault)
{
    static const enum finding_code codes[LEDGER_FAULT_COUNT] = {
        [LEDGER_HEADER] = FINDING_HEADER_MALFORMED,
        [LEDGER_CLOCK] = FINDING_CLOCK_BACKWARDS,
        [LEDGER_FORM] = FINDING_ENTRY_MALFORMED,
        [LEDGER_UNKNOWN] = FINDING_ENTRY_UNKNOWN,
        [LEDGER_NOT_MEMBER] = FINDING_NOT_A_MEMBER,
        [LEDGER_NO_RIGHT] = FINDING_NO_RIGHT,
        [LEDGER_CUT] = FINDING_BEYOND_CUT,
        [LEDGER_FIREWALL] = FINDING_FIREWALL,
        [LEDGER_KEY] = FINDING_KEY_NOT_ITS_OWN,
        [LEDGER_GRANT_FORM] = FINDING_GRANT_MALFORMED,
        [LEDGER_GRANT_CIRCLE] = FINDING_UNKNOWN_CIRCLE,
        [LEDGER_GRANT_KEY] = FINDING_GRANT_INVALID,
        [LEDGER_GRANT_CLASS] = FINDING_GRANT_CLASS,
        [LEDGER_GRANT_FIREWALL] = FINDING_GRANT_FIREWALL,
        [LEDGER_FIRST_ENTRY] = FINDING_FIRST_ENTRY,
        [LEDGER_BODY] = FINDING_BODY_MISSING,
        [LEDGER_TIME_STILL] = FINDING_TIME_STILL,
        /* Times are for people: docs/protocol.md, "Time". */
        [LEDGER_TIME_BEHIND] = FINDING_CODES,
        [LEDGER_TIME_AHEAD] = FINDING_CODES,
        [LEDGER_UNSHOWN] = FINDING_SEEN_UNSHOWN,
        [LEDGER_UNSAID] = FINDING_SEEN_UNSAID,
        /* Why it is missing, or what it waits for, is a finding itself. */
        [LEDGER_MISSING] = FINDING_CODES,
        [LEDGER_WAITS] = FINDING_CODES,
        [LEDGER_WAITS_UNSHOWN] = FINDING_CLOCK_UNSHOWN,
        [LEDGER_WAITS_CIRCLE] = FINDING_CLOCK_CIRCLE,
    };

    return codes[fault];
}

/* Sentences name offices, which are known only after the run. */
enum err
check_ledger_finding(void *context, const struct ledger_finding *finding)
{
    struct check *check = context;
    enum err rc = ERR_OK;

    if (check->found_of[finding->fault]++ >= FINDINGS_PER_CODE_MAX) {
        return ERR_OK;
    }
    rc = mem_grow((void **)&check->found, &check->found_capacity,
        check->found_count + 1, sizeof(*check->found));
    if (rc == ERR_OK) {
        check->found[check->found_count++] = *finding;
    }
    return rc;
}

static void
tell_one(
    struct check *check, const struct ledger_finding *finding, const char *text)
{
    struct findings *findings = &check->result->findings;
    const enum finding_code code = check_code_of(finding->fault);

    if (code != FINDING_CODES) {
        findings_add_text(findings,
            (struct finding_place){&finding->log, finding->position}, code,
            text);
    } else {
        findings_remark(findings,
            finding->fault == LEDGER_MISSING || finding->fault == LEDGER_WAITS,
            "%s", text);
    }
}

static enum err
tell_found(struct check *check, const struct membership *membership)
{
    struct buf text = {0};
    enum err rc = ERR_OK;

    for (size_t i = 0; i < check->found_count && rc == ERR_OK; i++) {
        buf_clear(&text);
        ledger_finding_put(&text, &check->found[i], membership);
        buf_put_u8(&text, '\0');
        rc = buf_err(&text);
        if (rc == ERR_OK) {
            tell_one(check, &check->found[i], (const char *)text.data);
        }
    }
    buf_release(&text);
    for (size_t i = 0; i < LEDGER_FAULT_COUNT; i++) {
        const enum ledger_fault fault = (enum ledger_fault)i;

        if (check->found_of[i] > FINDINGS_PER_CODE_MAX &&
            check_code_of(fault) != FINDING_CODES) {
            check->result->findings.counts[check_code_of(fault)] +=
                check->found_of[i] - FINDINGS_PER_CODE_MAX;
        }
    }
    return rc;
}

/* Did all control entries get their verdict? Else nobody knows who else was
 * let in. */
static bool
controls_are_judged(const struct check *check, const struct ledger *ledger)
{
    for (size_t i = 0; i < check->result->log_count; i++) {
        const struct check_log *log = &check->result->logs[i];
        struct ledger_result figures;

        if (log->id.kind == LOG_CONTROL &&
            (ledger_result(ledger, &log->id, &figures) != ERR_OK ||
                figures.judged < figures.size)) {
            return false;
        }
    }
    return true;
}

/* No certificate names the log's node; or none that could be judged. */
static void
tell_stranger(struct check *check, const struct ledger *ledger,
    const struct check_log *log)
{
    char label[LOG_LABEL_BYTES];

    if (controls_are_judged(check, ledger)) {
        findings_add(&check->result->findings, place_of(log, POSITION_NONE),
            FINDING_NOT_A_MEMBER,
            "no office of the corridor has certified the node that wrote it");
        return;
    }
    log_label(label, &log->id);
    findings_remark(&check->result->findings, true,
        "log %s: whether an office certified its node could not be judged, "
        "since not all statements could",
        label);
}

/* Names, rights and figures of one log; its node may be no member. */
static enum err
take_log(
    struct check *check, const struct ledger *ledger, struct check_log *log)
{
    const struct membership *membership = ledger_membership(ledger);
    const struct member_node *node = membership_node(membership, &log->id.node);
    struct ledger_result figures;
    enum err rc = ledger_result(ledger, &log->id, &figures);

    if (rc != ERR_OK) {
        return rc == ERR_NOT_FOUND ? ERR_OK : rc;
    }
    log->judged = figures.judged;
    log->voids = figures.judged - figures.voids[VOID_NONE];
    log->grants = figures.grants;
    if (node == NULL) {
        tell_stranger(check, ledger, log);
        return ERR_OK;
    }
    snprintf(log->office, sizeof(log->office), "%s",
        membership->offices[node->office].name);
    snprintf(log->node, sizeof(log->node), "%s", node->cert.node_name);
    if (log->trust == CHECK_TRUST_NONE && check->result->is_anchored) {
        log->trust = CHECK_TRUST_DERIVED;
    }
    return ERR_OK;
}

/* What the office whose home it is may hold. */
static void
take_self(struct check *check, const struct membership *membership)
{
    const struct member_node *node = membership_node(membership, &check->self);

    if (check->glance != NULL && node != NULL) {
        check->self_roles = membership->offices[node->office].roles;
    }
}

/* Nodes that are members and of which a log is not there: what others count
 * of it is told by the ledger, a log that nobody counts is only noted. */
static void
tell_absent(struct check *check, const struct membership *membership)
{
    for (size_t i = 0; i < membership->node_count; i++) {
        bool is_there = false;

        for (size_t k = 0; k < check->result->log_count; k++) {
            is_there |= node_id_equal(&check->result->logs[k].id.node,
                &membership->nodes[i].cert.keys.sign);
        }
        if (!is_there) {
            findings_remark(&check->result->findings, false,
                "of the node %.128s of %.128s no log is here",
                membership->nodes[i].cert.node_name,
                membership->offices[membership->nodes[i].office].name);
        }
    }
}

enum err
check_take_ledger(struct check *check, const struct ledger *ledger)
{
    struct check_result *result = check->result;
    const struct membership *membership = ledger_membership(ledger);
    enum err rc = check_gather_cosigners(check, membership);

    check->knows_cosigners = controls_are_judged(check, ledger);
    if (rc == ERR_OK) {
        rc = tell_found(check, membership);
    }
    for (size_t i = 0; i < result->log_count && rc == ERR_OK; i++) {
        rc = take_log(check, ledger, &result->logs[i]);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    result->is_judged = true;
    result->offices = membership->office_count;
    result->nodes = membership->node_count;
    snprintf(result->corridor_name, sizeof(result->corridor_name), "%s",
        membership->name);
    tell_absent(check, membership);
    take_self(check, membership);
    return ERR_OK;
}
