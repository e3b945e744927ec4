/* SPDX-License-Identifier: Apache-2.0 */
#include "node/audit/finding.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/hex.h"
#include "crypto/base/mem.h"

struct code_info {
    const char *text;
    const char *meaning;
};

static const struct code_info codes[FINDING_CODES] = {
    [FINDING_CHECKPOINT_MISSING] = {"checkpoint-missing",
        "A log's folder has no checkpoint: nothing says what was signed."},
    [FINDING_CHECKPOINT_MALFORMED] = {"checkpoint-malformed",
        "A checkpoint is not one that a node of a corridor signs."},
    [FINDING_CHECKPOINT_SIGNATURE] = {"checkpoint-signature",
        "A checkpoint is not signed by its log's key."},
    [FINDING_KEY_MISMATCH] = {"key-mismatch",
        "A key, or a file's place, is another than the log's name says."},
    [FINDING_COSIGNATURE_BAD] = {"cosignature-bad",
        "A cosignature does not hold."},
    [FINDING_UNKNOWN_SIGNATURE] = {"unknown-signature",
        "A signature line is by nobody whose key is known."},
    [FINDING_WITNESS_ABSENT] = {"witness-absent",
        "A witness whose key was given has cosigned nothing here."},
    [FINDING_ROOT_MISMATCH] = {"root-mismatch",
        "The entries are not those that the checkpoint was signed for."},
    [FINDING_LEAF_WRONG] = {"leaf-wrong",
        "An entry is not the one that was signed; the tiles still tell it."},
    [FINDING_LEAF_MALFORMED] = {"leaf-malformed",
        "An entry's leaf breaks its form."},
    [FINDING_TILE_MISSING] = {"tile-missing",
        "A file that the log's size asks for is not there."},
    [FINDING_TILE_TRUNCATED] = {"tile-truncated",
        "A file is shorter than the log's size asks for."},
    [FINDING_TILE_WRONG] = {"tile-wrong",
        "A file of hashes is not what the entries make."},
    [FINDING_UNEXPECTED_FILE] = {"unexpected-file",
        "Something stands in an export that does not belong there."},
    [FINDING_LOG_MISSING] = {"log-missing",
        "A log that was there last time is not there."},
    [FINDING_LOG_ROLLED_BACK] = {"log-rolled-back",
        "A log is shorter than last time: an older checkpoint is shown."},
    [FINDING_LOG_REWRITTEN] = {"log-rewritten",
        "A log was signed in two versions that cannot both be true."},
    [FINDING_HEADER_MISSING] = {"header-missing",
        "Headers of some entries are there, and others are not."},
    [FINDING_HEADER_MISMATCH] = {"header-mismatch",
        "A header is not the one that the entry's leaf commits to."},
    [FINDING_HEADER_MALFORMED] = {"header-malformed",
        "A header, or a file of headers, breaks its form."},
    [FINDING_CLOCK_BACKWARDS] = {"clock-backwards",
        "A clock or time does not lead on from the entry before."},
    [FINDING_ENTRY_MALFORMED] = {"entry-malformed",
        "An entry breaks the form of its kind."},
    [FINDING_ENTRY_UNKNOWN] = {"entry-unknown",
        "An entry is of a kind or type of a later version."},
    [FINDING_NOT_A_MEMBER] = {"not-a-member",
        "An entry was written by a node that was no member then."},
    [FINDING_NO_RIGHT] = {"no-right",
        "An entry was written without the right to write it."},
    [FINDING_BEYOND_CUT] = {"beyond-cut",
        "An entry lies beyond the point where its log was cut off."},
    [FINDING_FIREWALL] = {"firewall",
        "A statement would let the firewall class into cases."},
    [FINDING_KEY_NOT_ITS_OWN] = {"key-not-its-own",
        "An entry uses a key that was not its author's to use."},
    [FINDING_GRANT_MALFORMED] = {"grant-malformed", "A grant names nothing."},
    [FINDING_UNKNOWN_CIRCLE] = {"unknown-circle",
        "A grant names a circle that did not exist then."},
    [FINDING_GRANT_INVALID] = {"grant-invalid",
        "A grant is of a key that was not its author's to grant."},
    [FINDING_GRANT_CLASS] = {"grant-class",
        "A grant is under another class than its key's."},
    [FINDING_GRANT_FIREWALL] = {"grant-firewall",
        "A grant is to whom the firewall keeps the key from."},
    [FINDING_FIRST_ENTRY] = {"first-entry",
        "A control log does not begin by enrolling its node."},
    [FINDING_BODY_MISSING] = {"body-missing",
        "A body is absent and no erase entry says why."},
    [FINDING_TIME_STILL] = {"time-still",
        "An entry bears the time of the one before it."},
    [FINDING_SEEN_UNSHOWN] = {"seen-unshown",
        "A statement has seen more of a log than there is."},
    [FINDING_SEEN_UNSAID] = {"seen-unsaid",
        "A statement says it has seen less than its node had."},
    [FINDING_CLOCK_UNSHOWN] = {"clock-unshown",
        "An entry counts entries that nobody has shown."},
    [FINDING_CLOCK_CIRCLE] = {"clock-circle",
        "Entries count one another, which cannot be."},
    [FINDING_BODY_MISMATCH] = {"body-mismatch",
        "A body is not the one that the entry's leaf commits to."},
    [FINDING_PROOF_MALFORMED] = {"proof-malformed",
        "A proof file breaks its form."},
    [FINDING_PROOF_WRONG] = {"proof-wrong",
        "A proof does not lead from the entry to the signed root."},
    [FINDING_DISCLOSURE_MALFORMED] = {"disclosure-malformed",
        "A disclosure breaks its form."},
    [FINDING_DISCLOSURE_WRONG] = {"disclosure-wrong",
        "What a disclosure shows is not what was signed."},
    [FINDING_EVIDENCE_MALFORMED] = {"evidence-malformed",
        "A file of fork evidence breaks its form."},
    [FINDING_EVIDENCE_WRONG] = {"evidence-wrong",
        "A file of fork evidence proves no fork."},
    [FINDING_FORK] = {"fork",
        "The evidence holds: the log was signed in two versions."},
};

