/* SPDX-License-Identifier: Apache-2.0 */
#include "node/audit/report.h"

#include <stdio.h>

#include "crypto/base/hex.h"

static const char *const verdicts[] = {
    [CHECK_CLEAN] = "clean",
    [CHECK_FINDINGS] = "findings",
    [CHECK_UNCHECKED] = "unchecked",
};

static const char *const trusts[] = {
    [CHECK_TRUST_NONE] = "none",
    [CHECK_TRUST_GIVEN] = "given",
    [CHECK_TRUST_DERIVED] = "derived",
};

const char *
report_verdict_text(enum check_verdict verdict)
{
    return verdicts[verdict];
}

static json_t *
hex_json(const uint8_t bytes[32])
{
    char hex[65];

    hex_encode(hex, bytes_of(bytes, 32));
    return json_string(hex);
}

static json_t *
number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* Sentences may quote bytes of files that are no text. */
static json_t *
sentence(const char *text)
{
    return json_string(
        bytes_are_utf8(bytes_text(text)) ? text : "a name that is no text");
}

/* "<node in hex>/control" or "…/changes". */
static json_t *
log_json(const struct log_id *log)
{
    char text[80];
    char hex[65];

    hex_encode(hex, bytes_of(log->node.bytes, 32));
    snprintf(text, sizeof(text), "%s/%s", hex,
        log->kind == LOG_CONTROL ? "control" : "changes");
    return json_string(text);
}

static json_t *
finding_json(const struct finding *finding)
{
    return json_pack("{s:s, s:o, s:o, s:o}", "code",
        finding_code_text(finding->code), "log",
        finding->has_log ? log_json(&finding->log) : json_null(), "position",
        finding->has_position ? number(finding->position) : json_null(),
        "sentence", sentence(finding->text));
}

static json_t *
findings_json(const struct findings *findings)
{
    json_t *array = json_array();

    for (size_t i = 0; i < findings->count; i++) {
        if (json_array_append_new(array, finding_json(&findings->items[i])) !=
            0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *
counts_json(const struct findings *findings)
{
    json_t *counts = json_object();

    for (size_t i = 0; i < FINDING_CODES; i++) {
        if (findings->counts[i] > 0 &&
            json_object_set_new(counts, finding_code_text((enum finding_code)i),
                number(findings->counts[i])) != 0) {
            json_decref(counts);
            return NULL;
        }
    }
    return counts;
}

static json_t *
remarks_json(const struct findings *findings)
{
    json_t *array = json_array();

    for (size_t i = 0; i < findings->remark_count; i++) {
        const struct remark *remark = &findings->remarks[i];

        if (json_array_append_new(
                array, json_pack("{s:b, s:o}", "gap", remark->is_gap,
                           "sentence", sentence(remark->text))) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *
vouch_json(const struct check_vouch *vouch)
{
    return json_pack("{s:i, s:i, s:o, s:o}", "offices", (int)vouch->offices,
        "witnesses", (int)vouch->witnesses, "size", number(vouch->size),
        "newest", vouch->newest_s > 0 ? number(vouch->newest_s) : json_null());
}

static json_t *
check_log_json(const struct check_result *result, const struct check_log *log)
{
    json_t *json =
        json_pack("{s:o, s:s, s:s, s:s, s:o, s:o}", "log", log_json(&log->id),
            "office", log->office, "node", log->node, "key", trusts[log->trust],
            "size", number(log->size), "root", hex_json(log->root.bytes));
    json_t *rest = json_pack("{s:b, s:b, s:o, s:o, s:o, s:o}", "signed",
        log->is_signed, "whole", check_is_as_signed(result, log), "entries",
        number(log->leaves), "tiles", number(log->tiles), "bytes",
        number(log->bytes), "headers", number(log->headers));
    json_t *judged = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "judged",
        number(log->judged), "void", number(log->voids), "grants",
        number(log->grants), "vouched", vouch_json(&log->vouch), "since",
        log->has_since ? number(log->since_size) : json_null(), "goes_on",
        log->has_since ? json_boolean(log->goes_on) : json_null());

    if (json == NULL || json_object_update(json, rest) != 0 ||
        json_object_update(json, judged) != 0) {
        json_decref(json);
        json = NULL;
    }
    json_decref(rest);
    json_decref(judged);
    return json;
}

static json_t *
logs_json(const struct check_result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->log_count; i++) {
        if (json_array_append_new(
                array, check_log_json(result, &result->logs[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

json_t *
report_json(const struct check_result *result)
{
    const struct findings *findings = &result->findings;

    return json_pack(
        "{s:s, s:s, s:o, s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o, s:O?}",
        "kind", check_kind_text(result->kind), "verdict",
        report_verdict_text(check_verdict(result)), "corridor",
        result->has_corridor ? hex_json(result->corridor.bytes) : json_null(),
        "corridor_name", result->corridor_name, "key_given",
        result->is_anchored, "judged", result->is_judged, "offices",
        number(result->offices), "nodes", number(result->nodes),
        "findings_total", number(findings_total(findings)), "findings",
        findings_json(findings), "counts", counts_json(findings), "not_checked",
        remarks_json(findings), "logs", logs_json(result), "entry",
        result->has_entry ? number(result->entry) : json_null(), "change",
        result->shown);
}
