/* SPDX-License-Identifier: Apache-2.0 */
/* Cosignatures: who else has seen what a log's owner signed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/base/mem.h"
#include "crypto/base/num.h"
#include "node/audit/check_internal.h"
#include "sync/model/log_key.h"

enum { COSIGNER_FILE_BYTES_MAX = 1024 };

/* In place of an office: of none. */
#define OUTSIDE UINT32_MAX

/* Room for `count` keys; those of the corridor come first. */
static enum err
make_room(struct check *check, size_t count)
{
    mem_free(check->cosigners);
    mem_free(check->cosigner_offices);
    check->cosigner_count = 0;
    check->cosigners = mem_zalloc(count + 1, sizeof(*check->cosigners));
    check->cosigner_offices =
        mem_zalloc(count + 1, sizeof(*check->cosigner_offices));
    return check->cosigners == NULL || check->cosigner_offices == NULL
               ? ERR_NOMEM
               : ERR_OK;
}

static void
put_key(struct check *check, const struct note_key *key, uint32_t office)
{
    for (size_t i = 0; i < check->cosigner_count; i++) {
        const struct note_key *known = &check->cosigners[i];

        if (known->id == key->id && strcmp(known->name, key->name) == 0) {
            return;
        }
    }
    check->cosigners[check->cosigner_count] = *key;
    check->cosigner_offices[check->cosigner_count] = office;
    check->cosigner_count++;
}

/* A key that was given for a member must be that of its certificate. */
static void
put_given(struct check *check, const struct membership *membership)
{
    for (size_t i = 0; i < check->trusted.count; i++) {
        const struct trusted_key *given = &check->trusted.items[i];
        const struct member_node *node = NULL;

        if (given->key.type != NOTE_COSIGNATURE) {
            continue;
        }
        if (membership != NULL && given->name.role == KEY_OF_COSIGNER) {
            node = membership_node(membership, &given->name.log.node);
        }
        if (node != NULL && memcmp(node->cert.keys.cosign.bytes,
                                given->key.key.bytes, 32) != 0) {
            findings_add(&check->result->findings,
                (struct finding_place){NULL, POSITION_NONE},
                FINDING_KEY_MISMATCH,
                "the key given for a cosigner is another than the one its "
                "office certified: %.100s",
                given->key.name);
            continue;
        }
        put_key(check, &given->key, node != NULL ? node->office : OUTSIDE);
    }
}

/* A key on a line. */
static bool
parse_claim(struct note_key *out, const struct buf *file)
{
    return file->size > 0 && file->data[file->size - 1] == '\n' &&
           note_key_parse(out, bytes_of(file->data, file->size - 1)) == ERR_OK;
}

/* Does the key say that it is that node's, as a cosigner? */
static bool
claims_node(const struct check *check, const struct note_key *key,
    const struct node_id *node)
{
    struct key_name name;

    key_name_parse(&name, bytes_text(key->name));
    return name.role == KEY_OF_COSIGNER && key->type == NOTE_COSIGNATURE &&
           corridor_id_equal(&name.corridor, &check->result->corridor) &&
           node_id_equal(&name.log.node, node);
}

/* Keys that the export itself claims, where certificates are not to be had.
 * A node stands for an office of its own. */
static enum err
put_claimed(struct check *check)
{
    struct buf file = {0};
    enum err rc = ERR_OK;

    for (size_t i = 0; i < check->result->log_count && rc == ERR_OK; i++) {
        char path[192];
        struct note_key key;

        snprintf(
            path, sizeof(path), "%.64s/cosigner", check->result->logs[i].path);
        rc = tree_read(&file, &check->root, path, COSIGNER_FILE_BYTES_MAX);
        if (rc == ERR_NOT_FOUND || rc == ERR_NOMEM) {
            rc = rc == ERR_NOMEM ? rc : ERR_OK;
            continue;
        }
        if (rc == ERR_OK && parse_claim(&key, &file) &&
            claims_node(check, &key, &check->result->logs[i].id.node)) {
            put_key(check, &key, (uint32_t)i);
            continue;
        }
        rc = ERR_OK;
        findings_add(&check->result->findings,
            (struct finding_place){NULL, POSITION_NONE}, FINDING_KEY_MISMATCH,
            "%s is not a key of that node", path);
    }
    buf_release(&file);
    return rc;
}

/* The key that an export says a node cosigns with. */
static enum err
check_claim(struct check *check, const struct check_log *log,
    const struct membership *membership)
{
    const struct member_node *node = membership_node(membership, &log->id.node);
    struct buf file = {0};
    struct buf expected = {0};
    struct note_key key;
    char path[192];
    enum err rc = ERR_OK;

    snprintf(path, sizeof(path), "%.64s/cosigner", log->path);
    rc = tree_read(&file, &check->root, path, COSIGNER_FILE_BYTES_MAX);
    if (node != NULL && rc != ERR_NOT_FOUND && rc != ERR_NOMEM) {
        cosigner_key(&key, &check->result->corridor, &log->id.node,
            &node->cert.keys.cosign);
        note_key_format(&expected, &key);
        buf_put_u8(&expected, '\n');
        rc = buf_err(&expected);
        if (rc == ERR_OK &&
            !bytes_equal(buf_bytes(&file), buf_bytes(&expected))) {
            findings_add(&check->result->findings,
                (struct finding_place){NULL, POSITION_NONE},
                FINDING_KEY_MISMATCH,
                "%s is not the key that its office certified", path);
        }
    }
    buf_release(&file);
    buf_release(&expected);
    return rc == ERR_NOMEM ? rc : ERR_OK;
}

