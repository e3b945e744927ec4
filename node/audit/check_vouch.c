/* SPDX-License-Identifier: Apache-2.0 */
/* Cosignatures: who else has seen what a log's owner signed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "node/audit/check_internal.h"
#include "sync/model/log_key.h"

/* Anybody may witness; but a damaged name is not to pass as another's. */
static void
tell_no_witness_key(
    struct check *check, const struct log_id *log, struct bytes name)
{
    char label[LOG_LABEL_BYTES];

    log_label(label, log);
    findings_remark(&check->result->findings, true,
        "log %s: a signature on its checkpoint, by \"%.*s\", was not checked: "
        "if that is a witness, give its key",
        label, (int)(name.size < 200 ? name.size : 200),
        (const char *)name.data);
}

/* A line by a key that is not known. */
static void
tell_unknown(struct check *check, const struct log_id *log,
    const struct checkpoint_line *line)
{
    struct findings *findings = &check->result->findings;
    struct key_name name;
    bool knows_some = false;

    key_name_parse(&name, line->name);
    if (name.role == KEY_OF_OTHER) {
        tell_no_witness_key(check, log, line->name);
        return;
    }
    for (size_t i = 0; i < check->cosigner_count; i++) {
        struct key_name known;

        key_name_parse(&known, bytes_text(check->cosigners[i].name));
        knows_some |= known.role == KEY_OF_COSIGNER &&
                      !node_id_equal(&known.log.node, &log->node);
    }
    if (!check->knows_cosigners && name.role == KEY_OF_COSIGNER &&
        corridor_id_equal(&name.corridor, &check->result->corridor)) {
        /* Who gave some keys is told that there are more. */
        findings_remark(findings, knows_some,
            "cosignatures of offices whose keys are not known here were not "
            "checked: give their cosigners' keys, or check a whole export with "
            "headers");
        return;
    }
    findings_add(findings, (struct finding_place){log, POSITION_NONE},
        FINDING_UNKNOWN_SIGNATURE,
        "a signature on its checkpoint is by nobody whose key is known: "
        "\"%.*s\"",
        (int)(line->name.size < 200 ? line->name.size : 200),
        (const char *)line->name.data);
}

/* Who vouches for a log, being counted. */
struct tally {
    struct check *check;
    const struct log_id *log;
    struct check_vouch *vouch;
    uint32_t author; /* the log's office, or OFFICE_NONE */
};

/* Is it the first time that this office is seen to vouch for that much? */
static bool
is_new_office(struct check *check, uint32_t office)
{
    for (size_t i = 0; i < check->seen_count; i++) {
        if (check->seen_offices[i] == office) {
            return false;
        }
    }
    check->seen_offices[check->seen_count++] = office;
    return true;
}

/* A cosignature that holds counts, if nobody vouches for more: of each office
 * but the log's own once. */
static void
count_vouch(
    const struct tally *tally, uint32_t office, uint64_t size, uint64_t time_s)
{
    struct check *check = tally->check;
    struct check_vouch *vouch = tally->vouch;
    const bool is_first = vouch->offices + vouch->witnesses == 0;

    if (size < vouch->size ||
        (office != OFFICE_NONE && office == tally->author)) {
        return;
    }
    if (size > vouch->size || is_first) {
        *vouch = (struct check_vouch){.size = size};
        check->seen_count = 0;
    }
    if (office == OFFICE_NONE) {
        vouch->witnesses++;
    } else if (is_new_office(check, office)) {
        vouch->offices++;
    }
    if (time_s > vouch->newest_s && time_s <= check->options->now_s) {
        vouch->newest_s = time_s;
    }
}

static void
count_line(const struct tally *tally, const struct checkpoint_line *line,
    uint64_t size)
{
    struct check *check = tally->check;
    const uint32_t office = check->cosigner_offices[line->cosigner];
    struct trusted_key *given =
        trusted_find(&check->trusted, line->name, line->id);

    if (given != NULL) {
        given->was_used = true;
    }
    if (office == OFFICE_CLAIMED) {
        findings_remark(&check->result->findings, false,
            "cosignatures by keys that only the export itself calls a node's "
            "were not counted: give those keys, or check an export with "
            "headers");
        return;
    }
    count_vouch(tally, office, size, line->time);
}

static bool
stands_twice(const struct checkpoint_note *note, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (note->lines[i].id == note->lines[n].id &&
            bytes_equal(note->lines[i].name, note->lines[n].name)) {
            return true;
        }
    }
    return false;
}

static void
judge_line(
    const struct tally *tally, const struct checkpoint_note *note, size_t n)
{
    struct findings *findings = &tally->check->result->findings;
    const struct checkpoint_line *line = &note->lines[n];
    const struct finding_place place = {tally->log, POSITION_NONE};

    if (stands_twice(note, n)) {
        findings_add(findings, place, FINDING_UNKNOWN_SIGNATURE,
            "a signature stands twice on its checkpoint");
        return;
    }
    switch (line->state) {
    case CHECKPOINT_LINE_LOG:
        break;
    case CHECKPOINT_LINE_COSIGNED:
        count_line(tally, line, note->checkpoint.size);
        break;
    case CHECKPOINT_LINE_BROKEN:
        findings_add(findings, place, FINDING_COSIGNATURE_BAD,
            "the cosignature by %.*s does not hold: it was damaged or made "
            "up",
            (int)(line->name.size < 200 ? line->name.size : 200),
            (const char *)line->name.data);
        break;
    case CHECKPOINT_LINE_UNKNOWN:
        tell_unknown(tally->check, tally->log, line);
        break;
    }
}