const char *
finding_code_text(enum finding_code code)
{
    assert(code < FINDING_CODES && codes[code].text != NULL);
    return codes[code].text;
}

const char *
finding_code_meaning(enum finding_code code)
{
    assert(code < FINDING_CODES && codes[code].meaning != NULL);
    return codes[code].meaning;
}

void
findings_release(struct findings *findings)
{
    mem_free(findings->items);
    mem_free(findings->remarks);
    *findings = (struct findings){0};
}

uint64_t
findings_total(const struct findings *findings)
{
    uint64_t total = 0;

    for (size_t i = 0; i < FINDING_CODES; i++) {
        total += findings->counts[i];
    }
    return total;
}

void
log_label(char out[LOG_LABEL_BYTES], const struct log_id *log)
{
    char hex[17];

    hex_encode(hex, bytes_of(log->node.bytes, 8));
    snprintf(out, LOG_LABEL_BYTES, "%s %s", hex,
        log->kind == LOG_CONTROL ? "control" : "changes");
}

/* Cut at the buffer's end, never within a character. */
static void put_sentence(char out[FINDING_TEXT_BYTES], const char *format,
    va_list args) __attribute__((format(printf, 2, 0)));
static void
put_sentence(char out[FINDING_TEXT_BYTES], const char *format, va_list args)
{
    size_t at = strlen(out);
    int size = vsnprintf(out + at, FINDING_TEXT_BYTES - at, format, args);

    if (size < 0 || (size_t)size < FINDING_TEXT_BYTES - at) {
        return;
    }
    at = FINDING_TEXT_BYTES - 1;
    while (at > 0 && ((uint8_t)out[at - 1] & 0xc0) == 0x80) {
        at--;
    }
    if (at > 0 && ((uint8_t)out[at - 1] & 0x80) != 0) {
        at--;
    }
    out[at] = '\0';
}

static void
put_place(char out[FINDING_TEXT_BYTES], struct finding_place place)
{
    char label[LOG_LABEL_BYTES];

    out[0] = '\0';
    if (place.log == NULL) {
        return;
    }
    log_label(label, place.log);
    if (place.position == POSITION_NONE) {
        snprintf(out, FINDING_TEXT_BYTES, "log %s: ", label);
    } else {
        snprintf(out, FINDING_TEXT_BYTES, "log %s, entry %" PRIu64 ": ", label,
            place.position);
    }
}

/* A finding without its sentence; NULL if it is only counted. */
static struct finding *
add(struct findings *findings, struct finding_place place,
    enum finding_code code)
{
    struct finding *finding = NULL;

    findings->counts[code]++;
    if (findings->counts[code] > FINDINGS_PER_CODE_MAX) {
        return NULL;
    }
    if (mem_grow((void **)&findings->items, &findings->capacity,
            findings->count + 1, sizeof(*findings->items)) != ERR_OK) {
        findings->rc = ERR_NOMEM;
        return NULL;
    }
    finding = &findings->items[findings->count++];
    *finding = (struct finding){.code = code,
        .has_log = place.log != NULL,
        .has_position = place.position != POSITION_NONE,
        .position = place.position};
    if (place.log != NULL) {
        finding->log = *place.log;
    }
    return finding;
}

void
findings_add(struct findings *findings, struct finding_place place,
    enum finding_code code, const char *format, ...)
{
    struct finding *finding = add(findings, place, code);
    va_list args;

    if (finding != NULL) {
        put_place(finding->text, place);
        va_start(args, format);
        put_sentence(finding->text, format, args);
        va_end(args);
    }
}

static void put_text(char out[FINDING_TEXT_BYTES], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void
put_text(char out[FINDING_TEXT_BYTES], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    put_sentence(out, format, args);
    va_end(args);
}

void
findings_add_text(struct findings *findings, struct finding_place place,
    enum finding_code code, const char *text)
{
    struct finding *finding = add(findings, place, code);

    if (finding != NULL) {
        put_text(finding->text, "%s", text);
    }
}

void
findings_remark(struct findings *findings, bool is_gap, const char *format, ...)
{
    struct remark remark = {.is_gap = is_gap};
    va_list args;

    findings->has_gap |= is_gap;
    va_start(args, format);
    put_sentence(remark.text, format, args);
    va_end(args);
    for (size_t i = 0; i < findings->remark_count; i++) {
        if (strcmp(findings->remarks[i].text, remark.text) == 0) {
            return;
        }
    }
    if (findings->remark_count == REMARKS_MAX) {
        return;
    }
    if (mem_grow((void **)&findings->remarks, &findings->remark_capacity,
            findings->remark_count + 1, sizeof(*findings->remarks)) != ERR_OK) {
        findings->rc = ERR_NOMEM;
        return;
    }
    findings->remarks[findings->remark_count++] = remark;
}