/* Of each node once: its logs stand side by side. */
static enum err
check_claims(struct check *check, const struct membership *membership)
{
    enum err rc = ERR_OK;

    for (size_t i = 0; i < check->result->log_count && rc == ERR_OK; i++) {
        const struct check_log *log = &check->result->logs[i];

        if (i == 0 || !node_id_equal(&log->id.node, &log[-1].id.node)) {
            rc = check_claim(check, log, membership);
        }
    }
    return rc;
}

enum err
check_gather_cosigners(struct check *check, const struct membership *membership)
{
    const size_t members =
        membership != NULL ? membership->node_count : check->result->log_count;
    enum err rc = make_room(check, members + check->trusted.count);

    if (rc != ERR_OK) {
        return rc;
    }
    check->knows_cosigners = membership != NULL;
    for (size_t i = 0; membership != NULL && i < members; i++) {
        const struct member_node *node = &membership->nodes[i];
        struct note_key key;

        cosigner_key(&key, &check->result->corridor, &node->cert.keys.sign,
            &node->cert.keys.cosign);
        put_key(check, &key, node->office);
    }
    if (membership == NULL && check->is_whole && check->glance == NULL) {
        rc = put_claimed(check);
    }
    if (rc == ERR_OK) {
        put_given(check, membership);
    }
    if (rc == ERR_OK && membership != NULL && check->glance == NULL) {
        rc = check_claims(check, membership);
    }
    return rc;
}

/* A line by a key that is not known. */
static void
tell_unknown(struct check *check, const struct log_id *log,
    const struct checkpoint_line *line)
{
    struct findings *findings = &check->result->findings;
    struct key_name name;
    bool knows_some = check->knows_cosigners;

    key_name_parse(&name, line->name);
    for (size_t i = 0; i < check->cosigner_count; i++) {
        struct key_name known;

        key_name_parse(&known, bytes_text(check->cosigners[i].name));
        knows_some |= known.role == KEY_OF_COSIGNER &&
                      !node_id_equal(&known.log.node, &log->node);
    }
    if (!knows_some && name.role == KEY_OF_COSIGNER &&
        corridor_id_equal(&name.corridor, &check->result->corridor)) {
        findings_remark(findings, false,
            "cosignatures of offices whose keys are not known here were not "
            "checked: give the keys, or an export with headers");
        return;
    }
    findings_add(findings, (struct finding_place){log, POSITION_NONE},
        FINDING_UNKNOWN_SIGNATURE,
        "a signature on its checkpoint is by nobody whose key is known: "
        "\"%.*s\"",
        (int)(line->name.size < 200 ? line->name.size : 200),
        (const char *)line->name.data);
}

/* What was counted: offices are told apart by a set of their own. */
struct tally {
    struct check *check;
    const struct log_id *log;
    struct check_vouch *vouch;
    uint32_t author; /* the log's office, or OUTSIDE */
    uint32_t seen[NOTE_SIGNATURES_MAX];
    size_t seen_count;
};

static void
count_line(
    struct tally *tally, const struct checkpoint_line *line, uint64_t size)
{
    struct check *check = tally->check;
    const uint32_t office = check->cosigner_offices[line->cosigner];
    struct trusted_key *given =
        trusted_find(&check->trusted, line->name, line->id);

    if (given != NULL) {
        given->was_used = true;
    }
    if (size > tally->vouch->size) {
        *tally->vouch = (struct check_vouch){.size = size};
        tally->seen_count = 0;
    }
    if (office == OUTSIDE) {
        tally->vouch->witnesses++;
    }
    for (size_t i = 0; i < tally->seen_count && office != OUTSIDE; i++) {
        if (tally->seen[i] == office) {
            return;
        }
    }
    if (office != OUTSIDE && office != tally->author) {
        tally->seen[tally->seen_count++] = office;
        tally->vouch->offices++;
    }
    if (line->time > tally->vouch->newest_s &&
        line->time <= check->options->now_s) {
        tally->vouch->newest_s = line->time;
    }
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
judge_line(struct tally *tally, const struct checkpoint_note *note, size_t n)
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
    return OUTSIDE;
}

enum err
check_cosignatures(struct check *check, const struct log_id *log,
    struct bytes bytes, struct check_vouch *vouch)
{
    struct tally tally = {check, log, vouch, office_of(check, log), {0}, 0};
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
    struct tally tally = {check, log, vouch, office_of(check, log), {0}, 0};
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
    struct check_vouch *vouch = &log->vouch;
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
        if (cosignature->size > vouch->size) {
            *vouch = (struct check_vouch){.size = cosignature->size};
        }
        if (cosignature->size == vouch->size &&
            check->cosigner_offices[i] != office_of(check, &log->id)) {
            vouch->offices++;
            vouch->newest_s = num_max_u64(vouch->newest_s, cosignature->time);
        }
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