/* The office of the log's own node, by its cosigner's key. */
static uint32_t
office_of(const struct check *check, const struct log_id *log)
{
    for (size_t i = 0; i < check->cosigner_count; i++) {
        struct key_name name;

        key_name_parse(&name, bytes_text(check->cosigners[i].name));
        if (name.role == KEY_OF_COSIGNER &&
            node_id_equal(&name.log.node, &log->node)) {
            return check->cosigner_offices[i];
        }
    }
    return OFFICE_NONE;
}

enum err
check_cosignatures(struct check *check, const struct log_id *log,
    struct bytes bytes, struct check_vouch *vouch)
{
    const struct tally tally = {check, log, vouch, office_of(check, log)};
    struct note_key key;
    const struct checkpoint_keys keys = {
        .log = &key,
        .cosigners = check->cosigners,
        .cosigner_count = check->cosigner_count,
    };
    struct checkpoint_note note;
    enum err rc = ERR_OK;

    log_key(&key, &check->result->corridor, log);
    rc = checkpoint_note_read(&note, bytes, &keys);
    if (rc != ERR_OK) {
        return rc == ERR_NOMEM ? rc : ERR_OK; /* has its finding already */
    }
    for (size_t i = 0; i < note.line_count; i++) {
        judge_line(&tally, &note, i);
    }
    return ERR_OK;
}

/* A signature line as checkpoint_note_read judges those of cosigners. */
static void
read_line(const struct check *check, const struct note *note, size_t n,
    struct checkpoint_line *out)
{
    const struct note_signature *line = &note->signatures[n];

    *out = (struct checkpoint_line){
        .state = CHECKPOINT_LINE_UNKNOWN, .name = line->name, .id = line->id};
    for (size_t i = 0; i < check->cosigner_count; i++) {
        const struct note_key *key = &check->cosigners[i];

        if (key->id != line->id ||
            !bytes_equal(bytes_text(key->name), line->name)) {
            continue;
        }
        out->cosigner = i;
        out->state = CHECKPOINT_LINE_BROKEN;
        if (line->size == sizeof(line->bytes) &&
            cosignature_verify(&key->key, line->bytes, note->text) == ERR_OK) {
            out->state = CHECKPOINT_LINE_COSIGNED;
            out->time = num_load_u64(line->bytes);
        }
        return;
    }
}

enum err
check_former_cosignatures(struct check *check, const struct log_id *log,
    struct bytes bytes, struct check_vouch *vouch)
{
    const struct tally tally = {check, log, vouch, office_of(check, log)};
    struct checkpoint_note read = {.line_count = 0};
    struct note note;
    struct note_key key;

    log_key(&key, &check->result->corridor, log);
    if (note_parse(&note, bytes) != ERR_OK ||
        checkpoint_parse(&read.checkpoint, note.text) != ERR_OK) {
        return ERR_OK; /* it was parsed before */
    }
    for (size_t i = 0; i < note.signature_count; i++) {
        struct checkpoint_line *line = &read.lines[read.line_count];

        read_line(check, &note, i, line);
        if (line->id == key.id &&
            bytes_equal(line->name, bytes_text(key.name))) {
            line->state = CHECKPOINT_LINE_LOG; /* told when it was read */
        }
        read.line_count++;
        judge_line(&tally, &read, i);
    }
    return ERR_OK;
}

enum err
check_all_cosignatures(struct check *check)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < check->result->log_count && rc == ERR_OK; i++) {
        struct check_log *log = &check->result->logs[i];

        if (!log->is_signed) {
            continue;
        }
        for (size_t k = 0; k < log->former_count && rc == ERR_OK; k++) {
            rc = check_former_cosignatures(
                check, &log->id, buf_bytes(&log->formers[k].note), &log->vouch);
        }
        if (rc == ERR_OK) {
            rc = check_cosignatures(
                check, &log->id, buf_bytes(&log->note), &log->vouch);
        }
    }
    return rc;
}

enum err
check_member_cosignature(struct check *check, struct check_log *log,
    const struct cosignature *cosignature)
{
    const struct tally tally = {
        check, &log->id, &log->vouch, office_of(check, &log->id)};
    enum err rc = ERR_OK;

    for (size_t i = 0; i < check->cosigner_count; i++) {
        struct key_name name;

        key_name_parse(&name, bytes_text(check->cosigners[i].name));
        if (name.role != KEY_OF_COSIGNER ||
            !node_id_equal(&name.log.node, &cosignature->cosigner)) {
            continue;
        }
        rc = cosignature_check(
            cosignature, &check->result->corridor, &check->cosigners[i].key);
        if (rc == ERR_NOMEM) {
            return rc;
        }
        if (rc != ERR_OK) {
            findings_add(&check->result->findings, place_of(log, POSITION_NONE),
                FINDING_COSIGNATURE_BAD,
                "a cosignature over %" PRIu64 " entries does not hold",
                cosignature->size);
            return ERR_OK;
        }
        count_vouch(&tally, check->cosigner_offices[i], cosignature->size,
            cosignature->time);
    }
    return ERR_OK;
}

void
check_absent_witnesses(struct check *check)
{
    for (size_t i = 0; i < check->trusted.count; i++) {
        const struct trusted_key *given = &check->trusted.items[i];

        if (given->key.type == NOTE_COSIGNATURE &&
            given->name.role == KEY_OF_OTHER && !given->was_used) {
            findings_add(&check->result->findings,
                (struct finding_place){NULL, POSITION_NONE},
                FINDING_WITNESS_ABSENT,
                "the witness %.200s, whose key was given, has cosigned "
                "nothing of what was looked at",
                given->key.name);
        }
    }
}
